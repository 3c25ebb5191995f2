//! Who is best, on which table, and when.

use paucal_table::compare::{Comparison, DataFacts, Rank};

use super::{cell, counted, estimate, rows_of, scores};
use crate::document::{Better, Cell, Column, Compose, Figure, Section, Table, Text, slug};
use crate::figure::DotPlot;
use crate::number::{self, Estimate};

/// The ranking, and the matrix of generators and tables.
pub fn section(comparison: &Comparison) -> Section {
    let section = Section::new("ranking", "The ranking").table(table(comparison));
    let section =
        comparison.data.iter().fold(section, |section, data| section.figure(on_table(comparison, data)));
    if comparison.data.len() > 1 { section.table(matrix(comparison)) } else { section }
}

fn table(comparison: &Comparison) -> Table {
    let columns = [
        Column::new("Generator"),
        Column::new("Mean rank").better(Better::Lower),
        Column::new("Objective").better(Better::Higher),
        Column::new("First in").better(Better::Higher),
        Column::new("Best on"),
        Column::new("Failed on"),
    ];
    let interval = |value: f64, interval: Option<&paucal_metrics::interval::Interval>| {
        Cell::from(interval.map_or_else(|| Estimate::point(value), |i| Estimate::new(value, i.low, i.high)))
    };
    let tables = |n: usize| if n == 0 { Cell::Empty } else { Cell::text(counted(n, "table")) };
    Table::new("ranking", "Generators, the best first, with 95 % intervals.", columns)
        .rows(&comparison.ranking, |rank: &Rank| {
            [
                Cell::code(&rank.model),
                interval(rank.mean_rank, rank.mean_rank_interval.as_ref()),
                Cell::or_missing(rank.objective, "it failed on every table", |value| {
                    interval(value, rank.objective_interval.as_ref())
                }),
                Cell::percent(rank.first_share, 0),
                tables(rank.wins),
                tables(rank.failures),
            ]
        })
        .note(format!(
            "The mean rank is over the tables; a generator that failed counts as last. \"First in\" is the share of the \
             bootstrap's replicates in which the generator has the best mean rank. Intervals are over {}.",
            comparison.intervals_over
        ))
}

/// The objective of every generator on one table, beside real patients.
fn on_table(comparison: &Comparison, data: &DataFacts) -> Figure {
    let real = data.holdout.as_ref().and_then(|held| held.objective.score.value());
    let plot =
        DotPlot::new("Objective (1 is best)").reference("Real held-out patients").series("Synthetic rows");
    let rows = rows_of(comparison, data);
    let plot = rows.iter().fold(plot, |plot, row| {
        let found = row
            .scores
            .as_ref()
            .and_then(|s| estimate(&s.objective.score, s.objective.score_interval.as_ref()));
        plot.line(&row.model, [found], real)
    });
    let columns = [
        Column::new("Generator"),
        Column::new("Objective").better(Better::Higher),
        Column::new("Similarity").better(Better::Higher),
        Column::new("Accuracy").better(Better::Higher),
        Column::new("Default parameters: objective").better(Better::Higher),
        Column::new("One fit").unit("s"),
        Column::new("In all").unit("s"),
        Column::new("Peak memory").unit("MiB"),
    ];
    let numbers = Table::new(
        format!("scores-{}", slug(&data.name)),
        format!("Scores on {}, with 95 % intervals.", data.name),
        columns,
    )
    .rows(rows, |row| {
        let name = Cell::code(&row.model);
        let Some(s) = &row.scores else {
            let reason = || Cell::Missing(row.failed.clone().unwrap_or_default());
            return std::iter::once(name).chain((0..7).map(|_| reason())).collect::<Vec<_>>();
        };
        let o = &s.objective;
        vec![
            name,
            cell(&o.score, o.score_interval.as_ref()),
            cell(&o.similarity, o.similarity_interval.as_ref()),
            cell(&o.accuracy, o.accuracy_interval.as_ref()),
            super::super::score::cell(&s.default_objective, 3),
            Cell::significant(s.fit_seconds, 2),
            Cell::significant(s.seconds, 2),
            Cell::or_missing(s.peak_memory_bytes, "the system does not tell", |bytes| {
                Cell::decimals(bytes as f64 / 1_048_576.0, 0)
            }),
        ]
    });
    Figure::new(
        format!("objective-{}", slug(&data.name)),
        Text::new()
            .plain("The objective of each generator on ")
            .code(&data.name)
            .plain(", with 95 % intervals, beside the score of real held-out patients on the same ruler."),
        format!(
            "One line per generator, the best of the ranking first. Best here: {}.",
            data.best.as_deref().unwrap_or("none")
        ),
        plot.draw(),
    )
    .data(numbers)
}

/// The performance matrix.
fn matrix(comparison: &Comparison) -> Table {
    let columns = std::iter::once(Column::new("Generator"))
        .chain(comparison.data.iter().map(|data| Column::new(&data.name).better(Better::Higher)));
    let real = comparison
        .data
        .iter()
        .map(|data| super::super::score::held(data.holdout.as_ref().map(|held| &held.objective.score), 3));
    Table::new("matrix", "The objective of every generator on every table, with 95 % intervals.", columns)
        .rows(&comparison.ranking, |rank| {
            let scored =
                comparison.data.iter().map(|data| match scores(comparison, &data.name, &rank.model) {
                    Some(s) => cell(&s.objective.score, s.objective.score_interval.as_ref()),
                    None => Cell::Missing("failed".into()),
                });
            std::iter::once(Cell::code(&rank.model)).chain(scored).collect::<Vec<_>>()
        })
        .emphasised_row(std::iter::once(Cell::text("Real held-out patients")).chain(real))
}

/// When does which generator excel?
pub fn excels(comparison: &Comparison) -> Section {
    let columns = [
        Column::new("Table"),
        Column::new("Kind"),
        Column::new("Rows"),
        Column::new("Columns (numbers)"),
        Column::new("Rarest class"),
        Column::new("Missing"),
        Column::new("Mean association"),
        Column::new("Mean skewness"),
        Column::new("Best"),
        Column::new("Not to be told from it"),
    ];
    let share = |part: usize, share: f64| format!("{} ({})", number::count(part), number::percent(share, 0));
    let table =
        Table::new("excels", "What kind of table each is, and which generators did best on it.", columns)
            .rows(&comparison.data, |data| {
                let facts = &data.characteristics;
                [
                    Cell::code(&data.name),
                    Cell::text(facts.words().join(", ")),
                    Cell::from(facts.rows),
                    Cell::text(format!("{} ({})", facts.columns, facts.numbers)),
                    Cell::text(share(facts.rarest, facts.rarest_share)),
                    Cell::percent(facts.missing, 1),
                    Cell::or_missing(facts.association, "fewer than two columns", |x| Cell::decimals(x, 2)),
                    Cell::or_missing(facts.skewness, "no numbers", |x| Cell::decimals(x, 1)),
                    Cell::or_missing(data.best.as_ref(), "all failed", Cell::code),
                    Cell::text(data.alike.join(", ")),
                ]
            });
    Section::new("excels", "When does which generator excel?")
        .paragraph(
            "Find the row that resembles your own table. Facts are those of the patients that were learnt from; the kind \
             puts them in words by fixed cut points (small: below 500 rows; rare: below a tenth; strongly associated: mean \
             association above 0.3; skewed: mean skewness above 2).",
        )
        .table(table.note(
            "A few tables cannot show which property makes a generator win; this is a guide to where it did, not why.",
        ))
}
