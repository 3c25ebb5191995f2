//! Evidence instead of claims: grouped splits, the leak audit, the experiment of arms × folds ×
//! repeats, the significance tests on its outcome, and the verdict in words.
//!
//! The way through the crate is the way of an experiment: [`cases`] reads class and patient of every
//! row, [`split`] keeps patients on one side, [`features`] turns training rows into numbers,
//! [`experiment`] runs the arms on common splits and seeds, [`significance`] tests the paired
//! differences, [`verdict`] says what they mean. [`leak`] shows what a random split would have claimed.

pub mod cases;
pub mod error;
pub mod experiment;
pub mod features;
pub mod leak;
mod ranked;
pub mod significance;
pub mod split;
pub mod threshold;
pub mod verdict;

pub use cases::{Groups, Target};
pub use error::EvidenceError;
pub use features::{FeatureEncoder, FeatureOptions};
