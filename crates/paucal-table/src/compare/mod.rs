//! Comparing generators: which makes the best rows, on what kind of table, and is the difference more than luck?
//!
//! Every generator is an entry on every table. A part of the patients is put aside before anything is fitted, the same for
//! all entries. Each generator is [tuned](crate::tune) on the other patients, fitted with several seeds, and judged on
//! those put aside, which no trial has seen. Intervals and differences come from one bootstrap over patients and seeds,
//! in which all generators meet the same patients ([`replicates`]). An entry that fails says why and never becomes a number.
//!
//! Finished entries are kept in a file each, so that a comparison that was stopped goes on where it was.

mod characteristics;
mod curves;
mod entry;
mod ranking;
mod replicates;
mod row;
mod store;

use std::path::PathBuf;
use std::time::Duration;

use paucal_core::observe::Event;
use paucal_core::{Observer, Seed};
use paucal_data::Table;
use paucal_tune::storage::Storage;
use serde::{Deserialize, Serialize};

pub use characteristics::Characteristics;
pub use curves::Curve;
pub use ranking::{Difference, Rank};
pub use row::{Detail, ObjectiveRow, PrivacyRow, Row, RowScores, TstrRow, UtilityRow};

use crate::error::TableError;
use crate::generator::Method;
use crate::hold_out::Parts;
use crate::judge::{JudgeOptions, Ruler, Scores};
use crate::tune::{TuneOptions, outer};
use entry::{Arena, Entry};
use store::Store;

/// Name and version of the result's format.
pub const SCHEMA: &str = "paucal.compare/1";
const STAGE: &str = "compare";

/// Parameters of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompareOptions {
    /// Trials of each search; 0 compares the default parameters.
    pub trials: usize,
    /// Seeds with which each generator is fitted at the end.
    pub seeds: usize,
    /// Replicates of the bootstrap over patients and seeds.
    pub resamples: usize,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self { trials: 20, seeds: 3, resamples: 1_000 }
    }
}

/// A table of the comparison.
pub struct Dataset<'a> {
    /// Name, unique in the comparison.
    pub name: String,
    /// The table, with its target in the schema.
    pub table: &'a Table,
    /// Digest of the file.
    pub digest: String,
}

/// What is to be compared.
pub struct Contest<'a> {
    /// The tables.
    pub data: &'a [Dataset<'a>],
    /// The generators with the parameters that the user has fixed.
    pub models: &'a [(&'static Method, toml::Table)],
    /// Parameters of the comparison.
    pub options: &'a CompareOptions,
    /// Parameters of the searches.
    pub tune: &'a TuneOptions,
    /// How rows are judged.
    pub judge: &'a JudgeOptions,
    /// Where the studies are kept.
    pub storage: &'a dyn Storage,
    /// Earlier studies, whose best parameters are tried first.
    pub earlier: Option<&'a dyn Storage>,
    /// Whether other processes may work on the same studies.
    pub shared: bool,
    /// No trial of a search is begun after this.
    pub timeout: Option<Duration>,
    /// Folder for finished entries; `None` keeps none.
    pub store: Option<PathBuf>,
}

/// The outcome, as it stands in `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
    /// The options.
    pub options: CompareOptions,
    /// The tables.
    pub data: Vec<DataFacts>,
    /// The generators, the best first.
    pub ranking: Vec<Rank>,
    /// What the intervals of the ranking are over.
    pub intervals_over: String,
    /// Every generator on every table.
    pub rows: Vec<Row>,
    /// Each generator against the best of its table, and over all tables.
    pub differences: Vec<Difference>,
    /// What stands behind each row, in the same order.
    pub details: Vec<Detail>,
}

/// A table and how its entries did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Name.
    pub name: String,
    /// Target column.
    pub target: String,
    /// The positive (rare, sick) level.
    pub positive: String,
    /// Patients' rows on which everything was fitted and searched.
    pub training_rows: usize,
    /// Rows put aside.
    pub holdout_rows: usize,
    /// What kind of table it is.
    pub characteristics: Characteristics,
    /// What the rows put aside score on their own ruler: the level of real patients.
    pub holdout: Option<Scores>,
    /// The generator with the best objective.
    pub best: Option<String>,
    /// Generators that cannot be told from the best.
    pub alike: Vec<String>,
}

/// Compares, or goes on comparing.
pub fn compare(contest: &Contest<'_>, seed: Seed, observer: &dyn Observer) -> Result<Comparison, TableError> {
    let store = Store::open(contest.store.as_deref())?;
    let total = contest.data.len() * contest.models.len();
    observer.event(Event::Started { stage: STAGE.into(), total: Some(total as u64) });
    let mut facts = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    for data in contest.data {
        let Parts { train, test } = outer(data.table, contest.tune, seed)?;
        let ruler = Ruler::new(&train, Some(&test), contest.judge, seed.child("compare/judge", 0), observer)?;
        let arena = Arena { contest, data, train: &train, ruler: &ruler, patients: ruler.patients()?, seed };
        facts.push(DataFacts {
            name: data.name.clone(),
            target: data.table.schema().target.clone().unwrap_or_default(),
            positive: ruler.positive().to_owned(),
            training_rows: train.rows(),
            holdout_rows: test.rows(),
            characteristics: Characteristics::of(&train)?,
            holdout: ruler.scores().cloned(),
            best: None,
            alike: Vec::new(),
        });
        for (method, fixed) in contest.models {
            entries.push(arena.entry(method, fixed, &store, observer)?);
            observer.event(Event::Progress { stage: STAGE.into(), done: entries.len() as u64 });
        }
    }
    observer.event(Event::Finished { stage: STAGE.into() });
    Ok(concluded(contest, facts, entries, seed))
}

/// Ranks the entries and tests their differences.
fn concluded(
    contest: &Contest<'_>,
    mut facts: Vec<DataFacts>,
    entries: Vec<Entry>,
    seed: Seed,
) -> Comparison {
    let board = ranking::Board::new(&entries, contest.options.resamples);
    let differences = board.differences();
    for data in &mut facts {
        data.best = board.best(&data.name);
        let unlike = |model: &str| {
            let own = differences.iter().find(|d| d.data.as_deref() == Some(&data.name) && d.model == model);
            own.is_none_or(|d| d.p_holm < ranking::SIGNIFICANT)
        };
        let ran = entries.iter().filter(|e| e.row.data == data.name && e.row.scores.is_some());
        data.alike = ran
            .map(|e| e.row.model.clone())
            .filter(|model| data.best.as_ref() != Some(model) && !unlike(model))
            .collect();
    }
    let (ranking, intervals_over) = board.ranking(seed);
    let (rows, details) = entries.into_iter().map(|entry| (entry.row, entry.detail)).unzip();
    Comparison {
        schema: SCHEMA.into(),
        options: contest.options.clone(),
        data: facts,
        ranking,
        intervals_over,
        rows,
        differences,
        details,
    }
}
