//! `paucal table judge`: synthetic rows on the ruler of real held-out rows.

use std::path::{Path, PathBuf};

use anyhow::Result;
use paucal_table::judge::Ruler;
use serde::Serialize;

use super::Roles;
use crate::cli::Judge;
use crate::error::UsageError;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    target: &'a str,
    positive: Option<&'a str>,
    group: Option<&'a str>,
    has_holdout: bool,
}

/// Reads the tables, judges, prints; with `--out` also writes the result and the report.
pub fn run(session: &Session, arguments: &Judge) -> Result<()> {
    let (target, group) = (arguments.roles.target.as_str(), arguments.roles.group.as_deref());
    let positive = arguments.roles.positive.as_deref();
    let roles = Roles { target: Some(target), positive, group };
    let real = super::read_table(session, &arguments.real, &arguments.reading, roles)?.table;
    let synthetic = super::read_like(session, &arguments.synthetic, real.schema())?;
    let holdout = match &arguments.holdout {
        Some(path) => Some(super::read_like(session, path, synthetic.schema())?),
        None => None,
    };
    // Each file may have added levels; the last one read knows them all.
    let all_levels = holdout.as_ref().unwrap_or(&synthetic).schema().clone();
    let (real, synthetic) = (real.with_levels_of(&all_levels)?, synthetic.with_levels_of(&all_levels)?);

    let mut options = session.settings.judge.clone();
    if let Some(form) = &arguments.objective {
        options.objective = UsageError::objective(form)?;
    }
    let request = Request { command: "table judge", target, positive, group, has_holdout: holdout.is_some() };
    let folder = match &arguments.out {
        Some(out) => Some(session.begin(out, arguments.writing, &request)?),
        None => None,
    };
    let ruler = Ruler::new(&real, holdout.as_ref(), &options, session.seed(), &session.console)?;
    let judgement = ruler.judge(&synthetic)?;
    if let Some(folder) = &folder {
        folder.write_json("result.json", &judgement)?;
        let files = [Some(&arguments.real), Some(&arguments.synthetic), arguments.holdout.as_ref()];
        let inputs: Vec<&Path> = files.into_iter().flatten().map(PathBuf::as_path).collect();
        session.finish(folder, "table judge", &inputs)?;
    }
    session.printer.result(&judgement, &summary::judgement(&judgement, arguments.out.as_deref()))
}
