//! The training loop: progress, early stopping, checkpoints, exact resumption.
//!
//! A network, or a pair of them with two optimisers, implements [`Trainee`]; [`train`] drives it. The loop has no
//! randomness of its own: a trainee draws everything it needs from streams keyed by the step, so that step `k` is
//! the same whether it follows step `k − 1` or a resumption. A run stopped at any step and resumed ends with the
//! same bytes as an uninterrupted one.

mod checkpoint;
mod driver;

pub use checkpoint::{Best, Checkpoints};
pub use driver::{Outcome, Plan, train};

use crate::error::NnError;
use crate::weights::Archive;

/// Something that learns step by step, on whichever thread.
pub trait Trainee: Send {
    /// What can go wrong with it.
    type Error: From<NnError> + Send;

    /// Makes step `k` (0, 1, …). When `report` is set, returns the values of the training curves, such as
    /// `("loss/critic", …)`; otherwise it returns nothing, because reading values back from a GPU makes it wait.
    fn step(&mut self, k: u64, report: bool) -> Result<Vec<(&'static str, f64)>, Self::Error>;

    /// Judges the networks as they are after `steps` steps on data they do not learn from; larger is better.
    /// `None` when there is no such judgement.
    fn evaluate(&mut self, steps: u64) -> Result<Option<f64>, Self::Error> {
        let _ = steps;
        Ok(None)
    }

    /// The networks: what a saved model needs, and what "keep the best" keeps.
    fn networks(&self) -> Archive;

    /// Puts networks back.
    fn load_networks(&mut self, archive: &Archive, origin: &str) -> Result<(), Self::Error>;

    /// The optimisers and everything else that steps change besides the networks.
    fn optimisers(&self) -> Archive;

    /// Puts optimisers back. Called after [`Self::load_networks`].
    fn load_optimisers(&mut self, archive: &Archive, origin: &str) -> Result<(), Self::Error>;
}
