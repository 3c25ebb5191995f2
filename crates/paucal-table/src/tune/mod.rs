//! Tuning: which parameters of a generator give the best synthetic rows of this table?
//!
//! The patients are split twice. The *outer* hold-out is put aside; no trial sees it. Every trial fits the generator on
//! inner training patients and scores its rows on inner test patients, on the same few inner splits for every trial; its
//! value is the mean objective (0.6 × similarity + 0.4 × accuracy, corrected form), and a trial that does badly on its
//! first split is not given the others. At the end the best and the default parameters are fitted to all training
//! patients and judged on the outer hold-out, side by side: what tuning promised and what is left of it.
//!
//! The default parameters are the first trial and a smoke test: if they fail, nothing is searched. After 8, 16, 32 …
//! trials the search looks back on what the last doubling gained ([`Course`]). At the end the best few trials are scored
//! once more with fresh seeds ([`Finalist`]); the best of those wins.
//!
//! Other processes may join in, on other machines too, when the storage is one that they share: [`work`].
//!
//! Trials run in rounds of `workers`. A round is drawn before it begins and stored when it is over, so that the study is
//! the same on any number of threads. The storage has Optuna's layout.

mod bench;
mod course;
mod finalists;
mod parameters;
mod race;
mod sensitivity;
mod stages;
mod start;
mod task;
mod trial;
mod worker;

use std::collections::BTreeMap;
use std::time::Duration;

use paucal_core::{Observer, Seed};
use paucal_data::Table;
use paucal_evidence::Target;
use paucal_tune::importance::importances;
use paucal_tune::storage::Storage;
use paucal_tune::trial::best;
use paucal_tune::{Direction, Space, Trial, Value};
use serde::{Deserialize, Serialize};

use bench::Bench;

use crate::error::TableError;
use crate::generator::{Facts, FitContext, FittedGenerator, Method};
use crate::hold_out::{Parts, hold_out};
use crate::judge::{JudgeOptions, Judgement, Ruler};

pub use course::{Course, Spent};
pub use finalists::Finalist;
pub use sensitivity::Neighbour;
pub use task::Task;
pub use worker::{Worked, work};

/// Name and version of the result's format.
pub const SCHEMA: &str = "paucal.tune/1";

/// Parameters of the search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuneOptions {
    /// Trials in all.
    pub trials: usize,
    /// Trials at once.
    pub workers: usize,
    /// `tpe` or `random`.
    pub sampler: String,
    /// `median`, `hyperband` (over the inner splits: give it nine or more), `wilcoxon` or `none`.
    pub pruner: String,
    /// Inner splits on which every trial is scored.
    pub repeats: usize,
    /// Share of the training patients that score the trials.
    pub inner_share: f64,
    /// Share of the patients that no trial sees.
    pub outer_share: f64,
    /// Trees of the forests in the objective.
    pub trees: usize,
    /// Best trials that are scored again at the end; below 2, none are.
    pub finalists: usize,
    /// Fresh seeds of each of them.
    pub fresh_seeds: usize,
    /// End the search when doubling the trials gained less than noise.
    pub stop_when_flat: bool,
    /// Score the best parameters with each of them moved a little, at the cost of about two trials for each.
    pub sensitivity: bool,
}

impl Default for TuneOptions {
    fn default() -> Self {
        Self {
            trials: 40,
            workers: 2,
            sampler: "tpe".into(),
            pruner: "median".into(),
            repeats: 2,
            inner_share: 0.3,
            outer_share: 0.25,
            trees: 100,
            finalists: 3,
            fresh_seeds: 3,
            stop_when_flat: false,
            sensitivity: false,
        }
    }
}

/// What is to be searched.
pub struct Search<'a> {
    /// The table, with its target in the schema.
    pub table: &'a Table,
    /// The generator.
    pub method: &'static Method,
    /// Parameters that the user has fixed; they are not searched.
    pub fixed: &'a toml::Table,
    /// Parameters of the search.
    pub options: &'a TuneOptions,
    /// How the last judgement is made.
    pub judge: &'a JudgeOptions,
    /// Where the study is kept.
    pub storage: &'a dyn Storage,
    /// Its name there.
    pub study: &'a str,
    /// Digest of the input, so that a study of other data is not continued.
    pub digest: &'a str,
    /// Earlier studies, whose best parameters are tried first.
    pub earlier: Option<&'a dyn Storage>,
    /// No trial is begun after this.
    pub timeout: Option<Duration>,
    /// Whether other processes may be at work on this study: their running trials are left alone while they live.
    pub shared: bool,
}

/// The outcome, as it stands in `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// [`SCHEMA`].
    pub schema: String,
    /// The generator.
    pub model: String,
    /// Name of the study in its storage.
    pub study: String,
    /// Target column.
    pub target: String,
    /// The options.
    pub options: TuneOptions,
    /// What was searched.
    pub space: Vec<SpaceLine>,
    /// Every trial, by number.
    pub trials: Vec<TrialFacts>,
    /// Number of the best trial.
    pub best: u64,
    /// Its parameters, as the generator takes them.
    pub parameters: toml::Table,
    /// The best trials scored again with fresh seeds, the best of them first.
    pub finalists: Vec<Finalist>,
    /// What the course of the search says.
    pub course: Course,
    /// What moving each parameter of the best trial costs; empty unless asked for.
    pub sensitivity: Vec<Neighbour>,
    /// Shares of the parameters in what made the best trials good, largest first.
    pub importances: Vec<(String, f64)>,
    /// Whether there were enough trials to believe them.
    pub importances_reliable: bool,
    /// The best parameters on the outer hold-out.
    pub tuned: Judgement,
    /// The default parameters on the outer hold-out.
    pub default: Judgement,
}

/// A parameter of the space, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpaceLine {
    /// Name.
    pub name: String,
    /// Range in words.
    pub range: String,
    /// Why.
    pub rationale: String,
}

/// A trial, for people and figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialFacts {
    /// Number.
    pub number: u64,
    /// `complete`, `pruned`, `fail`, `running`, `waiting`.
    pub state: String,
    /// Mean objective.
    pub value: Option<f64>,
    /// Mean similarity and accuracy.
    pub components: BTreeMap<String, f64>,
    /// Objective on each inner split.
    pub splits: Vec<f64>,
    /// Parameters.
    pub parameters: BTreeMap<String, Value>,
    /// Wall seconds.
    pub seconds: Option<f64>,
    /// Why it failed.
    pub error: Option<String>,
}

/// The search space of a generator on a table, less what the user has fixed.
pub fn space(method: &Method, table: &Table, fixed: &toml::Table) -> Result<Space, TableError> {
    Ok((method.space)(&facts(table)?).only(|d| !fixed.contains_key(parameters::part(&d.name))))
}

fn facts(table: &Table) -> Result<Facts, TableError> {
    let target = Target::of(table)?;
    let count = |class: usize| target.codes.iter().filter(|&&code| code == class).count();
    let rarest = (0..target.classes.len()).map(count).filter(|&n| n > 0).min().unwrap_or(0);
    Ok(Facts { rows: table.rows(), columns: table.columns().len(), rarest })
}

/// The space as a table for people.
pub fn lines(space: &Space) -> Vec<SpaceLine> {
    let line = |d: &paucal_tune::Dimension| SpaceLine {
        name: d.name.clone(),
        range: d.distribution.to_string(),
        rationale: d.rationale.clone(),
    };
    space.dimensions().iter().map(line).collect()
}

/// What a search has found.
pub struct Found {
    /// Name of the study.
    pub study: String,
    /// What was searched.
    pub space: Space,
    /// Every trial, by number.
    pub trials: Vec<Trial>,
    /// Number of the best trial.
    pub best: u64,
    /// Its parameters, as the generator takes them.
    pub parameters: toml::Table,
    /// The best trials scored again.
    pub finalists: Vec<Finalist>,
    /// What moving each parameter costs.
    pub sensitivity: Vec<Neighbour>,
}

/// Searches, or goes on searching, on the patients of `train`.
pub fn search(
    search: &Search<'_>,
    train: &Table,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Found, TableError> {
    let space = space(search.method, train, search.fixed)?;
    space.check()?;
    if space.dimensions().is_empty() {
        return Err(TableError::NothingToTune(search.method.name));
    }
    let bench = Bench::new(search, train, seed)?;
    let study = task::open(search, &space, seed)?;
    task::set_budget(search, &study)?;
    start::enqueue(search, &study, &space, &facts(train)?)?;
    race::run(search, &study, &space, &bench, None, seed, observer)?;

    let trials = search.storage.trials(study.id)?;
    let finalists = finalists::finalists(search, &study, &trials, &bench, observer)?;
    let first = finalists.first().and_then(|f| trials.iter().find(|t| t.number == f.trial));
    let Some(winner) = first.or_else(|| best(&trials, Direction::Maximise)) else {
        let error = trials.iter().rev().find_map(|t| Some(t.user.get("error")?.as_str()?.to_owned()));
        return Err(TableError::NoTrial(error));
    };
    let wanted = search.options.sensitivity;
    let sensitivity = if wanted { sensitivity::sensitivity(winner, &bench, observer)? } else { Vec::new() };
    Ok(Found {
        study: study.name,
        best: winner.number,
        parameters: parameters::of_trial(winner, search.fixed),
        space,
        finalists,
        sensitivity,
        trials,
    })
}

/// The patients of a search and those that no trial sees.
pub fn outer(table: &Table, options: &TuneOptions, seed: Seed) -> Result<Parts, TableError> {
    hold_out(table, options.outer_share, seed.child("tune/outer", 0))
}

/// Searches, or goes on searching, and judges the best.
pub fn tune(
    task: &Search<'_>,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<(Tuning, Box<dyn FittedGenerator>), TableError> {
    let Parts { train, test } = outer(task.table, task.options, seed)?;
    let found = search(task, &train, seed, observer)?;
    let ruler = Ruler::new(&train, Some(&test), task.judge, seed.child("tune/judge", 0), observer)?;
    let judged = |parameters: &toml::Table| -> Result<_, TableError> {
        let generator = task.method.generator(parameters)?;
        let context = FitContext::new(seed.child("tune/final", 0), observer);
        let fitted = generator.fit(&train, &context)?;
        let drawn = fitted.sample(train.rows(), &[], seed.child("tune/final-draw", 0))?;
        Ok((ruler.judge(&drawn)?, fitted))
    };
    let (default, _) = judged(task.fixed)?;
    let (tuned, fitted) = judged(&found.parameters)?;
    let mattered = importances(&found.trials, Direction::Maximise);
    let trials = facts_of(&found.trials);
    let tuning = Tuning {
        schema: SCHEMA.into(),
        model: task.method.name.into(),
        study: found.study,
        target: default.target.clone(),
        options: task.options.clone(),
        space: lines(&found.space),
        best: found.best,
        course: Course::of(&trials),
        trials,
        parameters: found.parameters,
        finalists: found.finalists,
        sensitivity: found.sensitivity,
        importances: mattered.shares,
        importances_reliable: mattered.reliable,
        tuned,
        default,
    };
    Ok((tuning, fitted))
}

/// Trials for people and figures.
pub fn facts_of(trials: &[Trial]) -> Vec<TrialFacts> {
    trials.iter().map(told).collect()
}

fn told(trial: &Trial) -> TrialFacts {
    let number = |key: &&str| Some(((*key).to_owned(), trial.user.get(*key)?.as_f64()?));
    TrialFacts {
        number: trial.number,
        state: trial.state.name().into(),
        value: trial.value.filter(|value| value.is_finite()),
        components: ["similarity", "accuracy"].iter().filter_map(number).collect(),
        splits: trial
            .user
            .get("splits")
            .and_then(|s| serde_json::from_value(s.clone()).ok())
            .unwrap_or_default(),
        parameters: trial.parameters.iter().map(|(name, p)| (name.clone(), p.value())).collect(),
        seconds: trial.seconds(),
        error: trial.user.get("error").and_then(|e| e.as_str()).map(str::to_owned),
    }
}
