//! Mode-specific normalisation of one numeric column (CTGAN, Xu et al. 2019, section 4.2).
//!
//! A one-dimensional Gaussian mixture with a Dirichlet-process prior is fitted. A value x becomes the
//! mode k it belongs to and its place within the mode, u = (x − μₖ) / 4σₖ, clipped to ±0.99. The mode is
//! drawn from the posterior, so that values between two modes train both.

use paucal_core::{Seed, Stream};
use paucal_learn::Mixture;
use serde::{Deserialize, Serialize};

use crate::error::TableError;

/// Standard deviations from the mean of a mode to the end of its scale.
const SPREAD: f64 = 4.0;
/// Scalars keep off the ends, where tanh has no slope.
const CLIP: f64 = 0.99;

/// Most modes of a column.
const MOST: usize = 16;

/// The modes of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Modes {
    modes: Vec<Mode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Mode {
    weight: f64,
    mean: f64,
    deviation: f64,
}

/// Modes as they stand in a file.
#[derive(Deserialize)]
struct Unchecked {
    modes: Vec<Mode>,
}

impl TryFrom<Unchecked> for Modes {
    type Error = &'static str;

    fn try_from(Unchecked { modes }: Unchecked) -> Result<Self, Self::Error> {
        let sound = |mode: &Mode| {
            mode.weight >= 0.0 && mode.mean.is_finite() && mode.deviation > 0.0 && mode.deviation.is_finite()
        };
        if modes.is_empty() || modes.len() > MOST || !modes.iter().all(sound) {
            return Err("a mixture needs 1 to 16 modes with finite means and positive deviations");
        }
        Ok(Self { modes })
    }
}

impl Mode {
    /// The place of `x` on this mode's scale, not clipped.
    fn scale(&self, x: f64) -> f64 {
        (x - self.mean) / (SPREAD * self.deviation)
    }

    fn covers(&self, x: f64) -> bool {
        self.scale(x).abs() <= CLIP
    }

    /// Weight times density, without the common factor.
    fn density(&self, x: f64) -> f64 {
        let d = (x - self.mean) / self.deviation;
        self.weight / self.deviation * (-0.5 * d * d).exp()
    }
}

impl Modes {
    /// Fits the modes of finite `values`, of which there must be one. Valid components (weight > 0.005) are
    /// kept, and beyond the paper also lighter ones that alone reach some value, so that outliers are not
    /// pulled in.
    pub fn fit(values: &[f64], seed: Seed) -> Result<Self, TableError> {
        let fitted = Mixture::default().fit(values, seed)?;
        let all: Vec<Mode> = fitted
            .components()
            .iter()
            .map(|c| Mode { weight: c.weight, mean: c.mean, deviation: c.deviation })
            .collect();
        let mut keep = vec![false; all.len()];
        for k in fitted.modes() {
            keep[k] = true;
        }
        for &x in values {
            if (0..all.len()).any(|k| keep[k] && all[k].covers(x)) {
                continue;
            }
            let reaching = (0..all.len()).filter(|&k| all[k].covers(x));
            if let Some(best) = reaching.max_by(|&a, &b| all[a].density(x).total_cmp(&all[b].density(x))) {
                keep[best] = true;
            }
        }
        let mut modes: Vec<Mode> =
            all.into_iter().zip(keep).filter_map(|(m, k)| k.then_some(m)).take(MOST).collect();
        let total: f64 = modes.iter().map(|mode| mode.weight).sum();
        for mode in &mut modes {
            mode.weight /= total;
        }
        Ok(Self { modes })
    }

    /// Number of modes, at least 1.
    pub fn len(&self) -> usize {
        self.modes.len()
    }

    /// Whether there is none; never so after a fit.
    pub fn is_empty(&self) -> bool {
        self.modes.is_empty()
    }

    /// Scalar and mode of a value: the mode is drawn from the posterior over the modes that reach the value,
    /// or is the closest one if none does.
    pub fn encode(&self, x: f64, stream: &mut Stream) -> (f32, u32) {
        let mut posterior = [0.0; MOST];
        let posterior = &mut posterior[..self.modes.len()];
        for (p, mode) in posterior.iter_mut().zip(&self.modes) {
            *p = if mode.covers(x) { mode.density(x).max(f64::MIN_POSITIVE) } else { 0.0 };
        }
        // The draw is always taken, so that the stream is the same for every value.
        let drawn = stream.weighted(posterior);
        let mode = if posterior[drawn] > 0.0 { drawn } else { self.closest(x) };
        (self.modes[mode].scale(x).clamp(-CLIP, CLIP) as f32, mode as u32)
    }

    /// A scalar and a mode as they occur: what stands in the place of a missing value, so that the place
    /// says nothing about the missingness.
    pub fn encode_missing(&self, stream: &mut Stream) -> (f32, u32) {
        let wanted = stream.uniform();
        let mut sum = 0.0;
        let reached = |mode: &Mode| {
            sum += mode.weight;
            sum > wanted
        };
        let mode = self.modes.iter().position(reached).unwrap_or(self.modes.len() - 1);
        ((stream.normal() / SPREAD).clamp(-CLIP, CLIP) as f32, mode as u32)
    }

    /// The value at a scalar of a mode.
    pub fn decode(&self, scalar: f32, mode: usize) -> f64 {
        let Mode { mean, deviation, .. } = self.modes[mode];
        mean + SPREAD * deviation * f64::from(scalar).clamp(-1.0, 1.0)
    }

    fn closest(&self, x: f64) -> usize {
        let distance = |k: &usize| self.modes[*k].scale(x).abs();
        (0..self.modes.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        let mut stream = Seed(1).stream("values", 0);
        let mut values: Vec<f64> = (0..300).map(|_| stream.normal()).collect();
        values.extend((0..60).map(|_| 40.0 + 0.01 * stream.normal()));
        values.push(400.0);
        let modes = Modes::fit(&values, Seed(2)).unwrap();
        assert!(modes.len() >= 2);
        let range = 402.0;
        let mut draws = Seed(3).stream("modes", 0);
        for &x in &values {
            let (scalar, mode) = modes.encode(x, &mut draws);
            assert!(scalar.abs() <= 0.99);
            assert!((modes.decode(scalar, mode as usize) - x).abs() < 1e-5 * range, "{x} {modes:?}");
        }
    }

    #[test]
    fn a_value_out_of_reach_is_clipped_to_the_closest_mode() {
        let modes = Modes { modes: vec![Mode { weight: 1.0, mean: 10.0, deviation: 1.0 }] };
        let (scalar, mode) = modes.encode(1e300, &mut Seed(0).stream("far", 0));
        assert_eq!((scalar, mode), (0.99, 0));
    }

    #[test]
    fn modes_are_drawn_by_the_posterior() {
        let mode = |mean| Mode { weight: 0.5, mean, deviation: 1.0 };
        let modes = Modes { modes: vec![mode(0.0), mode(2.0)] };
        let mut stream = Seed(4).stream("posterior", 0);
        let first = (0..10_000).filter(|_| modes.encode(0.5, &mut stream).1 == 0).count() as f64 / 1e4;
        // Densities e^(−1/8) and e^(−9/8).
        assert!((first - 1.0 / (1.0 + (-1.0_f64).exp())).abs() < 0.015, "{first}");
    }
}
