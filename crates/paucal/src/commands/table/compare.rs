//! `paucal table compare`: tuned generators side by side, on one or several tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use paucal_core::files;
use paucal_data::Read;
use paucal_table::compare::{CompareOptions, Contest, Dataset, compare};
use paucal_table::method;
use paucal_tune::storage;
use serde::Serialize;

use super::{Roles, timeout};
use crate::cli::Compare;
use crate::commands::USUAL;
use crate::error::UsageError;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    data: Vec<String>,
    targets: Vec<&'a str>,
    positives: Vec<&'a str>,
    groups: Vec<&'a str>,
    models: Vec<&'a str>,
    trials: usize,
    /// Without its password.
    storage: Option<String>,
}

/// Compares, or goes on comparing, writes the report and prints the ranking.
pub fn run(session: &Session, arguments: &Compare) -> Result<()> {
    let names: Vec<&str> = match &arguments.models {
        Some(names) => names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect(),
        None => USUAL.to_vec(),
    };
    let models = names
        .iter()
        .map(|name| method(name).map(|method| (method, session.generator(method))))
        .collect::<Result<Vec<_>, _>>()?;
    let options = CompareOptions {
        trials: arguments.trials.unwrap_or(session.settings.compare.trials),
        ..session.settings.compare.clone()
    };
    let timeout = timeout(arguments.timeout)?;
    let tables = read(session, arguments)?;
    let stems = names_of(&arguments.data);
    let data: Vec<Dataset<'_>> = tables
        .iter()
        .zip(&arguments.data)
        .zip(&stems)
        .map(|((read, path), name)| {
            Ok(Dataset { name: name.clone(), table: &read.table, digest: files::sha256(path)? })
        })
        .collect::<Result<_>>()?;

    let request = Request {
        command: "table compare",
        data: stems.clone(),
        targets: arguments.target.iter().map(String::as_str).collect(),
        positives: arguments.positive.iter().map(String::as_str).collect(),
        groups: arguments.group.iter().map(String::as_str).collect(),
        models: names,
        trials: options.trials,
        storage: arguments.storage.as_deref().map(storage::masked),
    };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let own = format!("sqlite:///{}", folder.file("study.db").display());
    let storage = storage::open(arguments.storage.as_deref().unwrap_or(&own))?;
    let earlier = arguments.warm_start.as_deref().map(storage::existing).transpose()?;
    let contest = Contest {
        data: &data,
        models: &models,
        options: &options,
        tune: &session.settings.tune,
        judge: &session.settings.judge,
        storage: storage.as_ref(),
        shared: arguments.storage.is_some(),
        earlier: earlier.as_deref(),
        timeout,
        store: Some(folder.file("checkpoint")),
    };
    let comparison = compare(&contest, session.seed(), &session.console)?;
    folder.write_json("result.json", &comparison)?;
    let inputs: Vec<&Path> = arguments.data.iter().map(PathBuf::as_path).collect();
    session.finish(&folder, "table compare", &inputs)?;
    session.printer.result(&comparison, &summary::comparison(&comparison, &arguments.out))
}

/// The tables, each with its own target, positive level and group, or with one for all.
fn read(session: &Session, arguments: &Compare) -> Result<Vec<Read>> {
    let count = arguments.data.len();
    if arguments.reading.schema.is_some() && count > 1 {
        return Err(UsageError::OneSchema.into());
    }
    let per_table = |option: &'static str, given: &[String], table: usize| match given {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        many if many.len() == count => Ok(Some(many[table].clone()).filter(|value| value != "-")),
        many => Err(UsageError::PerTable { option, given: many.len(), tables: count }),
    };
    let mut tables = Vec::new();
    for (at, path) in arguments.data.iter().enumerate() {
        let target = per_table("--target", &arguments.target, at)?;
        let positive = per_table("--positive", &arguments.positive, at)?;
        let group = per_table("--group", &arguments.group, at)?;
        let roles =
            Roles { target: target.as_deref(), positive: positive.as_deref(), group: group.as_deref() };
        tables.push(super::read_table(session, path, &arguments.reading, roles)?);
    }
    Ok(tables)
}

/// File names without their endings; the second of a name is told from the first by a number.
fn names_of(paths: &[PathBuf]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let name = |path: &PathBuf| {
        let stem = path.file_stem().map_or_else(|| "table".into(), |s| s.to_string_lossy().into_owned());
        let times = seen.entry(stem.clone()).or_default();
        *times += 1;
        if *times > 1 { format!("{stem}-{times}") } else { stem }
    };
    paths.iter().map(name).collect()
}
