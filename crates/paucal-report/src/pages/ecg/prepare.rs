//! Beats prepared for learning.

use paucal_signal::ecg::prepare::Summary;

use super::left_out;
use crate::document::{Answer, Blocks, Cell, Column, Compose, Document, Section, Table, Verdict};

/// The document of `paucal ecg prepare`.
pub fn page(summary: &Summary) -> Document {
    let used = summary.input_rows - summary.rows_skipped;
    let read = match summary.rows_skipped {
        0 => Verdict::new("Were all recordings used?", Answer::Yes, "Every recording gave beats"),
        skipped => Verdict::new(
            "Were all recordings used?",
            Answer::Unclear,
            format!("{used} were, {skipped} were left out").as_str(),
        ),
    };
    let noise = summary.noise_beats as f64 / summary.beats_extracted.max(1) as f64;
    let clean = Verdict::new(
        "Is the signal good enough?",
        if noise < 0.05 { Answer::Yes } else { Answer::Unclear },
        format!("{:.1} % of the beats are flagged as noise", 100.0 * noise).as_str(),
    );
    let beats = Section::new("beats", "Beats")
        .paragraph(
            format!(
                "{} beats of {} samples were cut out of {used} recordings. Patients stay on one side of the split, and \
                 everything fitted was fitted on the training patients only.",
                summary.beats_extracted, summary.beat_length
            )
            .as_str(),
        )
        .table(classes(summary))
        .table(sides(summary));
    let section = left_out(&summary.left_out).into_iter().fold(beats, Compose::table);
    let document = Document::new("What is in these recordings?")
        .summary(Blocks::new().verdicts([read, clean]))
        .section(section);
    if summary.warnings.is_empty() {
        return document;
    }
    document.section(
        Section::new("warnings", "What somebody should look at")
            .list(summary.warnings.iter().map(String::as_str)),
    )
}

fn classes(summary: &Summary) -> Table {
    let columns = ["Class", "Beats", "Usable", "Flagged as noise"].map(Column::new);
    Table::new("classes", "Beats of each class; a rare class should not be flagged more often.", columns)
        .rows(&summary.class_counts_raw, |(id, raw)| {
            let name = summary.class_names.get(id).unwrap_or(id);
            let usable = summary.class_counts_usable.get(id).copied().unwrap_or(0);
            let flagged = summary.noise_share_by_class.get(id).copied();
            [
                Cell::text(name.as_str()),
                Cell::from(*raw),
                Cell::from(usable),
                Cell::or_missing(flagged, "there is no beat", |share| Cell::percent(share, 2)),
            ]
        })
}

pub(super) fn sides(summary: &Summary) -> Table {
    let names: Vec<(&String, &String)> =
        summary.class_names.iter().filter(|(id, _)| summary.class_counts_raw.contains_key(*id)).collect();
    let columns: Vec<Column> = ["Side", "Recordings", "Patients", "Beats"]
        .into_iter()
        .map(Column::new)
        .chain(names.iter().map(|(_, name)| Column::new(name.as_str())))
        .collect();
    Table::new("sides", "The split by patient: usable beats of each class.", columns).rows(
        &summary.sides,
        |(side, counts)| {
            let classes = names
                .iter()
                .map(|(id, _)| Cell::from(counts.class_counts_usable.get(*id).copied().unwrap_or(0)));
            [
                Cell::text(side.as_str()),
                Cell::from(counts.records),
                Cell::from(counts.patients),
                Cell::from(counts.beats),
            ]
            .into_iter()
            .chain(classes)
            .collect::<Vec<_>>()
        },
    )
}
