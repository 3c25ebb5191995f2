//! Is the best really better?

use paucal_table::compare::{Comparison, Difference};

use crate::document::{Cell, Column, Compose, Figure, Section, Table, Text, slug};
use crate::figure::{ForestPlot, ForestRow};
use crate::number::{self, Estimate};

/// Differences to the best, table by table and over all.
pub fn section(comparison: &Comparison) -> Section {
    let places = comparison.data.iter().map(|data| Some(data.name.as_str())).chain([None]);
    let figures = places.filter_map(|place| figure(comparison, place));
    figures
        .fold(Section::new("evidence", "Is the best really better?"), Compose::figure)
        .table(table(&comparison.differences))
        .explanation(
            "How to read this",
            Text::marked(
                "Each line is a generator's objective less that of the best, on the same patients. Where the interval \
                 reaches zero, the two cannot be told apart. P-values are corrected for the number of comparisons [@holm]. \
                 The best was chosen by the same scores, which favours it a little.",
            ),
        )
}

fn of<'a>(comparison: &'a Comparison, place: Option<&'a str>) -> impl Iterator<Item = &'a Difference> {
    comparison.differences.iter().filter(move |d| d.data.as_deref() == place)
}

fn estimate(difference: &Difference) -> Estimate {
    match &difference.interval {
        Some(interval) => Estimate::new(difference.difference, interval.low, interval.high),
        None => Estimate::point(difference.difference),
    }
}

fn figure(comparison: &Comparison, place: Option<&str>) -> Option<Figure> {
    let best = &of(comparison, place).next()?.best;
    let plot = of(comparison, place)
        .fold(ForestPlot::new("Difference in the objective").sides("worse than the best", ""), |plot, d| {
            plot.row(ForestRow::new(&d.model, estimate(d)).note(number::p_value(d.p_holm)))
        });
    let words = place.map_or_else(
        || Text::new().plain("The mean over all tables: generators against "),
        |name| Text::new().code(name).plain(": generators against "),
    );
    Some(Figure::new(
        format!("differences-{}", slug(place.unwrap_or("all tables"))),
        words
            .code(best)
            .plain(", the best. 95 % intervals over patients and seeds; p-values after Holm's correction."),
        format!("A forest plot; the line of no difference is {best}."),
        plot.draw(),
    ))
}

fn table(differences: &[Difference]) -> Table {
    let columns = [
        Column::new("Table"),
        Column::new("Generator"),
        Column::new("Best"),
        Column::new("Difference in the objective"),
        Column::new("p"),
        Column::new("p after Holm"),
    ];
    Table::new("differences", "Every generator against the best.", columns)
        .rows(differences, |d| {
            [
                d.data.as_ref().map_or_else(|| Cell::text("all tables"), Cell::code),
                Cell::code(&d.model),
                Cell::code(&d.best),
                Cell::Difference(estimate(d)),
                Cell::PValue(d.p),
                Cell::PValue(d.p_holm),
            ]
        })
        .folded()
}
