//! The two-dimensional convolution.

use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::graph::through_graph;
use super::{Activation, column_sums, initial_normal, initial_uniform};
use crate::error::NnError;
use crate::gradients::Gradients;
use crate::kernels::conv::{self as kernel, Ending, Shape};
use crate::kernels::host::{self, Dense};
use crate::parameters::{Parameters, Role, Visit, VisitMut, join};

/// What a convolution covers, `[down, across]` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Cells of the kernel.
    pub kernel: [usize; 2],
    /// Distance of a window from the next.
    pub stride: [usize; 2],
    /// Zeros on either side.
    pub padding: [usize; 2],
    /// Distance of a cell of the kernel from the next.
    pub dilation: [usize; 2],
}

impl Window {
    /// A square kernel, stride 1, no zeros around.
    pub fn square(kernel: usize) -> Self {
        Self::of([kernel; 2])
    }

    /// A kernel over a sequence, that is, over images of height 1.
    pub fn sequence(kernel: usize) -> Self {
        Self::of([1, kernel])
    }

    fn of(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1; 2], padding: [0; 2], dilation: [1; 2] }
    }

    /// Takes every so many windows in both directions.
    pub fn stride(self, stride: usize) -> Self {
        Self { stride: [stride; 2], ..self }
    }

    /// Zeros on all sides that the kernel reaches beyond one cell: none above and below a sequence.
    pub fn padding(self, padding: usize) -> Self {
        Self { padding: self.kernel.map(|k| if k > 1 { padding } else { 0 }), ..self }
    }

    /// Leaves gaps between the cells of the kernel.
    pub fn dilation(self, dilation: usize) -> Self {
        Self { dilation: [dilation; 2], ..self }
    }

    /// Height and width of the output for an input of that size; 0 where no window fits.
    pub fn positions(&self, size: [usize; 2]) -> [usize; 2] {
        std::array::from_fn(|d| {
            let (padded, reach) =
                (size[d] + 2 * self.padding[d], self.dilation[d] * self.kernel[d].saturating_sub(1) + 1);
            if padded < reach { 0 } else { (padded - reach) / self.stride[d] + 1 }
        })
    }

    fn check(&self) -> Result<(), NnError> {
        let some = !([self.kernel, self.stride, self.dilation].concat().contains(&0));
        let padded = |d: usize| self.padding[d] <= self.dilation[d] * (self.kernel[d] - 1);
        if !(some && padded(0) && padded(1)) {
            let message =
                format!("a convolution cannot have {self:?}: sizes from 1, zeros less than the reach");
            return Err(NnError::Setting(message));
        }
        Ok(())
    }
}

/// `y[n, p, q, o] = b[o] + Σ w[o, i, k, l] x[n, p · s + k · d − z, q · s + l · d − z, i]`, zeros outside, `i` over the
/// channels of the group of `o`.
///
/// Images are `[rows, height, width, channels]`; a sequence is an image of height 1. PyTorch's have the channels first;
/// the weights are laid out as theirs.
#[derive(Debug, Clone)]
pub struct Conv2d {
    /// `w`, shape `[outputs, inputs / groups, kernel height, kernel width]`.
    pub weight: Tensor<4>,
    /// `b`, shape `[outputs]`, if there is one.
    pub bias: Option<Tensor<1>>,
    pub(super) window: Window,
    pub(super) groups: usize,
}

/// Gradients of the parameters of a [`Conv2d`].
#[derive(Debug, Clone)]
pub struct ConvGradient {
    /// Of `w`.
    pub weight: Tensor<4>,
    /// Of `b`, if there is one.
    pub bias: Option<Tensor<1>>,
}

impl Conv2d {
    /// PyTorch's initial values, uniform in `±1/√(inputs · kernel)`, with a bias.
    ///
    /// # Errors
    /// When one of the sizes is 0 or more zeros are put around than the kernel reaches.
    pub fn new(
        inputs: usize,
        outputs: usize,
        window: Window,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        Self::grouped(inputs, outputs, window, 1, stream, device)
    }

    /// Of groups of channels, each seen by as many outputs of its own.
    ///
    /// # Errors
    /// As [`new`](Self::new), and when the groups do not divide the channels.
    pub fn grouped(
        inputs: usize,
        outputs: usize,
        window: Window,
        groups: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        window.check()?;
        let divided = inputs.is_multiple_of(groups) && outputs.is_multiple_of(groups);
        if inputs * outputs * groups == 0 || !divided {
            let message = format!("a convolution of {inputs} to {outputs} channels in {groups} groups");
            return Err(NnError::Setting(message + " cannot be: groups divide both, none is 0"));
        }
        let [height, width] = window.kernel;
        let inputs = inputs / groups;
        let reach = inputs * height * width;
        Ok(Self {
            weight: initial_uniform([outputs, inputs, height, width], reach, stream, device),
            bias: Some(initial_uniform([outputs], reach, stream, device)),
            window,
            groups,
        })
    }

    /// Without a bias, as before a normalisation.
    pub fn without_bias(mut self) -> Self {
        self.bias = None;
        self
    }

    /// With normal weights of that standard deviation.
    pub fn with_normal_weights(mut self, deviation: f32, stream: &mut Stream) -> Self {
        self.weight = initial_normal(self.weight.dims(), deviation, stream, &self.weight.device());
        self
    }

    /// What it covers.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Number of output channels.
    pub fn outputs(&self) -> usize {
        self.weight.dims()[0]
    }

    /// `[rows, height, width, inputs]` to `[rows, positions down, positions across, outputs]`.
    pub fn forward(&self, x: &Tensor<4>) -> Tensor<4> {
        self.forward_activated(x, Activation::Identity)
    }

    /// The same with an activation.
    pub fn forward_activated(&self, x: &Tensor<4>, activation: Activation) -> Tensor<4> {
        self.fused(x, self.bias.as_ref(), activation)
            .unwrap_or_else(|| activation.apply(self.composed(x, self.bias.clone())))
    }

    /// How a change `t` of the input moves the output: the convolution without its bias.
    pub fn tangent(&self, t: &Tensor<4>) -> Tensor<4> {
        self.fused(t, None, Activation::Identity).unwrap_or_else(|| self.composed(t, None))
    }

    fn shape(&self, size: [usize; 2]) -> Shape {
        let [outputs, inputs, ..] = self.weight.dims();
        Shape { size, inputs: inputs * self.groups, outputs, groups: self.groups, window: self.window }
    }

    fn fused(&self, x: &Tensor<4>, bias: Option<&Tensor<1>>, activation: Activation) -> Option<Tensor<4>> {
        let [rows, height, width, _] = x.dims();
        let shape = self.shape([height, width]);
        let (x, weight) = (Dense::of(x)?, Dense::of(&self.weight)?);
        let bias = match bias {
            Some(bias) => Some(Dense::of(bias)?),
            None => None,
        };
        let y = kernel::forward(&shape, &x, &weight, Ending { bias: bias.as_deref(), activation });
        let [down, across] = shape.positions();
        Some(host::tensor(y, [rows, down, across, shape.outputs]))
    }

    fn composed(&self, x: &Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
        let Window { stride, padding, dilation, .. } = self.window;
        let options = ConvOptions::new(stride, padding, dilation, self.groups);
        let first = x.clone().permute([0, 3, 1, 2]);
        conv2d(first, self.weight.clone(), bias, options).permute([0, 2, 3, 1])
    }

    /// Gradient of an input of `size` (height, width) from that of the output: the transposed convolution.
    pub fn input_gradient(&self, dy: &Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        if let (Some(of_output), Some(weight)) = (Dense::of(dy), Dense::of(&self.weight)) {
            let shape = self.shape(size);
            let dx = kernel::input_gradient(&shape, &of_output, &weight);
            return host::tensor(dx, [dy.dims()[0], size[0], size[1], shape.inputs]);
        }
        let Window { kernel, stride, padding, dilation } = self.window;
        let reach = |d: usize| size[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1;
        let out = std::array::from_fn(|d| reach(d) % stride[d]);
        let options = ConvTransposeOptions::new(stride, padding, out, dilation, self.groups);
        let first = dy.clone().permute([0, 3, 1, 2]);
        conv_transpose2d(first, self.weight.clone(), None, options).permute([0, 2, 3, 1])
    }

    /// Gradients of the parameters from the input and the gradient of the output.
    pub fn gradient(&self, x: &Tensor<4>, dy: &Tensor<4>) -> ConvGradient {
        ConvGradient {
            weight: self.weight_gradient(x, dy),
            bias: self.bias.as_ref().map(|_| column_sums(&dy.clone().flatten(0, 2))),
        }
    }

    /// That of the weights alone.
    pub fn weight_gradient(&self, x: &Tensor<4>, dy: &Tensor<4>) -> Tensor<4> {
        if let (Some(input), Some(of_output)) = (Dense::of(x), Dense::of(dy)) {
            let [_, height, width, _] = x.dims();
            let found = kernel::weight_gradient(&self.shape([height, width]), &input, &of_output);
            return host::tensor(found, self.weight.dims());
        }
        let x = x.clone().inner().autodiff();
        through_graph(&self.weight, dy, |weight| {
            Self { weight: weight.clone(), ..self.clone() }.composed(&x, None)
        })
    }

    /// Adds the parameters' gradients under `path`, from the input and the gradient of the output; returns the gradient
    /// of the input if it is `wanted`.
    pub fn backward(
        &self,
        x: &Tensor<4>,
        dy: &Tensor<4>,
        wanted: bool,
        path: &str,
        gradients: &mut Gradients,
    ) -> Option<Tensor<4>> {
        let ConvGradient { weight, bias } = self.gradient(x, dy);
        gradients.add(&join(path, "weight"), weight);
        if let Some(bias) = bias {
            gradients.add(&join(path, "bias"), bias);
        }
        let [_, height, width, _] = x.dims();
        wanted.then(|| self.input_gradient(dy, [height, width]))
    }
}

impl Parameters for Conv2d {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &self.weight);
        if let Some(bias) = &self.bias {
            visitor.tensor(&join(path, "bias"), Role::Weight, bias);
        }
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &mut self.weight);
        if let Some(bias) = &mut self.bias {
            visitor.tensor(&join(path, "bias"), Role::Weight, bias);
        }
    }
}
