//! The records of the MIT-BIH Arrhythmia Database for tests that need them.

// Each test takes what it needs.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

use paucal_signal::ecg::symbols::{FLUTTER_BEGINS, FLUTTER_ENDS, is_beat};
use paucal_signal::formats::{ReadOptions, wfdb};

/// Sampling rate of the database, in Hz.
pub const FS: f64 = 360.0;

/// The folder of the records, or nothing (with a word) when the data are not there.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("PAUCAL_DATA").map(|data| PathBuf::from(data).join("mitdb"));
    if folder.is_none() {
        println!("skipped: PAUCAL_DATA does not name the folder of the data");
    }
    folder
}

/// The names of the records in a folder, in order.
pub fn records(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let annotated = files.filter(|path| path.extension().is_some_and(|extension| extension == "atr"));
    let mut names: Vec<String> = annotated.map(|p| p.file_stem().unwrap().to_str().unwrap().into()).collect();
    names.sort();
    names
}

/// One of the two leads, in mV.
pub fn lead(folder: &Path, record: &str, channel: usize) -> Vec<f64> {
    let recording = wfdb::read(&folder.join(record), &ReadOptions::default()).unwrap();
    recording.channels[channel].physical()
}

/// Sample and symbol of every annotation that is a beat or opens or closes a stretch of flutter.
pub fn annotations(folder: &Path, record: &str) -> Vec<(usize, char)> {
    let recording = wfdb::read(&folder.join(record), &ReadOptions::default()).unwrap();
    let marks = recording.annotations.iter().filter_map(|mark| {
        let symbol = mark.symbol().chars().next()?;
        let counts = is_beat(symbol) || [FLUTTER_BEGINS, FLUTTER_ENDS].contains(&symbol);
        counts.then_some((mark.sample as usize, symbol))
    });
    marks.collect()
}
