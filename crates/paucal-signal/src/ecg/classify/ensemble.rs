//! Several boosted classifiers that look at different things.
//!
//! The *members* are averaged. The class that is told by shape is then [smoothed](super::smooth) over like beats
//! of the recording. Last, a *specialist* states the probability of its one class alone, and the others share the
//! rest in proportion.

use std::path::Path;

use ndarray::{Array2, Axis};
use paucal_core::{Event, Observer, Seed};
use serde::{Deserialize, Serialize};

use super::boost::{self, Boost};
use super::smooth::{self, Smoothing};
use super::{BeatClassifier, Beats, FittedClassifier, Said, TrainingBeats, artefact};
use crate::ecg::error::{EcgError, require};

/// Who decides on one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specialist {
    /// Name of the class; without beats of it there is no specialist.
    pub class: String,
    /// Its parameters.
    pub model: Boost,
}

/// Parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ensemble {
    /// Those whose probabilities are averaged.
    pub members: Vec<Boost>,
    /// Those who decide on a class.
    pub specialists: Vec<Specialist>,
    /// Smoothing over like beats.
    pub smoothing: Smoothing,
}

impl Default for Ensemble {
    /// Two members, of which one leaves the wave out and the other looks at it too. Fusion beats are told by wave
    /// and RR intervals alone.
    fn default() -> Self {
        Self {
            members: vec![Boost::default(), Boost::with_wave()],
            specialists: vec![Specialist { class: "F".into(), model: Boost::plain() }],
            smoothing: Smoothing::default(),
        }
    }
}

impl Ensemble {
    /// Name in [`METHODS`](super::METHODS).
    pub const NAME: &'static str = "ensemble";
}

impl BeatClassifier for Ensemble {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Result<(), EcgError> {
        let members = self.members.len();
        require((1..=20).contains(&members), "members", members, "between 1 and 20")?;
        require(self.specialists.len() <= 20, "specialists", self.specialists.len(), "at most 20")?;
        self.smoothing.check()?;
        let specialists = self.specialists.iter().map(|specialist| &specialist.model);
        self.members.iter().chain(specialists).try_for_each(BeatClassifier::check)
    }

    fn fit(
        &self,
        training: &TrainingBeats<'_>,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Box<dyn FittedClassifier>, EcgError> {
        self.check()?;
        let stage = || "fit ensemble".to_owned();
        let known = |specialist: &&Specialist| {
            let class = training.names.iter().position(|name| *name == specialist.class);
            class.is_some_and(|class| training.classes.contains(&class))
        };
        let specialists: Vec<&Specialist> = self.specialists.iter().filter(known).collect();
        let models = self.members.iter().chain(specialists.iter().map(|specialist| &specialist.model));
        let total = Some((self.members.len() + specialists.len()) as u64);
        observer.event(Event::Started { stage: stage(), total });
        let mut fitted = Vec::new();
        for (i, model) in (0..).zip(models) {
            fitted.push(model.learn(training, seed.child("ecg/classify/ensemble", i), observer)?);
            observer.event(Event::Progress { stage: stage(), done: i + 1 });
        }
        observer.event(Event::Finished { stage: stage() });
        let of_specialists = fitted.split_off(self.members.len());
        let classes = specialists.iter().map(|specialist| specialist.class.clone());
        Ok(Box::new(Fitted {
            members: fitted,
            specialists: classes.zip(of_specialists).collect(),
            smoothing: self.smoothing.clone(),
        }))
    }
}

/// The fitted members and specialists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Fitted {
    members: Vec<boost::Fitted>,
    /// With the class of each.
    specialists: Vec<(String, boost::Fitted)>,
    smoothing: Smoothing,
}

impl Fitted {
    /// Whether what was read from a file holds together.
    pub fn consistent(&self) -> bool {
        let Some(first) = self.members.first() else { return false };
        let alike = |model: &boost::Fitted| model.consistent() && model.classes() == first.classes();
        let known =
            |(class, model): &(String, boost::Fitted)| first.classes().contains(class) && alike(model);
        self.members.iter().all(alike) && self.specialists.iter().all(known) && self.smoothing.check().is_ok()
    }
}

impl FittedClassifier for Fitted {
    fn name(&self) -> &'static str {
        Ensemble::NAME
    }

    fn classes(&self) -> &[String] {
        self.members[0].classes()
    }

    fn predict(&self, beats: &Beats<'_>) -> Result<Said, EcgError> {
        beats.check()?;
        // Smoothing takes all beats of a recording, whichever are meant.
        let (whole, places) = beats.whole();
        let mut p = Array2::zeros((whole.len(), self.classes().len()));
        for member in &self.members {
            p += &(member.predict_proba(&whole)? / self.members.len() as f64);
        }
        self.smoothing.apply(&whole, self.classes(), p.view_mut());
        for (class, model) in &self.specialists {
            let Some(class) = self.classes().iter().position(|name| name == class) else { continue };
            let own = model.predict_proba(&whole)?;
            for (row, own) in p.axis_iter_mut(Axis(0)).zip(own.column(class)) {
                smooth::set(row, class, *own);
            }
        }
        Ok(Said { classes: p.select(Axis(0), &places), noise: None })
    }

    fn save(&self, path: &Path) -> Result<(), EcgError> {
        artefact::save(Ensemble::NAME, self, path)
    }
}
