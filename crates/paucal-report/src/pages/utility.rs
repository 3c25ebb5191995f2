//! Utility: can a classifier learn from synthetic rows?

use paucal_metrics::Score;
use paucal_table::judge::{Judgement, Performance, Quartet};

use super::score;
use crate::document::{Cell, Column, Compose, Section, Table, Text};

type Pick = fn(&Performance) -> &Score;

const MEASURES: [(&str, Pick); 7] = [
    ("Balanced accuracy", |p| &p.balanced_accuracy),
    ("Macro-F1", |p| &p.macro_f1),
    ("AUPRC", |p| &p.auprc),
    ("Minority recall (sensitivity)", |p| &p.minority_recall),
    ("AUROC", |p| &p.auroc),
    ("Brier score (0 is best)", |p| &p.brier),
    ("Calibration error (0 is best)", |p| &p.calibration_error),
];

const WAYS: [(&str, fn(&Quartet) -> &Performance); 4] = [
    ("train real, test real", |q| &q.trtr),
    ("train synthetic, test real", |q| &q.tstr),
    ("train real, test synthetic", |q| &q.trts),
    ("train synthetic, test synthetic", |q| &q.tsts),
];

/// The section: the headline table for all candidates, and every classifier below.
pub fn section(candidates: &[(&str, &Judgement)]) -> Section {
    Section::new("utility", "Utility: can a classifier learn from it?")
        .paragraph(Text::marked(
            "A random forest is trained on synthetic rows and tested on real held-out rows (TSTR [@esteban]). It \
             stands beside the same forest trained on real rows, the best that can be hoped for.",
        ))
        .table(headline(candidates))
        .table(classifiers(candidates))
}

/// The forest trained on each candidate and tested on real rows.
fn headline(candidates: &[(&str, &Judgement)]) -> Table {
    let names = candidates.iter().map(|(name, _)| Column::new(*name));
    let columns = [Column::new("Measure"), Column::new("Real training rows")]
        .into_iter()
        .chain(names)
        .collect::<Vec<_>>();
    Table::new(
        "utility-scores",
        "Random forest, tested on real held-out rows, by what it was trained on.",
        columns,
    )
    .rows(MEASURES, |(name, pick)| {
        let real = candidates.first().map(|(_, j)| score::cell(pick(&j.scores.utility.headline.trtr), 3));
        let own = candidates.iter().map(move |(_, j)| score::cell(pick(&j.scores.utility.headline.tstr), 3));
        std::iter::once(Cell::text(name)).chain(real).chain(own).collect::<Vec<_>>()
    })
}

/// Every classifier, every way.
fn classifiers(candidates: &[(&str, &Judgement)]) -> Table {
    let measures = MEASURES.iter().map(|(name, _)| Column::new(*name));
    let columns =
        [Column::new("Generator"), Column::new("Classifier"), Column::new("Way")].into_iter().chain(measures);
    let mut table =
        Table::new("utility-classifiers", "All classifiers and all four ways to train and test.", columns)
            .folded();
    for (name, judgement) in candidates {
        for (classifier, quartet) in &judgement.scores.utility.classifiers {
            for (way, pick) in WAYS {
                let words = [*name, classifier.as_str(), way].map(Cell::text);
                let scores = MEASURES.iter().map(|(_, measure)| score::cell(measure(pick(quartet)), 3));
                table = table.row(words.into_iter().chain(scores));
            }
        }
    }
    table
}
