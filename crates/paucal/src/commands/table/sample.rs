//! `paucal table sample`: draw rows from a fitted generator.

use std::path::Path;

use anyhow::Result;
use paucal_core::run::{Manifest, RunFolder};
use paucal_data::{write, write_csv};
use paucal_table::{Condition, load_model};
use serde::Serialize;

use crate::cli::Sample;
use crate::error::UsageError;
use crate::session::Session;

/// What is printed.
#[derive(Serialize)]
struct Outcome {
    schema: &'static str,
    model: String,
    rows: usize,
    output: String,
}

/// Loads, draws and writes.
pub fn run(session: &Session, arguments: &Sample) -> Result<()> {
    let folder = RunFolder::open(&arguments.run)?;
    let manifest: Manifest = folder.read_json("manifest.json")?;
    if !["table fit", "table tune"].contains(&manifest.command.as_str()) {
        let path = arguments.run.display().to_string();
        return Err(
            UsageError::WrongRun { path, found: manifest.command, wanted: "a fitted generator" }.into()
        );
    }
    let loaded = load_model(&folder)?;
    let conditions = arguments.conditions.iter().map(|text| condition(text)).collect::<Result<Vec<_>>>()?;
    let table = loaded.model.sample(arguments.rows, &conditions, session.seed())?;
    if arguments.output == Path::new("-") {
        // The rows are the result; nothing else may stand on standard output.
        let mut out = std::io::stdout().lock();
        return match write_csv(&mut out, &table) {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        };
    }
    write(&arguments.output, &table)?;
    let outcome = Outcome {
        schema: "paucal.sample/1",
        model: loaded.model.name().into(),
        rows: table.rows(),
        output: arguments.output.display().to_string(),
    };
    let text = format!("Wrote {} rows to {}\n", outcome.rows, outcome.output);
    session.printer.result(&outcome, &text)
}

fn condition(text: &str) -> Result<Condition> {
    match text.split_once('=') {
        Some((column, level)) if !column.is_empty() => {
            Ok(Condition { column: column.trim().into(), level: level.into() })
        }
        _ => Err(UsageError::Condition(text.into()).into()),
    }
}
