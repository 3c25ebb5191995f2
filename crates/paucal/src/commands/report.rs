//! `paucal report`: the report of a finished run, made again from its results.

use anyhow::Result;
use paucal_core::run::{Manifest, RunFolder};
use serde::Serialize;

use crate::cli::Report;
use crate::session::Session;

/// What is printed.
#[derive(Serialize)]
struct Outcome {
    schema: &'static str,
    command: String,
    report: String,
}

/// Writes the report, its tables and figures.
pub fn run(session: &Session, arguments: &Report) -> Result<()> {
    let folder = RunFolder::open(&arguments.run)?;
    let manifest: Manifest = folder.read_json("manifest.json")?;
    paucal_report::pages::write(&folder, &manifest)?;
    let report = folder.file("report.html").display().to_string();
    let text = format!("Wrote {report}\n");
    session.printer.result(&Outcome { schema: "paucal.report/1", command: manifest.command, report }, &text)
}
