//! `paucal ecg`: recordings of the heart.

mod audit;
mod detectors;
mod discover;
mod judge;
mod mine;
mod predict;
mod prepare;
mod prototypes;
mod train;

use std::path::Path;

use anyhow::Result;
use paucal_core::files;
use paucal_core::run::{Input, RunFolder};
use paucal_report::pages::review;
use paucal_signal::ecg::labels::LabelMap;
use paucal_signal::ecg::model::{BeatModel, Prediction};
use paucal_signal::ecg::patients::Patients;
use paucal_signal::ecg::prepare::{HEADER, Prepared, Sources, hashes};
use paucal_signal::formats::{ReadOptions, discover};

use crate::cli::{Ecg, Recordings};
use crate::session::Session;

/// Runs a verb.
pub fn run(session: &Session, verb: Ecg) -> Result<()> {
    match verb {
        Ecg::Audit(arguments) => audit::run(session, &arguments),
        Ecg::Prepare(arguments) => prepare::run(session, &arguments),
        Ecg::Train(arguments) => train::run(session, &arguments),
        Ecg::Predict(arguments) => predict::run(session, &arguments),
        Ecg::Judge(arguments) => judge::run(session, &arguments),
        Ecg::Prototypes(arguments) => prototypes::run(session, &arguments),
        Ecg::Discover(arguments) => discover::run(session, &arguments),
        Ecg::Mine(arguments) => mine::run(session, &arguments),
    }
}

/// The files that were named, how to read them, and whose they are.
fn sources(recordings: &Recordings) -> Result<Sources> {
    let read = ReadOptions {
        rate: recordings.rate,
        seconds: recordings.seconds,
        annotator: recordings.annotator.clone(),
        partial: recordings.partial,
        ..ReadOptions::default()
    };
    let patients = recordings.patients.as_deref().map(Patients::read).transpose()?.unwrap_or_default();
    Ok(Sources { files: discover(&recordings.data)?, read, patients, ..Sources::default() })
}

/// A map of labels by its name, or from a file.
fn labels(name: &str) -> Result<LabelMap> {
    let path = Path::new(name);
    if path.extension().is_some() {
        return Ok(LabelMap::from_toml(&files::read_text(path)?)?);
    }
    Ok(LabelMap::named(name)?)
}

/// The files by name and digest.
fn inputs(sources: &Sources) -> Result<Vec<Input>> {
    let mut all = Vec::new();
    for file in &sources.files {
        all.extend(hashes(file, &sources.read)?);
    }
    Ok(all)
}

/// The beats of recordings, cut out as a model takes them; or those of a prepared folder.
fn beats(session: &Session, model: &BeatModel, of: &Recordings) -> Result<Prepared> {
    if let [folder] = &of.data[..]
        && folder.join(HEADER).is_file()
    {
        let mut prepared = Prepared::open(folder)?;
        model.adopt(&mut prepared)?;
        return Ok(prepared);
    }
    Ok(model.cut(&sources(of)?, &session.console)?)
}

/// Writes what a model says of beats: tables, and the review queue to work through and to look at.
pub fn write_predictions(
    folder: &RunFolder,
    model: &BeatModel,
    prepared: &Prepared,
    prediction: &Prediction,
) -> Result<()> {
    model.write_predictions(prepared, prediction, folder.path())?;
    let queue = model.review(prepared, prediction, review::MOST);
    folder.write("review_queue.csv", queue.to_csv()?.as_bytes())?;
    folder.write("review_queue.html", review::html(&queue, review::MOST)?.as_bytes())?;
    Ok(())
}
