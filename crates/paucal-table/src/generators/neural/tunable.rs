//! Ranges that the networks share.

use paucal_tune::{Distribution, Space, Value};

use super::batch_and_pac;
use crate::generator::Facts;

/// Steps whose default is beyond what is tried on small tables.
const DEFAULT_STEPS: i64 = 5_000;

/// Optimiser steps and rows per step. Small tables need fewer steps: at a batch of a quarter of the rows, 2,500 steps
/// show every row 600 times.
pub fn budget(space: Space, facts: &Facts) -> Space {
    let most = (2_500 + facts.rows as i64).min(6_000);
    let space = space
        .with(
            "steps",
            Distribution::log_int(500, most),
            "training too short is the commonest fault; too long memorises small tables",
        )
        .starting("steps", &Value::Int(most.min(DEFAULT_STEPS)));
    batch(space, facts)
}

/// Rows that a trial learns from: an inner split holds back three tenths.
pub fn inner_rows(facts: &Facts) -> usize {
    facts.rows * 7 / 10
}

/// Rows per step, in tens, so that it divides by every pac.
pub fn batch(space: Space, facts: &Facts) -> Space {
    let most = (facts.rows as i64 / 4).clamp(20, 500) / 10 * 10;
    let (default, _) = batch_and_pac(inner_rows(facts), 0, 10);
    space
        .with(
            "batch",
            Distribution::int(20, most, 10),
            "at most a quarter of the rows; a multiple of every pac",
        )
        .starting("batch", &Value::Int((default as i64 / 10 * 10).clamp(20, most)))
}

/// Adam's learning rate.
pub fn rate() -> Distribution {
    Distribution::log_float(5e-5, 2e-3)
}

/// Width and number of the hidden layers of a part: `PART.width` and `PART.depth`, which together give `PART`.
pub fn layers(space: Space, part: &str) -> Space {
    let widths = [64, 128, 256].map(Value::Int).to_vec();
    space
        .with(
            &format!("{part}.width"),
            Distribution::Categorical { choices: widths },
            "units per hidden layer; wide ones cost time",
        )
        .with(&format!("{part}.depth"), Distribution::int(1, 3, 1), "hidden layers")
}
