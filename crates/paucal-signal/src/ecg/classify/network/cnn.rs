//! The convolutional network of Wang et al. (2020, PeerJ Computer Science 6:e324).
//!
//! Three small convolutions on the wave, four features of the rhythm, focal loss against the rarity of what matters
//! ([`WangNet`]). The defaults are the paper's (L2 of 1e-3, Adam, 50 epochs, the learning rate a tenth every ten) with
//! exceptions: an epoch takes at most 500 beats of a class of a patient, in batches of 128 instead of 512, so that it has
//! about as many steps; beats are changed ([`Augment`](super::Augment)); and the number of epochs is chosen on held-out
//! patients.

use paucal_core::Stream;
use paucal_nn::beats::{WangNet, WangShape};
use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, Wanted};
use super::{Course, Loss, Method, device};
use crate::ecg::classify::{BeatFeatures, Wave, Weighting};
use crate::ecg::error::EcgError;

/// Parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cnn {
    /// Features beside the wave.
    pub features: BeatFeatures,
    /// How it is taught.
    pub course: Course,
}

impl Default for Cnn {
    fn default() -> Self {
        Self {
            features: BeatFeatures {
                wave: Wave::None,
                around: false,
                dominant: false,
                shape: false,
                in_record: false,
                without: vec!["rr_prev".into(), "rr_next".into()],
                ..BeatFeatures::default()
            },
            course: Course {
                epochs: 50,
                batch: 128,
                rate_every: 10,
                weight_decay: 1e-3,
                loss: Loss::Focal { gamma: 2.0 },
                weighting: Weighting { class_power: 0.0, patient_power: 0.0, most: 500 },
                ..Course::default()
            },
        }
    }
}

impl Cnn {
    /// Name in [`METHODS`](crate::ecg::classify::METHODS).
    pub const NAME: &'static str = "cnn";
}

impl Method for Cnn {
    type Network = WangNet;

    const NAME: &'static str = Self::NAME;

    fn check(&self) -> Result<(), EcgError> {
        self.features.check()?;
        self.course.check()
    }

    fn course(&self) -> &Course {
        &self.course
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { radius: 0, features: Some(&self.features), bank: None }
    }

    fn noise_weight(&self) -> f64 {
        0.0
    }

    fn network(&self, inputs: &Inputs, stream: &mut Stream) -> Result<WangNet, EcgError> {
        let (length, table, classes) = (inputs.length, inputs.table_width(), inputs.classes);
        Ok(WangNet::new(WangShape { length, table, classes }, stream, &device())?)
    }
}
