//! `paucal ecg mine`: beats like given ones.

use anyhow::Result;
use paucal_signal::ecg::mine::{MineOptions, mine, read_seeds, report};
use paucal_signal::ecg::prepare::Prepared;
use serde::Serialize;

use crate::cli::Mine;
use crate::session::Session;
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    seeds: String,
    mine: &'a MineOptions,
}

/// Reads the prepared beats and the seeds, searches, writes the folder.
pub fn run(session: &Session, arguments: &Mine) -> Result<()> {
    let mut options = session.settings.ecg.mine.clone();
    options.top = arguments.top.unwrap_or(options.top);
    options.test |= arguments.test;
    let seeds = read_seeds(&arguments.seeds)?;
    let prepared = Prepared::open(&arguments.prepared)?;
    let request =
        Request { command: "ecg mine", seeds: arguments.seeds.display().to_string(), mine: &options };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let mined = mine(&prepared, &seeds, &options)?;
    mined.write(&prepared, folder.path())?;
    let found = report(&prepared, &seeds, &mined, &options);
    folder.write_json("result.json", &found)?;
    let header = arguments.prepared.join("prepared.json");
    session.finish(&folder, "ecg mine", &[&arguments.seeds, &header])?;
    session.printer.result(&found, &summary::ecg::mined(&found, &arguments.out))
}
