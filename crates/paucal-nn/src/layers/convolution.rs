//! Convolutions of little square images without bias, for networks trained through a graph.
//!
//! Kernels as large as their image are one matrix product over the whole batch. Burn's convolutions go image by image,
//! and with a single place per image most of the time would go into handling products of a row by a matrix.

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
    reach: Reach,
}

crate::parameters!(Convolution { tensors: weight; });

/// The transposed convolution: the way back of a [`Convolution`] that goes from its outputs to its inputs.
#[derive(Debug, Clone)]
pub struct TransposedConvolution {
    /// `[inputs, outputs, kernel, kernel]`.
    pub weight: Tensor<4>,
    reach: Reach,
}

crate::parameters!(TransposedConvolution { tensors: weight; });

/// What a kernel covers.
#[derive(Debug, Clone, Copy)]
enum Reach {
    /// 4 × 4 cells at every second place of an image with a border of 1.
    Part,
    /// The whole image.
    Image,
}

impl Convolution {
    /// Kernels of 4 × 4 that halve the side.
    pub fn halving(inputs: usize, outputs: usize, stream: &mut Stream, device: &Device) -> Self {
        Self { weight: initial([outputs, inputs, 4, 4], stream, device), reach: Reach::Part }
    }

    /// Kernels as large as the image: one value per output is left.
    pub fn closing(inputs: usize, outputs: usize, side: usize, stream: &mut Stream, device: &Device) -> Self {
        Self { weight: initial([outputs, inputs, side, side], stream, device), reach: Reach::Image }
    }

    /// The convolved images.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let rows = x.dims()[0];
        let [outputs, inputs, kernel, _] = self.weight.dims();
        let weight = self.weight.clone();
        match self.reach {
            Reach::Part => conv2d(x, weight, None, ConvOptions::new([2; 2], [1; 2], [1; 2], 1)),
            Reach::Image => {
                let cells = inputs * kernel * kernel;
                let product = x.reshape([rows, cells]).matmul(weight.reshape([outputs, cells]).transpose());
                product.reshape([rows, outputs, 1, 1])
            }
        }
    }
}

impl TransposedConvolution {
    /// Kernels of 4 × 4 that double the side.
    pub fn doubling(inputs: usize, outputs: usize, stream: &mut Stream, device: &Device) -> Self {
        Self { weight: initial([inputs, outputs, 4, 4], stream, device), reach: Reach::Part }
    }

    /// From one value per input to images of `side`.
    pub fn opening(inputs: usize, outputs: usize, side: usize, stream: &mut Stream, device: &Device) -> Self {
        Self { weight: initial([inputs, outputs, side, side], stream, device), reach: Reach::Image }
    }

    /// The images.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let rows = x.dims()[0];
        let [inputs, outputs, kernel, _] = self.weight.dims();
        let weight = self.weight.clone();
        match self.reach {
            Reach::Part => {
                let options = ConvTransposeOptions::new([2; 2], [1; 2], [0; 2], [1; 2], 1);
                conv_transpose2d(x, weight, None, options)
            }
            Reach::Image => {
                let weight = weight.reshape([inputs, outputs * kernel * kernel]);
                x.reshape([rows, inputs]).matmul(weight).reshape([rows, outputs, kernel, kernel])
            }
        }
    }
}

fn initial(shape: [usize; 4], stream: &mut Stream, device: &Device) -> Tensor<4> {
    let mut values = vec![0.0; shape.iter().product()];
    stream.fill_normal(&mut values);
    values.iter_mut().for_each(|v| *v *= DEVIATION);
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;

    use crate::noise;
    use crate::parameters::tracked;

    /// Values, and gradients of input and weight of their sum with random weights.
    fn results(y: Tensor<4>, x: &Tensor<4>, weight: &Tensor<4>) -> [Tensor<4>; 3] {
        let of_y = noise::normal(Seed(3), "dy", 0, [1, y.dims().iter().product()], &Device::flex());
        let of_y: Tensor<4> = of_y.reshape(y.dims());
        let gradients = (y.clone() * of_y.autodiff()).sum().backward();
        [y.inner(), x.grad(&gradients).unwrap(), weight.grad(&gradients).unwrap()]
    }

    fn images(channels: usize, side: usize) -> Tensor<4> {
        let x = noise::normal(Seed(2), "x", 0, [3, channels * side * side], &Device::flex());
        x.reshape([3, channels, side, side]).autodiff().require_grad()
    }

    #[test]
    fn products_are_the_convolutions_with_kernels_as_large_as_the_image() {
        let device = Device::flex();
        let mut stream = Seed(1).stream("initial", 0);
        let check = |ours: [Tensor<4>; 3], theirs: [Tensor<4>; 3]| {
            for (ours, theirs) in ours.into_iter().zip(theirs) {
                assert_eq!(ours.dims(), theirs.dims());
                let error: f32 = (ours - theirs.clone()).abs().max().into_scalar();
                let scale: f32 = theirs.abs().max().into_scalar();
                assert!(error <= 1e-5 * scale, "{error} of {scale}");
            }
        };
        for side in [2, 3] {
            let (x, layer) =
                (images(5, side), tracked(&Convolution::closing(5, 4, side, &mut stream, &device)));
            let options = ConvOptions::new([1; 2], [0; 2], [1; 2], 1);
            let theirs = conv2d(x.clone(), layer.weight.clone(), None, options);
            check(results(layer.forward(x.clone()), &x, &layer.weight), results(theirs, &x, &layer.weight));

            let layer = tracked(&TransposedConvolution::opening(5, 4, side, &mut stream, &device));
            let x = images(5, 1);
            let options = ConvTransposeOptions::new([1; 2], [0; 2], [0; 2], [1; 2], 1);
            let theirs = conv_transpose2d(x.clone(), layer.weight.clone(), None, options);
            check(results(layer.forward(x.clone()), &x, &layer.weight), results(theirs, &x, &layer.weight));
        }
    }
}
