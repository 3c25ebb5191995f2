//! `paucal ecg predict`: the beats of recordings, named or left to a person.

use anyhow::Result;
use paucal_core::Observer;
use paucal_signal::ecg::model::BeatModel;
use serde::Serialize;

use super::{beats, write_predictions};
use crate::cli::Predict;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    model: &'a str,
}

/// Reads, predicts, writes tables and the review queue.
pub fn run(session: &Session, arguments: &Predict) -> Result<()> {
    let model = BeatModel::load(&arguments.run)?;
    let request = Request { command: "ecg predict", model: model.classifier.name() };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let prepared = beats(session, &model, &arguments.recordings)?;
    let prediction = model.predict(&prepared)?;
    let result = model.summary(&prepared, &prediction);
    for warning in &result.warnings {
        session.console.warn(warning.clone());
    }
    write_predictions(&folder, &model, &prepared, &prediction)?;
    folder.write_json("result.json", &result)?;
    session.finish_with(&folder, "ecg predict", prepared.inputs)?;
    session.printer.result(&result, &summary::ecg::predicted(&result, &arguments.out))
}
