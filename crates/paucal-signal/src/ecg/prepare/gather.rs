//! Reading recordings and cutting them into beats, several at a time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use paucal_core::run::Input;
use paucal_core::{Advice, Event, Observer};
use rayon::prelude::*;

use super::{LeftOut, Paced, PrepareOptions, STAGE, Sources, inputs};
use crate::ecg::beats::{RecordBeats, extract};
use crate::ecg::error::EcgError;
use crate::formats::{Source, read_all};

/// A recording with this share of paced beats is one of a pacemaker.
const PACED: f64 = 0.2;

/// The beats of a recording and whose they are.
pub(super) struct Taken {
    pub beats: RecordBeats,
    pub patient: String,
}

/// What all files gave.
#[derive(Default)]
pub(super) struct Gathered {
    pub records: Vec<Taken>,
    pub left_out: Vec<LeftOut>,
    pub inputs: Vec<Input>,
    pub warnings: Vec<String>,
}

/// Reads every file; what cannot be used is named.
pub(super) fn gather(
    sources: &Sources,
    options: &PrepareOptions,
    observer: &dyn Observer,
) -> Result<Gathered, EcgError> {
    let total = sources.files.len() as u64;
    observer.event(Event::Started { stage: STAGE.into(), total: Some(total) });
    let done = AtomicU64::new(0);
    let one = |source: &Source| {
        let found =
            if observer.cancelled() { Gathered::default() } else { one_file(source, sources, options) };
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        observer.event(Event::Progress { stage: STAGE.into(), done });
        found
    };
    let found: Vec<Gathered> = sources.files.par_iter().map(one).collect();
    super::stop_if_asked(observer)?;
    Ok(joined(found, options))
}

/// One file after the other; recordings that do not fit those before them are left out.
fn joined(found: Vec<Gathered>, options: &PrepareOptions) -> Gathered {
    let mut all = Gathered::default();
    let mut names = BTreeSet::new();
    for file in found {
        all.left_out.extend(file.left_out);
        all.inputs.extend(file.inputs);
        all.warnings.extend(file.warnings);
        for taken in file.records {
            let new = names.insert(taken.beats.record.clone());
            match refusal(&taken.beats, all.records.first(), new, options) {
                None => all.records.push(taken),
                Some((reason, hint)) => {
                    let record = taken.beats.record;
                    all.left_out.push(LeftOut { record, reason, hint: Some(hint.to_owned()) });
                }
            }
        }
    }
    all
}

/// Why a recording does not fit those before it, the `first` of which has set the rate, and what to do.
fn refusal(
    beats: &RecordBeats,
    first: Option<&Taken>,
    new: bool,
    options: &PrepareOptions,
) -> Option<(String, &'static str)> {
    if !new {
        return Some(("another recording has the same name".into(), "rename one of them"));
    }
    if options.paced == Paced::LeaveOut && beats.paced > PACED {
        let reason = format!("more than {:.0} % of its beats are paced", 100.0 * PACED);
        return Some((reason, "set paced to 'keep' to use it"));
    }
    let other = first.map(|first| first.beats.rate).filter(|rate| *rate != beats.rate)?;
    let reason = format!("it is sampled at {} Hz, the first at {other} Hz", beats.rate);
    Some((reason, "set rate_hz to a common rate"))
}

/// The recordings of one file.
fn one_file(source: &Source, sources: &Sources, options: &PrepareOptions) -> Gathered {
    let mut found = Gathered::default();
    let stem = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let read = match read_all(&source.path, &sources.read) {
        Ok(read) => read,
        Err(error) => {
            let (reason, hint) = (error.to_string(), error.hint());
            found.left_out.push(LeftOut { record: stem, reason, hint });
            return found;
        }
    };
    match inputs::hashes(source, &sources.read) {
        Ok(inputs) => found.inputs = inputs,
        Err(error) => found.warnings.push(error.to_string()),
    }
    found.warnings.extend(read.warnings.into_iter().map(|warning| format!("{stem}: {warning}")));
    // Rows of a spreadsheet are many and short, records few and long: both levels run in parallel.
    let cut: Vec<Result<Taken, LeftOut>> = read
        .recordings
        .par_iter()
        .map(|recording| match extract(recording, &sources.labels, &options.beats, &options.quality) {
            Ok(beats) => Ok(Taken { beats, patient: sources.patients.of(recording) }),
            Err(error) => {
                Err(LeftOut { record: recording.id.clone(), reason: error.to_string(), hint: error.hint() })
            }
        })
        .collect();
    for result in cut {
        match result {
            Ok(taken) => found.records.push(taken),
            Err(left_out) => found.left_out.push(left_out),
        }
    }
    found
}
