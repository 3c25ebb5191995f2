//! The page of `paucal demo table`: the whole journey.

use paucal_table::journey::Journey;
use paucal_table::judge::Judgement;

use super::{audit, evidence, fidelity, judge, methods, privacy, prove, score, utility};
use crate::document::{Answer, Blocks, Cell, Column, Compose, Document, Section, Table, Text, Verdict};

/// The document.
pub fn page(journey: &Journey) -> Document {
    let candidates: Vec<(&str, &Judgement)> =
        journey.judgements.iter().map(|judged| (judged.model.as_str(), &judged.judgement)).collect();
    let names: Vec<&str> = candidates.iter().map(|(name, _)| *name).collect();
    let mut looks = Section::new("fidelity", "Fidelity: do the rows look real?")
        .figure(fidelity::overview(&candidates))
        .table(fidelity::table(&candidates));
    for (name, judgement) in &candidates {
        looks = looks.subsection(fidelity::details(name, &format!("Column by column: {name}"), judgement));
    }
    let document = Document::new("Learning from a few cases: a first look")
        .subtitle(Text::new().plain(journey.data.as_str()))
        .summary(summary(journey))
        .section(question(journey))
        .section(audit::section(&journey.audit))
        .section(looks)
        .section(utility::section(&candidates))
        .section(privacy::section(&candidates))
        .section(evidence::section(&journey.proof));
    let limits = match candidates.first() {
        Some((_, judgement)) => judge::limits(judgement),
        None => Section::new("limits", "Limits"),
    };
    document
        .section(limits.subsection(prove::limits(&journey.proof)))
        .section(
            Section::new("methods", "Methods")
                .subsection(methods::generators(&names))
                .subsection(methods::judging())
                .subsection(methods::proving()),
        )
        .references(methods::references())
}

fn summary(journey: &Journey) -> Blocks {
    let best = journey
        .judgements
        .iter()
        .filter_map(|judged| Some((judged.judgement.scores.objective.score.value()?, judged)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let blocks = Blocks::new().verdicts(std::iter::once(answer(journey)).chain(best.into_iter().flat_map(
        |(_, judged)| {
            judge::verdicts(&judged.judgement).into_iter().map(|mut verdict| {
                verdict.question = format!("{} ({})", verdict.question, judged.title);
                verdict
            })
        },
    )));
    journey
        .shortcuts
        .iter()
        .fold(blocks, |blocks, shortcut| blocks.paragraph(Text::new().emphasis(shortcut.as_str())))
}

/// One line over all arms.
fn answer(journey: &Journey) -> Verdict {
    use paucal_evidence::verdict::Outcome;
    let arms = &journey.proof.verdict.arms;
    let any = |outcome| arms.iter().any(|arm| arm.outcome == outcome);
    let (answer, words) = if any(Outcome::Helped) {
        (Answer::Yes, "At least one way of treating the rarer class helped.")
    } else if any(Outcome::CannotTell) {
        (Answer::Unclear, "One cannot tell for every way that was tried.")
    } else {
        (Answer::No, "None of the ways that were tried helped.")
    };
    Verdict::new("Does augmenting the rarer class help here?", answer, words)
        .evidence(journey.proof.verdict.summary.as_str())
}

fn question(journey: &Journey) -> Section {
    let proof = &journey.proof;
    Section::new("question", "What was asked")
        .paragraph(
            Text::new()
                .plain("Can the rarer class (")
                .code(&proof.positive)
                .plain(" of ")
                .code(&proof.target)
                .marked_on(
                    ") be synthesised so that a classifier gains from it on patients it has never seen? The table was audited, \
                     30% of the patients were held out, generators were fitted to the others and judged on the held-out \
                     patients, and an experiment compared augmentation with doing nothing [@wdbc].",
                ),
        )
        .table(generators(journey))
}

fn generators(journey: &Journey) -> Table {
    let held = journey.judgements.first().and_then(|j| j.judgement.holdout.as_ref());
    let table = Table::new(
        "leaderboard",
        "Every generator at a glance, beside real held-out patients.",
        [
            Column::new("Rows"),
            Column::new("Objective"),
            Column::new("Similarity"),
            Column::new("Told from real (AUC, 0.5 is best)"),
            Column::new("TSTR macro-F1"),
            Column::new("TSTR minority recall"),
            Column::new("Membership attack (AUC, 0.5 is best)"),
            Column::new("Fit").unit("s"),
        ],
    );
    let cells = |scores: &paucal_table::judge::Scores| {
        [
            score::cell(&scores.objective.score, 3),
            score::cell(&scores.objective.similarity, 3),
            score::cell(&scores.fidelity.c2st, 3),
            score::cell(&scores.utility.headline.tstr.macro_f1, 3),
            score::cell(&scores.utility.headline.tstr.minority_recall, 3),
            score::cell(&scores.privacy.membership_auc, 3),
        ]
    };
    let table = match held {
        Some(scores) => table.emphasised_row(
            std::iter::once(Cell::text("Real held-out patients")).chain(cells(scores)).chain([Cell::Empty]),
        ),
        None => table,
    };
    table.rows(&journey.judgements, |judged| {
        std::iter::once(Cell::code(&judged.model))
            .chain(cells(&judged.judgement.scores))
            .chain([Cell::significant(judged.fit_seconds, 2)])
            .collect::<Vec<_>>()
    })
}
