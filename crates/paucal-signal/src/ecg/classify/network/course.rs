//! How a network is taught.

use paucal_nn::losses::{ClassLoss, class_balanced};
use serde::{Deserialize, Serialize};

use super::augment::Augment;
use crate::ecg::classify::Weighting;
use crate::ecg::error::{EcgError, require};

/// What is to become small.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Loss {
    /// Cross-entropy.
    CrossEntropy,
    /// Focal loss (Lin et al. 2017, arXiv 1708.02002).
    Focal {
        /// How much less counts what is easy, from 0.
        gamma: f64,
    },
    /// Cross-entropy weighted by the effective number of beats of each class (Cui et al. 2019, arXiv 1901.05555).
    ClassBalanced {
        /// From 0, all classes alike, towards 1, weights of 1/n.
        beta: f64,
    },
    /// Cross-entropy of adjusted logits (Menon et al. 2021, arXiv 2007.07314): rare classes are learnt as if they were
    /// not.
    LogitAdjusted {
        /// Strength, from 0.
        tau: f64,
    },
}

impl Loss {
    fn check(self) -> Result<(), EcgError> {
        match self {
            Self::CrossEntropy => Ok(()),
            Self::Focal { gamma } => {
                require((0.0..=10.0).contains(&gamma), "gamma", gamma, "between 0 and 10")
            }
            Self::ClassBalanced { beta } => {
                require((0.0..1.0).contains(&beta), "beta", beta, "at least 0 and below 1")
            }
            Self::LogitAdjusted { tau } => require((0.0..=5.0).contains(&tau), "tau", tau, "between 0 and 5"),
        }
    }

    /// The loss, and a weight of each class, for beats of so many in each class.
    pub(super) fn of(self, counts: &[usize]) -> (ClassLoss, Vec<f64>) {
        let alike = vec![1.0; counts.len()];
        match self {
            Self::CrossEntropy => (ClassLoss::CrossEntropy, alike),
            Self::Focal { gamma } => (ClassLoss::Focal { gamma }, alike),
            Self::ClassBalanced { beta } => (ClassLoss::CrossEntropy, class_balanced(counts, beta)),
            Self::LogitAdjusted { tau } => (ClassLoss::logit_adjusted(counts, tau), alike),
        }
    }
}

/// What the number of epochs is chosen by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Goal {
    /// The mean F1 of the classes that the held-out patients have.
    #[default]
    MacroF1,
    /// The F1 of one class; the mean F1 where they have none of it.
    ClassF1 {
        /// Its name.
        class: String,
    },
}

/// Batches, rates, losses, and when to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Course {
    /// Epochs, at most.
    pub epochs: usize,
    /// Beats per step.
    pub batch: usize,
    /// Learning rate of Adam.
    pub learning_rate: f64,
    /// The learning rate is multiplied by [`rate_factor`](Self::rate_factor) every so many epochs; 0 for never.
    pub rate_every: usize,
    /// What the learning rate is multiplied by.
    pub rate_factor: f64,
    /// L2 penalty of the weights.
    pub weight_decay: f64,
    /// The loss of the classes.
    pub loss: Loss,
    /// How much each beat counts. `most` beats of a class of a patient are drawn anew for every epoch.
    pub weighting: Weighting,
    /// What is done to the waves.
    pub augment: Augment,
    /// Share of the training patients that choose the number of epochs; 0 to train all of them.
    pub validation: f64,
    /// What it is chosen by.
    pub goal: Goal,
    /// Whether, once the number of epochs is known, all training patients are learnt from anew. Otherwise the network
    /// of the best epoch is taken, which has not seen the patients that chose it.
    pub refit: bool,
    /// Strength of the logit adjustment in use, as in [`Boost`](crate::ecg::classify::Boost); 0 for none.
    pub adjustment: f64,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            epochs: 25,
            batch: 128,
            learning_rate: 1e-3,
            rate_every: 0,
            rate_factor: 0.1,
            weight_decay: 0.0,
            loss: Loss::CrossEntropy,
            weighting: Weighting { class_power: 0.5, patient_power: 0.5, most: 200 },
            augment: Augment::default(),
            validation: 0.2,
            goal: Goal::MacroF1,
            refit: true,
            adjustment: 0.0,
        }
    }
}

impl Course {
    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        require((1..=10_000).contains(&self.epochs), "epochs", self.epochs, "from 1 to 10000")?;
        require((2..=65_536).contains(&self.batch), "batch", self.batch, "from 2 to 65536")?;
        let rate = self.learning_rate;
        require(rate > 0.0 && rate <= 1.0, "learning_rate", rate, "above 0 and at most 1")?;
        let factor = self.rate_factor;
        require(factor > 0.0 && factor <= 1.0, "rate_factor", factor, "above 0 and at most 1")?;
        let decay = self.weight_decay;
        require((0.0..=1.0).contains(&decay), "weight_decay", decay, "between 0 and 1")?;
        require((0.0..=0.5).contains(&self.validation), "validation", self.validation, "between 0 and 0.5")?;
        require((0.0..=2.0).contains(&self.adjustment), "adjustment", self.adjustment, "between 0 and 2")?;
        self.loss.check()?;
        self.weighting.check()?;
        self.augment.check()
    }

    /// The learning rate in an epoch.
    pub(super) fn rate(&self, epoch: u64) -> f64 {
        let falls = if self.rate_every == 0 { 0 } else { epoch / self.rate_every as u64 };
        self.learning_rate * self.rate_factor.powi(falls.min(1000) as i32)
    }
}
