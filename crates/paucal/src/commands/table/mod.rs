//! `paucal table …`.

mod audit;
mod compare;
mod fit;
mod judge;
mod prove;
mod sample;
mod space;
mod tune;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use paucal_core::{Observer, files};
use paucal_data::{
    self as data, Finding, Read, ReadOptions, Schema, Table as Data, UnknownLevels, Weight, sdv,
};

use crate::cli::{Header, Reading, Table};
use crate::error::UsageError;
use crate::session::Session;

/// Runs a verb.
pub fn run(session: &Session, verb: Table) -> Result<()> {
    match verb {
        Table::Audit(arguments) => audit::run(session, &arguments),
        Table::Fit(arguments) => fit::run(session, &arguments),
        Table::Sample(arguments) => sample::run(session, &arguments),
        Table::Judge(arguments) => judge::run(session, &arguments),
        Table::Prove(arguments) => prove::run(session, &arguments),
        Table::Tune(arguments) => tune::run(session, &arguments),
        Table::Compare(arguments) => compare::run(session, &arguments),
        Table::Space(arguments) => space::run(session, &arguments),
    }
}

/// The parts columns play, as typed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Roles<'a> {
    pub target: Option<&'a str>,
    pub positive: Option<&'a str>,
    pub group: Option<&'a str>,
}

/// Reads a table and tells what was noticed.
pub fn read_table(session: &Session, path: &Path, reading: &Reading, roles: Roles<'_>) -> Result<Read> {
    let mut options = options(reading, roles)?;
    options.schema = match reading.schema.as_deref() {
        Some(file) => Some(schema(session, file, path, &options)?),
        None => None,
    };
    let read = data::read(path, &options)?;
    tell(session, &read.findings);
    Ok(read)
}

/// Reads a second file of a known table. Levels that are new are added to the schema of what is returned.
pub fn read_like(session: &Session, path: &Path, schema: &Schema) -> Result<Data> {
    let read = data::read_like(path, schema, UnknownLevels::Extend)?;
    tell(session, &read.findings);
    Ok(read.table)
}

/// A `--timeout`.
pub fn timeout(seconds: Option<f64>) -> Result<Option<Duration>, UsageError> {
    match seconds {
        Some(s) if !(s > 0.0 && s < 1e9) => Err(UsageError::Timeout(s)),
        seconds => Ok(seconds.map(Duration::from_secs_f64)),
    }
}

fn tell(session: &Session, findings: &[Finding]) {
    for finding in findings {
        match finding.weight {
            Weight::Warning => session.console.warn(finding.to_string()),
            Weight::Note => session.console.note(finding.to_string()),
        }
    }
}

fn options(reading: &Reading, roles: Roles<'_>) -> Result<ReadOptions> {
    let owned = |role: Option<&str>| role.map(str::to_owned);
    Ok(ReadOptions {
        header: match reading.header {
            Header::Auto => data::Header::Auto,
            Header::Present => data::Header::Present,
            Header::None => data::Header::None,
        },
        delimiter: reading.delimiter.as_deref().map(delimiter).transpose()?,
        encoding: reading.encoding.clone(),
        missing: Some(reading.missing.clone()).filter(|list| !list.is_empty()),
        schema: None,
        target: owned(roles.target),
        positive: owned(roles.positive),
        group: owned(roles.group),
    })
}

fn delimiter(text: &str) -> Result<char, UsageError> {
    match text {
        "\\t" | "tab" => Ok('\t'),
        _ => {
            let mut characters = text.chars();
            match (characters.next(), characters.next()) {
                (Some(one), None) => Ok(one),
                _ => Err(UsageError::Delimiter(text.into())),
            }
        }
    }
}

/// A schema file: TOML of ours, or SDV metadata, which is laid over what the data show.
fn schema(session: &Session, file: &Path, table: &Path, options: &ReadOptions) -> Result<Schema> {
    let text = files::read_text(file)?;
    if !file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        return Ok(Schema::from_toml(&text)?);
    }
    let inferred = data::read(table, options)?.table;
    let (schema, findings) = sdv::from_sdv(&text, inferred.schema())?;
    tell(session, &findings);
    Ok(schema)
}
