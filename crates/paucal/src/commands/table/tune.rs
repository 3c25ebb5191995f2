//! `paucal table tune`: search the parameters that suit a table.

use anyhow::Result;
use paucal_core::files;
use paucal_table::tune::{Search, tune};
use paucal_table::{ModelFacts, method, save_model};
use paucal_tune::storage;
use serde::Serialize;

use super::{Roles, timeout};
use crate::cli::Tune;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request. The budget is not part of it: a search may be given more.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    model: &'a str,
    target: &'a str,
    positive: Option<&'a str>,
    group: Option<&'a str>,
    /// Without its password.
    storage: Option<String>,
    study: &'a str,
}

/// Searches, judges, saves the best model and the report.
pub fn run(session: &Session, arguments: &Tune) -> Result<()> {
    let method = method(&arguments.model)?;
    let fixed = session.generator(method);
    let mut options = session.settings.tune.clone();
    options.trials = arguments.trials.unwrap_or(options.trials);
    options.workers = arguments.workers.unwrap_or(options.workers);
    let timeout = timeout(arguments.timeout)?;
    let (target, group) = (arguments.roles.target.as_str(), arguments.roles.group.as_deref());
    let roles = Roles { target: Some(target), positive: arguments.roles.positive.as_deref(), group };
    let read = super::read_table(session, &arguments.data, &arguments.reading, roles)?;

    let file = arguments.data.file_stem().map(|name| name.to_string_lossy()).unwrap_or_default();
    let name = arguments.study.clone().unwrap_or_else(|| format!("{file}/{}/{target}", method.name));
    let request = Request {
        command: "table tune",
        model: method.name,
        target,
        positive: arguments.roles.positive.as_deref(),
        group,
        storage: arguments.storage.as_deref().map(storage::masked),
        study: &name,
    };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let own = format!("sqlite:///{}", folder.file("study.db").display());
    let storage = storage::open(arguments.storage.as_deref().unwrap_or(&own))?;
    let earlier = arguments.warm_start.as_deref().map(storage::existing).transpose()?;
    let search = Search {
        table: &read.table,
        method,
        fixed: &fixed,
        options: &options,
        judge: &session.settings.judge,
        storage: storage.as_ref(),
        study: &name,
        digest: &files::sha256(&arguments.data)?,
        earlier: earlier.as_deref(),
        timeout,
        shared: arguments.storage.is_some(),
    };
    let (tuning, fitted) = tune(&search, session.seed(), &session.console)?;

    if method.generator(&tuning.parameters)?.can_be_saved().is_ok() {
        let facts = ModelFacts {
            parameters: tuning.parameters.clone(),
            seed: session.seed(),
            training_rows: tuning.tuned.rows.real,
            input_sha256: Some(search.digest.to_owned()),
        };
        save_model(&folder, fitted.as_ref(), &facts)?;
        folder.write("schema.toml", read.table.schema().to_toml()?.as_bytes())?;
    }
    folder.write_json("result.json", &tuning)?;
    session.finish(&folder, "table tune", &[&arguments.data])?;
    session.printer.result(&tuning, &summary::tuning(&tuning, &arguments.out))
}
