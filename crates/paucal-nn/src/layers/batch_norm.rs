//! Batch normalisation (Ioffe and Szegedy 2015, arXiv 1502.03167) with PyTorch's conventions.

use burn::tensor::{Device, Tensor};

use super::{Activation, Mode};
use crate::kernels::host::{self, Dense, Matrix};
use crate::kernels::{normalise, spare};
use crate::parameters::{Parameters, Role, Visit, VisitMut, join};

/// Added to the variance.
pub(super) const EPSILON: f64 = 1e-5;
/// Share of the new batch in the running statistics.
const MOMENTUM: f64 = 0.1;

/// `y = γ (x − μ) / √(σ² + 1e-5) + β` per channel, the second dimension.
///
/// While training μ and σ² are the mean and the biased variance of the batch, and the running statistics move a
/// tenth of the way towards the mean and the **unbiased** variance; in use they replace μ and σ².
#[derive(Debug, Clone)]
pub struct BatchNorm {
    /// γ, starts at 1.
    pub weight: Tensor<1>,
    /// β, starts at 0.
    pub bias: Tensor<1>,
    /// Running mean, starts at 0.
    pub running_mean: Tensor<1>,
    /// Running unbiased variance, starts at 1.
    pub running_variance: Tensor<1>,
}

/// What [`BatchNorm::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct BatchNormSaved {
    x: Tensor<2>,
    y: Tensor<2>,
    mean: Tensor<1>,
    inverse: Tensor<1>,
    activation: Activation,
}

/// Statistics of a batch channel by channel, and the factor and summand they come to.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) mean: Vec<f32>,
    /// `1 / √(variance + ε)`.
    pub(super) inverse: Vec<f32>,
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
}

/// Gradient of the parameters of a [`BatchNorm`].
#[derive(Debug, Clone)]
pub struct BatchNormGradient {
    /// Of γ.
    pub weight: Tensor<1>,
    /// Of β.
    pub bias: Tensor<1>,
}

impl BatchNorm {
    /// The identity until trained.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            weight: Tensor::ones([channels], device),
            bias: Tensor::zeros([channels], device),
            running_mean: Tensor::zeros([channels], device),
            running_variance: Tensor::ones([channels], device),
        }
    }

    /// Normalises `[batch, channels, ...]`. In [`Mode::Train`] the batch must have more than one value per
    /// channel.
    pub fn forward<const D: usize>(&mut self, x: Tensor<D>, mode: Mode) -> Tensor<D> {
        if mode == Mode::Eval {
            return self.evaluate(x, Activation::Identity);
        }
        let other: Vec<usize> = (0..D).filter(|&d| d != 1).collect();
        let mean = x.clone().mean_dims(&other);
        let variance = (x.clone() - mean.clone()).square().mean_dims(&other);
        let count = x.dims().iter().product::<usize>() / x.dims()[1].max(1);
        let flat = |t: &Tensor<D>| t.clone().inner().reshape([-1]);
        self.record(flat(&mean), flat(&variance), count);
        let normal = (x - mean) * (variance + EPSILON).sqrt().recip();
        normal * per_channel(&self.weight) + per_channel(&self.bias)
    }

    /// Normalises `[batch, channels, ...]` by the running statistics, and activates.
    pub fn evaluate<const D: usize>(&self, x: Tensor<D>, activation: Activation) -> Tensor<D> {
        self.evaluate_added(x, None, activation)
    }

    /// The same with something added before the activation.
    pub fn evaluate_added<const D: usize>(
        &self,
        x: Tensor<D>,
        added: Option<&Tensor<D>>,
        activation: Activation,
    ) -> Tensor<D> {
        let (scale, shift) = self.running_scale_shift();
        if D == 2
            && let (Some(m), Some(a), Some(b)) = (Matrix::of(&x), Matrix::of(&scale), Matrix::of(&shift))
            && let Some(added) = dense(added)
        {
            let y = normalise::scale_shift(&m, a.row(0), b.row(0), added.as_deref(), activation);
            return host::tensor(y, x.dims());
        }
        let normal = x * per_channel(&scale) + per_channel(&shift);
        activation.apply(match added {
            Some(added) => normal + added.clone(),
            None => normal,
        })
    }

    /// Factor and summand of each channel that the running statistics come to.
    pub(super) fn running_scale_shift(&self) -> (Tensor<1>, Tensor<1>) {
        let scale = self.weight.clone() * (self.running_variance.clone() + EPSILON).sqrt().recip();
        let shift = self.bias.clone() - self.running_mean.clone() * scale.clone();
        (scale, shift)
    }

    /// Normalises and activates a batch in training; keeps what [`Self::backward`] needs.
    pub fn forward_train(&mut self, x: Tensor<2>, activation: Activation) -> (Tensor<2>, BatchNormSaved) {
        self.forward_train_added(x, None, activation)
    }

    /// The same with something added before the activation, as at the end of a residual block. Then
    /// [`Self::backward`] is to be given the gradient from before the activation, which is also that of what was added.
    pub fn forward_train_added(
        &mut self,
        x: Tensor<2>,
        added: Option<&Tensor<2>>,
        activation: Activation,
    ) -> (Tensor<2>, BatchNormSaved) {
        let left = if added.is_some() { Activation::Identity } else { activation };
        if let Some(m) = Matrix::of(&x)
            && let Some(added) = dense(added)
            && let Some(batch) = self.measure(&m)
        {
            let y = normalise::scale_shift(&m, &batch.scale, &batch.shift, added.as_deref(), activation);
            let y = host::tensor(y, [m.rows, m.columns]);
            let [mean, inverse] = [batch.mean, batch.inverse].map(|of| host::tensor(of, [m.columns]));
            return (y.clone(), BatchNormSaved { x, y, mean, inverse, activation: left });
        }
        let mean = x.clone().mean_dim(0);
        let variance = (x.clone() - mean.clone()).square().mean_dim(0);
        let (mean, variance) = (mean.squeeze_dim::<1>(0), variance.squeeze_dim::<1>(0));
        self.record(mean.clone(), variance.clone(), x.dims()[0]);
        let inverse = (variance + EPSILON).sqrt().recip();
        let normal = (x.clone() - mean.clone().unsqueeze()) * inverse.clone().unsqueeze();
        let normal = normal * self.weight.clone().unsqueeze() + self.bias.clone().unsqueeze();
        let y = activation.apply(match added {
            Some(added) => normal + added.clone(),
            None => normal,
        });
        (y.clone(), BatchNormSaved { x, y, mean, inverse, activation: left })
    }

    /// Gradients of the input and the parameters from that of the activated output.
    pub fn backward(&self, saved: &BatchNormSaved, dy: &Tensor<2>) -> (Tensor<2>, BatchNormGradient) {
        if let (Some(x), Some(y), Some(d), Some(weight), Some(mean), Some(inverse)) = (
            Matrix::of(&saved.x),
            Matrix::of(&saved.y),
            Matrix::of(dy),
            Matrix::of(&self.weight),
            Matrix::of(&saved.mean),
            Matrix::of(&saved.inverse),
        ) {
            let kept = normalise::Saved {
                x: &x,
                y: &y,
                mean: mean.row(0),
                inverse: inverse.row(0),
                activation: saved.activation,
            };
            let (dx, weight, bias) = normalise::backward(&kept, weight.row(0), &d);
            let columns = [x.columns];
            let gradient = BatchNormGradient {
                weight: host::tensor(weight, columns),
                bias: host::tensor(bias, columns),
            };
            return (host::tensor(dx, [x.rows, x.columns]), gradient);
        }
        let n = dy.dims()[0] as f64;
        let d = saved.activation.backward(&saved.y, dy.clone());
        let inverse = saved.inverse.clone().unsqueeze::<2>();
        let normal = (saved.x.clone() - saved.mean.clone().unsqueeze()) * inverse.clone();
        let bias = d.clone().sum_dim(0);
        let weight = (d.clone() * normal.clone()).sum_dim(0);
        let inner = d - bias.clone() / n - normal * weight.clone() / n;
        let dx = inner * (inverse * self.weight.clone().unsqueeze());
        (dx, BatchNormGradient { weight: weight.squeeze_dim(0), bias: bias.squeeze_dim(0) })
    }

    /// Statistics of a batch with a row per value of each channel, which are recorded; `None` where the parameters lie
    /// elsewhere.
    pub(super) fn measure(&mut self, x: &Matrix) -> Option<Batch> {
        let (weight, bias) = (Dense::of(&self.weight)?, Dense::of(&self.bias)?);
        let (mean, variance): (Vec<f32>, Vec<f32>) =
            normalise::moments(x).iter().map(|m| (m.mean, m.variance)).unzip();
        let inverse: Vec<f32> = variance.iter().map(|v| 1.0 / (v + EPSILON as f32).sqrt()).collect();
        let scale: Vec<f32> = inverse.iter().zip(&*weight).map(|(i, w)| i * w).collect();
        let shift = mean.iter().zip(&scale).zip(&*bias).map(|((m, s), b)| b - m * s).collect();
        let [of_mean, of_variance] = [mean.clone(), variance].map(|of| host::tensor(of, [x.columns]));
        self.record(of_mean, of_variance, x.rows);
        Some(Batch { mean, inverse, scale, shift })
    }

    /// Moves the running statistics towards those of a batch with `count` values per channel.
    fn record(&mut self, mean: Tensor<1>, biased_variance: Tensor<1>, count: usize) {
        let unbiased = count as f64 / (count.max(2) - 1) as f64;
        let step = |old: Tensor<1>, new: Tensor<1>| old * (1.0 - MOMENTUM) + new * MOMENTUM;
        self.running_mean.inplace(|old| step(old, mean));
        self.running_variance.inplace(|old| step(old, biased_variance * unbiased));
    }
}

/// The memory of what is added, if anything is; `None` where it lies elsewhere.
#[allow(clippy::option_option)]
fn dense<const D: usize>(added: Option<&Tensor<D>>) -> Option<Option<Dense>> {
    match added {
        Some(added) => Dense::of(added).map(Some),
        None => Some(None),
    }
}

impl BatchNormSaved {
    /// The activated output.
    pub(crate) fn output(&self) -> &Tensor<2> {
        &self.y
    }

    /// Gives the memory back that nobody else holds.
    pub(crate) fn give(self) {
        spare::give(self.x);
        spare::give(self.y);
    }
}

/// A per-channel vector in the shape that broadcasts over `[batch, channels, ...]`.
fn per_channel<const D: usize>(vector: &Tensor<1>) -> Tensor<D> {
    let mut shape = [1; D];
    shape[1] = vector.dims()[0];
    vector.clone().reshape(shape)
}

impl Parameters for BatchNorm {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &self.weight);
        visitor.tensor(&join(path, "bias"), Role::Weight, &self.bias);
        visitor.tensor(&join(path, "running_mean"), Role::Statistic, &self.running_mean);
        visitor.tensor(&join(path, "running_var"), Role::Statistic, &self.running_variance);
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        visitor.tensor(&join(path, "weight"), Role::Weight, &mut self.weight);
        visitor.tensor(&join(path, "bias"), Role::Weight, &mut self.bias);
        visitor.tensor(&join(path, "running_mean"), Role::Statistic, &mut self.running_mean);
        visitor.tensor(&join(path, "running_var"), Role::Statistic, &mut self.running_variance);
    }
}
