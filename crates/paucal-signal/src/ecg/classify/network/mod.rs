//! Networks as classifiers of beats: what they have in common.
//!
//! A [`Method`] states what its network is to see and how it is built; everything else is the same for all. Inputs are
//! scaled, and prototypes found, on training beats only. If [`Course::validation`] says so, some of the training
//! *patients* are held out first and the number of epochs is that after which their beats were told apart best; then
//! the network is taught anew on all training patients for as many epochs, or, without [`Course::refit`], the network
//! of that epoch is taken.
//!
//! Every step is a function of the seed and its number, so that a training that was stopped goes on as if it had not
//! been, and results do not depend on the number of threads.

mod augment;
mod cnn;
mod course;
mod hybrid;
mod inputs;
mod learner;
mod predict;

use std::path::Path;

use paucal_core::files::sha256_bytes;
use paucal_core::{Observer, Seed, Stream};
use paucal_nn::Device;
use paucal_nn::beats::BeatNetwork;
use paucal_nn::training::Checkpoints;
use paucal_nn::weights::Archive;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::augment::Augment;
pub use self::cnn::Cnn;
pub use self::course::{Course, Goal, Loss};
pub use self::hybrid::Hybrid;
use self::inputs::{Inputs, Wanted};
use self::learner::{Lesson, Place, learn, part};
use self::predict::predict;
use super::boost::adjust;
use super::{Bank, BeatClassifier, Beats, FittedClassifier, Said, TrainingBeats, artefact};
use crate::ecg::error::EcgError;
use crate::ecg::split::{Counted, folds};

/// A network as a classifier.
pub(super) trait Method: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The network.
    type Network: BeatNetwork + 'static;

    /// Name in [`METHODS`](super::METHODS).
    const NAME: &'static str;

    /// Whether the parameters are in range.
    fn check(&self) -> Result<(), EcgError>;

    /// How it is taught.
    fn course(&self) -> &Course;

    /// What it is to see.
    fn wanted(&self) -> Wanted<'_>;

    /// Weight of the loss of its noise head.
    fn noise_weight(&self) -> f64;

    /// The network with random weights.
    fn network(&self, inputs: &Inputs, stream: &mut Stream) -> Result<Self::Network, EcgError>;
}

impl<M: Method> BeatClassifier for M {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn check(&self) -> Result<(), EcgError> {
        Method::check(self)
    }

    fn fit(
        &self,
        training: &TrainingBeats<'_>,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Box<dyn FittedClassifier>, EcgError> {
        Ok(Box::new(fit(self, training, seed, observer, None)?))
    }

    fn fit_in(
        &self,
        folder: &Path,
        training: &TrainingBeats<'_>,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Box<dyn FittedClassifier>, EcgError> {
        Ok(Box::new(fit(self, training, seed, observer, Some(folder))?))
    }
}

/// Fits a method; with a folder, the state of the training is kept there until it is over.
fn fit<M: Method>(
    method: &M,
    training: &TrainingBeats<'_>,
    seed: Seed,
    observer: &dyn Observer,
    folder: Option<&Path>,
) -> Result<Fitted<M>, EcgError> {
    method.check()?;
    training.beats.check()?;
    let identity = folder.map_or_else(String::new, |_| identity(method, training, seed));
    let fit = Fit { method, seed, observer, folder, identity };
    let course = method.course();
    let halves = if course.validation > 0.0 { halves(course, training, seed)? } else { None };
    let fitted = match halves {
        Some([learnt, judges]) => {
            let (inputs, network, epochs) = fit.once("choose", &learnt, Some(&judges), course.epochs)?;
            if course.refit {
                let (inputs, network, _) = fit.once("fit", training, None, epochs)?;
                fit.fitted(training, inputs, network, epochs)
            } else {
                fit.fitted(training, inputs, network, epochs)
            }
        }
        None => {
            let (inputs, network, epochs) = fit.once("fit", training, None, course.epochs)?;
            fit.fitted(training, inputs, network, epochs)
        }
    };
    for phase in ["choose", "fit"] {
        fit.checkpoints(phase).map_or(Ok(()), |checkpoints| checkpoints.remove())?;
    }
    Ok(fitted)
}

/// A fit under way.
struct Fit<'a, M> {
    method: &'a M,
    seed: Seed,
    observer: &'a dyn Observer,
    folder: Option<&'a Path>,
    identity: String,
}

impl<M: Method> Fit<'_, M> {
    /// One training, of a name of its own.
    fn once(
        &self,
        phase: &str,
        training: &TrainingBeats<'_>,
        judges: Option<&TrainingBeats<'_>>,
        epochs: usize,
    ) -> Result<(Inputs, M::Network, usize), EcgError> {
        let seed = self.seed.child(&format!("ecg/network/{phase}"), 0);
        let inputs = Inputs::fit(&self.method.wanted(), training, seed)?;
        let network = self.method.network(&inputs, &mut seed.stream("ecg/network/initial", 0))?;
        let course = self.method.course();
        let noise_weight = self.method.noise_weight();
        let lesson = Lesson { training, judges, inputs: &inputs, course, noise_weight, seed };
        let stage = match judges {
            Some(_) => format!("choose epochs of {}", M::NAME),
            None => format!("fit {}", M::NAME),
        };
        let place = Place { stage, epochs, checkpoints: self.checkpoints(phase), observer: self.observer };
        let (network, epoch) = learn(&lesson, network, place)?;
        Ok((inputs, network, epoch))
    }

    fn checkpoints(&self, phase: &str) -> Option<Checkpoints> {
        self.folder.map(|folder| Checkpoints::new(folder.join(phase), &self.identity))
    }

    fn fitted(
        &self,
        training: &TrainingBeats<'_>,
        inputs: Inputs,
        network: M::Network,
        epochs: usize,
    ) -> Fitted<M> {
        let mut shares = vec![0.0; training.names.len()];
        training.classes.iter().for_each(|&class| shares[class] += 1.0 / training.classes.len() as f64);
        let (parameters, classes) = (self.method.clone(), training.names.clone());
        Fitted { learnt: Learnt { parameters, classes, shares, epochs, inputs }, network }
    }
}

/// The training beats of most patients, and those of the patients that judge; nothing of fewer than two patients.
fn halves<'a>(
    course: &Course,
    training: &TrainingBeats<'a>,
    seed: Seed,
) -> Result<Option<[TrainingBeats<'a>; 2]>, EcgError> {
    let patient_of = training.beats.patients();
    let patients: Vec<usize> = training.beats.rows.iter().map(|&row| patient_of[row]).collect();
    let mut known = patients.clone();
    known.sort_unstable();
    known.dedup();
    if known.len() < 2 {
        return Ok(None);
    }
    let classes = training.names.len();
    let mut counted: Vec<Counted> =
        (0..known.len()).map(|patient| Counted { patient, counts: vec![0; classes] }).collect();
    let at: Vec<usize> = patients.iter().map(|p| known.partition_point(|k| k < p)).collect();
    at.iter().zip(&training.classes).for_each(|(&patient, &class)| counted[patient].counts[class] += 1);
    let k = ((1.0 / course.validation).round() as usize).clamp(2, known.len());
    let fold = folds(&counted, k, seed.child("ecg/network/validation", 0))?;
    // The fold with most classes; of several the first.
    let has =
        |of: usize, class: usize| counted.iter().zip(&fold).any(|(c, &f)| f == of && c.counts[class] > 0);
    let variety = |of: usize| (0..classes).filter(|&class| has(of, class)).count();
    let judge = (0..k).fold(0, |best, of| if variety(of) > variety(best) { of } else { best });
    let (judges, learnt): (Vec<usize>, Vec<usize>) = (0..at.len()).partition(|&i| fold[at[i]] == judge);
    Ok(Some([part(training, &learnt), part(training, &judges)]))
}

/// What a checkpoint must have in common with the training that resumes it: parameters, seed and beats.
fn identity<M: Method>(method: &M, training: &TrainingBeats<'_>, seed: Seed) -> String {
    let parameters = serde_json::to_string(method).unwrap_or_default();
    let mut bytes: Vec<u8> = training.beats.waves.iter().flat_map(|v| v.to_le_bytes()).collect();
    let numbers = training.beats.rows.iter().zip(&training.classes);
    bytes.extend(numbers.flat_map(|(&row, &class)| [row as u64, class as u64]).flat_map(u64::to_le_bytes));
    sha256_bytes(format!("{} {parameters} {} {}", M::NAME, seed.0, sha256_bytes(&bytes)).as_bytes())
}

/// What was learnt besides the weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound(deserialize = "M: DeserializeOwned"))]
pub(super) struct Learnt<M> {
    parameters: M,
    classes: Vec<String>,
    /// Share of each class in the training beats.
    shares: Vec<f64>,
    /// Epochs of the training.
    epochs: usize,
    inputs: Inputs,
}

impl<M: Method> Learnt<M> {
    /// The model with its weights; nothing if its parts do not belong together.
    pub fn with(self, tensors: &Archive, origin: &str) -> Result<Option<Fitted<M>>, EcgError> {
        let count = self.classes.len();
        if count == 0 || self.shares.len() != count || !self.inputs.consistent(count) {
            return Ok(None);
        }
        let mut network = self.parameters.network(&self.inputs, &mut Seed(0).stream("placeholder", 0))?;
        tensors.load("network", &mut network, origin)?;
        Ok(Some(Fitted { learnt: self, network }))
    }
}

/// A fitted network.
pub(super) struct Fitted<M: Method> {
    learnt: Learnt<M>,
    network: M::Network,
}

impl<M: Method> FittedClassifier for Fitted<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn classes(&self) -> &[String] {
        &self.learnt.classes
    }

    fn predict(&self, beats: &Beats<'_>) -> Result<Said, EcgError> {
        let seen = self.learnt.inputs.see(beats)?;
        let mut said = predict(&self.network, &self.learnt.inputs, beats, &seen);
        adjust(&mut said.classes, &self.learnt.shares, self.learnt.parameters.course().adjustment);
        if self.learnt.parameters.noise_weight() <= 0.0 {
            // Nobody has taught the second head.
            said.noise = None;
        }
        Ok(said)
    }

    fn bank(&self) -> Option<&Bank> {
        self.learnt.inputs.bank.as_ref()
    }

    fn save(&self, path: &Path) -> Result<(), EcgError> {
        let tensors = Archive::new().with("network", &self.network);
        artefact::save_with(M::NAME, &self.learnt, &tensors, path)
    }
}

/// The network on the device it is trained on.
fn device() -> Device {
    Device::flex()
}
