//! Beats with a class, predicted by a model that has not met their patients.

use ndarray::{Array2, Axis};
use paucal_core::Seed;
use paucal_evidence::significance::Bootstrap;
use serde::{Deserialize, Serialize};

use crate::ecg::error::EcgError;
use crate::ecg::evaluate::{BeatScores, Judged, judge};
use crate::ecg::gate::{Calibrated, Conformal, Gates, Measured};
use crate::ecg::prepare::Prepared;

/// What is left when doubtful beats go to a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gated {
    /// Share of the beats that were held back.
    pub review_rate: f64,
    /// Share of wrong classes among all beats when nothing is held back.
    pub error_before: f64,
    /// Share of wrong classes among the beats that passed; none if none did.
    pub error_after: Option<f64>,
    /// Share of all wrong classes that the gates caught; none if all are right.
    pub errors_caught: Option<f64>,
    /// Share of each class that was held back, in the order of the classes; none without a beat of it.
    pub review_rate_by_class: Vec<Option<f64>>,
}

/// Such beats, in order of time.
pub(super) struct Unseen {
    rows: Vec<usize>,
    patient: Vec<usize>,
    reference: Vec<Option<u16>>,
    probabilities: Array2<f64>,
}

impl Unseen {
    /// Beats of a preparation, with their probabilities (beats × classes).
    pub fn new(prepared: &Prepared, rows: Vec<usize>, probabilities: Array2<f64>) -> Self {
        Self {
            patient: rows.iter().map(|&row| prepared.record_of(row).patient).collect(),
            reference: rows.iter().map(|&row| prepared.beats[row].class).collect(),
            rows,
            probabilities,
        }
    }

    /// All of them; none of nothing.
    pub fn join(parts: impl Iterator<Item = Self>) -> Result<Option<Self>, EcgError> {
        let mut all: Option<Self> = None;
        for part in parts {
            match &mut all {
                None => all = Some(part),
                Some(all) => {
                    all.rows.extend(part.rows);
                    all.patient.extend(part.patient);
                    all.reference.extend(part.reference);
                    all.probabilities
                        .append(Axis(0), part.probabilities.view())
                        .map_err(|error| EcgError::beats(error.to_string(), "check the classifier"))?;
                }
            }
        }
        Ok(all)
    }

    /// Thresholds at a stated error rate.
    pub fn calibrate(&self, rule: &Conformal) -> Result<Calibrated, EcgError> {
        rule.calibrate(self.probabilities.view(), &self.reference, &self.patient)
    }

    /// What the gates hold back, and what that is worth.
    pub fn gated(
        &self,
        prepared: &Prepared,
        gates: &Gates,
        calibrated: Option<&Calibrated>,
    ) -> Result<Gated, EcgError> {
        let noise_score: Vec<f32> = self.rows.iter().map(|&row| prepared.beats[row].noise_score).collect();
        let measured = Measured {
            probabilities: self.probabilities.view(),
            noise_score: &noise_score,
            noise_probability: None,
            similarity: None,
        };
        let held: Vec<bool> =
            gates.decide(&measured, calibrated)?.iter().map(|decision| decision.class.is_none()).collect();
        let top = paucal_learn::most_probable(self.probabilities.view());
        let wrong: Vec<bool> =
            top.iter().zip(&self.reference).map(|(&top, reference)| *reference != Some(top as u16)).collect();
        let all = 0..self.rows.len();
        let share = |of: &dyn Fn(usize) -> bool, among: &dyn Fn(usize) -> bool| {
            let there = all.clone().filter(|&i| among(i)).count();
            (there > 0).then(|| all.clone().filter(|&i| among(i) && of(i)).count() as f64 / there as f64)
        };
        let any = |_| true;
        let of_class =
            |class: usize| share(&|i| held[i], &|i| self.reference[i].map(usize::from) == Some(class));
        Ok(Gated {
            review_rate: share(&|i| held[i], &any).unwrap_or(0.0),
            error_before: share(&|i| wrong[i], &any).unwrap_or(0.0),
            error_after: share(&|i| wrong[i], &|i| !held[i]),
            errors_caught: share(&|i| held[i], &|i| wrong[i]),
            review_rate_by_class: (0..self.probabilities.ncols()).map(of_class).collect(),
        })
    }

    /// Scores of the most probable classes.
    pub fn scores(
        &self,
        prepared: &Prepared,
        bootstrap: &Bootstrap,
        seed: Seed,
    ) -> Result<BeatScores, EcgError> {
        let classes: Vec<String> = prepared.labels.classes.iter().map(|class| class.name.clone()).collect();
        let top = paucal_learn::most_probable(self.probabilities.view());
        let judged = Judged {
            classes: &classes,
            patients: &prepared.patients,
            patient: &self.patient,
            reference: &self.reference,
            predicted: &top.into_iter().map(|class| Some(class as u16)).collect::<Vec<_>>(),
            probabilities: Some(self.probabilities.view()),
        };
        Ok(judge(&judged, bootstrap, seed)?.beats)
    }
}
