//! Gradient boosting on [features](super::features) of beats.
//!
//! Trees of `paucal-learn`'s [`Boosting`] with the softmax loss, weighted by class and patient
//! ([`Weighting`]). Afterwards the probability of class c can be divided by its share of the training beats to
//! the power of `adjustment` (logit adjustment, Menon et al., ICLR 2021), which trades normal for rare beats
//! without another fit.

use std::path::Path;

use ndarray::{Array2, Axis};
use paucal_core::{Event, Observer, Seed};
use paucal_learn::{BoostedClassifier, Boosting, FittedClassifier as _};
use serde::{Deserialize, Serialize};

use super::features::{BeatFeatures, FittedFeatures, Wave};
use super::recompose::Recompose;
use super::weights::Weighting;
use super::{BeatClassifier, Beats, FittedClassifier, Said, TrainingBeats, artefact};
use crate::ecg::error::{EcgError, require};

/// Parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Boost {
    /// What the trees look at.
    pub features: BeatFeatures,
    /// How much each beat counts.
    pub weighting: Weighting,
    /// Recordings made up for training.
    pub recompose: Recompose,
    /// The trees.
    pub boosting: Boosting,
    /// Strength of the logit adjustment; 0 for none, 1 as if all classes were equally common.
    pub adjustment: f64,
}

impl Default for Boost {
    fn default() -> Self {
        Self {
            features: BeatFeatures::default(),
            weighting: Weighting { class_power: 0.75, patient_power: 0.5, most: 300 },
            recompose: Recompose::default(),
            boosting: Boosting {
                rounds: 100,
                learning_rate: 0.1,
                max_leaves: 12,
                max_depth: Some(4),
                min_leaf: 10,
                subsample: 0.7,
                feature_fraction: 0.3,
                ..Boosting::default()
            },
            adjustment: 0.0,
        }
    }
}

impl Boost {
    /// Name in [`METHODS`](super::METHODS).
    pub const NAME: &'static str = "boost";

    /// The defaults with principal components of the wave besides.
    pub fn with_wave() -> Self {
        let features = BeatFeatures { wave: Wave::Components(24), ..BeatFeatures::default() };
        Self { features, ..Self::default() }
    }

    /// Principal components and the RR features of Wang et al., every beat alike: what is to be bettered.
    pub fn plain() -> Self {
        let features = BeatFeatures {
            wave: Wave::Components(24),
            around: false,
            dominant: false,
            shape: false,
            pace: false,
            in_record: false,
            in_kind: false,
            ..BeatFeatures::default()
        };
        let weighting = Weighting { most: 500, ..Weighting::default() };
        let boosting = Boosting {
            max_leaves: 15,
            max_depth: Some(5),
            min_leaf: 5,
            subsample: 1.0,
            feature_fraction: 0.5,
            ..Self::default().boosting
        };
        Self { features, weighting, recompose: Recompose::none(), boosting, adjustment: 0.0 }
    }
}

impl BeatClassifier for Boost {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Result<(), EcgError> {
        self.features.check()?;
        self.weighting.check()?;
        self.recompose.check()?;
        self.boosting.check()?;
        require((0.0..=2.0).contains(&self.adjustment), "adjustment", self.adjustment, "between 0 and 2")
    }

    fn fit(
        &self,
        training: &TrainingBeats<'_>,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Box<dyn FittedClassifier>, EcgError> {
        Ok(Box::new(self.learn(training, seed, observer)?))
    }
}

impl Boost {
    /// What [`BeatClassifier::fit`] does, as a type of its own.
    pub(super) fn learn(
        &self,
        training: &TrainingBeats<'_>,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Fitted, EcgError> {
        self.check()?;
        training.beats.check()?;
        let stage = || "fit boost".to_owned();
        observer.event(Event::Started { stage: stage(), total: None });
        let (chosen, mut weights) = self.weighting.chosen(training);
        let features = self.features.fit(&chosen.beats)?;
        let mut x = features.transform(&chosen.beats)?;
        let mut classes = chosen.classes;
        let made = self.recompose.of(training, seed.child("ecg/classify/recompose", 0));
        if !made.is_empty() {
            let (chosen, of_made) = self.weighting.chosen(&made.training(training));
            let scale = self.recompose.weight * weights.iter().sum::<f64>() / of_made.iter().sum::<f64>();
            x = ndarray::concatenate![Axis(0), x, features.transform(&chosen.beats)?];
            classes.extend(chosen.classes);
            weights.extend(of_made.iter().map(|weight| weight * scale));
        }
        if observer.cancelled() {
            return Err(EcgError::Interrupted);
        }
        let count = training.names.len();
        let model = self.boosting.classify(x.view(), &classes, count, Some(&weights), seed)?;
        let mut shares = vec![0.0; count];
        training.classes.iter().for_each(|&class| shares[class] += 1.0 / training.classes.len() as f64);
        observer.event(Event::Finished { stage: stage() });
        let parameters = self.clone();
        Ok(Fitted { parameters, classes: training.names.clone(), shares, features, model })
    }
}

/// What was learnt: components, trees and shares of the classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Fitted {
    parameters: Boost,
    classes: Vec<String>,
    /// Share of each class in the training beats.
    shares: Vec<f64>,
    features: FittedFeatures,
    model: BoostedClassifier,
}

impl Fitted {
    /// Whether what was read from a file holds together.
    pub fn consistent(&self) -> bool {
        self.shares.len() == self.classes.len() && self.features.names().len() == self.model.features()
    }
}

impl FittedClassifier for Fitted {
    fn name(&self) -> &'static str {
        Boost::NAME
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn predict(&self, beats: &Beats<'_>) -> Result<Said, EcgError> {
        let x = self.features.transform(beats)?;
        let mut classes = self.model.predict_proba(x.view());
        adjust(&mut classes, &self.shares, self.parameters.adjustment);
        Ok(Said { classes, noise: None })
    }

    fn save(&self, path: &Path) -> Result<(), EcgError> {
        artefact::save(Boost::NAME, self, path)
    }
}

/// Divides probabilities by the shares of the classes to the power of `strength`, and by their sum.
pub fn adjust(probabilities: &mut Array2<f64>, shares: &[f64], strength: f64) {
    if strength == 0.0 {
        return;
    }
    for mut row in probabilities.axis_iter_mut(Axis(0)) {
        row.iter_mut().zip(shares).filter(|(_, share)| **share > 0.0).for_each(|(p, share)| {
            *p /= share.powf(strength);
        });
        let sum = row.sum();
        row.mapv_inplace(|p| p / sum);
    }
}
