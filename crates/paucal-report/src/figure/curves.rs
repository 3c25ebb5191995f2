//! ROC and precision–recall curves.

use super::canvas::{Anchor, Canvas, Drawing, Fill, Pen, Type};
use super::frame::{Entry, Frame, Key, draw_legend, legend_height, nothing};
use super::scale::Scale;
use super::style::{Dash, Hue, Style};

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name, with its area if wanted.
    pub name: String,
    /// Points `(x, y)`, both in `[0, 1]`, in drawing order.
    pub points: Vec<(f64, f64)>,
    /// Points of the lower and upper edge of its confidence band, if there is one.
    pub band: Option<[Vec<(f64, f64)>; 2]>,
}

impl Curve {
    /// A curve without band.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, band: None }
    }

    /// With a confidence band between two lines.
    pub fn band(mut self, lower: Vec<(f64, f64)>, upper: Vec<(f64, f64)>) -> Self {
        self.band = Some([lower, upper]);
        self
    }
}

/// What a model without skill does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum NoSkill {
    /// Sensitivity rises with the false alarms.
    Diagonal,
    /// Precision is the prevalence.
    Level(f64),
}

/// Curves in the unit square.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePlot {
    across: String,
    up: String,
    no_skill: NoSkill,
    curves: Vec<Curve>,
}

impl CurvePlot {
    /// Receiver operating characteristic: points are (1 − specificity, sensitivity).
    pub fn roc() -> Self {
        Self {
            across: "1 − specificity (false alarms)".into(),
            up: "Sensitivity (rare cases found)".into(),
            no_skill: NoSkill::Diagonal,
            curves: Vec::new(),
        }
    }

    /// Precision–recall: points are (recall, precision); `prevalence` is the share of the rare class in the
    /// test data, which a model without skill reaches.
    pub fn precision_recall(prevalence: f64) -> Self {
        Self {
            across: "Recall (rare cases found)".into(),
            up: "Precision (alarms that are right)".into(),
            no_skill: NoSkill::Level(prevalence),
            curves: Vec::new(),
        }
    }

    /// With one more curve.
    pub fn curve(mut self, curve: Curve) -> Self {
        self.curves.push(curve);
        self
    }

    /// The drawing, 460 pixels wide.
    pub fn draw(&self) -> Drawing {
        self.draw_small(460.0)
    }

    /// The drawing in any width, for a grid.
    pub fn draw_small(&self, width: f64) -> Drawing {
        const LEFT: f64 = 36.0;
        if self.curves.iter().all(|curve| curve.points.is_empty()) {
            return nothing("No curve to show.");
        }
        let entries: Vec<Entry<'_>> = self
            .curves
            .iter()
            .enumerate()
            .map(|(i, curve)| Entry { name: &curve.name, style: Style::of(i), key: Key::Line })
            .collect();
        let legend = legend_height(&entries, width);
        let side = (width - LEFT - 16.0).max(80.0);
        let unit = || Scale::fixed(0.0, 1.0, 5);
        let frame =
            Frame { x: LEFT, y: legend + 30.0, width: side, height: side, across: unit(), up: unit() };
        let mut canvas = Canvas::new(width, frame.y + side + 46.0);
        draw_legend(&mut canvas, &entries, 0.0, 0.0, width);
        canvas.text((0.0, legend + 14.0), Type::QUIET, &self.up);
        frame.draw(&mut canvas);
        frame.title_across(&mut canvas, &self.across);
        self.draw_no_skill(&mut canvas, &frame);
        for (i, curve) in self.curves.iter().enumerate() {
            draw_curve(&mut canvas, &frame, curve, Style::of(i));
        }
        canvas.finish()
    }

    fn draw_no_skill(&self, canvas: &mut Canvas, frame: &Frame) {
        match self.no_skill {
            NoSkill::Diagonal => {
                let pen = Pen::new(Hue::Muted, 1.3).dash(Dash::Dashed);
                canvas.line(frame.point((0.0, 0.0)), frame.point((1.0, 1.0)), pen);
                canvas.text(frame.point((0.6, 0.54)), Type::QUIET, "no skill");
            }
            NoSkill::Level(prevalence) => {
                let words = format!("no skill: prevalence {}", crate::number::percent(prevalence, 1));
                frame.level(canvas, prevalence, &words, Anchor::Start);
            }
        }
    }
}

fn draw_curve(canvas: &mut Canvas, frame: &Frame, curve: &Curve, style: Style) {
    canvas.clipped(frame.area(), |canvas| {
        if let Some([lower, upper]) = &curve.band {
            let mut edge = frame.points(lower);
            edge.extend(frame.points(upper).into_iter().rev());
            canvas.area(&edge, Fill::Pale(style.hue, 0.16));
        }
        canvas.path(&frame.points(&curve.points), Pen::new(style.hue, 2.0).dash(style.dash));
    });
}
