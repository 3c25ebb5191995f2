//! What a study is about, kept with it as attributes: workers on other machines read it, and what differs is refused.

use std::collections::BTreeMap;

use paucal_core::{Seed, files};
use paucal_tune::storage::{Owner, StudyRecord};
use paucal_tune::{Direction, Space, TuneError};
use serde_json::{Value as Json, json};

use super::{Search, TuneOptions};
use crate::error::TableError;
use crate::judge::JudgeOptions;

/// Parameters of a generator that say where it computes and not what.
const PLACES: &[&str] = &["device"];

/// What a worker must know of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Name of the generator.
    pub generator: String,
    /// SHA-256 of the data file.
    pub data: String,
    /// Seed of the study.
    pub seed: Seed,
    /// Target column.
    pub target: String,
    /// Level of the target that is the rare class, if it was said.
    pub positive: Option<String>,
    /// Column that says which rows belong to one patient.
    pub group: Option<String>,
    /// Parameters that are fixed.
    pub fixed: toml::Table,
    /// Parameters of the search; the number of workers is each machine's own.
    pub options: TuneOptions,
    /// Parameters of the score.
    pub judge: JudgeOptions,
}

impl Task {
    /// Reads what a study says.
    ///
    /// # Errors
    /// [`TuneError::NoTask`] when it was not begun by `tune`.
    pub fn of(study: &StudyRecord) -> Result<Self, TuneError> {
        Self::read(study).ok_or_else(|| TuneError::NoTask(study.name.clone()))
    }

    fn read(study: &StudyRecord) -> Option<Self> {
        let attribute = |what: &str| study.user.get(&key(what));
        let text = |what: &str| Some(attribute(what)?.as_str()?.to_owned());
        let settings = attribute("settings")?;
        let mut options: TuneOptions = serde_json::from_value(settings.get("tune")?.clone()).ok()?;
        options.trials = attribute("trials")?.as_u64()? as usize;
        Some(Self {
            generator: text("generator")?,
            data: text("data")?,
            seed: Seed(text("seed")?.parse().ok()?),
            target: text("target")?,
            positive: text("positive class"),
            group: text("group"),
            fixed: serde_json::from_value(settings.get("fixed")?.clone()).ok()?,
            judge: serde_json::from_value(settings.get("judge")?.clone()).ok()?,
            options,
        })
    }

    /// Checks a data file by its digest.
    ///
    /// # Errors
    /// [`TuneError::OtherStudy`] when the study was begun with another.
    pub fn check_data(&self, study: &str, digest: &str) -> Result<(), TuneError> {
        if self.data == digest { Ok(()) } else { Err(TuneError::other(study, "data")) }
    }
}

/// The attribute under which a study keeps a fact of ours.
pub fn key(what: &str) -> String {
    format!("paucal: {what}")
}

/// Opens the study; one that was begun for something else is refused.
pub fn open(search: &Search<'_>, space: &Space, seed: Seed) -> Result<StudyRecord, TableError> {
    let mut study = search.storage.open_study(search.study, Direction::Maximise)?;
    for (what, value) in identity(search, space, seed) {
        match study.user.get(&key(what)) {
            Some(known) if *known != value => return Err(TuneError::other(&study.name, what).into()),
            Some(_) => {}
            None => {
                search.storage.set_study_attribute(study.id, Owner::User, &key(what), &value)?;
                study.user.insert(key(what), value);
            }
        }
    }
    Ok(study)
}

/// What two processes must agree on, in the order in which a difference is best told.
fn identity(search: &Search<'_>, space: &Space, seed: Seed) -> Vec<(&'static str, Json)> {
    let schema = search.table.schema();
    // How much is to be done, and by how many, may change from call to call.
    let options = TuneOptions { trials: 0, workers: 0, ..search.options.clone() };
    let fixed: BTreeMap<_, _> =
        search.fixed.iter().filter(|(name, _)| !PLACES.contains(&name.as_str())).collect();
    let reading = files::sha256_bytes(json!(schema).to_string().as_bytes());
    vec![
        ("version of the program", json!(env!("CARGO_PKG_VERSION"))),
        ("generator", json!(search.method.name)),
        ("data", json!(search.digest)),
        ("seed", json!(seed.0.to_string())),
        ("target", json!(schema.target)),
        ("positive class", json!(schema.positive)),
        ("group", json!(schema.group)),
        ("constraints", json!(schema.constraints)),
        ("reading of the table", json!(reading)),
        ("search space", space.fingerprint()),
        ("settings", json!({ "tune": options, "judge": search.judge, "fixed": fixed })),
    ]
}

/// Says how many trials there are to be.
pub fn set_budget(search: &Search<'_>, study: &StudyRecord) -> Result<(), TableError> {
    let trials = json!(search.options.trials);
    if study.user.get(&key("trials")) != Some(&trials) {
        search.storage.set_study_attribute(study.id, Owner::User, &key("trials"), &trials)?;
    }
    Ok(())
}
