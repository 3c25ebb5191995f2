//! Binned distributions of each column, real beside synthetic beside held-out: what the report draws.
//!
//! Only counts of bins leave this module, never values of single patients.

use paucal_data::{Column, MISSING, Table};
use serde::{Deserialize, Serialize};

use super::view;

/// Bins of a number column.
const BINS: usize = 24;
/// Levels drawn before the rest is pooled under "other".
const LEVELS: usize = 20;

/// The distribution of one column on all sides; shares of the non-missing rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Column name.
    pub column: String,
    /// Bin edges (numbers) or level names.
    pub bins: Bins,
    /// Share of the real rows in each bin.
    pub real: Vec<f64>,
    /// Share of the synthetic rows in each bin.
    pub synthetic: Vec<f64>,
    /// Share of the held-out real rows in each bin.
    pub holdout: Option<Vec<f64>>,
}

/// What the bins are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bins {
    /// Edges of equal-width bins, one more than bins, ascending.
    Edges(Vec<f64>),
    /// Names of levels.
    Levels(Vec<String>),
}

/// The shapes of all modelled columns. The tables share one schema.
pub(super) fn shapes(real: &Table, synthetic: &Table, holdout: Option<&Table>) -> Vec<Shape> {
    let mut held = holdout.map(view::columns);
    view::columns(real)
        .zip(view::columns(synthetic))
        .filter_map(|(r, s)| shape(r, s, held.as_mut().and_then(Iterator::next)))
        .collect()
}

fn shape(real: Column<'_>, synthetic: Column<'_>, holdout: Option<Column<'_>>) -> Option<Shape> {
    let column = real.spec.name.clone();
    if let Some(numbers) = real.numbers() {
        let all = [Some(numbers), synthetic.numbers(), holdout.and_then(|h| h.numbers())];
        let present = || all.iter().flatten().flat_map(|v| v.iter().copied()).filter(|x| !x.is_nan());
        let (low, high) =
            (present().fold(f64::INFINITY, f64::min), present().fold(f64::NEG_INFINITY, f64::max));
        if low > high {
            return None;
        }
        let shares = |values: &[f64]| number_shares(values, low, high);
        let width = (high - low) / BINS as f64;
        return Some(Shape {
            column,
            bins: Bins::Edges((0..=BINS).map(|i| low + width * i as f64).collect()),
            real: shares(numbers),
            synthetic: shares(synthetic.numbers()?),
            holdout: holdout.and_then(|h| h.numbers()).map(shares),
        });
    }
    let levels = real.spec.kind.levels()?;
    let counted = level_counts(real.codes()?, levels.len());
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(counted[i]));
    let shown = &order[..order.len().min(LEVELS)];
    let mut names: Vec<String> = shown.iter().map(|&i| levels[i].clone()).collect();
    let pooled = order.len() > LEVELS;
    if pooled {
        names.push(format!("{} other levels", order.len() - LEVELS));
    }
    let shares = |codes: &[u32]| level_shares(&level_counts(codes, levels.len()), shown, pooled);
    Some(Shape {
        column,
        bins: Bins::Levels(names),
        real: shares(real.codes()?),
        synthetic: shares(synthetic.codes()?),
        holdout: holdout.and_then(|h| h.codes()).map(shares),
    })
}

fn number_shares(values: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut counts = vec![0_usize; BINS];
    for x in values.iter().filter(|x| !x.is_nan()) {
        let position = if high > low { (x - low) / (high - low) * BINS as f64 } else { 0.0 };
        counts[(position as usize).min(BINS - 1)] += 1;
    }
    normalised(&counts)
}

fn level_counts(codes: &[u32], levels: usize) -> Vec<usize> {
    let mut counts = vec![0; levels];
    for &code in codes.iter().filter(|&&code| code != MISSING) {
        counts[code as usize] += 1;
    }
    counts
}

fn level_shares(counts: &[usize], shown: &[usize], pooled: bool) -> Vec<f64> {
    let mut picked: Vec<usize> = shown.iter().map(|&i| counts[i]).collect();
    if pooled {
        let drawn: usize = picked.iter().sum();
        picked.push(counts.iter().sum::<usize>() - drawn);
    }
    normalised(&picked)
}

fn normalised(counts: &[usize]) -> Vec<f64> {
    let total = counts.iter().sum::<usize>().max(1) as f64;
    counts.iter().map(|&count| count as f64 / total).collect()
}
