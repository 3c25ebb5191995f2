//! Convolutions of square images without bias, for networks trained through a graph.

use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor, TensorData};
use paucal_core::Stream;

/// Standard deviation of the initial weights (DCGAN, Radford, Metz and Chintala 2016, arXiv 1511.06434).
const DEVIATION: f32 = 0.02;

/// Images `[rows, inputs, side, side]` to `[rows, outputs, …]`.
#[derive(Debug, Clone)]
pub struct Convolution {
    /// `[outputs, inputs, kernel, kernel]`.
    pub weight: Tensor<4>,
    stride: usize,
    padding: usize,
}

crate::parameters!(Convolution { tensors: weight; });

/// The transposed convolution: the way back of a [`Convolution`] that goes from its outputs to its inputs.
#[derive(Debug, Clone)]
pub struct TransposedConvolution {
    /// `[inputs, outputs, kernel, kernel]`.
    pub weight: Tensor<4>,
    stride: usize,
    padding: usize,
}

crate::parameters!(TransposedConvolution { tensors: weight; });

impl Convolution {
    /// Kernels of 4 × 4 that halve the side.
    pub fn halving(inputs: usize, outputs: usize, stream: &mut Stream, device: &Device) -> Self {
        Self { weight: initial([outputs, inputs, 4, 4], stream, device), stride: 2, padding: 1 }
    }

    /// Kernels as large as the image: one value per output is left.
    pub fn closing(inputs: usize, outputs: usize, side: usize, stream: &mut Stream, device: &Device) -> Self {
        Self { weight: initial([outputs, inputs, side, side], stream, device), stride: 1, padding: 0 }
    }

    /// The convolved images.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([self.stride; 2], [self.padding; 2], [1; 2], 1);
        conv2d(x, self.weight.clone(), None, options)
    }
}

impl TransposedConvolution {
    /// Kernels of 4 × 4 that double the side.
    pub fn doubling(inputs: usize, outputs: usize, stream: &mut Stream, device: &Device) -> Self {
        Self { weight: initial([inputs, outputs, 4, 4], stream, device), stride: 2, padding: 1 }
    }

    /// From one value per input to images of `side`.
    pub fn opening(inputs: usize, outputs: usize, side: usize, stream: &mut Stream, device: &Device) -> Self {
        Self { weight: initial([inputs, outputs, side, side], stream, device), stride: 1, padding: 0 }
    }

    /// The images.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvTransposeOptions::new([self.stride; 2], [self.padding; 2], [0; 2], [1; 2], 1);
        conv_transpose2d(x, self.weight.clone(), None, options)
    }
}

fn initial(shape: [usize; 4], stream: &mut Stream, device: &Device) -> Tensor<4> {
    let mut values = vec![0.0; shape.iter().product()];
    stream.fill_normal(&mut values);
    values.iter_mut().for_each(|v| *v *= DEVIATION);
    Tensor::from_data(TensorData::new(values, shape), device)
}
