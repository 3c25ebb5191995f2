//! Element-wise activations.

use burn::tensor::{Tensor, activation};

use crate::kernels::host::{self, Matrix, Owned};
use crate::kernels::{cost, dense, math};

/// An element-wise activation whose derivative follows from its output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// `x`
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `x` above zero, `slope · x` below; the slope is positive.
    LeakyRelu(f32),
    /// `tanh x`
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
}

impl Activation {
    /// Applies it to a tensor of any rank.
    pub fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        if self == Self::Identity {
            return x;
        }
        let mut x = x;
        if let Some(mut memory) = Owned::take(&mut x) {
            dense::activate(memory.values_mut(), self);
            return memory.tensor();
        }
        match self {
            Self::Identity => x,
            Self::Relu => activation::relu(x),
            Self::LeakyRelu(slope) => activation::leaky_relu(x, f64::from(slope)),
            Self::Tanh => activation::tanh(x),
            Self::Sigmoid => activation::sigmoid(x),
        }
    }

    /// The gradient of the input, `gradient · f'`, from the output and the output's gradient.
    pub fn backward<const D: usize>(self, output: &Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
        if self == Self::Identity {
            return gradient;
        }
        match (Matrix::of(output), Matrix::of(&gradient)) {
            (Some(y), Some(dy)) => host::tensor(dense::activation_gradient(&y, &dy, self), output.dims()),
            _ => gradient * self.derivative(output),
        }
    }

    /// The derivative, from the output, as tensor operations.
    pub(crate) fn derivative<const D: usize>(self, output: &Tensor<D>) -> Tensor<D> {
        let y = output.clone();
        match self {
            Self::Identity => y.ones_like(),
            Self::Relu => y.greater_scalar(0.0).float(),
            Self::LeakyRelu(slope) => y.greater_scalar(0.0).float() * (1.0 - slope) + slope,
            Self::Tanh => -y.square() + 1.0,
            Self::Sigmoid => y.clone() - y.square(),
        }
    }

    /// What a value costs.
    pub(crate) fn cost(self) -> usize {
        match self {
            Self::Tanh | Self::Sigmoid => cost::TRANSCENDENTAL,
            Self::Identity | Self::Relu | Self::LeakyRelu(_) => cost::ARITHMETIC,
        }
    }

    /// The function of one value.
    #[inline]
    pub(crate) fn value(self, x: f32) -> f32 {
        match self {
            Self::Identity => x,
            Self::Relu => x.max(0.0),
            Self::LeakyRelu(slope) => {
                if x > 0.0 {
                    x
                } else {
                    slope * x
                }
            }
            Self::Tanh => math::tanh(x),
            Self::Sigmoid => math::sigmoid(x),
        }
    }

    /// The derivative at the place where the function has the value `y`.
    #[inline]
    pub(crate) fn derivative_from_output(self, y: f32) -> f32 {
        match self {
            Self::Identity => 1.0,
            Self::Relu => f32::from(y > 0.0),
            Self::LeakyRelu(slope) => {
                if y > 0.0 {
                    1.0
                } else {
                    slope
                }
            }
            Self::Tanh => 1.0 - y * y,
            Self::Sigmoid => y * (1.0 - y),
        }
    }
}
