//! Uniform draws, on the logarithm where the range says so.

use std::collections::BTreeMap;

use paucal_core::Stream;

use super::{History, Sampler};
use crate::distribution::Distribution;
use crate::space::Space;

/// Draws every parameter on its own, uniformly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Random;

impl Sampler for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn propose(&self, _: &History<'_>, space: &Space, stream: &mut Stream) -> BTreeMap<String, f64> {
        space.dimensions().iter().map(|d| (d.name.clone(), uniform(&d.distribution, stream))).collect()
    }
}

/// One uniform draw, internal form. With a step every grid point is equally likely; on a logarithmic range of whole
/// numbers each stands for the interval of half a unit to both sides.
pub fn uniform(distribution: &Distribution, stream: &mut Stream) -> f64 {
    match distribution {
        Distribution::Float { low, high, step: Some(step), .. } => {
            let points = ((high - low) / step).round() as usize + 1;
            (low + stream.index(points) as f64 * step).min(*high)
        }
        Distribution::Float { low, high, log: true, .. } => {
            stream.uniform_in(low.ln(), high.ln()).exp().clamp(*low, *high)
        }
        Distribution::Float { low, high, .. } => stream.uniform_in(*low, *high).clamp(*low, *high),
        Distribution::Int { low, high, log: true, .. } => {
            let (from, to) = ((*low as f64 - 0.5).ln(), (*high as f64 + 0.5).ln());
            stream.uniform_in(from, to).exp().round().clamp(*low as f64, *high as f64)
        }
        Distribution::Int { low, high, step, .. } => {
            (low + stream.index(((high - low) / step) as usize + 1) as i64 * step) as f64
        }
        Distribution::Categorical { choices } => stream.index(choices.len().max(1)) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;

    #[test]
    fn draws_lie_on_the_grid_and_reach_both_ends() {
        let mut stream = Seed(1).stream("test", 0);
        let int = Distribution::int(2, 9, 3);
        let drawn: Vec<f64> = (0..200).map(|_| uniform(&int, &mut stream)).collect();
        for value in [2.0, 5.0, 8.0] {
            assert!(drawn.contains(&value));
        }
        assert!(drawn.iter().all(|&x| int.internal(&int.external(x)).is_some()));
        let log = Distribution::log_int(1, 1000);
        let below_ten = (0..2000).filter(|_| uniform(&log, &mut stream) < 10.0).count();
        // ln(9.5 / 0.5) / ln(1000.5 / 0.5)
        assert!((700..850).contains(&below_ten), "{below_ten}");
    }
}
