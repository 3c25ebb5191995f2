//! `paucal ecg discover`: patterns among the beats that a prediction held back.

use anyhow::Result;
use paucal_signal::ecg::beats::Compat;
use paucal_signal::ecg::discover::{DiscoverOptions, HeldBack, discover};
use serde::Serialize;

use crate::cli::Discover;
use crate::session::{Session, input};
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    discover: &'a DiscoverOptions,
}

/// Reads the predictions, clusters, writes the folder.
pub fn run(session: &Session, arguments: &Discover) -> Result<()> {
    let mut options = session.settings.ecg.discover.clone();
    if arguments.compat.is_some() {
        options.compat = Compat::Spec;
    }
    let held = HeldBack::open(&arguments.predictions)?;
    let request = Request { command: "ecg discover", discover: &options };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let report = discover(&held, &options, session.seed(), &session.console)?;
    report.write(folder.path())?;
    folder.write_json("result.json", &report)?;
    let read = HeldBack::FILES.map(|name| arguments.predictions.join(name));
    let there = read.iter().filter(|path| path.is_file());
    let inputs = there.map(|path| input(path)).collect::<Result<_>>()?;
    session.finish_with(&folder, "ecg discover", inputs)?;
    session.printer.result(&report, &summary::ecg::discovered(&report, &arguments.out))
}
