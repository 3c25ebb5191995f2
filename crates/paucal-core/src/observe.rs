//! How long-running library code tells the outside what it is doing.
//!
//! Libraries never print. They send [`Event`]s to an [`Observer`]: the program turns them into
//! progress bars with an ETA, lines of `events.jsonl` and TensorBoard scalars.

use serde::Serialize;

use crate::Cancel;

/// One thing worth telling.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A stage begins; `total` is its number of units, if known.
    Started {
        /// Name of the stage, e.g. `fit ctgan`.
        stage: String,
        /// Units of work in the stage.
        total: Option<u64>,
    },
    /// `done` units of the stage are finished.
    Progress {
        /// Name of the stage.
        stage: String,
        /// Units finished so far.
        done: u64,
    },
    /// The stage is over.
    Finished {
        /// Name of the stage.
        stage: String,
    },
    /// A scalar of a training curve.
    Scalar {
        /// Name, e.g. `loss/critic`.
        name: String,
        /// Optimiser step.
        step: u64,
        /// The value.
        value: f64,
    },
    /// Something the user should know and may act on.
    Warning {
        /// One sentence.
        message: String,
    },
    /// Something worth recording.
    Note {
        /// One sentence.
        message: String,
    },
}

/// Receives events; shared between threads.
pub trait Observer: Send + Sync {
    /// Takes one event. Must be quick: it is called from hot loops (but not more than once a step).
    fn event(&self, event: Event);

    /// The flag that asks for a stop.
    fn cancel(&self) -> &Cancel;

    /// Sends a warning.
    fn warn(&self, message: String) {
        self.event(Event::Warning { message });
    }

    /// Sends a note.
    fn note(&self, message: String) {
        self.event(Event::Note { message });
    }

    /// Whether a stop was asked for.
    fn cancelled(&self) -> bool {
        self.cancel().requested()
    }
}

/// An observer that drops every event and is never cancelled: for tests and inner fits.
#[derive(Debug, Default)]
pub struct Silent(Cancel);

impl Silent {
    /// A silent observer with its own flag.
    pub fn new() -> Self {
        Self::default()
    }

    /// A silent observer that shares `cancel`: inner fits of an experiment stay quiet but stoppable.
    pub fn with_cancel(cancel: Cancel) -> Self {
        Self(cancel)
    }
}

impl Observer for Silent {
    fn event(&self, _event: Event) {}

    fn cancel(&self) -> &Cancel {
        &self.0
    }
}
