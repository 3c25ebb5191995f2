//! The files of a discovery, under the names of the first description.
//!
//! | file | what |
//! |---|---|
//! | `new_pattern_clusters.csv` | every cluster, largest first |
//! | `new_pattern_alerts.csv` | those that raise an alert |
//! | `new_pattern_summary.json` | counts |
//! | `cluster_N_centroid.npy` | median wave of cluster N |

use std::path::Path;

use paucal_core::files;
use serde_json::json;

use super::{DiscoverReport, PatternCluster};
use crate::ecg::error::EcgError;
use crate::ecg::listing::{cell, csv, joined};
use crate::formats::numpy::{Array, Values, write_npy};

impl DiscoverReport {
    /// Writes the tables and centroids into a folder.
    pub fn write(&self, folder: &Path) -> Result<(), EcgError> {
        let write = |name: &str, text: &str| files::write_atomic(&folder.join(name), text.as_bytes());
        let alerts = self.clusters.iter().filter(|cluster| cluster.alert);
        write("new_pattern_clusters.csv", &table(self.clusters.iter())?)?;
        write("new_pattern_alerts.csv", &table(alerts)?)?;
        for cluster in &self.clusters {
            let values = Values::F32(cluster.centroid.clone());
            let array = Array { shape: vec![cluster.centroid.len()], values };
            write_npy(&folder.join(format!("cluster_{}_centroid.npy", cluster.cluster_id)), &array)?;
        }
        let summary = json!({
            "unknown_count": self.unknown_count,
            "clusters_found": self.clusters_found,
            "alerts": self.alerts,
            "min_alert_size": self.options.min_alert_size,
            "min_alert_patients": self.options.min_alert_patients,
            "single_patient": self.single_patient,
            "adjusted_rand": self.stability.mean,
        });
        Ok(write("new_pattern_summary.json", &format!("{summary:#}\n"))?)
    }
}

fn table<'a>(clusters: impl Iterator<Item = &'a PatternCluster>) -> Result<String, EcgError> {
    let header = [
        "cluster_id",
        "size",
        "size_ratio",
        "example_beat_ids",
        "alert_flag",
        "patients",
        "records",
        "largest_patient",
        "largest_patient_share",
        "overlap",
        "alert_reasons",
    ];
    let row = |c: &'a PatternCluster| {
        [
            c.cluster_id.to_string(),
            c.size.to_string(),
            c.size_ratio.to_string(),
            joined(&c.example_beat_ids),
            u8::from(c.alert).to_string(),
            c.patients.to_string(),
            c.records.to_string(),
            c.largest_patient.clone(),
            c.largest_patient_share.to_string(),
            cell(c.overlap),
            c.reasons.join("; "),
        ]
    };
    csv(header, clusters.map(row))
}
