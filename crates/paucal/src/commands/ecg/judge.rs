//! `paucal ecg judge`: a model, or detectors, against annotations.

use anyhow::Result;
use paucal_core::Observer;
use paucal_signal::ecg::model::BeatModel;
use serde::Serialize;

use super::beats;
use crate::cli::JudgeBeats;
use crate::error::UsageError;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    model: &'a str,
}

/// Judges what was asked for.
pub fn run(session: &Session, arguments: &JudgeBeats) -> Result<()> {
    match &arguments.detector {
        Some(detector) => super::detectors::run(session, arguments, detector),
        None => model(session, arguments),
    }
}

/// Reads, predicts, compares, prints; with `--out` also writes the result and the report.
fn model(session: &Session, arguments: &JudgeBeats) -> Result<()> {
    let [run, data @ ..] = &arguments.recordings.data[..] else {
        return Err(UsageError::NoRecordings.into());
    };
    if data.is_empty() {
        return Err(UsageError::NoRecordings.into());
    }
    let model = BeatModel::load(run)?;
    let request = Request { command: "ecg judge", model: model.classifier.name() };
    let folder = match &arguments.out {
        Some(out) => Some(session.begin(out, arguments.writing, &request)?),
        None => None,
    };
    let recordings = crate::cli::Recordings { data: data.to_vec(), ..arguments.recordings.clone() };
    let prepared = beats(session, &model, &recordings)?;
    let prediction = model.predict(&prepared)?;
    let bootstrap = &session.settings.ecg.train.bootstrap;
    let judgement = model.judge(&prepared, &prediction, bootstrap, session.seed())?;
    for warning in &judgement.warnings {
        session.console.warn(warning.clone());
    }
    if let Some(folder) = &folder {
        folder.write_json("result.json", &judgement)?;
        model.write_predictions(&prepared, &prediction, folder.path())?;
        session.finish_with(folder, "ecg judge", prepared.inputs)?;
    }
    session.printer.result(&judgement, &summary::ecg::judged(&judgement, arguments.out.as_deref()))
}
