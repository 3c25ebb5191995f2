//! The pages of the runs: result structs in, documents out.
//!
//! Each verb has a page; the sections that pages share (fidelity, utility, privacy, evidence, the audit) have a
//! file each. A page is made from `result.json` alone, so that `paucal report` can make it again at any time.

mod audit;
mod compare;
mod ecg;
mod evidence;
mod fidelity;
mod findings;
mod fit;
mod judge;
mod methods;
mod privacy;
mod prove;
mod score;
mod tour;
mod tune;
mod utility;

pub use ecg::review;

use paucal_core::run::{Manifest, RunFolder};
use serde::de::DeserializeOwned;

use crate::ReportError;
use crate::document::{Blocks, Compose, Document, Section, Text};
use crate::export;

/// Reads the result of a run and writes `report.html`, `tables/` and `figures/` beside it.
pub fn write(folder: &RunFolder, manifest: &Manifest) -> Result<(), ReportError> {
    let document = match manifest.command.as_str() {
        "table audit" => audit::page(&read(folder)?),
        "table fit" => fit::page(&read(folder)?, &fit::curves(folder)?),
        "table judge" => judge::page(&read(folder)?),
        "table prove" => prove::page(&read(folder)?),
        "table compare" => compare::page(&read(folder)?),
        "table tune" => tune::page(&read(folder)?),
        "ecg audit" => ecg::audit::page(&read(folder)?),
        "ecg prepare" => ecg::prepare::page(&read(folder)?),
        "ecg train" => ecg::train::page(&read(folder)?),
        "ecg predict" => ecg::predict::page(&read(folder)?),
        "ecg judge" => ecg::judge::page(&read(folder)?),
        "ecg judge --detector" => ecg::detectors::page(&read(folder)?),
        "ecg prototypes" => ecg::prototypes::page(&read(folder)?),
        "ecg mine" => ecg::mine::page(&read(folder)?),
        "ecg discover" => ecg::discover::page(&read(folder)?),
        "demo ecg" => ecg::tour::page(&read(folder)?),
        "demo table" => tour::page(&read(folder)?),
        other => return Err(ReportError::NoPage(other.to_owned())),
    };
    export::write(&signed(document.section(reproduce(manifest)), manifest), folder)
}

fn read<T: DeserializeOwned>(folder: &RunFolder) -> Result<T, ReportError> {
    Ok(folder.read_json("result.json")?)
}

/// Inputs that are listed; more are folded away.
const FEW: usize = 6;

/// How to get the same numbers again.
fn reproduce(manifest: &Manifest) -> Section {
    let inputs: Vec<Text> = manifest
        .inputs
        .iter()
        .map(|input| Text::new().code(&input.name).plain(", SHA-256 ").code(&input.sha256))
        .collect();
    let files = [
        Text::marked("`config.toml`: the request and every setting, resolved"),
        Text::marked("`result.json`: every number of this report"),
        Text::marked("`tables/*.csv` and `figures/*.svg`: its tables and figures"),
    ];
    let section = Section::new("reproduce", "How to reproduce this").paragraph(
        Text::new()
            .plain("Run ")
            .code(format!("paucal {}", manifest.command))
            .plain(" with the same inputs, the same settings and ")
            .code(format!("--seed {}", manifest.seed))
            .plain(format!(
                " (version {}). The numbers do not depend on the number of threads.",
                manifest.version
            )),
    );
    // Hundreds of recordings would bury everything else.
    let section = if inputs.len() > FEW {
        section.details(
            format!("{} input files with their digests", inputs.len()).as_str(),
            Blocks::new().list(inputs),
        )
    } else {
        section.list(inputs)
    };
    section.paragraph("The run folder holds:").list(files)
}

fn signed(document: Document, manifest: &Manifest) -> Document {
    let memory = manifest.peak_memory_bytes.map(|bytes| format!("{:.0} MiB", bytes as f64 / 1_048_576.0));
    let document = document
        .provenance("Program", format!("paucal {}", manifest.version))
        .provenance("Command", Text::new().code(format!("paucal {}", manifest.command)))
        .provenance("Seed", manifest.seed.to_string())
        .provenance("Device", manifest.device.as_str())
        .provenance("Wall time", format!("{:.1} s", manifest.wall_seconds));
    match memory {
        Some(memory) => document.provenance("Peak memory", memory),
        None => document,
    }
}
