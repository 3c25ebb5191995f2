//! Pooling of sequences `[rows, length, channels]`.

use burn::tensor::module::max_pool1d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor, activation};

use super::batch_norm::{Batch, BatchNorm, BatchNormGradient};
use super::graph::through_graph;
use super::{Activation, Mode};
use crate::gradients::Gradients;
use crate::kernels::host::{self, Dense, Matrix};
use crate::kernels::pool::{self as kernel, Before, Normalised, Shape};
use crate::kernels::spare;
use crate::parameters::{Parameters, Visit, VisitMut, join, tracked, untracked};

/// The largest of each window of `kernel` positions, one at every `stride`. What is left at the end is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool1d {
    kernel: usize,
    stride: usize,
}

impl MaxPool1d {
    /// Both at least 1.
    pub fn new(kernel: usize, stride: usize) -> Self {
        Self { kernel: kernel.max(1), stride: stride.max(1) }
    }

    /// Positions of the output for an input of `length`; 0 where no window fits.
    pub fn positions(self, length: usize) -> usize {
        self.shape([0, length, 1]).positions()
    }

    fn shape(self, [_, length, channels]: [usize; 3]) -> Shape {
        Shape { length, channels, kernel: self.kernel, stride: self.stride }
    }

    /// The pooled sequences. At least one window must fit.
    pub fn forward(self, x: &Tensor<3>) -> Tensor<3> {
        let dims = x.dims();
        if let Some(x) = Dense::of(x) {
            let (ones, zeros) = (vec![1.0; dims[2]], vec![0.0; dims[2]]);
            let before = Before { scale: &ones, shift: &zeros, floor: f32::NEG_INFINITY };
            return self.pooled(dims, &x, before);
        }
        let options = MaxPoolOptions::new([self.kernel]).with_stride([self.stride]);
        max_pool1d(x.clone().swap_dims(1, 2), options).swap_dims(1, 2)
    }

    /// Gradient of the input from that of the output.
    pub fn backward(self, x: &Tensor<3>, dy: &Tensor<3>) -> Tensor<3> {
        let dims = x.dims();
        if let (Some(x), Some(dy)) = (Dense::of(x), Dense::of(dy)) {
            return host::tensor(kernel::backward(self.shape(dims), &x, &dy), dims);
        }
        through_graph(x, dy, |x| self.forward(x))
    }

    fn pooled(self, dims: [usize; 3], x: &[f32], before: Before<'_>) -> Tensor<3> {
        let shape = self.shape(dims);
        host::tensor(kernel::forward(shape, x, before), [dims[0], shape.positions(), dims[2]])
    }
}

/// Batch normalisation, ReLU and largest value of each window in one pass: what follows a convolution.
#[derive(Debug, Clone)]
pub struct NormPool {
    /// The normalisation, over rows and positions.
    pub norm: BatchNorm,
    pool: MaxPool1d,
}

// The pool has no tensors, so that the names are those of the normalisation.
impl Parameters for NormPool {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        self.norm.visit(path, visitor);
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        self.norm.visit_mut(path, visitor);
    }
}

/// What [`NormPool::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct NormPoolSaved {
    x: Tensor<3>,
    /// Of the kernel; without it the way back goes through a graph.
    fused: Option<Batch>,
}

impl Batch {
    /// Normalisation and ReLU.
    fn before(&self) -> Before<'_> {
        Before { scale: &self.scale, shift: &self.shift, floor: 0.0 }
    }
}

impl NormPool {
    /// Only the pooling until trained.
    pub fn new(channels: usize, pool: MaxPool1d, device: &Device) -> Self {
        Self { norm: BatchNorm::new(channels, device), pool }
    }

    /// Positions of the output for an input of `length`; 0 where no window fits.
    pub fn positions(&self, length: usize) -> usize {
        self.pool.positions(length)
    }

    /// `[rows, length, channels]` to `[rows, positions, channels]`, by tensor operations in [`Mode::Train`].
    pub fn forward(&mut self, x: &Tensor<3>, mode: Mode) -> Tensor<3> {
        if mode == Mode::Eval {
            return self.evaluate(x);
        }
        let normal = self.norm.forward(x.clone().swap_dims(1, 2), mode).swap_dims(1, 2);
        self.pool.forward(&activation::relu(normal))
    }

    /// The same by the running statistics.
    pub fn evaluate(&self, x: &Tensor<3>) -> Tensor<3> {
        let (scale, shift) = self.norm.running_scale_shift();
        if let (Some(memory), Some(scale), Some(shift)) = (Dense::of(x), Dense::of(&scale), Dense::of(&shift))
        {
            return self.pool.pooled(x.dims(), &memory, Before { scale: &scale, shift: &shift, floor: 0.0 });
        }
        let normal = self.norm.evaluate(x.clone().swap_dims(1, 2), Activation::Relu);
        self.pool.forward(&normal.swap_dims(1, 2))
    }

    /// The same by the statistics of the batch, with what the way back needs.
    pub fn forward_train(&mut self, x: Tensor<3>) -> (Tensor<3>, NormPoolSaved) {
        let Some((y, saved)) = self.forward_fused(&x) else {
            let y = self.forward(&x, Mode::Train);
            return (y, NormPoolSaved { x, fused: None });
        };
        (y, NormPoolSaved { x, fused: Some(saved) })
    }

    fn forward_fused(&mut self, x: &Tensor<3>) -> Option<(Tensor<3>, Batch)> {
        let dims = x.dims();
        let (matrix, values) = (Matrix::of(x)?, Dense::of(x)?);
        let fused = self.norm.measure(&matrix)?;
        let y = self.pool.pooled(dims, &values, fused.before());
        Some((y, fused))
    }

    /// Adds the parameters' gradients under `path` from that of the output; returns that of the input. What was saved
    /// is used up.
    pub fn backward(
        &self,
        saved: NormPoolSaved,
        dy: &Tensor<3>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<3> {
        if let Some((dx, gradient)) = self.backward_fused(&saved, dy) {
            gradients.add_batch_norm(path, gradient);
            spare::give(saved.x);
            return dx;
        }
        // Elsewhere the graph of this one layer is recorded.
        let input = saved.x.clone().inner().autodiff().require_grad();
        let mut copy = tracked(&untracked(self.clone()));
        let mut found = (copy.forward(&input, Mode::Train) * dy.clone().inner().autodiff()).sum().backward();
        let dx = input.grad_remove(&mut found).unwrap_or_else(|| saved.x.zeros_like());
        let of = Gradients::of(&copy, found);
        of.iter().for_each(|(name, gradient)| gradients.add(&join(path, name), gradient.clone()));
        dx
    }

    fn backward_fused(
        &self,
        saved: &NormPoolSaved,
        dy: &Tensor<3>,
    ) -> Option<(Tensor<3>, BatchNormGradient)> {
        let (dims, fused) = (saved.x.dims(), saved.fused.as_ref()?);
        let (x, weight, dy) = (Dense::of(&saved.x)?, Dense::of(&self.norm.weight)?, Dense::of(dy)?);
        let of = Normalised {
            x: &x,
            mean: &fused.mean,
            inverse: &fused.inverse,
            weight: &weight,
            before: fused.before(),
        };
        let (dx, weight, bias) = kernel::normalised_backward(self.pool.shape(dims), of, &dy);
        let channels = [dims[2]];
        let gradient =
            BatchNormGradient { weight: host::tensor(weight, channels), bias: host::tensor(bias, channels) };
        Some((host::tensor(dx, dims), gradient))
    }
}

/// ReLU and mean over the positions: what ends a stack of convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeanPool;

impl MeanPool {
    /// `[rows, length, channels]` to `[rows, channels]`.
    pub fn forward(self, x: &Tensor<3>) -> Tensor<2> {
        let [rows, length, channels] = x.dims();
        match Dense::of(x) {
            Some(x) => host::tensor(kernel::mean(length, channels, &x, 0.0), [rows, channels]),
            None => activation::relu(x.clone()).mean_dim(1).squeeze_dim(1),
        }
    }

    /// Gradient of the input from that of the output.
    pub fn backward(self, x: &Tensor<3>, dy: &Tensor<2>) -> Tensor<3> {
        let [rows, length, channels] = x.dims();
        if let (Some(x), Some(dy)) = (Dense::of(x), Dense::of(dy)) {
            let dx = kernel::mean_backward(length, channels, &x, 0.0, &dy);
            return host::tensor(dx, [rows, length, channels]);
        }
        let share: Tensor<3> = (dy.clone() / length as f32).unsqueeze_dim(1);
        x.clone().greater_scalar(0.0).float() * share
    }
}
