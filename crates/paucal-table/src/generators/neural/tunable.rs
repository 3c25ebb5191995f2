//! Ranges that the networks share.

use paucal_tune::{Distribution, Space, Value};

use crate::generator::Facts;

/// Optimiser steps: a budget, so that one range serves tables of any size.
pub fn steps() -> Distribution {
    Distribution::log_int(1_000, 6_000)
}

/// Adam's learning rate.
pub fn rate() -> Distribution {
    Distribution::log_float(5e-5, 2e-3)
}

/// Rows per step, in tens, so that it divides by every pac.
pub fn batch(facts: &Facts) -> Distribution {
    let most = (facts.rows as i64 / 4).clamp(20, 500);
    Distribution::int(20.min(most), most, 10)
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
