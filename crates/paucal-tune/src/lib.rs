//! Studies: what to try next, when to give up, what mattered, and where it is kept.
//!
//! The words and the files are those of Optuna, so that its dashboard and its Python workers can open our studies.
//!
//! * [`distribution`], [`space`]: what can be tried.
//! * [`trial`]: what was tried.
//! * [`sampler`]: what to try next.
//! * [`pruner`]: when to give up.
//! * [`importance`]: what mattered.
//! * [`storage`]: where it is kept.

pub mod distribution;
pub mod error;
pub mod importance;
pub mod pruner;
pub mod sampler;
pub mod space;
pub mod storage;
pub mod time;
pub mod trial;

pub use distribution::{Distribution, Value};
pub use error::TuneError;
pub use sampler::{History, Random, Sampler, Tpe};
pub use space::{Dimension, Space};
pub use trial::{Direction, Parameter, State, Trial};
