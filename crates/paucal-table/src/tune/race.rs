//! Rounds of trials until the budget is spent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use paucal_core::observe::Event;
use paucal_core::{Observer, Seed, Silent};
use paucal_data::Table;
use paucal_tune::pruner::{Median, Never, Pruner, Race, Wilcoxon};
use paucal_tune::storage::{Fixed, Owner, StudyRecord};
use paucal_tune::trial::best;
use paucal_tune::{Direction, History, Parameter, Random, Sampler, Space, State, Tpe, Trial};
use rayon::prelude::*;
use serde_json::json;

use super::trial::{Score, score};
use super::{Search, parameters};
use crate::error::TableError;
use crate::hold_out::{Parts, hold_out};
use crate::judge::JudgeOptions;

const STAGE: &str = "tune";
const DIRECTION: Direction = Direction::Maximise;
/// Seconds between two signs of life of a running trial.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Silence after which a worker counts as dead.
const GRACE: Duration = Duration::from_secs(90);
/// How often a trial whose worker died is begun again.
const RETRIES: u64 = 2;

/// Everything a round needs.
struct Course<'a> {
    search: &'a Search<'a>,
    study: &'a StudyRecord,
    space: &'a Space,
    splits: Vec<Parts>,
    judge: JudgeOptions,
    seed: Seed,
    observer: &'a dyn Observer,
}

/// Runs trials until as many are finished as were asked for, time is up, or the user stops.
pub fn run(
    search: &Search<'_>,
    study: &StudyRecord,
    space: &Space,
    train: &Table,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<(), TableError> {
    let options = search.options;
    let split = |repeat: usize| hold_out(train, options.inner_share, seed.child("tune/inner", repeat as u64));
    let splits = (0..options.repeats.max(1)).map(split).collect::<Result<Vec<_>, _>>()?;
    let judge = JudgeOptions { trees: options.trees, ..search.judge.clone() };
    let course = Course { search, study, space, splits, judge, seed, observer };
    let (sampler, pruner) = (sampler(&options.sampler)?, pruner(&options.pruner)?);

    course.bury(if search.shared { GRACE } else { Duration::ZERO })?;
    let begun = Instant::now();
    let total = Some(options.trials as u64);
    observer.event(Event::Started { stage: STAGE.into(), total });
    loop {
        let trials = search.storage.trials(study.id)?;
        let finished =
            trials.iter().filter(|t| matches!(t.state, State::Complete | State::Pruned | State::Fail));
        let left = options.trials.saturating_sub(finished.count());
        observer.event(Event::Progress { stage: STAGE.into(), done: (options.trials - left) as u64 });
        if let Some(value) = best(&trials, DIRECTION).and_then(|t| t.value) {
            let step = (options.trials - left) as u64;
            observer.event(Event::Scalar { name: "objective/best".into(), step, value });
        }
        if left == 0 {
            break;
        }
        if search.timeout.is_some_and(|timeout| begun.elapsed() >= timeout) {
            observer.warn(format!("time is up with {left} of {} trials left", options.trials));
            break;
        }
        course.round(left.min(options.workers.max(1)), sampler.as_ref(), pruner.as_ref())?;
        if observer.cancelled() {
            return Err(TableError::Interrupted);
        }
    }
    observer.event(Event::Finished { stage: STAGE.into() });
    Ok(())
}

fn sampler(name: &str) -> Result<Box<dyn Sampler>, TableError> {
    match name {
        "tpe" => Ok(Box::new(Tpe::default())),
        "random" => Ok(Box::new(Random)),
        other => Err(unknown("tune.sampler", other, "\"tpe\" or \"random\"")),
    }
}

fn pruner(name: &str) -> Result<Box<dyn Pruner>, TableError> {
    match name {
        "median" => Ok(Box::new(Median::default())),
        "wilcoxon" => Ok(Box::new(Wilcoxon::default())),
        "none" => Ok(Box::new(Never)),
        other => Err(unknown("tune.pruner", other, "\"median\", \"wilcoxon\" or \"none\"")),
    }
}

fn unknown(name: &'static str, value: &str, range: &'static str) -> TableError {
    paucal_evidence::EvidenceError::Parameter { name, value: format!("\"{value}\""), range }.into()
}

impl Course<'_> {
    /// Draws `count` trials, runs them side by side, and stores what came of them in their order.
    fn round(&self, count: usize, sampler: &dyn Sampler, pruner: &dyn Pruner) -> Result<(), TableError> {
        let round = (0..count).map(|_| self.draw(sampler)).collect::<Result<Vec<_>, _>>()?;
        let drawn: Vec<i64> = round.iter().map(|trial| trial.id).collect();
        let others = self.search.storage.trials(self.study.id)?;
        let others: Vec<Trial> = others.into_iter().filter(|t| !drawn.contains(&t.id)).collect();
        let race = Race { study: &self.study.name, others: &others, direction: DIRECTION };
        let over = AtomicBool::new(false);
        let outcomes = std::thread::scope(|scope| {
            scope.spawn(|| self.stay_alive(&drawn, &over));
            let outcomes: Vec<_> = round.par_iter().map(|trial| self.run(trial, pruner, &race)).collect();
            over.store(true, Ordering::Relaxed);
            outcomes
        });
        for (trial, outcome) in round.iter().zip(outcomes) {
            self.store(trial, outcome)?;
        }
        Ok(())
    }

    /// Begins a trial and gives it parameters: the default ones first, those of an enqueued trial, or new ones.
    fn draw(&self, sampler: &dyn Sampler) -> Result<Trial, TableError> {
        let storage = self.search.storage;
        let mut trial = storage.begin(self.study.id)?;
        storage.heartbeat(trial.id)?;
        let before: Vec<Trial> =
            storage.trials(self.study.id)?.into_iter().filter(|t| t.number < trial.number).collect();
        let history = History { trials: &before, direction: DIRECTION };
        let mut stream = self.seed.child("tune/draw", 0).stream(sampler.name(), trial.number);
        let proposed = sampler.propose(&history, self.space, &mut stream);
        let fixed =
            trial.system.get("fixed_params").and_then(|json| json.as_object()).cloned().unwrap_or_default();
        for dimension in self.space.dimensions() {
            let distribution = dimension.distribution.clone();
            let wanted =
                fixed.get(&dimension.name).and_then(|json| serde_json::from_value(json.clone()).ok());
            let wanted = wanted.and_then(|value| distribution.internal(&value));
            let internal = wanted.unwrap_or(proposed[&dimension.name]);
            storage.set_parameter(self.study.id, trial.id, &dimension.name, &distribution, internal)?;
            trial.parameters.insert(dimension.name.clone(), Parameter { distribution, internal });
        }
        Ok(trial)
    }

    /// Scores a trial split by split, and stops early when it promises too little.
    fn run(&self, trial: &Trial, pruner: &dyn Pruner, race: &Race<'_>) -> Result<Run, TableError> {
        let parameters = parameters::of_trial(trial, self.search.fixed);
        let quiet = Silent::with_cancel(self.observer.cancel().clone());
        let mut scores: Vec<Score> = Vec::new();
        let mut seen = trial.clone();
        for (repeat, split) in self.splits.iter().enumerate() {
            // The same seed for every trial: differences are those of the parameters.
            let seed = self.seed.child("tune/trial", repeat as u64);
            scores.push(score(self.search.method, &parameters, split, &self.judge, seed, &quiet)?);
            // The median rule compares means so far, the signed-rank test single splits.
            let value = if pruner.name() == "wilcoxon" {
                scores[repeat].objective
            } else {
                Score::mean(&scores).objective
            };
            self.search.storage.report(trial.id, repeat as i64, value)?;
            seen.reports.insert(repeat as i64, value);
            if repeat + 1 < self.splits.len() && pruner.judge(&seen, race).prune {
                return Ok(Run { score: Score::mean(&scores), pruned: true });
            }
        }
        Ok(Run { score: Score::mean(&scores), pruned: false })
    }

    fn store(&self, trial: &Trial, outcome: Result<Run, TableError>) -> Result<(), TableError> {
        let storage = self.search.storage;
        let (state, value) = match outcome {
            Ok(Run { score, pruned }) => {
                for (key, value) in [("similarity", score.similarity), ("accuracy", score.accuracy)] {
                    storage.set_attribute(trial.id, Owner::User, key, &json!(value))?;
                }
                (if pruned { State::Pruned } else { State::Complete }, Some(score.objective))
            }
            Err(TableError::Interrupted) => {
                storage.finish(trial.id, State::Fail, None)?;
                return self.again(trial);
            }
            Err(error) => {
                storage.set_attribute(trial.id, Owner::User, "error", &json!(error.to_string()))?;
                (State::Fail, None)
            }
        };
        if !storage.finish(trial.id, state, value)? {
            let number = trial.number;
            self.observer.warn(format!("trial {number} was ended by another worker; its result is not used"));
        }
        Ok(())
    }

    /// Fails trials of dead workers and begins them again.
    fn bury(&self, grace: Duration) -> Result<(), TableError> {
        let storage = self.search.storage;
        let dead = if grace.is_zero() {
            // Nobody else works on this study: whatever runs was left by a kill.
            let running = storage.trials(self.study.id)?.into_iter().filter(|t| t.state == State::Running);
            let mut dead = Vec::new();
            for trial in running {
                if storage.finish(trial.id, State::Fail, None)? {
                    dead.push(trial);
                }
            }
            dead
        } else {
            storage.fail_stale(self.study.id, grace)?
        };
        dead.iter().try_for_each(|trial| self.again(trial))
    }

    /// Enqueues a trial like one that was cut short.
    fn again(&self, trial: &Trial) -> Result<(), TableError> {
        let tried = trial.user.get("retries").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if tried >= RETRIES || trial.parameters.len() < self.space.dimensions().len() {
            return Ok(());
        }
        let fixed: Fixed =
            trial.parameters.iter().map(|(name, p)| (name.clone(), json!(p.value()))).collect();
        let attributes =
            [("retries".to_owned(), json!(tried + 1)), ("retry_of".to_owned(), json!(trial.number))];
        self.search.storage.enqueue(self.study.id, &fixed, &attributes.into_iter().collect())?;
        Ok(())
    }

    /// Signs of life until the round is over.
    fn stay_alive(&self, trials: &[i64], over: &AtomicBool) {
        let mut last = Instant::now();
        while !over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
            if last.elapsed() >= HEARTBEAT {
                // A sign that is lost is made up for by the next.
                trials.iter().for_each(|&trial| drop(self.search.storage.heartbeat(trial)));
                last = Instant::now();
            }
        }
    }
}

/// What came of a trial.
struct Run {
    score: Score,
    pruned: bool,
}
