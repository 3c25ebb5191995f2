//! What the verbs of `paucal ecg` print.

use std::fmt::Write as _;
use std::path::Path;

use paucal_metrics::Score;
use paucal_signal::ecg::audit::EcgAudit;
use paucal_signal::ecg::benchmark::{Benchmark, DEFAULT};
use paucal_signal::ecg::discover::DiscoverReport;
use paucal_signal::ecg::evaluate::BeatScores;
use paucal_signal::ecg::journey::Journey;
use paucal_signal::ecg::mine::MineReport;
use paucal_signal::ecg::model::{Gated, Judgement, LeakShown, PredictionSummary, Training};
use paucal_signal::ecg::prepare::{LeftOut, Summary};
use paucal_signal::ecg::prototypes::PrototypeReport;
use paucal_signal::ecg::stability::Stability;

use super::{findings, place};
use crate::printer::text_table;

/// Prepared beats.
pub fn prepared(summary: &Summary, out: &Path) -> String {
    let mut text = format!(
        "{} beats of {} recordings, {} flagged as noise\n",
        summary.beats_extracted,
        summary.input_rows - summary.rows_skipped,
        summary.noise_beats
    );
    let rows: Vec<Vec<String>> = summary
        .class_counts_raw
        .iter()
        .map(|(id, beats)| {
            let usable = summary.class_counts_usable.get(id).copied().unwrap_or(0);
            vec![summary.class_names.get(id).unwrap_or(id).clone(), beats.to_string(), usable.to_string()]
        })
        .collect();
    text.push_str(&text_table(&["class", "beats", "usable"], &rows));
    for one in &summary.left_out {
        let _ = writeln!(text, "left out: {}: {}", one.record, one.reason);
    }
    text + &place(Some(out))
}

/// What was learnt, and how good that is on patients held out.
pub fn trained(training: &Training, out: &Path) -> String {
    let mut text = format!("{} learnt from {} patients:", training.model, training.patients);
    for (name, beats) in training.classes.iter().zip(&training.beats) {
        let _ = write!(text, " {beats} {name}");
    }
    text.push('\n');
    if let Some(scores) = &training.validation {
        let _ = writeln!(
            text,
            "\nEach patient predicted by a model that has not met this patient ({} folds):",
            training.folds
        );
        text.push_str(&classes(scores));
    }
    if let Some(scores) = &training.test {
        text.push_str("\nThe test patients, predicted once:\n");
        text.push_str(&classes(scores));
    }
    if let Some(of) = &training.gated {
        text.push_str(&gated(of));
    }
    if let Some(of) = &training.leak {
        text.push_str(&leak(of));
    }
    training.notes.iter().for_each(|note| {
        let _ = writeln!(text, "note: {note}");
    });
    let _ = writeln!(text, "Next: paucal ecg predict {} RECORDINGS --out runs/predicted", out.display());
    text + &place(Some(out))
}

/// A model against annotations.
pub fn judged(judgement: &Judgement, out: Option<&Path>) -> String {
    let mut text = classes(&judgement.beats);
    text.push_str(&gated(&judgement.gated));
    text + &left_out(&judgement.left_out) + &place(out)
}

/// What was said of recordings.
pub fn predicted(result: &PredictionSummary, out: &Path) -> String {
    let names: Vec<&String> = result.classes.keys().collect();
    let header: Vec<&str> = ["record", "beats", "review"]
        .into_iter()
        .chain(names.iter().map(|name| name.as_str()))
        .chain(["mostly"])
        .collect();
    let rows: Vec<Vec<String>> = result
        .strips
        .iter()
        .map(|strip| {
            let counts = names.iter().map(|&name| strip.classes.get(name).copied().unwrap_or(0).to_string());
            [strip.record.clone(), strip.num_beats.to_string(), strip.num_review.to_string()]
                .into_iter()
                .chain(counts)
                .chain([strip.strip_pred_name.clone()])
                .collect()
        })
        .collect();
    let mut text = text_table(&header, &rows);
    let _ = writeln!(
        text,
        "{} of {} beats ({:.1} %) are left to a person",
        result.num_review_flagged,
        result.num_beats_predicted,
        100.0 * result.review_rate
    );
    text + &left_out(&result.left_out) + &place(Some(out))
}

/// The demo in one screen.
pub fn journey(journey: &Journey, out: &Path) -> String {
    let mut text = format!("{}\n\n{}", journey.data, detectors(&journey.detectors, None));
    let _ = writeln!(
        text,
        "\n{} beats of {} recordings were prepared; patients stay on one side of the split.",
        journey.prepared.beats_extracted, journey.prepared.input_rows
    );
    if let Some(scores) = &journey.training.validation {
        let _ =
            writeln!(text, "\nTraining patients, each predicted by a model that has not met this patient:");
        text.push_str(&classes(scores));
    }
    let _ = writeln!(text, "\nTest patients, predicted once:");
    text.push_str(&judged(&journey.judgement, None));
    if let Some(of) = &journey.training.leak {
        text.push_str(&leak(of));
    }
    for shortcut in &journey.shortcuts {
        let _ = writeln!(text, "note: {shortcut}");
    }
    let _ = writeln!(text, "Review queue: {}", out.join("review_queue.html").display());
    text + &place(Some(out))
}

/// What a random split would have promised.
fn leak(of: &LeakShown) -> String {
    let (Some(honest), Some(leaky)) = (of.grouped_macro_f1, of.leaky_random_macro_f1) else {
        return String::new();
    };
    format!(
        "A random split of beats would have promised a macro-F1 of {:.1} % where patients held out give {:.1} % ({}).\n",
        100.0 * leaky,
        100.0 * honest,
        of.method
    )
}

/// The scores of the classes.
fn classes(scores: &BeatScores) -> String {
    let number = |score: &Score| score.value().map_or_else(|| "-".into(), |v| format!("{:.1}", 100.0 * v));
    let mut names: Vec<&String> = scores.confusion.reference.iter().collect();
    names.retain(|name| scores.classes.contains_key(*name));
    let rows: Vec<Vec<String>> = names
        .into_iter()
        .map(|name| {
            let class = &scores.classes[name];
            let interval = class
                .f1_interval
                .as_ref()
                .map_or_else(String::new, |i| format!(" ({:.0} to {:.0})", 100.0 * i.low, 100.0 * i.high));
            vec![
                name.clone(),
                class.support.to_string(),
                class.patients.to_string(),
                number(&class.sensitivity),
                number(&class.ppv),
                number(&class.f1) + &interval,
            ]
        })
        .collect();
    let header = ["class", "beats", "patients", "Se %", "+P %", "F1 % (95 % interval over patients)"];
    let interval = scores
        .macro_f1_interval
        .as_ref()
        .map_or_else(String::new, |i| format!(" ({:.1} to {:.1})", 100.0 * i.low, 100.0 * i.high));
    format!("{}macro-F1 {} %{interval}\n", text_table(&header, &rows), number(&scores.macro_f1))
}

/// What the gates are worth.
fn gated(of: &Gated) -> String {
    let percent = |value: Option<f64>| value.map_or_else(|| "-".into(), |v| format!("{:.2} %", 100.0 * v));
    format!(
        "Review: {} of the beats go to a person; of the others {} are wrong, of all without review {}.\n",
        percent(Some(of.review_rate)),
        percent(of.error_after),
        percent(Some(of.error_before))
    )
}

fn left_out(list: &[LeftOut]) -> String {
    list.iter().map(|one| format!("left out: {}: {}\n", one.record, one.reason)).collect()
}

/// Detectors beside each other.
pub fn detectors(found: &Benchmark, out: Option<&Path>) -> String {
    let percent = |value: Option<f64>| value.map_or_else(|| "-".into(), |v| format!("{:.2} %", 100.0 * v));
    let ms = |value: Option<f64>| value.map_or_else(|| "-".into(), |v| format!("{v:.1}"));
    let rows: Vec<Vec<String>> = found
        .detector
        .iter()
        .filter(|(name, _)| *name != DEFAULT)
        .map(|(name, s)| {
            let shares = [s.f1_150, s.f1_75, s.sensitivity, s.ppv].map(percent);
            [vec![name.clone()], shares.to_vec(), vec![ms(s.bias_ms), ms(s.jitter_ms)]].concat()
        })
        .collect();
    let header = ["detector", "F1 150 ms", "F1 75 ms", "sensitivity", "+P", "bias ms", "jitter ms"];
    let mut text = text_table(&header, &rows);
    text.push_str(&left_out(&found.left_out));
    text + &place(out)
}

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
    let found = audit.findings.iter().map(|f| (f.severity, f.sentence.as_str(), f.advice.as_str()));
    text + &findings(found) + &place(out)
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
