//! Instance normalisation (Ulyanov et al. 2016, arXiv 1607.08022) with PyTorch's conventions, and LeakyReLU.

use burn::tensor::{Device, Tensor};

use super::batch_norm::EPSILON;
use crate::kernels::host::{self, Dense};
use crate::kernels::instance_norm::{self as kernel, Layer, Normalised, Sums};

/// `y = φ(γ (x − μ) / √(σ² + 1e-5) + β)` on images `[rows, height, width, channels]`; μ and σ² are the mean and the
/// biased variance of each image and channel, in training and in use; φ is a LeakyReLU.
///
/// An image of one cell becomes φ(β) whatever it was.
#[derive(Debug, Clone)]
pub struct InstanceNorm {
    /// γ, shape `[channels]`, starts at 1.
    pub weight: Tensor<1>,
    /// β, shape `[channels]`, starts at 0.
    pub bias: Tensor<1>,
    slope: f32,
}

crate::parameters!(InstanceNorm { tensors: weight, bias; });

/// What the ways back need from the forward pass.
#[derive(Debug, Clone)]
pub struct InstanceNormSaved {
    x: Tensor<4>,
    /// `[rows, channels]`.
    mean: Tensor<2>,
    /// `1 / √(σ² + 1e-5)`, `[rows, channels]`.
    inverse: Tensor<2>,
}

impl InstanceNormSaved {
    /// That of some of the images.
    pub fn rows(&self, first: usize, count: usize) -> Self {
        Self {
            x: self.x.clone().narrow(0, first, count),
            mean: self.mean.clone().narrow(0, first, count),
            inverse: self.inverse.clone().narrow(0, first, count),
        }
    }

    /// The input, when nothing else is needed any more.
    pub fn into_input(self) -> Tensor<4> {
        self.x
    }
}

/// Gradients of the parameters of an [`InstanceNorm`], still apart for each image: `[rows, channels]`.
#[derive(Debug, Clone)]
pub struct InstanceNormGradient {
    /// Of γ.
    pub weight: Tensor<2>,
    /// Of β.
    pub bias: Tensor<2>,
}

impl InstanceNormGradient {
    fn of(sums: Sums, shape: [usize; 2]) -> Self {
        Self { weight: host::tensor(sums.weight, shape), bias: host::tensor(sums.bias, shape) }
    }
}

impl InstanceNorm {
    /// Nothing but the normalisation until trained, then a LeakyReLU of `slope` below zero; a slope of 0 makes a ReLU, 1
    /// none.
    pub fn new(channels: usize, slope: f32, device: &Device) -> Self {
        Self { weight: Tensor::ones([channels], device), bias: Tensor::zeros([channels], device), slope }
    }

    /// The normalised and activated images. Works inside a graph too.
    pub fn forward(&self, x: &Tensor<4>) -> Tensor<4> {
        self.forward_train(x.clone()).0
    }

    /// The same with what the ways back need.
    pub fn forward_train(&self, x: Tensor<4>) -> (Tensor<4>, InstanceNormSaved) {
        let [rows, height, width, channels] = x.dims();
        if let (Some(memory), Some(weight), Some(bias)) =
            (Dense::of(&x), Dense::of(&self.weight), Dense::of(&self.bias))
        {
            let layer = Layer { weight: &weight, bias: &bias, slope: self.slope };
            let (y, mean, inverse) = kernel::forward(&memory, height * width, layer);
            let shape = [rows, channels];
            let y = host::tensor(y, x.dims());
            let (mean, inverse) = (host::tensor(mean, shape), host::tensor(inverse, shape));
            return (y, InstanceNormSaved { x, mean, inverse });
        }
        let mean = x.clone().mean_dims(&[1, 2]);
        let variance = (x.clone() - mean.clone()).square().mean_dims(&[1, 2]);
        let inverse = (variance + EPSILON).sqrt().recip();
        let flat = |t: Tensor<4>| t.reshape([rows, channels]);
        let saved = InstanceNormSaved { x, mean: flat(mean), inverse: flat(inverse) };
        let u = self.composed(&saved).u;
        (u.clone() * self.slopes(&u), saved)
    }

    /// Gradients of the input and of the parameters from that of the activated output.
    pub fn backward(&self, saved: &InstanceNormSaved, dy: &Tensor<4>) -> (Tensor<4>, InstanceNormGradient) {
        if let (Some(lent), Some(dy)) = (self.lend(saved), Dense::of(dy)) {
            let (dx, sums) = kernel::backward(lent.normalised(), &dy);
            return (host::tensor(dx, saved.x.dims()), InstanceNormGradient::of(sums, saved.mean.dims()));
        }
        let c = self.composed(saved);
        let d = dy.clone() * self.slopes(&c.u);
        (c.jacobian(&d), c.parameters(&d))
    }

    /// How a change `t` of the input moves the activated output.
    pub fn tangent(&self, saved: &InstanceNormSaved, t: &Tensor<4>) -> Tensor<4> {
        if let (Some(lent), Some(t)) = (self.lend(saved), Dense::of(t)) {
            return host::tensor(kernel::tangent(lent.normalised(), &t), saved.x.dims());
        }
        let c = self.composed(saved);
        c.jacobian(t) * self.slopes(&c.u)
    }

    /// Gradients of `⟨dy, tangent(t)⟩`, where `dy` and `t` are held constant, plus, where a gradient of the activated
    /// output comes from `above`, those of [`backward`](Self::backward).
    pub fn tangent_backward(
        &self,
        saved: &InstanceNormSaved,
        dy: &Tensor<4>,
        t: &Tensor<4>,
        above: Option<&Tensor<4>>,
    ) -> (Tensor<4>, InstanceNormGradient) {
        let from_above = above.map(Dense::of);
        if let (Some(lent), Some(dy), Some(t)) = (self.lend(saved), Dense::of(dy), Dense::of(t))
            && from_above.as_ref().is_none_or(Option::is_some)
        {
            let above = from_above.as_ref().and_then(Option::as_deref);
            let (dx, sums) = kernel::tangent_backward(lent.normalised(), &dy, &t, above);
            return (host::tensor(dx, saved.x.dims()), InstanceNormGradient::of(sums, saved.mean.dims()));
        }
        let c = self.composed(saved);
        let d = dy.clone() * self.slopes(&c.u);
        let (dx, weight) = c.curvature(&d, t);
        match above {
            Some(above) => {
                let (of_above, gradient) = self.backward(saved, above);
                (dx + of_above, InstanceNormGradient { weight: gradient.weight + weight, ..gradient })
            }
            None => (dx, InstanceNormGradient { bias: weight.zeros_like(), weight }),
        }
    }

    /// φ' at `u`.
    fn slopes(&self, u: &Tensor<4>) -> Tensor<4> {
        u.clone().greater_scalar(0.0).float() * (1.0 - self.slope) + self.slope
    }

    fn lend(&self, saved: &InstanceNormSaved) -> Option<Lent> {
        Some(Lent {
            x: Dense::of(&saved.x)?,
            mean: Dense::of(&saved.mean)?,
            inverse: Dense::of(&saved.inverse)?,
            weight: Dense::of(&self.weight)?,
            bias: Dense::of(&self.bias)?,
            slope: self.slope,
        })
    }

    fn composed(&self, saved: &InstanceNormSaved) -> Composed {
        let [rows, channels] = saved.mean.dims();
        let per_image = |t: &Tensor<2>| t.clone().reshape([rows, 1, 1, channels]);
        let per_channel = |t: &Tensor<1>| t.clone().reshape([1, 1, 1, channels]);
        let inverse = per_image(&saved.inverse);
        let normal = (saved.x.clone() - per_image(&saved.mean)) * inverse.clone();
        let weight = per_channel(&self.weight);
        Composed { u: normal.clone() * weight.clone() + per_channel(&self.bias), normal, inverse, weight }
    }
}

/// The memory that the kernels work on.
struct Lent {
    x: Dense,
    mean: Dense,
    inverse: Dense,
    weight: Dense,
    bias: Dense,
    slope: f32,
}

impl Lent {
    fn normalised(&self) -> Normalised<'_> {
        let layer = Layer { weight: &self.weight, bias: &self.bias, slope: self.slope };
        Normalised { x: &self.x, mean: &self.mean, inverse: &self.inverse, layer }
    }
}

/// The formulae of [the kernels](crate::kernels::instance_norm) as tensor operations, all `[rows, height, width,
/// channels]` or broadcast to it.
struct Composed {
    /// `n`.
    normal: Tensor<4>,
    /// `γ n + β`.
    u: Tensor<4>,
    /// `1/σ`.
    inverse: Tensor<4>,
    /// γ.
    weight: Tensor<4>,
}

fn mean(v: Tensor<4>) -> Tensor<4> {
    v.mean_dims(&[1, 2])
}

impl Composed {
    /// `J v`.
    fn jacobian(&self, v: &Tensor<4>) -> Tensor<4> {
        let along = mean(v.clone() * self.normal.clone()) * self.normal.clone();
        (v.clone() - mean(v.clone()) - along) * (self.weight.clone() * self.inverse.clone())
    }

    /// Those of γ and β from the gradient `d` before the activation.
    fn parameters(&self, d: &Tensor<4>) -> InstanceNormGradient {
        InstanceNormGradient {
            weight: Self::sums(d.clone() * self.normal.clone()),
            bias: Self::sums(d.clone()),
        }
    }

    /// `∂/∂x` and `∂/∂γ` of `⟨d, J t⟩`.
    fn curvature(&self, d: &Tensor<4>, t: &Tensor<4>) -> (Tensor<4>, Tensor<2>) {
        let n = self.normal.clone();
        let centred = |v: &Tensor<4>| v.clone() - mean(v.clone());
        let (q, r) = (mean(d.clone() * n.clone()), mean(t.clone() * n.clone()));
        let core = mean(centred(d) * centred(t)) - q.clone() * r.clone();
        let along = (centred(d) - n.clone() * q.clone()) * r.clone() + (centred(t) - n.clone() * r) * q;
        let factor = self.weight.clone() * self.inverse.clone().square();
        let dx = (core.clone() * n + along) * -factor;
        let [_, height, width, _] = self.normal.dims();
        let weight = core * self.inverse.clone() * (height * width) as f32;
        let [rows, _, _, channels] = weight.dims();
        (dx, weight.reshape([rows, channels]))
    }

    fn sums(v: Tensor<4>) -> Tensor<2> {
        let [rows, _, _, channels] = v.dims();
        v.sum_dims(&[1, 2]).reshape([rows, channels])
    }
}
