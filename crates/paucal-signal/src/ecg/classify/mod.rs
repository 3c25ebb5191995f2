//! What a beat is, learnt from the beats of other patients.
//!
//! Every method is a [`BeatClassifier`]: checked parameters, `fit`, and a [`FittedClassifier`] that states
//! probabilities and can be saved without a single beat it has seen. [`Boost`] is gradient boosting on
//! [`features`], [`Ensemble`] the mean of several; [`Cnn`] and [`Hybrid`] are networks. [`METHODS`] lists them all.
//!
//! Beats are handed over as a selection of rows of whole recordings ([`Beats`]), because a beat is judged by
//! its own recording: by the mean of its RR intervals and by the beat that is most common in it. Neither needs
//! a label, and nothing of one patient reaches another.

mod artefact;
pub mod bank;
mod beats;
pub mod boost;
pub mod dominant;
pub mod ensemble;
pub mod features;
pub mod network;
pub mod recompose;
mod registry;
pub mod smooth;
mod weights;

use std::path::Path;

use ndarray::Array2;
use paucal_core::{Observer, Seed};

pub use self::artefact::load;
pub use self::bank::{Bank, BankOptions};
pub use self::beats::{Beats, Extent, TrainingBeats};
pub use self::boost::Boost;
pub use self::dominant::Dominant;
pub use self::ensemble::{Ensemble, Specialist};
pub use self::features::{BeatFeatures, Wave};
pub use self::network::{Cnn, Hybrid};
pub use self::recompose::Recompose;
pub use self::registry::{METHODS, Method};
pub use self::smooth::Smoothing;
pub use self::weights::Weighting;
use super::error::EcgError;

/// A method that learns to classify beats.
pub trait BeatClassifier: Send + Sync {
    /// Name in [`METHODS`].
    fn name(&self) -> &'static str;

    /// Whether the parameters are in range.
    fn check(&self) -> Result<(), EcgError>;

    /// Learns from beats with a class. Nothing else is looked at than these beats and, label-free, their own
    /// recordings.
    fn fit(
        &self,
        training: &TrainingBeats<'_>,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Box<dyn FittedClassifier>, EcgError>;

    /// As [`fit`](Self::fit), keeping the state of a long training in a folder until it is over, so that the same call
    /// goes on where an interrupted one ended. Methods that learn in one go have none to keep.
    fn fit_in(
        &self,
        folder: &Path,
        training: &TrainingBeats<'_>,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Box<dyn FittedClassifier>, EcgError> {
        let _ = folder;
        self.fit(training, seed, observer)
    }
}

/// What a classifier says of beats.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Probabilities of the classes, beats × classes; each row sums to 1.
    pub classes: Array2<f64>,
    /// Probability of each beat to be noise, of methods that learn it.
    pub noise: Option<Vec<f64>>,
}

/// What a [`BeatClassifier`] has learnt.
pub trait FittedClassifier: Send + Sync {
    /// Name of its method.
    fn name(&self) -> &'static str;

    /// Names of the classes, the columns of the probabilities.
    fn classes(&self) -> &[String];

    /// What it says of the selected beats.
    fn predict(&self, beats: &Beats<'_>) -> Result<Said, EcgError>;

    /// Probabilities of the classes alone.
    fn predict_proba(&self, beats: &Beats<'_>) -> Result<Array2<f64>, EcgError> {
        Ok(self.predict(beats)?.classes)
    }

    /// The prototypes that the method compares beats with, if it does.
    fn bank(&self) -> Option<&Bank> {
        None
    }

    /// Writes the model to a file, and tensors to one beside it; [`load`] reads both. They hold no beat.
    fn save(&self, path: &Path) -> Result<(), EcgError>;
}

#[cfg(test)]
mod tests;
