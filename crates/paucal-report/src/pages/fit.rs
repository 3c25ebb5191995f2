//! The page of `paucal table fit`.

use std::collections::BTreeMap;

use paucal_core::files;
use paucal_core::run::RunFolder;
use serde::Deserialize;

use super::methods;
use crate::ReportError;
use crate::document::{Blocks, Compose, Document, Figure, Section, Text};
use crate::figure::LinePlot;

/// The part of the result that the page needs.
#[derive(Deserialize)]
pub struct FitResult {
    model: String,
    rows: usize,
    columns: usize,
    seconds: f64,
}

/// Training curves by group (`loss`, `metric`, …), then by name.
pub type Curves = BTreeMap<String, BTreeMap<String, Vec<(f64, f64)>>>;

/// A line of `events.jsonl`; other events have other fields and are skipped.
#[derive(Deserialize)]
struct Scalar {
    name: String,
    step: f64,
    value: f64,
}

/// Reads the scalars of a run. A torn last line, as a kill leaves it, is skipped.
pub fn curves(folder: &RunFolder) -> Result<Curves, ReportError> {
    let path = folder.file("events.jsonl");
    let text = if path.exists() {
        files::read_text(&path).map_err(paucal_core::run::RunError::from)?
    } else {
        String::new()
    };
    let mut curves = Curves::new();
    for scalar in text.lines().filter_map(|line| serde_json::from_str::<Scalar>(line).ok()) {
        let (group, name) = scalar.name.split_once('/').unwrap_or(("training", &scalar.name));
        let points = curves.entry(group.into()).or_default().entry(name.into()).or_default();
        // A resumed run repeats the steps after its checkpoint.
        while points.last().is_some_and(|(step, _)| *step >= scalar.step) {
            points.pop();
        }
        points.push((scalar.step, scalar.value));
    }
    Ok(curves)
}

/// The document.
pub fn page(result: &FitResult, curves: &Curves) -> Document {
    let training = curves.iter().fold(Section::new("training", "Training"), |section, (group, series)| {
        section.figure(figure(group, series))
    });
    let training = if curves.is_empty() {
        training.paragraph("This method is fitted in one go; there are no training curves.")
    } else {
        training
    };
    Document::new(format!("A generator was fitted: {}", result.model))
        .summary(Blocks::new().paragraph(Text::new().code(&result.model).plain(format!(
            " was fitted to {} rows and {} columns in {:.1} s. The saved model holds no rows. Whether it is any good is \
             another question: judge it on patients it has not seen.",
            crate::number::count(result.rows),
            result.columns,
            result.seconds
        ))))
        .section(training)
        .section(Section::new("methods", "Methods").subsection(methods::generators(&[&result.model])))
        .references(methods::references())
}

fn figure(group: &str, series: &BTreeMap<String, Vec<(f64, f64)>>) -> Figure {
    let plot = series.iter().fold(LinePlot::new("Optimiser step", group), |plot, (name, points)| {
        plot.series(name, points.clone())
    });
    let names: Vec<&str> = series.keys().map(String::as_str).collect();
    Figure::new(
        format!("curves-{}", crate::document::slug(group)),
        Text::new().plain(format!("Training curves: {group}.")),
        format!("Curves over the optimiser steps: {}.", names.join(", ")),
        plot.smoothed(0.9).draw(),
    )
}
