//! The page of `paucal demo ecg`: the whole journey.

use paucal_signal::ecg::journey::Journey;

use super::{audit, detectors, judge, prepare, scores, train};
use crate::document::{Answer, Blocks, Compose, Document, Section, Text, Verdict};
use crate::number;

/// The document.
pub fn page(journey: &Journey) -> Document {
    let document = Document::new("Beats of the heart: a first look")
        .subtitle(Text::new().plain(journey.data.as_str()))
        .summary(summary(journey))
        .section(question(journey));
    let document = if journey.audit.glimpses.is_empty() {
        document
    } else {
        document.section(audit::glimpses(&journey.audit))
    };
    let listed = detectors::listed(&journey.detectors);
    let document = document.section(
        Section::new("detectors", "Are the beats found?")
            .paragraph("Detections and annotated beats, matched one to one.")
            .table(detectors::overall(&listed)),
    );
    let document = match &journey.training.validation {
        Some(of) => document.section(train::validation(&journey.training, of)),
        None => document,
    };
    let tested = Section::new("test", "Patients the model has never met").paragraph(
        "They were put aside before anything was fitted, and predicted once. Below, every beat has its most probable class.",
    );
    let tested = scores::add(tested, "test", &journey.judgement.beats).table(scores::gates(
        "test",
        &journey.judgement.names,
        &journey.judgement.gated,
    ));
    let document = document.section(tested);
    let document = match &journey.training.calibrated {
        Some(of) => document.section(train::review(&journey.training, of)),
        None => document,
    };
    let document = match &journey.training.leak {
        Some(leak) => document.section(train::leaks(leak)),
        None => document,
    };
    document.section(Section::new("limits", "Limits").list(journey.shortcuts.iter().map(String::as_str)))
}

fn summary(journey: &Journey) -> Blocks {
    let best = journey.detectors.detector.values().filter_map(|score| score.f1_150).fold(0.0, f64::max);
    let found = Verdict::new(
        "Are the beats found?",
        if best > 0.99 { Answer::Yes } else { Answer::Unclear },
        format!("The best detector has an F1 of {} within 150 ms", number::percent(best, 2)).as_str(),
    );
    let leak = journey.training.leak.as_ref().and_then(|leak| {
        let words = format!(
            "It would have promised a macro-F1 of {}, patients held out give {}",
            number::percent(leak.leaky_random_macro_f1?, 1),
            number::percent(leak.grouped_macro_f1?, 1)
        );
        Some(Verdict::new("Would a random split of beats have been honest?", Answer::No, words.as_str()))
    });
    Blocks::new().verdicts(std::iter::once(found).chain(judge::verdicts(&journey.judgement)).chain(leak))
}

fn question(journey: &Journey) -> Section {
    Section::new("question", "The question")
        .paragraph(
            Text::new()
                .plain(
                    "A program has seen the beats of some patients, each named by a cardiologist. What does it know about the \
                     beats of others? The answer depends on who is tested: neighbouring beats of one person are almost \
                     copies of each other. So patients, not beats, are split, and beats that cannot be told are left to a \
                     person, in ",
                )
                .code("review_queue.html")
                .plain("."),
        )
        .table(audit::classes(&journey.audit))
        .table(prepare::sides(&journey.prepared))
}
