//! Predictions as files.
//!
//! | file | what |
//! |---|---|
//! | `beat_predictions.csv` | one row for each beat, in order of `beat_global_id` |
//! | `strip_predictions.csv` | one row for each recording |
//! | `review_beats.npz` | the beats that are left to a person: `beat_global_id`, `waves`, `features`, `rate`; `peak`: sample of the R peak in a wave; `millivolts`: 1 if the waves are in mV |
//!
//! Features of the beats under review are principal components of their own waves and their RR intervals: what
//! is unlike anything known is best described by what it has in common with its kind.

use std::collections::BTreeMap;
use std::path::Path;

use paucal_core::Seed;
use paucal_data::{Kind, Table, Values};
use serde::{Deserialize, Serialize};

use super::{BeatModel, Prediction};
use crate::ecg::columns::Columns;
use crate::ecg::error::EcgError;
use crate::ecg::gate::{Held, REVIEW, REVIEW_NAME};
use crate::ecg::prepare::{FeatureMap, LeftOut, PrepareOptions, Prepared, Shapes};
use crate::ecg::review::unit;
use crate::formats::numpy::{Array, Values as Numbers, write_npz};

/// Name and version of the format of [`PredictionSummary`].
const SCHEMA: &str = "paucal.ecg.predict/1";

/// What was said of one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StripRow {
    /// Its name.
    pub record: String,
    /// Its patient.
    pub patient: String,
    /// The class of most beats that passed the gates, or [`REVIEW_NAME`].
    pub strip_pred_name: String,
    /// Its number, or [`REVIEW`].
    pub strip_pred_label: i32,
    /// Share of all its beats that have this class.
    pub strip_pred_ratio: f64,
    /// Its beats.
    pub num_beats: usize,
    /// Those left to a person.
    pub num_review: usize,
    /// Beats of each class that passed.
    pub classes: BTreeMap<String, usize>,
}

/// Predictions in numbers: the content of the `result.json` of `paucal ecg predict`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionSummary {
    /// Name and version of the format.
    pub schema: String,
    /// Name of the method.
    pub model: String,
    /// Beats.
    pub num_beats_predicted: usize,
    /// Beats left to a person.
    pub num_review_flagged: usize,
    /// Their share.
    pub review_rate: f64,
    /// Why; a beat can have several reasons.
    pub review_reasons: BTreeMap<String, usize>,
    /// Beats of each class that passed the gates.
    pub classes: BTreeMap<String, usize>,
    /// Recordings.
    pub num_strips: usize,
    /// Recordings without a beat that passed.
    pub unknown_strips: usize,
    /// Each recording.
    pub strips: Vec<StripRow>,
    /// Patients that the model has learnt from.
    pub seen_patients: Vec<String>,
    /// Recordings that could not be used.
    pub left_out: Vec<LeftOut>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

impl BeatModel {
    /// Predictions in numbers.
    pub fn summary(&self, prepared: &Prepared, prediction: &Prediction) -> PredictionSummary {
        let strips: Vec<StripRow> = self.strips(prepared, prediction);
        let review = prediction.held().count();
        let mut reasons = BTreeMap::new();
        let mut classes = BTreeMap::new();
        for decision in &prediction.decisions {
            for word in Held::words(decision.held) {
                *reasons.entry(word.to_owned()).or_insert(0) += 1;
            }
            if let Some(class) = decision.class {
                *classes.entry(self.classes()[usize::from(class)].clone()).or_insert(0) += 1;
            }
        }
        PredictionSummary {
            schema: SCHEMA.into(),
            model: self.classifier.name().into(),
            num_beats_predicted: prediction.decisions.len(),
            num_review_flagged: review,
            review_rate: review as f64 / prediction.decisions.len().max(1) as f64,
            review_reasons: reasons,
            classes,
            num_strips: strips.len(),
            unknown_strips: strips.iter().filter(|strip| strip.strip_pred_label == REVIEW).count(),
            strips,
            seen_patients: self.seen_patients(prepared),
            left_out: prepared.left_out.clone(),
            warnings: prepared.warnings.clone(),
        }
    }

    /// What was said of each recording: the vote of its beats that passed the gates.
    fn strips(&self, prepared: &Prepared, prediction: &Prediction) -> Vec<StripRow> {
        let strip = |record: &crate::ecg::prepare::PreparedRecord| {
            let decisions = &prediction.decisions[record.first..record.first + record.beats];
            let mut counts = vec![0_usize; self.classes().len()];
            decisions.iter().filter_map(|d| d.class).for_each(|class| counts[usize::from(class)] += 1);
            let passed: usize = counts.iter().sum();
            // Of equally many, the first class.
            let top = (0..counts.len()).rev().max_by_key(|&class| counts[class]).filter(|_| passed > 0);
            StripRow {
                record: record.name.clone(),
                patient: prepared.patients[record.patient].clone(),
                strip_pred_name: top
                    .map_or_else(|| REVIEW_NAME.into(), |class| self.classes()[class].clone()),
                strip_pred_label: top.map_or(REVIEW, |class| self.labels.id(Some(class as u16))),
                strip_pred_ratio: top.map_or(0.0, |class| counts[class] as f64 / record.beats.max(1) as f64),
                num_beats: record.beats,
                num_review: record.beats - passed,
                classes: self.classes().iter().cloned().zip(counts).filter(|(_, n)| *n > 0).collect(),
            }
        };
        prepared.records.iter().map(strip).collect()
    }

    /// Writes the tables of predictions and the beats under review.
    pub fn write_predictions(
        &self,
        prepared: &Prepared,
        prediction: &Prediction,
        folder: &Path,
    ) -> Result<(), EcgError> {
        let beats = self.beat_table(prepared, prediction)?;
        paucal_data::write(&folder.join("beat_predictions.csv"), &beats)?;
        paucal_data::write(&folder.join("strip_predictions.csv"), &self.strip_table(prepared, prediction)?)?;
        write_review(prepared, prediction, &folder.join("review_beats.npz"), self.seed)
    }

    fn beat_table(&self, prepared: &Prepared, of: &Prediction) -> Result<Table, EcgError> {
        let mut columns = Columns::default();
        let record_of: Vec<usize> = prepared
            .records
            .iter()
            .enumerate()
            .flat_map(|(at, r)| std::iter::repeat_n(at, r.beats))
            .collect();
        let patient = |&record: &usize| Some(prepared.records[record].patient);
        let beats = || prepared.beats.iter();
        let decisions = || of.decisions.iter();
        columns.whole("beat_global_id", (0..prepared.beats.len()).map(|beat| beat as i64));
        let names = prepared.records.iter().map(|record| record.name.clone()).collect();
        columns.level("record", names, record_of.iter().map(|&record| Some(record)));
        columns.level("patient", prepared.patients.clone(), record_of.iter().map(patient));
        columns.whole("beat_index_in_record", beats().map(|beat| i64::from(beat.index)));
        columns.whole("r_index", beats().map(|beat| i64::from(beat.position)));
        let seconds = beats().map(|beat| f64::from(beat.position) / prepared.rate).collect();
        columns.push("time_s", Kind::Numeric { decimals: Some(4) }, Values::Number(seconds));
        columns.real("rr_prev_sec", beats().map(|beat| beat.rr.previous));
        columns.real("rr_next_sec", beats().map(|beat| beat.rr.next));
        let names = || self.classes().to_vec();
        columns.level("record_label_name", names(), beats().map(|beat| beat.class.map(usize::from)));
        columns.whole("pred_label_raw", of.top.iter().map(|&top| i64::from(self.labels.id(Some(top)))));
        columns.level("pred_label_name", names(), of.top.iter().map(|&top| Some(usize::from(top))));
        columns.real("pred_conf", (0..of.top.len()).map(|beat| Some(of.confidence(beat) as f32)));
        for (class, name) in self.classes().iter().enumerate() {
            let column = of.probabilities.column(class);
            columns.real(&format!("p_{name}"), column.iter().map(|&p| Some(p as f32)));
        }
        columns.real("noise_score", beats().map(|beat| Some(beat.noise_score)));
        if let Some(noise) = &of.noise_probability {
            columns.real("noise_prob", noise.iter().map(|&p| Some(p as f32)));
        }
        if let Some(similarity) = &of.similarity {
            columns.real("max_proto_sim", similarity.iter().map(|&s| Some(s as f32)));
        }
        columns.whole("review_flag", decisions().map(|d| i64::from(d.class.is_none())));
        let reasons: Vec<String> = decisions().map(|d| Held::words(d.held).join("; ")).collect();
        let mut levels = reasons.clone();
        levels.sort_unstable();
        levels.dedup();
        levels.retain(|level| !level.is_empty());
        let codes: Vec<Option<usize>> =
            reasons.iter().map(|reason| levels.binary_search(reason).ok()).collect();
        columns.level("review_reasons", levels, codes.into_iter());
        columns.whole("final_label", decisions().map(|d| i64::from(d.id(&self.labels))));
        let mut names = names();
        names.push(REVIEW_NAME.into());
        let last = names.len() - 1;
        columns.level(
            "final_label_name",
            names,
            decisions().map(|d| Some(d.class.map_or(last, usize::from))),
        );
        columns.table(|schema| schema.group = Some("patient".into()))
    }

    fn strip_table(&self, prepared: &Prepared, of: &Prediction) -> Result<Table, EcgError> {
        let strips = self.strips(prepared, of);
        let mut columns = Columns::default();
        let each = || strips.iter();
        columns.level("record", each().map(|s| s.record.clone()).collect(), (0..strips.len()).map(Some));
        let patients = prepared.records.iter().map(|record| Some(record.patient));
        columns.level("patient", prepared.patients.clone(), patients);
        columns.whole("strip_pred_label", each().map(|s| i64::from(s.strip_pred_label)));
        let mut names = self.classes().to_vec();
        names.push(REVIEW_NAME.into());
        let codes: Vec<Option<usize>> =
            each().map(|s| names.iter().position(|name| *name == s.strip_pred_name)).collect();
        columns.level("strip_pred_name", names, codes.into_iter());
        columns.real("strip_pred_ratio", each().map(|s| Some(s.strip_pred_ratio as f32)));
        columns.whole("num_beats", each().map(|s| s.num_beats as i64));
        columns.whole("num_review", each().map(|s| s.num_review as i64));
        for name in self.classes() {
            let count = |s: &StripRow| s.classes.get(name).copied().unwrap_or(0) as i64;
            columns.whole(&format!("num_{name}"), each().map(count));
        }
        columns.table(|schema| schema.group = Some("patient".into()))
    }
}

/// Writes the beats that are left to a person.
fn write_review(prepared: &Prepared, of: &Prediction, path: &Path, seed: Seed) -> Result<(), EcgError> {
    let held: Vec<usize> = of.held().collect();
    let length = prepared.window.length();
    let waves: Vec<f32> = held.iter().flat_map(|&beat| prepared.wave(beat)).copied().collect();
    let rr: Vec<_> = held.iter().map(|&beat| prepared.beats[beat].rr).collect();
    let shapes = Shapes { waves: &waves, length, rr: &rr };
    let rows: Vec<usize> = (0..held.len()).collect();
    let map = FeatureMap::fit(shapes, &rows, |_| false, &PrepareOptions::default(), seed)?;
    let features = map.transform(shapes);
    let array = |shape: Vec<usize>, values| Array { shape, values };
    let ids = held.iter().map(|&beat| beat as i32).collect();
    let features =
        array(vec![held.len(), features.ncols()], Numbers::F32(features.iter().copied().collect()));
    let arrays = [
        ("beat_global_id".to_owned(), array(vec![held.len()], Numbers::I32(ids))),
        ("waves".to_owned(), array(vec![held.len(), length], Numbers::F32(waves))),
        ("features".to_owned(), features),
        ("rate".to_owned(), array(vec![1], Numbers::F64(vec![prepared.rate]))),
        ("peak".to_owned(), array(vec![1], Numbers::I32(vec![prepared.window.before as i32]))),
        ("millivolts".to_owned(), array(vec![1], Numbers::I32(vec![i32::from(unit(prepared) == "mV")]))),
    ];
    Ok(write_npz(path, &arrays)?)
}
