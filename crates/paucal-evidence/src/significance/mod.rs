//! Significance tests and intervals for paired comparisons on few cases. One file per method, plain
//! slices in, small serialisable records out.
//!
//! The tests answer different questions, and none replaces another:
//!
//! | method | a small p-value or an interval without 0 means |
//! |---|---|
//! | [`corrected_t()`] (Nadeau–Bengio) | the difference would show again if training and test sets were drawn anew |
//! | [`sign_flip()`] and [`wilcoxon()`], on means per repeat | the difference is more than luck of split and seed **on these patients** |
//! | [`mcnemar()`] | one arm finds positives the other misses, more often than the other way round |
//! | [`clustered_bootstrap`] | the difference would show again with other patients of the same kind |
//!
//! [`holm()`] corrects p-values for the number of arms; [`detectable`] says what could not have been seen.

pub mod bootstrap;
pub mod corrected_t;
pub mod detectable;
pub mod holm;
pub mod mcnemar;
pub mod sign_flip;
pub mod wilcoxon;

pub use bootstrap::{Bootstrap, BootstrapInterval, IntervalKind, Resampler, clustered_bootstrap};
pub use corrected_t::{CorrectedT, corrected_t};
pub use holm::holm;
pub use mcnemar::{McNemar, mcnemar};
pub use sign_flip::{SignFlip, sign_flip};
pub use wilcoxon::{Wilcoxon, wilcoxon};

use paucal_metrics::Undefined;

/// Refuses infinite and missing numbers, and fewer than `needed` of them.
fn check(values: &[f64], needed: usize) -> paucal_metrics::Result<()> {
    if values.iter().any(|x| !x.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    if values.len() < needed {
        return Err(Undefined::TooFew { needed, found: values.len() });
    }
    Ok(())
}

/// Refuses a share that is not strictly between 0 and 1.
fn check_share(value: f64) -> paucal_metrics::Result<()> {
    if value > 0.0 && value < 1.0 { Ok(()) } else { Err(Undefined::OutOfRange { value }) }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod golden;
