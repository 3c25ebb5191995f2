//! Rounds of trials until the budget is spent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use paucal_core::observe::Event;
use paucal_core::{Observer, Seed, Silent};
use paucal_tune::pruner::{Median, Never, Pruner, Race, Wilcoxon};
use paucal_tune::storage::{Fixed, Owner, StudyRecord};
use paucal_tune::trial::best;
use paucal_tune::{Direction, History, Parameter, Random, Sampler, Space, State, Tpe, Trial};
use rayon::prelude::*;
use serde_json::json;

use super::Search;
use super::bench::Bench;
use super::course::Course as Progress;
use super::told;
use super::trial::Score;
use crate::error::TableError;

const STAGE: &str = "tune";
const DIRECTION: Direction = Direction::Maximise;
/// Seconds between two signs of life of a running trial.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Silence after which a worker counts as dead.
const GRACE: Duration = Duration::from_secs(90);
/// Complete trials after which the search looks back for the first time.
const PILOT: usize = 8;
/// How often a trial whose worker died is begun again.
const RETRIES: u64 = 2;

/// Everything a round needs.
struct Course<'a> {
    search: &'a Search<'a>,
    study: &'a StudyRecord,
    space: &'a Space,
    bench: &'a Bench<'a>,
    seed: Seed,
    observer: &'a dyn Observer,
}

/// Runs trials until as many are finished as were asked for, time is up, or the user stops.
pub fn run(
    search: &Search<'_>,
    study: &StudyRecord,
    space: &Space,
    bench: &Bench<'_>,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<(), TableError> {
    let options = search.options;
    let course = Course { search, study, space, bench, seed, observer };
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
        if left == 0 || course.is_over(&trials)? {
            break;
        }
        if search.timeout.is_some_and(|timeout| begun.elapsed() >= timeout) {
            observer.warn(format!("time is up with {left} of {} trials left", options.trials));
            break;
        }
        // The first trial, the default parameters, runs alone: if even they fail there is nothing to search.
        let at_once = if trials.iter().any(|t| t.state.is_finished()) { options.workers.max(1) } else { 1 };
        course.round(left.min(at_once), sampler.as_ref(), pruner.as_ref())?;
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
    /// Smoke test and pilot: an error when every trial so far has failed and the first with the default parameters;
    /// after 8, 16, 32 … complete trials a note on what the last doubling gained, and the end if it was no more than
    /// noise and the user wants that.
    fn is_over(&self, trials: &[Trial]) -> Result<bool, TableError> {
        let finished = trials.iter().filter(|t| t.state.is_finished());
        if let [only] = finished.collect::<Vec<_>>()[..]
            && only.state == State::Fail
            && let Some(reason) = only.user.get("error").and_then(|e| e.as_str())
        {
            return Err(TableError::NoTrial(Some(reason.to_owned())));
        }
        let complete = trials.iter().filter(|t| t.state == State::Complete).count();
        if complete < PILOT || !complete.is_power_of_two() {
            return Ok(false);
        }
        let progress = Progress::of(&trials.iter().map(told).collect::<Vec<_>>());
        let (Some(gain), Some(noise)) = (progress.last_doubling, progress.noise) else { return Ok(false) };
        self.observer.note(format!(
            "after {complete} trials: doubling their number gained {gain:.4} in the objective; a trial is uncertain by {noise:.4}"
        ));
        let flat = gain < noise && self.search.options.stop_when_flat;
        if flat {
            self.observer
                .warn(format!("the search ended after {complete} trials: more gain nothing but noise"));
        }
        Ok(flat)
    }

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

    /// Begins a trial and gives it parameters: those it was enqueued with, new ones for the rest.
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
        let quiet = Silent::with_cancel(self.observer.cancel().clone());
        let mut scores: Vec<Score> = Vec::new();
        let mut seen = trial.clone();
        for repeat in 0..self.bench.splits() {
            scores.push(self.bench.score(trial, repeat, &quiet)?);
            // The median rule compares means so far, the signed-rank test single splits.
            let value = if pruner.name() == "wilcoxon" {
                scores[repeat].objective
            } else {
                Score::mean(&scores).objective
            };
            self.search.storage.report(trial.id, repeat as i64, value)?;
            seen.reports.insert(repeat as i64, value);
            if repeat + 1 < self.bench.splits() && pruner.judge(&seen, race).prune {
                return Ok(Run { scores, pruned: true });
            }
        }
        Ok(Run { scores, pruned: false })
    }

    fn store(&self, trial: &Trial, outcome: Result<Run, TableError>) -> Result<(), TableError> {
        let storage = self.search.storage;
        let (state, value) = match outcome {
            Ok(Run { scores, pruned }) => {
                let score = Score::mean(&scores);
                let splits: Vec<f64> = scores.iter().map(|score| score.objective).collect();
                let parts = [
                    ("similarity", json!(score.similarity)),
                    ("accuracy", json!(score.accuracy)),
                    ("splits", json!(splits)),
                ];
                for (key, value) in parts {
                    storage.set_attribute(trial.id, Owner::User, key, &value)?;
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
    /// By split.
    scores: Vec<Score>,
    pruned: bool,
}
