//! What was mined, to look at: each seed beside the beats most like it.

use std::path::Path;

use paucal_core::files;
use serde::{Deserialize, Serialize};

use super::{Candidate, MineOptions, Mined, SeedBeat};
use crate::ecg::error::EcgError;
use crate::ecg::prepare::Prepared;
use crate::ecg::review::unit;
use crate::ecg::stability::rounded;

/// Name and version of the format of the result.
pub const SCHEMA: &str = "paucal.ecg.mine/1";

/// What was asked and found. The content of `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MineReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// The options.
    pub options: MineOptions,
    /// Beats of the preparation.
    pub beats: usize,
    /// Candidates, a beat counted for each seed it is like.
    pub candidates: usize,
    /// Seeds that are no beat of the preparation.
    pub unknown: Vec<usize>,
    /// Unit of the waves.
    pub unit: String,
    /// Samples per second of the waves.
    pub rate_hz: f64,
    /// Sample of the R peak within a wave.
    pub peak: usize,
    /// The seeds with their candidates, in the order of the file.
    pub seeds: Vec<SeedView>,
}

/// A seed and what is like it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedView {
    /// What it was called.
    pub label: String,
    /// Its `beat_global_id`.
    pub beat: usize,
    /// Its recording.
    pub record: String,
    /// Its patient.
    pub patient: String,
    /// When it is, in seconds from the start of the recording.
    pub time_s: f64,
    /// Its wave.
    pub wave: Vec<f32>,
    /// Its candidates.
    pub found: usize,
    /// Patients of its candidates.
    pub patients: usize,
    /// Candidates by the class they have already; "no class" for those without.
    pub classes: Vec<(String, usize)>,
    /// The most similar candidates, the most similar first: at most [`MineOptions::shown`].
    pub candidates: Vec<CandidateView>,
}

/// A candidate to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateView {
    /// Its `beat_global_id`.
    pub beat: usize,
    /// Its recording.
    pub record: String,
    /// Its patient.
    pub patient: String,
    /// When it is, in seconds from the start of the recording.
    pub time_s: f64,
    /// The class it has already.
    pub class_name: Option<String>,
    /// Cosine with the seed.
    pub similarity: f32,
    /// Its wave.
    pub wave: Vec<f32>,
}

/// Puts each seed beside its candidates.
pub fn report(prepared: &Prepared, seeds: &[SeedBeat], mined: &Mined, options: &MineOptions) -> MineReport {
    let known = seeds.iter().filter(|seed| seed.beat < prepared.beats.len());
    MineReport {
        schema: SCHEMA.into(),
        options: options.clone(),
        beats: prepared.beats.len(),
        candidates: mined.candidates.len(),
        unknown: mined.unknown.clone(),
        unit: unit(prepared).into(),
        rate_hz: prepared.rate,
        peak: prepared.window.before,
        seeds: known.map(|seed| seed_view(prepared, seed, mined, options.shown)).collect(),
    }
}

fn seed_view(prepared: &Prepared, seed: &SeedBeat, mined: &Mined, shown: usize) -> SeedView {
    let own = |c: &&Candidate| c.seed_beat_global_id == seed.beat && c.seed_label == seed.label;
    let candidates: Vec<&Candidate> = mined.candidates.iter().filter(own).collect();
    let mut patients: Vec<usize> =
        candidates.iter().map(|c| prepared.record_of(c.candidate_beat_global_id).patient).collect();
    patients.sort_unstable();
    patients.dedup();
    let mut classes: Vec<(String, usize)> = Vec::new();
    for candidate in &candidates {
        let name = class_name(prepared, candidate.candidate_beat_global_id).unwrap_or("no class".into());
        match classes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => classes.push((name, 1)),
        }
    }
    classes.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
    let (record, patient, time_s) = place(prepared, seed.beat);
    SeedView {
        label: seed.label.clone(),
        beat: seed.beat,
        record,
        patient,
        time_s,
        wave: rounded(prepared.wave(seed.beat)),
        found: candidates.len(),
        patients: patients.len(),
        classes,
        candidates: candidates.iter().take(shown).map(|c| candidate_view(prepared, c)).collect(),
    }
}

fn candidate_view(prepared: &Prepared, candidate: &Candidate) -> CandidateView {
    let beat = candidate.candidate_beat_global_id;
    let (record, patient, time_s) = place(prepared, beat);
    CandidateView {
        beat,
        record,
        patient,
        time_s,
        class_name: class_name(prepared, beat),
        similarity: candidate.similarity,
        wave: rounded(prepared.wave(beat)),
    }
}

/// Recording, patient and time of a beat.
fn place(prepared: &Prepared, beat: usize) -> (String, String, f64) {
    let record = prepared.record_of(beat);
    let time = f64::from(prepared.beats[beat].position) / prepared.rate;
    (record.name.clone(), prepared.patients[record.patient].clone(), time)
}

fn class_name(prepared: &Prepared, beat: usize) -> Option<String> {
    prepared.beats[beat].class.map(|class| prepared.labels.classes[usize::from(class)].name.clone())
}

impl Mined {
    /// Writes `seed_mined_candidates.csv`, with the columns of the first description, into a folder.
    pub fn write(&self, prepared: &Prepared, folder: &Path) -> Result<(), EcgError> {
        let rows = prepared.mined_rows(&self.candidates);
        Ok(files::write_atomic(&folder.join("seed_mined_candidates.csv"), rows.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use paucal_core::{Seed, Silent};

    use super::*;
    use crate::ecg::mine::mine;
    use crate::ecg::prepare::{PrepareOptions, Sources, prepare};
    use crate::formats::discover;

    #[test]
    fn each_seed_stands_beside_its_candidates() {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mitdb-minute");
        let sources = Sources { files: discover(&[data]).unwrap(), ..Sources::default() };
        let prepared = prepare(&sources, &PrepareOptions::default(), Seed(1), &Silent::new()).unwrap();
        let of_class = |name: &str| {
            let class = prepared.labels.classes.iter().position(|c| c.name == name);
            prepared.beats.iter().position(|b| b.class.map(usize::from) == class).unwrap()
        };
        let seed = |beat, label: &str| SeedBeat { beat, label: label.into() };
        let seeds = [seed(of_class("V"), "PVC"), seed(of_class("N"), "normal"), seed(9999, "lost")];
        let options = MineOptions { top: 6, test: true, shown: 4, ..MineOptions::default() };
        let mined = mine(&prepared, &seeds, &options).unwrap();
        let found = report(&prepared, &seeds, &mined, &options);
        assert_eq!((found.seeds.len(), found.candidates, found.unknown.as_slice()), (2, 12, &[9999][..]));
        let pvc = &found.seeds[0];
        assert_eq!((pvc.label.as_str(), pvc.found, pvc.candidates.len(), pvc.patients), ("PVC", 6, 4, 1));
        assert!(pvc.candidates.windows(2).all(|pair| pair[0].similarity >= pair[1].similarity));
        assert_eq!(pvc.classes.iter().map(|(_, n)| n).sum::<usize>(), 6);
        assert_eq!(found.seeds[1].classes[0].0, "N");
        let folder = tempfile::tempdir().unwrap();
        mined.write(&prepared, folder.path()).unwrap();
        let rows = std::fs::read_to_string(folder.path().join("seed_mined_candidates.csv")).unwrap();
        assert!(
            rows.starts_with(
                "seed_label,seed_beat_global_id,candidate_beat_global_id,similarity,source_row,"
            )
        );
        assert_eq!(rows.lines().count(), 13);
    }
}
