//! Where studies are kept, in Optuna's own layout.
//!
//! Several workers, ours or Python's, may work on one study at once. What must happen as a whole (numbering a trial,
//! taking a waiting one, finishing one) happens in one transaction.

mod read;
mod schema;
mod sql;
mod sqlite;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;

use crate::distribution::Distribution;
use crate::error::TuneError;
use crate::trial::{Attributes, Direction, State, Trial};

pub use sql::Sql;
pub use sqlite::Sqlite;

/// A study as it stands in the storage.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyRecord {
    /// Key in the storage.
    pub id: i64,
    /// Name, unique in the storage.
    pub name: String,
    /// What it wants; `None` when it has several objectives or none.
    pub direction: Option<Direction>,
    /// Attributes set by us or other users.
    pub user: Attributes,
}

/// Whose attribute it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Shown to people.
    User,
    /// Used by samplers and pruners.
    System,
}

/// A parameter that a trial is to have: name and value, by which it is enqueued.
pub type Fixed = serde_json::Map<String, Json>;

/// A storage of studies.
pub trait Storage: Send + Sync {
    /// The study of that name; made if it is not there. The direction of an existing study stays.
    fn open_study(&self, name: &str, direction: Direction) -> Result<StudyRecord, TuneError>;

    /// Every study.
    fn studies(&self) -> Result<Vec<StudyRecord>, TuneError>;

    /// Sets an attribute of a study.
    fn set_study_attribute(&self, study: i64, owner: Owner, key: &str, value: &Json)
    -> Result<(), TuneError>;

    /// Every trial of a study, by number.
    fn trials(&self, study: i64) -> Result<Vec<Trial>, TuneError>;

    /// Adds a trial that waits for a worker, with parameters it is to have.
    fn enqueue(&self, study: i64, fixed: &Fixed, attributes: &Attributes) -> Result<(), TuneError>;

    /// Begins a trial: the first that waits, else a new one. It is this worker's alone.
    fn begin(&self, study: i64) -> Result<Trial, TuneError>;

    /// Stores a parameter of a running trial.
    ///
    /// # Errors
    /// [`TuneError::Incompatible`] when the study knows the name with another kind, scale or list of choices.
    fn set_parameter(
        &self,
        study: i64,
        trial: i64,
        name: &str,
        distribution: &Distribution,
        internal: f64,
    ) -> Result<(), TuneError>;

    /// Sets an attribute of a trial.
    fn set_attribute(&self, trial: i64, owner: Owner, key: &str, value: &Json) -> Result<(), TuneError>;

    /// Stores an intermediate value.
    fn report(&self, trial: i64, step: i64, value: f64) -> Result<(), TuneError>;

    /// Ends a running trial; `false` when somebody else has ended it, whose word then stands. A value that is not a
    /// number cannot be stored: the trial fails.
    fn finish(&self, trial: i64, state: State, value: Option<f64>) -> Result<bool, TuneError>;

    /// Says that the worker of a trial is alive, by the clock of the storage.
    fn heartbeat(&self, trial: i64) -> Result<(), TuneError>;

    /// Fails the running trials whose last heartbeat is older than `grace`, and returns those that this call failed.
    /// Trials that never had a heartbeat are left alone.
    fn fail_stale(&self, study: i64, grace: Duration) -> Result<Vec<Trial>, TuneError>;
}

/// Opens the storage at an address: `sqlite:///FILE`.
///
/// # Errors
/// [`TuneError::Address`] for what is no address, [`TuneError::Unreachable`] and [`TuneError::Schema`] for what cannot
/// be used.
pub fn open(address: &str) -> Result<Box<dyn Storage>, TuneError> {
    match address.strip_prefix("sqlite:///") {
        Some(path) if !path.is_empty() => Ok(Box::new(Sql::<Sqlite>::open(&PathBuf::from(path))?)),
        _ => Err(TuneError::Address(address.into())),
    }
}

/// Opens a storage that must be there already.
///
/// # Errors
/// [`TuneError::Unreachable`] when there is none, and those of [`open`].
pub fn existing(address: &str) -> Result<Box<dyn Storage>, TuneError> {
    if let Some(path) = address.strip_prefix("sqlite:///")
        && !path.is_empty()
        && !PathBuf::from(path).exists()
    {
        return Err(TuneError::Unreachable { url: path.into(), message: "there is no such file".into() });
    }
    open(address)
}
