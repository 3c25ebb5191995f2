//! The beats most like given ones: a few marked beats find their kind.
//!
//! Seeds are beats that somebody has looked at and named. Their likeness to other beats is the cosine between
//! features. What is found is a list of candidates to look at, not of labels.

mod report;

use std::path::Path;

use ndarray::ArrayView1;
use paucal_core::files;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::beats::Compat;
use super::error::{EcgError, require};
use super::prepare::Prepared;
use super::split::Side;

pub use self::report::{CandidateView, MineReport, SeedView, report};

/// A beat with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedBeat {
    /// Its `beat_global_id`.
    #[serde(rename = "beat_global_id")]
    pub beat: usize,
    /// What it is.
    #[serde(rename = "label_name")]
    pub label: String,
}

/// Where to look, and for how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MineOptions {
    /// Candidates for each seed.
    pub top: usize,
    /// Only the first so many recordings are searched; 0 searches all.
    pub records: usize,
    /// Whether test patients are searched too.
    pub test: bool,
    /// Candidates of each seed that a report shows.
    pub shown: usize,
}

impl Default for MineOptions {
    fn default() -> Self {
        Self { top: 50, records: 0, test: false, shown: 7 }
    }
}

/// A beat that is like a seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Name of the seed.
    pub seed_label: String,
    /// The seed.
    pub seed_beat_global_id: usize,
    /// The beat.
    pub candidate_beat_global_id: usize,
    /// Cosine between their features, from -1 to 1.
    pub similarity: f32,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Mined {
    /// By name of the seed, then the most similar first.
    pub candidates: Vec<Candidate>,
    /// Seeds that are no beat of this set.
    pub unknown: Vec<usize>,
}

/// Reads seeds: CSV with the columns `beat_global_id` and `label_name`. Rows that lack one are passed over.
pub fn read_seeds(path: &Path) -> Result<Vec<SeedBeat>, EcgError> {
    let text = files::read_text(path)?;
    let wrong = |message: String| {
        EcgError::table(
            "seeds",
            message,
            "write a line 'beat_global_id,label_name', then one line for each seed",
        )
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| wrong(e.to_string()))?.clone();
    let column = |name: &str| {
        header.iter().position(|h| h == name).ok_or_else(|| wrong(format!("there is no column '{name}'")))
    };
    let (beat, label) = (column("beat_global_id")?, column("label_name")?);
    let mut seeds = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| wrong(e.to_string()))?;
        let (beat, label) = (row.get(beat).unwrap_or_default(), row.get(label).unwrap_or_default());
        if beat.is_empty() || label.is_empty() {
            continue;
        }
        let number = beat.parse::<f64>().ok().filter(|v| *v >= 0.0 && v.fract() == 0.0);
        let beat = number.ok_or_else(|| wrong(format!("'{beat}' is no beat_global_id")))? as usize;
        seeds.push(SeedBeat { beat, label: label.to_owned() });
    }
    Ok(seeds)
}

/// Looks for beats like the seeds among those that are not noise. The literal variant counts a seed as its own
/// candidate and searches test patients too.
pub fn mine(prepared: &Prepared, seeds: &[SeedBeat], options: &MineOptions) -> Result<Mined, EcgError> {
    require(options.top > 0, "top", options.top, "at least 1")?;
    let literal = prepared.options.compat() == Compat::Spec;
    let searched = prepared.records.iter().enumerate().filter(|(at, record)| {
        (options.records == 0 || *at < options.records)
            && (literal || options.test || record.side != Side::Test)
    });
    let beats = searched.flat_map(|(_, record)| record.first..record.first + record.beats);
    let pool: Vec<usize> = beats.filter(|&beat| !prepared.beats[beat].noise).collect();
    let norms: Vec<f32> = prepared.features.rows().into_iter().map(|row| norm(&row)).collect();
    let (known, unknown): (Vec<&SeedBeat>, Vec<&SeedBeat>) =
        seeds.iter().partition(|seed| seed.beat < prepared.beats.len());
    let of_seed = |seed: &&SeedBeat| {
        let from = prepared.features.row(seed.beat);
        let others = pool.iter().filter(|&&beat| literal || beat != seed.beat);
        let mut found: Vec<Candidate> = others
            .map(|&beat| {
                let length = norms[seed.beat] * norms[beat];
                let cosine = if length > 0.0 { from.dot(&prepared.features.row(beat)) / length } else { 0.0 };
                Candidate {
                    seed_label: seed.label.clone(),
                    seed_beat_global_id: seed.beat,
                    candidate_beat_global_id: beat,
                    similarity: cosine,
                }
            })
            .collect();
        found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        found.truncate(options.top);
        found
    };
    let mut candidates: Vec<Candidate> = known.par_iter().flat_map_iter(of_seed).collect();
    candidates.sort_by(|a, b| a.seed_label.cmp(&b.seed_label).then(b.similarity.total_cmp(&a.similarity)));
    Ok(Mined { candidates, unknown: unknown.into_iter().map(|seed| seed.beat).collect() })
}

fn norm(row: &ArrayView1<'_, f32>) -> f32 {
    row.dot(row).sqrt()
}
