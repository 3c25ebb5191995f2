//! The best few trials once more, with fresh seeds. The best of many noisy scores looks better than it is; the scores
//! here were not chosen by, so they say how good the parameters are and how much they depend on luck.

use std::sync::atomic::{AtomicU64, Ordering};

use paucal_core::observe::Event;
use paucal_core::parallel::apart;
use paucal_core::{Observer, Silent};
use paucal_tune::storage::{Owner, StudyRecord};
use paucal_tune::{Direction, State, Trial};
use serde::{Deserialize, Serialize};

use super::Search;
use super::bench::Bench;
use crate::error::TableError;

const STAGE: &str = "finalists";
/// Where the scores are kept, so that a resumed search does not compute them again.
const KEY: &str = "paucal: finalists";

/// A trial among the best, scored again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finalist {
    /// Number of the trial.
    pub trial: u64,
    /// What it scored in the search.
    pub searched: f64,
    /// What it scores with fresh seeds.
    pub fresh: Vec<f64>,
}

impl Finalist {
    /// Mean over the fresh seeds.
    pub fn mean(&self) -> f64 {
        self.fresh.iter().sum::<f64>() / self.fresh.len() as f64
    }

    /// Standard deviation over the fresh seeds; `None` with fewer than two.
    pub fn deviation(&self) -> Option<f64> {
        let (n, mean) = (self.fresh.len() as f64, self.mean());
        let squares: f64 = self.fresh.iter().map(|x| (x - mean).powi(2)).sum();
        (n >= 2.0).then(|| (squares / (n - 1.0)).sqrt())
    }
}

/// Scores the best trials again, the best by the fresh scores first. Without finalists the list is empty.
pub fn finalists(
    search: &Search<'_>,
    study: &StudyRecord,
    trials: &[Trial],
    bench: &Bench<'_>,
    observer: &dyn Observer,
) -> Result<Vec<Finalist>, TableError> {
    let chosen = best_distinct(trials, search.options.finalists);
    let rounds = search.options.fresh_seeds;
    if chosen.len() < 2 || rounds == 0 {
        return Ok(Vec::new());
    }
    let mut list: Vec<Finalist> = match kept(search, study, &chosen, rounds)? {
        Some(list) => list,
        None => {
            let list = scored(&chosen, rounds, bench, observer)?;
            let json = serde_json::to_value(&list).map_err(|e| TableError::damaged("the study", e))?;
            search.storage.set_study_attribute(study.id, Owner::User, KEY, &json)?;
            list
        }
    };
    list.sort_by(|a, b| b.mean().total_cmp(&a.mean()).then(a.trial.cmp(&b.trial)));
    Ok(list)
}

/// The best complete trials; of those with the same parameters the first.
fn best_distinct(trials: &[Trial], most: usize) -> Vec<&Trial> {
    let loss = |trial: &Trial| trial.value.map(|value| Direction::Maximise.loss(value));
    let mut complete: Vec<&Trial> =
        trials.iter().filter(|t| t.state == State::Complete && t.value.is_some()).collect();
    complete.sort_by(|a, b| loss(a).partial_cmp(&loss(b)).unwrap_or(std::cmp::Ordering::Equal));
    let mut chosen: Vec<&Trial> = Vec::new();
    for trial in complete {
        if chosen.len() < most && chosen.iter().all(|other| other.parameters != trial.parameters) {
            chosen.push(trial);
        }
    }
    chosen
}

/// The scores of an earlier call, if they are of the same trials.
fn kept(
    search: &Search<'_>,
    study: &StudyRecord,
    chosen: &[&Trial],
    rounds: usize,
) -> Result<Option<Vec<Finalist>>, TableError> {
    let studies = search.storage.studies()?;
    let list = studies.iter().find(|s| s.id == study.id).and_then(|s| s.user.get(KEY));
    let list: Option<Vec<Finalist>> = list.and_then(|json| serde_json::from_value(json.clone()).ok());
    let same = |list: &Vec<Finalist>| {
        list.len() == chosen.len()
            && list.iter().zip(chosen).all(|(f, t)| f.trial == t.number && f.fresh.len() == rounds)
    };
    Ok(list.filter(same))
}

fn scored(
    chosen: &[&Trial],
    rounds: usize,
    bench: &Bench<'_>,
    observer: &dyn Observer,
) -> Result<Vec<Finalist>, TableError> {
    let total = Some((chosen.len() * rounds) as u64);
    observer.event(Event::Started { stage: STAGE.into(), total });
    let quiet = Silent::with_cancel(observer.cancel().clone());
    let done = AtomicU64::new(0);
    let fresh = apart(chosen.len() * rounds, |i| {
        let score = bench.fresh(chosen[i / rounds], i % rounds, &quiet);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        observer.event(Event::Progress { stage: STAGE.into(), done });
        Ok(score?.objective)
    });
    observer.event(Event::Finished { stage: STAGE.into() });
    let fresh: Vec<f64> = fresh.into_iter().collect::<Result<_, TableError>>()?;
    let finalist = |(trial, fresh): (&&Trial, &[f64])| Finalist {
        trial: trial.number,
        searched: trial.value.unwrap_or(f64::NAN),
        fresh: fresh.to_vec(),
    };
    Ok(chosen.iter().zip(fresh.chunks(rounds.max(1))).map(finalist).collect())
}
