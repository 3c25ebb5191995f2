//! Figures as SVG.
//!
//! Why our own: the report needs drawings that take the page's colours in dark mode (classes on every
//! shape), that stand by the dozen in one page without clashing ids, that carry a title and a description
//! for screen readers, and that tell series apart by dash, marker and hatching as well as by colour. Of the
//! plotting crates looked at, kuva 0.6 comes nearest (deterministic SVG, few dependencies, forest and ROC
//! plots built in), but its colours are fixed in the drawing, its clip paths carry ids, and it writes neither
//! title nor description; bending it would have cost more than the figures below, which share one
//! frame, one [pen](Canvas) and one set of [styles](Style).
//!
//! Each kind of figure is one file with one builder and a `draw` that cannot fail: values that are not finite
//! are left out, and a figure without data says so.

mod bars;
mod beats;
mod canvas;
mod cumulative;
mod curves;
mod dots;
mod forest;
mod frame;
mod grid;
mod heatmap;
mod histogram;
mod lines;
mod paper;
mod reliability;
mod rows;
mod scale;
mod scatter;
mod simplify;
mod strip;
mod style;
mod text_width;

pub use bars::{ClassBalance, LevelBars, ScoreBars};
pub use beats::{BeatGallery, BeatTile};
pub use canvas::{Anchor, Canvas, Drawing, Fill, Pen, Type};
pub use cumulative::Cumulative;
pub use curves::{Curve, CurvePlot};
pub use dots::DotPlot;
pub use forest::{ForestPlot, ForestRow};
pub use frame::FULL_WIDTH;
pub use grid::Grid;
pub use heatmap::{HeatMap, Panel};
pub use histogram::Histogram;
pub use lines::{LinePlot, Series};
pub use reliability::{Reliability, RiskBin};
pub use scale::{Scale, TickText};
pub use scatter::ScatterPlot;
pub use strip::{EcgStrip, clock};
pub use style::{Dash, Hatch, Hue, Marker, Style};
