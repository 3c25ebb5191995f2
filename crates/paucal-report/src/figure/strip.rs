//! A stretch of one ECG lead on ECG paper, with its beats.

use super::canvas::{Canvas, Drawing, Fill, Pen, Type};
use super::frame::nothing;
use super::paper::{self, Gain, LARGE, MM, SPEED, usual_range};
use super::simplify::simplified;
use super::style::Hue;
use super::text_width::fitted;

/// Rows of a long strip, at most.
const MOST_ROWS: usize = 30;
/// Millimetres that values may take before the gain is halved.
const ROOM: f64 = 60.0;
/// Least height of a row in millimetres.
const LEAST: f64 = 25.0;
/// Height of the line above the paper, and of that below each row.
const HEAD: f64 = 20.0;
const FOOT: f64 = 17.0;

/// A strip of ECG: 25 mm/s, 10 mm/mV; a long one goes on in further rows. A sample that is not finite is a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct EcgStrip {
    lead: String,
    unit: String,
    rate: f64,
    start: f64,
    samples: Vec<f32>,
    beats: Vec<(f64, String)>,
    usual: Option<String>,
    focus: Option<(f64, f64)>,
}

/// What all rows share.
struct Layout<'a> {
    samples: &'a [f32],
    seconds: f64,
    gain: Gain,
    middle: f64,
    per_row: f64,
    height: f64,
}

impl EcgStrip {
    /// A strip of a lead: its unit ("" if not known), samples per second, and the samples.
    pub fn new(lead: impl Into<String>, unit: impl Into<String>, rate: f64, samples: Vec<f32>) -> Self {
        Self {
            lead: lead.into(),
            unit: unit.into(),
            rate,
            start: 0.0,
            samples,
            beats: Vec::new(),
            usual: None,
            focus: None,
        }
    }

    /// Says when in its recording the strip starts, in seconds. Beats and focus are given on the same clock.
    pub fn starting(mut self, seconds: f64) -> Self {
        self.start = if seconds.is_finite() { seconds.clamp(-1e9, 1e9) } else { 0.0 };
        self
    }

    /// Marks the R peak of a beat with a word, most often the letter of its class.
    pub fn beat(mut self, at: f64, word: impl Into<String>) -> Self {
        self.beats.push((at, word.into()));
        self
    }

    /// The word of ordinary beats; they are marked quietly.
    pub fn usual(mut self, word: impl Into<String>) -> Self {
        self.usual = Some(word.into());
        self
    }

    /// Shades a stretch: what the strip is shown for.
    pub fn focus(mut self, from: f64, to: f64) -> Self {
        self.focus = Some((from, to));
        self
    }

    /// The drawing over the full width.
    pub fn draw(&self) -> Drawing {
        self.draw_small(super::FULL_WIDTH)
    }

    /// The drawing in less width.
    pub fn draw_small(&self, width: f64) -> Drawing {
        let Some(layout) = self.layout(width) else { return nothing("No signal to show.") };
        let rows = ((layout.seconds / layout.per_row).ceil() as usize).clamp(1, MOST_ROWS);
        let paper = [layout.per_row.min(squares(layout.seconds)) * SPEED * MM, layout.height * MM];
        let row_height = paper[1] + FOOT;
        let mut canvas = Canvas::new(width, HEAD + rows as f64 * row_height);
        self.draw_head(&mut canvas, &layout, width, rows);
        for row in 0..rows {
            let area = [0.0, HEAD + row as f64 * row_height, paper[0], paper[1]];
            self.draw_row(&mut canvas, &layout, row, area);
        }
        canvas.finish()
    }

    fn layout(&self, width: f64) -> Option<Layout<'_>> {
        let rate = Some(self.rate).filter(|rate| (1e-3..=1e6).contains(rate))?;
        let per_row = ((width / MM / LARGE).floor() * LARGE / SPEED).max(LARGE / SPEED);
        let most = (per_row * MOST_ROWS as f64 * rate).floor() as usize;
        let samples = &self.samples[..self.samples.len().min(most.max(1))];
        let (low, high) = usual_range(samples)?;
        let gain = Gain::of(&self.unit, high - low, ROOM);
        // A large square above for the words, and some air.
        let height = (((high - low) * gain.mm_per_unit + 3.0) / LARGE).ceil() * LARGE + LARGE;
        let seconds = samples.len() as f64 / rate;
        let height = height.clamp(LEAST, ROOM + 3.0 * LARGE);
        Some(Layout { samples, seconds, gain, middle: f64::midpoint(low, high), per_row, height })
    }

    fn draw_head(&self, canvas: &mut Canvas, layout: &Layout<'_>, width: f64, rows: usize) {
        let mut words = layout.gain.words();
        if layout.samples.len() < self.samples.len() {
            words = format!("the first {} · {words}", clock(rows as f64 * layout.per_row));
        }
        let lead = fitted(&self.lead, 14.0, width / 3.0);
        let x = if lead.is_empty() { 0.0 } else { Type::TITLE.width(&lead) + 12.0 };
        canvas.text((0.0, 13.0), Type::TITLE, &lead);
        canvas.text((x, 13.0), Type::QUIET.size(11.0), &fitted(&words, 11.0, width - x));
    }

    fn draw_row(&self, canvas: &mut Canvas, layout: &Layout<'_>, row: usize, area: [f64; 4]) {
        let from = self.start + row as f64 * layout.per_row;
        let to = from + layout.per_row;
        let px = |seconds: f64| area[0] + (seconds - from) * SPEED * MM;
        if let Some((start, end)) = self.focus.filter(|(start, end)| *end > from && *start < to) {
            let (left, right) = (px(start.max(from)), px(end.min(to)).min(area[0] + area[2]));
            canvas.rect([left, area[1], right - left, area[3]], Fill::Pale(Hue::Amber, 0.2));
        }
        paper::rule(canvas, area);
        canvas.clipped(area, |canvas| self.draw_wave(canvas, layout, from, to, area));
        for (at, word) in self.beats.iter().filter(|(at, _)| (from..to).contains(at)) {
            self.draw_beat(canvas, (px(*at), area[1]), word);
        }
        let foot = (area[1] + area[3] + 12.0, Type::QUIET.size(10.0));
        canvas.text((area[0], foot.0), foot.1, &clock(from));
        let end = to.min(self.start + layout.seconds);
        if area[2] > 80.0 {
            canvas.text((px(end).min(area[0] + area[2]), foot.0), foot.1.end(), &clock(end));
        }
    }

    fn draw_wave(&self, canvas: &mut Canvas, layout: &Layout<'_>, from: f64, to: f64, area: [f64; 4]) {
        let position = |seconds: f64| ((seconds - self.start) * self.rate).round().max(0.0) as usize;
        // One sample more, so that the line leaves the row.
        let range = position(from)..(position(to) + 1).min(layout.samples.len());
        let centre = area[1] + f64::midpoint(LARGE, layout.height) * MM;
        let point = |i: usize| {
            let seconds = i as f64 / self.rate + self.start - from;
            let up = (f64::from(layout.samples[i]) - layout.middle) * layout.gain.mm_per_unit;
            (area[0] + seconds * SPEED * MM, centre - up * MM)
        };
        let known: Vec<usize> = range.filter(|i| layout.samples[*i].is_finite()).collect();
        for piece in known.chunk_by(|a, b| a + 1 == *b) {
            let points: Vec<(f64, f64)> = piece.iter().map(|i| point(*i)).collect();
            canvas.trace(&simplified(&points), Pen::new(Hue::Ink, 1.2));
        }
    }

    fn draw_beat(&self, canvas: &mut Canvas, (x, y): (f64, f64), word: &str) {
        let quiet = self.usual.as_deref() == Some(word);
        let look = if quiet { Type::QUIET.size(11.0) } else { Type::PLAIN.size(12.0).bold() };
        let hue = if quiet { Hue::Muted } else { Hue::Ink };
        canvas.line((x, y), (x, y + 4.0), Pen::new(hue, if quiet { 1.0 } else { 2.0 }));
        canvas.text_over((x, y + 15.0), look.middle(), &fitted(word, 12.0, 60.0));
    }
}

/// Seconds in whole large squares.
fn squares(seconds: f64) -> f64 {
    ((seconds * SPEED / LARGE).ceil() * LARGE / SPEED).max(LARGE / SPEED)
}

/// A time as `0:12.5`, or `1:02:12.5` from an hour on.
pub fn clock(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "–".into();
    }
    let sign = if seconds < 0.0 { "−" } else { "" };
    let tenths = (seconds.abs().min(1e9) * 10.0).round() as u64;
    let (hours, minutes, rest) = (tenths / 36_000, tenths / 600 % 60, tenths % 600);
    let (whole, tenth) = (rest / 10, rest % 10);
    match hours {
        0 => format!("{sign}{minutes}:{whole:02}.{tenth}"),
        _ => format!("{sign}{hours}:{minutes:02}:{whole:02}.{tenth}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_on_a_clock() {
        assert_eq!([0.0, 12.54, 61.0, 3723.45].map(clock), ["0:00.0", "0:12.5", "1:01.0", "1:02:03.5"]);
        assert_eq!([f64::NAN, -2.0].map(clock), ["–", "−0:02.0"]);
    }

    #[test]
    fn a_second_is_25_millimetres_and_a_millivolt_10() {
        let mut samples = vec![0.0; 360];
        samples[180] = 1.0;
        let drawing = EcgStrip::new("MLII", "mV", 360.0, samples).beat(0.5, "V").draw();
        let svg = drawing.inline("x", "a", "b");
        // The peak stands at 0.5 s, 12.5 mm from the left, and 10 mm above the base.
        assert!(svg.contains(" .2-36 .3 36 "), "{svg}");
        assert!(svg.contains("10 mm/mV") && svg.contains(">V</text>"), "{svg}");
    }

    #[test]
    fn long_strips_go_on_below_and_say_where_they_end() {
        let hour = EcgStrip::new("II", "mV", 10.0, vec![0.1; 36_000]).draw();
        assert!(hour.inline("x", "a", "b").contains("the first 4:00.0"));
        assert!(hour.height < 30.0 * 130.0);
        let gap =
            EcgStrip::new("II", "mV", 100.0, [vec![0.5; 50], vec![f32::NAN; 50], vec![0.5; 50]].concat());
        assert_eq!(gap.draw().inline("x", "a", "b").matches("d=\"M").count(), 4 + 2);
    }
}
