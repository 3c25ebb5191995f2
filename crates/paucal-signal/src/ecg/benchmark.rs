//! Detectors on annotated recordings: how many beats each finds, and how exactly.
//!
//! Beats are matched one to one, the nearest first, within 150 ms (ANSI/AAMI EC57) and within 75 ms
//! ([`matching`](super::matching)). Every recording is read once; one that cannot be used is named and stops none of the
//! others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use paucal_core::{Advice, Event, Observer};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::beats::lead;
use super::detect::{AnyDetector, METHODS};
use super::error::{EcgError, suggest};
use super::matching::{BeatScore, Tolerance, compare, excluded};
use super::prepare::LeftOut;
use super::symbols::is_beat;
use crate::formats::{ReadOptions, Source, read};
use crate::recording::Recording;

/// Name and version of the result's format.
pub const SCHEMA: &str = "paucal.ecg.detectors/1";
/// Name of the stage in progress events.
const STAGE: &str = "detectors";
/// Name under which the default detector is listed besides its own.
pub const DEFAULT: &str = "default";

/// Parameters of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BenchmarkOptions {
    /// Leads by preference; the first channel when none is there. Empty: the first channel.
    pub leads: Vec<String>,
    /// Seconds at the start that do not count, while a detector learns.
    pub learning_s: f64,
    /// Whether stretches of ventricular flutter or fibrillation count; EC57 leaves them out.
    pub flutter: bool,
}

impl Default for BenchmarkOptions {
    fn default() -> Self {
        Self { leads: Vec::new(), learning_s: 0.0, flutter: true }
    }
}

/// Scores of a detector over all recordings together; shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectorScore {
    /// F1 within 150 ms.
    pub f1_150: Option<f64>,
    /// F1 within 75 ms.
    pub f1_75: Option<f64>,
    /// Sensitivity within 150 ms.
    pub sensitivity: Option<f64>,
    /// Positive predictivity (+P, PPV) within 150 ms.
    pub ppv: Option<f64>,
    /// Mean of detected less annotated time within 150 ms, in ms.
    pub bias_ms: Option<f64>,
    /// Standard deviation of the same, in ms.
    pub jitter_ms: Option<f64>,
    /// Annotated beats.
    pub beats: usize,
    /// Annotated beats that were not found within 150 ms.
    pub missed: usize,
    /// Detections without a beat.
    pub extra: usize,
}

/// Scores of the detectors on one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordScores {
    /// The recording.
    pub record: String,
    /// The lead that was used.
    pub lead: String,
    /// By detector.
    pub detector: BTreeMap<String, DetectorScore>,
}

/// Detectors compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Benchmark {
    /// [`SCHEMA`].
    pub schema: String,
    /// The options.
    pub options: BenchmarkOptions,
    /// By name, over all recordings; the default detector also as [`DEFAULT`].
    pub detector: BTreeMap<String, DetectorScore>,
    /// Name of the default detector.
    pub default: String,
    /// By recording.
    pub records: Vec<RecordScores>,
    /// Recordings that could not be used, and why.
    pub left_out: Vec<LeftOut>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// The detectors that are meant by `name`: one, or `all`.
pub fn detectors(name: &str) -> Result<Vec<AnyDetector>, EcgError> {
    let named = |name: &str| AnyDetector::named(if name == DEFAULT { METHODS[0].name } else { name });
    if name == "all" {
        return Ok(METHODS.iter().filter_map(|method| named(method.name)).collect());
    }
    named(name).map(|detector| vec![detector]).ok_or_else(|| {
        let known = METHODS.iter().map(|method| method.name).chain(["all"]);
        EcgError::table("detector", format!("there is no '{name}'"), suggest(name, known))
    })
}

/// What one recording gave: both tolerances for each detector.
struct Compared {
    record: String,
    lead: String,
    scores: Vec<[BeatScore; 2]>,
    warnings: Vec<String>,
}

/// Compares detectors with the annotations of recordings.
///
/// # Errors
/// [`EcgError::NoBeats`] if no recording has annotated beats; [`EcgError::Interrupted`].
pub fn benchmark(
    sources: &[Source],
    reading: &ReadOptions,
    detectors: &[AnyDetector],
    options: &BenchmarkOptions,
    observer: &dyn Observer,
) -> Result<Benchmark, EcgError> {
    observer.event(Event::Started { stage: STAGE.into(), total: Some(sources.len() as u64) });
    let done = AtomicU64::new(0);
    let one = |source: &Source| {
        if observer.cancelled() {
            return Err((source.path.display().to_string(), EcgError::Interrupted));
        }
        let found = read(&source.path, reading)
            .map_err(EcgError::from)
            .and_then(|recording| compare_on(&recording, detectors, options))
            .map_err(|error| (source.path.display().to_string(), error));
        observer
            .event(Event::Progress { stage: STAGE.into(), done: done.fetch_add(1, Ordering::Relaxed) + 1 });
        found
    };
    let found: Vec<_> = sources.par_iter().map(one).collect();
    if observer.cancelled() {
        return Err(EcgError::Interrupted);
    }
    observer.event(Event::Finished { stage: STAGE.into() });
    let (mut compared, mut left_out) = (Vec::new(), Vec::new());
    for result in found {
        match result {
            Ok(one) => compared.push(one),
            Err((record, error)) => {
                left_out.push(LeftOut { record, reason: error.to_string(), hint: error.hint() });
            }
        }
    }
    if compared.is_empty() {
        let first = left_out.first().map(|l| format!("{}: {}", l.record, l.reason));
        return Err(EcgError::NoBeats { records: sources.len(), first });
    }
    Ok(gathered(compared, left_out, detectors, options))
}

/// All detectors on one recording.
fn compare_on(
    recording: &Recording,
    detectors: &[AnyDetector],
    options: &BenchmarkOptions,
) -> Result<Compared, EcgError> {
    let mut warnings = Vec::new();
    let channel = lead::choose(recording, &options.leads, &mut warnings)?;
    let (signal, rate) = (channel.physical(), channel.rate);
    let at = |annotation: &crate::recording::Annotation| {
        let sample = recording.seconds_of(annotation) * rate;
        (sample >= 0.0).then(|| (sample.round() as usize, annotation.symbol().chars().next().unwrap_or(' ')))
    };
    let marks: Vec<(usize, char)> =
        recording.annotations.iter().filter_map(at).filter(|(sample, _)| *sample < signal.len()).collect();
    let beats: Vec<usize> = marks.iter().filter(|(_, symbol)| is_beat(*symbol)).map(|(at, _)| *at).collect();
    if beats.is_empty() {
        let hint =
            "detectors are compared with annotated beats: give recordings with an .atr file, or --annotator";
        return Err(EcgError::recording("it has no annotated beats", hint));
    }
    let learning = (options.learning_s * rate) as usize;
    let flutter = marks.iter().copied().filter(|_| !options.flutter);
    let out = excluded(flutter, signal.len(), learning);
    let score = |detector: &AnyDetector| -> Result<[BeatScore; 2], EcgError> {
        let found = detector.method().detect(&signal, rate)?;
        Ok([Tolerance::STANDARD, Tolerance::STRICT].map(|t| compare(&beats, &found, rate, t, &out).score()))
    };
    Ok(Compared {
        record: recording.id.clone(),
        lead: channel.name.clone(),
        scores: detectors.iter().map(score).collect::<Result<_, _>>()?,
        warnings: warnings.iter().map(|warning| format!("{}: {warning}", recording.id)).collect(),
    })
}

fn gathered(
    compared: Vec<Compared>,
    left_out: Vec<LeftOut>,
    detectors: &[AnyDetector],
    options: &BenchmarkOptions,
) -> Benchmark {
    let names: Vec<&str> = detectors.iter().map(|detector| detector.method().name()).collect();
    let gross = |i: usize| {
        let sum = |tolerance: usize| compared.iter().map(|one| one.scores[i][tolerance]).sum::<BeatScore>();
        DetectorScore::of(&[sum(0), sum(1)])
    };
    let mut detector: BTreeMap<String, DetectorScore> =
        names.iter().enumerate().map(|(i, name)| ((*name).to_owned(), gross(i))).collect();
    let default = METHODS[0].name.to_owned();
    if let Some(score) = detector.get(&default).cloned() {
        detector.insert(DEFAULT.into(), score);
    }
    let by_name = |one: &Compared| -> BTreeMap<String, DetectorScore> {
        names.iter().zip(&one.scores).map(|(name, s)| ((*name).to_owned(), DetectorScore::of(s))).collect()
    };
    let records = compared
        .iter()
        .map(|one| RecordScores {
            record: one.record.clone(),
            lead: one.lead.clone(),
            detector: by_name(one),
        })
        .collect();
    let warnings = compared.into_iter().flat_map(|one| one.warnings).collect();
    Benchmark {
        schema: SCHEMA.into(),
        options: options.clone(),
        detector,
        default,
        records,
        left_out,
        warnings,
    }
}

impl DetectorScore {
    /// From the scores within 150 and within 75 ms.
    fn of([standard, strict]: &[BeatScore; 2]) -> Self {
        Self {
            f1_150: standard.f1(),
            f1_75: strict.f1(),
            sensitivity: standard.sensitivity(),
            ppv: standard.positive_predictivity(),
            bias_ms: standard.bias_ms(),
            jitter_ms: standard.jitter_ms(),
            beats: standard.found + standard.missed,
            missed: standard.missed,
            extra: standard.extra,
        }
    }
}

#[cfg(test)]
mod tests {
    use paucal_core::Silent;

    use super::*;
    use crate::formats::discover;

    #[test]
    fn every_detector_on_a_real_minute() {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mitdb-minute");
        let sources = discover(&[data]).unwrap();
        let all = detectors("all").unwrap();
        let run = || {
            benchmark(&sources, &ReadOptions::default(), &all, &BenchmarkOptions::default(), &Silent::new())
                .unwrap()
        };
        let found = run();
        assert_eq!(found.detector.len(), METHODS.len() + 1);
        assert_eq!(found.detector[DEFAULT], found.detector[&found.default]);
        assert!(found.detector[DEFAULT].f1_150.unwrap() > 0.95, "{:?}", found.detector[DEFAULT]);
        let beats: usize = found.records.iter().map(|r| r.detector[&found.default].beats).sum();
        assert_eq!(beats, found.detector[DEFAULT].beats);
        assert_eq!(run(), found);
    }

    #[test]
    fn unknown_detectors_are_refused_with_what_there_is() {
        let error = detectors("gradiant").unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean 'gradient'?"));
        assert_eq!(detectors("default").unwrap()[0].method().name(), METHODS[0].name);
    }
}
