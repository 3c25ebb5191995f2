//! `paucal table audit`: look at a table before trusting it.

use anyhow::Result;
use paucal_core::run::RunFolder;
use paucal_data::{Table, sdv};
use paucal_table::audit::{self, AuditReport};
use serde::Serialize;

use super::Roles;
use crate::cli::Audit;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    target: Option<&'a str>,
    positive: Option<&'a str>,
    group: Option<&'a str>,
}

/// Name and version of the result's format.
const SCHEMA: &str = "paucal.audit/1";

/// What is printed and kept as `result.json`.
#[derive(Serialize)]
struct Versioned<'a> {
    schema: &'static str,
    #[serde(flatten)]
    report: &'a AuditReport,
}

/// Reads, audits, prints; with `--out` also writes the schemas, the result and the report.
pub fn run(session: &Session, arguments: &Audit) -> Result<()> {
    let roles = Roles {
        target: arguments.target.as_deref(),
        positive: arguments.positive.as_deref(),
        group: arguments.group.as_deref(),
    };
    let read = super::read_table(session, &arguments.data, &arguments.reading, roles)?;
    let Roles { target, positive, group } = roles;
    let request = Request { command: "table audit", target, positive, group };
    let folder = match &arguments.out {
        Some(out) => Some(session.begin(out, arguments.writing, &request)?),
        None => None,
    };
    let report =
        audit::audit(&read.table, &read.findings, &session.settings.audit, session.seed(), &session.console)?;
    if let Some(folder) = &folder {
        keep(&read.table, &report, folder)?;
        session.finish(folder, "table audit", &[&arguments.data])?;
    }
    session.printer.result(
        &Versioned { schema: SCHEMA, report: &report },
        &summary::audit(&report, arguments.out.as_deref()),
    )
}

fn keep(table: &Table, report: &AuditReport, folder: &RunFolder) -> Result<()> {
    folder.write("schema.toml", table.schema().to_toml()?.as_bytes())?;
    folder.write_json("schema.sdv.json", &sdv::to_sdv(table).0)?;
    folder.write_json("result.json", &Versioned { schema: SCHEMA, report })?;
    Ok(())
}
