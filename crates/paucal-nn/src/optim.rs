//! Adam (Kingma and Ba 2015, arXiv 1412.6980) and AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) as PyTorch defines
//! them.
//!
//! With decoupled weight decay `μ` every weight first becomes `(1 − η μ) θ`. With weight decay `λ` the gradient is
//! `g + λ θ` (L2 regularisation). Then
//! `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²` and
//! `θ ← θ − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)`; ε stands outside the corrected root. Burn's optimiser has
//! another default ε (1e-5).
//!
//! On the CPU each parameter is updated in place by one pass on all threads, and so is a moving average of it.

use std::collections::{BTreeMap, VecDeque};

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::NnError;
use crate::gradients::Gradients;
use crate::kernels::adam::{self, Update, Values};
use crate::kernels::host::{Dense, Matrix, Owned};
use crate::kernels::{average, spare};
use crate::parameters::{Parameters, Role, Visit, VisitMut, join, move_towards};

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
    /// μ, which makes AdamW of it.
    #[serde(default)]
    pub decoupled_decay: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            decoupled_decay: 0.0,
        }
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
        self.update(network, gradients, None)
    }

    /// The same, and moves every tensor of `average`, a network of the same structure, the given share of the way towards
    /// what `network` has become, statistics included: [`move_towards`] in the pass that updates.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_averaged<N: Parameters>(
        &mut self,
        network: &mut N,
        gradients: Gradients,
        average: &mut N,
        share: f32,
    ) -> Result<(), NnError> {
        let Some(mut lent) = Lent::of(average, share) else {
            self.update(network, gradients, None)?;
            move_towards(average, network, share);
            return Ok(());
        };
        let updated = self.update(network, gradients, Some(&mut lent));
        average.visit_mut("", &mut lent);
        updated
    }

    fn update(
        &mut self,
        network: &mut impl Parameters,
        gradients: Gradients,
        average: Option<&mut Lent>,
    ) -> Result<(), NnError> {
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
            keep: (1.0 - c.learning_rate * c.decoupled_decay) as f32,
        };
        let mut step = Step { moments: &mut self.moments, gradients, update, average, failed: None };
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

/// The memory of a moving average, lent for the time of an update and put back by visiting the average again.
struct Lent {
    /// In the order of the tensors.
    memory: VecDeque<Owned>,
    share: f32,
}

impl Lent {
    /// Takes the memory of all tensors, or of none if one of them lives elsewhere.
    fn of(average: &mut impl Parameters, share: f32) -> Option<Self> {
        struct Here(bool);
        impl Visit for Here {
            fn tensor<const D: usize>(&mut self, _: &str, _: Role, tensor: &Tensor<D>) {
                self.0 &= Dense::of(tensor).is_some();
            }
        }
        struct Take(VecDeque<Owned>);
        impl VisitMut for Take {
            fn tensor<const D: usize>(&mut self, _: &str, _: Role, tensor: &mut Tensor<D>) {
                self.0.extend(Owned::take(tensor));
            }
        }
        let mut here = Here(true);
        average.visit("", &mut here);
        let mut take = Take(VecDeque::new());
        here.0.then(|| average.visit_mut("", &mut take))?;
        Some(Self { memory: take.0, share })
    }

    /// Has the next memory follow `tensor`, which was not updated, and keeps it for its return.
    fn follow<const D: usize>(&mut self, tensor: &Tensor<D>) {
        if let Some(mut memory) = self.memory.pop_front() {
            if let Some(goal) = Dense::of(tensor) {
                average::move_chunk(memory.values_mut(), &goal, self.share);
            }
            self.memory.push_back(memory);
        }
    }
}

impl VisitMut for Lent {
    fn tensor<const D: usize>(&mut self, _: &str, _: Role, tensor: &mut Tensor<D>) {
        if let Some(memory) = self.memory.pop_front() {
            *tensor = memory.tensor();
        }
    }
}

/// The visitor that updates.
struct Step<'a> {
    moments: &'a mut BTreeMap<String, Moments>,
    gradients: Gradients,
    update: Update,
    average: Option<&'a mut Lent>,
    failed: Option<String>,
}

impl VisitMut for Step<'_> {
    fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &mut Tensor<D>) {
        if !(role == Role::Weight && self.updated(name, tensor))
            && let Some(average) = &mut self.average
        {
            average.follow(tensor);
        }
    }
}

impl Step<'_> {
    /// Updates a weight; `false` if its average was left where it is.
    fn updated<const D: usize>(&mut self, name: &str, tensor: &mut Tensor<D>) -> bool {
        let (Some(gradient), Some(moments)) = (self.gradients.take(name), self.moments.get_mut(name)) else {
            return false;
        };
        if gradient.dims()[0] != tensor.dims().iter().product::<usize>() {
            self.failed.get_or_insert_with(|| name.to_owned());
            return false;
        }
        let done = Matrix::of(&gradient).is_some_and(|gradient| {
            fused(tensor, moments, &gradient, self.update, self.average.as_deref_mut())
        });
        if done {
            spare::give(gradient);
            return true;
        }
        tensor.inplace(|parameter| composed(parameter, moments, gradient, self.update));
        false
    }
}

/// One pass over host memory; `false` when the parameter lives elsewhere.
fn fused<const D: usize>(
    tensor: &mut Tensor<D>,
    moments: &mut Moments,
    gradient: &Matrix,
    update: Update,
    mut average: Option<&mut Lent>,
) -> bool {
    let Some(gradient) = gradient.dense() else { return false };
    let Some(mut parameter) = Owned::take(tensor) else { return false };
    let [mut first, mut second] = [&mut moments.first, &mut moments.second].map(|moment| {
        Owned::take(moment).unwrap_or_else(|| unreachable!("moments lie next to their parameter"))
    });
    let mut followed = average.as_deref_mut().and_then(|lent| Some((lent.memory.pop_front()?, lent.share)));
    let values = Values {
        parameter: parameter.values_mut(),
        moments: [first.values_mut(), second.values_mut()],
        gradient,
        average: followed.as_mut().map(|(memory, share)| (memory.values_mut(), *share)),
    };
    adam::update(values, update);
    *tensor = parameter.tensor();
    moments.first = first.tensor();
    moments.second = second.tensor();
    if let (Some(lent), Some((memory, _))) = (average, followed) {
        lent.memory.push_back(memory);
    }
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
    let p: Tensor<1> = parameter.reshape([-1]) * u.keep;
    let g = gradient + p.clone() * u.weight_decay;
    moments.first.inplace(|m| m * u.beta1 + g.clone() * (1.0 - u.beta1));
    moments.second.inplace(|v| v * u.beta2 + g.square() * (1.0 - u.beta2));
    let root = moments.second.clone().sqrt() * u.scale + u.epsilon;
    (p - moments.first.clone() * u.rate / root).reshape(shape)
}
