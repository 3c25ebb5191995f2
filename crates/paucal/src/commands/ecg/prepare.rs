//! `paucal ecg prepare`: from recordings to beats that can be learnt from.

use anyhow::Result;
use paucal_core::files;
use paucal_signal::ecg::prepare::{PrepareOptions, Sources, prepare};
use paucal_signal::ecg::split::SplitFile;
use serde::Serialize;

use crate::cli::Prepare;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    labels: &'a str,
    split: Option<String>,
    prepare: &'a PrepareOptions,
}

/// Reads, prepares, writes the folder.
pub fn run(session: &Session, arguments: &Prepare) -> Result<()> {
    let mut options = session.settings.ecg.prepare.clone();
    if arguments.compat.is_some() {
        options = PrepareOptions::spec();
    }
    let read_split = |path| -> Result<SplitFile> { Ok(SplitFile::from_toml(&files::read_text(path)?)?) };
    let sources = Sources {
        labels: super::labels(&arguments.labels)?,
        split: arguments.split.as_deref().map(read_split).transpose()?,
        ..super::sources(&arguments.recordings)?
    };
    let split = arguments.split.as_ref().map(|path| path.display().to_string());
    let request = Request { command: "ecg prepare", labels: &arguments.labels, split, prepare: &options };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let prepared = prepare(&sources, &options, session.seed(), &session.console)?;
    prepared.write(folder.path())?;
    let result = prepared.summary();
    folder.write_json("result.json", &result)?;
    session.finish_with(&folder, "ecg prepare", prepared.inputs)?;
    session.printer.result(&result, &summary::ecg::prepared(&result, &arguments.out))
}
