//! `paucal demo ecg`.

use std::path::Path;

use anyhow::Result;
use paucal_signal::ecg::classify::{self, BeatClassifier};
use paucal_signal::ecg::journey::{Itinerary, travel};
use paucal_signal::ecg::minutes;
use paucal_signal::ecg::model::TrainOptions;
use serde::Serialize;

use crate::cli::Writing;
use crate::commands::ecg::write_predictions;
use crate::session::Session;
use crate::summary;

/// Folds of the demo's cross-validation.
const FOLDS: usize = 4;
/// The method of the demo: the one that is trained in seconds.
const METHOD: &str = "boost";

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request {
    command: &'static str,
    data: &'static str,
}

/// Shows the ECG vertical.
pub fn run(session: &Session, out: &Path) -> Result<()> {
    let request = Request { command: "demo ecg", data: "MIT-BIH Arrhythmia Database, minutes, embedded" };
    let folder = session.begin(out, Writing { resume: false, overwrite: true }, &request)?;
    let records = folder.file("records");
    minutes::write(&records)?;
    let settings = &session.settings.ecg;
    let classifier = settings.classifier(METHOD)?;
    let chosen: &dyn BeatClassifier = classifier.as_ref();
    let train = TrainOptions { folds: FOLDS, ..settings.train.clone() };
    let itinerary = Itinerary {
        audit: &settings.audit,
        detectors: &settings.detectors,
        prepare: &settings.prepare,
        classifier: chosen,
        train: &train,
    };
    let (mut journey, left) = travel(&records, &itinerary, session.seed(), &session.console)?;
    journey.data = "22 patients of the MIT-BIH Arrhythmia Database, two minutes each, built in".into();
    journey.shortcuts = vec![
        "The minutes with the most rare beats were taken, so that rare beats are more common here than in life.".into(),
        format!("The cross-validation has {FOLDS} folds; 'paucal ecg train' has {}.", TrainOptions::default().folds),
        format!("It learns with '{METHOD}', in seconds; 'paucal ecg train' takes '{}'.", classify::METHODS[0].name),
        "Two minutes of so few patients teach little: the scores are those of a demonstration.".into(),
    ];
    left.prepared.write(&folder.file("prepared"))?;
    left.model.save(&folder.file("model"))?;
    write_predictions(&folder, &left.model, &left.tested, &left.prediction)?;
    folder.write_json("result.json", &journey)?;
    session.finish(&folder, "demo ecg", &[])?;
    session.printer.result(&journey, &summary::ecg::journey(&journey, out))
}
