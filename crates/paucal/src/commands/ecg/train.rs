//! `paucal ecg train`: from prepared beats to a model.

use anyhow::Result;
use paucal_core::files;
use paucal_signal::ecg::classify::BeatClassifier;
use paucal_signal::ecg::model::{Division, TrainOptions, train};
use paucal_signal::ecg::prepare::Prepared;
use paucal_signal::ecg::split::SplitFile;
use serde::Serialize;

use crate::cli::Train;
use crate::session::{Session, input};
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    model: &'a str,
    split: &'a str,
    train: &'a TrainOptions,
}

/// Reads prepared beats, trains, writes the model.
pub fn run(session: &Session, arguments: &Train) -> Result<()> {
    let classifier = session.settings.ecg.classifier(&arguments.model)?;
    let mut prepared = Prepared::open(&arguments.prepared)?;
    let usual = if prepared.split_given { "prepared" } else { "grouped" };
    let split = arguments.split.as_deref().unwrap_or(usual);
    let division = divide(&mut prepared, split)?;
    let options = &session.settings.ecg.train;
    let request = Request { command: "ecg train", model: &arguments.model, split, train: options };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let chosen: &dyn BeatClassifier = classifier.as_ref();
    let (model, training) = train(prepared, division, chosen, options, session.seed(), &session.console)?;
    model.save(folder.path())?;
    folder.write_json("result.json", &training)?;
    let inputs = ["prepared.json", "beats.npy", "beat_metadata.csv"];
    let inputs = inputs.iter().map(|name| input(&arguments.prepared.join(name))).collect::<Result<_>>()?;
    session.finish_with(&folder, "ecg train", inputs)?;
    session.printer.result(&training, &summary::ecg::trained(&training, &arguments.out))
}

/// Splits as asked for.
fn divide(prepared: &mut Prepared, split: &str) -> Result<Division> {
    match split {
        "grouped" => Ok(Division::Grouped),
        "prepared" => Ok(Division::Sides),
        path => {
            prepared.set_split(&SplitFile::from_toml(&files::read_text(path.as_ref())?)?)?;
            Ok(Division::Sides)
        }
    }
}
