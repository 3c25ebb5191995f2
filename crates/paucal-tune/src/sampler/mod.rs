//! Samplers: the parameters of the next trial.
//!
//! A sampler sees the trials so far by parameter *name* and proposes internal values for the whole space at once.

pub mod random;
pub mod tpe;

use std::collections::BTreeMap;

use paucal_core::Stream;

use crate::space::Space;
use crate::trial::{Direction, Trial};

pub use random::Random;
pub use tpe::Tpe;

/// What a sampler may look at.
pub struct History<'a> {
    /// The trials so far without the one to be drawn, by number.
    pub trials: &'a [Trial],
    /// What the study wants.
    pub direction: Direction,
}

/// Draws parameters.
pub trait Sampler: Send + Sync {
    /// Name on the command line and in reports.
    fn name(&self) -> &'static str;

    /// Internal values for every parameter of the space.
    fn propose(&self, history: &History<'_>, space: &Space, stream: &mut Stream) -> BTreeMap<String, f64>;
}
