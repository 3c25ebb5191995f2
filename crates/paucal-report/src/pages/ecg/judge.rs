//! A model compared with annotations.

use paucal_signal::ecg::model::Judgement;

use super::{left_out, scores};
use crate::document::{Answer, Blocks, Compose, Document, Section, Verdict};
use crate::number;

/// The document of `paucal ecg judge RUN`.
pub fn page(judgement: &Judgement) -> Document {
    let section = Section::new("beats", "Every beat with its most probable class").paragraph(
        format!(
            "{} beats of {} patients, as annotated; {} beats have no class that the model knows. {} of the beats would have \
             been left to a person.",
            number::count(judgement.beats.count as usize),
            judgement.beats.patients.len(),
            judgement.unlabelled,
            number::count(judgement.beats.abstained as usize)
        )
        .as_str(),
    );
    let review = Section::new("review", "With review").table(scores::gates(
        "judged",
        &judgement.names,
        &judgement.gated,
    ));
    let document = Document::new("How right is the model?")
        .summary(Blocks::new().verdicts(verdicts(judgement)))
        .section(scores::add(section, "beats", &judgement.beats))
        .section(left_out(&judgement.left_out).into_iter().fold(review, Compose::table));
    if judgement.warnings.is_empty() {
        return document;
    }
    document.section(
        Section::new("warnings", "What somebody should look at")
            .list(judgement.warnings.iter().map(String::as_str)),
    )
}

fn verdicts(judgement: &Judgement) -> Vec<Verdict> {
    let beats = &judgement.beats;
    let words = match (beats.macro_f1.value(), &beats.macro_f1_interval) {
        (Some(value), Some(i)) => format!(
            "Macro-F1 is {} (95 % interval over patients {} to {})",
            number::percent(value, 1),
            number::percent(i.low, 1),
            number::percent(i.high, 1)
        ),
        (Some(value), None) => format!("Macro-F1 is {}", number::percent(value, 1)),
        (None, _) => "Macro-F1 is not defined here".into(),
    };
    let answer = match beats.macro_f1.value() {
        Some(value) if value >= 0.8 => Answer::Yes,
        Some(_) => Answer::Unclear,
        None => Answer::NotAssessed,
    };
    let memory = match judgement.seen_patients.len() {
        0 => Verdict::new(
            "Are these patients new to the model?",
            Answer::Yes,
            "The model has met none of them",
        ),
        n => Verdict::new(
            "Are these patients new to the model?",
            Answer::No,
            format!("It has learnt from {n} of them: {}", judgement.seen_patients.join(", ")).as_str(),
        ),
    };
    vec![Verdict::new("How right is the model?", answer, words.as_str()), memory]
}
