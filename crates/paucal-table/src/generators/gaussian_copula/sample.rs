//! Drawing rows, free or under conditions.
//!
//! A condition confines one coordinate of z to an interval A. The conditioned coordinates are put first in the
//! Cholesky factor, so that z = L ε still holds and the rest of the row follows from them at no extra
//! cost. One condition: ε₁ is a truncated normal, exact. Several: a proposal draws the coordinates one after the
//! other, each truncated given the ones before (Geweke, Hajivassiliou, Keane), which is right up to the weight
//! w = Πₖ P(zₖ ∈ Aₖ | z before k) ≤ 1, and is accepted with probability w. Of [`PROPOSALS`] refused ones, which
//! happens when the conditions hardly go together, one is taken with probability ∝ w
//! (sampling–importance resampling, Rubin 1988).

use ndarray::Array2;
use paucal_core::{Seed, Stream};
use paucal_data::{Table, Values};
use rayon::prelude::*;

use super::{FittedCopula, Latent, correlation};
use crate::condition::Conditions;
use crate::error::TableError;
use crate::transform::{MissingModel, gauss};

/// Rows that share a random stream.
const CHUNK: usize = 512;
/// Most proposals per row under several conditions.
const PROPOSALS: usize = 16;

/// Draws `rows` rows.
pub(super) fn sample(
    model: &FittedCopula,
    rows: usize,
    conditions: &Conditions,
    seed: Seed,
) -> Result<Table, TableError> {
    let width = model.latents.len();
    let confined = |part: &Latent| interval(part, conditions);
    let normals = Normals::new(&model.correlation, &model.latents.iter().map(confined).collect::<Vec<_>>())?;
    // Rows × latents.
    let mut z = vec![0.0; rows * width];
    z.par_chunks_mut(CHUNK * width.max(1)).enumerate().for_each(|(chunk, rows)| {
        normals.fill(rows, &mut seed.stream("gaussian-copula/rows", chunk as u64));
    });
    let column = |latent: usize| z.iter().skip(latent).step_by(width).copied();
    let decode = |index: usize| {
        if let (Some(code), true) = (conditions.code(index), model.plan.levels(index).is_some()) {
            return Some(Values::Code(vec![code; rows]));
        }
        if let Some(numbers) = model.plan.numbers(index) {
            let mut values = vec![numbers.format.min; rows];
            for (latent, part) in model.latents.iter().enumerate().filter(|(_, part)| part.concerns(index)) {
                overlay(&mut values, part, column(latent));
            }
            if model.missing == MissingModel::Random {
                model.plan.lose_at_random(index, numbers, &mut values, seed);
            }
            return Some(Values::Number(values));
        }
        let (latent, part) = model.latents.iter().enumerate().find(|(_, part)| part.concerns(index))?;
        levels(part, column(latent))
    };
    let drawn = (0..model.plan.treatments().len()).into_par_iter().map(decode).collect();
    model.plan.assemble(rows, drawn)
}

/// Writes what a latent of a numeric column says over `values`; a missing indicator comes after its number.
fn overlay(values: &mut [f64], part: &Latent, z: impl Iterator<Item = f64>) {
    match part {
        Latent::Number { marginal, .. } => {
            values.iter_mut().zip(z).for_each(|(x, z)| *x = marginal.quantile(gauss::cdf(z)));
        }
        Latent::Missing { cut, .. } => {
            values.iter_mut().zip(z).filter(|(_, z)| z > cut).for_each(|(x, _)| *x = f64::NAN);
        }
        Latent::Level { .. } => {}
    }
}

/// The level into whose interval each z falls.
fn levels(part: &Latent, z: impl Iterator<Item = f64>) -> Option<Values> {
    match part {
        Latent::Level { codes, cuts, .. } => {
            Some(Values::Code(z.map(|z| codes[cuts.partition_point(|&cut| cut < z)]).collect()))
        }
        _ => None,
    }
}

/// Draws normal vectors, some of whose coordinates are confined.
pub(super) struct Normals {
    /// The latent at each place of the factor: conditioned ones first.
    order: Vec<usize>,
    /// Cholesky factor of the correlation in that order.
    factor: Array2<f64>,
    /// The intervals of the conditioned places.
    bounds: Vec<(f64, f64)>,
    /// The distribution of the first conditioned place, which does not change.
    first: Truncated,
}

impl Normals {
    /// Prepares draws of normals with a correlation, confined where there is an interval.
    pub(super) fn new(
        correlation: &Array2<f64>,
        intervals: &[Option<(f64, f64)>],
    ) -> Result<Self, TableError> {
        let (confined, free): (Vec<usize>, Vec<usize>) =
            (0..intervals.len()).partition(|&latent| intervals[latent].is_some());
        let order = [confined, free].concat();
        let bounds: Vec<(f64, f64)> = intervals.iter().copied().flatten().collect();
        let (low, high) = bounds.first().copied().unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let sorted = Array2::from_shape_fn(correlation.dim(), |(i, j)| correlation[[order[i], order[j]]]);
        let indefinite =
            || TableError::damaged("model.safetensors", "the correlation is not positive definite");
        let factor = correlation::cholesky(&sorted).ok_or_else(indefinite)?;
        Ok(Self { order, factor, bounds, first: Truncated::new(low, high) })
    }

    /// Fills rows of z (rows × latents).
    pub(super) fn fill(&self, rows: &mut [f64], stream: &mut Stream) {
        let width = self.order.len();
        let mut noise = vec![0.0; width];
        let mut proposals = vec![0.0; PROPOSALS * self.bounds.len().saturating_sub(1)];
        for row in rows.chunks_exact_mut(width) {
            self.confined(&mut noise[..self.bounds.len()], &mut proposals, stream);
            noise[self.bounds.len()..].iter_mut().for_each(|e| *e = stream.normal());
            for (place, factors) in self.factor.rows().into_iter().enumerate() {
                let terms = factors.iter().zip(&noise[..=place]);
                row[self.order[place]] = terms.map(|(l, e)| l * e).sum();
            }
        }
    }

    /// Draws the noise of the conditioned places; `proposals` is scratch space.
    fn confined(&self, noise: &mut [f64], proposals: &mut [f64], stream: &mut Stream) {
        let Some(last) = noise.len().checked_sub(1) else { return };
        if last > 0 {
            let chosen = self.choose(last, proposals, stream);
            noise[..last].copy_from_slice(&proposals[chosen * last..(chosen + 1) * last]);
        }
        noise[last] = self.truncated(last, noise).draw(stream.uniform());
    }

    /// Fills `proposals` (rows of `last` entries) until one is accepted, and says which.
    fn choose(&self, last: usize, proposals: &mut [f64], stream: &mut Stream) -> usize {
        let mut weights = [0.0; PROPOSALS];
        for (index, proposal) in proposals.chunks_exact_mut(last).enumerate() {
            weights[index] = self.propose(proposal, stream);
            if stream.uniform() < weights[index] {
                return index;
            }
        }
        stream.weighted(&weights)
    }

    /// One proposal for all conditioned places but the last, and its weight. The mass of the first place is
    /// the same for all proposals and left out; that of the last needs no draw.
    fn propose(&self, noise: &mut [f64], stream: &mut Stream) -> f64 {
        let mut weight = 1.0;
        for place in 0..noise.len() {
            let truncated = self.truncated(place, noise);
            noise[place] = truncated.draw(stream.uniform());
            weight *= if place > 0 { truncated.mass } else { 1.0 };
        }
        weight * self.truncated(noise.len(), noise).mass
    }

    /// The distribution of the noise of a conditioned place given the noise before it.
    fn truncated(&self, place: usize, before: &[f64]) -> Truncated {
        if place == 0 {
            return self.first;
        }
        let factors = self.factor.row(place);
        let mean: f64 = factors.iter().zip(&before[..place]).map(|(l, e)| l * e).sum();
        let (low, high) = self.bounds[place];
        Truncated::new((low - mean) / factors[place], (high - mean) / factors[place])
    }
}

/// The interval to which conditions confine a latent, if they do.
fn interval(part: &Latent, conditions: &Conditions) -> Option<(f64, f64)> {
    let Latent::Level { column, codes, cuts } = part else { return None };
    let code = conditions.code(*column)?;
    let place = codes.iter().position(|&known| known == code)?;
    let low = if place == 0 { f64::NEG_INFINITY } else { cuts[place - 1] };
    let high = cuts.get(place).copied().unwrap_or(f64::INFINITY);
    Some((low, high))
}

/// The standard normal confined to an interval. Intervals on the right are mirrored to the left, where
/// probabilities keep their digits.
#[derive(Clone, Copy)]
struct Truncated {
    /// Ends, after mirroring.
    low: f64,
    high: f64,
    /// Probability below the interval, and in it.
    below: f64,
    mass: f64,
    mirrored: bool,
}

impl Truncated {
    fn new(low: f64, high: f64) -> Self {
        let mirrored = low > 0.0;
        let (low, high) = if mirrored { (-high, -low) } else { (low, high) };
        let below = gauss::cdf(low);
        Self { low, high, below, mass: gauss::cdf(high) - below, mirrored }
    }

    /// The value at the uniform `u`.
    fn draw(&self, u: f64) -> f64 {
        let value = if self.mass > 0.0 {
            gauss::quantile(self.below + u * self.mass).clamp(self.low, self.high)
        } else if self.high < 0.0 {
            // Too far out for doubles: the end closer to the middle, where nearly all of the mass is.
            self.high
        } else {
            self.low
        };
        if self.mirrored { -value } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncated_draws_stay_inside_and_have_the_right_mean() {
        for (low, high) in
            [(-1.0, 0.5), (1.0, f64::INFINITY), (f64::NEG_INFINITY, -2.0), (6.0, 6.5), (40.0, 41.0)]
        {
            let n = 4000;
            let truncated = Truncated::new(low, high);
            let draws: Vec<f64> =
                (0..n).map(|i| truncated.draw((f64::from(i) + 0.5) / f64::from(n))).collect();
            assert!(draws.iter().all(|&e| e >= low && e <= high), "{low} {high}");
            let mass = truncated.mass;
            let expected = (gauss::density(low) - gauss::density(high)) / mass;
            if mass > 0.0 {
                let mean = draws.iter().sum::<f64>() / f64::from(n);
                assert!((mean - expected).abs() < 2e-3, "{low} {high}: {mean} {expected}");
            }
        }
    }
}
