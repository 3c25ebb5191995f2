//! Optuna's journal: one file to which every change is appended, for machines that share nothing but a disk.
//!
//! Whoever holds the lock beside the file reads what is new, decides and appends; so a change is decided on all that came
//! before it. Python decides first and appends then, and drops what came too late when it reads the file again; both ways
//! keep the first word.
//!
//! Optuna's journals know no heartbeat. Ours are a system attribute of the trial, `paucal:heartbeat`, by the clock of the
//! file system: the lock is a new file every time, and its age tells what that clock says.

mod entry;
mod file;
mod replay;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Owner, Storage, StudyRecord};
use crate::distribution::Distribution;
use crate::error::TuneError;
use crate::time::Instant;
use crate::trial::{Attributes, Direction, State, Trial};
use entry::{Entry, Line, Op};
use file::JournalFile;
use replay::Replay;

/// The attribute that holds the last sign of life.
const HEARTBEAT: &str = "paucal:heartbeat";

/// A journal file.
pub struct Journal {
    inner: Mutex<Inner>,
}

struct Inner {
    file: JournalFile,
    replay: Replay,
    worker: String,
}

impl Journal {
    /// Opens a journal; makes it if it is not there.
    ///
    /// # Errors
    /// [`TuneError::Unreachable`] for a file that cannot be opened, [`TuneError::NotAStorage`] for one that is no journal.
    pub fn open(path: &Path) -> Result<Self, TuneError> {
        let mut inner =
            Inner { file: JournalFile::open(path)?, replay: Replay::default(), worker: file::unique() };
        inner.read()?;
        Ok(Self { inner: Mutex::new(inner) })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Entries are applied one by one: a panic in another thread leaves none half applied.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the journal says now.
    fn read<T>(&self, look: impl FnOnce(&Replay) -> T) -> Result<T, TuneError> {
        let mut inner = self.inner();
        inner.read()?;
        Ok(look(&inner.replay))
    }

    /// Decides on what the journal says, by the clock of the file system, and appends what was decided.
    fn write<T>(
        &self,
        decide: impl FnOnce(&Replay, &Pen<'_>) -> Result<(Vec<Line>, T), TuneError>,
    ) -> Result<T, TuneError> {
        let mut inner = self.inner();
        let lock = inner.file.lock()?;
        inner.read()?;
        let (lines, outcome) = decide(&inner.replay, &Pen { worker: &inner.worker, clock: lock.taken_at() })?;
        if !lines.is_empty() {
            inner.file.append(&lines.into_iter().map(Line::end).collect::<String>())?;
            inner.read()?;
        }
        Ok(outcome)
    }

    /// Appends a change of a trial unless it has ended.
    fn change(&self, trial: i64, line: impl FnOnce(&Pen<'_>) -> Line) -> Result<(), TuneError> {
        self.write(|replay, pen| {
            let open = replay.trial(trial).is_some_and(|trial| !trial.state.is_finished());
            Ok((open.then(|| line(pen)).into_iter().collect(), ()))
        })
    }
}

impl Inner {
    /// Applies what was appended since the last time.
    fn read(&mut self) -> Result<(), TuneError> {
        let replay = &mut self.replay;
        self.file.read_new(|line| Entry::read(line).and_then(|entry| replay.apply(entry)))
    }
}

/// What a line is written with.
struct Pen<'a> {
    worker: &'a str,
    /// By the clock of the file system.
    clock: Instant,
}

impl Pen<'_> {
    fn line(&self, op: Op) -> Line {
        Line::new(op, self.worker)
    }

    fn beat(&self, trial: i64) -> Line {
        self.attribute(trial, Owner::System, HEARTBEAT, &json!(self.clock.to_iso()))
    }

    fn attribute(&self, trial: i64, owner: Owner, key: &str, value: &Json) -> Line {
        let (op, field) = match owner {
            Owner::User => (Op::TrialUser, "user_attr"),
            Owner::System => (Op::TrialSystem, "system_attr"),
        };
        self.line(op).with("trial_id", &json!(trial)).with(field, &json!({ key: value }))
    }

    /// A change of state. A value that is no number fails the trial.
    fn state(&self, trial: i64, state: State, value: Option<f64>) -> Line {
        let line =
            self.line(Op::State).with("trial_id", &json!(trial)).with("state", &json!(entry::code(state)));
        let line = match value {
            Some(value) => line.with_numbers("values", &[value]),
            None => line.with("values", &Json::Null),
        };
        let time = if state == State::Running { "datetime_start" } else { "datetime_complete" };
        line.with(time, &json!(Instant::now().to_iso()))
    }
}

impl Storage for Journal {
    fn open_study(&self, name: &str, direction: Direction) -> Result<StudyRecord, TuneError> {
        self.write(|replay, pen| {
            let code = match direction {
                Direction::Minimise => 1,
                Direction::Maximise => 2,
            };
            let line = || {
                pen.line(Op::CreateStudy).with("study_name", &json!(name)).with("directions", &json!([code]))
            };
            let known = replay.studies().any(|study| study.name == name);
            Ok(((!known).then(line).into_iter().collect(), ()))
        })?;
        let study = self.read(|replay| replay.studies().find(|study| study.name == name).cloned())?;
        study.ok_or_else(|| TuneError::NoStudy(name.into()))
    }

    fn studies(&self) -> Result<Vec<StudyRecord>, TuneError> {
        self.read(|replay| replay.studies().cloned().collect())
    }

    fn set_study_attribute(
        &self,
        study: i64,
        owner: Owner,
        key: &str,
        value: &Json,
    ) -> Result<(), TuneError> {
        let (op, field) = match owner {
            Owner::User => (Op::StudyUser, "user_attr"),
            Owner::System => (Op::StudySystem, "system_attr"),
        };
        self.write(|_, pen| {
            let line = pen.line(op).with("study_id", &json!(study)).with(field, &json!({ key: value }));
            Ok((vec![line], ()))
        })
    }

    fn trials(&self, study: i64) -> Result<Vec<Trial>, TuneError> {
        self.read(|replay| replay.trials(study).cloned().collect())
    }

    fn add_waiting(&self, study: i64, system: &Attributes, user: &Attributes) -> Result<(), TuneError> {
        self.write(|_, pen| {
            let nothing = json!({});
            let line = pen
                .line(Op::CreateTrial)
                .with("study_id", &json!(study))
                .with("datetime_start", &Json::Null)
                .with("state", &json!(entry::code(State::Waiting)))
                .with("value", &Json::Null)
                .with("values", &Json::Null)
                .with("distributions", &nothing)
                .with("params", &nothing)
                .with("user_attrs", &json!(user))
                .with("system_attrs", &json!(system))
                .with("intermediate_values", &nothing);
            Ok((vec![line], ()))
        })
    }

    fn begin(&self, study: i64) -> Result<Trial, TuneError> {
        let id = self.write(|replay, pen| {
            let waiting = replay.trials(study).find(|trial| trial.state == State::Waiting);
            let (id, line) = match waiting {
                Some(trial) => (trial.id, pen.state(trial.id, State::Running, None)),
                None => {
                    let start = json!(Instant::now().to_iso());
                    let line = pen.line(Op::CreateTrial).with("study_id", &json!(study));
                    (replay.next_trial(), line.with("datetime_start", &start))
                }
            };
            Ok((vec![line, pen.beat(id)], id))
        })?;
        let trial = self.read(|replay| replay.trial(id).cloned())?;
        trial.ok_or_else(|| TuneError::Storage("a trial has vanished".into()))
    }

    fn set_parameter(
        &self,
        study: i64,
        trial: i64,
        name: &str,
        distribution: &Distribution,
        internal: f64,
    ) -> Result<(), TuneError> {
        self.write(|replay, pen| {
            if replay.range(study, name).is_some_and(|earlier| !earlier.is_compatible(distribution)) {
                return Err(TuneError::Incompatible { name: name.into() });
            }
            let open = replay.trial(trial).is_some_and(|trial| !trial.state.is_finished());
            let line = || {
                pen.line(Op::Parameter)
                    .with("trial_id", &json!(trial))
                    .with("param_name", &json!(name))
                    .with_number("param_value_internal", internal)
                    .with("distribution", &json!(distribution.to_json()))
            };
            Ok((open.then(line).into_iter().collect(), ()))
        })
    }

    fn set_attribute(&self, trial: i64, owner: Owner, key: &str, value: &Json) -> Result<(), TuneError> {
        self.change(trial, |pen| pen.attribute(trial, owner, key, value))
    }

    fn report(&self, trial: i64, step: i64, value: f64) -> Result<(), TuneError> {
        self.change(trial, |pen| {
            pen.line(Op::Report)
                .with("trial_id", &json!(trial))
                .with("step", &json!(step))
                .with_number("intermediate_value", value)
        })
    }

    fn finish(&self, trial: i64, state: State, value: Option<f64>) -> Result<bool, TuneError> {
        let value = value.filter(|value| !value.is_nan());
        let state = if state == State::Complete && value.is_none() { State::Fail } else { state };
        let value = value.filter(|_| state != State::Fail);
        self.write(|replay, pen| {
            let running = replay.trial(trial).is_some_and(|trial| trial.state == State::Running);
            let line = || pen.state(trial, state, value);
            Ok((running.then(line).into_iter().collect(), running))
        })
    }

    fn heartbeat(&self, trial: i64) -> Result<(), TuneError> {
        self.change(trial, |pen| pen.beat(trial))
    }

    fn running(&self, study: i64) -> Result<usize, TuneError> {
        let alive = |trial: &&Trial| trial.state == State::Running && trial.system.contains_key(HEARTBEAT);
        self.read(|replay| replay.trials(study).filter(alive).count())
    }

    fn fail_stale(&self, study: i64, grace: Duration) -> Result<Vec<Trial>, TuneError> {
        let ids: Vec<i64> = self.write(|replay, pen| {
            let stale = |trial: &&Trial| {
                let beat = trial.system.get(HEARTBEAT).and_then(Json::as_str).and_then(Instant::from_iso);
                trial.state == State::Running
                    && beat.is_some_and(|beat| pen.clock.seconds_since(beat) > grace.as_secs_f64())
            };
            let ids: Vec<i64> = replay.trials(study).filter(stale).map(|trial| trial.id).collect();
            Ok((ids.iter().map(|&id| pen.state(id, State::Fail, None)).collect(), ids))
        })?;
        self.read(|replay| ids.iter().filter_map(|&id| replay.trial(id).cloned()).collect())
    }
}
