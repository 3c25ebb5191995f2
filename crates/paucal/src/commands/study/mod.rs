//! `paucal study …`: look into a storage, or work on what is in it.

mod reap;
mod worker;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;
use paucal_core::files;
use paucal_tune::importance::importances;
use paucal_tune::storage::{self, Storage, StudyRecord};
use paucal_tune::trial::best;
use paucal_tune::{Direction, State, Trial, TuneError};
use serde_json::json;

use crate::cli::{Export, Named, Stored, Study};
use crate::printer::text_table;
use crate::session::Session;

/// Runs a verb.
pub fn run(session: &Session, verb: &Study) -> Result<()> {
    match verb {
        Study::List(arguments) => list(session, arguments),
        Study::Show(arguments) => show(session, arguments),
        Study::Export(arguments) => export(session, arguments),
        Study::Worker(arguments) => worker::run(session, arguments),
        Study::Reap(arguments) => reap::run(session, arguments),
    }
}

fn list(session: &Session, arguments: &Stored) -> Result<()> {
    let storage = storage::existing(&arguments.storage)?;
    let mut rows = Vec::new();
    let mut found = Vec::new();
    for study in storage.studies()? {
        let trials = storage.trials(study.id)?;
        let complete = trials.iter().filter(|t| t.state == State::Complete).count();
        let value = best(&trials, direction(&study)).and_then(|t| t.value);
        found.push(
            json!({ "study": study.name, "trials": trials.len(), "complete": complete, "best": value }),
        );
        let value = value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        rows.push(vec![study.name, trials.len().to_string(), complete.to_string(), value]);
    }
    session.printer.result(&found, &text_table(&["study", "trials", "complete", "best"], &rows))
}

fn show(session: &Session, arguments: &Named) -> Result<()> {
    let (storage, study) = named(arguments)?;
    let trials = storage.trials(study.id)?;
    let mattered = importances(&trials, direction(&study));
    let winner = best(&trials, direction(&study));
    let rows: Vec<Vec<String>> = trials
        .iter()
        .map(|t| {
            let value = t.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
            let seconds = t.seconds().map_or_else(|| "-".to_owned(), |s| format!("{s:.1}"));
            vec![t.number.to_string(), t.state.name().to_owned(), value, seconds, values(t)]
        })
        .collect();
    let mut text = format!("{}\n", study.name);
    text.push_str(&text_table(&["trial", "state", "value", "seconds", "parameters"], &rows));
    if let Some(trial) = winner {
        let _ = writeln!(text, "Best: trial {} with {:.4}", trial.number, trial.value.unwrap_or(f64::NAN));
    }
    if mattered.reliable {
        let shares = mattered.shares.iter().map(|(name, share)| format!("{name} {:.0} %", 100.0 * share));
        let _ = writeln!(text, "What mattered: {}", shares.collect::<Vec<_>>().join(", "));
    } else {
        text.push_str("Too few trials to say which parameters mattered.\n");
    }
    let json = json!({
        "study": study.name,
        "best": winner.map(|t| t.number),
        "importances": if mattered.reliable { json!(mattered.shares) } else { json!(null) },
        "trials": trials.iter().map(|t| json!({
            "number": t.number, "state": t.state.name(), "value": t.value,
            "seconds": t.seconds(),
            "parameters": t.parameters.iter().map(|(n, p)| (n.clone(), json!(p.value()))).collect::<serde_json::Map<_, _>>(),
        })).collect::<Vec<_>>(),
    });
    session.printer.result(&json, &text)
}

fn export(session: &Session, arguments: &Export) -> Result<()> {
    let (storage, study) = named(&arguments.named)?;
    let trials = storage.trials(study.id)?;
    let names: BTreeSet<&str> = trials.iter().flat_map(|t| t.parameters.keys()).map(String::as_str).collect();
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["number", "state", "value", "seconds"].iter().chain(&names))?;
    for trial in &trials {
        let number = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
        let value =
            |name: &&str| trial.parameters.get(*name).map_or_else(String::new, |p| p.value().to_string());
        let first = [
            trial.number.to_string(),
            trial.state.name().to_owned(),
            number(trial.value),
            number(trial.seconds()),
        ];
        csv.write_record(first.into_iter().chain(names.iter().map(value)))?;
    }
    let csv = csv.into_inner()?;
    files::write_atomic(&arguments.output, &csv)?;
    let place = arguments.output.display().to_string();
    let text = format!("Wrote {} trials to {place}\n", trials.len());
    session.printer.result(&json!({ "trials": trials.len(), "output": place }), &text)
}

/// The study of that name, or the only one, and where it is kept.
fn named(arguments: &Named) -> Result<(Box<dyn Storage>, StudyRecord)> {
    let storage = storage::existing(&arguments.stored.storage)?;
    let mut studies = storage.studies()?;
    let study = match &arguments.study {
        Some(name) => {
            studies.into_iter().find(|s| s.name == *name).ok_or_else(|| TuneError::NoStudy(name.clone()))?
        }
        None if studies.len() == 1 => studies.remove(0),
        None => return Err(TuneError::Choose(studies.into_iter().map(|s| s.name).collect()).into()),
    };
    Ok((storage, study))
}

fn direction(study: &StudyRecord) -> Direction {
    study.direction.unwrap_or(Direction::Maximise)
}

fn values(trial: &Trial) -> String {
    let each = trial.parameters.iter().map(|(name, p)| format!("{name}={}", p.value()));
    each.collect::<Vec<_>>().join(" ")
}
