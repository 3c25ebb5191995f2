//! `paucal ecg`: recordings of the heart.

mod audit;
mod discover;
mod judge;
mod mine;
mod prepare;
mod prototypes;

use anyhow::Result;
use paucal_core::files;
use paucal_core::run::Input;
use paucal_signal::ecg::labels::LabelMap;
use paucal_signal::formats::{ReadOptions, Source, discover};

use crate::cli::{Ecg, Recordings};
use crate::session::{Session, input};

/// Runs a verb.
pub fn run(session: &Session, verb: Ecg) -> Result<()> {
    match verb {
        Ecg::Audit(arguments) => audit::run(session, &arguments),
        Ecg::Prepare(arguments) => prepare::run(session, &arguments),
        Ecg::Judge(arguments) => judge::run(session, &arguments),
        Ecg::Prototypes(arguments) => prototypes::run(session, &arguments),
        Ecg::Discover(arguments) => discover::run(session, &arguments),
        Ecg::Mine(arguments) => mine::run(session, &arguments),
    }
}

/// The files that were named, and how to read them.
fn sources(recordings: &Recordings) -> Result<(Vec<Source>, ReadOptions)> {
    let reading = ReadOptions {
        rate: recordings.rate,
        seconds: recordings.seconds,
        annotator: recordings.annotator.clone(),
        partial: recordings.partial,
        ..ReadOptions::default()
    };
    Ok((discover(&recordings.data)?, reading))
}

/// A map of labels by its name, or from a file.
fn labels(name: &str) -> Result<LabelMap> {
    let path = std::path::Path::new(name);
    if path.extension().is_some() {
        return Ok(LabelMap::from_toml(&files::read_text(path)?)?);
    }
    Ok(LabelMap::named(name)?)
}

/// The files by name and digest.
fn inputs(sources: &[Source]) -> Result<Vec<Input>> {
    sources.iter().map(|source| input(&source.path)).collect()
}
