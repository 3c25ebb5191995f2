//! How the parameters were found, what that cost, and how the networks trained.

use std::collections::BTreeMap;

use paucal_table::compare::{Comparison, Detail};

use super::super::tune as page;
use crate::document::{Cell, Column, Compose, Figure, Section, Table, Text, slug};
use crate::figure::LinePlot;
use crate::number::Estimate;

/// The searches, table by table.
pub fn section(comparison: &Comparison) -> Section {
    let section = Section::new("search", "How the parameters were found");
    let searched: Vec<&Detail> = comparison.details.iter().filter(|d| !d.trials.is_empty()).collect();
    if searched.is_empty() {
        return section.paragraph("Nothing was searched: the default parameters were compared.");
    }
    let section = comparison.data.iter().fold(section, |section, data| {
        let own: Vec<&Detail> = searched.iter().copied().filter(|d| d.data == data.name).collect();
        if own.is_empty() {
            return section;
        }
        section
            .figure(history(&data.name, &own))
            .figure(budget(&data.name, &own))
            .figure(parts(&data.name, &own))
    });
    let section = section.table(costs(&searched)).table(stability(&searched));
    let moved: Vec<&&Detail> = searched.iter().filter(|d| !d.sensitivity.is_empty()).collect();
    moved.into_iter().fold(section, |section, detail| {
        let key = slug(&format!("{} {}", detail.data, detail.model));
        section.table(page::sensitivity_table(&format!("sensitivity-{key}"), &detail.sensitivity))
    })
}

/// Best objective so far over the trials.
fn history(data: &str, details: &[&Detail]) -> Figure {
    let plot = details.iter().fold(LinePlot::new("Trial", "Best objective so far"), |plot, detail| {
        let points = spent(detail, |s| (s.trial as f64 + 1.0, s.best));
        plot.series(&detail.model, points)
    });
    Figure::new(
        format!("history-{}", slug(data)),
        Text::new()
            .code(data)
            .plain(": optimisation history, the best objective on the inner splits so far."),
        "A rising staircase for each generator over the number of the trial.",
        plot.draw(),
    )
}

/// Best objective so far over the seconds spent.
fn budget(data: &str, details: &[&Detail]) -> Figure {
    let plot =
        details.iter().fold(LinePlot::new("Seconds of trials", "Best objective so far"), |plot, detail| {
            plot.series(&detail.model, spent(detail, |s| (s.seconds, s.best)))
        });
    Figure::new(
        format!("budget-{}", slug(data)),
        Text::new()
            .code(data)
            .plain(": what computing time buys. The seconds of trials that ran side by side are added up."),
        "A rising staircase for each generator over the seconds spent.",
        plot.draw(),
    )
}

/// Similarity and accuracy of the best so far.
fn parts(data: &str, details: &[&Detail]) -> Figure {
    let plot = details.iter().fold(LinePlot::new("Trial", "Part of the best so far"), |plot, detail| {
        let of = |pick: fn(&paucal_table::tune::Spent) -> Option<f64>| {
            let budget = detail.course.iter().flat_map(|c| &c.budget);
            budget.filter_map(|s| Some((s.trial as f64 + 1.0, pick(s)?))).collect::<Vec<_>>()
        };
        plot.series(format!("{}, similarity", detail.model), of(|s| s.similarity))
            .series(format!("{}, accuracy", detail.model), of(|s| s.accuracy))
    });
    Figure::new(
        format!("parts-{}", slug(data)),
        Text::new()
            .code(data)
            .plain(": convergence of similarity and accuracy, as the best trial so far has them."),
        "Two curves for each generator over the number of the trial.",
        plot.draw(),
    )
}

fn spent(detail: &Detail, point: fn(&paucal_table::tune::Spent) -> (f64, f64)) -> Vec<(f64, f64)> {
    detail.course.iter().flat_map(|course| course.budget.iter().map(point)).collect()
}

/// What each search cost, and whether more of it would pay.
fn costs(details: &[&Detail]) -> Table {
    let columns = [
        Column::new("Table"),
        Column::new("Generator"),
        Column::new("Complete"),
        Column::new("Stopped early"),
        Column::new("Failed"),
        Column::new("Trial time").unit("s"),
        Column::new("Gain of the last doubling"),
        Column::new("Noise of a trial"),
        Column::new("Would more trials pay?"),
    ];
    Table::new("searches", "The searches and what they cost.", columns)
        .rows(details, |detail| {
            let count = |state: &str| detail.trials.iter().filter(|t| t.state == state).count();
            let course = detail.course.as_ref();
            let number = |value: Option<f64>| Cell::or_missing(value, "too few trials", |x| Cell::decimals(x, 4));
            let more = match course.and_then(paucal_table::tune::Course::is_flat) {
                Some(true) => "hardly: the last doubling gained less than noise",
                Some(false) => "perhaps",
                None => "too few trials to say",
            };
            [
                Cell::code(&detail.data),
                Cell::code(&detail.model),
                Cell::from(count("complete")),
                Cell::from(count("pruned")),
                Cell::from(count("fail")),
                Cell::decimals(detail.trials.iter().filter_map(|t| t.seconds).sum(), 0),
                number(course.and_then(|c| c.last_doubling)),
                number(course.and_then(|c| c.noise)),
                Cell::text(more),
            ]
        })
        .note(
            "The gain of the last doubling is what the second half of the trials added to the best, averaged over the orders \
             in which they might have come. The noise is a trial's standard error over the inner splits.",
        )
}

/// The best trials once more.
fn stability(details: &[&Detail]) -> Table {
    let columns = [
        Column::new("Table"),
        Column::new("Generator"),
        Column::new("Trial"),
        Column::new("In the search"),
        Column::new("With fresh seeds"),
        Column::new("Scatter over seeds"),
    ];
    let lines = details.iter().flat_map(|detail| detail.finalists.iter().map(move |f| (detail, f)));
    Table::new(
        "finalists",
        "The best trials scored once more with fresh seeds; the best of these were used.",
        columns,
    )
    .rows(lines, |(detail, finalist)| {
        [
            Cell::code(&detail.data),
            Cell::code(&detail.model),
            Cell::from(finalist.trial as usize),
            Cell::decimals(finalist.searched, 3),
            Cell::from(Estimate::point(finalist.mean())),
            Cell::or_missing(finalist.deviation(), "one seed", |sd| Cell::decimals(sd, 3)),
        ]
    })
    .folded()
}

/// Losses of generators and critics.
pub fn training(comparison: &Comparison) -> Section {
    let section = Section::new("training", "How the networks trained");
    let trained: Vec<&Detail> = comparison.details.iter().filter(|d| !d.curves.is_empty()).collect();
    if trained.is_empty() {
        return section
            .paragraph("None of the generators is trained step by step; there are no losses to show.");
    }
    let figures = trained.iter().flat_map(|detail| {
        let mut groups: BTreeMap<&str, Vec<(&str, Vec<(f64, f64)>)>> = BTreeMap::new();
        for curve in &detail.curves {
            let (group, name) = curve.name.split_once('/').unwrap_or(("training", &curve.name));
            let points = curve.points.iter().map(|(step, value)| (*step as f64, *value)).collect();
            groups.entry(group).or_default().push((name, points));
        }
        groups.into_iter().map(move |(group, series)| losses(detail, group, series))
    });
    figures.fold(
        section.paragraph("The first seed of each generator, with the parameters that were found."),
        Compose::figure,
    )
}

fn losses(detail: &Detail, group: &str, series: Vec<(&str, Vec<(f64, f64)>)>) -> Figure {
    let names: Vec<&str> = series.iter().map(|(name, _)| *name).collect();
    let seen = format!("Curves over the optimiser steps: {}.", names.join(", "));
    let plot = series
        .into_iter()
        .fold(LinePlot::new("Optimiser step", group), |plot, (name, points)| plot.series(name, points));
    Figure::new(
        slug(&format!("training {} {} {group}", detail.data, detail.model)),
        Text::new()
            .code(&detail.model)
            .plain(" on ")
            .code(&detail.data)
            .plain(format!(": {group} during training.")),
        seen,
        plot.smoothed(0.8).draw(),
    )
}
