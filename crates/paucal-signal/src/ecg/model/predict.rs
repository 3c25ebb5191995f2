//! What a model says of beats.

use ndarray::Array2;

use super::BeatModel;
use crate::ecg::classify::Beats;
use crate::ecg::error::EcgError;
use crate::ecg::gate::{Decision, Measured};
use crate::ecg::prepare::Prepared;

/// What is said of each beat of a preparation, in order of `beat_global_id`.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Probabilities, beats × classes.
    pub probabilities: Array2<f64>,
    /// The most probable class.
    pub top: Vec<u16>,
    /// The class, or none where a gate holds the beat back.
    pub decisions: Vec<Decision>,
}

impl Prediction {
    /// The probability of the most probable class of a beat.
    pub fn confidence(&self, beat: usize) -> f64 {
        self.probabilities[[beat, usize::from(self.top[beat])]]
    }

    /// The beats that are left to a person.
    pub fn held(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.decisions.len()).filter(|&beat| self.decisions[beat].class.is_none())
    }
}

impl BeatModel {
    /// Classifies every beat.
    pub fn predict(&self, prepared: &Prepared) -> Result<Prediction, EcgError> {
        let probabilities = self.classifier.predict_proba(&Beats::of(prepared))?;
        let noise_score: Vec<f32> = prepared.beats.iter().map(|beat| beat.noise_score).collect();
        let measured =
            Measured { probabilities: probabilities.view(), noise_score: &noise_score, similarity: None };
        let decisions = self.gates.decide(&measured, self.calibrated.as_ref())?;
        let top = paucal_learn::most_probable(probabilities.view()).into_iter().map(|c| c as u16).collect();
        Ok(Prediction { probabilities, top, decisions })
    }
}
