//! What only a server can do: be away for a while, and live in another time zone.

use std::time::Duration;

use paucal_tune::storage::Owner;
use paucal_tune::{Direction, Distribution, State};
use serde_json::json;

use crate::place::Place;

#[test]
fn a_lost_connection_is_made_again() {
    let Some(place) = Place::postgres() else { return };
    let storage = place.open();
    let study = storage.open_study("s", Direction::Minimise).unwrap().id;
    let lose = || {
        let all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1";
        let lost: i64 = place.server().query_one(all, &[&place.name()]).unwrap().get(0);
        assert_eq!(lost, 1);
        // The news takes a moment.
        std::thread::sleep(Duration::from_millis(100));
    };
    lose();
    let trial = storage.begin(study).unwrap();
    lose();
    storage.set_parameter(study, trial.id, "x", &Distribution::float(0.0, 1.0), 0.5).unwrap();
    lose();
    storage.heartbeat(trial.id).unwrap();
    lose();
    storage.report(trial.id, 0, 0.5).unwrap();
    lose();
    storage.set_study_attribute(study, Owner::User, "data", &json!("wdbc")).unwrap();
    lose();
    assert!(storage.finish(trial.id, State::Complete, Some(0.5)).unwrap());
    lose();
    let trials = storage.trials(study).unwrap();
    assert_eq!((trials.len(), trials[0].value, trials[0].reports[&0]), (1, Some(0.5), 0.5));
}

#[test]
fn heartbeats_are_by_the_clock_and_in_the_zone_of_the_server() {
    let Some(place) = Place::postgres() else { return };
    let zone = format!("ALTER DATABASE {} SET timezone TO 'Asia/Tokyo'", place.name());
    place.server().batch_execute(&zone).unwrap();
    let storage = place.open();
    let study = storage.open_study("s", Direction::Minimise).unwrap().id;
    let trial = storage.begin(study).unwrap();
    // As SQLAlchemy compares them.
    let age = "SELECT abs(extract(epoch FROM now()::timestamp - heartbeat))::float8 FROM trial_heartbeats";
    assert!(place.client().query_one(age, &[]).unwrap().get::<_, f64>(0) < 5.0);
    assert!(storage.fail_stale(study, Duration::from_secs(60)).unwrap().is_empty());
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(storage.fail_stale(study, Duration::from_secs(1)).unwrap().len(), 1);
    // All other times are UTC.
    let read = storage.trials(study).unwrap().remove(0);
    assert!(paucal_tune::time::Instant::now().seconds_since(read.began.unwrap()).abs() < 60.0);
    assert_eq!(read.id, trial.id);
}

#[test]
fn trials_without_heartbeat_are_left_alone() {
    let Some(place) = Place::postgres() else { return };
    let storage = place.open();
    let study = storage.open_study("s", Direction::Minimise).unwrap().id;
    storage.begin(study).unwrap();
    place.client().execute("DELETE FROM trial_heartbeats", &[]).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(storage.fail_stale(study, Duration::ZERO).unwrap().is_empty());
}
