//! Parzen estimators: a mixture with one product of kernels per observation, and one wide kernel as the prior.

use std::collections::BTreeMap;

use paucal_core::Stream;

use super::truncated::{ln_density, ln_mass, quantile};
use crate::distribution::Distribution;

/// Weight of the prior kernel beside observations of weight 1.
const PRIOR_WEIGHT: f64 = 1.0;

/// Observations that keep their full weight; older ones fade.
const FULL_WEIGHT: usize = 25;

/// The kernels of one parameter, one per observation and, last, the prior's.
#[derive(Debug, Clone, PartialEq)]
enum Kernels {
    /// Normal kernels cut to the domain, on the logarithm for logarithmic ranges.
    Numeric { kernels: Vec<Kernel>, domain: Domain },
    /// Probabilities of the choices, kernel by kernel.
    Categorical { rows: Vec<Vec<f64>> },
}

/// A normal kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Kernel {
    centre: f64,
    width: f64,
    /// Logarithm of the share that lies in the domain.
    ln_whole: f64,
}

/// A numeric range as the kernels see it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Domain {
    low: f64,
    high: f64,
    step: Option<f64>,
    log: bool,
}

impl Domain {
    fn of(distribution: &Distribution) -> Option<Self> {
        match distribution {
            Distribution::Float { low, high, log, step } => {
                Some(Self { low: *low, high: *high, step: *step, log: *log })
            }
            Distribution::Int { low, high, log, step } => {
                Some(Self { low: *low as f64, high: *high as f64, step: Some(*step as f64), log: *log })
            }
            Distribution::Categorical { .. } => None,
        }
    }

    fn warp(self, x: f64) -> f64 {
        if self.log { x.ln() } else { x }
    }

    /// The ends of the kernels' world: a grid point stands for half a step to both sides.
    fn ends(self) -> (f64, f64) {
        let half = self.step.unwrap_or(0.0) / 2.0;
        (self.warp(self.low - half), self.warp(self.high + half))
    }

    fn kernel(self, centre: f64, width: f64) -> Kernel {
        let (low, high) = self.ends();
        Kernel { centre, width, ln_whole: ln_mass((low - centre) / width, (high - centre) / width) }
    }

    /// Logarithm of a kernel's density, or of its mass around a grid point.
    fn ln_kernel(self, x: f64, kernel: &Kernel) -> f64 {
        let z = |x: f64| (self.warp(x) - kernel.centre) / kernel.width;
        match self.step {
            None if x < self.low || x > self.high => f64::NEG_INFINITY,
            None => ln_density(z(x)) - kernel.ln_whole - kernel.width.ln(),
            Some(step) => ln_mass(z(x - step / 2.0), z(x + step / 2.0)) - kernel.ln_whole,
        }
    }

    fn draw(self, kernel: &Kernel, stream: &mut Stream) -> f64 {
        let (low, high) = self.ends();
        let z = |x: f64| (x - kernel.centre) / kernel.width;
        let x = quantile(stream.uniform(), z(low), z(high)) * kernel.width + kernel.centre;
        let x = if self.log { x.exp() } else { x };
        let x = match self.step {
            Some(step) => self.low + ((x - self.low) / step).round() * step,
            None => x,
        };
        x.clamp(self.low, self.high)
    }
}

/// A density over some parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Parzen {
    ln_weights: Vec<f64>,
    names: Vec<String>,
    kernels: Vec<Kernels>,
}

impl Parzen {
    /// From observations (internal values by parameter, oldest first) of a space.
    pub fn new(space: &[(&str, &Distribution)], observations: &[BTreeMap<String, f64>]) -> Self {
        let mut weights = weights(observations.len());
        weights.push(PRIOR_WEIGHT);
        let total: f64 = weights.iter().sum();
        let kernels = space.iter().map(|(name, distribution)| {
            let values: Vec<f64> = observations.iter().map(|o| o[*name]).collect();
            Kernels::new(distribution, &values)
        });
        Self {
            ln_weights: weights.iter().map(|weight| (weight / total).ln()).collect(),
            names: space.iter().map(|(name, _)| (*name).to_owned()).collect(),
            kernels: kernels.collect(),
        }
    }

    /// Draws internal values: one kernel index for all parameters.
    pub fn draw(&self, stream: &mut Stream) -> BTreeMap<String, f64> {
        let weights: Vec<f64> = self.ln_weights.iter().map(|w| w.exp()).collect();
        let kernel = stream.weighted(&weights);
        let draw = |kernels: &Kernels, stream: &mut Stream| match kernels {
            Kernels::Numeric { kernels, domain } => domain.draw(&kernels[kernel], stream),
            Kernels::Categorical { rows } => stream.weighted(&rows[kernel]) as f64,
        };
        self.names.iter().zip(&self.kernels).map(|(name, k)| (name.clone(), draw(k, stream))).collect()
    }

    /// Logarithm of the density at a point.
    pub fn ln_density(&self, point: &BTreeMap<String, f64>) -> f64 {
        let mut sums = self.ln_weights.clone();
        for (name, kernels) in self.names.iter().zip(&self.kernels) {
            let x = point[name];
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum += match kernels {
                    Kernels::Numeric { kernels, domain } => domain.ln_kernel(x, &kernels[i]),
                    Kernels::Categorical { rows } => rows[i][x as usize].ln(),
                };
            }
        }
        ln_sum_exp(&sums)
    }
}

impl Kernels {
    fn new(distribution: &Distribution, values: &[f64]) -> Self {
        match (distribution, Domain::of(distribution)) {
            (_, Some(domain)) => Self::numeric(domain, values),
            (Distribution::Categorical { choices }, None) => Self::categorical(choices.len(), values),
            _ => unreachable!("only categories have no domain"),
        }
    }

    fn numeric(domain: Domain, values: &[f64]) -> Self {
        let (low, high) = domain.ends();
        let centres: Vec<f64> = values.iter().map(|&x| domain.warp(x)).collect();
        let count = (values.len() + 1) as f64;
        let narrowest = (high - low) / (1.0 + count).min(100.0);
        let widths = gaps(&centres, low, high).into_iter().map(|width| width.clamp(narrowest, high - low));
        let prior = domain.kernel(0.5 * (low + high), high - low);
        let kernels = centres.iter().zip(widths).map(|(&centre, width)| domain.kernel(centre, width));
        Self::Numeric { kernels: kernels.chain([prior]).collect(), domain }
    }

    fn categorical(choices: usize, values: &[f64]) -> Self {
        let kernels = values.len() + 1;
        let base = PRIOR_WEIGHT / kernels as f64;
        let row = |&value: &f64| {
            let mut row = vec![base; choices];
            row[value as usize] += 1.0;
            let total: f64 = row.iter().sum();
            row.iter_mut().for_each(|p| *p /= total);
            row
        };
        let prior = vec![1.0 / choices as f64; choices];
        Self::Categorical { rows: values.iter().map(row).chain([prior]).collect() }
    }
}

/// The larger of the gaps to both neighbours; the ends of the domain count as neighbours of the outermost only when
/// there is a single value.
fn gaps(centres: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..centres.len()).collect();
    order.sort_by(|&a, &b| centres[a].total_cmp(&centres[b]));
    let mut widths = vec![0.0; centres.len()];
    for (rank, &i) in order.iter().enumerate() {
        let below = rank.checked_sub(1).map(|r| centres[i] - centres[order[r]]);
        let above = order.get(rank + 1).map(|&r| centres[r] - centres[i]);
        widths[i] = match (below, above) {
            (Some(below), Some(above)) => below.max(above),
            (Some(gap), None) | (None, Some(gap)) => gap,
            (None, None) => (centres[i] - low).max(high - centres[i]),
        };
    }
    widths
}

/// 1 for the latest [`FULL_WEIGHT`] observations; before them a ramp that rises from 1/n.
fn weights(n: usize) -> Vec<f64> {
    let fading = n.saturating_sub(FULL_WEIGHT);
    let start = 1.0 / n.max(1) as f64;
    let ramp = |i: usize| {
        if fading < 2 { start } else { start + (1.0 - start) * i as f64 / (fading - 1) as f64 }
    };
    (0..fading).map(ramp).chain(std::iter::repeat_n(1.0, n - fading)).collect()
}

fn ln_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    values.iter().map(|value| (value - largest).exp()).sum::<f64>().ln() + largest
}
