//! Adam (Kingma and Ba 2015, arXiv 1412.6980) as PyTorch defines it.
//!
//! With weight decay `λ` the gradient is `g + λ θ` (L2 regularisation, not AdamW). Then
//! `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²` and
//! `θ ← θ − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)`; ε stands outside the corrected root. Burn's optimiser has
//! another default ε (1e-5).
//!
//! On the CPU each parameter is updated in place by one pass on all threads.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::NnError;
use crate::gradients::Gradients;
use crate::kernels::adam::{self, Update};
use crate::kernels::host::{Matrix, Owned};
use crate::parameters::{Parameters, Role, Visit, VisitMut, join};

/// Settings of [`Adam`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamConfig {
    /// Learning rate η.
    pub learning_rate: f64,
    /// Decay β₁ of the first moment.
    pub beta1: f64,
    /// Decay β₂ of the second moment.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// The optimiser of one network.
#[derive(Debug, Clone)]
pub struct Adam {
    /// Settings; the learning rate may be changed between steps.
    pub config: AdamConfig,
    steps: u64,
    moments: BTreeMap<String, Moments>,
}

/// Running mean of a parameter's gradient and of its square.
#[derive(Debug, Clone)]
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
}

impl Adam {
    /// An optimiser at rest.
    pub fn new(config: AdamConfig) -> Self {
        Self { config, steps: 0, moments: BTreeMap::new() }
    }

    /// Updates made so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Updates every weight that has a gradient.
    ///
    /// # Errors
    /// When a gradient does not have the size of its weight.
    pub fn step(&mut self, network: &mut impl Parameters, gradients: Gradients) -> Result<(), NnError> {
        if self.moments.is_empty() {
            network.visit("", &mut Zero(&mut self.moments));
        }
        self.steps += 1;
        let c = self.config;
        let t = self.steps.min(i32::MAX as u64) as i32;
        let update = Update {
            beta1: c.beta1 as f32,
            beta2: c.beta2 as f32,
            rate: (c.learning_rate / (1.0 - c.beta1.powi(t))) as f32,
            scale: (1.0 / (1.0 - c.beta2.powi(t)).sqrt()) as f32,
            epsilon: c.epsilon as f32,
            weight_decay: c.weight_decay as f32,
        };
        let mut step = Step { moments: &mut self.moments, gradients, update, failed: None };
        network.visit_mut("", &mut step);
        step.failed.map_or(Ok(()), |name| Err(NnError::MissingGradient(name)))
    }

    /// The moments as named tensors, for checkpoints: `<path>.m.<parameter>` and `<path>.v.<parameter>`.
    pub fn visit_state(&self, path: &str, visitor: &mut impl Visit) {
        for (name, moments) in &self.moments {
            visitor.tensor(&join(path, &join("m", name)), Role::Statistic, &moments.first);
            visitor.tensor(&join(path, &join("v", name)), Role::Statistic, &moments.second);
        }
    }

    /// Prepares moments of zero for every weight of `network` and lends them for loading; `steps` is the number
    /// of updates they stand for.
    pub fn restore(
        &mut self,
        network: &impl Parameters,
        steps: u64,
        path: &str,
        visitor: &mut impl VisitMut,
    ) {
        self.steps = steps;
        self.moments.clear();
        network.visit("", &mut Zero(&mut self.moments));
        for (name, moments) in &mut self.moments {
            visitor.tensor(&join(path, &join("m", name)), Role::Statistic, &mut moments.first);
            visitor.tensor(&join(path, &join("v", name)), Role::Statistic, &mut moments.second);
        }
    }
}

/// Takes the given share off every weight, before a step: the decoupled weight decay of AdamW (Loshchilov and Hutter
/// 2019, arXiv 1711.05101), where the share is the learning rate times the decay and [`AdamConfig::weight_decay`] is 0.
pub fn decay(network: &mut impl Parameters, share: f64) {
    struct Decay(f64);
    impl VisitMut for Decay {
        fn tensor<const D: usize>(&mut self, _: &str, role: Role, tensor: &mut Tensor<D>) {
            if role == Role::Weight {
                tensor.inplace(|t| t * self.0);
            }
        }
    }
    if share > 0.0 {
        network.visit_mut("", &mut Decay(1.0 - share));
    }
}

/// The visitor that starts moments at zero, one pair per weight.
struct Zero<'a>(&'a mut BTreeMap<String, Moments>);

impl Visit for Zero<'_> {
    fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &Tensor<D>) {
        if role == Role::Weight {
            let zeros = || tensor.clone().inner().zeros_like().reshape([-1]);
            // Two tensors, not two handles of one: they are updated in place.
            self.0.insert(name.to_owned(), Moments { first: zeros(), second: zeros() });
        }
    }
}

/// The visitor that updates.
struct Step<'a> {
    moments: &'a mut BTreeMap<String, Moments>,
    gradients: Gradients,
    update: Update,
    failed: Option<String>,
}

impl VisitMut for Step<'_> {
    fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &mut Tensor<D>) {
        if role != Role::Weight {
            return;
        }
        let (Some(gradient), Some(moments)) = (self.gradients.take(name), self.moments.get_mut(name)) else {
            return;
        };
        if gradient.dims()[0] != tensor.dims().iter().product::<usize>() {
            self.failed.get_or_insert_with(|| name.to_owned());
            return;
        }
        let fused = match Matrix::of(&gradient) {
            Some(gradient) => fused(tensor, moments, &gradient, self.update),
            None => false,
        };
        if !fused {
            tensor.inplace(|parameter| composed(parameter, moments, gradient, self.update));
        }
    }
}

/// One pass over host memory; `false` when the parameter lives elsewhere.
fn fused<const D: usize>(
    tensor: &mut Tensor<D>,
    moments: &mut Moments,
    gradient: &Matrix,
    u: Update,
) -> bool {
    let Some(gradient) = gradient.dense() else { return false };
    let Some(mut parameter) = Owned::take(tensor) else { return false };
    let [mut first, mut second] = [&mut moments.first, &mut moments.second].map(|moment| {
        Owned::take(moment).unwrap_or_else(|| unreachable!("moments lie next to their parameter"))
    });
    adam::update(parameter.values_mut(), first.values_mut(), second.values_mut(), gradient, u);
    *tensor = parameter.tensor();
    moments.first = first.tensor();
    moments.second = second.tensor();
    true
}

/// The same as tensor operations.
fn composed<const D: usize>(
    parameter: Tensor<D>,
    moments: &mut Moments,
    gradient: Tensor<1>,
    u: Update,
) -> Tensor<D> {
    let shape = parameter.dims();
    let p: Tensor<1> = parameter.reshape([-1]);
    let g = gradient + p.clone() * u.weight_decay;
    moments.first.inplace(|m| m * u.beta1 + g.clone() * (1.0 - u.beta1));
    moments.second.inplace(|v| v * u.beta2 + g.square() * (1.0 - u.beta2));
    let root = moments.second.clone().sqrt() * u.scale + u.epsilon;
    (p - moments.first.clone() * u.rate / root).reshape(shape)
}
