//! `paucal table …`.

mod audit;
mod fit;
mod judge;
mod prove;
mod sample;

use std::path::Path;

use anyhow::Result;
use paucal_core::{Observer, files};
use paucal_data::read::{self, HeaderMode, Read, ReadOptions};
use paucal_data::{Schema, sdv};

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
    let read = read::read(path, &options(reading, roles)?)?;
    for finding in &read.findings {
        if finding.is_warning() {
            session.console.warn(finding.to_string());
        } else {
            session.console.note(finding.to_string());
        }
    }
    Ok(read)
}

fn options(reading: &Reading, roles: Roles<'_>) -> Result<ReadOptions> {
    let owned = |role: Option<&str>| role.map(str::to_owned);
    Ok(ReadOptions {
        header: match reading.header {
            Header::Auto => HeaderMode::Auto,
            Header::Present => HeaderMode::Present,
            Header::None => HeaderMode::None,
        },
        delimiter: reading.delimiter.as_deref().map(delimiter).transpose()?,
        encoding: reading.encoding.clone(),
        missing: Some(reading.missing.clone()).filter(|list| !list.is_empty()),
        schema: reading.schema.as_deref().map(schema).transpose()?,
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

/// A schema file: TOML of ours, or SDV metadata.
fn schema(path: &Path) -> Result<Schema> {
    let text = files::read_text(path)?;
    let is_json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    Ok(if is_json { sdv::from_json(&text)?.schema } else { Schema::from_toml(&text)? })
}
