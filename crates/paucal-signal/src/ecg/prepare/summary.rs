//! The preparation in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LeftOut, Prepared};
use crate::ecg::quality::Reasons;
use crate::ecg::split::Side;

/// Name and version of the format of `summary.json`.
pub const SCHEMA: &str = "paucal.ecg.prepare.summary/1";

/// The content of `summary.json`. Classes are keyed by their number in `labels.npy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: String,
    /// Recordings that were read or tried.
    pub input_rows: usize,
    /// Recordings that were left out.
    pub rows_skipped: usize,
    /// Beats.
    pub beats_extracted: usize,
    /// Samples of a beat.
    pub beat_length: usize,
    /// Beats flagged as noise.
    pub noise_beats: usize,
    /// Other beats.
    pub usable_beats: usize,
    /// Beats of each class.
    pub class_counts_raw: BTreeMap<String, usize>,
    /// Beats of each class that are not noise.
    pub class_counts_usable: BTreeMap<String, usize>,
    /// Context windows.
    pub context_samples: usize,
    /// Slots of a context window.
    pub context_window_size: usize,
    /// Label-free clusters.
    pub global_clusters: usize,
    /// Prototypes.
    pub prototype_count: usize,
    /// Whether beats like given ones were looked for.
    pub seed_mining_enabled: bool,
    /// Names of the classes.
    pub class_names: BTreeMap<String, String>,
    /// Recordings, patients and beats of each side.
    pub sides: BTreeMap<String, SideSummary>,
    /// Beats flagged as noise for each reason; a beat can have several.
    pub noise_reasons: BTreeMap<String, usize>,
    /// Share of the beats of each class that are flagged: rare classes should not be flagged more often.
    pub noise_share_by_class: BTreeMap<String, f64>,
    /// Whether some labels are those of whole recordings.
    pub weak_labels: bool,
    /// Recordings that were left out, and why.
    pub left_out: Vec<LeftOut>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// One side of the split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideSummary {
    /// Its recordings.
    pub records: usize,
    /// Its patients.
    pub patients: usize,
    /// Its beats.
    pub beats: usize,
    /// Its beats of each class that are not noise.
    pub class_counts_usable: BTreeMap<String, usize>,
}

impl Prepared {
    /// The preparation in numbers.
    pub fn summary(&self) -> Summary {
        let keyed = |counts: Vec<usize>| -> BTreeMap<String, usize> {
            let present = self.labels.classes.iter().zip(counts).filter(|(_, n)| *n > 0);
            present.map(|(class, n)| (class.id.to_string(), n)).collect()
        };
        let usable = self.class_counts(None, |beat| !beat.noise);
        let raw = self.class_counts(None, |_| true);
        let flagged = |(at, class): (usize, &crate::ecg::labels::Class)| {
            let share = 1.0 - usable[at] as f64 / raw[at].max(1) as f64;
            (raw[at] > 0).then(|| (class.id.to_string(), share))
        };
        let reason = |&(bit, word): &(u8, &str)| {
            let beats = self.beats.iter().filter(|b| b.noise && b.reasons & bit != 0).count();
            (beats > 0).then(|| (word.to_owned(), beats))
        };
        let noise = self.beats.iter().filter(|beat| beat.noise).count();
        Summary {
            schema: SCHEMA.to_owned(),
            input_rows: self.records.len() + self.left_out.len(),
            rows_skipped: self.left_out.len(),
            beats_extracted: self.beats.len(),
            beat_length: self.window.length(),
            noise_beats: noise,
            usable_beats: self.beats.len() - noise,
            noise_share_by_class: self.labels.classes.iter().enumerate().filter_map(flagged).collect(),
            class_counts_raw: keyed(raw.clone()),
            class_counts_usable: keyed(usable.clone()),
            context_samples: self.windows.len(),
            context_window_size: self.windows.width(),
            global_clusters: self.map.clusters.nrows(),
            prototype_count: self.prototypes.len(),
            seed_mining_enabled: self.mined.is_some(),
            class_names: self.labels.classes.iter().map(|c| (c.id.to_string(), c.name.clone())).collect(),
            sides: Side::ALL.iter().map(|&side| (side.name().to_owned(), self.side(side, keyed))).collect(),
            noise_reasons: Reasons::WORDS.iter().filter_map(reason).collect(),
            weak_labels: self.records.iter().any(|record| record.weak),
            left_out: self.left_out.clone(),
            warnings: self.warnings.clone(),
        }
    }

    fn side(&self, side: Side, keyed: impl Fn(Vec<usize>) -> BTreeMap<String, usize>) -> SideSummary {
        let records = || self.records.iter().filter(|record| record.side == side);
        let mut patients: Vec<usize> = records().map(|record| record.patient).collect();
        patients.sort_unstable();
        patients.dedup();
        SideSummary {
            records: records().count(),
            patients: patients.len(),
            beats: records().map(|record| record.beats).sum(),
            class_counts_usable: keyed(self.class_counts(Some(side), |beat| !beat.noise)),
        }
    }
}
