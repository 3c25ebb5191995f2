//! The one-dimensional convolution.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::{Conv2d, Window};
use crate::error::NnError;
use crate::gradients::Gradients;

/// `y[n, l, o] = b[o] + Σ_k Σ_i w[o, i, k] x[n, l · stride + k − padding, i]`, zeros outside.
///
/// Sequences are `[rows, length, channels]`, the layout of recurrent layers. PyTorch's convolutions have the last two
/// exchanged; the weights are laid out as theirs. The work is that of a [`Conv2d`] on images of height 1.
#[derive(Debug, Clone)]
pub struct Conv1d {
    /// `w`, shape `[outputs, inputs, kernel]`.
    pub weight: Tensor<3>,
    /// `b`, shape `[outputs]`.
    pub bias: Tensor<1>,
    window: Window,
}

crate::parameters!(Conv1d { tensors: weight, bias; });

impl Conv1d {
    /// PyTorch's initial values, uniform in `±1/√(inputs · kernel)`. Stride 1, no padding.
    ///
    /// # Errors
    /// When one of the sizes is 0.
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        let window = Window::sequence(kernel);
        let Conv2d { weight, bias, .. } = Conv2d::new(inputs, outputs, window, stream, device)?;
        let bias = bias.unwrap_or_else(|| Tensor::zeros([outputs], device));
        Ok(Self { weight: weight.squeeze_dim(2), bias, window })
    }

    /// Takes every so many windows; 0 is taken for 1.
    pub fn with_stride(mut self, stride: usize) -> Self {
        self.window = self.window.stride(stride.max(1));
        self
    }

    /// Puts so many zeros before and after the sequence, at most one less than the kernel.
    pub fn with_padding(mut self, padding: usize) -> Self {
        self.window = self.window.padding(padding.min(self.weight.dims()[2] - 1));
        self
    }

    /// Number of output channels.
    pub fn outputs(&self) -> usize {
        self.weight.dims()[0]
    }

    /// Positions of the output for an input of `length`; 0 where the kernel does not fit.
    pub fn positions(&self, length: usize) -> usize {
        self.window.positions([1, length])[1]
    }

    fn over_images(&self) -> Conv2d {
        let (weight, bias) = (self.weight.clone().unsqueeze_dim(2), Some(self.bias.clone()));
        Conv2d { weight, bias, window: self.window, groups: 1 }
    }

    /// `[rows, length, inputs]` to `[rows, positions, outputs]`. The kernel must fit into the padded sequence.
    pub fn forward(&self, x: &Tensor<3>) -> Tensor<3> {
        as_sequence(self.over_images().forward(&as_image(x)))
    }

    /// Adds the parameters' gradients under `path`, from the input and the gradient of the output; returns the gradient
    /// of the input if it is `wanted`.
    pub fn backward(
        &self,
        x: &Tensor<3>,
        dy: &Tensor<3>,
        wanted: bool,
        path: &str,
        gradients: &mut Gradients,
    ) -> Option<Tensor<3>> {
        self.over_images().backward(&as_image(x), &as_image(dy), wanted, path, gradients).map(as_sequence)
    }
}

/// Sequences `[rows, length, channels]` as images of height 1.
pub(crate) fn as_image(x: &Tensor<3>) -> Tensor<4> {
    x.clone().unsqueeze_dim(1)
}

/// The way back of [`as_image`].
pub(crate) fn as_sequence(x: Tensor<4>) -> Tensor<3> {
    x.squeeze_dim(1)
}
