//! What the verbs of `paucal ecg` print.

use std::fmt::Write as _;
use std::path::Path;

use paucal_metrics::Score;
use paucal_signal::ecg::benchmark::{Benchmark, DEFAULT};
use paucal_signal::ecg::evaluate::BeatScores;
use paucal_signal::ecg::model::{Gated, Judgement, PredictionSummary, Training};
use paucal_signal::ecg::prepare::{LeftOut, Summary};

use super::place;
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
    if let Some(leak) = &training.leak
        && let (Some(honest), Some(leaky)) = (leak.grouped_macro_f1, leak.leaky_random_macro_f1)
    {
        let _ = writeln!(
            text,
            "A random split of beats would have promised a macro-F1 of {leaky:.3} where patients held out give \
             {honest:.3} ({}).",
            leak.method
        );
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
