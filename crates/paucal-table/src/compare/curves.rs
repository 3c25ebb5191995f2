//! Training curves of the entries, and events that say which entry they belong to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use paucal_core::observe::Event;
use paucal_core::{Cancel, Observer};
use serde::{Deserialize, Serialize};

/// Points kept of a curve; more are never seen in a figure.
const MOST_POINTS: usize = 300;

/// A training curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Name, e.g. `loss/critic`.
    pub name: String,
    /// Optimiser step and value.
    pub points: Vec<(u64, f64)>,
}

/// Passes events on under the name of an entry and keeps the training curves.
pub struct Labelled<'a> {
    inner: &'a dyn Observer,
    label: String,
    curves: Mutex<BTreeMap<String, Vec<(u64, f64)>>>,
}

impl<'a> Labelled<'a> {
    /// For the entry of this name.
    pub fn new(inner: &'a dyn Observer, label: String) -> Self {
        Self { inner, label, curves: Mutex::default() }
    }

    /// The curves so far, thinned.
    pub fn curves(&self) -> Vec<Curve> {
        let curves = self.curves.lock().unwrap_or_else(PoisonError::into_inner);
        let thinned = |points: &Vec<(u64, f64)>| {
            let stride = points.len().div_ceil(MOST_POINTS).max(1);
            points.iter().step_by(stride).copied().collect()
        };
        curves.iter().map(|(name, points)| Curve { name: name.clone(), points: thinned(points) }).collect()
    }
}

impl Observer for Labelled<'_> {
    fn event(&self, event: Event) {
        let named = |stage: String| format!("{} {stage}", self.label);
        self.inner.event(match event {
            Event::Started { stage, total } => Event::Started { stage: named(stage), total },
            Event::Progress { stage, done } => Event::Progress { stage: named(stage), done },
            Event::Finished { stage } => Event::Finished { stage: named(stage) },
            Event::Scalar { name, step, value } => {
                let mut curves = self.curves.lock().unwrap_or_else(PoisonError::into_inner);
                curves.entry(name.clone()).or_default().push((step, value));
                Event::Scalar { name: format!("{}/{name}", self.label), step, value }
            }
            Event::Warning { message } => Event::Warning { message: format!("{}: {message}", self.label) },
            Event::Note { message } => Event::Note { message: format!("{}: {message}", self.label) },
        });
    }

    fn cancel(&self) -> &Cancel {
        self.inner.cancel()
    }
}
