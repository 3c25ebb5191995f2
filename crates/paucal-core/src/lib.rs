//! What every crate of Paucal shares: errors that carry a hint, keyed random streams, run folders
//! that are never half-written, the observer through which long work reports, and configuration.
//!
//! Nothing here knows about tables, signals, images or networks.

pub mod cancel;
pub mod config;
pub mod error;
pub mod files;
pub mod observe;
pub mod parallel;
pub mod parameter;
pub mod random;
pub mod run;
mod severity;

pub use cancel::Cancel;
pub use error::{Advice, ExitKind};
pub use observe::{Event, Observer, Silent};
pub use random::{Seed, Stream};
pub use severity::Severity;
