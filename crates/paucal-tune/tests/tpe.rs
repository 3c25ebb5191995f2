//! The sampler against Optuna's densities and on functions with known optima.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::f64::consts::PI;

use paucal_core::Seed;
use paucal_tune::sampler::tpe::densities;
use paucal_tune::{Direction, Distribution, History, Parameter, Random, Sampler, Space, State, Tpe, Trial};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    space: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    count: usize,
    direction: String,
    trials: Vec<Stored>,
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Stored {
    state: String,
    value: Option<f64>,
    reports: Vec<(i64, f64)>,
    parameters: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Check {
    point: BTreeMap<String, f64>,
    ln_density: [f64; 2],
}

fn trial(number: usize, stored: &Stored, space: &BTreeMap<String, Distribution>) -> Trial {
    let mut trial = Trial::new(number as i64, number as u64);
    trial.state = match stored.state.as_str() {
        "COMPLETE" => State::Complete,
        "PRUNED" => State::Pruned,
        _ => State::Running,
    };
    trial.value = stored.value;
    trial.reports = stored.reports.iter().copied().collect();
    for (name, &internal) in &stored.parameters {
        trial.parameters.insert(name.clone(), Parameter { distribution: space[name].clone(), internal });
    }
    trial
}

#[test]
fn densities_are_those_of_optuna() {
    let golden: Golden = serde_json::from_str(include_str!("golden/tpe.json")).unwrap();
    let space: BTreeMap<String, Distribution> = golden
        .space
        .iter()
        .map(|(name, json)| (name.clone(), Distribution::from_json(json).unwrap()))
        .collect();
    for case in &golden.cases {
        let trials: Vec<Trial> = case.trials.iter().enumerate().map(|(i, t)| trial(i, t, &space)).collect();
        let direction = if case.direction == "minimize" { Direction::Minimise } else { Direction::Maximise };
        let history = History { trials: &trials, direction };
        for check in &case.checks {
            let group: Vec<(&str, &Distribution)> =
                check.point.keys().map(|name| (name.as_str(), &space[name])).collect();
            let (good, others) = densities(&history, &group);
            for (density, want) in [&good, &others].into_iter().zip(check.ln_density) {
                let got = density.ln_density(&check.point);
                assert!(
                    (got - want).abs() < 1e-9 * want.abs().max(1.0),
                    "{} trials: {got} not {want}",
                    case.count
                );
            }
        }
    }
}

/// Best value of each of `seeds` runs after `trials` trials.
fn runs(
    sampler: &dyn Sampler,
    space: &Space,
    objective: fn(&BTreeMap<String, f64>) -> f64,
    trials: usize,
) -> Vec<f64> {
    (0..30).map(|seed| run(sampler, space, objective, trials, seed)).collect()
}

fn run(
    sampler: &dyn Sampler,
    space: &Space,
    objective: fn(&BTreeMap<String, f64>) -> f64,
    count: usize,
    seed: u64,
) -> f64 {
    let mut trials: Vec<Trial> = Vec::new();
    for number in 0..count {
        let history = History { trials: &trials, direction: Direction::Minimise };
        let values = sampler.propose(&history, space, &mut Seed(seed).stream("trial", number as u64));
        let mut trial = Trial::new(number as i64, number as u64);
        trial.state = State::Complete;
        trial.value = Some(objective(&values));
        for dimension in space.dimensions() {
            let parameter =
                Parameter { distribution: dimension.distribution.clone(), internal: values[&dimension.name] };
            assert!(parameter.distribution.internal(&parameter.value()).is_some(), "{}", dimension.name);
            trial.parameters.insert(dimension.name.clone(), parameter);
        }
        trials.push(trial);
    }
    trials.iter().filter_map(|trial| trial.value).fold(f64::INFINITY, f64::min)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[14], values[15])
}

/// The six-dimensional Hartmann function; its minimum is −3.322.
fn hartmann(x: &BTreeMap<String, f64>) -> f64 {
    const A: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let x: Vec<f64> = x.values().copied().collect();
    let term = |i: usize| (0..6).map(|j| A[i][j] * (x[j] - P[i][j]).powi(2)).sum::<f64>();
    -[1.0, 1.2, 3.0, 3.2].iter().enumerate().map(|(i, alpha)| alpha * (-term(i)).exp()).sum::<f64>()
}

/// A learning rate, a batch size, two layer widths, dropout and two categories that interact; its minimum is 0.
fn mixed(x: &BTreeMap<String, f64>) -> f64 {
    let rate = (x["rate"].ln() - 1e-3_f64.ln()) / 10.0_f64.ln();
    let width = |name: &str, best: f64| (x[name].log2() - best) / 2.0;
    let pair = match (x["activation"] as usize, x["optimiser"] as usize) {
        (1, 2) => 0.0,
        (0, 2) | (1, 0) => 0.5,
        _ => 1.0,
    };
    let bowl = rate.powi(2)
        + ((x["batch"] - 128.0) / 128.0).powi(2)
        + width("first", 7.0).powi(2)
        + width("second", 6.0).powi(2)
        + ((x["dropout"] - 0.2) / 0.2).powi(2);
    pair + bowl + 0.1 * (1.0 - (2.0 * PI * rate).cos())
}

fn mixed_space() -> Space {
    Space::new()
        .with("rate", Distribution::log_float(1e-6, 1e-1), "")
        .with("batch", Distribution::int(16, 512, 16), "")
        .with("first", Distribution::log_int(16, 512), "")
        .with("second", Distribution::log_int(16, 512), "")
        .with("dropout", Distribution::float(0.0, 0.6), "")
        .with("activation", Distribution::choice(["relu", "tanh", "silu"]), "")
        .with("optimiser", Distribution::choice(["sgd", "rmsprop", "adam"]), "")
}

#[test]
fn a_hundred_trials_find_what_random_search_does_not() {
    let unit = (0..6).fold(Space::new(), |s, i| s.with(&format!("x{i}"), Distribution::float(0.0, 1.0), ""));
    let (tpe, random) =
        (median(runs(&Tpe::default(), &unit, hartmann, 100)), median(runs(&Random, &unit, hartmann, 100)));
    println!("Hartmann-6, 100 trials: TPE {tpe:.3}, random {random:.3}");
    assert!(tpe <= -3.1, "{tpe}");
    assert!(tpe < random - 0.5, "{tpe} {random}");
    let space = mixed_space();
    let (tpe, random) =
        (median(runs(&Tpe::default(), &space, mixed, 100)), median(runs(&Random, &space, mixed, 100)));
    println!("mixed, 100 trials: TPE {tpe:.3}, random {random:.3}");
    assert!(tpe <= 0.6, "{tpe}");
    assert!(tpe < random - 0.3, "{tpe} {random}");
}

#[test]
fn ranges_that_moved_and_parameters_that_come_and_go_are_drawn_all_the_same() {
    let mut trials: Vec<Trial> = Vec::new();
    for number in 0..40_usize {
        let mut trial = Trial::new(number as i64, number as u64);
        trial.state = if number % 9 == 8 { State::Fail } else { State::Complete };
        trial.value = (trial.state == State::Complete).then_some(number as f64);
        let high = if number < 20 { 1.0 } else { 2.0 };
        let x = Parameter { distribution: Distribution::float(0.0, high), internal: 0.5 };
        trial.parameters.insert("x".into(), x);
        if number % 2 == 0 {
            let y = Parameter { distribution: Distribution::choice(["a", "b"]), internal: 1.0 };
            trial.parameters.insert("y".into(), y);
        }
        trials.push(trial);
    }
    let space = Space::new()
        .with("x", Distribution::float(0.0, 2.0), "")
        .with("y", Distribution::choice(["a", "b"]), "")
        .with("new", Distribution::int(0, 10, 5), "")
        .with("fixed", Distribution::int(3, 3, 1), "");
    let history = History { trials: &trials, direction: Direction::Maximise };
    let values = Tpe::default().propose(&history, &space, &mut Seed(1).stream("t", 0));
    assert_eq!(values.len(), 4);
    assert!((0.0..=2.0).contains(&values["x"]) && [0.0, 5.0, 10.0].contains(&values["new"]));
    assert_eq!(values["fixed"], 3.0);
}
