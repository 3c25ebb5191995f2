//! The tables of a check, under the names of the first description.
//!
//! | file | what |
//! |---|---|
//! | `prototype_validation_detail.csv` | every prototype, the suspicious ones first |
//! | `prototype_suspicious.csv` | the suspicious ones |
//! | `prototype_validation_by_label.csv` | sums by class |
//! | `prototype_validation_summary.json` | counts and thresholds |

use std::path::Path;

use paucal_core::files;
use serde_json::json;

use super::{LabelCheck, PrototypeCheck, PrototypeReport};
use crate::ecg::error::EcgError;
use crate::ecg::listing::{cell, csv, joined};

impl PrototypeReport {
    /// Writes the four tables into a folder.
    pub fn write(&self, folder: &Path) -> Result<(), EcgError> {
        let write = |name: &str, text: &str| files::write_atomic(&folder.join(name), text.as_bytes());
        let suspicious = self.prototypes.iter().filter(|prototype| prototype.suspicious);
        write("prototype_validation_detail.csv", &detail(self.prototypes.iter())?)?;
        write("prototype_suspicious.csv", &detail(suspicious)?)?;
        write("prototype_validation_by_label.csv", &by_label(&self.by_label)?)?;
        let summary = json!({
            "num_prototypes": self.num_prototypes,
            "num_suspicious": self.num_suspicious,
            "labels_seen": self.labels_seen,
            "thresholds": {
                "min_size": self.options.min_size,
                "min_purity": self.options.min_purity,
                "max_noise_ratio": self.options.max_noise_ratio,
            },
            "num_small": self.num_small,
            "num_single_patient": self.num_single_patient,
            "num_not_held": self.num_not_held,
            "adjusted_rand": self.stability.mean,
        });
        Ok(write("prototype_validation_summary.json", &format!("{summary:#}\n"))?)
    }
}

fn detail<'a>(prototypes: impl Iterator<Item = &'a PrototypeCheck>) -> Result<String, EcgError> {
    let header = [
        "prototype_id",
        "size",
        "dominant_label",
        "label_mix_top3",
        "rr_prev_mean",
        "rr_next_mean",
        "example_beat_ids",
        "purity",
        "noise_ratio",
        "dominant_label_name",
        "suspicious",
        "label_mix",
        "purity_low",
        "purity_high",
        "held_out_beats",
        "held_out_purity",
        "not_held",
        "patients",
        "largest_patient",
        "largest_patient_share",
        "overlap",
        "small",
        "single_patient",
        "reasons",
    ];
    let row = |p: &'a PrototypeCheck| {
        [
            p.prototype_id.to_string(),
            p.size.to_string(),
            p.dominant_label.to_string(),
            p.label_mix.split(';').take(3).collect::<Vec<_>>().join(";"),
            p.rr_prev_mean.to_string(),
            p.rr_next_mean.to_string(),
            joined(&p.example_beat_ids),
            p.purity.to_string(),
            p.noise_ratio.to_string(),
            p.dominant_label_name.clone(),
            p.suspicious.to_string(),
            p.label_mix.clone(),
            p.purity_interval.low.to_string(),
            p.purity_interval.high.to_string(),
            p.held_out_beats.to_string(),
            cell(p.held_out_purity),
            p.not_held.to_string(),
            p.patients.to_string(),
            p.largest_patient.clone(),
            p.largest_patient_share.to_string(),
            cell(p.overlap),
            p.small.to_string(),
            p.single_patient.to_string(),
            p.reasons.join(";"),
        ]
    };
    csv(header, prototypes.map(row))
}

fn by_label(labels: &[LabelCheck]) -> Result<String, EcgError> {
    let header = [
        "label",
        "label_name",
        "num_prototypes",
        "total_members",
        "mean_purity",
        "num_suspicious",
        "num_small",
        "num_single_patient",
    ];
    let row = |l: &LabelCheck| {
        [
            l.label.to_string(),
            l.label_name.clone(),
            l.num_prototypes.to_string(),
            l.total_members.to_string(),
            l.mean_purity.to_string(),
            l.num_suspicious.to_string(),
            l.num_small.to_string(),
            l.num_single_patient.to_string(),
        ]
    };
    csv(header, labels.iter().map(row))
}
