//! Many workers at once.

use std::collections::{BTreeMap, BTreeSet};

use paucal_tune::storage::{Fixed, Owner};
use paucal_tune::{Direction, Distribution, State};
use serde_json::json;

use crate::place::Place;

const WORKERS: usize = 6;
const EACH: usize = 12;
const ENQUEUED: usize = 10;

#[test]
fn workers_share_a_study_without_losing_or_doubling_a_trial() {
    for place in Place::every() {
        let study = place.open().open_study("s", Direction::Minimise).unwrap().id;
        for i in 0..ENQUEUED {
            let fixed: Fixed = [("x".to_owned(), json!(i))].into_iter().collect();
            place.open().enqueue(study, &fixed, &BTreeMap::default()).unwrap();
        }
        let x = Distribution::float(0.0, 100.0);
        std::thread::scope(|scope| {
            for worker in 0..WORKERS {
                let (place, x) = (&place, &x);
                scope.spawn(move || {
                    let storage = place.open();
                    for _ in 0..EACH {
                        let trial = storage.begin(study).unwrap();
                        storage.set_parameter(study, trial.id, "x", x, trial.number as f64).unwrap();
                        storage.set_attribute(trial.id, Owner::User, "worker", &json!(worker)).unwrap();
                        storage.report(trial.id, 0, 0.5).unwrap();
                        storage.heartbeat(trial.id).unwrap();
                        assert!(
                            storage.finish(trial.id, State::Complete, Some(trial.number as f64)).unwrap()
                        );
                    }
                });
            }
        });
        let trials = place.open().trials(study).unwrap();
        let numbers: BTreeSet<u64> = trials.iter().map(|t| t.number).collect();
        assert_eq!(numbers, (0..(WORKERS * EACH) as u64).collect(), "{}", place.address);
        assert_eq!(trials.len(), WORKERS * EACH);
        for trial in &trials {
            assert_eq!((trial.state, trial.value), (State::Complete, Some(trial.number as f64)));
            assert_eq!(trial.parameters["x"].internal, trial.number as f64);
        }
        assert_eq!(trials.iter().filter(|t| t.system.contains_key("fixed_params")).count(), ENQUEUED);
        for worker in 0..WORKERS {
            assert_eq!(trials.iter().filter(|t| t.user["worker"] == json!(worker)).count(), EACH);
        }
    }
}

#[test]
fn all_may_come_first() {
    for place in Place::every() {
        let opened: BTreeSet<i64> = std::thread::scope(|scope| {
            let open = || place.open().open_study("s", Direction::Minimise).unwrap().id;
            let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(open)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        assert_eq!(opened.len(), 1, "{}", place.address);
        assert_eq!(place.open().studies().unwrap().len(), 1);
    }
}
