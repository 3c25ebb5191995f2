//! Random tensors, drawn on the host from streams keyed by (seed, purpose, step) and uploaded.
//!
//! Large fills are cut into chunks with a stream each and drawn on all threads; the values do not depend on
//! how many there are.

use burn::tensor::{Device, Tensor, TensorData};
use paucal_core::{Seed, Stream};
use rayon::prelude::*;

use crate::kernels::{PARALLEL_FROM, cost, math};

/// Values per stream. Part of the saved-run contract.
const CHUNK: usize = 1 << 12;

/// Where the random values of a training step are drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// The seed.
    pub seed: Seed,
    /// The step.
    pub step: u64,
}

/// Standard normal values.
pub fn normal<const D: usize>(
    seed: Seed,
    purpose: &str,
    step: u64,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D> {
    draw(seed, purpose, step, shape, device, Stream::fill_normal)
}

/// Uniform values in `[0, 1)`.
pub fn uniform<const D: usize>(
    seed: Seed,
    purpose: &str,
    step: u64,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D> {
    draw(seed, purpose, step, shape, device, Stream::fill_uniform)
}

/// Standard Gumbel values, `−ln(−ln u)`.
pub fn gumbel<const D: usize>(
    seed: Seed,
    purpose: &str,
    step: u64,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D> {
    draw(seed, purpose, step, shape, device, |stream, out| {
        stream.fill_uniform(out);
        // Half of the smallest step stands for zero; the largest u is 1 − 2⁻²⁴.
        out.iter_mut().for_each(|u| *u = -math::ln(-math::ln(u.max(3e-8))));
    })
}

/// Dropout masks: 0 with probability `rate`, else `1 / (1 − rate)`.
pub fn dropout<const D: usize>(
    seed: Seed,
    purpose: &str,
    step: u64,
    shape: [usize; D],
    rate: f32,
    device: &Device,
) -> Tensor<D> {
    let keep = 1.0 / (1.0 - rate);
    draw(seed, purpose, step, shape, device, |stream, out| {
        stream.fill_uniform(out);
        out.iter_mut().for_each(|v| *v = if *v < rate { 0.0 } else { keep });
    })
}

fn draw<const D: usize>(
    seed: Seed,
    purpose: &str,
    step: u64,
    shape: [usize; D],
    device: &Device,
    fill: impl Fn(&mut Stream, &mut [f32]) + Sync,
) -> Tensor<D> {
    let key = seed.child(purpose, step);
    let mut values = vec![0.0; shape.iter().product()];
    let fill = |(i, chunk): (usize, &mut [f32])| fill(&mut key.stream("chunk", i as u64), chunk);
    if values.len() * cost::RANDOM < PARALLEL_FROM {
        values.chunks_mut(CHUNK).enumerate().for_each(fill);
    } else {
        values.par_chunks_mut(CHUNK).enumerate().for_each(fill);
    }
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(tensor: Tensor<1>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let device = Device::flex();
        let n = 200_000;
        let moments = |v: &[f32]| {
            let mean = v.iter().map(|x| f64::from(*x)).sum::<f64>() / n as f64;
            (mean, v.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n as f64)
        };
        let near =
            |(m, v): (f64, f64), want: (f64, f64)| (m - want.0).abs() < 0.02 && (v - want.1).abs() < 0.03;
        assert!(near(moments(&values(normal(Seed(1), "a", 0, [n], &device))), (0.0, 1.0)));
        let gumbel = values(gumbel(Seed(1), "a", 0, [n], &device));
        assert!(near(moments(&gumbel), (0.577_216, std::f64::consts::PI.powi(2) / 6.0)));
        assert!(gumbel.iter().all(|g| g.is_finite()));
        assert!(near(moments(&values(dropout(Seed(1), "a", 0, [n], 0.5, &device))), (1.0, 1.0)));
    }

    #[test]
    fn one_thread_draws_what_many_draw() {
        let device = Device::flex();
        let many = values(normal(Seed(4), "z", 7, [5 * CHUNK + 3], &device));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let one = pool.install(|| values(normal(Seed(4), "z", 7, [5 * CHUNK + 3], &device)));
        assert_eq!(many, one);
    }
}
