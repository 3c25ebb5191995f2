//! What only a journal has: lines of other writers, and writers that died in the middle of one.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use paucal_tune::storage::Storage;
use paucal_tune::{Direction, State, TuneError};
use serde_json::json;

use crate::place::Place;

/// As Optuna 5.0.0 writes it: two studies of one name, an enqueued trial, its parameters, values that JSON has not, and
/// Rustuna's operation.
const PYTHON: &str = r#"{"op_code":0,"worker_id":"w-1","study_name":"s","directions":[2]}
{"op_code":0,"worker_id":"w-2","study_name":"s","directions":[1]}
{"op_code":2,"worker_id":"w-1","study_id":0,"user_attr":{"data":"wdbc"}}
{"op_code":4,"worker_id":"w-1","study_id":0,"datetime_start":null,"state":4,"value":null,"values":null,"distributions":{},"params":{},"user_attrs":{},"system_attrs":{"fixed_params":{"x":0.5}},"intermediate_values":{}}
{"op_code":6,"worker_id":"w-1","trial_id":0,"state":0,"values":null,"datetime_start":"2026-11-21T14:00:00.000000+00:00"}
{"op_code":6,"worker_id":"w-2","trial_id":0,"state":0,"values":null,"datetime_start":"2026-11-21T15:00:00.000000+00:00"}
{"op_code":5,"worker_id":"w-1","trial_id":0,"param_name":"x","param_value_internal":0.5,"distribution":"{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": null, \"low\": 0.0, \"high\": 1.0, \"log\": false}}"}
{"op_code":5,"worker_id":"w-2","trial_id":0,"param_name":"x","param_value_internal":1,"distribution":"{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [\"a\", \"b\"]}}"}
{"op_code":7,"worker_id":"w-1","trial_id":0,"step":0,"intermediate_value":NaN}
{"op_code":7,"worker_id":"w-1","trial_id":0,"step":1,"intermediate_value":-Infinity}
{"op_code":6,"worker_id":"w-1","trial_id":0,"state":1,"values":[Infinity],"datetime_complete":"2026-11-21T14:00:02.500000+00:00"}
{"op_code":8,"worker_id":"w-1","trial_id":0,"user_attr":{"late":true}}
{"op_code":10,"worker_id":"w-3","trial_ids":[7]}
{"op_code":4,"worker_id":"w-2","study_id":0,"datetime_start":"2026-11-21T14:00:03.000000+00:00"}
"#;

fn python() -> (Place, Box<dyn Storage>) {
    let place = Place::journal();
    std::fs::write(place.path(), PYTHON).unwrap();
    let storage = place.open();
    (place, storage)
}

fn append(place: &Place, text: &str) {
    OpenOptions::new().append(true).open(place.path()).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_journal_of_python_is_read_by_its_rules_and_continued() {
    let (_place, storage) = python();
    let studies = storage.studies().unwrap();
    let [study] = &studies[..] else { panic!("{studies:?}") };
    assert_eq!((study.direction, &study.user["data"]), (Some(Direction::Maximise), &json!("wdbc")));
    let trials = storage.trials(study.id).unwrap();
    let [ended, running] = &trials[..] else { panic!("{trials:?}") };
    assert_eq!(
        (ended.state, ended.value, ended.seconds()),
        (State::Complete, Some(f64::INFINITY), Some(2.5))
    );
    assert_eq!(ended.parameters["x"].internal, 0.5);
    assert!(ended.reports[&0].is_nan() && ended.reports[&1] == f64::NEG_INFINITY);
    assert!(ended.user.is_empty(), "what comes late is not heard");
    assert_eq!((running.number, running.state), (1, State::Running));
    // Without a heartbeat it is left alone.
    assert!(storage.fail_stale(study.id, Duration::ZERO).unwrap().is_empty());
    assert_eq!(storage.begin(study.id).unwrap().number, 2);
}

#[test]
fn half_a_line_is_not_read_and_goes_when_others_write() {
    let (place, storage) = python();
    append(&place, r#"{"op_code":4,"worker_id":"w-2","stu"#);
    assert_eq!(storage.trials(0).unwrap().len(), 2);
    assert_eq!(place.open().trials(0).unwrap().len(), 2);
    assert_eq!(storage.begin(0).unwrap().number, 2);
    let text = std::fs::read_to_string(place.path()).unwrap();
    assert!(text.ends_with("}\n") && !text.contains(r#""stu{"#), "{text}");
    assert_eq!(place.open().trials(0).unwrap().len(), 3);

    // A whole line that is none is named.
    append(&place, "{\"op_code\":4,\"worker{\"op_code\":4}\n");
    let said = place.open_error().to_string();
    assert!(said.contains("line 17"), "{said}");
}

#[test]
fn the_lock_of_another_is_waited_for() {
    let (place, storage) = python();
    let lock = format!("{}.lock", place.path());
    std::fs::write(&lock, "").unwrap();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(500));
            std::fs::remove_file(&lock).unwrap();
        });
        storage.begin(0).unwrap();
    });
    assert!(begun.elapsed() >= Duration::from_millis(500));
    assert!(!std::path::Path::new(&lock).exists());
}

#[test]
fn a_journal_that_is_cut_in_use_is_noticed() {
    let (place, storage) = python();
    std::fs::write(place.path(), PYTHON.lines().next().unwrap().to_owned() + "\n").unwrap();
    assert!(matches!(storage.begin(0), Err(TuneError::NotAStorage { .. })));
}
