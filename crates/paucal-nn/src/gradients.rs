//! Gradients of a network, by the names of its parameters.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::layers::{BatchNormGradient, LinearGradient};
use crate::parameters::{Parameters, Role, Visit, join};

/// One flat gradient per parameter.
#[derive(Debug, Clone, Default)]
pub struct Gradients(BTreeMap<String, Tensor<1>>);

impl Gradients {
    /// No gradients yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Collects what `backward` left for the weights of a [tracked](crate::parameters::tracked) network.
    /// Weights that the loss does not depend on have none.
    pub fn of(network: &impl Parameters, mut graph: burn::tensor::Gradients) -> Self {
        struct Collect<'a>(&'a mut burn::tensor::Gradients, Gradients);
        impl Visit for Collect<'_> {
            fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &Tensor<D>) {
                if role == Role::Weight
                    && let Some(gradient) = tensor.grad_remove(self.0)
                {
                    self.1.add(name, gradient);
                }
            }
        }
        let mut collect = Collect(&mut graph, Self::new());
        network.visit("", &mut collect);
        collect.1
    }

    /// Adds to the gradient of `name`.
    pub fn add<const D: usize>(&mut self, name: &str, gradient: Tensor<D>) {
        let flat: Tensor<1> = gradient.reshape([-1]);
        let sum = match self.0.remove(name) {
            Some(old) => old + flat,
            None => flat,
        };
        self.0.insert(name.to_owned(), sum);
    }

    /// Adds the gradient of a dense layer found at `path`.
    pub fn add_linear(&mut self, path: &str, gradient: LinearGradient) {
        self.add(&join(path, "weight"), gradient.weight);
        self.add(&join(path, "bias"), gradient.bias);
    }

    /// Adds the gradient of a batch norm found at `path`.
    pub fn add_batch_norm(&mut self, path: &str, gradient: BatchNormGradient) {
        self.add(&join(path, "weight"), gradient.weight);
        self.add(&join(path, "bias"), gradient.bias);
    }

    /// The flat gradient of `name`.
    pub fn get(&self, name: &str) -> Option<&Tensor<1>> {
        self.0.get(name)
    }

    /// Takes the flat gradient of `name`.
    pub fn take(&mut self, name: &str) -> Option<Tensor<1>> {
        self.0.remove(name)
    }

    /// Names and gradients in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor<1>)> {
        self.0.iter().map(|(name, gradient)| (name.as_str(), gradient))
    }
}
