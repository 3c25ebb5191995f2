//! A network that learns, and what a checkpoint keeps of it.

use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::parameters::{Parameters, join, move_towards, to_device};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, NnError};

/// A network, its optimiser and, if wanted, a moving average of its weights.
pub struct Learner<N> {
    name: &'static str,
    /// The network as it is.
    pub network: N,
    adam: Adam,
    average: Option<Average<N>>,
}

/// A moving average of weights.
struct Average<N> {
    network: N,
    /// What it keeps of itself per step.
    keep: f64,
}

/// Settings of Adam for the two sides of a GAN, with the betas of Gulrajani et al. 2017 (arXiv 1704.00028).
pub fn adversarial(learning_rate: f64, weight_decay: f64) -> AdamConfig {
    AdamConfig { learning_rate, beta1: 0.5, beta2: 0.9, weight_decay, ..AdamConfig::default() }
}

impl<N: Parameters + Clone> Learner<N> {
    /// A network with an optimiser at rest; checkpoints call it `name`.
    pub fn new(name: &'static str, network: N, adam: AdamConfig) -> Self {
        Self { name, network, adam: Adam::new(adam), average: None }
    }

    /// With a moving average that keeps that share of itself per step; 0 is none.
    pub fn averaged(self, keep: f64) -> Self {
        let average = (keep > 0.0).then(|| Average { network: self.network.clone(), keep });
        Self { average, ..self }
    }

    /// One step of the optimiser.
    pub fn step(&mut self, gradients: Gradients) -> Result<(), NnError> {
        self.adam.step(&mut self.network, gradients)
    }

    /// One step of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) at a rate, with decoupled weight decay.
    pub fn step_decayed(
        &mut self,
        gradients: Gradients,
        rate: f64,
        weight_decay: f64,
    ) -> Result<(), NnError> {
        self.adam.config.learning_rate = rate;
        self.adam.config.decoupled_decay = weight_decay;
        self.step(gradients)
    }

    /// The average follows the weights after step `k`. Its memory grows with the steps made, so that it is not held
    /// back by the random weights of the beginning.
    pub fn step_average(&mut self, k: u64) {
        if let Some(average) = &mut self.average {
            let keep = average.keep.min((k as f64 + 1.0) / (k as f64 + 10.0));
            move_towards(&mut average.network, &self.network, (1.0 - keep) as f32);
        }
    }

    /// The network that rows are drawn with, on the CPU: the average where there is one.
    pub fn chosen(&self) -> N {
        let chosen = self.average.as_ref().map_or(&self.network, |average| &average.network);
        to_device(chosen.clone(), &Device::flex())
    }
}

/// What a checkpoint keeps of a [`Learner`], whatever its network.
pub trait Keep {
    /// Weights.
    fn networks(&self) -> Archive;
    /// Puts weights back.
    fn load_networks(&mut self, archive: &Archive, origin: &str) -> Result<(), NnError>;
    /// The optimiser.
    fn optimiser(&self) -> Archive;
    /// Puts the optimiser back, after the weights.
    fn load_optimiser(&mut self, archive: &Archive, origin: &str) -> Result<(), NnError>;
}

impl<N: Parameters + Clone> Keep for Learner<N> {
    fn networks(&self) -> Archive {
        let archive = Archive::new().with(self.name, &self.network);
        match &self.average {
            Some(average) => archive.with(&join("average", self.name), &average.network),
            None => archive,
        }
    }

    fn load_networks(&mut self, archive: &Archive, origin: &str) -> Result<(), NnError> {
        archive.load(self.name, &mut self.network, origin)?;
        self.average
            .as_mut()
            .map_or(Ok(()), |average| archive.load(&join("average", self.name), &mut average.network, origin))
    }

    fn optimiser(&self) -> Archive {
        Archive::new().with_adam(self.name, &self.adam)
    }

    fn load_optimiser(&mut self, archive: &Archive, origin: &str) -> Result<(), NnError> {
        archive.load_adam(self.name, &mut self.adam, &self.network, origin)
    }
}
