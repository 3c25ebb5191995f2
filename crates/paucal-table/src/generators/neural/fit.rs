//! Fits of networks: the training loop with judgements and checkpoints, for every method alike.

use paucal_nn::training::{Checkpoints, Plan, Trainee, train};
use paucal_nn::weights::Archive;

use super::held_out::HeldOut;
use super::learner::Keep;
use crate::error::TableError;
use crate::generator::{FitContext, FittedGenerator};

/// The values of training curves at a step.
pub type Curves = Vec<(&'static str, f64)>;

/// Networks that learn step by step and make a model at any time.
pub trait Fit: Send {
    /// The model.
    type Fitted: FittedGenerator;

    /// Makes step `k`, with the values of the training curves when `report` is set and none otherwise: see
    /// [`Trainee::step`].
    fn step(&mut self, k: u64, report: bool) -> Result<Curves, TableError>;

    /// The model as it is now, on the CPU.
    fn fitted(&self) -> Self::Fitted;

    /// All that steps change.
    fn learners(&self) -> Vec<&dyn Keep>;

    /// The same, in the same order.
    fn learners_mut(&mut self) -> Vec<&mut dyn Keep>;
}

/// Runs a plan in the surroundings of a fit, with its observer and, if it has one, its checkpoint, and judges by the
/// held-out rows, if there are any. `identity` is what a run that resumes must have in common with this one.
pub fn run<F: Fit>(
    fit: F,
    plan: Plan,
    held_out: Option<HeldOut>,
    identity: &str,
    context: &FitContext<'_>,
) -> Result<F::Fitted, TableError> {
    let checkpoints = context.checkpoint.as_ref().map(|c| Checkpoints::new(&c.folder, identity));
    if let (Some(checkpoints), Some(wanted)) = (&checkpoints, &context.checkpoint)
        && !wanted.resume
    {
        checkpoints.remove()?;
    }
    let mut judged = Judged { fit, held_out };
    train(&mut judged, &Plan { checkpoints, ..plan }, context.observer)?;
    Ok(judged.fit.fitted())
}

/// A fit beside the rows that judge it.
struct Judged<F> {
    fit: F,
    held_out: Option<HeldOut>,
}

impl<F: Fit> Trainee for Judged<F> {
    type Error = TableError;

    fn step(&mut self, k: u64, report: bool) -> Result<Curves, TableError> {
        self.fit.step(k, report)
    }

    fn evaluate(&mut self, steps: u64) -> Result<Option<f64>, TableError> {
        match &self.held_out {
            Some(held_out) => held_out.judge(&self.fit.fitted(), steps),
            None => Ok(None),
        }
    }

    fn networks(&self) -> Archive {
        let all = self.fit.learners();
        all.into_iter().fold(Archive::new(), |archive, learner| archive.joined("", learner.networks()))
    }

    fn load_networks(&mut self, archive: &Archive, origin: &str) -> Result<(), TableError> {
        let mut all = self.fit.learners_mut().into_iter();
        Ok(all.try_for_each(|learner| learner.load_networks(archive, origin))?)
    }

    fn optimisers(&self) -> Archive {
        let all = self.fit.learners();
        all.into_iter().fold(Archive::new(), |archive, learner| archive.joined("", learner.optimiser()))
    }

    fn load_optimisers(&mut self, archive: &Archive, origin: &str) -> Result<(), TableError> {
        let mut all = self.fit.learners_mut().into_iter();
        Ok(all.try_for_each(|learner| learner.load_optimiser(archive, origin))?)
    }
}
