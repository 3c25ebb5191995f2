//! Privacy: are synthetic rows too near to the rows the generator saw?

use paucal_metrics::Score;
use paucal_table::judge::{Judgement, Privacy};

use super::score;
use crate::document::{Cell, Column, Compose, Figure, Section, Table, Text};
use crate::figure::LinePlot;
use crate::number::Estimate;

type Pick = fn(&Privacy) -> &Score;

const PLAIN: [(&str, usize, Pick); 8] = [
    ("Exact copies of training rows", 0, |p| &p.exact_copies),
    ("Distance to the closest training row, median", 4, |p| &p.dcr.median),
    ("Distance to the closest training row, 5th percentile", 4, |p| &p.dcr.p5),
    ("Distance ratio NNDR, mean", 3, |p| &p.nndr_mean),
    ("Distance ratio NNDR, 5th percentile", 3, |p| &p.nndr_p5),
    ("Adversarial accuracy NNAA (0.5 is best)", 3, |p| &p.nnaa),
    ("Identifiability", 3, |p| &p.identifiability),
    ("Share of copies", 4, |p| &p.exact_copy_share),
];

/// The section.
pub fn section(candidates: &[(&str, &Judgement)]) -> Section {
    Section::new("privacy", "Privacy: is it too close to real patients?")
        .paragraph(Text::marked(
            "Distances are Gower distances over all columns, on the ranges of the training rows. Each number stands \
             beside that of real held-out rows, which cannot have been copied. Low risk here is no guarantee: \
             membership attacks can succeed where distances look fine [@stadler].",
        ))
        .table(table(candidates))
        .maybe(distances(candidates))
        .limit(
            "Synthetic is not anonymous",
            "These measures find careless copying. They do not make the rows safe to publish; that is a decision for \
             those responsible for the data.",
        )
}

fn table(candidates: &[(&str, &Judgement)]) -> Table {
    let held = candidates.first().and_then(|(_, j)| j.holdout.as_ref()).map(|scores| &scores.privacy);
    let names = candidates.iter().map(|(name, _)| Column::new(*name));
    let columns = std::iter::once(Column::new("Measure")).chain(names).chain([Column::new("Real held-out")]);
    let row = |name: &str, cell: &dyn Fn(&Privacy) -> Cell| {
        let own = candidates.iter().map(|(_, j)| cell(&j.scores.privacy));
        let last = held.map_or_else(|| Cell::Missing("no hold-out".into()), cell);
        std::iter::once(Cell::text(name)).chain(own).chain([last]).collect::<Vec<_>>()
    };
    let table =
        Table::new("privacy-scores", "Privacy beside the same measures of real held-out rows.", columns)
            .row(row("Closer to a training row than to an unseen row (0.5 is best)", &closer))
            .row(row("Membership attack by nearest distance, AUC (0.5 is best)", &attack));
    PLAIN.iter().fold(table, |table, (name, decimals, pick)| {
        table.row(row(name, &|privacy| score::cell(pick(privacy), *decimals)))
    })
}

fn closer(privacy: &Privacy) -> Cell {
    match (privacy.dcr_closer_to_train.value(), &privacy.dcr_closer_to_train_interval) {
        (Some(share), Some(interval)) => Estimate::new(share, interval.low, interval.high).into(),
        _ => unseen(&privacy.dcr_closer_to_train),
    }
}

fn attack(privacy: &Privacy) -> Cell {
    match (privacy.membership_auc.value(), &privacy.membership) {
        (Some(auc), Some(details)) => Estimate::new(auc, details.interval.low, details.interval.high).into(),
        _ => unseen(&privacy.membership_auc),
    }
}

/// These two need rows that the generator never saw.
fn unseen(score: &Score) -> Cell {
    match score.value() {
        Some(value) => Cell::decimals(value, 3),
        None => Cell::Missing("it needs a hold-out that the generator never saw".into()),
    }
}

/// Percentiles of the distance to the closest training row.
fn distances(candidates: &[(&str, &Judgement)]) -> Option<Figure> {
    let points = |privacy: &Privacy| -> Vec<(f64, f64)> {
        let percentiles = privacy.dcr.percentiles.iter().enumerate();
        percentiles.map(|(i, distance)| (5.0 * i as f64, *distance)).collect()
    };
    let held = candidates.first().and_then(|(_, j)| j.holdout.as_ref());
    let plot = candidates.iter().fold(
        LinePlot::new("Percentile of rows", "Distance to the closest training row"),
        |plot, (name, j)| plot.series(*name, points(&j.scores.privacy)),
    );
    let plot = match held {
        Some(scores) => plot.series("Real held-out", points(&scores.privacy)),
        None => plot,
    };
    let any = candidates.iter().any(|(_, j)| !j.scores.privacy.dcr.percentiles.is_empty());
    any.then(|| {
        Figure::new(
            "closest-distances",
            "Distance to the closest training row: a curve below that of real held-out rows means rows nearer to \
             training patients than chance brings them.",
            "One rising curve per generator and one for real held-out rows.",
            plot.draw(),
        )
    })
}
