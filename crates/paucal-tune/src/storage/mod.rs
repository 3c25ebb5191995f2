//! Where studies are kept, in Optuna's own layout.
//!
//! Several workers, ours or Python's, may work on one study at once. What must happen as a whole (numbering a trial,
//! taking a waiting one, finishing one) happens in one transaction, or under the lock of a journal.
//!
//! * SQLite: for one machine.
//! * A journal: one file on a disk that several machines share, where there is no database.
//! * PostgreSQL: for everything else.

mod address;
mod journal;
mod postgres;
mod read;
mod schema;
mod sql;
mod sqlite;
mod stale;

use std::time::Duration;

use serde_json::Value as Json;

use crate::distribution::Distribution;
use crate::error::TuneError;
use crate::trial::{Attributes, Direction, State, Trial};

pub use address::{Address, masked};
pub use journal::Journal;
pub use postgres::Postgres;
pub use sql::Sql;
pub use sqlite::Sqlite;
pub use stale::{GRACE, HEARTBEAT, RETRIES, Retry, begun_again, cut_short, retry_stale};

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

    /// Adds a trial that waits for a worker, with these attributes of samplers and of users.
    fn add_waiting(&self, study: i64, system: &Attributes, user: &Attributes) -> Result<(), TuneError>;

    /// Adds a trial that waits for a worker, with parameters it is to have.
    fn enqueue(&self, study: i64, fixed: &Fixed, attributes: &Attributes) -> Result<(), TuneError> {
        let system = [("fixed_params".to_owned(), Json::Object(fixed.clone()))].into_iter().collect();
        self.add_waiting(study, &system, attributes)
    }

    /// Begins a trial: the first that waits, else a new one. It is this worker's alone. Its first sign of life is stored
    /// with it, so that a worker that dies at once is noticed, too.
    fn begin(&self, study: i64) -> Result<Trial, TuneError>;

    /// Stores a parameter of a running trial. As with attributes and reports, nothing is stored when it has been ended.
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

    /// How many running trials have given a sign of life, however long ago.
    fn running(&self, study: i64) -> Result<usize, TuneError>;

    /// Fails the running trials whose last heartbeat is older than `grace`, and returns those that this call failed.
    /// Trials that never had a heartbeat are left alone.
    fn fail_stale(&self, study: i64, grace: Duration) -> Result<Vec<Trial>, TuneError>;
}

/// Opens the storage at an [`Address`]; makes it if it is not there.
///
/// # Errors
/// [`TuneError::Address`] for what is no address; [`TuneError::Unreachable`], [`TuneError::Login`],
/// [`TuneError::NoDatabase`], [`TuneError::NotAStorage`] and [`TuneError::Schema`] for what cannot be used.
pub fn open(address: &str) -> Result<Box<dyn Storage>, TuneError> {
    Ok(match Address::parse(address)? {
        Address::Sqlite(path) => Box::new(Sql::<Sqlite>::open(&path)?),
        Address::Journal(path) => Box::new(Journal::open(&path)?),
        Address::Postgres(url) => Box::new(Sql::<Postgres>::open(&url)?),
    })
}

/// Opens a storage that must be there already.
///
/// # Errors
/// [`TuneError::Unreachable`] or [`TuneError::NotAStorage`] when there is none, and those of [`open`].
pub fn existing(address: &str) -> Result<Box<dyn Storage>, TuneError> {
    Ok(match Address::parse(address)? {
        Address::Sqlite(path) | Address::Journal(path) if !path.is_file() => {
            let url = path.display().to_string();
            return Err(TuneError::Unreachable { url, message: "there is no such file".into() });
        }
        Address::Sqlite(path) => Box::new(Sql::<Sqlite>::existing(&path)?),
        Address::Journal(path) => Box::new(Journal::open(&path)?),
        Address::Postgres(url) => Box::new(Sql::<Postgres>::existing(&url)?),
    })
}
