//! Bars: the levels of a categorical column, the balance of classes, scores per column.

use super::canvas::{Canvas, Drawing, Pen, Type};
use super::frame::{Entry, FULL_WIDTH, Key, draw_legend, legend_height, nothing};
use super::rows::Rows;
use super::scale::{Scale, TickText};
use super::style::{Dash, Hatch, Hue, Marker, Style};
use crate::number;

/// Shares of the levels of one column in several samples.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelBars {
    title: String,
    levels: Vec<String>,
    samples: Vec<(String, Style, Vec<f64>)>,
}

impl LevelBars {
    /// Bars for the levels of a column, in the order given.
    pub fn new(title: impl Into<String>, levels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let levels = levels.into_iter().map(Into::into).collect();
        Self { title: title.into(), levels, samples: Vec::new() }
    }

    /// With one more sample: its share of rows per level, in `[0, 1]`.
    pub fn sample(mut self, name: impl Into<String>, style: Style, shares: Vec<f64>) -> Self {
        self.samples.push((name.into(), style, shares));
        self
    }

    /// The drawing at full width.
    pub fn draw(&self) -> Drawing {
        let entries: Vec<Entry<'_>> = self
            .samples
            .iter()
            .map(|(name, style, _)| Entry { name, style: *style, key: Key::Area })
            .collect();
        let legend = legend_height(&entries, FULL_WIDTH);
        let plot = self.draw_small(FULL_WIDTH);
        let mut canvas = Canvas::new(FULL_WIDTH, plot.height + legend + 6.0);
        draw_legend(&mut canvas, &entries, 0.0, 0.0, FULL_WIDTH);
        canvas.place(0.0, legend + 6.0, &plot);
        canvas.finish()
    }

    /// The drawing in any width and without legend, for a grid of many.
    pub fn draw_small(&self, width: f64) -> Drawing {
        const BAR: f64 = 11.0;
        if self.levels.is_empty() || self.samples.is_empty() {
            return nothing("No levels to show.");
        }
        let labels: Vec<&str> = self.levels.iter().map(String::as_str).collect();
        let all = self.samples.iter().flat_map(|(_, _, shares)| shares).copied();
        let scale = Scale::around(all.chain([0.0]), 4).text(TickText::Percent);
        let step = (BAR + 2.0) * self.samples.len() as f64 + 8.0;
        let rows = Rows::within(width, &labels, &[], scale, 24.0, step);
        let mut canvas = Canvas::new(width, rows.height(28.0));
        canvas.text((0.0, 12.0), Type::TITLE, &super::text_width::fitted(&self.title, 14.0, width));
        rows.draw_scale(&mut canvas, "");
        for (i, label) in labels.iter().enumerate() {
            rows.draw_label(&mut canvas, i, label, false);
            for (k, (_, style, shares)) in self.samples.iter().enumerate() {
                let share = shares.get(i).copied().filter(|s| s.is_finite()).unwrap_or(0.0);
                let y = rows.y + step * i as f64 + 5.0 + k as f64 * (BAR + 2.0);
                let end = rows.px_within(share);
                canvas.bar([rows.x, y, end - rows.x, BAR], style.hue, style.hatch);
            }
        }
        canvas.finish()
    }
}

/// How many cases of each class there are, one bar per data set.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassBalance {
    classes: Vec<String>,
    rare: usize,
    rows: Vec<(String, Vec<usize>)>,
}

impl ClassBalance {
    /// Bars over these classes, of which the one at `rare` is printed beside its bar.
    pub fn new(classes: impl IntoIterator<Item = impl Into<String>>, rare: usize) -> Self {
        Self { classes: classes.into_iter().map(Into::into).collect(), rare, rows: Vec::new() }
    }

    /// With one more data set and its count of cases per class.
    pub fn row(mut self, name: impl Into<String>, counts: Vec<usize>) -> Self {
        self.rows.push((name.into(), counts));
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Drawing {
        if self.rows.is_empty() || self.classes.is_empty() {
            return nothing("No classes to show.");
        }
        let entries: Vec<Entry<'_>> = self
            .classes
            .iter()
            .enumerate()
            .map(|(i, name)| Entry { name, style: self.style(i), key: Key::Area })
            .collect();
        let legend = legend_height(&entries, FULL_WIDTH);
        let labels: Vec<&str> = self.rows.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = self.rows.iter().map(|(_, counts)| self.printed(counts)).collect();
        let scale = Scale::fixed(0.0, 1.0, 4).text(TickText::Percent);
        let rows = Rows::new(&labels, &values, scale, legend + 8.0, 32.0);
        let mut canvas = Canvas::new(FULL_WIDTH, rows.height(46.0));
        draw_legend(&mut canvas, &entries, 0.0, 0.0, FULL_WIDTH);
        rows.draw_scale(&mut canvas, "Share of cases");
        for (i, (name, counts)) in self.rows.iter().enumerate() {
            rows.draw_label(&mut canvas, i, name, false);
            self.draw_row(&mut canvas, &rows, i, counts);
            rows.draw_value(&mut canvas, i, &values[i]);
        }
        canvas.finish()
    }

    fn draw_row(&self, canvas: &mut Canvas, rows: &Rows, i: usize, counts: &[usize]) {
        let total: usize = counts.iter().sum();
        let mut before = 0.0;
        for (class, &count) in counts.iter().enumerate() {
            let share = count as f64 / total.max(1) as f64;
            let (left, right) = (rows.px(before), rows.px(before + share));
            let style = self.style(class);
            canvas.bar([left, rows.middle(i) - 9.0, right - left, 18.0], style.hue, style.hatch);
            before += share;
        }
    }

    /// "malignant: 30 of 387 (7.8%)".
    fn printed(&self, counts: &[usize]) -> String {
        let (total, rare) = (counts.iter().sum::<usize>(), counts.get(self.rare).copied().unwrap_or(0));
        let class = self.classes.get(self.rare).map_or("", String::as_str);
        let share = number::percent(rare as f64 / total.max(1) as f64, 1);
        let class = super::text_width::fitted(class, 12.0, 110.0);
        format!("{class}: {} of {} ({share})", number::count(rare), number::count(total))
    }

    /// The rare class stands out, the others are quiet.
    fn style(&self, class: usize) -> Style {
        const QUIET: [Hatch; 3] = [Hatch::Rising, Hatch::Falling, Hatch::Crossed];
        if class == self.rare {
            return Style { hue: Hue::Vermillion, hatch: Hatch::None, ..Style::of(0) };
        }
        let place = class - usize::from(class > self.rare);
        let hue = Style::of(place).hue;
        let hue = if hue == Hue::Vermillion { Hue::Sky } else { hue };
        Style { hue, hatch: QUIET[place % 3], ..Style::of(0) }
    }
}

/// One value per column, worst first.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreBars {
    title: String,
    reference: String,
    rows: Vec<(String, f64, Option<f64>)>,
    percent: bool,
    most: usize,
}

impl ScoreBars {
    /// Bars with a title for their scale, which begins at 0.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            reference: "Real hold-out".into(),
            rows: Vec::new(),
            percent: false,
            most: 40,
        }
    }

    /// Shares as percentages: missing values.
    pub fn percent(mut self) -> Self {
        self.percent = true;
        self
    }

    /// Names the reference; "Real hold-out" without it.
    pub fn reference(mut self, name: impl Into<String>) -> Self {
        self.reference = name.into();
        self
    }

    /// With at most so many bars; the figure says how many were left out. 40 without it.
    pub fn at_most(mut self, most: usize) -> Self {
        self.most = most.max(1);
        self
    }

    /// With one more column: its value and its reference.
    pub fn row(mut self, label: impl Into<String>, value: f64, reference: Option<f64>) -> Self {
        self.rows.push((label.into(), value, reference));
        self
    }

    /// Orders the bars, the lowest first: where higher is better.
    pub fn lowest_first(mut self) -> Self {
        self.rows.sort_by(|a, b| a.1.is_nan().cmp(&b.1.is_nan()).then(a.1.total_cmp(&b.1)));
        self
    }

    /// Orders the bars, the highest first: where lower is better.
    pub fn highest_first(mut self) -> Self {
        self.rows.sort_by(|a, b| a.1.is_nan().cmp(&b.1.is_nan()).then(b.1.total_cmp(&a.1)));
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Drawing {
        if self.rows.is_empty() {
            return nothing("No columns to show.");
        }
        let style = Style { hue: Hue::Ink, dash: Dash::Solid, marker: Marker::Cross, hatch: Hatch::None };
        let mut entries = Vec::new();
        if self.rows.iter().any(|row| row.2.is_some()) {
            entries.push(Entry { name: &self.reference, style, key: Key::Reference });
        }
        let legend = legend_height(&entries, FULL_WIDTH);
        let shown = &self.rows[..self.rows.len().min(self.most)];
        let labels: Vec<&str> = shown.iter().map(|row| row.0.as_str()).collect();
        let values: Vec<String> = shown.iter().map(|row| self.printed(row.1)).collect();
        let rows = Rows::new(&labels, &values, self.scale(shown), legend + 8.0, 20.0);
        let left_out = self.rows.len() - shown.len();
        let mut canvas = Canvas::new(FULL_WIDTH, rows.height(if left_out > 0 { 66.0 } else { 46.0 }));
        draw_legend(&mut canvas, &entries, 0.0, 0.0, FULL_WIDTH);
        rows.draw_scale(&mut canvas, &self.title);
        for (i, (label, value, reference)) in shown.iter().enumerate() {
            rows.draw_label(&mut canvas, i, label, false);
            draw_bar(&mut canvas, &rows, i, *value, *reference);
            rows.draw_value(&mut canvas, i, &values[i]);
        }
        if left_out > 0 {
            let words = format!("and {} more", number::count(left_out));
            canvas.text((rows.x - 10.0, rows.bottom() + 57.0), Type::QUIET.end(), &words);
        }
        canvas.finish()
    }

    fn printed(&self, value: f64) -> String {
        match (value.is_finite(), self.percent) {
            (false, _) => "not computed".into(),
            (true, true) => number::percent(value, 1),
            (true, false) => number::fixed(value, 2),
        }
    }

    fn scale(&self, shown: &[(String, f64, Option<f64>)]) -> Scale {
        let values = || shown.iter().flat_map(|row| [Some(row.1), row.2]).flatten();
        if self.percent {
            return Scale::around(values().chain([0.0]), 5).text(TickText::Percent);
        }
        if values().all(|v| !v.is_finite() || (0.0..=1.0).contains(&v)) {
            return Scale::fixed(0.0, 1.0, 5);
        }
        Scale::around(values().chain([0.0]), 5)
    }
}

fn draw_bar(canvas: &mut Canvas, rows: &Rows, i: usize, value: f64, reference: Option<f64>) {
    if value.is_finite() {
        let (zero, end) = (rows.px_within(0.0), rows.px_within(value));
        let area = [zero.min(end), rows.middle(i) - 6.0, (end - zero).abs(), 12.0];
        canvas.bar(area, Hue::Blue, Hatch::None);
    }
    if let Some(reference) = reference.filter(|r| r.is_finite()) {
        let (x, y) = (rows.px_within(reference), rows.middle(i));
        canvas.line((x, y - 8.0), (x, y + 8.0), Pen::new(Hue::Paper, 4.0));
        canvas.line((x, y - 8.0), (x, y + 8.0), Pen::new(Hue::Ink, 2.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_told_apart() {
        let balance = ClassBalance::new(["a", "b", "c", "d", "e"], 2);
        let styles: Vec<_> = (0..5).map(|i| (balance.style(i).hue, balance.style(i).hatch)).collect();
        for i in 0..5 {
            for j in 0..i {
                assert_ne!(styles[i], styles[j]);
            }
        }
    }

    #[test]
    fn bars_that_are_left_out_are_counted() {
        let bars = (0..50).fold(ScoreBars::new("Score").at_most(10), |bars, i| {
            bars.row(format!("c{i}"), f64::from(i) / 50.0, None)
        });
        let svg = bars.lowest_first().draw().inline("x", "t", "d");
        assert!(svg.contains("and 40 more") && svg.contains(">c0<") && !svg.contains(">c49<"));
    }
}
