//! Fidelity: do synthetic rows look real?

use paucal_metrics::Score;
use paucal_table::judge::{Bins, Fidelity, Judgement, Shape};

use super::score;
use crate::document::{Better, Cell, Column, Compose, Figure, Section, Table, Text};
use crate::figure::{Grid, HeatMap, Histogram, LevelBars, ScoreBars, Style};
use crate::number::Estimate;

/// Columns of small multiples.
const ACROSS: usize = 3;
/// Most columns drawn as small multiples; the rest is in the table.
const DRAWN: usize = 36;
/// Most columns of a legible heat map.
const MAPPED: usize = 40;

type Pick = fn(&Fidelity) -> &Score;

const SCORES: [(&str, Pick); 10] = [
    ("Univariate similarity", |f| &f.univariate),
    ("Bivariate similarity", |f| &f.bivariate),
    ("Told from real rows, AUC (0.5 is best)", |f| &f.c2st),
    ("SDMetrics quality (associated pairs)", |f| &f.sdmetrics.quality),
    ("SDMetrics quality (all pairs)", |f| &f.sdmetrics.quality_all_pairs),
    ("SDMetrics column shapes", |f| &f.sdmetrics.column_shapes),
    ("SDMetrics pair trends (associated pairs)", |f| &f.sdmetrics.column_pair_trends),
    ("Values within real ranges and levels", |f| &f.sdmetrics.data_validity),
    ("Precision: rows that are plausible", |f| &f.coverage.precision),
    ("Coverage: real rows that are represented", |f| &f.coverage.coverage),
];

/// The table of fidelity scores, one column per candidate and one for the hold-out.
pub fn table(candidates: &[(&str, &Judgement)]) -> Table {
    let names = candidates.iter().map(|(name, _)| Column::new(*name));
    let columns = std::iter::once(Column::new("Score")).chain(names).chain([Column::new("Real held-out")]);
    let held = candidates.first().and_then(|(_, j)| j.holdout.as_ref());
    Table::new(
        "fidelity-scores",
        "Fidelity beside the score of real held-out rows on the same ruler.",
        columns,
    )
    .rows(SCORES, |(name, pick)| {
        let own = candidates.iter().map(move |(_, j)| score::cell(pick(&j.scores.fidelity), 3));
        std::iter::once(Cell::text(name))
            .chain(own)
            .chain([score::held(held.map(|scores| pick(&scores.fidelity)), 3)])
            .collect::<Vec<_>>()
    })
    .note("Scores lie between 0 and 1 and are best at 1, except the AUC, which is best at 0.5.")
}

/// Everything about one candidate: columns, distributions, associations. `key` keeps ids apart.
pub fn details(key: &str, title: &str, judgement: &Judgement) -> Section {
    let fidelity = &judgement.scores.fidelity;
    let held = judgement.holdout.as_ref().map(|scores| &scores.fidelity);
    Section::new(format!("{key}-columns"), title)
        .figure(column_bars(key, fidelity, held))
        .maybe(distributions(key, &judgement.shapes))
        .maybe(associations(key, fidelity))
        .table(column_table(key, fidelity, held))
}

fn column_bars(key: &str, fidelity: &Fidelity, held: Option<&Fidelity>) -> Figure {
    let value = |score: &Score| score.value().unwrap_or(f64::NAN);
    let reference = |i: usize| held.and_then(|f| f.columns.get(i)).and_then(|c| c.similarity.value());
    let bars = fidelity.columns.iter().enumerate().fold(
        ScoreBars::new("Similarity of the column's distribution (1 is best)").reference("Real held-out rows"),
        |bars, (i, column)| bars.row(&column.column, value(&column.similarity), reference(i)),
    );
    let worst = fidelity
        .columns
        .iter()
        .filter_map(|c| Some((c.similarity.value()?, c.column.as_str())))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let seen = worst.map_or_else(String::new, |(value, name)| {
        format!("The least similar column is {name} with {value:.3}.")
    });
    Figure::new(
        format!("{key}-column-scores"),
        "Similarity of each column's distribution, the least similar first: 1 − earth mover's distance / range for \
         numbers, 1 − total variation for levels.",
        seen,
        bars.lowest_first().at_most(DRAWN).draw(),
    )
}

/// The distributions of single columns on all sides.
fn distributions(key: &str, shapes: &[Shape]) -> Option<Figure> {
    if shapes.is_empty() {
        return None;
    }
    let mut grid =
        Grid::new(ACROSS).legend("Real, training", Style::REAL).legend("Synthetic", Style::SYNTHETIC);
    if shapes.iter().any(|shape| shape.holdout.is_some()) {
        grid = grid.legend("Real, held out", Style::HOLDOUT);
    }
    let width = grid.cell_width();
    let grid = shapes.iter().take(DRAWN).fold(grid, |grid, shape| grid.cell(small(shape, width)));
    let left_out = shapes.len().saturating_sub(DRAWN);
    let more =
        if left_out > 0 { format!(" {left_out} more columns are in the tables.") } else { String::new() };
    Some(Figure::new(
        format!("{key}-distributions"),
        Text::new().plain(format!("Distribution of each column; shares of rows per bin or level.{more}")),
        "Small multiples, one per column, that compare real training, synthetic and held-out rows.",
        grid.draw(),
    ))
}

fn small(shape: &Shape, width: f64) -> crate::figure::Drawing {
    const HEIGHT: f64 = 120.0;
    match &shape.bins {
        Bins::Edges(edges) => {
            let histogram = Histogram::new(&shape.column, edges.clone())
                .sample("Real, training", Style::REAL, shape.real.clone())
                .sample("Synthetic", Style::SYNTHETIC, shape.synthetic.clone());
            let histogram = match &shape.holdout {
                Some(held) => histogram.sample("Real, held out", Style::HOLDOUT, held.clone()),
                None => histogram,
            };
            histogram.draw_small(width, HEIGHT)
        }
        Bins::Levels(levels) => {
            let bars = LevelBars::new(&shape.column, levels.clone())
                .sample("Real, training", Style::REAL, shape.real.clone())
                .sample("Synthetic", Style::SYNTHETIC, shape.synthetic.clone());
            let bars = match &shape.holdout {
                Some(held) => bars.sample("Real, held out", Style::HOLDOUT, held.clone()),
                None => bars,
            };
            bars.draw_small(width)
        }
    }
}

fn associations(key: &str, fidelity: &Fidelity) -> Option<Figure> {
    let association = &fidelity.association;
    if association.columns.len() < 2 || association.columns.len() > MAPPED {
        return None;
    }
    let difference: Vec<Vec<f64>> = association
        .candidate
        .iter()
        .zip(&association.real)
        .map(|(c, r)| c.iter().zip(r).map(|(c, r)| c - r).collect())
        .collect();
    let largest = difference.iter().flatten().fold(0.0_f64, |most, d| most.max(d.abs()));
    let map = HeatMap::new("Association", association.columns.iter().cloned())
        .panel("Real", association.real.clone())
        .panel("Synthetic", association.candidate.clone())
        .panel("Synthetic − real", difference);
    Some(Figure::new(
        format!("{key}-associations"),
        "Associations between columns: Pearson's correlation between numbers, the correlation ratio between a \
         number and levels, Cramér's V between levels.",
        format!("Three heat maps. The largest difference between synthetic and real is {largest:.2}."),
        map.draw(),
    ))
}

fn column_table(key: &str, fidelity: &Fidelity, held: Option<&Fidelity>) -> Table {
    let reference = |i: usize| held.and_then(|f| f.columns.get(i)).map(|c| &c.similarity);
    Table::new(
        format!("{key}-column-table"),
        "Fidelity of each column.",
        [
            Column::new("Column"),
            Column::new("Kind"),
            Column::new("Similarity").better(Better::Higher),
            Column::new("Real held-out").better(Better::Higher),
            Column::new("KS or TV complement").better(Better::Higher),
            Column::new("Range or levels covered").better(Better::Higher),
            Column::new("Missing-rate difference").better(Better::Lower),
        ],
    )
    .rows(fidelity.columns.iter().enumerate(), |(i, column)| {
        [
            Cell::code(&column.column),
            Cell::text(column.kind.as_str()),
            score::cell(&column.similarity, 3),
            score::held(reference(i), 3),
            score::cell(&column.shape, 3),
            score::cell(&column.coverage, 3),
            score::cell(&column.missing_difference, 3),
        ]
    })
    .folded()
}

/// The headline scores of all candidates as dots beside the hold-out.
pub fn overview(candidates: &[(&str, &Judgement)]) -> Figure {
    let picks: [(&str, fn(&Judgement) -> &Score); 4] = [
        ("Objective", |j| &j.scores.objective.score),
        ("Similarity", |j| &j.scores.objective.similarity),
        ("Accuracy", |j| &j.scores.objective.accuracy),
        ("TSTR macro-F1", |j| &j.scores.utility.headline.tstr.macro_f1),
    ];
    let held = |name: &str, j: &Judgement| -> Option<f64> {
        let scores = j.holdout.as_ref()?;
        match name {
            "Objective" => scores.objective.score.value(),
            "Similarity" => scores.objective.similarity.value(),
            "Accuracy" => scores.objective.accuracy.value(),
            _ => scores.utility.headline.tstr.macro_f1.value(),
        }
    };
    let plot = candidates.iter().fold(
        crate::figure::DotPlot::new("Score (1 is best)").reference("Real held-out rows"),
        |plot, (name, _)| plot.series(*name),
    );
    let plot = picks.iter().fold(plot, |plot, (name, pick)| {
        let values = candidates.iter().map(|(_, j)| pick(j).value().map(Estimate::point));
        let reference = candidates.first().and_then(|(_, j)| held(name, j));
        plot.line(*name, values.collect::<Vec<_>>(), reference)
    });
    Figure::new(
        "overview",
        "Headline scores of each generator beside those of real held-out patients.",
        "One line per score, one mark per generator, and a reference mark for real held-out rows.",
        plot.draw(),
    )
}
