//! What a storage promises, and what several workers may rely on.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use paucal_tune::storage::{self, Fixed, Owner, Storage};
use paucal_tune::{Direction, Distribution, State, TuneError};
use serde_json::json;

fn opened(folder: &tempfile::TempDir) -> Box<dyn Storage> {
    storage::open(&format!("sqlite:///{}", folder.path().join("study.db").display())).unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let storage = opened(&folder);
    let study = storage.open_study("s", Direction::Maximise).unwrap();
    assert_eq!(
        storage.open_study("s", Direction::Minimise).unwrap(),
        study,
        "an existing study stays as it is"
    );
    storage.set_study_attribute(study.id, Owner::User, "data", &json!("wdbc")).unwrap();

    let trial = storage.begin(study.id).unwrap();
    assert_eq!((trial.number, trial.state), (0, State::Running));
    let rate = Distribution::log_float(1e-5, 0.1);
    let kind = Distribution::choice(["a", "b"]);
    storage.set_parameter(study.id, trial.id, "rate", &rate, 1e-3).unwrap();
    storage.set_parameter(study.id, trial.id, "kind", &kind, 1.0).unwrap();
    for (step, value) in [(0, 0.5), (1, f64::NAN), (2, f64::INFINITY), (0, 0.75)] {
        storage.report(trial.id, step, value).unwrap();
    }
    storage.set_attribute(trial.id, Owner::User, "similarity", &json!(0.97)).unwrap();
    storage.set_attribute(trial.id, Owner::User, "similarity", &json!(0.98)).unwrap();
    storage.set_attribute(trial.id, Owner::System, "completed_rung_0", &json!(0.5)).unwrap();
    assert!(storage.finish(trial.id, State::Complete, Some(0.9)).unwrap());
    assert!(!storage.finish(trial.id, State::Fail, None).unwrap(), "what has ended has ended");

    // A second process sees the same.
    let trials = opened(&folder).trials(study.id).unwrap();
    let [trial] = &trials[..] else { panic!("{trials:?}") };
    assert_eq!((trial.state, trial.value), (State::Complete, Some(0.9)));
    assert_eq!(trial.parameters["rate"].distribution, rate);
    assert_eq!(trial.parameters["kind"].value(), "b".into());
    assert_eq!((trial.reports[&0], trial.reports[&2]), (0.75, f64::INFINITY));
    assert!(trial.reports[&1].is_nan());
    assert_eq!(trial.user["similarity"], json!(0.98));
    assert!(trial.seconds().unwrap() >= 0.0);
    assert_eq!(storage.studies().unwrap()[0].user["data"], json!("wdbc"));
}

#[test]
fn a_changed_choice_is_refused_and_moved_ends_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let storage = opened(&folder);
    let study = storage.open_study("s", Direction::Minimise).unwrap();
    let set = |name: &str, distribution: &Distribution| {
        let trial = storage.begin(study.id).unwrap();
        storage.set_parameter(study.id, trial.id, name, distribution, 1.0)
    };
    set("x", &Distribution::float(0.0, 1.0)).unwrap();
    set("x", &Distribution::float(0.0, 2.0)).unwrap();
    assert!(matches!(set("x", &Distribution::log_float(0.1, 2.0)), Err(TuneError::Incompatible { .. })));
    set("k", &Distribution::choice(["a", "b"])).unwrap();
    assert!(matches!(set("k", &Distribution::choice(["a", "c"])), Err(TuneError::Incompatible { .. })));
}

#[test]
fn a_value_that_is_no_number_fails_the_trial() {
    let folder = tempfile::tempdir().unwrap();
    let storage = opened(&folder);
    let study = storage.open_study("s", Direction::Minimise).unwrap();
    for value in [Some(f64::NAN), None] {
        let trial = storage.begin(study.id).unwrap();
        storage.finish(trial.id, State::Complete, value).unwrap();
    }
    let trial = storage.begin(study.id).unwrap();
    storage.finish(trial.id, State::Complete, Some(f64::NEG_INFINITY)).unwrap();
    let states: Vec<_> = storage.trials(study.id).unwrap().iter().map(|t| (t.state, t.value)).collect();
    assert_eq!(states[..2], [(State::Fail, None), (State::Fail, None)]);
    assert_eq!(states[2], (State::Complete, Some(f64::NEG_INFINITY)));
}

#[test]
fn workers_share_a_study_without_losing_or_doubling_a_trial() {
    let folder = tempfile::tempdir().unwrap();
    let study = opened(&folder).open_study("s", Direction::Minimise).unwrap().id;
    for i in 0..10 {
        let fixed: Fixed = [("x".to_owned(), json!(i))].into_iter().collect();
        opened(&folder).enqueue(study, &fixed, &BTreeMap::default()).unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let storage = opened(&folder);
                for _ in 0..15 {
                    let trial = storage.begin(study).unwrap();
                    assert!(storage.finish(trial.id, State::Complete, Some(trial.number as f64)).unwrap());
                }
            });
        }
    });
    let trials = opened(&folder).trials(study).unwrap();
    let numbers: BTreeSet<u64> = trials.iter().map(|t| t.number).collect();
    assert_eq!(numbers, (0..60).collect());
    assert_eq!(trials.len(), 60);
    assert!(trials.iter().all(|t| t.state == State::Complete && t.value == Some(t.number as f64)));
    assert_eq!(trials.iter().filter(|t| t.system.contains_key("fixed_params")).count(), 10);
}

#[test]
fn trials_of_dead_workers_are_failed_once_and_those_without_heartbeat_never() {
    let folder = tempfile::tempdir().unwrap();
    let storage = opened(&folder);
    let study = storage.open_study("s", Direction::Minimise).unwrap().id;
    let (silent, dead) = (storage.begin(study).unwrap(), storage.begin(study).unwrap());
    storage.heartbeat(dead.id).unwrap();
    assert!(storage.fail_stale(study, Duration::from_secs(60)).unwrap().is_empty());
    std::thread::sleep(Duration::from_millis(2100));
    let failed = storage.fail_stale(study, Duration::from_secs(1)).unwrap();
    assert_eq!(failed.iter().map(|t| t.id).collect::<Vec<_>>(), [dead.id]);
    assert!(storage.fail_stale(study, Duration::from_secs(1)).unwrap().is_empty());
    assert_eq!(storage.trials(study).unwrap()[silent.number as usize].state, State::Running);
    assert!(!storage.finish(dead.id, State::Complete, Some(1.0)).unwrap(), "the dead do not speak");
}

#[test]
fn what_cannot_be_opened_is_refused_with_a_reason() {
    assert!(matches!(storage::open("mysql://x").err(), Some(TuneError::Address(_))));
    assert!(matches!(storage::open("sqlite:///").err(), Some(TuneError::Address(_))));
    assert!(matches!(
        storage::open("sqlite:////no/such/folder/x.db").err(),
        Some(TuneError::Unreachable { .. })
    ));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.db");
    std::fs::write(&path, "this is not a database, but long enough to be taken for one at first sight")
        .unwrap();
    assert!(storage::open(&format!("sqlite:///{}", path.display())).is_err());
    drop(opened(&folder));
    let old = rusqlite::Connection::open(folder.path().join("study.db")).unwrap();
    old.execute("UPDATE alembic_version SET version_num = 'v9.0.0'", []).unwrap();
    let refused = storage::open(&format!("sqlite:///{}", folder.path().join("study.db").display())).err();
    assert!(matches!(refused, Some(TuneError::Schema { found, .. }) if found == "v9.0.0"));
}
