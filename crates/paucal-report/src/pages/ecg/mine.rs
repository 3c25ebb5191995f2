//! Beats like given ones.

use paucal_signal::ecg::mine::{CandidateView, MineReport, SeedView};

use crate::document::{
    Answer, Blocks, Cell, Column, Compose, Document, Figure, Section, Table, Text, Verdict,
};
use crate::figure::{BeatGallery, BeatTile, clock};
use crate::number;

/// Seeds that have a figure, at most.
const MOST: usize = 60;

/// The document of `paucal ecg mine`.
pub fn page(report: &MineReport) -> Document {
    let question = "Are there more beats like these?";
    let verdict = match report.candidates {
        0 => Verdict::new(
            question,
            Answer::No,
            "No seed is a beat of this preparation, or no beat may be searched",
        ),
        found => Verdict::new(
            question,
            Answer::Yes,
            format!(
                "{} candidates for {} seeds, to be looked at by a person",
                number::count(found),
                number::count(report.seeds.len())
            )
            .as_str(),
        ),
    };
    let blocks = Blocks::new().verdicts([verdict]);
    let blocks = if report.unknown.is_empty() {
        blocks
    } else {
        let numbers: Vec<String> = report.unknown.iter().take(10).map(ToString::to_string).collect();
        let words = format!(
            "{} seeds are no beat of this preparation: {}. Numbers of beats change with the preparation.",
            report.unknown.len(),
            numbers.join(", ")
        );
        blocks.caution("Some seeds were not found", words.as_str())
    };
    Document::new("Which beats are like these?")
        .summary(blocks)
        .section(overview(report))
        .section(beside(report))
        .section(Section::new("limits", "Limits").list([
            "Likeness is the cosine between features. Candidates are to be looked at: they are no labels.",
            "A seed finds candidates however unlike they are. Look at the similarity, and where it falls.",
        ]))
}

fn overview(report: &MineReport) -> Section {
    let columns = [
        "Seed",
        "Beat",
        "Recording",
        "Patient",
        "Time",
        "Candidates",
        "Of patients",
        "Similarity",
        "Known as",
    ];
    let searched =
        if report.options.test { "All patients were searched." } else { "Test patients were not searched." };
    let table = Table::new("seeds", "The seeds and what was found for each.", columns.map(Column::new)).rows(
        &report.seeds,
        |seed| {
            let ends = [seed.candidates.first(), seed.candidates.last()]
                .map(|c| c.map_or_else(String::new, |c| number::fixed(f64::from(c.similarity), 3)));
            let classes: Vec<String> = seed.classes.iter().map(|(name, n)| format!("{name} {n}")).collect();
            [
                Cell::text(seed.label.as_str()),
                Cell::text(seed.beat.to_string().as_str()),
                Cell::code(&seed.record),
                Cell::text(seed.patient.as_str()),
                Cell::text(clock(seed.time_s).as_str()),
                Cell::Count(seed.found),
                Cell::Count(seed.patients),
                Cell::text(ends.join(" to ").as_str()),
                Cell::text(classes.join(", ").as_str()),
            ]
        },
    );
    Section::new("seeds", "Seeds")
        .paragraph(
            Text::new().plain(format!("{searched} Similarity is given for the candidates shown below.")),
        )
        .table(table)
}

fn beside(report: &MineReport) -> Section {
    let section = Section::new("beside", "Seeds beside their candidates");
    let section = match report.seeds.len().saturating_sub(MOST) {
        0 => section,
        more => {
            section.paragraph(format!("The first {MOST} seeds; {more} more are in the tables only.").as_str())
        }
    };
    section.blocks(report.seeds.iter().take(MOST).enumerate().map(|(i, seed)| figure(report, i, seed)))
}

fn figure(report: &MineReport, i: usize, seed: &SeedView) -> Figure {
    let first = BeatTile::new(format!("Seed: {}", seed.label), seed.wave.clone()).detail(format!(
        "{} at {}",
        seed.record,
        clock(seed.time_s)
    ));
    let gallery = BeatGallery::new(&report.unit, report.rate_hz, report.peak)
        .tile(first)
        .tiles(seed.candidates.iter().map(tile));
    Figure::new(
        format!("seed-{}", i + 1),
        Text::new().strong(&seed.label).plain(format!(
            ", beat {}, and the {} beats most like it.",
            seed.beat,
            seed.candidates.len()
        )),
        format!("The wave of the seed and of {} candidates.", seed.candidates.len()),
        gallery.draw(),
    )
}

fn tile(candidate: &CandidateView) -> BeatTile {
    let class = candidate.class_name.as_deref().unwrap_or("no class");
    let similarity = number::fixed(f64::from(candidate.similarity), 3);
    BeatTile::new(format!("{similarity} · {class}"), candidate.wave.clone()).detail(format!(
        "{} at {}, beat {}",
        candidate.record,
        clock(candidate.time_s),
        candidate.beat
    ))
}
