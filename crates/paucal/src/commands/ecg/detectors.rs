//! `paucal ecg judge --detector`: detectors against annotations.

use anyhow::Result;
use paucal_core::Observer;
use paucal_signal::ecg::benchmark::{BenchmarkOptions, benchmark, detectors};
use serde::Serialize;

use crate::cli::JudgeBeats;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    detector: &'a str,
    detectors: &'a BenchmarkOptions,
}

/// Reads, detects, compares, prints; with `--out` also writes the result and the report.
pub fn run(session: &Session, arguments: &JudgeBeats, detector: &str) -> Result<()> {
    let chosen = detectors(detector)?;
    let mut options = session.settings.ecg.detectors.clone();
    options.leads.splice(0..0, arguments.lead.clone());
    let sources = super::sources(&arguments.recordings)?;
    let request = Request { command: "ecg judge", detector, detectors: &options };
    let folder = match &arguments.out {
        Some(out) => Some(session.begin(out, arguments.writing, &request)?),
        None => None,
    };
    let found = benchmark(&sources.files, &sources.read, &chosen, &options, &session.console)?;
    for warning in &found.warnings {
        session.console.warn(warning.clone());
    }
    if let Some(folder) = &folder {
        folder.write_json("result.json", &found)?;
        session.finish_with(folder, "ecg judge --detector", super::inputs(&sources)?)?;
    }
    session.printer.result(&found, &summary::ecg::detectors(&found, arguments.out.as_deref()))
}
