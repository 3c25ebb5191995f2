//! Points on a plane, in groups.

use super::canvas::{Canvas, Drawing, Type};
use super::frame::{Entry, Frame, Key, draw_legend, legend_height, nothing};
use super::scale::Scale;
use super::style::Style;
use super::text_width::fitted;

/// Points of a group that are drawn, at most; more are thinned evenly.
const MOST_POINTS: usize = 1500;
/// Groups beyond which the legend gives way to words on the groups themselves.
const LEGEND: usize = 6;
/// Points of the largest group up to which all have the markers of their groups; more are dots.
const MARKED: usize = 120;

/// A group of points.
#[derive(Debug, Clone, PartialEq)]
struct Group {
    name: String,
    style: Style,
    points: Vec<(f64, f64)>,
}

/// Points on a plane. Few groups have a legend, many have their name at their middle,
/// as far as there is room.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterPlot {
    across: String,
    up: String,
    log: bool,
    range: Option<(f64, f64)>,
    levels: Vec<(f64, String)>,
    groups: Vec<Group>,
}

impl ScatterPlot {
    /// A plot with the titles of its axes.
    pub fn new(across: impl Into<String>, up: impl Into<String>) -> Self {
        Self {
            across: across.into(),
            up: up.into(),
            log: false,
            range: None,
            levels: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// With a logarithmic horizontal scale; points that are not positive are left out.
    pub fn log_across(mut self) -> Self {
        self.log = true;
        self
    }

    /// Fixes the ends of the vertical scale.
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// With a level of the vertical scale.
    pub fn level(mut self, value: f64, words: impl Into<String>) -> Self {
        self.levels.push((value, words.into()));
        self
    }

    /// With one more group.
    pub fn group(self, name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        let style = Style::of(self.groups.len());
        self.styled_group(name, style, points)
    }

    /// With one more group in a style of its own.
    pub fn styled_group(mut self, name: impl Into<String>, style: Style, points: Vec<(f64, f64)>) -> Self {
        self.groups.push(Group { name: name.into(), style, points });
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Drawing {
        let shown = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite() && (!self.log || *x > 0.0);
        let groups: Vec<(&Group, Vec<(f64, f64)>)> = self
            .groups
            .iter()
            .map(|group| (group, group.points.iter().copied().filter(shown).collect::<Vec<_>>()))
            .filter(|(_, points)| !points.is_empty())
            .collect();
        if groups.is_empty() {
            return nothing("No points to show.");
        }
        let named = groups.len() > LEGEND;
        let entries: Vec<Entry<'_>> = groups
            .iter()
            .filter(|_| !named && groups.len() > 1)
            .map(|(group, _)| Entry { name: &group.name, style: group.style, key: Key::Dot })
            .collect();
        let legend = legend_height(&entries, super::FULL_WIDTH);
        let frame = self.frame(&groups, legend + 26.0);
        let mut canvas = Canvas::new(super::FULL_WIDTH, frame.y + frame.height + 46.0);
        draw_legend(&mut canvas, &entries, 0.0, 0.0, super::FULL_WIDTH);
        canvas.text((0.0, legend + 12.0), Type::QUIET, &self.up);
        frame.draw(&mut canvas);
        frame.title_across(&mut canvas, &self.across);
        for (value, words) in &self.levels {
            frame.level(&mut canvas, *value, words, super::Anchor::End);
        }
        let marked = groups.iter().all(|(_, points)| points.len() <= MARKED);
        for (group, points) in &groups {
            draw_points(&mut canvas, &frame, group.style, points, marked);
        }
        if named {
            draw_names(&mut canvas, &frame, &groups);
        }
        canvas.finish()
    }

    fn frame(&self, groups: &[(&Group, Vec<(f64, f64)>)], y: f64) -> Frame {
        let all = || groups.iter().flat_map(|(_, points)| points);
        let heights = all().map(|(_, y)| *y).chain(self.levels.iter().map(|(value, _)| *value));
        let up = match self.range {
            Some((low, high)) => Scale::fixed(low, high, 5),
            None => Scale::close(heights, 5),
        };
        let widths = all().map(|(x, _)| *x);
        let across = if self.log { Scale::log_around(widths) } else { Scale::close(widths, 6) };
        let x = Frame::tick_room(&up);
        Frame { x, y, width: super::FULL_WIDTH - x - 14.0, height: 320.0, across, up }
    }
}

fn draw_points(canvas: &mut Canvas, frame: &Frame, style: Style, points: &[(f64, f64)], marked: bool) {
    let stride = points.len().div_ceil(MOST_POINTS).max(1);
    let kept: Vec<(f64, f64)> = points.iter().step_by(stride).map(|p| frame.point(*p)).collect();
    if marked {
        kept.iter().for_each(|point| canvas.marker(*point, style.marker, 4.5, style.hue));
    } else {
        canvas.dots(&kept, 3.0, style.hue);
    }
}

/// The name of each group at its middle, in the order given; one that would cover another is left out.
fn draw_names(canvas: &mut Canvas, frame: &Frame, groups: &[(&Group, Vec<(f64, f64)>)]) {
    let mut taken: Vec<[f64; 3]> = Vec::new();
    for (group, points) in groups {
        let (x, y) = frame.point(middle(points));
        let look = Type::PLAIN.bold().middle().hue(group.style.hue);
        let name = fitted(&group.name, 12.0, 90.0);
        let half = look.width(&name) / 2.0;
        if taken.iter().all(|[x1, y1, half1]| (x - x1).abs() > half + half1 || (y - y1).abs() > 13.0) {
            canvas.text_over((x, y + 4.0), look, &name);
            taken.push([x, y, half]);
        }
    }
}

/// The median of each coordinate: within its group even where a few points are far away.
fn middle(points: &[(f64, f64)]) -> (f64, f64) {
    let median = |of: fn(&(f64, f64)) -> f64| {
        let mut sorted: Vec<f64> = points.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    (median(|p| p.0), median(|p| p.1))
}
