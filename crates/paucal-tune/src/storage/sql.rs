//! Optuna's relational storage: the statements, for any database that has the schema.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;

use super::schema::REVISION;
use super::{Owner, Storage, StudyRecord, read};
use crate::distribution::Distribution;
use crate::error::TuneError;
use crate::time::Instant;
use crate::trial::{Attributes, Direction, State, Trial};

/// A value in a statement or a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// `NULL`.
    Null,
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text, also for enumerations.
    Text(String),
    /// A time, only in statements.
    Time(Instant),
}

impl From<i64> for Cell {
    fn from(x: i64) -> Self {
        Self::Int(x)
    }
}

impl From<&str> for Cell {
    fn from(x: &str) -> Self {
        Self::Text(x.to_owned())
    }
}

impl From<Option<f64>> for Cell {
    fn from(x: Option<f64>) -> Self {
        x.map_or(Self::Null, Self::Float)
    }
}

/// What a database must do. Statements have parameters `$1`, `$2`, … in the order of their first mention.
pub trait Database: Send + Sized {
    /// What says where it is.
    type Address: ?Sized;

    /// Begins a transaction that will write.
    const BEGIN: &'static str;
    /// Ends a `SELECT` whose rows are to be locked.
    const LOCK: &'static str;
    /// Makes the tables that are not there.
    const SCHEMA: &'static [&'static str];
    /// The names of those of the tables `studies`, `version_info` and `alembic_version` that are there.
    const TABLES: &'static str;
    /// Seconds since the column `heartbeat`, by the clock of the database.
    const AGE: &'static str;

    /// Opens it.
    fn connect(address: &Self::Address) -> Result<Self, TuneError>;

    /// Where it is, without password.
    fn place(&self) -> String;

    /// Runs a statement; returns how many rows it changed.
    fn run(&mut self, sql: &str, values: &[Cell]) -> Result<usize, TuneError>;

    /// Runs a query.
    fn rows(&mut self, sql: &str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, TuneError>;

    /// Runs `work` as a whole or not at all. What was undone may be tried again.
    fn transaction<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, TuneError>,
    ) -> Result<T, TuneError> {
        self.run(Self::BEGIN, &[])?;
        match work(self) {
            Ok(done) => {
                self.run("COMMIT", &[])?;
                Ok(done)
            }
            Err(error) => {
                // The first error is the one to tell.
                let _ = self.run("ROLLBACK", &[]);
                Err(error)
            }
        }
    }
}

/// A storage in a database.
pub struct Sql<D> {
    database: Mutex<D>,
}

impl<D: Database> Sql<D> {
    /// Opens the database, makes its tables if there are none and checks their version.
    pub fn open(address: &D::Address) -> Result<Self, TuneError> {
        Self::prepared(address, true)
    }

    /// Opens a database that must have the tables already.
    pub fn existing(address: &D::Address) -> Result<Self, TuneError> {
        Self::prepared(address, false)
    }

    fn prepared(address: &D::Address, make: bool) -> Result<Self, TuneError> {
        let mut database = D::connect(address)?;
        database.transaction(|database| prepare(database, make))?;
        Ok(Self { database: Mutex::new(database) })
    }

    fn database(&self) -> MutexGuard<'_, D> {
        // A panic in another thread leaves a transaction open at worst, which the next error shows.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare<D: Database>(database: &mut D, make: bool) -> Result<(), TuneError> {
    let tables = database.rows(D::TABLES, &[])?;
    let not_ours =
        |message: &str| TuneError::NotAStorage { url: database.place(), message: message.to_owned() };
    if !make && tables.is_empty() {
        return Err(not_ours("it has no table of studies"));
    }
    // Other programs keep their versions in a table of that name, too.
    if !tables.is_empty() && !tables.contains(&vec!["studies".into()]) {
        return Err(not_ours("its tables are those of another program"));
    }
    if tables.len() < 3 {
        for statement in D::SCHEMA {
            database.run(statement, &[])?;
        }
    }
    let found = database.rows("SELECT version_num FROM alembic_version", &[])?;
    let schema = database.rows("SELECT schema_version FROM version_info", &[])?;
    match (found.first().and_then(|row| row.first()), schema.first().and_then(|row| row.first())) {
        (Some(Cell::Text(version)), _) if version != REVISION => {
            Err(TuneError::Schema { url: database.place(), found: version.clone(), known: REVISION })
        }
        (None, Some(Cell::Int(version))) if *version != 12 => {
            Err(TuneError::Schema { url: database.place(), found: version.to_string(), known: REVISION })
        }
        (version, schema) => {
            if schema.is_none() {
                let insert = "INSERT INTO version_info (version_info_id, schema_version, library_version) \
                              VALUES (1, 12, '5.0.0')";
                database.run(insert, &[])?;
            }
            if version.is_none() {
                database.run("INSERT INTO alembic_version (version_num) VALUES ($1)", &[REVISION.into()])?;
            }
            Ok(())
        }
    }
}

/// Sets an attribute, whether it was there or not.
fn upsert<D: Database>(
    database: &mut D,
    table: &str,
    of: &str,
    id: i64,
    key: &str,
    value: &Json,
) -> Result<(), TuneError> {
    let sql = format!(
        "INSERT INTO {table} ({of}, \"key\", value_json) VALUES ($1, $2, $3) \
         ON CONFLICT ({of}, \"key\") DO UPDATE SET value_json = excluded.value_json"
    );
    database.run(&sql, &[id.into(), key.into(), value.to_string().as_str().into()])?;
    Ok(())
}

/// Whether a trial may still be changed; it cannot be ended by others while the transaction lasts.
fn is_open<D: Database>(database: &mut D, trial: i64) -> Result<bool, TuneError> {
    let sql = format!(
        "SELECT trial_id FROM trials WHERE trial_id = $1 AND state IN ('RUNNING', 'WAITING'){}",
        D::LOCK
    );
    Ok(!database.rows(&sql, &[trial.into()])?.is_empty())
}

fn beat<D: Database>(database: &mut D, trial: i64) -> Result<(), TuneError> {
    database.run(
        "INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES ($1, CURRENT_TIMESTAMP) \
         ON CONFLICT (trial_id) DO UPDATE SET heartbeat = CURRENT_TIMESTAMP",
        &[trial.into()],
    )?;
    Ok(())
}

fn word(state: State) -> Cell {
    Cell::Text(state.name().to_uppercase())
}

fn attribute_table(what: &str, owner: Owner) -> String {
    let owner = match owner {
        Owner::User => "user",
        Owner::System => "system",
    };
    format!("{what}_{owner}_attributes")
}

/// Inserts a trial and numbers it. The lock on the study keeps others from numbering at the same time.
fn insert<D: Database>(database: &mut D, study: i64, state: State) -> Result<i64, TuneError> {
    database
        .rows(&format!("SELECT study_id FROM studies WHERE study_id = $1{}", D::LOCK), &[study.into()])?;
    let start = if state == State::Running { Cell::Time(Instant::now()) } else { Cell::Null };
    let made = database.rows(
        "INSERT INTO trials (study_id, state, datetime_start) VALUES ($1, $2, $3) RETURNING trial_id",
        &[study.into(), word(state), start],
    )?;
    let Some(&Cell::Int(trial)) = made.first().and_then(|row| row.first()) else {
        return Err(TuneError::Storage("a new trial has no key".into()));
    };
    database.run(
        "UPDATE trials SET number = (SELECT count(*) FROM trials WHERE study_id = $1 AND trial_id < $2) \
         WHERE trial_id = $2",
        &[study.into(), trial.into()],
    )?;
    Ok(trial)
}

/// Takes the first waiting trial, if there is one.
fn pop<D: Database>(database: &mut D, study: i64) -> Result<Option<i64>, TuneError> {
    let waiting = database.rows(
        "SELECT trial_id FROM trials WHERE study_id = $1 AND state = 'WAITING' ORDER BY trial_id",
        &[study.into()],
    )?;
    for row in waiting {
        let Some(&Cell::Int(trial)) = row.first() else { continue };
        let taken = database.run(
            "UPDATE trials SET state = 'RUNNING', datetime_start = $1 WHERE trial_id = $2 AND state = 'WAITING'",
            &[Cell::Time(Instant::now()), trial.into()],
        )?;
        if taken == 1 {
            return Ok(Some(trial));
        }
    }
    Ok(None)
}

/// A number and the word for its kind: infinities and NaN are words only.
fn split(value: f64) -> (Cell, &'static str) {
    match value {
        f64::INFINITY => (Cell::Null, "INF_POS"),
        f64::NEG_INFINITY => (Cell::Null, "INF_NEG"),
        value if value.is_nan() => (Cell::Null, "NAN"),
        value => (Cell::Float(value), "FINITE"),
    }
}

impl<D: Database> Storage for Sql<D> {
    fn open_study(&self, name: &str, direction: Direction) -> Result<StudyRecord, TuneError> {
        let mut database = self.database();
        let known = |database: &mut D| {
            let found =
                database.rows("SELECT study_id FROM studies WHERE study_name = $1", &[name.into()])?;
            Ok::<_, TuneError>(found.first().and_then(|row| row.first()).cloned())
        };
        database.transaction(|database| {
            if known(database)?.is_some() {
                return Ok(());
            }
            let made = database
                .rows("INSERT INTO studies (study_name) VALUES ($1) RETURNING study_id", &[name.into()])?;
            let Some(id) = made.first().and_then(|row| row.first()) else { return Ok(()) };
            let word = match direction {
                Direction::Minimise => "MINIMIZE",
                Direction::Maximise => "MAXIMIZE",
            };
            let sql = "INSERT INTO study_directions (direction, study_id, objective) VALUES ($1, $2, 0)";
            database.run(sql, &[word.into(), id.clone()])?;
            Ok(())
        })?;
        let studies = read::studies(&mut *database)?;
        studies.into_iter().find(|study| study.name == name).ok_or_else(|| TuneError::NoStudy(name.into()))
    }

    fn studies(&self) -> Result<Vec<StudyRecord>, TuneError> {
        read::studies(&mut *self.database())
    }

    fn set_study_attribute(
        &self,
        study: i64,
        owner: Owner,
        key: &str,
        value: &Json,
    ) -> Result<(), TuneError> {
        upsert(&mut *self.database(), &attribute_table("study", owner), "study_id", study, key, value)
    }

    fn trials(&self, study: i64) -> Result<Vec<Trial>, TuneError> {
        read::trials(&mut *self.database(), study)
    }

    fn add_waiting(&self, study: i64, system: &Attributes, user: &Attributes) -> Result<(), TuneError> {
        self.database().transaction(|database| {
            let trial = insert(database, study, State::Waiting)?;
            for (owner, attributes) in [(Owner::System, system), (Owner::User, user)] {
                for (key, value) in attributes {
                    upsert(database, &attribute_table("trial", owner), "trial_id", trial, key, value)?;
                }
            }
            Ok(())
        })
    }

    fn begin(&self, study: i64) -> Result<Trial, TuneError> {
        let mut database = self.database();
        let id = database.transaction(|database| {
            let trial = match pop(database, study)? {
                Some(waiting) => waiting,
                None => insert(database, study, State::Running)?,
            };
            beat(database, trial)?;
            Ok(trial)
        })?;
        read::trial(&mut *database, id)?.ok_or_else(|| TuneError::Storage("a trial has vanished".into()))
    }

    fn set_parameter(
        &self,
        study: i64,
        trial: i64,
        name: &str,
        distribution: &Distribution,
        internal: f64,
    ) -> Result<(), TuneError> {
        self.database().transaction(|database| {
            let earlier = database.rows(
                "SELECT distribution_json FROM trial_params JOIN trials ON trials.trial_id = trial_params.trial_id \
                 WHERE trials.study_id = $1 AND param_name = $2 ORDER BY param_id LIMIT 1",
                &[study.into(), name.into()],
            )?;
            if let Some(Cell::Text(json)) = earlier.first().and_then(|row| row.first())
                && !Distribution::from_json(json)?.is_compatible(distribution)
            {
                return Err(TuneError::Incompatible { name: name.into() });
            }
            if !is_open(database, trial)? {
                return Ok(());
            }
            database.run(
                "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (trial_id, param_name) DO UPDATE SET \
                 param_value = excluded.param_value, distribution_json = excluded.distribution_json",
                &[trial.into(), name.into(), Cell::Float(internal), distribution.to_json().as_str().into()],
            )?;
            Ok(())
        })
    }

    fn set_attribute(&self, trial: i64, owner: Owner, key: &str, value: &Json) -> Result<(), TuneError> {
        self.database().transaction(|database| {
            if is_open(database, trial)? {
                upsert(database, &attribute_table("trial", owner), "trial_id", trial, key, value)?;
            }
            Ok(())
        })
    }

    fn report(&self, trial: i64, step: i64, value: f64) -> Result<(), TuneError> {
        let (value, kind) = split(value);
        self.database().transaction(|database| {
            if is_open(database, trial)? {
                database.run(
                    "INSERT INTO trial_intermediate_values \
                     (trial_id, step, intermediate_value, intermediate_value_type) \
                     VALUES ($1, $2, $3, $4) ON CONFLICT (trial_id, step) DO UPDATE SET \
                     intermediate_value = excluded.intermediate_value, \
                     intermediate_value_type = excluded.intermediate_value_type",
                    &[trial.into(), step.into(), value.clone(), kind.into()],
                )?;
            }
            Ok(())
        })
    }

    fn finish(&self, trial: i64, state: State, value: Option<f64>) -> Result<bool, TuneError> {
        let value = value.filter(|value| !value.is_nan());
        let state = if state == State::Complete && value.is_none() { State::Fail } else { state };
        self.database().transaction(|database| {
            let changed = database.run(
                "UPDATE trials SET state = $1, datetime_complete = $2 WHERE trial_id = $3 AND state = 'RUNNING'",
                &[word(state), Cell::Time(Instant::now()), trial.into()],
            )?;
            if let (1, Some(value)) = (changed, value.filter(|_| state != State::Fail)) {
                let (value, kind) = split(value);
                let sql = "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES ($1, 0, $2, $3)";
                database.run(sql, &[trial.into(), value, kind.into()])?;
            }
            Ok(changed == 1)
        })
    }

    fn heartbeat(&self, trial: i64) -> Result<(), TuneError> {
        beat(&mut *self.database(), trial)
    }

    fn running(&self, study: i64) -> Result<usize, TuneError> {
        let sql = "SELECT count(*) FROM trials JOIN trial_heartbeats ON trial_heartbeats.trial_id = trials.trial_id \
                   WHERE study_id = $1 AND state = 'RUNNING'";
        let rows = self.database().rows(sql, &[study.into()])?;
        match rows.first().and_then(|row| row.first()) {
            Some(&Cell::Int(count)) => Ok(count as usize),
            _ => Err(TuneError::Storage("it does not count".into())),
        }
    }

    fn fail_stale(&self, study: i64, grace: Duration) -> Result<Vec<Trial>, TuneError> {
        let sql = format!(
            "SELECT trials.trial_id FROM trials JOIN trial_heartbeats ON trial_heartbeats.trial_id = trials.trial_id \
             WHERE study_id = $1 AND state = 'RUNNING' AND {} > $2 ORDER BY trials.trial_id",
            D::AGE
        );
        let stale = self.database().rows(&sql, &[study.into(), Cell::Float(grace.as_secs_f64())])?;
        let mut failed = Vec::new();
        for row in stale {
            let Some(&Cell::Int(trial)) = row.first() else { continue };
            if self.finish(trial, State::Fail, None)? {
                failed.extend(read::trial(&mut *self.database(), trial)?);
            }
        }
        Ok(failed)
    }
}
