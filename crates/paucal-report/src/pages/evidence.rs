//! Evidence: did augmentation help on patients never seen?

use paucal_evidence::verdict::{ArmVerdict, Comparison, Metric, Outcome};
use paucal_table::prove::Proof;

use super::score;
use crate::document::{Answer, Better, Cell, Column, Compose, Figure, Section, Table, Text, Verdict};
use crate::figure::{ForestPlot, ForestRow};
use crate::number::{self, Estimate};

/// The section.
pub fn section(proof: &Proof) -> Section {
    let verdict = &proof.verdict;
    let section = Section::new("evidence", "Evidence: did augmentation help?")
        .paragraph(design(proof))
        .maybe(forest(proof))
        .verdicts(compared(proof).map(|(arm, _)| line(arm)))
        .table(tests(proof))
        .table(scores(proof))
        .table(arms(proof));
    let section = verdict
        .warnings
        .iter()
        .fold(section, |section, warning| section.caution("Keep in mind", warning.as_str()));
    let failed: Vec<Text> = verdict.arms.iter().flat_map(failures).collect();
    if failed.is_empty() { section } else { section.paragraph("Cells without a result:").list(failed) }
}

fn design(proof: &Proof) -> Text {
    let verdict = &proof.verdict;
    let units = match &proof.group {
        Some(group) => {
            Text::new().plain("Rows with the same ").code(group).plain(" stay on one side of every split. ")
        }
        None => Text::new().plain("No group column was given, so every row counts as a patient of its own. "),
    };
    units.marked_on(&format!(
        "{} rows, {} of them positive, were split into {} stratified folds {} times, each time with other splits and \
         seeds. Every arm trained the same random forest in the same {} cells. The primary measure is AUPRC, the area \
         under the precision–recall curve; guessing scores {}. Intervals and p-values of the difference are \
         Nadeau–Bengio's [@nadeau], corrected over the arms by Holm's method [@holm].",
        number::count(verdict.rows),
        number::count(verdict.positives),
        proof.folds,
        proof.repeats,
        proof.folds * proof.repeats,
        number::fixed(verdict.prevalence, 3),
    ))
}

/// The arms that have a comparison.
fn compared(proof: &Proof) -> impl Iterator<Item = (&ArmVerdict, &Comparison)> {
    proof.verdict.arms.iter().filter_map(|arm| Some((arm, arm.comparison.as_ref()?)))
}

fn estimate(comparison: &Comparison) -> Option<Estimate> {
    comparison.difference.as_ref().map(|d| Estimate::new(d.mean, d.low, d.high))
}

fn forest(proof: &Proof) -> Option<Figure> {
    let rows: Vec<ForestRow> = compared(proof)
        .filter(|(_, comparison)| !comparison.same_ranking)
        .filter_map(|(arm, comparison)| {
            let note = comparison.p_holm.map_or_else(String::new, number::p_value);
            Some(ForestRow::new(&arm.arm, estimate(comparison)?).note(note))
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let plot = ForestPlot::new(format!("Difference in AUPRC against '{}'", proof.verdict.baseline))
        .sides("worse than nothing", "augmentation better")
        .margin(proof.verdict.options.margin)
        .rows(rows);
    Some(Figure::new(
        "forest",
        "Difference in AUPRC against doing nothing, with 95% Nadeau–Bengio intervals and Holm-corrected p-values. \
         Within the grey band a difference is too small to matter. Arms that change only the decision threshold \
         have no difference to show.",
        proof.verdict.summary.as_str(),
        plot.draw(),
    ))
}

/// One line of the verdict.
pub fn line(arm: &ArmVerdict) -> Verdict {
    let answer = match arm.outcome {
        Outcome::Helped => Answer::Yes,
        Outcome::DidNotHelp | Outcome::Harmed => Answer::No,
        Outcome::CannotTell => Answer::Unclear,
        Outcome::Baseline | Outcome::Failed => Answer::NotAssessed,
    };
    let verdict = Verdict::new(format!("Did {} help?", arm.arm), answer, words(arm.outcome));
    if arm.sentences.is_empty() { verdict } else { verdict.evidence(arm.sentences.join(" ").as_str()) }
}

/// The outcome in words.
pub fn words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Baseline => "Baseline",
        Outcome::Helped => "Helped",
        Outcome::DidNotHelp => "Did not help",
        Outcome::Harmed => "Harmed",
        Outcome::CannotTell => "Cannot tell",
        Outcome::Failed => "Failed",
    }
}

fn tests(proof: &Proof) -> Table {
    let missing = "too few cells";
    Table::new(
        "tests",
        "Each arm against the baseline: difference in AUPRC and the tests of it.",
        [
            Column::new("Arm"),
            Column::new("Difference (95% interval)").better(Better::Higher),
            Column::new("Nadeau–Bengio p"),
            Column::new("Holm p"),
            Column::new("Sign-flip p"),
            Column::new("Wilcoxon p"),
            Column::new("Over patients (bootstrap)").better(Better::Higher),
            Column::new("Positives found only with / only without it"),
            Column::new("McNemar p"),
            Column::new("Detectable difference"),
            Column::new("Verdict"),
        ],
    )
    .rows(compared(proof), |(arm, c)| {
        let p = |p: Option<f64>| Cell::or_missing(p, missing, Cell::PValue);
        [
            Cell::code(&arm.arm),
            Cell::or_missing(estimate(c), missing, Cell::Difference),
            p(c.difference.as_ref().map(|d| d.p)),
            p(c.p_holm),
            p(c.sign_flip.as_ref().map(|t| t.p)),
            p(c.wilcoxon.as_ref().map(|t| t.p)),
            Cell::or_missing(c.bootstrap.as_ref(), missing, |b| {
                Cell::Difference(Estimate::new(b.estimate, b.low, b.high))
            }),
            Cell::text(format!("{} / {}", c.found.first_only, c.found.second_only)),
            Cell::PValue(c.found.p),
            Cell::or_missing(c.detectable, missing, |d| Cell::decimals(d, 3)),
            Cell::text(words(arm.outcome)),
        ]
    })
    .note("Sign-flip and Wilcoxon tests use the means of the repeats; McNemar's exact test the positive patients.")
}

fn scores(proof: &Proof) -> Table {
    let measures = Metric::ALL.map(|metric| {
        Column::new(metric.label()).better(if metric.higher_is_better() {
            Better::Higher
        } else {
            Better::Lower
        })
    });
    let columns =
        std::iter::once(Column::new("Arm")).chain(measures).chain([Column::new("Seconds per cell")]);
    Table::new("arm-scores", "Mean scores on test rows over all cells.", columns).rows(
        &proof.verdict.arms,
        |arm| {
            let scores = Metric::ALL.map(|metric| {
                let summary = arm.scores.iter().find(|summary| summary.metric == metric);
                summary.map_or(Cell::Empty, |summary| score::cell(&summary.mean, 3))
            });
            std::iter::once(Cell::code(&arm.arm))
                .chain(scores)
                .chain([Cell::significant(arm.seconds, 2)])
                .collect::<Vec<_>>()
        },
    )
}

fn arms(proof: &Proof) -> Table {
    Table::new(
        "arms",
        "What each arm does, and how many rows it chose to add, as shares of the gap between the classes.",
        ["Arm", "What it does", "Share of the gap: cells"],
    )
    .rows(&proof.arms, |facts| {
        let shares: Vec<String> =
            facts.shares.iter().map(|(share, cells)| format!("{share}: {cells}")).collect();
        let chosen = if shares.is_empty() { Cell::Empty } else { Cell::text(shares.join(", ")) };
        [Cell::code(&facts.arm), Cell::text(facts.description.as_str()), chosen]
    })
}

fn failures(arm: &ArmVerdict) -> impl Iterator<Item = Text> {
    arm.failed.iter().map(|cell| {
        Text::new().code(&arm.arm).plain(format!(
            ", repeat {}, fold {}: {}",
            cell.repeat + 1,
            cell.fold + 1,
            cell.reason
        ))
    })
}
