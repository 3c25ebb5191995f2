//! When to say nothing.
//!
//! A beat goes to review, class [`REVIEW`], if a gate holds it back: its signal is poor, the model is not
//! confident, nothing that the model knows resembles it, or the classes that cannot be excluded at a stated
//! error rate are not exactly one ([`Conformal`]). Each decision says which.
//!
//! ```
//! use ndarray::array;
//! use paucal_signal::ecg::gate::{Gates, Held, Measured};
//!
//! let probabilities = array![[0.9, 0.1], [0.55, 0.45], [0.9, 0.1]];
//! let measured = Measured { probabilities: probabilities.view(), noise_score: &[0.1, 0.1, 1.5], noise_probability: None,
//!     similarity: None };
//! let decisions = Gates::default().decide(&measured, None)?;
//! assert_eq!(decisions[0].class, Some(0));
//! assert_eq!((decisions[1].class, decisions[1].held), (None, Held::UNSURE));
//! assert_eq!((decisions[2].class, decisions[2].held), (None, Held::NOISE));
//! # Ok::<(), paucal_signal::ecg::EcgError>(())
//! ```

mod conformal;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

pub use self::conformal::{Calibrated, ClassThreshold, Conformal};
use super::classify::Beats;
use super::error::{EcgError, require};
use super::labels::LabelMap;

/// Number of a beat that is left to a person.
pub const REVIEW: i32 = -99;

/// Its name.
pub const REVIEW_NAME: &str = "Unknown/Review";

/// How much beats resemble what a model knows. Models with a bank of prototypes implement it.
pub trait Similarity: Send + Sync {
    /// Cosine of each selected beat with the most similar prototype, -1 to 1.
    fn best(&self, beats: &Beats<'_>) -> Result<Vec<f64>, EcgError>;
}

/// Why a beat is held back: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held;

impl Held {
    /// The signal is poor.
    pub const NOISE: u8 = 1;
    /// The most probable class is not probable enough.
    pub const UNSURE: u8 = 2;
    /// No prototype is similar.
    pub const STRANGE: u8 = 4;
    /// Several classes, or none, are left at the stated error rate.
    pub const AMBIGUOUS: u8 = 8;

    /// Bits and their words.
    pub const WORDS: [(u8, &'static str); 4] = [
        (Self::NOISE, "poor signal"),
        (Self::UNSURE, "low confidence"),
        (Self::STRANGE, "unlike anything known"),
        (Self::AMBIGUOUS, "several classes possible"),
    ];

    /// The words of a set, in order.
    pub fn words(set: u8) -> Vec<&'static str> {
        Self::WORDS.iter().filter(|(bit, _)| set & bit != 0).map(|(_, word)| *word).collect()
    }
}

/// Fixed thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gates {
    /// Least probability of the most probable class.
    pub confidence: f64,
    /// Noise score from which on a beat is held back; 1 is where the preparation flags it.
    pub noise_score: f64,
    /// Probability of noise beyond which a beat is held back, where a model states one.
    pub noise_probability: f64,
    /// Least similarity with a prototype, where one is measured.
    pub similarity: f64,
}

impl Default for Gates {
    fn default() -> Self {
        Self { confidence: 0.6, noise_score: 1.0, noise_probability: 0.55, similarity: 0.2 }
    }
}

/// What the gates look at, beat by beat.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Probabilities, beats × classes.
    pub probabilities: ArrayView2<'a, f64>,
    /// Noise scores.
    pub noise_score: &'a [f32],
    /// Probabilities of noise, if the model states them.
    pub noise_probability: Option<&'a [f64]>,
    /// Similarities with prototypes, if there are any.
    pub similarity: Option<&'a [f64]>,
}

/// What is said of a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Its class, or none: review.
    pub class: Option<u16>,
    /// What held it back, a set of [`Held`].
    pub held: u8,
}

impl Decision {
    /// The number of the class, or [`REVIEW`].
    pub fn id(self, labels: &LabelMap) -> i32 {
        self.class.map_or(REVIEW, |class| labels.id(Some(class)))
    }
}

impl Gates {
    /// Whether the thresholds are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        require((0.0..=1.0).contains(&self.confidence), "confidence", self.confidence, "between 0 and 1")?;
        require(self.noise_score > 0.0, "noise_score", self.noise_score, "above 0")?;
        let noise = self.noise_probability;
        require((0.0..=1.0).contains(&noise), "noise_probability", noise, "between 0 and 1")?;
        require((-1.0..=1.0).contains(&self.similarity), "similarity", self.similarity, "between -1 and 1")
    }

    /// Decides on every beat, with calibrated thresholds if there are any.
    pub fn decide(
        &self,
        of: &Measured<'_>,
        calibrated: Option<&Calibrated>,
    ) -> Result<Vec<Decision>, EcgError> {
        self.check()?;
        let (beats, classes) = of.probabilities.dim();
        let given = |of: Option<&[f64]>| of.map_or(beats, <[f64]>::len);
        let lengths = [of.noise_score.len(), given(of.similarity), given(of.noise_probability)];
        let known = calibrated.map_or(classes, |c| c.thresholds.len());
        if lengths.iter().any(|&n| n != beats) || known != classes || classes == 0 {
            let message = format!(
                "{beats} beats of {classes} classes have {} noise scores, {} similarities and {known} thresholds",
                lengths[0], lengths[1]
            );
            return Err(EcgError::beats(message, "hand over measures of the same beats, in the same order"));
        }
        let top = paucal_learn::most_probable(of.probabilities);
        let decide = |(i, top): (usize, usize)| {
            let p = of.probabilities.row(i);
            let mut held = 0;
            let mut hold = |holds: bool, why: u8| held |= if holds { why } else { 0 };
            // Asked as what passes, so that NaN holds a beat back.
            let clean = f64::from(of.noise_score[i]) < self.noise_score
                && of.noise_probability.is_none_or(|noise| noise[i] <= self.noise_probability);
            let sure = p[top] >= self.confidence;
            let known = of.similarity.is_none_or(|similarity| similarity[i] >= self.similarity);
            hold(!clean, Held::NOISE);
            hold(!sure, Held::UNSURE);
            hold(!known, Held::STRANGE);
            let mut class = Some(top as u16);
            if let Some(calibrated) = calibrated {
                let possible = calibrated.possible(p);
                hold(possible.len() != 1, Held::AMBIGUOUS);
                class = possible.first().map(|&class| class as u16);
            }
            Decision { class: class.filter(|_| held == 0), held }
        };
        Ok(top.into_iter().enumerate().map(decide).collect())
    }
}

#[cfg(test)]
mod tests;
