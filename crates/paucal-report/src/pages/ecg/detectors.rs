//! Detectors of beats compared with annotations.

use paucal_signal::ecg::benchmark::{Benchmark, DEFAULT, DetectorScore};

use super::left_out;
use crate::document::{
    Answer, Better, Blocks, Cell, Column, Compose, Document, Section, Table, Text, Verdict,
};

/// The document of `paucal ecg judge --detector`.
pub fn page(found: &Benchmark) -> Document {
    let listed = listed(found);
    let best = listed.iter().max_by(|a, b| a.1.f1_150.unwrap_or(0.0).total_cmp(&b.1.f1_150.unwrap_or(0.0)));
    let verdict = best.map(|(name, score)| {
        Verdict::new(
            "Which detector finds the beats best?",
            Answer::Yes,
            Text::new().code(*name).plain(" does on these recordings"),
        )
        .evidence(
            format!(
                "It found {} of {} annotated beats, with {} detections where there is none",
                score.beats - score.missed,
                score.beats,
                score.extra
            )
            .as_str(),
        )
    });
    let scored = Section::new("detectors", "How many beats are found")
        .paragraph(
            "Detections and annotated beats are matched one to one, the nearest first, within 150 ms (ANSI/AAMI EC57) \
             and within 75 ms. Bias is the mean of detected less annotated time, jitter its standard deviation.",
        )
        .table(overall(&listed))
        .table(by_record(found));
    let section = left_out(&found.left_out).into_iter().fold(scored, Compose::table);
    Document::new("Which detector finds the beats?")
        .summary(Blocks::new().verdicts(verdict))
        .section(section)
        .section(Section::new("limits", "Limits").list([
            "Annotations follow one lead; a beat that is early in another counts as a bias.",
            "Detectors whose settings were chosen on such recordings look better here than elsewhere.",
        ]))
}

/// The detectors, without the second name of the default one.
pub(super) fn listed(found: &Benchmark) -> Vec<(&String, &DetectorScore)> {
    found.detector.iter().filter(|(name, _)| *name != DEFAULT).collect()
}

fn share(value: Option<f64>) -> Cell {
    Cell::or_missing(value, "there is no beat", |value| Cell::percent(value, 2))
}

pub(super) fn overall(listed: &[(&String, &DetectorScore)]) -> Table {
    let columns = [
        Column::new("Detector"),
        Column::new("F1, 150 ms").better(Better::Higher),
        Column::new("F1, 75 ms").better(Better::Higher),
        Column::new("Sensitivity").better(Better::Higher),
        Column::new("+P").better(Better::Higher),
        Column::new("Bias, ms"),
        Column::new("Jitter, ms").better(Better::Lower),
    ];
    Table::new("detectors", "Over all recordings together.", columns).rows(listed, |(name, score)| {
        let ms = |value: Option<f64>| {
            Cell::or_missing(value, "no beat was found", |value| Cell::decimals(value, 1))
        };
        [
            Cell::code(*name),
            share(score.f1_150),
            share(score.f1_75),
            share(score.sensitivity),
            share(score.ppv),
            ms(score.bias_ms),
            ms(score.jitter_ms),
        ]
    })
}

fn by_record(found: &Benchmark) -> Table {
    let names: Vec<&String> = found.detector.keys().filter(|name| *name != DEFAULT).collect();
    let columns: Vec<Column> = ["Recording", "Lead", "Beats"]
        .into_iter()
        .map(Column::new)
        .chain(names.iter().map(|name| Column::new(name.as_str()).better(Better::Higher)))
        .collect();
    Table::new("detectors-by-record", "F1 within 150 ms on each recording.", columns).rows(
        &found.records,
        |record| {
            let beats = record.detector.values().next().map_or(0, |score| score.beats);
            let scores =
                names.iter().map(|name| share(record.detector.get(*name).and_then(|score| score.f1_150)));
            [Cell::code(&record.record), Cell::text(record.lead.as_str()), Cell::from(beats)]
                .into_iter()
                .chain(scores)
                .collect::<Vec<_>>()
        },
    )
}
