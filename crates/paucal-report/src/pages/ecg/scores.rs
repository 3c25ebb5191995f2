//! Scores of classified beats: what training and judging share.

use paucal_evidence::significance::BootstrapInterval;
use paucal_metrics::Score;
use paucal_signal::ecg::evaluate::BeatScores;
use paucal_signal::ecg::model::Gated;

use crate::document::{Better, Cell, Column, Compose, Figure, Section, Table};
use crate::figure::{DotPlot, TickText};
use crate::number::Estimate;

/// Adds the tables and the figure of `scores`, whose names begin with `id`.
pub fn add(section: Section, id: &str, scores: &BeatScores) -> Section {
    section
        .table(overall(id, scores))
        .table(classes(id, scores))
        .figure(dots(id, scores))
        .table(confusion(id, scores))
        .table(patients(id, scores))
}

/// What the gates hold back.
pub fn gates(id: &str, names: &[String], of: &Gated) -> Table {
    let columns = [Column::new("What"), Column::new("Share")];
    let share =
        |value: Option<f64>| Cell::or_missing(value, "there is no such beat", |v| Cell::percent(v, 2));
    let table =
        Table::new(format!("{id}-gates"), "What leaving doubtful beats to a person is worth.", columns)
            .row([Cell::text("Beats left to a person"), share(Some(of.review_rate))])
            .row([Cell::text("Wrong among all, without review"), share(Some(of.error_before))])
            .row([Cell::text("Wrong among the beats that passed"), share(of.error_after)])
            .row([Cell::text("Wrong ones that were caught"), share(of.errors_caught)]);
    names.iter().zip(&of.review_rate_by_class).fold(table, |table, (name, rate)| {
        table.row([Cell::text(format!("Of class {name}, left to a person").as_str()), share(*rate)])
    })
}

/// The classes in the order of the label map.
fn names(scores: &BeatScores) -> impl Iterator<Item = &String> {
    scores.confusion.reference.iter().filter(|name| scores.classes.contains_key(*name))
}

/// The value, or why there is none.
fn cell(score: &Score, of: impl FnOnce(f64) -> Cell) -> Cell {
    let why = score.undefined().map_or_else(String::new, ToString::to_string);
    Cell::or_missing(score.value(), why, of)
}

fn percent(score: &Score) -> Cell {
    cell(score, |value| Cell::percent(value, 1))
}

fn interval(score: &Score, of: Option<&BootstrapInterval>) -> Cell {
    match (score.value(), of) {
        (Some(value), Some(of)) => Cell::from(Estimate::new(100.0 * value, 100.0 * of.low, 100.0 * of.high)),
        _ => percent(score),
    }
}

fn overall(id: &str, scores: &BeatScores) -> Table {
    let columns = [Column::new("Score"), Column::new("Value")];
    let words = format!(
        "All {} beats together. Macro-F1 is the mean over {}; the interval resamples patients.",
        crate::number::count(scores.count as usize),
        scores.macro_classes.join(", ")
    );
    let number = |score: &Score, decimals: usize| cell(score, |value| Cell::decimals(value, decimals));
    let table = Table::new(format!("{id}-overall"), words.as_str(), columns)
        .emphasised_row([
            Cell::text("Macro-F1, %"),
            interval(&scores.macro_f1, scores.macro_f1_interval.as_ref()),
        ])
        .row([Cell::text("Accuracy"), percent(&scores.accuracy)])
        .row([Cell::text("Cohen's κ"), number(&scores.kappa, 3)])
        .row([Cell::text("jκ (Mar et al. 2011)"), number(&scores.j_kappa, 3)]);
    match &scores.calibration {
        Some(calibration) => table
            .row([Cell::text("Brier score (0 to 2)"), number(&calibration.brier, 4)])
            .row([Cell::text("Log loss"), number(&calibration.log_loss, 4)])
            .row([Cell::text("Expected calibration error"), number(&calibration.ece, 4)]),
        None => table,
    }
}

fn classes(id: &str, scores: &BeatScores) -> Table {
    let columns = [
        Column::new("Class"),
        Column::new("Beats"),
        Column::new("Patients"),
        Column::new("Largest patient"),
        Column::new("Sensitivity").better(Better::Higher),
        Column::new("+P").better(Better::Higher),
        Column::new("F1, %").better(Better::Higher),
    ];
    Table::new(
        format!("{id}-classes"),
        "Each class against all others (ANSI/AAMI EC57). Where one patient has most beats of a class, its scores are \
         about that person; intervals of 95 % resample patients.",
        columns,
    )
    .rows(names(scores), |name| {
        let class = &scores.classes[name];
        [
            Cell::text(name.as_str()),
            Cell::from(class.support as usize),
            Cell::from(class.patients),
            percent(&class.largest_patient_share),
            percent(&class.sensitivity),
            percent(&class.ppv),
            interval(&class.f1, class.f1_interval.as_ref()),
        ]
    })
}

/// Sensitivity, positive predictivity and F1 of the classes.
fn dots(id: &str, scores: &BeatScores) -> Figure {
    let mut plot = DotPlot::new("Share of beats")
        .series("sensitivity")
        .series("+P")
        .series("F1")
        .range(0.0, 1.0)
        .ticks(TickText::Percent);
    for name in names(scores) {
        let class = &scores.classes[name];
        let value = |score: &Score| score.value().map(Estimate::point);
        let f1 = match (class.f1.value(), &class.f1_interval) {
            (Some(f1), Some(i)) => Some(Estimate::new(f1, i.low, i.high)),
            (f1, _) => f1.map(Estimate::point),
        };
        plot = plot.line(name.as_str(), [value(&class.sensitivity), value(&class.ppv), f1], None);
    }
    Figure::new(
        format!("{id}-classes-figure"),
        "Sensitivity, positive predictivity and F1 of each class; the line is the 95 % interval of F1 over patients.",
        "One line for each class with three marks between 0 and 100 per cent.",
        plot.draw(),
    )
}

fn confusion(id: &str, scores: &BeatScores) -> Table {
    let of = &scores.confusion;
    let shown: Vec<usize> = (0..of.predicted.len())
        .filter(|&k| k < of.reference.len() || of.counts.iter().any(|row| row[k] > 0))
        .collect();
    let columns = std::iter::once(Column::new("Annotated"))
        .chain(shown.iter().map(|&k| Column::new(format!("called {}", of.predicted[k]))));
    Table::new(format!("{id}-confusion"), "Beats by annotated and predicted class.", columns).rows(
        of.reference.iter().zip(&of.counts),
        |(name, counts)| {
            std::iter::once(Cell::text(name.as_str()))
                .chain(shown.iter().map(|&k| Cell::from(counts[k] as usize)))
                .collect::<Vec<_>>()
        },
    )
}

fn patients(id: &str, scores: &BeatScores) -> Table {
    let names: Vec<&String> = names(scores).collect();
    let columns = ["Patient", "Beats", "Accuracy"].into_iter().map(str::to_owned).chain(
        names.iter().flat_map(|name| [format!("{name} beats"), format!("{name} Se"), format!("{name} +P")]),
    );
    let columns: Vec<Column> = columns.map(Column::new).collect();
    Table::new(format!("{id}-patients"), "Each patient.", columns).rows(&scores.patients, |patient| {
        let first =
            [Cell::code(&patient.patient), Cell::from(patient.beats as usize), percent(&patient.accuracy)];
        let classes = names.iter().flat_map(|&name| match patient.classes.get(name) {
            Some(class) if class.support + class.predicted > 0 => {
                let share = |score: &Score| score.value().map_or(Cell::Empty, |v| Cell::percent(v, 1));
                [Cell::from(class.support as usize), share(&class.sensitivity), share(&class.ppv)]
            }
            _ => [Cell::Empty, Cell::Empty, Cell::Empty],
        });
        first.into_iter().chain(classes).collect::<Vec<_>>()
    })
}
