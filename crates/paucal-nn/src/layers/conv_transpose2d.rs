//! The two-dimensional transposed convolution.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::{Activation, Conv2d, Window, column_sums, initial_uniform};
use crate::error::NnError;
use crate::gradients::Gradients;
use crate::parameters::{Parameters, Role, Visit, VisitMut, join};

/// The way back of a [`Conv2d`] that goes from the outputs to the inputs:
/// `y[n, p · s + k · d − z, q · s + l · d − z, o] += w[i, o, k, l] x[n, p, q, i]`, and `b[o]` everywhere.
///
/// Images are `[rows, height, width, channels]`; a sequence is an image of height 1. The weights are laid out as
/// PyTorch's.
#[derive(Debug, Clone)]
pub struct ConvTranspose2d {
    /// The convolution, with `w` of shape `[inputs, outputs, kernel height, kernel width]` as its weight.
    convolution: Conv2d,
    /// `b`, shape `[outputs]`, if there is one.
    pub bias: Option<Tensor<1>>,
    /// What the output is longer by at its far ends, `[down, across]`.
    beyond: [usize; 2],
}

impl ConvTranspose2d {
    /// PyTorch's initial values, uniform in `±1/√(outputs · kernel)`, with a bias. `beyond` is PyTorch's output padding, down and
    /// across: of the sizes of which the convolution makes the input's, the one so much larger than the smallest.
    ///
    /// # Errors
    /// When one of the sizes is 0, more zeros are put around than the kernel reaches, or `beyond` is not below the
    /// stride.
    pub fn new(
        inputs: usize,
        outputs: usize,
        window: Window,
        beyond: [usize; 2],
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        let convolution = Conv2d::new(outputs, inputs, window, stream, device)?.without_bias();
        if (0..2).any(|d| beyond[d] >= window.stride[d]) {
            let message =
                format!("an output padding of {beyond:?} is not below the stride {:?}", window.stride);
            return Err(NnError::Setting(message));
        }
        let [height, width] = window.kernel;
        let bias = initial_uniform([outputs], outputs * height * width, stream, device);
        Ok(Self { convolution, bias: Some(bias), beyond })
    }

    /// Without a bias, as before a normalisation.
    pub fn without_bias(mut self) -> Self {
        self.bias = None;
        self
    }

    /// With normal weights of that standard deviation.
    pub fn with_normal_weights(mut self, deviation: f32, stream: &mut Stream) -> Self {
        self.convolution = self.convolution.with_normal_weights(deviation, stream);
        self
    }

    /// Height and width of the output for an input of that size; 0 where the zeros around take all of it.
    pub fn positions(&self, size: [usize; 2]) -> [usize; 2] {
        let w = self.convolution.window();
        std::array::from_fn(|d| {
            let reach = w.dilation[d] * (w.kernel[d] - 1) + 1 + self.beyond[d];
            ((size[d].max(1) - 1) * w.stride[d] + reach).saturating_sub(2 * w.padding[d])
        })
    }

    /// `[rows, height, width, inputs]` to `[rows, positions down, positions across, outputs]`.
    pub fn forward(&self, x: &Tensor<4>) -> Tensor<4> {
        self.forward_activated(x, Activation::Identity)
    }

    /// The same with an activation.
    pub fn forward_activated(&self, x: &Tensor<4>, activation: Activation) -> Tensor<4> {
        let [_, height, width, _] = x.dims();
        let y = self.convolution.input_gradient(x, self.positions([height, width]));
        activation.apply(match &self.bias {
            Some(bias) => y + bias.clone().unsqueeze(),
            None => y,
        })
    }

    /// Gradient of the input from that of the output: the convolution.
    pub fn input_gradient(&self, dy: &Tensor<4>) -> Tensor<4> {
        self.convolution.tangent(dy)
    }

    /// Adds the parameters' gradients under `path`, from the input and the gradient of the output.
    pub fn add_gradient(&self, x: &Tensor<4>, dy: &Tensor<4>, path: &str, gradients: &mut Gradients) {
        gradients.add(&join(path, "weight"), self.convolution.weight_gradient(dy, x));
        if self.bias.is_some() {
            gradients.add(&join(path, "bias"), column_sums(&dy.clone().flatten(0, 2)));
        }
    }

    /// The same; returns the gradient of the input.
    pub fn backward(
        &self,
        x: &Tensor<4>,
        dy: &Tensor<4>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<4> {
        self.add_gradient(x, dy, path, gradients);
        self.input_gradient(dy)
    }
}

impl Parameters for ConvTranspose2d {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &self.convolution.weight);
        if let Some(bias) = &self.bias {
            visitor.tensor(&join(path, "bias"), Role::Weight, bias);
        }
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &mut self.convolution.weight);
        if let Some(bias) = &mut self.bias {
            visitor.tensor(&join(path, "bias"), Role::Weight, bias);
        }
    }
}
