//! The beats that are left to a person, to look at one after the other.

use std::collections::BTreeMap;

use paucal_signal::ecg::review::{ReviewBeat, ReviewQueue};

use crate::ReportError;
use crate::document::{
    Answer, Blocks, Cell, Column, Compose, Document, Figure, Section, Table, Text, Verdict, slug,
};
use crate::figure::{BeatGallery, BeatTile, Canvas, Drawing, EcgStrip, FULL_WIDTH};
use crate::html;
use crate::number;

/// Beats on one page, where nothing else is asked for: some 4 MB.
pub const MOST: usize = 500;
/// Width of the beat beside its strip.
const BEAT: f64 = 168.0;
/// Space between them.
const GAP: f64 = 16.0;
/// The class of ordinary beats, which is marked quietly.
const USUAL: &str = "N";

/// One self-contained page with at most `most` of the beats; the others are counted.
pub fn html(queue: &ReviewQueue, most: usize) -> Result<String, ReportError> {
    html::render(&page(queue, most))
}

/// The document of the page: a section for each recording, a figure for each beat.
pub fn page(queue: &ReviewQueue, most: usize) -> Document {
    let shown = queue.selection(most);
    let document =
        Document::new("Which beats need a person?").summary(summary(queue, shown.len())).section(why(queue));
    let mut first = 0;
    let mut ids = BTreeMap::new();
    let mut wanted = shown.as_slice();
    queue.by_record().fold(document, |document, beats| {
        let end = first + beats.len();
        let here = wanted.partition_point(|&at| at < end);
        let chosen: Vec<&ReviewBeat> = wanted[..here].iter().map(|&at| &queue.beats[at]).collect();
        (wanted, first) = (&wanted[here..], end);
        // Names may become alike as anchors: count them.
        let id = slug(&beats[0].record);
        let times = ids.entry(id.clone()).and_modify(|n| *n += 1).or_insert(1);
        let id = if *times == 1 { id } else { format!("{id}-again-{times}") };
        document.section(recording(queue, beats, &chosen, &format!("record-{id}")))
    })
}

fn summary(queue: &ReviewQueue, shown: usize) -> Blocks {
    let (held, all) = (queue.beats.len(), queue.beats_in_all.max(queue.beats.len()));
    let question = "Did every beat get a class?";
    let verdict = if held == 0 {
        Verdict::new(question, Answer::Yes, "Every beat got a class; none is left to a person.")
    } else {
        let share = number::percent(held as f64 / all as f64, 1);
        let words = format!(
            "{} of {} beats ({share}) are left to a person.",
            number::count(held),
            number::count(all)
        );
        Verdict::new(question, Answer::No, words.as_str())
    };
    let blocks = Blocks::new().verdicts([verdict]);
    if shown == held {
        return blocks;
    }
    let words = format!(
        "{} of the {} beats are shown here: of each recording in proportion to its beats, evenly over its time. The \
         list of all is the CSV file beside this page.",
        number::count(shown),
        number::count(held)
    );
    blocks.caution("This page does not show all of them", words.as_str())
}

/// How often each reason was given, by the most probable class.
fn why(queue: &ReviewQueue) -> Section {
    let mut classes: Vec<&str> = queue.beats.iter().map(|beat| beat.class_name.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    let mut reasons: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut all = vec![0; classes.len()];
    for beat in &queue.beats {
        let class = classes.partition_point(|name| *name < beat.class_name.as_str());
        all[class] += 1;
        for reason in &beat.reasons {
            reasons.entry(reason).or_insert_with(|| vec![0; classes.len()])[class] += 1;
        }
    }
    let columns = std::iter::once(Column::new("Reason"))
        .chain([Column::new("Beats")])
        .chain(classes.iter().map(|name| Column::new(format!("Most like {name}"))));
    let row = |name: &str, counts: &[usize]| -> Vec<Cell> {
        let sum = counts.iter().sum::<usize>();
        let numbers = std::iter::once(sum).chain(counts.iter().copied()).map(Cell::Count);
        std::iter::once(Cell::text(name)).chain(numbers).collect()
    };
    let table = Table::new("reasons", "Why beats were held back; a beat can have several reasons.", columns)
        .rows(&reasons, |(name, counts)| row(name, counts))
        .emphasised_row(row("Beats", &all));
    Section::new("why", "Why they were held back").table(table)
}

fn recording(queue: &ReviewQueue, beats: &[ReviewBeat], shown: &[&ReviewBeat], id: &str) -> Section {
    let first = &beats[0];
    let mut words = Text::new().plain("Patient ").code(&first.patient);
    if !first.lead.is_empty() {
        words = words.plain(", lead ").code(&first.lead);
    }
    let count = match (beats.len(), shown.len()) {
        (1, 1) => "1 beat.".to_owned(),
        (all, some) if all == some => format!("{all} beats."),
        (all, some) => format!("{some} of its {all} beats are shown."),
    };
    let section =
        Section::new(id, format!("Recording {}", first.record)).paragraph(words.plain(format!(": {count}")));
    section.blocks(shown.iter().map(|beat| figure(queue, beat)))
}

fn figure(queue: &ReviewQueue, beat: &ReviewBeat) -> Figure {
    let caption = Text::new()
        .strong(crate::figure::clock(beat.time_s))
        .plain(format!(", beat {}: {}. ", beat.beat_global_id, thought(beat)))
        .plain(held(beat));
    let description = format!(
        "Beat {} of recording {} at {} seconds, shaded, most probably {}.",
        beat.beat_global_id,
        beat.record,
        number::fixed(beat.time_s, 1),
        beat.class_name
    );
    Figure::new(format!("beat-{}", beat.beat_global_id), caption, description, drawing(queue, beat))
}

/// What the classifier thought: the probabilities, highest first.
fn thought(beat: &ReviewBeat) -> String {
    let mut all: Vec<(&str, f64)> = beat.probabilities.iter().map(|(name, p)| (name.as_str(), *p)).collect();
    if all.is_empty() {
        all.push((&beat.class_name, beat.probability));
    }
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let notable =
        all.iter().enumerate().filter(|(i, (_, p))| *i == 0 || *p >= 0.05 || (*i == 1 && *p >= 0.005));
    let words: Vec<String> =
        notable.map(|(_, (name, p))| format!("{name} {}", number::fixed(*p, 2))).collect();
    words.join(", ")
}

/// Why it was held back.
fn held(beat: &ReviewBeat) -> String {
    let mut words = if beat.reasons.is_empty() {
        "No reason was recorded".to_owned()
    } else {
        format!("Held back: {}", beat.reasons.join(", "))
    };
    words.push_str(&format!(" (noise score {}", number::fixed(beat.noise_score, 2)));
    if let Some(similarity) = beat.similarity {
        words.push_str(&format!(", likeness to what is known {}", number::fixed(similarity, 2)));
    }
    words + ")."
}

/// The beat enlarged, and its strip beside it.
fn drawing(queue: &ReviewQueue, beat: &ReviewBeat) -> Drawing {
    let large = BeatGallery::new(&queue.unit, queue.rate_hz, queue.peak)
        .columns(1)
        .brief()
        .tile(BeatTile::new("", beat.wave.clone()));
    if beat.strip.is_empty() {
        return large.draw_small(2.0 * BEAT);
    }
    let before = queue.peak as f64 / queue.rate_hz;
    let after = beat.wave.len().saturating_sub(queue.peak) as f64 / queue.rate_hz;
    let strip = EcgStrip::new(&beat.lead, &queue.unit, beat.strip_rate_hz, beat.strip.clone())
        .starting(beat.strip_start_s)
        .usual(USUAL)
        .focus(beat.time_s - before, beat.time_s + after)
        .beat(beat.time_s, format!("{}?", beat.class_name));
    let others = beat.neighbours.iter().filter(|other| other.time_s != beat.time_s);
    let strip = others.fold(strip, |strip, other| strip.beat(other.time_s, &other.word));
    let (large, strip) = (large.draw_small(BEAT), strip.draw_small(FULL_WIDTH - BEAT - GAP));
    let mut canvas = Canvas::new(FULL_WIDTH, large.height.max(strip.height));
    canvas.place(0.0, 0.0, &large);
    canvas.place(BEAT + GAP, 0.0, &strip);
    canvas.finish()
}
