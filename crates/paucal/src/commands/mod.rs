//! One file per verb. Each does the same: read, work, write the run folder, print a short result.

mod demo;
mod ecg;
mod models;
mod report;
mod study;
mod table;

use anyhow::Result;

use crate::cli::Command;
use crate::session::Session;

/// The generators of a run that names none: those that fit in seconds, so that many fits are bearable. Slower ones
/// have to be asked for.
const USUAL: [&str; 7] = ["independent", "gaussian-copula", "ctgan", "tvae", "smote-nc", "arf", "cart"];

/// Runs a command.
pub fn run(session: &Session, command: Command) -> Result<()> {
    match command {
        Command::Demo(arguments) => demo::run(session, &arguments),
        Command::Table(verb) => table::run(session, verb),
        Command::Ecg(verb) => ecg::run(session, verb),
        Command::Study(verb) => study::run(session, &verb),
        Command::Report(arguments) => report::run(session, &arguments),
        Command::Models(arguments) => models::run(session, &arguments),
    }
}
