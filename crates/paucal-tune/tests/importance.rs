//! Importances against Optuna's.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use paucal_tune::importance::importances;
use paucal_tune::{Direction, Distribution, Parameter, State, Trial};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    space: BTreeMap<String, String>,
    trials: Vec<Stored>,
    shares: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Stored {
    value: f64,
    parameters: BTreeMap<String, f64>,
}

fn trials(golden: &Golden) -> Vec<Trial> {
    let trial = |(number, stored): (usize, &Stored)| {
        let mut trial = Trial::new(number as i64, number as u64);
        (trial.state, trial.value) = (State::Complete, Some(stored.value));
        for (name, &internal) in &stored.parameters {
            let distribution = Distribution::from_json(&golden.space[name]).unwrap();
            trial.parameters.insert(name.clone(), Parameter { distribution, internal });
        }
        trial
    };
    golden.trials.iter().enumerate().map(trial).collect()
}

#[test]
fn importances_are_those_of_optuna() {
    let golden: Golden = serde_json::from_str(include_str!("golden/importance.json")).unwrap();
    let found = importances(&trials(&golden), Direction::Maximise);
    assert!(found.reliable);
    assert_eq!(found.shares.len(), golden.shares.len());
    for (name, share) in &found.shares {
        assert!((share - golden.shares[name]).abs() < 1e-9, "{name}: {share} not {}", golden.shares[name]);
    }
    assert_eq!(found.shares[0].0, "rate");
}

#[test]
fn few_trials_are_called_unreliable_and_never_panic() {
    let golden: Golden = serde_json::from_str(include_str!("golden/importance.json")).unwrap();
    let all = trials(&golden);
    for n in 0..12 {
        let found = importances(&all[..n], Direction::Minimise);
        assert!(!found.reliable);
        assert!(found.shares.iter().all(|(_, share)| share.is_finite()));
    }
}
