//! A trained classifier with everything that using it on other recordings takes.
//!
//! [`train`] fits to the beats of a preparation and says, from predictions of patients held out, how right the
//! model is and when it had better say nothing. [`BeatModel::predict`] classifies beats, [`BeatModel::judge`]
//! compares with annotations. A saved model is a folder of two files ([`files`](self::BeatModel::save)): how beats
//! are found, cut out and called, thresholds, and what the classifier has learnt. It holds no beat of the
//! training recordings. Because it names its own classes, it can be used on data in which some are absent.
//!
//! ```
//! use paucal_core::{Seed, Silent};
//! use paucal_signal::ecg::classify::Boost;
//! use paucal_signal::ecg::model::{BeatModel, Division, TrainOptions, train};
//! use paucal_signal::ecg::prepare::{PrepareOptions, Sources, cut};
//! use paucal_signal::formats::discover;
//!
//! # let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mitdb-minute");
//! let sources = Sources { files: discover(&[data])?, ..Sources::default() };
//! let beats = cut(&sources, &PrepareOptions::default(), Seed(1), &Silent::new())?;
//! let options = TrainOptions { leak: false, ..TrainOptions::default() };
//! let (model, training) = train(beats, Division::Grouped, &Boost::plain(), &options, Seed(1), &Silent::new())?;
//! assert!(training.validation.is_none(), "one patient cannot be held out");
//!
//! let folder = tempfile::tempdir()?;
//! model.save(folder.path())?;
//! let again = BeatModel::load(folder.path())?;
//! let beats = again.cut(&sources, &Silent::new())?;
//! assert_eq!(again.predict(&beats)?.decisions.len(), beats.beats.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod files;
mod judge;
mod predict;
mod review;
mod seen;
mod tables;
mod train;
mod unseen;

use paucal_core::{Observer, Seed};

pub use self::judge::{Judgement, SCHEMA as JUDGEMENT_SCHEMA};
pub use self::predict::Prediction;
pub use self::seen::Seen;
pub use self::tables::{PredictionSummary, StripRow};
pub use self::train::{Division, LeakShown, SCHEMA as TRAINING_SCHEMA, TrainOptions, Training, train};
pub use self::unseen::Gated;
use super::beats::Window;
use super::classify::{Bank, FittedClassifier};
use super::error::EcgError;
use super::gate::{Calibrated, Gates};
use super::labels::LabelMap;
use super::prepare::{PrepareOptions, Prepared, Sources, cut};

/// A classifier of beats, ready to be used.
pub struct BeatModel {
    /// What beats are called; exactly the classes of the classifier, in order.
    pub labels: LabelMap,
    /// How recordings are read and cut into beats.
    pub options: PrepareOptions,
    /// Sampling rate of the beats, in Hz.
    pub rate: f64,
    /// The samples of a beat.
    pub window: Window,
    /// When a beat is left to a person.
    pub gates: Gates,
    /// Thresholds from patients held out; none when there were too few.
    pub calibrated: Option<Calibrated>,
    /// The shapes of beat it knows; none when the classifier has its own, or the training beats were too few.
    pub bank: Option<Bank>,
    /// The patients it has learnt from, by digest.
    pub seen: Seen,
    /// The seed of its training.
    pub seed: Seed,
    /// What was learnt.
    pub classifier: Box<dyn FittedClassifier>,
}

impl BeatModel {
    /// Names of the classes.
    pub fn classes(&self) -> &[String] {
        self.classifier.classes()
    }

    /// The shapes of beat it knows.
    pub fn bank(&self) -> Option<&Bank> {
        self.classifier.bank().or(self.bank.as_ref())
    }

    /// Cuts recordings into beats as the model takes them.
    pub fn cut(&self, sources: &Sources, observer: &dyn Observer) -> Result<Prepared, EcgError> {
        let sources = Sources { labels: self.labels.clone(), ..sources.clone() };
        cut(&sources, &self.options, self.seed, observer)
    }

    /// Makes beats that were prepared elsewhere the model's own, or says why they are not.
    pub fn adopt(&self, prepared: &mut Prepared) -> Result<(), EcgError> {
        if prepared.options.beats != self.options.beats || prepared.window != self.window {
            let hint = "hand over the recordings themselves: the model prepares them as it was trained";
            return Err(EcgError::beats(
                "these beats were prepared with other options than the model's",
                hint,
            ));
        }
        prepared.keep_classes(self.classes());
        let theirs: Vec<&str> = prepared.labels.classes.iter().map(|class| class.name.as_str()).collect();
        if theirs != self.classes() {
            let message =
                format!("the beats are called {theirs:?}, the model calls them {:?}", self.classes());
            return Err(EcgError::beats(message, "prepare the recordings with the label map of the model"));
        }
        Ok(())
    }

    /// Which of these patients the model has learnt from.
    pub fn seen_patients(&self, prepared: &Prepared) -> Vec<String> {
        prepared.patients.iter().filter(|patient| self.seen.contains(patient)).cloned().collect()
    }
}

#[cfg(test)]
mod tests;
