//! Which parameters decided, by PED-ANOVA: how much the best trials differ from all in each parameter on its own.
//!
//! Watanabe, Bansal and Hutter (2023), *PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
//! Subspaces*, IJCAI (arXiv 2304.10255); parameters that are not in every trial as in its conditional extension (2026,
//! arXiv 2601.20800). Densities are Parzen estimates on a grid of at most 50 points with Scott's bandwidth; the
//! importance is the Pearson divergence of the density of the best tenth from the density of all.

use std::collections::BTreeMap;

use crate::distribution::Distribution;
use crate::sampler::tpe::truncated::ln_mass;
use crate::trial::{Direction, State, Trial};

/// Share of the trials that are the best.
const BEST_SHARE: f64 = 0.1;
/// Points of the grid, at most.
const GRID: usize = 50;
/// Trials below which a range of a parameter says nothing.
const FEWEST: usize = 2;
/// Best trials below which importances are mostly noise.
const RELIABLE: usize = 5;

/// Importances of the parameters of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Importances {
    /// By name, summing to 1 (all zero when nothing can be told), largest first.
    pub shares: Vec<(String, f64)>,
    /// Whether at least five of the trials count as the best, below which the numbers are mostly noise.
    pub reliable: bool,
}

/// The importances in the complete trials with finite values.
pub fn importances(trials: &[Trial], direction: Direction) -> Importances {
    let mut ranked: Vec<(f64, &Trial)> = trials
        .iter()
        .filter(|trial| trial.state == State::Complete)
        .filter_map(|trial| Some((direction.loss(trial.value.filter(|v| v.is_finite())?), trial)))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Ties with the last of the best are among the best.
    let count = (BEST_SHARE * ranked.len() as f64).ceil() as usize;
    let cut =
        count.checked_sub(1).and_then(|last| ranked.get(last)).map_or(f64::NEG_INFINITY, |(loss, _)| *loss);
    let best: Vec<&Trial> = ranked.iter().filter(|(loss, _)| *loss <= cut).map(|(_, t)| *t).collect();
    let all: Vec<&Trial> = ranked.iter().map(|(_, t)| *t).collect();

    let mut raw: BTreeMap<String, f64> = BTreeMap::new();
    for trial in &all {
        for name in trial.parameters.keys() {
            raw.entry(name.clone()).or_default();
        }
    }
    for (name, importance) in &mut raw {
        *importance = if all.len() < 2 { 0.0 } else { divergence(name, &best, &all) };
    }
    let total: f64 = raw.values().sum();
    let mut shares: Vec<(String, f64)> =
        raw.into_iter().map(|(name, x)| (name, if total > 0.0 { x / total } else { 0.0 })).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Importances { shares, reliable: best.len() >= RELIABLE && best.len() < all.len() }
}

/// Sum over the ranges the parameter has had, each with the trials that had it.
fn divergence(name: &str, best: &[&Trial], all: &[&Trial]) -> f64 {
    let mut ranges: Vec<&Distribution> = Vec::new();
    for range in all.iter().filter_map(|t| t.parameters.get(name)).map(|p| &p.distribution) {
        if !ranges.contains(&range) {
            ranges.push(range);
        }
    }
    let within = |trials: &[&Trial], range: &Distribution| -> Vec<f64> {
        let parameters = trials.iter().filter_map(|t| t.parameters.get(name));
        parameters.filter(|p| p.distribution == *range).map(|p| p.internal).collect()
    };
    let part = |range: &Distribution| {
        let (good, any) = (within(best, range), within(all, range));
        if range.is_single() || good.is_empty() || any.len() < FEWEST {
            return 0.0;
        }
        let (good_share, share) =
            (good.len() as f64 / best.len() as f64, any.len() as f64 / all.len() as f64);
        good_share * good_share / share * pearson(&density(range, &good), &density(range, &any))
    };
    ranges.into_iter().map(part).sum()
}

/// Σ q (p / q − 1)².
fn pearson(p: &[f64], q: &[f64]) -> f64 {
    const TINY: f64 = 1e-12;
    p.iter().zip(q).map(|(p, q)| (q + TINY) * ((p + TINY) / (q + TINY) - 1.0).powi(2)).sum()
}

/// A Parzen estimate on the grid of a range.
fn density(range: &Distribution, values: &[f64]) -> Vec<f64> {
    let counts = count(range, values);
    let kernels: f64 = counts.iter().sum::<f64>() + 1.0;
    let seen: Vec<(usize, f64)> = counts.iter().copied().enumerate().filter(|(_, n)| *n > 0.0).collect();
    if matches!(range, Distribution::Categorical { .. }) {
        return categorical(&seen, counts.len(), kernels);
    }
    let width = bandwidth(&seen);
    let high = counts.len() as f64 - 1.0;
    let kernel = |x: f64, centre: f64, width: f64| {
        let z = |x: f64| (x - centre) / width;
        (ln_mass(z(x - 0.5), z(x + 0.5)) - ln_mass(z(-0.5), z(high + 0.5))).exp()
    };
    let at = |x: f64| {
        let sum: f64 = seen.iter().map(|&(i, n)| n * kernel(x, i as f64, width)).sum();
        (sum + kernel(x, high / 2.0, high + 1.0)) / kernels
    };
    (0..counts.len()).map(|x| at(x as f64)).collect()
}

/// Every seen choice is a kernel, smoothed by the prior's weight over their number.
fn categorical(seen: &[(usize, f64)], choices: usize, kernels: f64) -> Vec<f64> {
    let base = 1.0 / (seen.len() + 1) as f64;
    let norm = 1.0 + base * choices as f64;
    let at = |x: usize| {
        let sum: f64 = seen.iter().map(|&(i, n)| n * (base + f64::from(u8::from(i == x))) / norm).sum();
        (sum + 1.0 / choices as f64) / kernels
    };
    (0..choices).map(at).collect()
}

/// How many values lie at each grid point; a value midway between two belongs to the lower.
fn count(range: &Distribution, values: &[f64]) -> Vec<f64> {
    let (low, high, points, log) = match range {
        Distribution::Categorical { choices } => (0.0, choices.len() as f64 - 1.0, choices.len(), false),
        Distribution::Int { low, high, log: true, .. } => {
            let points = ((high - low + 1) as f64).log2().ceil() as usize + 1;
            ((*low as f64).ln(), (*high as f64).ln(), points.min(GRID), true)
        }
        Distribution::Int { low, high, step, .. } => {
            (*low as f64, *high as f64, (((high - low) / step) as usize + 1).min(GRID), false)
        }
        Distribution::Float { low, high, log: true, .. } => (low.ln(), high.ln(), GRID, true),
        Distribution::Float { low, high, step, .. } => {
            let points = step.map_or(GRID, |step| (((high - low) / step).round() as usize + 1).min(GRID));
            (*low, *high, points, false)
        }
    };
    let mut counts = vec![0.0; points];
    let width = (high - low) / (points as f64 - 1.0);
    for &value in values {
        let x = if log { value.ln() } else { value };
        let index = ((x - low) / width - 0.5).ceil().clamp(0.0, points as f64 - 1.0);
        counts[index as usize] += 1.0;
    }
    counts
}

/// Scott's rule on counts: 1.059 min(IQR / 1.34, σ) n^−0.2, at least so wide that 90 % of a kernel fill one cell.
fn bandwidth(seen: &[(usize, f64)]) -> f64 {
    let n: f64 = seen.iter().map(|(_, count)| count).sum();
    let mean = seen.iter().map(|&(i, count)| i as f64 * count).sum::<f64>() / n;
    let squares: f64 = seen.iter().map(|&(i, count)| (i as f64 - mean).powi(2) * count).sum();
    let deviation = (squares / (n - 1.0).max(1.0)).sqrt();
    let mut sum = 0.0;
    let cumulated: Vec<f64> = seen
        .iter()
        .map(|(_, count)| {
            sum += count;
            sum
        })
        .collect();
    let first = cumulated.partition_point(|&c| c < (n / 4.0).floor());
    let third = cumulated.partition_point(|&c| c <= (n * 3.0 / 4.0).floor()).min(seen.len() - 1);
    let range = seen[third].0 as f64 - seen[first].0 as f64;
    (1.059 * (range / 1.34).min(deviation) * n.powf(-0.2)).max(0.5 / 1.64)
}
