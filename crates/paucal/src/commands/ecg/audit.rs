//! `paucal ecg audit`: look at recordings before trusting them.

use anyhow::Result;
use paucal_signal::ecg::audit::{AuditOptions, audit};
use paucal_signal::ecg::prepare::Sources;
use serde::Serialize;

use crate::cli::AuditRecordings;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    labels: &'a str,
    audit: &'a AuditOptions,
}

/// Reads, audits, prints; with `--out` also writes the result and the report.
pub fn run(session: &Session, arguments: &AuditRecordings) -> Result<()> {
    let options = &session.settings.ecg.audit;
    let labels = super::labels(&arguments.labels)?;
    let sources = Sources { labels, ..super::sources(&arguments.recordings)? };
    let request = Request { command: "ecg audit", labels: &arguments.labels, audit: options };
    let folder = match &arguments.out {
        Some(out) => Some(session.begin(out, arguments.writing, &request)?),
        None => None,
    };
    let found = audit(&sources, options, &session.console)?;
    if let Some(folder) = &folder {
        folder.write_json("result.json", &found)?;
        session.finish_with(folder, "ecg audit", super::inputs(&sources)?)?;
    }
    session.printer.result(&found, &summary::ecg::audited(&found, arguments.out.as_deref()))
}
