//! Around the optimum: what happens to the objective when one parameter at a time moves a little.

use paucal_core::observe::Event;
use paucal_core::parallel::apart;
use paucal_core::{Observer, Silent};
use paucal_tune::{Distribution, Trial, Value};
use serde::{Deserialize, Serialize};

use super::bench::Bench;
use super::trial::Score;
use crate::error::TableError;

const STAGE: &str = "sensitivity";
/// How far a number moves, as a share of its range on its own scale.
const STEP: f64 = 0.15;

/// One parameter moved, the others as in the best trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    /// The parameter.
    pub parameter: String,
    /// Its value in the best trial.
    pub best: Value,
    /// Where it was moved to.
    pub value: Value,
    /// Mean objective on the splits and with the seeds of the trials; `None` when it failed.
    pub objective: Option<f64>,
    /// Objective of the best trial less this: what the move costs.
    pub cost: Option<f64>,
}

/// Moves each parameter of `winner` in turn and scores it as a trial is scored.
pub fn sensitivity(
    winner: &Trial,
    bench: &Bench<'_>,
    observer: &dyn Observer,
) -> Result<Vec<Neighbour>, TableError> {
    let moves: Vec<(String, f64)> = winner
        .parameters
        .iter()
        .flat_map(|(name, p)| {
            neighbours(&p.distribution, p.internal).into_iter().map(move |to| (name.clone(), to))
        })
        .collect();
    observer.event(Event::Started { stage: STAGE.into(), total: Some(moves.len() as u64) });
    let quiet = Silent::with_cancel(observer.cancel().clone());
    let mut found = Vec::new();
    // As many at once as splits, so that the memory stays that of a few trials.
    for (name, to) in moves {
        let mut moved = winner.clone();
        let Some(parameter) = moved.parameters.get_mut(&name) else { continue };
        let best = parameter.value();
        parameter.internal = to;
        let value = parameter.value();
        let scores: Result<Vec<Score>, TableError> =
            apart(bench.splits(), |split| bench.score(&moved, split, &quiet)).into_iter().collect();
        let objective = match scores {
            Ok(scores) => Some(Score::mean(&scores).objective),
            Err(TableError::Interrupted) => return Err(TableError::Interrupted),
            Err(_) => None,
        };
        let cost = winner.value.zip(objective).map(|(best, moved)| best - moved);
        found.push(Neighbour { parameter: name, best, value, objective, cost });
        observer.event(Event::Progress { stage: STAGE.into(), done: found.len() as u64 });
    }
    observer.event(Event::Finished { stage: STAGE.into() });
    Ok(found)
}

/// Values beside `at`: for a number one on each side within the range, for a choice all the others.
fn neighbours(distribution: &Distribution, at: f64) -> Vec<f64> {
    let beside = |low: f64, high: f64, log: bool, grid: Option<f64>| {
        let (from, to) = if log { (low.ln(), high.ln()) } else { (low, high) };
        let here = if log { at.ln() } else { at };
        let mut found: Vec<f64> = Vec::new();
        for way in [-STEP, STEP] {
            let moved = (here + way * (to - from)).clamp(from, to);
            let moved = if log { moved.exp() } else { moved };
            let moved = match grid {
                Some(step) => {
                    // At least one step of the grid, or the move would be none.
                    let steps = ((moved - at) / step).round();
                    let steps = if steps == 0.0 { way.signum() } else { steps };
                    at + steps * step
                }
                None => moved,
            };
            if (low..=high).contains(&moved) && moved != at && !found.contains(&moved) {
                found.push(moved);
            }
        }
        found
    };
    match distribution {
        Distribution::Float { low, high, log, step } => beside(*low, *high, *log, *step),
        Distribution::Int { low, high, log, step } => {
            beside(*low as f64, *high as f64, *log, Some(*step as f64))
        }
        Distribution::Categorical { choices } => {
            (0..choices.len()).map(|choice| choice as f64).filter(|&choice| choice != at).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_stay_in_range_and_move() {
        assert_eq!(neighbours(&Distribution::float(0.0, 1.0), 0.5), [0.35, 0.65]);
        assert_eq!(neighbours(&Distribution::float(0.0, 1.0), 1.0), [0.85]);
        assert_eq!(neighbours(&Distribution::int(1, 3, 1), 1.0), [2.0]);
        assert_eq!(neighbours(&Distribution::int(16, 512, 16), 128.0), [48.0, 208.0]);
        let log = neighbours(&Distribution::log_float(1e-4, 1e-2), 1e-3);
        assert!((log[0].log10() + 3.3).abs() < 1e-9 && (log[1].log10() + 2.7).abs() < 1e-9, "{log:?}");
        let choice = Distribution::choice([1, 2, 5].map(Value::Int));
        assert_eq!(neighbours(&choice, 1.0), [0.0, 2.0]);
    }
}
