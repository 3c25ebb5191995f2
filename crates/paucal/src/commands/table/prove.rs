//! `paucal table prove`: does augmenting the rare class help?

use anyhow::Result;
use paucal_core::files;
use paucal_table::method;
use paucal_table::prove::{Question, prove};
use serde::Serialize;

use super::Roles;
use crate::cli::Prove;
use crate::commands::USUAL;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    target: &'a str,
    positive: &'a str,
    group: Option<&'a str>,
    models: Vec<&'a str>,
    repeats: usize,
    folds: usize,
}

/// Runs the experiment, or what is left of it, writes and prints the verdict.
pub fn run(session: &Session, arguments: &Prove) -> Result<()> {
    let names: Vec<&str> = match &arguments.models {
        Some(names) => names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect(),
        None => USUAL.to_vec(),
    };
    let models = names
        .iter()
        .map(|name| method(name).map(|method| (method.name.to_owned(), session.generator(method))))
        .collect::<Result<Vec<_>, _>>()?;
    let mut options = session.settings.prove.clone();
    options.repeats = arguments.repeats.unwrap_or(options.repeats);
    options.folds = arguments.folds.unwrap_or(options.folds);

    let (target, positive) = (arguments.target.as_str(), arguments.positive.as_str());
    let group = arguments.group.as_deref();
    let roles = Roles { target: Some(target), positive: Some(positive), group };
    let table = super::read_table(session, &arguments.data, &arguments.reading, roles)?.table;
    let (repeats, folds) = (options.repeats, options.folds);
    let request = Request { command: "table prove", target, positive, group, models: names, repeats, folds };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let question = Question {
        table: &table,
        models: &models,
        options: &options,
        digest: &files::sha256(&arguments.data)?,
        store: Some(folder.file("checkpoint").join("cells.jsonl")),
    };
    let proof = prove(&question, session.seed(), &session.console)?;
    folder.write_json("result.json", &proof)?;
    session.finish(&folder, "table prove", &[&arguments.data])?;
    session.printer.result(&proof, &summary::proof(&proof, Some(&arguments.out)))
}
