//! What the verbs print that look at beats.

use std::fmt::Write as _;
use std::path::Path;

use paucal_signal::ecg::audit::{EcgAudit, Severity};
use paucal_signal::ecg::discover::DiscoverReport;
use paucal_signal::ecg::mine::MineReport;
use paucal_signal::ecg::prototypes::PrototypeReport;
use paucal_signal::ecg::stability::Stability;

use super::place;
use crate::printer::text_table;

/// The findings of an audit, the gravest first.
pub fn audited(audit: &EcgAudit, out: Option<&Path>) -> String {
    let mut text = format!(
        "{} recordings of {} patients, {:.1} hours, {} annotated beats\n",
        audit.records.len(),
        audit.patients,
        audit.hours,
        audit.beats
    );
    let rows: Vec<Vec<String>> = audit
        .classes
        .iter()
        .map(|class| {
            let counts = [class.beats, class.records, class.patients].map(|n| n.to_string());
            let largest = format!("{} ({:.0} %)", class.largest_patient, 100.0 * class.largest_patient_share);
            [vec![class.class_name.clone()], counts.to_vec(), vec![largest]].concat()
        })
        .collect();
    if !rows.is_empty() {
        text.push_str(&text_table(&["class", "beats", "recordings", "patients", "largest patient"], &rows));
    }
    for (severity, word) in
        [(Severity::Problem, "problem"), (Severity::Caution, "caution"), (Severity::Note, "note")]
    {
        for finding in audit.of(severity) {
            let _ = writeln!(text, "{word}: {}", finding.sentence);
            if !finding.advice.is_empty() {
                let _ = writeln!(text, "    {}", finding.advice);
            }
        }
    }
    text + &place(out)
}

/// How far prototypes can be trusted.
pub fn prototypes(report: &PrototypeReport, out: &Path) -> String {
    let mut text = format!(
        "{} prototypes: {} suspicious, {} of one patient, {} small\n",
        report.num_prototypes, report.num_suspicious, report.num_single_patient, report.num_small
    );
    let rows: Vec<Vec<String>> = report
        .by_label
        .iter()
        .map(|label| {
            vec![
                label.label_name.clone(),
                label.num_prototypes.to_string(),
                label.total_members.to_string(),
                format!("{:.1} %", 100.0 * label.mean_purity),
                label.num_suspicious.to_string(),
            ]
        })
        .collect();
    text.push_str(&text_table(&["class", "prototypes", "beats", "mean purity", "suspicious"], &rows));
    text + &returning(&report.stability) + &place(Some(out))
}

/// Patterns among beats that were held back.
pub fn discovered(report: &DiscoverReport, out: &Path) -> String {
    let mut text = format!(
        "{} of {} beats were held back; {} clusters, {} with an alert, {} of one patient\n",
        report.unknown_count, report.beats, report.clusters_found, report.alerts, report.single_patient
    );
    let alerts = report.clusters.iter().filter(|cluster| cluster.alert);
    let rows: Vec<Vec<String>> = alerts
        .map(|cluster| {
            let look: Vec<String> =
                cluster.example_beat_ids.iter().take(3).map(ToString::to_string).collect();
            vec![
                cluster.cluster_id.to_string(),
                cluster.size.to_string(),
                cluster.patients.to_string(),
                look.join(" "),
            ]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str(&text_table(&["alert", "beats", "patients", "look at"], &rows));
    }
    text + &returning(&report.stability) + &place(Some(out))
}

/// Beats like given ones.
pub fn mined(report: &MineReport, out: &Path) -> String {
    let rows: Vec<Vec<String>> = report
        .seeds
        .iter()
        .map(|seed| {
            let best = seed.candidates.first().map_or_else(|| "-".into(), |c| format!("{:.3}", c.similarity));
            let beats = [seed.beat, seed.found, seed.patients].map(|n| n.to_string());
            [vec![seed.label.clone()], beats.to_vec(), vec![best]].concat()
        })
        .collect();
    let mut text = text_table(&["seed", "beat", "candidates", "patients", "most similar"], &rows);
    if !report.unknown.is_empty() {
        let _ = writeln!(text, "{} seeds are no beat of this preparation", report.unknown.len());
    }
    text + &place(Some(out))
}

fn returning(stability: &Stability) -> String {
    let Some(mean) = stability.mean else { return String::new() };
    let mut text = String::new();
    let all = stability.overlaps.iter().flatten().count();
    let _ = writeln!(
        text,
        "adjusted Rand index over seeds {mean:.2}; {} of {all} clusters are stable",
        stability.stable()
    );
    text
}
