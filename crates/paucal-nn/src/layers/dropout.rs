//! Dropout with masks that are values, so that two passes can share one and a resumed run draws the same.

use burn::tensor::{Device, Tensor, TensorData};
use paucal_core::Stream;

/// Drops each value with probability `rate` and scales the others by `1 / (1 − rate)`. In use (evaluation)
/// nothing is done: do not apply a mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    rate: f32,
}

impl Dropout {
    /// A dropout of `rate` in `[0, 1)`; values outside are brought to its ends.
    pub fn new(rate: f32) -> Self {
        Self { rate: rate.clamp(0.0, 0.999) }
    }

    /// The probability of a drop.
    pub fn rate(self) -> f32 {
        self.rate
    }

    /// A mask to multiply with: 0 or `1 / (1 − rate)` per value.
    pub fn mask<const D: usize>(self, shape: [usize; D], stream: &mut Stream, device: &Device) -> Tensor<D> {
        let keep = 1.0 / (1.0 - self.rate);
        let mut values = vec![0.0; shape.iter().product()];
        stream.fill_uniform(&mut values);
        values.iter_mut().for_each(|v| *v = if *v < self.rate { 0.0 } else { keep });
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}
