//! Rounds of trials until the budget is spent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use paucal_core::observe::Event;
use paucal_core::parallel::apart;
use paucal_core::{Observer, Seed, Silent};
use paucal_tune::pruner::{Hyperband, Median, Never, Pruner, Race, Wilcoxon};
use paucal_tune::storage::{
    GRACE, HEARTBEAT, Owner, Retry, StudyRecord, begun_again, cut_short, retry_stale,
};
use paucal_tune::trial::best;
use paucal_tune::{Direction, History, Parameter, Random, Sampler, Space, State, Tpe, Trial};
use serde_json::json;

use super::Search;
use super::bench::Bench;
use super::stages::Stages;
use super::trial::Score;
use crate::error::TableError;

const STAGE: &str = "tune";
const DIRECTION: Direction = Direction::Maximise;
/// How often a worker that has nothing to begin looks whether others have ended.
const LOOK: Duration = Duration::from_secs(2);

/// Everything a round needs.
struct Course<'a> {
    search: &'a Search<'a>,
    study: &'a StudyRecord,
    space: &'a Space,
    bench: &'a Bench<'a>,
    seed: Seed,
    observer: &'a dyn Observer,
}

/// Runs trials until as many are finished as were asked for, this process has begun `most`, time is up, or the user
/// stops. Returns how many it has begun.
///
/// A trial that was cut short and is begun again counts once. Several processes that look at the same moment may begin
/// a few trials more than were asked for; none is lost for that.
pub fn run(
    search: &Search<'_>,
    study: &StudyRecord,
    space: &Space,
    bench: &Bench<'_>,
    most: Option<usize>,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<usize, TableError> {
    let options = search.options;
    let course = Course { search, study, space, bench, seed, observer };
    let (sampler, pruner) = (sampler(&options.sampler)?, pruner(&options.pruner, bench.splits())?);

    if !search.shared {
        course.clear()?;
    }
    let begun = Instant::now();
    // What was done before tells nothing about the time that is left.
    let before = finished(&search.storage.trials(study.id)?);
    let total = Some(options.trials.saturating_sub(before) as u64);
    observer.event(Event::Started { stage: STAGE.into(), total });
    let mut own = 0;
    let mut stages = Stages::new(&search.storage.trials(study.id)?);
    loop {
        if search.shared {
            course.bury()?;
        }
        let trials = search.storage.trials(study.id)?;
        let left = options.trials.saturating_sub(finished(&trials));
        course.tell(&trials, before);
        let own_left = most.map_or(usize::MAX, |most| most.saturating_sub(own));
        if left == 0 || own_left == 0 || stages.are_over(&trials, options, observer)? {
            break;
        }
        if search.timeout.is_some_and(|timeout| begun.elapsed() >= timeout) {
            observer.warn(format!("time is up with {left} of {} trials left", options.trials));
            break;
        }
        let elsewhere = if search.shared { search.storage.running(study.id)? } else { 0 };
        // The first trial, the default parameters, runs alone: if even they fail there is nothing to search.
        let at_once = if trials.iter().any(|t| t.state.is_finished()) { options.workers.max(1) } else { 1 };
        match left.saturating_sub(elsewhere).min(own_left).min(at_once) {
            // Others are at the last ones; if they die, somebody must begin these again.
            0 => course.wait(),
            count => {
                course.round(count, trials, sampler.as_ref(), pruner.as_ref())?;
                own += count;
            }
        }
        if observer.cancelled() {
            return Err(TableError::Interrupted);
        }
    }
    observer.event(Event::Finished { stage: STAGE.into() });
    Ok(own)
}

/// How many trials are over and not begun again.
pub fn finished(trials: &[Trial]) -> usize {
    let again = begun_again(trials);
    trials.iter().filter(|t| t.state.is_finished() && !again.contains(&t.number)).count()
}

fn sampler(name: &str) -> Result<Box<dyn Sampler>, TableError> {
    match name {
        "tpe" => Ok(Box::new(Tpe::default())),
        "random" => Ok(Box::new(Random)),
        other => Err(unknown("tune.sampler", other, "\"tpe\" or \"random\"")),
    }
}

/// The pruner of that name; a trial has as many steps as there are splits.
fn pruner(name: &str, splits: usize) -> Result<Box<dyn Pruner>, TableError> {
    match name {
        "median" => Ok(Box::new(Median::default())),
        "hyperband" => Ok(Box::new(Hyperband::new(splits as i64))),
        "wilcoxon" => Ok(Box::new(Wilcoxon::default())),
        "none" => Ok(Box::new(Never)),
        other => Err(unknown("tune.pruner", other, "\"median\", \"hyperband\", \"wilcoxon\" or \"none\"")),
    }
}

fn unknown(name: &'static str, value: &str, range: &'static str) -> TableError {
    paucal_evidence::EvidenceError::Parameter { name, value: format!("\"{value}\""), range }.into()
}

impl Course<'_> {
    /// Says how far the study is beyond the trials `before`.
    fn tell(&self, trials: &[Trial], before: usize) {
        let finished = finished(trials);
        let done = finished.saturating_sub(before) as u64;
        self.observer.event(Event::Progress { stage: STAGE.into(), done });
        if let Some(value) = best(trials, DIRECTION).and_then(|t| t.value) {
            self.observer.event(Event::Scalar {
                name: "objective/best".into(),
                step: finished as u64,
                value,
            });
        }
    }

    /// Waits a little, or until the user stops.
    fn wait(&self) {
        let begun = Instant::now();
        while begun.elapsed() < LOOK && !self.observer.cancelled() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Draws `count` trials beside the `trials` so far, runs them side by side, and stores what came of them in their
    /// order.
    fn round(
        &self,
        count: usize,
        mut trials: Vec<Trial>,
        sampler: &dyn Sampler,
        pruner: &dyn Pruner,
    ) -> Result<(), TableError> {
        let mut round = Vec::new();
        for _ in 0..count {
            let trial = self.draw(&trials, sampler)?;
            // The next one is drawn in knowledge of this one.
            trials.retain(|t| t.id != trial.id);
            trials.insert(trials.partition_point(|t| t.number < trial.number), trial.clone());
            round.push(trial);
        }
        let drawn: Vec<i64> = round.iter().map(|trial| trial.id).collect();
        trials.retain(|t| !drawn.contains(&t.id));
        let race = Race { study: &self.study.name, others: &trials, direction: DIRECTION };
        let over = AtomicBool::new(false);
        let outcomes = std::thread::scope(|scope| {
            scope.spawn(|| self.stay_alive(&drawn, &over));
            let outcomes = apart(round.len(), |i| self.run(&round[i], pruner, &race));
            over.store(true, Ordering::Relaxed);
            outcomes
        });
        for (trial, outcome) in round.iter().zip(outcomes) {
            self.store(trial, outcome)?;
        }
        Ok(())
    }

    /// Begins a trial and gives it parameters: those it was enqueued with, and new ones where it has none.
    fn draw(&self, trials: &[Trial], sampler: &dyn Sampler) -> Result<Trial, TableError> {
        let storage = self.search.storage;
        let mut trial = storage.begin(self.study.id)?;
        let before = &trials[..trials.partition_point(|t| t.number < trial.number)];
        let history = History { trials: before, direction: DIRECTION };
        let mut stream = self.seed.child("tune/draw", 0).stream(sampler.name(), trial.number);
        let proposed = sampler.propose(&history, self.space, &mut stream);
        let fixed =
            trial.system.get("fixed_params").and_then(|json| json.as_object()).cloned().unwrap_or_default();
        for dimension in self.space.dimensions() {
            // A trial that Python begins again has its parameters already.
            if trial.parameters.contains_key(&dimension.name) {
                continue;
            }
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
        let begun = Instant::now();
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
            // Hyperband counts what was spent, the others number the splits.
            let step = repeat as i64 + i64::from(pruner.name() == "hyperband");
            self.search.storage.report(trial.id, step, value)?;
            seen.reports.insert(step, value);
            if repeat + 1 < self.bench.splits() && self.gives_up(&mut seen, pruner, race)? {
                return Ok(Run { scores, pruned: true, seconds: begun.elapsed().as_secs_f64() });
            }
        }
        Ok(Run { scores, pruned: false, seconds: begun.elapsed().as_secs_f64() })
    }

    /// Asks the pruner, and keeps what it wants to remember of the trial.
    fn gives_up(&self, seen: &mut Trial, pruner: &dyn Pruner, race: &Race<'_>) -> Result<bool, TableError> {
        let judgement = pruner.judge(seen, race);
        for (key, value) in judgement.attributes {
            self.search.storage.set_attribute(seen.id, Owner::System, &key, &json!(value))?;
            seen.system.insert(key, json!(value));
        }
        Ok(judgement.prune)
    }

    fn store(&self, trial: &Trial, outcome: Result<Run, TableError>) -> Result<(), TableError> {
        let storage = self.search.storage;
        let (state, value) = match outcome {
            Ok(Run { scores, pruned, seconds }) => {
                let score = Score::mean(&scores);
                let splits: Vec<f64> = scores.iter().map(|score| score.objective).collect();
                let parts = [
                    ("similarity", json!(score.similarity)),
                    ("accuracy", json!(score.accuracy)),
                    ("splits", json!(splits)),
                    ("seconds", json!(seconds)),
                ];
                for (key, value) in parts {
                    storage.set_attribute(trial.id, Owner::User, key, &value)?;
                }
                (if pruned { State::Pruned } else { State::Complete }, Some(score.objective))
            }
            Err(TableError::Interrupted) => {
                cut_short(storage, self.study.id, trial)?;
                return Ok(());
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

    /// Begins the trials anew that a kill has left running in a study that nobody else works on.
    fn clear(&self) -> Result<(), TableError> {
        let storage = self.search.storage;
        for trial in storage.trials(self.study.id)?.iter().filter(|t| t.state == State::Running) {
            cut_short(storage, self.study.id, trial)?;
        }
        Ok(())
    }

    /// Begins the trials of dead workers anew.
    fn bury(&self) -> Result<(), TableError> {
        for Retry { trial, again } in retry_stale(self.search.storage, self.study.id, GRACE)? {
            let outcome = if again { "it is begun again" } else { "it is given up" };
            self.observer.warn(format!("the worker of trial {} is gone; {outcome}", trial.number));
        }
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
    seconds: f64,
}
