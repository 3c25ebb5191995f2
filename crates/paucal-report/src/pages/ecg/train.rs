//! A trained classifier of beats and what patients held out say of it.

use paucal_signal::ecg::evaluate::BeatScores;
use paucal_signal::ecg::gate::Calibrated;
use paucal_signal::ecg::model::{Division, LeakShown, Training};

use super::scores;
use crate::document::{Answer, Blocks, Cell, Column, Compose, Document, Section, Table, Text, Verdict};
use crate::number;

/// The document of `paucal ecg train`.
pub fn page(training: &Training) -> Document {
    let document = Document::new("How well are beats of other patients told apart?")
        .summary(Blocks::new().verdicts(verdicts(training)))
        .section(learnt(training));
    let document = match &training.validation {
        Some(of) => document.section(validation(training, of)),
        None => document,
    };
    let document = match &training.test {
        Some(of) => {
            let section = Section::new("test", "The test patients, predicted once")
                .paragraph("They were used for nothing else: not to fit, not to choose, not to calibrate.");
            document.section(scores::add(section, "test", of))
        }
        None => document,
    };
    let document = match &training.calibrated {
        Some(of) => document.section(review(training, of)),
        None => document,
    };
    let document = match &training.leak {
        Some(leak) => document.section(leaks(leak)),
        None => document,
    };
    document.section(limits(training))
}

fn verdicts(training: &Training) -> Vec<Verdict> {
    let question = "How good is it on patients it has not met?";
    let of = training.test.as_ref().or(training.validation.as_ref());
    let score = of.and_then(|of| Some((of, of.macro_f1.value()?)));
    let good = match score {
        None => Verdict::new(question, Answer::NotAssessed, "No patient was held out"),
        Some((of, score)) => {
            let weakest = of
                .macro_classes
                .iter()
                .filter_map(|name| Some((name, of.classes.get(name)?.f1.value()?)))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            let words = weakest.map_or_else(String::new, |(name, f1)| {
                format!("; the weakest class is {name} with an F1 of {}", number::percent(f1, 1))
            });
            let answer = if score >= 0.8 { Answer::Yes } else { Answer::Unclear };
            let words = format!("Macro-F1 is {}{words}", number::percent(score, 1));
            let verdict = Verdict::new(question, answer, words.as_str());
            match &of.macro_f1_interval {
                Some(i) => {
                    let (low, high) = (number::percent(i.low, 1), number::percent(i.high, 1));
                    verdict.evidence(format!("95 % interval over patients {low} to {high}").as_str())
                }
                None => verdict,
            }
        }
    };
    let gated = training.gated.as_ref().map(|of| {
        let words = format!(
            "{} of the beats go to a person; of the others {} are wrong, of all without review {}",
            number::percent(of.review_rate, 1),
            of.error_after.map_or_else(|| "none".into(), |v| number::percent(v, 2)),
            number::percent(of.error_before, 2)
        );
        let better = of.error_after.is_some_and(|after| after < of.error_before);
        let answer = if better { Answer::Yes } else { Answer::Unclear };
        Verdict::new("Does leaving doubtful beats to a person help?", answer, words.as_str())
    });
    std::iter::once(good).chain(gated).collect()
}

fn learnt(training: &Training) -> Section {
    let who = match training.division {
        Division::Grouped => "All annotated patients were learnt from",
        Division::Sides => "The training side of the split was learnt from",
    };
    let columns = [Column::new("Class"), Column::new("Beats")];
    let table = Table::new("learnt", "Beats that were learnt from.", columns)
        .rows(training.classes.iter().zip(&training.beats), |(name, &beats)| {
            [Cell::text(name.as_str()), Cell::from(beats)]
        });
    let section = Section::new("learnt", "What was learnt from")
        .paragraph(
            Text::new()
                .plain(format!("{who}: {} patients, method ", training.patients))
                .code(&training.model)
                .plain("."),
        )
        .table(table);
    if training.notes.is_empty() {
        return section;
    }
    section.list(training.notes.iter().map(String::as_str))
}

pub(super) fn validation(training: &Training, of: &BeatScores) -> Section {
    let section = Section::new("validation", "Patients held out").paragraph(
        format!(
            "Patients were dealt to {} folds. Each fold was predicted by a model that had met none of its patients, fitted \
             from scratch with everything it fits; all predictions are judged together.",
            training.folds
        )
        .as_str(),
    );
    scores::add(section, "validation", of)
}

pub(super) fn review(training: &Training, of: &Calibrated) -> Section {
    let columns = [
        Column::new("Class"),
        Column::new("Possible from"),
        Column::new("Beats"),
        Column::new("Patients"),
        Column::new("Doubt it casts on others"),
        Column::new("Guarded"),
    ];
    let thresholds = Table::new(
        "thresholds",
        format!(
            "A class stays possible from this probability on, so that of its beats at most {} lose it (conformal \
             prediction, patients counted, not beats).",
            number::percent(of.error_rate, 0)
        )
        .as_str(),
        columns,
    )
    .rows(training.classes.iter().zip(&of.thresholds), |(name, threshold)| {
        [
            Cell::text(name.as_str()),
            Cell::decimals(1.0 - threshold.score, 4),
            Cell::from(threshold.beats),
            Cell::from(threshold.patients),
            Cell::percent(threshold.doubt, 1),
            Cell::text(match (threshold.guarded, threshold.promised) {
                (true, true) => "yes",
                (true, false) => "yes, but with too few patients for a promise",
                (false, _) => "no: the model cannot tell it well enough",
            }),
        ]
    });
    let section = Section::new("review", "When a beat is left to a person")
        .paragraph(
            "A beat passes when its signal is good, its most probable class is probable enough, and exactly one class \
             remains possible. A class that would put too many beats of others in doubt is not guarded: beats of it may \
             pass under another name. What review is worth was measured on the same patients that set the thresholds.",
        )
        .table(thresholds);
    match &training.gated {
        Some(gated) => section.table(scores::gates("held-out", &training.classes, gated)),
        None => section,
    }
}

pub(super) fn leaks(leak: &LeakShown) -> Section {
    let columns = [Column::new("Split"), Column::new("Macro-F1")];
    let cell = |value: Option<f64>| Cell::or_missing(value, "not defined", |v| Cell::percent(v, 1));
    Section::new("leak", "What a random split would have promised")
        .paragraph(
            format!(
                "The same method ({}) was judged twice: on patients held out, and with neighbouring beats of a patient on \
                 both sides, as beats are often split. The second number is what the model remembers, not what it can do \
                 for a new patient.",
                leak.method
            )
            .as_str(),
        )
        .table(
            Table::new("leak", "One method, two splits.", columns)
                .row([Cell::text("by patient"), cell(leak.grouped_macro_f1)])
                .row([Cell::text("random over beats (leaks)"), cell(leak.leaky_random_macro_f1)]),
        )
}

fn limits(training: &Training) -> Section {
    let mut items = vec![
        "A class that one patient has is learnt from that person alone; the table of classes says which.",
        "Annotated peaks were used where there are annotations; with detected peaks missed beats come on top.",
    ];
    if training.division == Division::Grouped {
        items.push("The model that is kept has learnt from all patients; the scores are those of its folds, which had fewer.");
    }
    Section::new("limits", "Limits").list(items)
}
