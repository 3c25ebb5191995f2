//! One worker.

use std::time::Duration;

use paucal_tune::storage::{self, Fixed, Owner};
use paucal_tune::{Direction, Distribution, State, TuneError};
use serde_json::json;

use crate::place::Place;

#[test]
fn what_is_written_is_read_back() {
    for place in Place::every() {
        let storage = place.open();
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
        let trials = place.open().trials(study.id).unwrap();
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
}

#[test]
fn a_changed_choice_is_refused_and_moved_ends_are_not() {
    for place in Place::every() {
        let storage = place.open();
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
}

#[test]
fn a_value_that_is_no_number_fails_the_trial() {
    for place in Place::every() {
        let storage = place.open();
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
}

#[test]
fn trials_of_dead_workers_are_failed_once_and_begun_again() {
    for place in Place::every() {
        let storage = place.open();
        let study = storage.open_study("s", Direction::Minimise).unwrap().id;
        let (dead, alive) = (storage.begin(study).unwrap(), storage.begin(study).unwrap());
        storage.set_parameter(study, dead.id, "x", &Distribution::float(0.0, 1.0), 0.25).unwrap();
        let grace = Duration::from_secs(1);
        assert!(storage.fail_stale(study, Duration::from_secs(60)).unwrap().is_empty());
        std::thread::sleep(Duration::from_millis(2100));
        storage.heartbeat(alive.id).unwrap();
        let retried = storage::retry_stale(storage.as_ref(), study, grace).unwrap();
        let [only] = &retried[..] else { panic!("{retried:?}") };
        assert_eq!((only.trial.id, only.trial.state, only.again), (dead.id, State::Fail, true));
        assert!(storage.fail_stale(study, grace).unwrap().is_empty());
        assert_eq!(storage.trials(study).unwrap()[alive.number as usize].state, State::Running);

        // The dead do not speak.
        storage.set_attribute(dead.id, Owner::User, "late", &json!(1)).unwrap();
        storage.report(dead.id, 0, 1.0).unwrap();
        storage.set_parameter(study, dead.id, "y", &Distribution::float(0.0, 1.0), 0.5).unwrap();
        assert!(!storage.finish(dead.id, State::Complete, Some(1.0)).unwrap());
        let trials = storage.trials(study).unwrap();
        let ended = &trials[dead.number as usize];
        assert!(ended.user.is_empty() && ended.reports.is_empty() && !ended.parameters.contains_key("y"));

        let again = storage.begin(study).unwrap();
        assert_eq!(again.number, 2);
        assert_eq!(again.system["fixed_params"], json!({ "x": 0.25 }));
        assert_eq!((&again.system["failed_trial"], &again.system["retry_history"]), (&json!(0), &json!([0])));
        assert_eq!(
            storage::begun_again(&storage.trials(study).unwrap()).into_iter().collect::<Vec<_>>(),
            [0]
        );
    }
}

#[test]
fn a_trial_is_not_begun_again_for_ever() {
    for place in Place::every() {
        let storage = place.open();
        let study = storage.open_study("s", Direction::Minimise).unwrap().id;
        let fixed: Fixed = [("x".to_owned(), json!(0.5))].into_iter().collect();
        storage.enqueue(study, &fixed, &[("note".to_owned(), json!("default"))].into()).unwrap();
        for again in [true, true, false] {
            let trial = storage.begin(study).unwrap();
            assert_eq!(trial.system["fixed_params"], json!({ "x": 0.5 }), "what was enqueued is not lost");
            assert_eq!(storage::cut_short(storage.as_ref(), study, &trial).unwrap(), again);
            assert!(!storage::cut_short(storage.as_ref(), study, &trial).unwrap(), "it is over already");
        }
        let trials = storage.trials(study).unwrap();
        assert_eq!(trials.len(), 3);
        assert_eq!(
            (&trials[0].user["note"], &trials[2].system["retry_history"]),
            (&json!("default"), &json!([0, 1]))
        );
    }
}
