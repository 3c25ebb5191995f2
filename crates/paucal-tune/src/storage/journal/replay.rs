//! What a journal says: its entries applied one after the other, by Optuna's rules. What changes something that is not
//! there, or a trial that has ended, changes nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::entry::{Entry, Op, code, number};
use crate::distribution::Distribution;
use crate::storage::StudyRecord;
use crate::time::Instant;
use crate::trial::{Direction, Parameter, State, Trial};

/// Studies and trials so far.
#[derive(Default)]
pub struct Replay {
    /// By key; a deleted study leaves its place empty.
    studies: Vec<Option<StudyRecord>>,
    /// Keys of the trials of each study, by number.
    of_study: Vec<Vec<usize>>,
    /// By key, with the key of the study.
    trials: Vec<(usize, Trial)>,
    /// The first range of each parameter of a study.
    ranges: BTreeMap<(usize, String), Distribution>,
}

impl Replay {
    /// The studies, by key.
    pub fn studies(&self) -> impl Iterator<Item = &StudyRecord> {
        self.studies.iter().flatten()
    }

    /// The trials of a study, by number.
    pub fn trials(&self, study: i64) -> impl Iterator<Item = &Trial> {
        let keys = usize::try_from(study).ok().and_then(|study| self.of_study.get(study));
        keys.into_iter().flatten().map(|&key| &self.trials[key].1)
    }

    /// A trial by its key.
    pub fn trial(&self, id: i64) -> Option<&Trial> {
        Some(&self.trials.get(usize::try_from(id).ok()?)?.1)
    }

    /// The key that the next trial will have.
    pub fn next_trial(&self) -> i64 {
        self.trials.len() as i64
    }

    /// The range that a parameter had first.
    pub fn range(&self, study: i64, name: &str) -> Option<&Distribution> {
        self.ranges.get(&(usize::try_from(study).ok()?, name.to_owned()))
    }

    /// Applies an entry.
    ///
    /// # Errors
    /// Says what the entry lacks.
    pub fn apply(&mut self, entry: Entry) -> Result<(), String> {
        match entry.op {
            Op::CreateStudy => self.create_study(entry)?,
            Op::DeleteStudy => {
                if let Some(place) =
                    entry.study_id.and_then(|id| self.studies.get_mut(usize::try_from(id).ok()?))
                {
                    *place = None;
                }
            }
            Op::StudyUser => {
                if let Some(study) = entry.study_id.and_then(|id| self.study(id)) {
                    study.user.extend(entry.user_attr.unwrap_or_default());
                }
            }
            // Nothing of ours looks at them.
            Op::StudySystem | Op::Discard => {}
            Op::CreateTrial => self.create_trial(entry)?,
            Op::Parameter => self.set_parameter(entry)?,
            Op::State => self.set_state(&entry)?,
            Op::Report => {
                let step = entry.step.ok_or("a report has no step")?;
                let value = entry.intermediate_value.as_ref().and_then(number).unwrap_or(f64::NAN);
                if let Some(trial) = self.open(entry.trial_id) {
                    trial.reports.insert(step, value);
                }
            }
            Op::TrialUser => {
                if let Some(trial) = self.open(entry.trial_id) {
                    trial.user.extend(entry.user_attr.unwrap_or_default());
                }
            }
            Op::TrialSystem => {
                if let Some(trial) = self.open(entry.trial_id) {
                    trial.system.extend(entry.system_attr.unwrap_or_default());
                }
            }
        }
        Ok(())
    }

    fn study(&mut self, id: i64) -> Option<&mut StudyRecord> {
        self.studies.get_mut(usize::try_from(id).ok()?)?.as_mut()
    }

    /// A trial that may still be changed.
    fn open(&mut self, id: Option<i64>) -> Option<&mut Trial> {
        let (_, trial) = self.trials.get_mut(usize::try_from(id?).ok()?)?;
        (!trial.state.is_finished()).then_some(trial)
    }

    fn create_study(&mut self, entry: Entry) -> Result<(), String> {
        let name = entry.study_name.ok_or("a study has no name")?;
        if self.studies().any(|study| study.name == name) {
            return Ok(());
        }
        let direction = match entry.directions.as_deref() {
            Some([1]) => Some(Direction::Minimise),
            Some([2]) => Some(Direction::Maximise),
            _ => None,
        };
        let id = self.studies.len() as i64;
        self.studies.push(Some(StudyRecord { id, name, direction, user: BTreeMap::new() }));
        self.of_study.push(Vec::new());
        Ok(())
    }

    fn create_trial(&mut self, entry: Entry) -> Result<(), String> {
        let id = entry.study_id.ok_or("a trial has no study")?;
        if self.study(id).is_none() {
            return Ok(());
        }
        let (study, key) = (id as usize, self.trials.len());
        let mut trial = Trial::new(key as i64, self.of_study[study].len() as u64);
        if let Some(code) = entry.state {
            trial.state = state(code)?;
        }
        trial.began = entry.datetime_start.as_deref().and_then(Instant::from_iso);
        trial.ended = entry.datetime_complete.as_deref().and_then(Instant::from_iso);
        trial.value = first(entry.values.as_deref()).or_else(|| entry.value.as_ref().and_then(number));
        trial.user = attributes(entry.user_attrs);
        trial.system = attributes(entry.system_attrs);
        for (step, value) in entry.intermediate_values.unwrap_or_default() {
            let step = step.parse().map_err(|_| format!("'{step}' is no step"))?;
            trial.reports.insert(step, number(&value).unwrap_or(f64::NAN));
        }
        let values = entry.params.unwrap_or_default();
        for (name, json) in entry.distributions.unwrap_or_default() {
            let distribution = Distribution::from_json(&json).map_err(|error| error.to_string())?;
            let internal = values.get(&name).and_then(number).unwrap_or(f64::NAN);
            self.ranges.entry((study, name.clone())).or_insert_with(|| distribution.clone());
            trial.parameters.insert(name, Parameter { distribution, internal });
        }
        self.trials.push((study, trial));
        self.of_study[study].push(key);
        Ok(())
    }

    fn set_parameter(&mut self, entry: Entry) -> Result<(), String> {
        let name = entry.param_name.ok_or("a parameter has no name")?;
        let json = entry.distribution.ok_or("a parameter has no distribution")?;
        let distribution = Distribution::from_json(&json).map_err(|error| error.to_string())?;
        let internal = entry.param_value_internal.as_ref().and_then(number).unwrap_or(f64::NAN);
        if self.open(entry.trial_id).is_none() {
            return Ok(());
        }
        let key = entry.trial_id.unwrap_or_default() as usize;
        let study = self.trials[key].0;
        let range = self.ranges.entry((study, name.clone())).or_insert_with(|| distribution.clone());
        if range.is_compatible(&distribution) {
            self.trials[key].1.parameters.insert(name, Parameter { distribution, internal });
        }
        Ok(())
    }

    fn set_state(&mut self, entry: &Entry) -> Result<(), String> {
        let state = state(entry.state.ok_or("a state is missing")?)?;
        let Some(trial) = self.open(entry.trial_id) else { return Ok(()) };
        // Of two workers that take a waiting trial, the first has it.
        if state == State::Running && trial.state == State::Running {
            return Ok(());
        }
        if state == State::Running {
            trial.began = entry.datetime_start.as_deref().and_then(Instant::from_iso);
        }
        if state.is_finished() {
            trial.ended = entry.datetime_complete.as_deref().and_then(Instant::from_iso);
        }
        trial.state = state;
        trial.value = first(entry.values.as_deref()).or(trial.value);
        Ok(())
    }
}

fn state(wanted: u8) -> Result<State, String> {
    let known = State::ALL.into_iter().find(|&state| code(state) == wanted);
    known.ok_or_else(|| format!("state {wanted} is unknown"))
}

fn first(values: Option<&[Json]>) -> Option<f64> {
    number(values?.first()?)
}

fn attributes(map: Option<Map<String, Json>>) -> BTreeMap<String, Json> {
    map.unwrap_or_default().into_iter().collect()
}
