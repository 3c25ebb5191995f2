use paucal_core::Silent;
use paucal_evidence::significance::Bootstrap;
use paucal_learn::Boosting;

use super::*;
use crate::ecg::classify::Boost;
use crate::ecg::minutes;
use crate::ecg::split::SplitFile;
use crate::formats::discover;

/// A method that takes a moment.
fn quick() -> Boost {
    let boosting = Boosting { rounds: 15, max_leaves: 6, ..Boost::default().boosting };
    Boost { boosting, ..Boost::default() }
}

fn options() -> TrainOptions {
    TrainOptions { folds: 4, leak: false, ..TrainOptions::default() }
}

/// The recordings that the program carries, cut into beats.
fn beats() -> Prepared {
    let folder = tempfile::tempdir().unwrap();
    minutes::write(folder.path()).unwrap();
    let sources = Sources { files: discover(&[folder.path()]).unwrap(), ..Sources::default() };
    cut(&sources, &PrepareOptions::default(), Seed(1), &Silent::new()).unwrap()
}

fn trained(prepared: Prepared, division: Division, options: &TrainOptions) -> (BeatModel, Training) {
    train(prepared, division, &quick(), options, Seed(3), &Silent::new()).unwrap()
}

#[test]
fn every_patient_is_held_out_once_and_then_learnt_from() {
    let (model, training) = trained(beats(), Division::Grouped, &options());
    assert_eq!((training.folds, training.patients, model.seen.len()), (4, 22, 22));
    assert_eq!(training.classes, ["N", "S", "V", "F"]);
    let scores = training.validation.unwrap();
    assert_eq!(scores.count, training.beats.iter().sum::<usize>() as u64);
    assert_eq!(scores.patients.len(), 22);
    assert!(scores.classes["V"].f1.value().unwrap() > 0.5, "{:?}", scores.classes["V"]);
    assert!(training.test.is_none());
    let gated = training.gated.unwrap();
    assert!(gated.error_after.unwrap() < gated.error_before, "{gated:?}");
}

#[test]
fn sides_are_kept_apart() {
    let mut prepared = beats();
    let split = SplitFile {
        train: ["106m0", "119m0", "208m0", "209m11h"].map(String::from).to_vec(),
        validation: vec![],
        test: vec!["101m4h".into()],
    };
    prepared.set_split(&split).unwrap();
    let (model, training) = trained(prepared.clone(), Division::Sides, &options());
    assert_eq!(training.patients, 4);
    assert_eq!(training.test.unwrap().patients.len(), 1);
    let seen = model.seen_patients(&prepared);
    assert!(seen.contains(&"106m0".to_owned()) && !seen.contains(&"101m4h".to_owned()), "{seen:?}");
}

#[test]
fn a_model_survives_its_folder_and_absent_classes() {
    let prepared = beats();
    let (model, _) = trained(prepared.clone(), Division::Grouped, &TrainOptions { folds: 0, ..options() });
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let again = BeatModel::load(folder.path()).unwrap();

    // One recording, in which most classes are absent.
    let files = tempfile::tempdir().unwrap();
    minutes::write(files.path()).unwrap();
    let one = discover(&[files.path().join("101m4h.hea")]).unwrap();
    let sources = Sources { files: one, ..Sources::default() };
    let own = again.cut(&sources, &Silent::new()).unwrap();
    let prediction = again.predict(&own).unwrap();
    assert_eq!(prediction, model.predict(&own).unwrap());
    let judged = again.judge(&own, &prediction, &Bootstrap::default(), Seed(1)).unwrap();
    assert_eq!(judged.seen_patients, ["101m4h"]);
    assert!(judged.warnings.iter().any(|w| w.contains("memory")), "{:?}", judged.warnings);
    assert_eq!(judged.beats.abstained as usize, prediction.held().count());

    // The same beats out of a larger preparation.
    let mut adopted = prepared;
    again.adopt(&mut adopted).unwrap();
    let at = adopted.records.iter().find(|record| record.name == "101m4h").unwrap().clone();
    let all = again.predict(&adopted).unwrap();
    let part = all.probabilities.slice(ndarray::s![at.first..at.first + at.beats, ..]).to_owned();
    assert_eq!(part, prediction.probabilities);

    let mut other = adopted.clone();
    other.options.beats.recentre_ms += 10.0;
    assert!(again.adopt(&mut other).is_err());
}

#[test]
fn a_model_holds_no_names_and_a_damaged_one_is_refused() {
    let (model, _) = trained(beats(), Division::Grouped, &TrainOptions { folds: 0, ..options() });
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let path = folder.path().join("model.json");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("101m4h"));
    std::fs::write(&path, text.replace("\"method\": \"boost\"", "\"method\": \"hybrid\"")).unwrap();
    assert!(matches!(BeatModel::load(folder.path()), Err(EcgError::Model { .. })));
    assert!(matches!(BeatModel::load(&folder.path().join("nowhere")), Err(EcgError::File(_))));
}

#[test]
fn predictions_are_tables_in_the_order_of_the_beats() {
    let prepared = beats();
    let (model, _) = trained(prepared.clone(), Division::Grouped, &options());
    let mut own = prepared;
    model.adopt(&mut own).unwrap();
    let prediction = model.predict(&own).unwrap();
    let folder = tempfile::tempdir().unwrap();
    model.write_predictions(&own, &prediction, folder.path()).unwrap();
    let text = std::fs::read_to_string(folder.path().join("beat_predictions.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let names = rows.headers().unwrap().clone();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap();
    let (id, flag, last) = (at("beat_global_id"), at("review_flag"), at("final_label"));
    let mut held = Vec::new();
    for (beat, row) in rows.records().enumerate() {
        let row = row.unwrap();
        assert_eq!(row[id].parse::<usize>().unwrap(), beat);
        assert_eq!(&row[flag] == "1", &row[last] == "-99");
        if &row[flag] == "1" {
            held.push(beat);
        }
    }
    assert!(!held.is_empty() && held.len() < own.beats.len());
    let review = crate::formats::numpy::read_npz(&folder.path().join("review_beats.npz"), 1 << 24).unwrap();
    let (name, ids) = &review[0];
    assert_eq!(name, "beat_global_id");
    assert_eq!(ids.values.to_f64(), held.iter().map(|&beat| beat as f64).collect::<Vec<_>>());
    let strips = std::fs::read_to_string(folder.path().join("strip_predictions.csv")).unwrap();
    assert_eq!(strips.lines().count(), 23);
}

#[test]
fn what_cannot_be_learnt_is_refused_with_a_hint() {
    let prepared = beats();
    let leave_out = ["N", "S", "F", "Q"].map(String::from).to_vec();
    let error = train(
        prepared,
        Division::Grouped,
        &quick(),
        &TrainOptions { leave_out, ..options() },
        Seed(1),
        &Silent::new(),
    )
    .err()
    .unwrap();
    assert!(error.to_string().contains("only class V"), "{error}");
    assert!(paucal_core::Advice::hint(&error).is_some());
    assert!(TrainOptions { folds: 1, ..options() }.check().is_err());
    assert!(TrainOptions { error_rate: 1.0, ..options() }.check().is_err());
}
