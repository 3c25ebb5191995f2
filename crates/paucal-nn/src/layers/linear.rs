//! The dense layer.

use burn::tensor::{Device, Tensor, TensorData};
use paucal_core::Stream;

use super::Activation;
use crate::gradients::Gradients;
use crate::kernels::dense::{self, plain, transposed};
use crate::kernels::host::{self, Matrix};
use crate::parameters::{Parameters, Role, Visit, VisitMut, join};

/// `y = x Wᵀ + b` on rows of inputs.
#[derive(Debug, Clone)]
pub struct Linear {
    /// `W`, shape `[outputs, inputs]`, as PyTorch lays it out.
    pub weight: Tensor<2>,
    /// `b`, shape `[outputs]`.
    pub bias: Tensor<1>,
}

/// Gradient of the parameters of a [`Linear`].
#[derive(Debug, Clone)]
pub struct LinearGradient {
    /// Of `W`.
    pub weight: Tensor<2>,
    /// Of `b`.
    pub bias: Tensor<1>,
}

impl Linear {
    /// PyTorch's initial values: weights and biases uniform in `±1/√inputs`.
    pub fn new(inputs: usize, outputs: usize, stream: &mut Stream, device: &Device) -> Self {
        Self {
            weight: initial_uniform([outputs, inputs], inputs, stream, device),
            bias: initial_uniform([outputs], inputs, stream, device),
        }
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.weight.dims()[1]
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.weight.dims()[0]
    }

    /// `x Wᵀ + b`, shape `[rows, outputs]`.
    pub fn forward(&self, x: &Tensor<2>) -> Tensor<2> {
        self.forward_activated(x, Activation::Identity)
    }

    /// `activation(x Wᵀ + b)` in one pass.
    pub fn forward_activated(&self, x: &Tensor<2>, activation: Activation) -> Tensor<2> {
        if let (Some(x), Some(weight), Some(bias)) =
            (Matrix::of(x), Matrix::of(&self.weight), Matrix::of(&self.bias))
        {
            return host::tensor(dense::linear(&x, &weight, bias.row(0), activation), [x.rows, weight.rows]);
        }
        let product = x.clone().matmul(self.weight.clone().transpose());
        activation.apply(product + self.bias.clone().unsqueeze())
    }

    /// Gradient of the parameters from the input and the gradient of the output (before any activation).
    pub fn gradient(&self, x: &Tensor<2>, dy: &Tensor<2>) -> LinearGradient {
        LinearGradient { weight: add_products(&[(dy, x)]), bias: column_sums(dy) }
    }

    /// Adds the parameters' gradients under `path` and returns that of the input: [`gradient`](Self::gradient) and
    /// [`input_gradient`](Self::input_gradient) side by side.
    pub fn backward(
        &self,
        x: &Tensor<2>,
        dy: &Tensor<2>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<2> {
        let (weight, dx) = match (Matrix::of(x), Matrix::of(dy), Matrix::of(&self.weight)) {
            (Some(x), Some(dy), Some(weight)) => {
                let [of_weight, of_x] =
                    dense::products([transposed(&dy), plain(&x)], [plain(&dy), plain(&weight)]);
                (host::tensor(of_weight, self.weight.dims()), host::tensor(of_x, [x.rows, x.columns]))
            }
            _ => (add_products(&[(dy, x)]), self.input_gradient(dy)),
        };
        gradients.add_linear(path, LinearGradient { weight, bias: column_sums(dy) });
        dx
    }

    /// Gradient of the input from the gradient of the output: `dy W`.
    pub fn input_gradient(&self, dy: &Tensor<2>) -> Tensor<2> {
        match (Matrix::of(dy), Matrix::of(&self.weight)) {
            (Some(dy), Some(weight)) => {
                host::tensor(dense::product(plain(&dy), plain(&weight)), [dy.rows, weight.columns])
            }
            _ => dy.clone().matmul(self.weight.clone()),
        }
    }

    /// `t Wᵀ`: how a change `t` of the input moves the output.
    pub fn tangent(&self, t: &Tensor<2>) -> Tensor<2> {
        match (Matrix::of(t), Matrix::of(&self.weight)) {
            (Some(t), Some(weight)) => {
                host::tensor(dense::product(plain(&t), transposed(&weight)), [t.rows, weight.rows])
            }
            _ => t.clone().matmul(self.weight.clone().transpose()),
        }
    }
}

impl Parameters for Linear {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &self.weight);
        visitor.tensor(&join(path, "bias"), Role::Weight, &self.bias);
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &mut self.weight);
        visitor.tensor(&join(path, "bias"), Role::Weight, &mut self.bias);
    }
}

/// `Σ aᵀ b` over the pairs, which all give the same shape: the weight gradient of a layer that was used more
/// than once.
///
/// # Panics
/// Panics on an empty list.
pub fn add_products(pairs: &[(&Tensor<2>, &Tensor<2>)]) -> Tensor<2> {
    let matrices: Option<Vec<_>> =
        pairs.iter().map(|(a, b)| Some((Matrix::of(a)?, Matrix::of(b)?))).collect();
    if let Some(matrices) = matrices {
        let shape = [matrices[0].0.columns, matrices[0].1.columns];
        let mut out = dense::product(transposed(&matrices[0].0), plain(&matrices[0].1));
        for (a, b) in &matrices[1..] {
            dense::add_product(&mut out, transposed(a), plain(b));
        }
        return host::tensor(out, shape);
    }
    let product = |(a, b): &(&Tensor<2>, &Tensor<2>)| (*a).clone().transpose().matmul((*b).clone());
    let first = product(&pairs[0]);
    pairs[1..].iter().fold(first, |sum, pair| sum + product(pair))
}

/// Sum over the rows.
pub(crate) fn column_sums(x: &Tensor<2>) -> Tensor<1> {
    match Matrix::of(x) {
        Some(m) => host::tensor(dense::column_sums(&m), [m.columns]),
        None => x.clone().sum_dim(0).squeeze_dim(0),
    }
}

/// PyTorch's default for dense and convolution layers: uniform in `±1/√fan_in` (Kaiming-uniform with a = √5).
pub fn initial_uniform<const D: usize>(
    shape: [usize; D],
    fan_in: usize,
    stream: &mut Stream,
    device: &Device,
) -> Tensor<D> {
    let bound = 1.0 / (fan_in.max(1) as f32).sqrt();
    let mut values = vec![0.0; shape.iter().product()];
    stream.fill_uniform(&mut values);
    values.iter_mut().for_each(|v| *v = bound * (2.0 * *v - 1.0));
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Normal values of a standard deviation.
pub(super) fn initial_normal<const D: usize>(
    shape: [usize; D],
    deviation: f32,
    stream: &mut Stream,
    device: &Device,
) -> Tensor<D> {
    let mut values = vec![0.0; shape.iter().product()];
    stream.fill_normal(&mut values);
    values.iter_mut().for_each(|v| *v *= deviation);
    Tensor::from_data(TensorData::new(values, shape), device)
}
