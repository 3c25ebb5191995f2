//! `paucal demo table`.

use std::path::Path;

use anyhow::Result;
use paucal_data::datasets;
use paucal_table::journey::{Itinerary, travel};
use paucal_table::prove::ProveOptions;
use paucal_table::{METHODS, Method};
use serde::Serialize;

use crate::cli::Writing;
use crate::commands::USUAL;
use crate::session::Session;
use crate::summary;

/// Generators that fit in seconds, so that the demo can prove with them.
const FAST: [&str; 2] = ["gaussian-copula", "independent"];
/// Repeats and folds of the demo's proof.
const REPEATS: usize = 3;
const FOLDS: usize = 5;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request {
    command: &'static str,
    data: &'static str,
}

/// Shows the tables vertical.
pub fn run(session: &Session, out: &Path) -> Result<()> {
    let request = Request { command: "demo table", data: "Breast Cancer Wisconsin (Diagnostic), embedded" };
    let folder = session.begin(out, Writing { resume: false, overwrite: true }, &request)?;
    let table = datasets::wdbc()?;
    let with_parameters = |method: &Method| (method.name.to_owned(), session.generator(method));
    let judged: Vec<_> = METHODS.iter().filter(|m| USUAL.contains(&m.name)).map(with_parameters).collect();
    let proved: Vec<_> = METHODS.iter().filter(|m| FAST.contains(&m.name)).map(with_parameters).collect();
    let settings = &session.settings;
    let prove = ProveOptions { repeats: REPEATS, folds: FOLDS, ..settings.prove.clone() };
    let itinerary = Itinerary {
        judged: &judged,
        proved: &proved,
        audit: &settings.audit,
        judge: &settings.judge,
        prove: &prove,
        digest: "embedded",
    };
    let mut journey = travel(&table, &[], &itinerary, session.seed(), &session.console)?;
    journey.data = "Breast Cancer Wisconsin (Diagnostic), 569 patients, built in".into();
    let full = ProveOptions::default().repeats;
    journey.shortcuts = vec![
        format!("The proof has {REPEATS} repeats; 'paucal table prove' has {full}."),
        format!(
            "It covers the generators that fit in a moment ({}); 'paucal table prove' covers more.",
            FAST.join(", ")
        ),
        format!("{} of {} generators were judged; 'paucal models' lists all.", USUAL.len(), METHODS.len()),
    ];
    folder.write_json("result.json", &journey)?;
    session.finish(&folder, "demo table", &[])?;
    session.printer.result(&journey, &summary::journey(&journey, out))
}
