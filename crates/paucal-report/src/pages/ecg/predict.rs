//! What a model said of recordings.

use paucal_signal::ecg::model::PredictionSummary;

use super::left_out;
use crate::document::{Answer, Blocks, Cell, Column, Compose, Document, Section, Table, Text, Verdict};
use crate::number;

/// The document of `paucal ecg predict`.
pub fn page(result: &PredictionSummary) -> Document {
    let said = Verdict::new(
        "How much is left to a person?",
        if result.review_rate < 0.2 { Answer::Yes } else { Answer::Unclear },
        format!(
            "{} of {} beats ({}), in the review queue with their waves",
            number::count(result.num_review_flagged),
            number::count(result.num_beats_predicted),
            number::percent(result.review_rate, 1)
        )
        .as_str(),
    );
    let met = (!result.seen_patients.is_empty()).then(|| {
        let words = format!("The model has learnt from {}", result.seen_patients.join(", "));
        Verdict::new("Are these patients new to the model?", Answer::No, words.as_str())
    });
    let section = Section::new("recordings", "Recordings")
        .paragraph(
            Text::new()
                .plain("Every beat is in ")
                .code("beat_predictions.csv")
                .plain(", with its probabilities and, where it was held back, why. Beats under review have the number -99. ")
                .code("review_queue.html")
                .plain(" shows them."),
        )
        .table(strips(result))
        .table(reasons(result));
    let document = Document::new("What are these beats?")
        .summary(Blocks::new().verdicts(std::iter::once(said).chain(met)))
        .section(left_out(&result.left_out).into_iter().fold(section, Compose::table));
    if result.warnings.is_empty() {
        return document;
    }
    document.section(
        Section::new("warnings", "What somebody should look at")
            .list(result.warnings.iter().map(String::as_str)),
    )
}

fn strips(result: &PredictionSummary) -> Table {
    let names: Vec<&String> = result.classes.keys().collect();
    let columns: Vec<Column> = ["Recording", "Patient", "Beats", "For review"]
        .into_iter()
        .map(Column::new)
        .chain(names.iter().map(|name| Column::new(name.as_str())))
        .chain([Column::new("Mostly")])
        .collect();
    Table::new(
        "strips",
        "Beats of each recording: those left to a person, and those of each class that passed.",
        columns,
    )
    .rows(&result.strips, |strip| {
        let first = [Cell::code(&strip.record), Cell::code(&strip.patient)];
        let counts = [strip.num_beats, strip.num_review].into_iter().map(Cell::from);
        let classes = names.iter().map(|&name| Cell::from(strip.classes.get(name).copied().unwrap_or(0)));
        first
            .into_iter()
            .chain(counts)
            .chain(classes)
            .chain([Cell::text(strip.strip_pred_name.as_str())])
            .collect::<Vec<_>>()
    })
}

fn reasons(result: &PredictionSummary) -> Table {
    let columns = [Column::new("Why"), Column::new("Beats")];
    Table::new("reasons", "Why beats were left to a person; a beat can have several reasons.", columns)
        .rows(&result.review_reasons, |(word, &beats)| [Cell::text(word.as_str()), Cell::from(beats)])
}
