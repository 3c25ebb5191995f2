//! `paucal ecg`: recordings of the heart.

mod discover;
mod judge;
mod mine;
mod prepare;
mod prototypes;

use anyhow::Result;
use paucal_core::run::Input;
use paucal_signal::formats::{ReadOptions, Source, discover};

use crate::cli::{Ecg, Recordings};
use crate::session::{Session, input};

/// Runs a verb.
pub fn run(session: &Session, verb: Ecg) -> Result<()> {
    match verb {
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

/// The files by name and digest.
fn inputs(sources: &[Source]) -> Result<Vec<Input>> {
    sources.iter().map(|source| input(&source.path)).collect()
}
