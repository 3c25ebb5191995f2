//! Cross-validation of beat classifiers, patient by patient.
//!
//! Patients are dealt to folds ([`split::folds`](super::split::folds)); each fold is predicted by a model that
//! has seen none of its patients, and all predictions are judged together. [`Folds::LeakyRandom`] deals beats
//! instead: neighbours of a beat are then learnt from, and the scores are those of a model that has met every
//! patient. It is there to show the difference, and for nothing else.

use ndarray::{Array2, Axis};
use paucal_core::parallel::apart;
use paucal_core::{Event, Observer, Seed, Silent};
use paucal_evidence::significance::Bootstrap;
use serde::{Deserialize, Serialize};

use super::classify::{BeatClassifier, Beats, TrainingBeats};
use super::error::{EcgError, require};
use super::evaluate::{Evaluation, Judged, judge};
use super::split::{Counted, folds};

/// Name of the stage in progress events.
const STAGE: &str = "cross-validate beats";

/// What is dealt to folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folds {
    /// Patients, with all their beats.
    #[default]
    Patients,
    /// Beats, whosever they are: a leak.
    LeakyRandom,
}

/// Parameters of a cross-validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrossValidation {
    /// Number of folds; at most as many as patients.
    pub folds: usize,
    /// What is dealt.
    pub by: Folds,
    /// Intervals of the scores.
    pub bootstrap: Bootstrap,
}

impl Default for CrossValidation {
    fn default() -> Self {
        Self { folds: 5, by: Folds::Patients, bootstrap: Bootstrap::default() }
    }
}

/// Predictions of every beat by a model that was not fitted to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Validated {
    /// The beats that have a class, as positions among all; everything else is in this order.
    pub rows: Vec<usize>,
    /// The class of each.
    pub reference: Vec<Option<u16>>,
    /// The patient of each.
    pub patient: Vec<usize>,
    /// The fold of each.
    pub fold: Vec<usize>,
    /// Probabilities, beats × classes.
    pub probabilities: Array2<f64>,
    /// How right they are.
    pub evaluation: Evaluation,
}

/// Cross-validates a classifier on the selected beats that have a class. `patients` are the names of the
/// patients that the recordings refer to. The result does not depend on the number of threads.
pub fn cross_validate(
    classifier: &dyn BeatClassifier,
    beats: &Beats<'_>,
    classes: &[String],
    patients: &[String],
    options: &CrossValidation,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Validated, EcgError> {
    classifier.check()?;
    let all = TrainingBeats::new(beats, classes)?;
    let patient_of = beats.patients();
    let patient: Vec<usize> = all.beats.rows.iter().map(|&row| patient_of[row]).collect();
    if let Some(unknown) = patient.iter().find(|&&p| p >= patients.len()) {
        return Err(EcgError::beats(format!("there is no patient {unknown}"), "name all patients"));
    }
    let fold = deal(&all, &patient, options, seed)?;
    observer.event(Event::Started { stage: STAGE.into(), total: Some(options.folds as u64) });
    let done = std::sync::atomic::AtomicU64::new(0);
    let parts: Vec<Result<Part, EcgError>> = apart(options.folds, |held| {
        let part = one_fold(classifier, &all, &fold, held, seed, observer);
        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        observer.event(Event::Progress { stage: STAGE.into(), done });
        part
    });
    let mut probabilities = Array2::zeros((all.beats.len(), classes.len()));
    for part in parts {
        let part = part?;
        for (&at, row) in part.held.iter().zip(part.probabilities.axis_iter(Axis(0))) {
            probabilities.row_mut(at).assign(&row);
        }
    }
    observer.event(Event::Finished { stage: STAGE.into() });
    let reference: Vec<Option<u16>> = all.classes.iter().map(|&class| Some(class as u16)).collect();
    let top = paucal_learn::most_probable(probabilities.view());
    let judged = Judged {
        classes,
        patients,
        patient: &patient,
        reference: &reference,
        predicted: &top.into_iter().map(|class| Some(class as u16)).collect::<Vec<_>>(),
        probabilities: Some(probabilities.view()),
    };
    let evaluation = judge(&judged, &options.bootstrap, seed.child("ecg/validate/judge", 0))?;
    Ok(Validated { rows: all.beats.rows, reference, patient, fold, probabilities, evaluation })
}

/// What one fold gives.
struct Part {
    /// Its beats, as positions among those with a class.
    held: Vec<usize>,
    probabilities: Array2<f64>,
}

fn one_fold(
    classifier: &dyn BeatClassifier,
    all: &TrainingBeats<'_>,
    fold: &[usize],
    held: usize,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Part, EcgError> {
    if observer.cancelled() {
        return Err(EcgError::Interrupted);
    }
    let (test, train): (Vec<usize>, Vec<usize>) = (0..fold.len()).partition(|&i| fold[i] == held);
    let rows = |of: &[usize]| of.iter().map(|&i| all.beats.rows[i]).collect();
    let training = TrainingBeats {
        beats: all.beats.select(rows(&train)),
        classes: train.iter().map(|&i| all.classes[i]).collect(),
        names: all.names.clone(),
    };
    let silent = Silent::with_cancel(observer.cancel().clone());
    let fitted = classifier.fit(&training, seed.child("ecg/validate/fold", held as u64), &silent)?;
    let probabilities = fitted.predict_proba(&all.beats.select(rows(&test)))?;
    Ok(Part { held: test, probabilities })
}

/// The fold of each beat.
fn deal(
    all: &TrainingBeats<'_>,
    patient: &[usize],
    options: &CrossValidation,
    seed: Seed,
) -> Result<Vec<usize>, EcgError> {
    match options.by {
        Folds::Patients => {
            let count = patient.iter().max().map_or(0, |p| p + 1);
            let mut counted: Vec<Counted> =
                (0..count).map(|patient| Counted { patient, counts: vec![0; all.names.len()] }).collect();
            for (&patient, &class) in patient.iter().zip(&all.classes) {
                counted[patient].counts[class] += 1;
            }
            let of_patient = folds(&counted, options.folds, seed)?;
            Ok(patient.iter().map(|&p| of_patient[p]).collect())
        }
        Folds::LeakyRandom => {
            let beats = patient.len();
            let range = "at least 2 and at most the number of beats";
            require((2..=beats).contains(&options.folds), "folds", options.folds, range)?;
            let mut fold = vec![0; beats];
            let order = seed.stream("ecg/validate/leaky", 0).permutation(beats);
            order.into_iter().enumerate().for_each(|(at, beat)| fold[beat] = at % options.folds);
            Ok(fold)
        }
    }
}
