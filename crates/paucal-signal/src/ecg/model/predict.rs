//! What a model says of beats.

use ndarray::Array2;

use super::BeatModel;
use crate::ecg::classify::{Beats, Said};
use crate::ecg::error::EcgError;
use crate::ecg::gate::{Decision, Measured, Similarity as _};
use crate::ecg::prepare::Prepared;

/// What is said of each beat of a preparation, in order of `beat_global_id`.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Probabilities, beats × classes.
    pub probabilities: Array2<f64>,
    /// The most probable class.
    pub top: Vec<u16>,
    /// Probability of noise, if the model states it.
    pub noise_probability: Option<Vec<f64>>,
    /// Cosine with the most similar prototype of the model, if it has any.
    pub similarity: Option<Vec<f64>>,
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
        let beats = Beats::of(prepared);
        let Said { classes: probabilities, noise: noise_probability } = self.classifier.predict(&beats)?;
        let noise_score: Vec<f32> = prepared.beats.iter().map(|beat| beat.noise_score).collect();
        let similarity = self.bank().map(|bank| bank.best(&beats)).transpose()?;
        let measured = Measured {
            probabilities: probabilities.view(),
            noise_score: &noise_score,
            noise_probability: noise_probability.as_deref(),
            similarity: similarity.as_deref(),
        };
        let decisions = self.gates.decide(&measured, self.calibrated.as_ref())?;
        let top = paucal_learn::most_probable(probabilities.view()).into_iter().map(|c| c as u16).collect();
        Ok(Prediction { probabilities, top, noise_probability, similarity, decisions })
    }
}
