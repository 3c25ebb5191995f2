//! The one-dimensional convolution.

use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::{Activation, Window, column_sums, initial_uniform};
use crate::error::NnError;
use crate::gradients::Gradients;
use crate::kernels::conv::{self as kernel, Ending, Shape};
use crate::kernels::host::{self, Dense};
use crate::parameters::{Parameters, Role, Visit, VisitMut, join};

/// `y[n, l, o] = b[o] + Σ_k Σ_i w[o, i, k] x[n, l · stride + k − padding, i]`, zeros outside.
///
/// Sequences are `[rows, length, channels]`, the layout of recurrent layers. PyTorch's convolutions have the last two
/// exchanged; the weights are laid out as theirs.
#[derive(Debug, Clone)]
pub struct Conv1d {
    /// `w`, shape `[outputs, inputs, kernel]`.
    pub weight: Tensor<3>,
    /// `b`, shape `[outputs]`.
    pub bias: Tensor<1>,
    window: Window,
}

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
        if inputs * outputs * kernel == 0 {
            let message =
                format!("a convolution of {inputs} to {outputs} channels, {kernel} wide, has no weight");
            return Err(NnError::Setting(message));
        }
        Ok(Self {
            weight: initial_uniform([outputs, inputs, kernel], inputs * kernel, stream, device),
            bias: initial_uniform([outputs], inputs * kernel, stream, device),
            window: Window::sequence(kernel),
        })
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

    fn shape(&self, length: usize) -> Shape {
        let [outputs, inputs, _] = self.weight.dims();
        Shape { size: [1, length], inputs, outputs, groups: 1, window: self.window }
    }

    /// `[rows, length, inputs]` to `[rows, positions, outputs]`. The kernel must fit into the padded sequence.
    pub fn forward(&self, x: &Tensor<3>) -> Tensor<3> {
        let [rows, length, _] = x.dims();
        if let (Some(x), Some(weight), Some(bias)) =
            (Dense::of(x), Dense::of(&self.weight), Dense::of(&self.bias))
        {
            let shape = self.shape(length);
            let ending = Ending { bias: Some(&bias), activation: Activation::Identity };
            let y = kernel::forward(&shape, &x, &weight, ending);
            return host::tensor(y, [rows, self.positions(length), shape.outputs]);
        }
        let Window { stride, padding, .. } = self.window;
        let options = ConvOptions::new([stride[1]], [padding[1]], [1], 1);
        let channels_first = x.clone().swap_dims(1, 2);
        conv1d(channels_first, self.weight.clone(), Some(self.bias.clone()), options).swap_dims(1, 2)
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
        let dims = x.dims();
        if let (Some(x), Some(of_y), Some(weight)) = (Dense::of(x), Dense::of(dy), Dense::of(&self.weight)) {
            let shape = self.shape(dims[1]);
            let of_weight = kernel::weight_gradient(&shape, &x, &of_y);
            gradients.add(&join(path, "weight"), host::tensor(of_weight, self.weight.dims()));
            gradients.add(&join(path, "bias"), column_sums(&dy.clone().flatten(0, 1)));
            return wanted.then(|| host::tensor(kernel::input_gradient(&shape, &of_y, &weight), dims));
        }
        // Elsewhere the graph of this one operation is recorded.
        let lift = |t: &Tensor<3>| t.clone().inner().autodiff().require_grad();
        let (input, weight) = (lift(x), lift(&self.weight));
        let bias = self.bias.clone().inner().autodiff().require_grad();
        let copy = Self { weight: weight.clone(), bias: bias.clone(), ..self.clone() };
        let product = copy.forward(&input) * dy.clone().inner().autodiff();
        let mut found = product.sum().backward();
        if let (Some(of_weight), Some(of_bias)) =
            (weight.grad_remove(&mut found), bias.grad_remove(&mut found))
        {
            gradients.add(&join(path, "weight"), of_weight);
            gradients.add(&join(path, "bias"), of_bias);
        }
        input.grad_remove(&mut found).filter(|_| wanted)
    }
}

impl Parameters for Conv1d {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &self.weight);
        visitor.tensor(&join(path, "bias"), Role::Weight, &self.bias);
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &mut self.weight);
        visitor.tensor(&join(path, "bias"), Role::Weight, &mut self.bias);
    }
}
