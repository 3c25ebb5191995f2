//! The critic of a Wasserstein GAN and its gradient penalty, exactly and without second-order differentiation.
//!
//! # The network
//!
//! On a group of rows laid side by side (`pac` of them in PacGAN, Lin et al. 2018, arXiv 1712.04086; one
//! otherwise), `h₀ = x` and for the hidden layers ℓ = 1..L
//!
//! ```text
//! aₗ = hₗ₋₁ Wₗᵀ + bₗ        hₗ = mₗ ∘ φ(aₗ)        D(x) = h_L wᵀ + c
//! ```
//!
//! with φ the LeakyReLU and mₗ a dropout mask that is drawn before and held fixed.
//!
//! # The penalty
//!
//! WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028) adds `P = λ/B Σ (‖g‖ − 1)²` to the critic's loss, where
//! `g = ∂D/∂x` at `x̂ = α fake + (1 − α) real`, one α per group, the norm taken over the whole group.
//!
//! Write `sₗ = mₗ ∘ φ'(aₗ)`. Going back through the network by hand,
//!
//! ```text
//! δ_L = s_L ∘ w        δₗ = sₗ ∘ (δₗ₊₁ Wₗ₊₁)        g = δ₁ W₁
//! ```
//!
//! φ is piecewise linear, so sₗ does not change with x̂ or the weights (but on a set of measure zero), and g is
//! a product of weights and constants. With `G = ∂P/∂g = 2λ/B (1 − 1/‖g‖) g` the same chain read forwards,
//!
//! ```text
//! t₀ = G        tₗ = sₗ ∘ (tₗ₋₁ Wₗᵀ)        ∂P/∂Wₗ = δₗᵀ tₗ₋₁        ∂P/∂w = Σ t_L        ∂P/∂b = 0,
//! ```
//!
//! gives the gradient of the penalty: G is pushed through the network as a tangent. No term through the forward
//! values at x̂ exists.
//!
//! # One pass for everything
//!
//! The Wasserstein terms `mean D(fake) − mean D(real)` need the ordinary `∂/∂Wₗ = δₗᵀ hₗ₋₁` with δ started at
//! ±1/B instead of 1. [`Critic::loss`] therefore stacks fake, real and mixed rows into one matrix, goes forward
//! and back once, and adds the two kinds of products. The first layer, by far the widest, is not evaluated at x̂
//! at all: `a₁(x̂) = α a₁(fake) + (1 − α) a₁(real)` because it is affine.
//!
//! Tests compare with finite differences in double precision and with PyTorch's double backward.

use burn::tensor::{Device, Tensor};
use paucal_core::{Seed, Stream};

use crate::gradients::Gradients;
use crate::layers::{Activation, Linear, LinearGradient, add_products};
use crate::noise;
use crate::parameters::join;

/// Added to the squared norm, so that its root has a derivative at zero.
const TINY: f64 = 1e-12;

/// A critic of dense layers.
#[derive(Debug, Clone)]
pub struct Critic {
    /// Hidden layers, each followed by LeakyReLU and dropout.
    pub hidden: Vec<Linear>,
    /// The output, one score per group.
    pub head: Linear,
    activation: Activation,
    dropout: f32,
}

crate::parameters!(Critic { parts: hidden, head });

/// Fixed dropout masks of one pass, one matrix `[groups, units]` per hidden layer; empty for no dropout.
pub type Masks = Vec<Tensor<2>>;

/// Loss and gradients of one critic step.
#[derive(Debug, Clone)]
pub struct CriticLoss {
    /// `mean D(fake) − mean D(real)`.
    pub wasserstein: Tensor<1>,
    /// λ times the mean squared excess of the gradient norm.
    pub penalty: Tensor<1>,
    /// Of their sum.
    pub gradients: Gradients,
}

/// What a pass forward leaves for the way back.
struct Trace {
    /// Inputs of the layers: `h₀ … h_L`.
    inputs: Vec<Tensor<2>>,
    /// `s₁ … s_L`.
    slopes: Vec<Tensor<2>>,
}

impl Critic {
    /// A critic of groups with `inputs` values (pac times the row width), LeakyReLU of `slope`, and `dropout`.
    pub fn new(
        inputs: usize,
        units: &[usize],
        slope: f32,
        dropout: f32,
        stream: &mut Stream,
        device: &Device,
    ) -> Self {
        let mut width = inputs;
        let mut hidden = Vec::with_capacity(units.len());
        for &units in units {
            hidden.push(Linear::new(width, units, stream, device));
            width = units;
        }
        let head = Linear::new(width, 1, stream, device);
        Self { hidden, head, activation: Activation::LeakyRelu(slope), dropout }
    }

    /// Draws the masks of a pass over `groups` groups.
    pub fn masks(&self, groups: usize, seed: Seed, purpose: &str, step: u64, device: &Device) -> Masks {
        if self.dropout == 0.0 {
            return Masks::new();
        }
        let draw = |(i, layer): (usize, &Linear)| {
            let purpose = format!("{purpose}/{i}");
            noise::dropout(seed, &purpose, step, [groups, layer.outputs()], self.dropout, device)
        };
        self.hidden.iter().enumerate().map(draw).collect()
    }

    /// Scores of groups `[groups, inputs]`, shape `[groups, 1]`. Works inside a graph too.
    pub fn forward(&self, x: &Tensor<2>, masks: &Masks) -> Tensor<2> {
        let mut h = x.clone();
        for (i, layer) in self.hidden.iter().enumerate() {
            h = layer.forward_activated(&h, self.activation);
            if let Some(mask) = masks.get(i) {
                h = h * mask.clone();
            }
        }
        self.head.forward(&h)
    }

    /// Scores and the gradient of each with respect to its group.
    pub fn score(&self, x: &Tensor<2>, masks: &Masks) -> (Tensor<2>, Tensor<2>) {
        let trace = self.trace(self.first(x), x.clone(), masks);
        let scores = self.head.forward(&trace.inputs[self.hidden.len()]);
        let deltas = self.deltas(&scores.ones_like(), &trace.slopes);
        (scores, self.bottom().input_gradient(&deltas[0]))
    }

    /// Scores, and from the gradient that `towards` makes of them those of the parameters and of the groups: for losses
    /// other than Wasserstein's.
    pub fn learn(
        &self,
        x: &Tensor<2>,
        masks: &Masks,
        towards: impl FnOnce(&Tensor<2>) -> Tensor<2>,
    ) -> (Tensor<2>, Gradients, Tensor<2>) {
        let trace = self.trace(self.first(x), x.clone(), masks);
        let scores = self.head.forward(&trace.inputs[self.hidden.len()]);
        let deltas = self.deltas(&towards(&scores), &trace.slopes);
        let mut gradients = Gradients::new();
        let layers = self.hidden.iter().chain([&self.head]);
        for (i, ((layer, delta), input)) in layers.zip(&deltas).zip(&trace.inputs).enumerate() {
            let path = if i < self.hidden.len() { join("hidden", &i.to_string()) } else { "head".into() };
            gradients.add_linear(&path, layer.gradient(input, delta));
        }
        (scores, gradients, self.bottom().input_gradient(&deltas[0]))
    }

    /// The critic's loss on equally many fake and real groups `[groups, inputs]`, and its gradients.
    ///
    /// `mix` holds α in `[0, 1)` per group, `[groups, 1]`; `masks` has three times as many rows as there are
    /// groups: for fake, real and mixed ones; `lambda` is the weight of the penalty.
    pub fn loss(
        &self,
        fake: &Tensor<2>,
        real: &Tensor<2>,
        mix: &Tensor<2>,
        masks: &Masks,
        lambda: f64,
    ) -> CriticLoss {
        let groups = fake.dims()[0];
        let (on_fake, on_real) = (self.first(fake), self.first(real));
        let on_mixed = on_real.clone() + (on_fake.clone() - on_real.clone()) * mix.clone();
        let trace = self.trace(Tensor::cat(vec![on_fake, on_real, on_mixed], 0), fake.clone(), masks);
        let scores = self.head.forward(&trace.inputs[self.hidden.len()]);
        let start = seeds(groups, &scores);
        let deltas = self.deltas(&start, &trace.slopes);

        let mixed = |t: &Tensor<2>| t.clone().narrow(0, 2 * groups, groups);
        let g = self.bottom().input_gradient(&mixed(&deltas[0]));
        let (penalty, tangent) = penalty(g, lambda);
        let slopes: Vec<Tensor<2>> = trace.slopes.iter().map(mixed).collect();
        let tangents = self.tangents(tangent, &slopes);

        let wasserstein = (scores * start).narrow(0, 0, 2 * groups).sum();
        let pairs = Products { fake, real, trace: &trace, deltas: &deltas, tangents: &tangents };
        CriticLoss { wasserstein, penalty, gradients: self.gradients(&pairs, groups) }
    }

    /// The layer next to the input: the first hidden one, or the head of a critic without any.
    fn bottom(&self) -> &Linear {
        self.hidden.first().unwrap_or(&self.head)
    }

    /// `a₁`, before activation; the input itself when there is no hidden layer.
    fn first(&self, x: &Tensor<2>) -> Tensor<2> {
        match self.hidden.first() {
            Some(layer) => layer.forward(x),
            None => x.clone(),
        }
    }

    /// Goes forward from `a₁`. The first input is kept as given and not used here.
    fn trace(&self, first: Tensor<2>, input: Tensor<2>, masks: &Masks) -> Trace {
        let mut trace = Trace { inputs: vec![input], slopes: Vec::with_capacity(self.hidden.len()) };
        let mut next = Some(first);
        for (i, layer) in self.hidden.iter().enumerate() {
            let activated = match next.take() {
                Some(a) => self.activation.apply(a),
                None => layer.forward_activated(&trace.inputs[i], self.activation),
            };
            let ones = match masks.get(i) {
                Some(mask) => mask.clone(),
                None => activated.ones_like(),
            };
            trace.slopes.push(self.activation.backward(&activated, ones));
            trace.inputs.push(match masks.get(i) {
                Some(mask) => activated * mask.clone(),
                None => activated,
            });
        }
        if let Some(first) = next {
            trace.inputs[0] = first;
        }
        trace
    }

    /// `δ₁ … δ_L` and, last, the gradient of the scores they start from.
    fn deltas(&self, start: &Tensor<2>, slopes: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let mut deltas = vec![start.clone()];
        for (i, slope) in slopes.iter().enumerate().rev() {
            let above = self.hidden.get(i + 1).unwrap_or(&self.head);
            let delta = above.input_gradient(&deltas[deltas.len() - 1]) * slope.clone();
            deltas.push(delta);
        }
        deltas.reverse();
        deltas
    }

    /// `t₀ … t_L`.
    fn tangents(&self, start: Tensor<2>, slopes: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let mut tangents = vec![start];
        for (i, (layer, slope)) in self.hidden.iter().zip(slopes).enumerate() {
            let tangent = layer.tangent(&tangents[i]) * slope.clone();
            tangents.push(tangent);
        }
        tangents
    }

    fn gradients(&self, p: &Products, groups: usize) -> Gradients {
        let mut gradients = Gradients::new();
        let part = |t: &Tensor<2>, i: usize| t.clone().narrow(0, i * groups, groups);
        for (i, delta) in p.deltas.iter().enumerate() {
            let (on_fake, on_real, on_mixed) = (part(delta, 0), part(delta, 1), part(delta, 2));
            let weight = if i == 0 {
                add_products(&[(&on_fake, p.fake), (&on_real, p.real), (&on_mixed, &p.tangents[0])])
            } else {
                let both = delta.clone().narrow(0, 0, 2 * groups);
                let h = p.trace.inputs[i].clone().narrow(0, 0, 2 * groups);
                add_products(&[(&both, &h), (&on_mixed, &p.tangents[i])])
            };
            let bias = crate::layers::column_sums(&delta.clone().narrow(0, 0, 2 * groups));
            let path = if i < self.hidden.len() { join("hidden", &i.to_string()) } else { "head".into() };
            gradients.add_linear(&path, LinearGradient { weight, bias });
        }
        gradients
    }
}

/// The factors of the weight gradients.
struct Products<'a> {
    fake: &'a Tensor<2>,
    real: &'a Tensor<2>,
    trace: &'a Trace,
    deltas: &'a [Tensor<2>],
    tangents: &'a [Tensor<2>],
}

/// `λ/B Σ (‖g‖ − 1)²` over the B rows of `g`, and its gradient `2λ/B (1 − 1/‖g‖) g`.
pub(crate) fn penalty(g: Tensor<2>, lambda: f64) -> (Tensor<1>, Tensor<2>) {
    let share = 2.0 * lambda / g.dims()[0] as f64;
    let norm = (g.clone().square().sum_dim(1) + TINY).sqrt();
    let excess = norm.clone() - 1.0;
    let penalty = excess.clone().square().mean() * lambda;
    (penalty, g * (excess / norm * share))
}

/// What δ starts from: 1/B on fake, −1/B on real and 1 on mixed groups.
pub(crate) fn seeds(groups: usize, like: &Tensor<2>) -> Tensor<2> {
    let share = 1.0 / groups as f32;
    let mut values = vec![share; groups];
    values.extend(vec![-share; groups]);
    values.extend(vec![1.0; groups]);
    Tensor::from_data(burn::tensor::TensorData::new(values, [3 * groups, 1]), &like.device())
}
