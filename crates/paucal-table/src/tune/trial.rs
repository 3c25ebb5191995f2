//! One trial: fit, draw, score, split after split.

use paucal_core::{Observer, Seed};
use paucal_data::Table;

use crate::error::TableError;
use crate::generator::{FitContext, Method};
use crate::hold_out::Parts;
use crate::judge::{JudgeOptions, objective};

/// What a trial scored on one inner split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    pub objective: f64,
    pub similarity: f64,
    pub accuracy: f64,
}

impl Score {
    /// The mean of some scores; there is at least one.
    pub fn mean(scores: &[Self]) -> Self {
        let n = scores.len() as f64;
        let mean = |of: fn(&Self) -> f64| scores.iter().map(of).sum::<f64>() / n;
        Self {
            objective: mean(|s| s.objective),
            similarity: mean(|s| s.similarity),
            accuracy: mean(|s| s.accuracy),
        }
    }
}

/// Fits a generator with these parameters on the training side of a split and scores its rows on the other side. A
/// score that cannot be computed is an error, never a number.
pub fn score(
    method: &Method,
    parameters: &toml::Table,
    split: &Parts,
    judge: &JudgeOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Score, TableError> {
    let generator = method.generator(parameters)?;
    let fitted = generator.fit(&split.train, &FitContext::new(seed.child("tune/fit", 0), observer))?;
    let drawn: Table = fitted.sample(split.train.rows(), &[], seed.child("tune/draw", 0))?;
    let scored = objective(&split.train, &split.test, &drawn, judge, seed.child("tune/score", 0))?;
    Ok(Score {
        objective: scored.score.into_result()?,
        similarity: scored.similarity.into_result()?,
        accuracy: scored.accuracy.into_result()?,
    })
}
