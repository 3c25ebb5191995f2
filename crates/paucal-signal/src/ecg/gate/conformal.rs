//! Which classes cannot be excluded at a stated error rate.
//!
//! Split conformal prediction (Vovk, Gammerman, Shafer 2005) on patients whom the model has not seen: class c is
//! possible for a beat if its score 1 − p_c is at most the (1 − α) quantile of the scores that beats of class c
//! have there, so that of the beats of every class at most α lose their class, whatever the model. Beats of one
//! patient are no independent draws, so every patient counts once, however many beats there are, and the
//! quantile is corrected for the number of *patients* P: (1 − α)(P + 1) / P, the pooled distribution of Dunn,
//! Wasserman, Ramdas (2022, *Journal of the American Statistical Association*). With fewer than 1/α − 1 patients of
//! a class no threshold can promise α; the largest score seen is taken, and [`ClassThreshold::promised`] says
//! that it is no promise.
//!
//! A class that the model cannot tell would remain possible for nearly every beat, and everything would be left to a
//! person. So a class that would stay possible for more than [`Conformal::most_doubt`] of the beats of other classes is
//! not *guarded*: it stands only where it is the most probable, nothing is promised about it, and the thresholds say so.

// Array views are handles and are passed by value, as ndarray itself does.
#![allow(clippy::needless_pass_by_value)]

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::ecg::error::{EcgError, require};

/// Parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conformal {
    /// Share α of the beats of a class that may lose it.
    pub error_rate: f64,
    /// Share of the beats of other classes for which a guarded class may stay possible, at most.
    pub most_doubt: f64,
}

impl Default for Conformal {
    fn default() -> Self {
        Self { error_rate: 0.1, most_doubt: 0.2 }
    }
}

/// The threshold of one class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassThreshold {
    /// Largest score 1 − p at which the class is still possible; 1 without any beat to calibrate on.
    pub score: f64,
    /// Beats it was calibrated on.
    pub beats: usize,
    /// Patients it was calibrated on.
    pub patients: usize,
    /// Share of the beats of other classes for which it would stay possible; 1 without any beat to calibrate on.
    pub doubt: f64,
    /// Whether it stays possible wherever its threshold says so.
    pub guarded: bool,
    /// Whether it is guarded and the patients are enough for the stated rate.
    pub promised: bool,
}

/// Calibrated thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// The stated error rate.
    pub error_rate: f64,
    /// One for each class.
    pub thresholds: Vec<ClassThreshold>,
}

impl Conformal {
    /// Calibrates on probabilities (beats × classes) of beats that the model was not fitted to, with the class
    /// and the patient of each.
    pub fn calibrate(
        &self,
        probabilities: ArrayView2<'_, f64>,
        reference: &[Option<u16>],
        patient: &[usize],
    ) -> Result<Calibrated, EcgError> {
        let range = "above 0 and below 1";
        require(self.error_rate > 0.0 && self.error_rate < 1.0, "error_rate", self.error_rate, range)?;
        let (beats, classes) = probabilities.dim();
        if reference.len() != beats || patient.len() != beats {
            let (r, p) = (reference.len(), patient.len());
            let message = format!("{beats} beats have {r} classes and {p} patients");
            return Err(EcgError::beats(message, "calibrate on beats of known class and patient"));
        }
        if probabilities.iter().any(|p| !(0.0..=1.0).contains(p)) {
            return Err(EcgError::beats("a probability is not between 0 and 1", "check the classifier"));
        }
        let doubt = self.most_doubt;
        require((0.0..=1.0).contains(&doubt), "most_doubt", doubt, "between 0 and 1")?;
        let of_class = |class: usize| {
            let (own, others): (Vec<usize>, Vec<usize>) = (0..beats)
                .filter(|&i| reference[i].is_some())
                .partition(|&i| reference[i].map(usize::from) == Some(class));
            let score = |i: usize| 1.0 - probabilities[[i, class]];
            let mut found = threshold(own.iter().map(|&i| (patient[i], score(i))).collect(), self.error_rate);
            let left = others.iter().filter(|&&i| score(i) <= found.score).count();
            found.doubt = left as f64 / others.len().max(1) as f64;
            if found.beats == 0 {
                found.doubt = 1.0;
            }
            found.guarded = found.beats > 0 && found.doubt <= doubt;
            found.promised &= found.guarded;
            found
        };
        Ok(Calibrated { error_rate: self.error_rate, thresholds: (0..classes).map(of_class).collect() })
    }
}

/// The corrected quantile of scores, every patient of weight 1.
fn threshold(mut scores: Vec<(usize, f64)>, error_rate: f64) -> ClassThreshold {
    let mut counts = std::collections::BTreeMap::new();
    scores.iter().for_each(|(patient, _)| *counts.entry(*patient).or_insert(0_usize) += 1);
    let (beats, patients) = (scores.len(), counts.len());
    let wanted = (1.0 - error_rate) * (patients + 1) as f64;
    scores.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut held = 0.0;
    let mut score = scores.last().map_or(1.0, |(_, score)| *score);
    for (patient, value) in scores {
        held += 1.0 / counts[&patient] as f64;
        // A sum of fractions may fall short by a rounding.
        if held >= wanted - 1e-9 {
            score = value;
            break;
        }
    }
    let promised = wanted <= patients as f64 + 1e-9 && patients > 0;
    ClassThreshold { score, beats, patients, doubt: 1.0, guarded: false, promised }
}

impl Calibrated {
    /// The classes that a beat with these probabilities can have, the most probable first.
    pub fn possible(&self, probabilities: ArrayView1<'_, f64>) -> Vec<usize> {
        let top = (0..probabilities.len())
            .fold(0, |top, class| if probabilities[class] > probabilities[top] { class } else { top });
        let stands = |class: &usize| {
            let threshold = self.thresholds[*class];
            if threshold.guarded { 1.0 - probabilities[*class] <= threshold.score } else { *class == top }
        };
        let mut left: Vec<usize> = (0..self.thresholds.len()).filter(stands).collect();
        left.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        left
    }
}
