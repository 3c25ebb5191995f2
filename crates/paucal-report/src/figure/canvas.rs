//! The pen: shapes and words become SVG text.
//!
//! Coordinates are pixels at normal size, x to the right and y down. Numbers are written with at most two
//! decimals, so that the same figure is the same file on every machine. Nothing drawn has an id, so many
//! figures can stand in one page.

use std::fmt::Write;

use super::style::{Dash, Hatch, Hue, Marker};
use super::text_width;

/// Fonts every system has one of.
const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/// A finished drawing without its outer element.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    body: String,
}

impl Drawing {
    /// The SVG element for a page in which `id` is unique. `title` names the figure, `description` says what
    /// is to be seen.
    pub fn inline(&self, id: &str, title: &str, description: &str) -> String {
        let id = escaped(id);
        let (width, height) = (coordinate(self.width), coordinate(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fig\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{FONTS}\" font-size=\"12\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n{}</svg>\n",
            escaped(title),
            escaped(description),
            self.body
        )
    }

    /// A whole SVG file on white ground.
    pub fn file(&self, title: &str, description: &str) -> String {
        let mut canvas = Canvas::new(self.width, self.height);
        canvas.rect([0.0, 0.0, self.width, self.height], Fill::Hue(Hue::Paper));
        canvas.body.push_str(&self.body);
        let svg = canvas.finish().inline("figure", title, description);
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{svg}")
    }
}

/// What an area is filled with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fill {
    /// A colour by its role.
    Hue(Hue),
    /// A colour by its role, see-through.
    Pale(Hue, f64),
    /// A colour of a scale.
    Rgb([u8; 3]),
}

/// A line's look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pen {
    /// Its colour.
    pub hue: Hue,
    /// Its width in pixels.
    pub width: f64,
    /// Its pattern.
    pub dash: Dash,
}

impl Pen {
    /// A solid line.
    pub fn new(hue: Hue, width: f64) -> Self {
        Self { hue, width, dash: Dash::Solid }
    }

    /// With a pattern.
    pub fn dash(mut self, dash: Dash) -> Self {
        self.dash = dash;
        self
    }

    fn attributes(self) -> String {
        let dash = self.dash.array().map(|a| format!(" stroke-dasharray=\"{a}\"")).unwrap_or_default();
        format!(
            "class=\"s-{}\" stroke=\"{}\" stroke-width=\"{}\"{dash}",
            self.hue.class(),
            self.hue.light(),
            coordinate(self.width)
        )
    }
}

/// Which part of the words stands at the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The beginning.
    Start,
    /// The middle.
    Middle,
    /// The end.
    End,
}

/// The look of words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    /// Size in pixels.
    pub size: f64,
    /// Whether bold.
    pub bold: bool,
    /// Colour.
    pub hue: Hue,
    /// Which part stands at the point.
    pub anchor: Anchor,
}

impl Type {
    /// Words in a figure: 12 pixels, ink, from the left.
    pub const PLAIN: Self = Self { size: 12.0, bold: false, hue: Hue::Ink, anchor: Anchor::Start };
    /// Titles of axes and legends: 12 pixels, muted.
    pub const QUIET: Self = Self { hue: Hue::Muted, ..Self::PLAIN };
    /// Titles of panels.
    pub const TITLE: Self = Self { size: 13.0, bold: true, ..Self::PLAIN };

    /// Standing on its middle.
    pub fn middle(self) -> Self {
        Self { anchor: Anchor::Middle, ..self }
    }

    /// Standing on its end.
    pub fn end(self) -> Self {
        Self { anchor: Anchor::End, ..self }
    }

    /// In another size.
    pub fn size(self, size: f64) -> Self {
        Self { size, ..self }
    }

    /// In bold.
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// In another colour.
    pub fn hue(self, hue: Hue) -> Self {
        Self { hue, ..self }
    }

    /// Width of words in this look, in pixels; an upper estimate.
    pub fn width(self, words: &str) -> f64 {
        text_width::measure(words, self.size, self.bold)
    }
}

/// A drawing in the making.
pub struct Canvas {
    width: f64,
    height: f64,
    body: String,
}

impl Canvas {
    /// An empty canvas.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// The drawing.
    pub fn finish(self) -> Drawing {
        Drawing { width: self.width, height: self.height, body: self.body }
    }

    /// Appends another drawing with its corner at `(x, y)`.
    pub fn place(&mut self, x: f64, y: f64, drawing: &Drawing) {
        self.shifted(x, y, |canvas| canvas.body.push_str(&drawing.body));
    }

    /// Draws with the origin at `(x, y)`.
    pub fn shifted(&mut self, x: f64, y: f64, draw: impl FnOnce(&mut Self)) {
        self.element(format_args!("<g transform=\"translate({} {})\">", coordinate(x), coordinate(y)));
        draw(self);
        self.body.push_str("</g>\n");
    }

    /// Draws so that nothing is seen outside the rectangle; coordinates stay those of the canvas.
    pub fn clipped(&mut self, [x, y, width, height]: [f64; 4], draw: impl FnOnce(&mut Self)) {
        let [x, y, width, height] = [x, y, width, height].map(coordinate);
        self.element(format_args!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"{x} {y} {width} {height}\" overflow=\"hidden\">"
        ));
        draw(self);
        self.body.push_str("</svg>\n");
    }

    /// Draws see-through: raw values behind smoothed ones.
    pub fn faint(&mut self, draw: impl FnOnce(&mut Self)) {
        self.body.push_str("<g opacity=\"0.3\">\n");
        draw(self);
        self.body.push_str("</g>\n");
    }

    /// A line from one point to another.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), pen: Pen) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(coordinate);
        self.element(format_args!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" {}/>",
            pen.attributes()
        ));
    }

    /// A line through points.
    pub fn path(&mut self, points: &[(f64, f64)], pen: Pen) {
        if points.len() < 2 {
            return;
        }
        let list = pairs(points);
        self.element(format_args!(
            "<polyline points=\"{list}\" fill=\"none\" stroke-linejoin=\"round\" {}/>",
            pen.attributes()
        ));
    }

    /// A long line through points, rounded to a tenth of a pixel and written as short as possible.
    pub fn trace(&mut self, points: &[(f64, f64)], pen: Pen) {
        let tenths = |v: f64| (v.clamp(-1e6, 1e6) * 10.0).round() as i64;
        let Some((first, rest)) = points.split_first().filter(|(_, rest)| !rest.is_empty()) else { return };
        let mut at = (tenths(first.0), tenths(first.1));
        let mut list = format!("M{} {}l", of_tenths(at.0), of_tenths(at.1));
        for point in rest {
            let next = (tenths(point.0), tenths(point.1));
            for step in [next.0 - at.0, next.1 - at.1] {
                // A minus sign parts numbers as well as a space does.
                if step >= 0 && !list.ends_with('l') {
                    list.push(' ');
                }
                list.push_str(&of_tenths(step));
            }
            at = next;
        }
        self.element(format_args!(
            "<path d=\"{list}\" fill=\"none\" stroke-linejoin=\"round\" {}/>",
            pen.attributes()
        ));
    }

    /// Lines across an area every `[across, down]` pixels, the first ones `first` pixels from its left and upper edge.
    /// Each direction is one broad line, dashed: hundreds of lines in two elements.
    pub fn rules(&mut self, area: [f64; 4], [across, down]: [f64; 2], first: [f64; 2], pen: Pen) {
        let ([x, y, width, height], half) = (area, pen.width / 2.0);
        let (middle, centre) = (y + height / 2.0, x + width / 2.0);
        let upright = [(x + first[0] - half, middle), (x + width + half, middle)];
        let level = [(centre, y + first[1] - half), (centre, y + height + half)];
        for ([from, to], step, breadth) in [(upright, across, height), (level, down, width)] {
            if step <= pen.width || breadth <= 0.0 || from.0 > to.0 || from.1 > to.1 {
                continue;
            }
            let [x1, y1, x2, y2, on, off, breadth] =
                [from.0, from.1, to.0, to.1, pen.width, step - pen.width, breadth].map(coordinate);
            self.element(format_args!(
                "<path d=\"M{x1} {y1}L{x2} {y2}\" class=\"s-{}\" stroke=\"{}\" stroke-width=\"{breadth}\" \
                 stroke-dasharray=\"{on} {off}\"/>",
                pen.hue.class(),
                pen.hue.light()
            ));
        }
    }

    /// The area within points.
    pub fn area(&mut self, points: &[(f64, f64)], fill: Fill) {
        if points.len() > 2 {
            let list = pairs(points);
            self.element(format_args!("<polygon points=\"{list}\" {}/>", fill_attributes(fill)));
        }
    }

    /// A rectangle `[x, y, width, height]`.
    pub fn rect(&mut self, area: [f64; 4], fill: Fill) {
        self.element(format_args!("<rect {} {}/>", rect_attributes(area), fill_attributes(fill)));
    }

    /// A rectangle that names itself when pointed at.
    pub fn titled_rect(&mut self, area: [f64; 4], fill: Fill, title: &str) {
        self.element(format_args!(
            "<rect {} {}><title>{}</title></rect>",
            rect_attributes(area),
            fill_attributes(fill),
            escaped(title)
        ));
    }

    /// The outline of a rectangle.
    pub fn outline(&mut self, area: [f64; 4], pen: Pen) {
        self.element(format_args!("<rect {} fill=\"none\" {}/>", rect_attributes(area), pen.attributes()));
    }

    /// A bar: a pale area with hatching and outline, so that it is told apart without colour.
    pub fn bar(&mut self, area: [f64; 4], hue: Hue, hatch: Hatch) {
        let [x, y, width, height] = area;
        if width <= 0.0 || height <= 0.0 {
            return;
        }
        let depth = if hatch == Hatch::None { 0.85 } else { 0.22 };
        self.rect(area, Fill::Pale(hue, depth));
        let pen = Pen::new(hue, 1.1);
        let slopes: &[bool] = match hatch {
            Hatch::None => &[],
            Hatch::Rising => &[true],
            Hatch::Falling => &[false],
            Hatch::Crossed => &[true, false],
        };
        for &rising in slopes {
            for (from, to) in diagonals(width, height, 5.0) {
                let place = |(px, py): (f64, f64)| (x + px, if rising { y + py } else { y + height - py });
                self.line(place(from), place(to), pen);
            }
        }
        self.outline(area, Pen::new(hue, 1.0));
    }

    /// A point's mark. `size` is its half-width.
    pub fn marker(&mut self, (x, y): (f64, f64), marker: Marker, size: f64, hue: Hue) {
        let s = size;
        let polygon: Vec<(f64, f64)> = match marker {
            Marker::Circle => {
                let [x, y, r] = [x, y, s].map(coordinate);
                let fill = fill_attributes(Fill::Hue(hue));
                return self.element(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" {fill}/>"));
            }
            Marker::Cross => {
                let (pen, d) = (Pen::new(hue, 2.0), s * 0.85);
                self.line((x - d, y - d), (x + d, y + d), pen);
                return self.line((x - d, y + d), (x + d, y - d), pen);
            }
            Marker::Square => {
                let d = s * 0.9;
                vec![(x - d, y - d), (x + d, y - d), (x + d, y + d), (x - d, y + d)]
            }
            Marker::Diamond => {
                let d = s * 1.25;
                vec![(x, y - d), (x + d, y), (x, y + d), (x - d, y)]
            }
            Marker::Triangle => {
                vec![(x, y - s * 1.15), (x + s * 1.1, y + s * 0.8), (x - s * 1.1, y + s * 0.8)]
            }
            Marker::Wedge => vec![(x, y + s * 1.15), (x + s * 1.1, y - s * 0.8), (x - s * 1.1, y - s * 0.8)],
        };
        self.area(&polygon, Fill::Hue(hue));
    }

    /// Many small round points of a width, see-through, as one element.
    pub fn dots(&mut self, points: &[(f64, f64)], width: f64, hue: Hue) {
        let tenth = |v: f64| of_tenths((v.clamp(-1e6, 1e6) * 10.0).round() as i64);
        let list: String = points.iter().map(|(x, y)| format!("M{} {}h0", tenth(*x), tenth(*y))).collect();
        self.element(format_args!(
            "<path d=\"{list}\" stroke-linecap=\"round\" stroke-opacity=\"0.6\" {}/>",
            Pen::new(hue, width).attributes()
        ));
    }

    /// Words with their baseline at the point.
    pub fn text(&mut self, at: (f64, f64), look: Type, words: &str) {
        self.words(at, look, "", words);
    }

    /// Words with a rim of paper, legible on top of lines.
    pub fn text_over(&mut self, at: (f64, f64), look: Type, words: &str) {
        let rim = format!(
            " class=\"f-{} s-paper\" stroke=\"{}\" stroke-width=\"3\" stroke-linejoin=\"round\" \
             paint-order=\"stroke\"",
            look.hue.class(),
            Hue::Paper.light()
        );
        self.words(at, look, &rim, words);
    }

    /// Words written upwards, with their baseline at the point.
    pub fn text_up(&mut self, (x, y): (f64, f64), look: Type, words: &str) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", coordinate(x), coordinate(y));
        self.words((x, y), look, &turn, words);
    }

    /// Words in a colour that is no hue: in the cells of heat maps.
    pub fn text_on(&mut self, (x, y): (f64, f64), size: f64, ground: [u8; 3], words: &str) {
        let colour = if super::style::luminance(ground) > 0.19 { "#1f2328" } else { "#ffffff" };
        let [x, y, size] = [x, y, size].map(coordinate);
        self.element(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"middle\" fill=\"{colour}\">{}</text>",
            escaped(words)
        ));
    }

    fn words(&mut self, (x, y): (f64, f64), look: Type, extra: &str, words: &str) {
        let anchor = match look.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let size = if look.size == 12.0 {
            String::new()
        } else {
            format!(" font-size=\"{}\"", coordinate(look.size))
        };
        let weight = if look.bold { " font-weight=\"600\"" } else { "" };
        let class = if extra.contains("class=") {
            String::new()
        } else {
            format!(" class=\"f-{}\"", look.hue.class())
        };
        self.element(format_args!(
            "<text x=\"{}\" y=\"{}\" fill=\"{}\"{class}{anchor}{size}{weight}{extra}>{}</text>",
            coordinate(x),
            coordinate(y),
            look.hue.light(),
            escaped(words)
        ));
    }

    fn element(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.body.write_fmt(arguments);
        self.body.push('\n');
    }
}

/// A pixel position with at most two decimals; what is no number becomes 0.
pub(crate) fn coordinate(value: f64) -> String {
    let hundredths = (value.clamp(-1e6, 1e6) * 100.0).round();
    if hundredths == 0.0 || hundredths.is_nan() {
        return "0".into();
    }
    let text = format!("{:.2}", hundredths / 100.0);
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// Tenths as the shortest decimal: 12 is "1.2", -3 is "-.3".
fn of_tenths(tenths: i64) -> String {
    let (sign, whole, digit) = (if tenths < 0 { "-" } else { "" }, tenths.abs() / 10, tenths.abs() % 10);
    match (whole, digit) {
        (whole, 0) => format!("{sign}{whole}"),
        (0, digit) => format!("{sign}.{digit}"),
        (whole, digit) => format!("{sign}{whole}.{digit}"),
    }
}

/// Text as XML content or attribute; control characters, which XML forbids, become U+FFFD.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn pairs(points: &[(f64, f64)]) -> String {
    let mut list = String::with_capacity(points.len() * 12);
    for (i, (x, y)) in points.iter().enumerate() {
        if i > 0 {
            list.push(' ');
        }
        list.push_str(&coordinate(*x));
        list.push(',');
        list.push_str(&coordinate(*y));
    }
    list
}

fn rect_attributes([x, y, width, height]: [f64; 4]) -> String {
    let [x, y, width, height] = [x, y, width.max(0.0), height.max(0.0)].map(coordinate);
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
}

fn fill_attributes(fill: Fill) -> String {
    match fill {
        Fill::Hue(hue) => format!("class=\"f-{}\" fill=\"{}\"", hue.class(), hue.light()),
        Fill::Pale(hue, opacity) => format!(
            "class=\"f-{}\" fill=\"{}\" fill-opacity=\"{}\"",
            hue.class(),
            hue.light(),
            coordinate(opacity)
        ),
        Fill::Rgb([r, g, b]) => format!("fill=\"#{r:02x}{g:02x}{b:02x}\""),
    }
}

/// Ends of rising lines `step` apart across a rectangle at the origin.
fn diagonals(width: f64, height: f64, step: f64) -> Vec<((f64, f64), (f64, f64))> {
    // The line x + y = c runs from the left or lower edge to the upper or right one.
    let count = (((width + height) / step) as usize).min(2000);
    (1..=count)
        .map(|i| {
            let c = i as f64 * step;
            let from = if c <= height { (0.0, c) } else { (c - height, height) };
            let to = if c <= width { (c, 0.0) } else { (width, c - width) };
            (from, to)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_negative_zero() {
        let written = [0.0, -0.001, 1.0, -2.5, 12.3456, f64::NAN, 1e300].map(coordinate);
        assert_eq!(written, ["0", "0", "1", "-2.5", "12.35", "0", "1000000"]);
    }

    #[test]
    fn words_of_users_stay_words() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text((0.0, 0.0), Type::PLAIN, "<script>alert('x')</script>\u{1}");
        let svg = canvas.finish().inline("\"><a", "<b>", "&amp;");
        assert!(!svg.contains("<script") && !svg.contains("<a") && !svg.contains("<b>"));
        assert!(svg.contains("&amp;amp;") && svg.contains('\u{fffd}'));
    }

    #[test]
    fn hatching_stays_within_its_bar() {
        for (from, to) in diagonals(17.0, 4.0, 5.0) {
            for (x, y) in [from, to] {
                assert!((0.0..=17.0).contains(&x) && (0.0..=4.0).contains(&y));
            }
        }
    }
}
