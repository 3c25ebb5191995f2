//! The short results that commands print: what a person wants to know first, and where the rest is.

pub mod ecg;

use std::fmt::Write as _;
use std::path::Path;

use paucal_core::Severity;
use paucal_evidence::verdict::{ArmVerdict, Metric, Outcome};
use paucal_metrics::Score;
use paucal_table::audit::AuditReport;
use paucal_table::compare::Comparison;
use paucal_table::journey::Journey;
use paucal_table::judge::{Judgement, Scores};
use paucal_table::prove::Proof;
use paucal_table::tune::Tuning;

use crate::printer::text_table;

/// The findings of an audit, the gravest first.
pub fn audit(report: &AuditReport, out: Option<&Path>) -> String {
    let mut text = format!("{} rows, {} columns\n", report.rows, report.columns.len());
    if let Some(target) = &report.target {
        let (positive, rows) = (&target.positive, target.positives);
        let _ = writeln!(text, "target {}, positive class '{positive}' ({rows} rows)", target.column);
    }
    let columns: Vec<Vec<String>> = report
        .columns
        .iter()
        .map(|c| vec![c.name.clone(), c.kind.clone(), c.missing.to_string(), c.distinct.to_string()])
        .collect();
    text.push_str(&text_table(&["column", "kind", "missing", "distinct"], &columns));
    let found = report.findings.iter().map(|f| (f.severity, f.sentence.as_str(), f.advice.as_str()));
    text + &findings(found) + &place(out)
}

/// Findings, the gravest first, each with what to do about it.
fn findings<'a>(found: impl Iterator<Item = (Severity, &'a str, &'a str)>) -> String {
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(severity, ..)| *severity);
    let mut text = String::new();
    for (severity, sentence, advice) in found {
        let _ = writeln!(text, "{}: {sentence}", severity.word());
        if !advice.is_empty() {
            let _ = writeln!(text, "    {advice}");
        }
    }
    text
}

/// The scores of synthetic rows beside those of real held-out rows.
pub fn judgement(judgement: &Judgement, out: Option<&Path>) -> String {
    let mut text = format!("Predicting {}, positive class '{}'\n", judgement.target, judgement.positive);
    let columns = [("synthetic", Some(&judgement.scores)), ("real held-out", judgement.holdout.as_ref())];
    text.push_str(&score_table("", &columns));
    if let Some(validity) = &judgement.validity {
        let _ = writeln!(text, "constraints kept: {:.1} % of the synthetic rows", 100.0 * validity.kept);
        for broken in &validity.broken {
            let noun = if broken.rows == 1 { "row" } else { "rows" };
            let _ = writeln!(text, "    {} is broken by {} {noun}", broken.rule, broken.rows);
        }
    }
    judgement.limits.iter().for_each(|limit| {
        let _ = writeln!(text, "note: {limit}");
    });
    text + &place(out)
}

/// The verdict of a proof.
pub fn proof(proof: &Proof, out: Option<&Path>) -> String {
    let rows: Vec<Vec<String>> = proof.verdict.arms.iter().map(arm).collect();
    let table = text_table(&["arm", "AUPRC", "sensitivity", "difference (95 % interval)", "verdict"], &rows);
    format!("{}\n{table}{}", proof.verdict.summary, place(out))
}

/// What a search found, and what is left of it on patients it never saw.
pub fn tuning(tuning: &Tuning, out: &Path) -> String {
    let best = tuning.trials.iter().find(|trial| trial.number == tuning.best).and_then(|trial| trial.value);
    let mut text = format!(
        "{} trials of {}; the best is number {} with an objective of {}\n",
        tuning.trials.len(),
        tuning.model,
        tuning.best,
        best.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
    );
    let columns = [
        ("tuned", Some(&tuning.tuned.scores)),
        ("default", Some(&tuning.default.scores)),
        ("real held-out", tuning.tuned.holdout.as_ref()),
    ];
    text.push_str(&score_table("on patients no trial has seen", &columns));
    let _ = writeln!(text, "Next: paucal table sample {} -n 500 -o synthetic.csv", out.display());
    text + &place(Some(out))
}

/// Who is best, and on what it rests.
pub fn comparison(comparison: &Comparison, out: &Path) -> String {
    let interval = |value: Option<f64>, low: Option<(f64, f64)>, decimals: usize| match (value, low) {
        (Some(value), Some((low, high))) => {
            format!("{value:.decimals$} ({low:.decimals$} to {high:.decimals$})")
        }
        (Some(value), None) => format!("{value:.decimals$}"),
        (None, _) => "failed".into(),
    };
    let rows: Vec<Vec<String>> = comparison
        .ranking
        .iter()
        .map(|rank| {
            vec![
                rank.model.clone(),
                interval(Some(rank.mean_rank), rank.mean_rank_interval.map(|i| (i.low, i.high)), 1),
                interval(rank.objective, rank.objective_interval.map(|i| (i.low, i.high)), 3),
                format!("{:.0} %", 100.0 * rank.first_share),
                rank.failures.to_string(),
            ]
        })
        .collect();
    let header =
        ["generator", "mean rank (95 % interval)", "objective (95 % interval)", "first in", "failed"];
    let mut text = text_table(&header, &rows);
    for data in &comparison.data {
        let Some(best) = &data.best else { continue };
        let real = data.holdout.as_ref().and_then(|held| held.objective.score.value());
        let real = real.map_or_else(String::new, |real| format!("; real held-out rows {real:.3}"));
        let alike = if data.alike.is_empty() {
            "better than all others".to_owned()
        } else {
            format!("not to be told from {}", data.alike.join(", "))
        };
        let _ = writeln!(text, "{}: {best} is best, {alike}{real}", data.name);
    }
    for row in &comparison.rows {
        if let Some(reason) = &row.failed {
            let _ = writeln!(text, "{} failed on {}: {reason}", row.model, row.data);
        }
    }
    text + &place(Some(out))
}

/// The demo in one screen.
pub fn journey(journey: &Journey, out: &Path) -> String {
    let pick = |scores: &Scores| SHORT.map(|(_, pick)| number(pick(scores), 3));
    let mut rows: Vec<Vec<String>> = Vec::new();
    if let Some(real) = journey.judgements.first().and_then(|j| j.judgement.holdout.as_ref()) {
        rows.push([vec!["real held-out patients".to_owned()], pick(real).to_vec()].concat());
    }
    rows.extend(
        journey
            .judgements
            .iter()
            .map(|j| [vec![j.model.clone()], pick(&j.judgement.scores).to_vec()].concat()),
    );
    let header: Vec<&str> = std::iter::once("generator").chain(SHORT.map(|(name, _)| name)).collect();
    let mut text =
        format!("{}\n\n{}\n{}", journey.data, text_table(&header, &rows), proof(&journey.proof, None));
    for shortcut in &journey.shortcuts {
        let _ = writeln!(text, "note: {shortcut}");
    }
    text + &place(Some(out))
}

type Pick = fn(&Scores) -> &Score;

/// What `judge` prints, with the number of decimals.
const SCORES: [(&str, usize, Pick); 12] = [
    ("objective (0.6 similarity + 0.4 accuracy)", 3, |s| &s.objective.score),
    ("similarity", 3, |s| &s.objective.similarity),
    ("accuracy", 3, |s| &s.objective.accuracy),
    ("univariate fidelity", 3, |s| &s.fidelity.univariate),
    ("bivariate fidelity", 3, |s| &s.fidelity.bivariate),
    ("told from real rows (AUC, 0.5 is best)", 3, |s| &s.fidelity.c2st),
    ("train real, test real: macro-F1", 3, |s| &s.utility.headline.trtr.macro_f1),
    ("train synthetic, test real: macro-F1", 3, |s| &s.utility.headline.tstr.macro_f1),
    ("train synthetic, test real: minority recall", 3, |s| &s.utility.headline.tstr.minority_recall),
    ("closer to training rows (0.5 is best)", 3, |s| &s.privacy.dcr_closer_to_train),
    ("exact copies", 0, |s| &s.privacy.exact_copies),
    ("membership attack (AUC, 0.5 is best)", 3, |s| &s.privacy.membership_auc),
];

/// What the demo prints.
const SHORT: [(&str, Pick); 6] = [
    ("objective", |s| &s.objective.score),
    ("similarity", |s| &s.objective.similarity),
    ("told apart", |s| &s.fidelity.c2st),
    ("TSTR macro-F1", |s| &s.utility.headline.tstr.macro_f1),
    ("TSTR recall", |s| &s.utility.headline.tstr.minority_recall),
    ("membership", |s| &s.privacy.membership_auc),
];

/// [`SCORES`], one column per table that was scored.
fn score_table(corner: &str, columns: &[(&str, Option<&Scores>)]) -> String {
    let rows = SCORES.map(|(name, decimals, pick)| {
        let cell = |scores: Option<&Scores>| scores.map_or_else(|| "-".into(), |s| number(pick(s), decimals));
        std::iter::once(name.to_owned()).chain(columns.iter().map(|(_, scores)| cell(*scores))).collect()
    });
    let header: Vec<&str> = std::iter::once(corner).chain(columns.iter().map(|(name, _)| *name)).collect();
    text_table(&header, &rows)
}

fn number(score: &Score, decimals: usize) -> String {
    score.value().map_or_else(|| "not computed".into(), |value| format!("{value:.decimals$}"))
}

fn arm(arm: &ArmVerdict) -> Vec<String> {
    let mean = |metric: Metric| {
        let summary = arm.scores.iter().find(|summary| summary.metric == metric);
        summary.and_then(|s| s.mean.value()).map_or_else(|| "-".to_owned(), |mean| format!("{mean:.3}"))
    };
    let difference = arm
        .comparison
        .as_ref()
        .and_then(|c| c.difference.as_ref())
        .map_or_else(|| "-".to_owned(), |d| format!("{:+.3} ({:+.3} to {:+.3})", d.mean, d.low, d.high));
    vec![
        arm.arm.clone(),
        mean(Metric::Auprc),
        mean(Metric::Sensitivity),
        difference,
        outcome(arm.outcome).into(),
    ]
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Baseline => "baseline",
        Outcome::Helped => "helped",
        Outcome::DidNotHelp => "did not help",
        Outcome::Harmed => "harmed",
        Outcome::CannotTell => "cannot tell",
        Outcome::Failed => "failed",
    }
}

fn place(out: Option<&Path>) -> String {
    out.map_or_else(String::new, |out| format!("Report: {}\n", out.join("report.html").display()))
}
