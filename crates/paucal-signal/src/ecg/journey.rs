//! The whole journey over some recordings: audit, detect, prepare, train, predict, judge. What `paucal demo ecg`
//! shows.

use std::path::Path;

use paucal_core::{Observer, Seed};
use serde::{Deserialize, Serialize};

use super::audit::{AuditOptions, EcgAudit, audit};
use super::benchmark::{Benchmark, BenchmarkOptions, benchmark, detectors};
use super::classify::BeatClassifier;
use super::error::EcgError;
use super::model::{
    BeatModel, Division, Judgement, Prediction, PredictionSummary, TrainOptions, Training, train,
};
use super::prepare::{PrepareOptions, Prepared, Sources, Summary, prepare};
use super::split::Side;
use crate::formats::discover;

/// Name and version of the format of [`Journey`].
pub const SCHEMA: &str = "paucal.demo.ecg/1";

/// What the journey should do.
pub struct Itinerary<'a> {
    /// Audit options.
    pub audit: &'a AuditOptions,
    /// How detectors are compared.
    pub detectors: &'a BenchmarkOptions,
    /// How beats are prepared.
    pub prepare: &'a PrepareOptions,
    /// What learns.
    pub classifier: &'a dyn BeatClassifier,
    /// How it is trained.
    pub train: &'a TrainOptions,
}

/// The outcome, as it stands in `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the data.
    pub data: String,
    /// What the audit found.
    pub audit: EcgAudit,
    /// Detectors beside each other.
    pub detectors: Benchmark,
    /// The prepared beats.
    pub prepared: Summary,
    /// What was learnt from the training side.
    pub training: Training,
    /// What was said of the test patients.
    pub predicted: PredictionSummary,
    /// How right that was.
    pub judgement: Judgement,
    /// What was left out or simplified, in plain words.
    pub shortcuts: Vec<String>,
}

/// What the journey leaves behind besides its story.
pub struct Baggage {
    /// All prepared beats.
    pub prepared: Prepared,
    /// The model.
    pub model: BeatModel,
    /// The beats of the test patients.
    pub tested: Prepared,
    /// What the model says of them.
    pub prediction: Prediction,
}

/// Travels over the recordings of a folder.
pub fn travel(
    folder: &Path,
    itinerary: &Itinerary<'_>,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<(Journey, Baggage), EcgError> {
    let sources = Sources { files: discover(&[folder])?, ..Sources::default() };
    let audit = audit(&sources, itinerary.audit, observer)?;
    let all = detectors("all")?;
    let detectors = benchmark(&sources.files, &sources.read, &all, itinerary.detectors, observer)?;
    let prepared = prepare(&sources, itinerary.prepare, seed, observer)?;
    let (model, training) =
        train(prepared.clone(), Division::Sides, itinerary.classifier, itinerary.train, seed, observer)?;
    let test: Vec<&str> =
        prepared.records.iter().filter(|r| r.side == Side::Test).map(|record| record.name.as_str()).collect();
    let named = |source: &&crate::formats::Source| {
        source.path.file_stem().is_some_and(|stem| test.contains(&stem.to_string_lossy().as_ref()))
    };
    let files = sources.files.iter().filter(named).cloned().collect();
    let tested = model.cut(&Sources { files, ..sources.clone() }, observer)?;
    let prediction = model.predict(&tested)?;
    let judgement = model.judge(&tested, &prediction, &itinerary.train.bootstrap, seed)?;
    let journey = Journey {
        schema: SCHEMA.into(),
        data: String::new(),
        audit,
        detectors,
        prepared: prepared.summary(),
        training,
        predicted: model.summary(&tested, &prediction),
        judgement,
        shortcuts: Vec::new(),
    };
    Ok((journey, Baggage { prepared, model, tested, prediction }))
}
