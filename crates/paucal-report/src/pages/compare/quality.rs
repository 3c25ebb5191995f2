//! What the rows are worth, how near they come to patients, and a page on each generator.

use paucal_table::compare::{Comparison, DataFacts, Row, RowScores};
use paucal_table::judge::Performance;

use super::super::{fidelity, score};
use super::{cell, rows_of};
use crate::document::{Better, Cell, Column, Compose, Section, Table, Text, slug};

/// Train on synthetic rows, test on real patients.
pub fn utility(comparison: &Comparison) -> Section {
    let section = Section::new("utility", "Utility: can a classifier learn from it?").paragraph(Text::marked(
        "A random forest is trained on synthetic rows and tested on real held-out patients (TSTR [@esteban]). It stands \
         beside the same forest trained on real patients, the best that can be hoped for.",
    ));
    comparison.data.iter().fold(section, |section, data| section.table(utility_table(comparison, data)))
}

fn utility_table(comparison: &Comparison, data: &DataFacts) -> Table {
    let columns = [
        Column::new("Trained on"),
        Column::new("Balanced accuracy").better(Better::Higher),
        Column::new("Macro-F1").better(Better::Higher),
        Column::new("AUPRC").better(Better::Higher),
        Column::new("Minority recall").better(Better::Higher),
        Column::new("AUROC").better(Better::Higher),
        Column::new("Brier score").better(Better::Lower),
    ];
    let rows = rows_of(comparison, data);
    let real = rows.iter().find_map(|row| Some(&row.scores.as_ref()?.utility.trtr));
    let plain = |p: &Performance| {
        [&p.balanced_accuracy, &p.macro_f1, &p.auprc, &p.minority_recall, &p.auroc, &p.brier]
            .map(|s| score::cell(s, 3))
    };
    let table = Table::new(
        format!("utility-{}", slug(&data.name)),
        Text::new()
            .code(&data.name)
            .plain(": a random forest by what it was trained on, with 95 % intervals."),
        columns,
    );
    let table = match real {
        Some(real) => table.emphasised_row(std::iter::once(Cell::text("Real patients")).chain(plain(real))),
        None => table,
    };
    table.rows(rows, |row| {
        line(row, 6, |s| {
            let t = &s.utility.tstr;
            vec![
                cell(&t.scores.balanced_accuracy, t.balanced_accuracy_interval.as_ref()),
                cell(&t.scores.macro_f1, t.macro_f1_interval.as_ref()),
                cell(&t.scores.auprc, t.auprc_interval.as_ref()),
                cell(&t.scores.minority_recall, t.minority_recall_interval.as_ref()),
                score::cell(&t.scores.auroc, 3),
                score::cell(&t.scores.brier, 3),
            ]
        })
    })
}

/// A line of a table of generators; one that failed says why.
fn line(row: &Row, cells: usize, of: impl FnOnce(&RowScores) -> Vec<Cell>) -> Vec<Cell> {
    let missing = || Cell::Missing(row.failed.clone().unwrap_or_default());
    let scored = row.scores.as_ref().map_or_else(|| (0..cells).map(|_| missing()).collect(), of);
    std::iter::once(Cell::code(&row.model)).chain(scored).collect()
}

/// Nearness to the training patients.
pub fn privacy(comparison: &Comparison) -> Section {
    let section = Section::new("privacy", "Privacy: is it too close to real patients?").paragraph(Text::marked(
        "Rows should be no nearer to the patients a generator has learnt from than to others. Low risk here is no \
         guarantee: membership attacks can succeed where distances look fine [@stadler].",
    ));
    comparison
        .data
        .iter()
        .fold(section, |section, data| section.table(privacy_table(comparison, data)))
        .limit(
            "Synthetic is not anonymous",
            "These measures find careless copying. They do not make the rows safe to publish; that is a decision for those \
             responsible for the data.",
        )
}

fn privacy_table(comparison: &Comparison, data: &DataFacts) -> Table {
    let columns = [
        Column::new("Rows"),
        Column::new("Closer to a training than to an unseen patient (0.5 is best)"),
        Column::new("Membership attack, AUC (0.5 is best)"),
        Column::new("Exact copies").better(Better::Lower),
        Column::new("Distance ratio, 5th percentile").better(Better::Higher),
        Column::new("Identifiability").better(Better::Lower),
    ];
    let table = Table::new(
        format!("privacy-{}", slug(&data.name)),
        Text::new()
            .code(&data.name)
            .plain(": nearness to training patients; intervals hold those of every seed."),
        columns,
    );
    let table = match data.holdout.as_ref().map(|held| &held.privacy) {
        Some(held) => table.emphasised_row([
            Cell::text("Real held-out patients"),
            score::cell(&held.dcr_closer_to_train, 3),
            score::cell(&held.membership_auc, 3),
            score::cell(&held.exact_copies, 0),
            score::cell(&held.nndr_p5, 3),
            score::cell(&held.identifiability, 3),
        ]),
        None => table,
    };
    table.rows(rows_of(comparison, data), |row| {
        line(row, 5, |s| {
            let p = &s.privacy;
            vec![
                cell(&p.dcr_closer_to_train, p.dcr_closer_to_train_interval.as_ref()),
                cell(&p.membership_auc, p.membership_auc_interval.as_ref()),
                score::cell(&p.exact_copies, 1),
                score::cell(&p.nndr_p5, 3),
                score::cell(&p.identifiability, 3),
            ]
        })
    })
}

/// A page on each generator on each table: its columns, distributions and associations.
pub fn details(comparison: &Comparison) -> Section {
    let section = Section::new("quality", "Each generator, column by column").paragraph(
        "The rows of the first seed, beside training and held-out patients. The generators of a table come in the order of \
         the ranking.",
    );
    let several = comparison.data.len() > 1;
    let pages = comparison.data.iter().flat_map(|data| {
        comparison.ranking.iter().filter_map(move |rank| {
            let detail = comparison.details.iter().find(|d| d.data == data.name && d.model == rank.model)?;
            let judgement = detail.judgement.as_ref()?;
            let key = slug(&format!("{} {}", data.name, rank.model));
            let title = if several { format!("{} on {}", rank.model, data.name) } else { rank.model.clone() };
            Some(fidelity::details(&key, &title, judgement))
        })
    });
    pages.fold(section, Section::subsection)
}
