//! Metrics on plain arrays: fidelity, utility, privacy, classification and calibration, all in `f64`.
//!
//! One file per family; [`registry`] lists every metric with its range, direction, plain meaning
//! and source. A metric returns [`Result`]: a finite number, or the typed reason ([`Undefined`]) why
//! there is none. Records that are stored hold [`Score`], which writes that reason to JSON.
//!
//! Mixed tables come as [`Table`]s of [`Column`]s. The real and the synthetic side share one level
//! list per category column; a level may occur on one side only.

pub mod association;
pub mod binning;
pub mod classification;
pub mod clustering;
pub mod column;
pub mod coverage;
pub mod detection;
pub mod distribution;
pub mod interval;
mod linalg;
pub mod objective;
pub mod privacy;
pub mod registry;
pub mod score;
pub mod sdmetrics;

pub use column::{Column, MISSING, Table};
pub use score::{Result, Score, Undefined};
