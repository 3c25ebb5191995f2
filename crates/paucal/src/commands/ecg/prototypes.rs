//! `paucal ecg prototypes`: how far prototypes can be trusted.

use anyhow::Result;
use paucal_core::Observer;
use paucal_signal::ecg::beats::Compat;
use paucal_signal::ecg::prepare::Prepared;
use paucal_signal::ecg::prototypes::{PrototypeOptions, check};
use serde::Serialize;

use crate::cli::Prototypes;
use crate::session::{Session, input};
use crate::summary;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    prototypes: &'a PrototypeOptions,
}

/// Reads the prepared beats, checks, writes the folder.
pub fn run(session: &Session, arguments: &Prototypes) -> Result<()> {
    let mut options = session.settings.ecg.prototypes.clone();
    if arguments.compat.is_some() {
        options.compat = Compat::Spec;
    }
    let prepared = Prepared::open(&arguments.prepared)?;
    let request = Request { command: "ecg prototypes", prototypes: &options };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let report = check(&prepared, &options, session.seed(), &session.console)?;
    report.warnings.iter().for_each(|warning| session.console.warn(warning.clone()));
    report.write(folder.path())?;
    folder.write_json("result.json", &report)?;
    let read = ["prepared.json", "beats.npy", "features.npy"].map(|name| arguments.prepared.join(name));
    let inputs = read.iter().map(|path| input(path)).collect::<Result<_>>()?;
    session.finish_with(&folder, "ecg prototypes", inputs)?;
    session.printer.result(&report, &summary::ecg::prototypes(&report, &arguments.out))
}
