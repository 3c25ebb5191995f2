//! The hybrid network: the wave, the beats around it, its likeness to prototypes, and a table of features.
//!
//! It is the network of the first description of this pipeline, a convolutional encoder of beats, a bidirectional LSTM
//! over five of them and cosines with a bank of prototypes ([`HybridNet`]), with three corrections. The bank and all
//! scales are those of training patients. Rhythm and the relation to the recording's own dominant beat, which hold on
//! patients never seen, are inputs of their own (the features of [`Boost`](crate::ecg::classify::Boost)) instead of
//! something to be guessed from the order of beats. Epochs are chosen by the mean F1 of held-out patients, not by the
//! accuracy on shuffled beats.

use paucal_core::Stream;
use paucal_nn::beats::{HybridNet, HybridShape};
use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, Wanted};
use super::{Course, Method, device};
use crate::ecg::classify::{BankOptions, BeatFeatures};
use crate::ecg::error::{EcgError, require};

/// Parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hybrid {
    /// Beats on either side that are looked at.
    pub radius: usize,
    /// Whether beats are compared with prototypes.
    pub prototypes: bool,
    /// The prototypes.
    pub bank: BankOptions,
    /// How many of the largest similarities are taken, besides the largest of each class.
    pub top: usize,
    /// Whether the features are an input.
    pub table: bool,
    /// The features.
    pub features: BeatFeatures,
    /// Weight of the loss of the noise head; 0 leaves it untaught.
    pub noise_weight: f64,
    /// How it is taught.
    pub course: Course,
}

impl Default for Hybrid {
    fn default() -> Self {
        Self {
            radius: 2,
            prototypes: true,
            bank: BankOptions::default(),
            top: 8,
            table: true,
            features: BeatFeatures::default(),
            noise_weight: 0.5,
            course: Course::default(),
        }
    }
}

impl Hybrid {
    /// Name in [`METHODS`](crate::ecg::classify::METHODS).
    pub const NAME: &'static str = "hybrid";
}

impl Method for Hybrid {
    type Network = HybridNet;

    const NAME: &'static str = Self::NAME;

    fn check(&self) -> Result<(), EcgError> {
        require(self.radius <= 50, "radius", self.radius, "at most 50")?;
        require(self.top <= 1000, "top", self.top, "at most 1000")?;
        require(
            (0.0..=100.0).contains(&self.noise_weight),
            "noise_weight",
            self.noise_weight,
            "between 0 and 100",
        )?;
        self.bank.check()?;
        self.features.check()?;
        self.course.check()
    }

    fn course(&self) -> &Course {
        &self.course
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            radius: self.radius,
            features: self.table.then_some(&self.features),
            bank: self.prototypes.then_some((&self.bank, self.top)),
        }
    }

    fn noise_weight(&self) -> f64 {
        self.noise_weight
    }

    fn network(&self, inputs: &Inputs, stream: &mut Stream) -> Result<HybridNet, EcgError> {
        let shape = HybridShape {
            length: inputs.length,
            slots: inputs.slots(),
            prototypes: inputs.prototype_width(),
            table: inputs.table_width(),
            classes: inputs.classes,
        };
        Ok(HybridNet::new(shape, stream, &device())?)
    }
}
