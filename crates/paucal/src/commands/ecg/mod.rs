//! `paucal ecg`: recordings of the heart.

mod detectors;
mod judge;
mod predict;
mod prepare;
mod train;

use std::path::Path;

use anyhow::Result;
use paucal_core::run::Input;
use paucal_signal::ecg::model::BeatModel;
use paucal_signal::ecg::patients::Patients;
use paucal_signal::ecg::prepare::{HEADER, Prepared, Sources, hashes};
use paucal_signal::formats::{ReadOptions, Source, discover};

use crate::cli::{Ecg, Recordings};
use crate::session::Session;

/// Runs a verb.
pub fn run(session: &Session, verb: Ecg) -> Result<()> {
    match verb {
        Ecg::Prepare(arguments) => prepare::run(session, &arguments),
        Ecg::Train(arguments) => train::run(session, &arguments),
        Ecg::Predict(arguments) => predict::run(session, &arguments),
        Ecg::Judge(arguments) => judge::run(session, &arguments),
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
fn inputs(sources: &[Source], reading: &ReadOptions) -> Result<Vec<Input>> {
    let mut all = Vec::new();
    for source in sources {
        all.extend(hashes(source, reading)?);
    }
    Ok(all)
}

/// The beats of recordings, cut out as a model takes them; or those of a prepared folder.
fn beats(session: &Session, model: &BeatModel, of: &Recordings, patients: Option<&Path>) -> Result<Prepared> {
    if let [folder] = &of.data[..]
        && folder.join(HEADER).is_file()
    {
        let mut prepared = Prepared::open(folder)?;
        model.adopt(&mut prepared)?;
        return Ok(prepared);
    }
    let (files, read) = sources(of)?;
    let patients = patients.map(Patients::read).transpose()?.unwrap_or_default();
    let sources = Sources { files, read, patients, ..Sources::default() };
    Ok(model.cut(&sources, &session.console)?)
}
