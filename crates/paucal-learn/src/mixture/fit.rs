//! The variational iterations; see the module documentation for the equations.

use std::f64::consts::{LN_2, TAU};

use paucal_core::Seed;
use statrs::function::beta::ln_beta;
use statrs::function::gamma::{digamma, ln_gamma};

use super::{Component, Mixture, MixtureModel, start};
use crate::vector::exp_negative;

/// The starts are compared on at most this many groups of neighbouring values.
const COARSE: usize = 1024;
/// Values handled together in the inner loop.
const CHUNK: usize = 64;
/// Partial sums of the inner loop.
const LANES: usize = 8;

/// Distinct values, ascending, standardised, with their counts.
pub(super) struct Column {
    pub values: Vec<f64>,
    pub counts: Vec<f64>,
    pub total: f64,
}

impl Column {
    /// Groups equal values; also returns the mean and the standard deviation (divisor N − 1) that
    /// were taken out. A constant column has deviation 0 and is not standardised.
    fn new(values: &[f64]) -> (Self, f64, f64) {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let mean = sorted.iter().map(|value| value / n).sum::<f64>();
        let groups: Vec<&[f64]> = sorted.chunk_by(|a, b| a == b).collect();
        let counts: Vec<f64> = groups.iter().map(|group| group.len() as f64).collect();
        let squares: f64 =
            groups.iter().zip(&counts).map(|(g, count)| count * (g[0] - mean) * (g[0] - mean)).sum();
        let deviation = if groups.len() < 2 { 0.0 } else { (squares / (n - 1.0)).sqrt() };
        let values = groups.iter().map(|group| (group[0] - mean) / deviation).collect();
        (Self { values, counts, total: n }, mean, deviation)
    }

    /// Neighbouring values merged into at most `cells` groups of about equal mass.
    fn coarse(&self, cells: usize) -> Self {
        let share = self.total / cells as f64;
        let (mut values, mut counts) = (Vec::with_capacity(cells), Vec::with_capacity(cells));
        let (mut sum, mut mass, mut below) = (0.0, 0.0, 0.0);
        for (i, (value, count)) in self.values.iter().zip(&self.counts).enumerate() {
            sum += value * count;
            mass += count;
            below += count;
            if below >= share * (values.len() + 1) as f64 || i + 1 == self.values.len() {
                values.push(sum / mass);
                counts.push(mass);
                (sum, mass) = (0.0, 0.0);
            }
        }
        Self { values, counts, total: self.total }
    }
}

/// Fits a checked column.
pub(super) fn fit(settings: &Mixture, values: &[f64], seed: Seed) -> MixtureModel {
    let (column, mean, deviation) = Column::new(values);
    if deviation == 0.0 || !deviation.is_finite() || column.values.iter().any(|value| !value.is_finite()) {
        return constant(settings, mean);
    }
    let size = settings.components.min(column.values.len());
    let mut run = if column.values.len() > COARSE {
        let coarse = column.coarse(COARSE);
        let mut run = best_start(settings, &coarse, size, seed);
        run.climb(&coarse, settings, settings.max_iterations);
        Run { bound: f64::NEG_INFINITY, iterations: 0, converged: false, ..run }
    } else {
        best_start(settings, &column, size, seed)
    };
    run.climb(&column, settings, settings.max_iterations);
    MixtureModel {
        components: run.state.components(mean, deviation),
        lower_bound: run.bound,
        iterations: run.iterations,
        converged: run.converged,
    }
}

/// A start on its way up the lower bound.
struct Run {
    state: State,
    bound: f64,
    iterations: usize,
    converged: bool,
}

impl Run {
    /// Iterates until convergence, or until there have been `most` iterations.
    fn climb(&mut self, column: &Column, settings: &Mixture, most: usize) {
        let enough = settings.tolerance * column.total / 1000.0;
        while !self.converged && self.iterations < most {
            let next = self.state.iterate(column, settings);
            self.converged = next - self.bound < enough;
            self.bound = next;
            self.iterations += 1;
        }
    }
}

/// One component that holds everything.
fn constant(settings: &Mixture, mean: f64) -> MixtureModel {
    let only = Component { weight: 1.0, mean, deviation: settings.floor.sqrt(), offset: 0.0 };
    MixtureModel { components: vec![only], lower_bound: 0.0, iterations: 0, converged: true }
}

/// Runs every start for a while and returns the one with the best lower bound; ties go to the first.
fn best_start(settings: &Mixture, column: &Column, size: usize, seed: Seed) -> Run {
    let run = |groups: &[usize]| {
        let state = State::from_groups(column, groups, size, settings);
        let mut run = Run { state, bound: f64::NEG_INFINITY, iterations: 0, converged: false };
        run.climb(column, settings, settings.start_iterations.min(settings.max_iterations));
        run
    };
    let mut best = run(&start::quantile(column, size));
    for restart in 0..settings.restarts {
        let mut stream = seed.stream("mixture/start", restart as u64);
        let other = run(&start::k_means(column, size, &mut stream));
        if other.bound > best.bound {
            best = other;
        }
    }
    best
}

/// Per component: count, mean and mean square deviation of the values assigned to it.
struct Statistics {
    counts: Vec<f64>,
    means: Vec<f64>,
    /// S_k without the floor.
    variances: Vec<f64>,
}

/// The variational posterior, on the standardised scale (m₀ = 0, W₀ = 1).
#[derive(Debug, Clone)]
pub(super) struct State {
    /// a_k and b_k of the stick lengths.
    sticks: Vec<(f64, f64)>,
    /// κ_k, which equals ν_k under the default priors.
    strengths: Vec<f64>,
    means: Vec<f64>,
    variances: Vec<f64>,
}

impl State {
    /// The posterior given hard groups; components in falling order of size.
    pub fn from_groups(column: &Column, groups: &[usize], size: usize, settings: &Mixture) -> Self {
        let mut counts = vec![0.0; size];
        let mut means = vec![0.0; size];
        for ((&k, value), count) in groups.iter().zip(&column.values).zip(&column.counts) {
            counts[k] += count;
            means[k] += count * value;
        }
        means.iter_mut().zip(&counts).for_each(|(mean, count)| *mean /= count.max(1.0));
        let mut variances = vec![0.0; size];
        for ((&k, value), count) in groups.iter().zip(&column.values).zip(&column.counts) {
            variances[k] += count * (value - means[k]) * (value - means[k]) / counts[k];
        }
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|&a, &b| counts[b].total_cmp(&counts[a]));
        let sorted = |v: &[f64]| order.iter().map(|&k| v[k]).collect::<Vec<f64>>();
        let statistics =
            Statistics { counts: sorted(&counts), means: sorted(&means), variances: sorted(&variances) };
        Self::from_statistics(&statistics, settings)
    }

    /// The parameter half of an iteration.
    fn from_statistics(statistics: &Statistics, settings: &Mixture) -> Self {
        let size = statistics.counts.len();
        let mut sticks = vec![(0.0, 0.0); size];
        let mut after = 0.0;
        for k in (0..size).rev() {
            sticks[k] = (1.0 + statistics.counts[k], settings.concentration + after);
            after += statistics.counts[k];
        }
        let strengths: Vec<f64> = statistics.counts.iter().map(|n| 1.0 + n).collect();
        let mut means = Vec::with_capacity(size);
        let mut variances = Vec::with_capacity(size);
        for (k, &strength) in strengths.iter().enumerate() {
            let (n, mean) = (statistics.counts[k], statistics.means[k]);
            let within = n * (statistics.variances[k] + settings.floor);
            means.push(n * mean / strength);
            variances.push((1.0 + within + n / strength * mean * mean) / strength);
        }
        Self { sticks, strengths, means, variances }
    }

    /// One iteration: responsibilities, then parameters. Returns the lower bound after it.
    pub fn iterate(&mut self, column: &Column, settings: &Mixture) -> f64 {
        let (statistics, entropy) = self.expect(column, settings);
        *self = Self::from_statistics(&statistics, settings);
        entropy + self.parameter_bound()
    }

    /// ln r up to normalisation is offset_k − (x − m_k)² / 2v_k.
    fn offsets(&self, floor: f64) -> Vec<f64> {
        let mut before = 0.0;
        let mut offsets = Vec::with_capacity(self.means.len());
        for (k, &(a, b)) in self.sticks.iter().enumerate() {
            let (strength, variance) = (self.strengths[k], self.variances[k]);
            let whole = digamma(a + b);
            let ln_weight = digamma(a) - whole + before;
            before += digamma(b) - whole;
            let spread = 0.5 * (LN_2 + digamma(strength / 2.0) - strength.ln() - 1.0 / strength);
            offsets.push(ln_weight - 0.5 * (TAU * variance).ln() + spread - 0.5 * floor / variance);
        }
        offsets
    }

    /// The responsibility half of an iteration: the statistics it implies and −Σ r ln r.
    fn expect(&self, column: &Column, settings: &Mixture) -> (Statistics, f64) {
        let size = self.means.len();
        let offsets = self.offsets(settings.floor);
        // Per component: Σ r, Σ r (x − m), Σ r (x − m)², in lanes.
        let mut sums = vec![[[0.0; LANES]; 3]; size];
        let mut ln_r = vec![[0.0; CHUNK]; size];
        let mut entropy = 0.0;
        for (values, counts) in column.values.chunks(CHUNK).zip(column.counts.chunks(CHUNK)) {
            // The last chunk is padded with values that count nothing.
            let (mut x, mut n) = ([0.0; CHUNK], [0.0; CHUNK]);
            x[..values.len()].copy_from_slice(values);
            n[..counts.len()].copy_from_slice(counts);
            entropy += self.chunk(&x, &n, &offsets, &mut ln_r, &mut sums);
        }
        let mut statistics = Statistics { counts: Vec::new(), means: Vec::new(), variances: Vec::new() };
        for (k, lanes) in sums.iter().enumerate() {
            let [count, shift, square] = lanes.map(|lane| lane.iter().sum::<f64>());
            // As scikit-learn: keeps the divisions defined for empty components.
            let count = count + 10.0 * f64::EPSILON;
            statistics.counts.push(count);
            statistics.means.push(self.means[k] + shift / count);
            statistics.variances.push((square / count - (shift / count).powi(2)).max(0.0));
        }
        (statistics, entropy)
    }

    /// One chunk of values `x` with counts `n`: adds to the sums and returns its −Σ r ln r.
    #[inline]
    fn chunk(
        &self,
        x: &[f64; CHUNK],
        n: &[f64; CHUNK],
        offsets: &[f64],
        ln_r: &mut [[f64; CHUNK]],
        sums: &mut [[[f64; LANES]; 3]],
    ) -> f64 {
        let mut largest = [f64::NEG_INFINITY; CHUNK];
        for (k, ln_r) in ln_r.iter_mut().enumerate() {
            let (mean, half_precision) = (self.means[k], 0.5 / self.variances[k]);
            for i in 0..CHUNK {
                let d = x[i] - mean;
                ln_r[i] = offsets[k] - half_precision * d * d;
                largest[i] = largest[i].max(ln_r[i]);
            }
        }
        // Σ eˡ and Σ eˡ l with l = ln r − largest, from which r and its entropy follow.
        let (mut total, mut weighted) = ([0.0; CHUNK], [0.0; CHUNK]);
        for ln_r in ln_r.iter_mut() {
            for i in 0..CHUNK {
                let l = ln_r[i] - largest[i];
                let e = exp_negative(l);
                weighted[i] += e * l;
                total[i] += e;
                ln_r[i] = e;
            }
        }
        let mut entropy = 0.0;
        let mut scale = [0.0; CHUNK];
        for i in 0..CHUNK {
            entropy += n[i] * (total[i].ln() - weighted[i] / total[i]);
            scale[i] = n[i] / total[i];
        }
        for (k, (e, [counts, shifts, squares])) in ln_r.iter().zip(sums).enumerate() {
            let mean = self.means[k];
            for at in (0..CHUNK).step_by(LANES) {
                for lane in 0..LANES {
                    let i = at + lane;
                    let r = e[i] * scale[i];
                    let d = x[i] - mean;
                    counts[lane] += r;
                    shifts[lane] += r * d;
                    squares[lane] += r * d * d;
                }
            }
        }
        entropy
    }

    /// The part of the lower bound that depends on the parameters.
    fn parameter_bound(&self) -> f64 {
        let mut bound = 0.0;
        for (k, &(a, b)) in self.sticks.iter().enumerate() {
            let (strength, variance) = (self.strengths[k], self.variances[k]);
            let ln_precision_root = -0.5 * (variance.ln() + strength.ln());
            let wishart = -(strength * (ln_precision_root + 0.5 * LN_2) + ln_gamma(strength / 2.0));
            bound += ln_beta(a, b) - wishart - 0.5 * strength.ln();
        }
        bound
    }

    /// The components in the units of the column.
    fn components(&self, mean: f64, deviation: f64) -> Vec<Component> {
        let mut left = 1.0;
        let mut weights = Vec::with_capacity(self.means.len());
        for &(a, b) in &self.sticks {
            weights.push(left * a / (a + b));
            left *= b / (a + b);
        }
        let total: f64 = weights.iter().sum();
        let offsets = self.offsets(0.0);
        (0..self.means.len())
            .map(|k| Component {
                weight: weights[k] / total,
                mean: mean + deviation * self.means[k],
                deviation: deviation * self.variances[k].sqrt(),
                offset: offsets[k],
            })
            .collect()
    }
}
