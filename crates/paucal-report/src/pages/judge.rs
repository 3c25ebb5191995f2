//! The page of `paucal table judge`.

use paucal_table::judge::{BrokenRule, Judgement, Scores};

use super::{fidelity, methods, privacy, score, utility};
use crate::document::{Answer, Blocks, Cell, Compose, Document, Section, Table, Text, Verdict};
use crate::number;

/// Distance from the ruler within which scores are called alike.
const ALIKE: f64 = 0.05;
/// An AUC within this of 0.5 is called close to guessing.
const GUESSING: f64 = 0.1;

/// The document.
pub fn page(judgement: &Judgement) -> Document {
    let candidates = [("Synthetic", judgement)];
    let document = Document::new("How good are the synthetic rows?")
        .subtitle(
            Text::new()
                .plain("Predicting ")
                .code(&judgement.target)
                .plain(", positive class ")
                .code(&judgement.positive),
        )
        .summary(Blocks::new().verdicts(verdicts(judgement)))
        .section(question(judgement));
    constraints(judgement)
        .into_iter()
        .fold(document, Document::section)
        .section(
            Section::new("fidelity", "Fidelity: do the rows look real?")
                .table(fidelity::table(&candidates))
                .subsection(fidelity::details("synthetic", "Column by column", judgement)),
        )
        .section(utility::section(&candidates))
        .section(privacy::section(&candidates))
        .section(objective(judgement))
        .section(limits(judgement))
        .section(Section::new("methods", "Methods").subsection(methods::judging()))
        .references(methods::references())
}

fn question(judgement: &Judgement) -> Section {
    let rows = &judgement.rows;
    Section::new("question", "What was asked")
        .paragraph("Synthetic rows were compared with the real rows they were made from, and with real rows that were held out.")
        .table(
            Table::new("rows", "Rows compared.", ["Table", "Rows", "Positive rows"])
                .row([Cell::text("Real"), rows.real.into(), rows.real_positive.into()])
                .row([Cell::text("Synthetic"), rows.synthetic.into(), rows.synthetic_positive.into()])
                .row([Cell::text("Real, held out"), rows.holdout.into(), Cell::Empty]),
        )
}

/// Whether the rows keep the constraints of the schema.
fn constraints(judgement: &Judgement) -> Option<Section> {
    let validity = judgement.validity.as_ref()?;
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let said = format!(
        "{} of the synthetic rows keep every constraint of the schema; of the real rows {} do.",
        percent(validity.kept),
        percent(validity.real)
    );
    let section = Section::new("constraints", "Constraints: do the rows make sense?").paragraph(said);
    if validity.broken.is_empty() {
        return Some(section);
    }
    let table = Table::new("broken", "Constraints that synthetic rows break.", ["Constraint", "Rows"]);
    let row = |table: Table, broken: &BrokenRule| table.row([Cell::text(&broken.rule), broken.rows.into()]);
    Some(section.table(validity.broken.iter().fold(table, row)))
}

/// The three answers of the first screen.
pub fn verdicts(judgement: &Judgement) -> Vec<Verdict> {
    vec![looks_real(judgement), can_be_learnt_from(judgement), is_private(judgement)]
}

fn beside(judgement: &Judgement, pick: fn(&Scores) -> &paucal_metrics::Score) -> String {
    let own = score::words(pick(&judgement.scores));
    match &judgement.holdout {
        Some(held) => format!("{own}; real held-out rows score {}", score::words(pick(held))),
        None => own,
    }
}

fn looks_real(judgement: &Judgement) -> Verdict {
    let c2st = judgement.scores.fidelity.c2st.value();
    let (answer, words) = match c2st {
        Some(auc) if auc < 0.5 + GUESSING => {
            (Answer::Yes, "A classifier can hardly tell them from real rows.")
        }
        Some(auc) if auc < 0.8 => (Answer::Unclear, "A classifier tells many of them from real rows."),
        Some(_) => (Answer::No, "A classifier tells most of them from real rows."),
        None => (Answer::NotAssessed, "This could not be computed."),
    };
    Verdict::new("Do the rows look real?", answer, words).evidence(
        format!(
            "Similarity {}. Told from real rows with AUC {} (0.5 is best).",
            beside(judgement, |s| &s.objective.similarity),
            beside(judgement, |s| &s.fidelity.c2st),
        )
        .as_str(),
    )
}

fn can_be_learnt_from(judgement: &Judgement) -> Verdict {
    let utility = &judgement.scores.utility.headline;
    let (answer, words) = match (utility.tstr.macro_f1.value(), utility.trtr.macro_f1.value()) {
        (Some(own), Some(real)) if own >= real - ALIKE => {
            (Answer::Yes, "A classifier learns from them nearly as well as from real rows.")
        }
        (Some(own), Some(real)) if own >= real - 3.0 * ALIKE => {
            (Answer::Unclear, "A classifier learns less from them than from real rows.")
        }
        (Some(_), Some(_)) => (Answer::No, "A classifier learns much less from them than from real rows."),
        _ => (Answer::NotAssessed, "This could not be computed."),
    };
    Verdict::new("Can a classifier learn from them?", answer, words).evidence(format!(
        "Macro-F1 on real held-out rows: {} after training on synthetic rows, {} after training on real rows. Minority \
         recall: {} and {}.",
        score::words(&utility.tstr.macro_f1),
        score::words(&utility.trtr.macro_f1),
        score::words(&utility.tstr.minority_recall),
        score::words(&utility.trtr.minority_recall),
    ).as_str())
}

fn is_private(judgement: &Judgement) -> Verdict {
    let privacy = &judgement.scores.privacy;
    let held = judgement.holdout.as_ref().map(|scores| &scores.privacy);
    let copies = privacy.exact_copy_share.value().unwrap_or(0.0);
    let usual = held.and_then(|p| p.exact_copy_share.value()).unwrap_or(0.0);
    let (answer, words) = match privacy.membership_auc.value() {
        _ if copies > usual => (Answer::No, "Some rows are exact copies of training rows."),
        Some(auc) if auc < 0.5 + GUESSING => {
            (Answer::Yes, "No careless copying was found; that is not a guarantee.")
        }
        Some(auc) if auc < 0.7 => (Answer::Unclear, "They lean towards the training rows."),
        Some(_) => (Answer::No, "They give away who was in the training rows."),
        None => (Answer::NotAssessed, "Without unseen rows this cannot be judged."),
    };
    let count =
        privacy.exact_copies.value().map_or_else(|| "not computed".to_owned(), |n| number::fixed(n, 0));
    Verdict::new("Do they keep their distance from real patients?", answer, words).evidence(
        format!(
            "Exact copies: {count}. Membership attack: AUC {} (0.5 is best).",
            beside(judgement, |s| &s.privacy.membership_auc)
        )
        .as_str(),
    )
}

fn objective(judgement: &Judgement) -> Section {
    let objective = &judgement.scores.objective;
    let held = judgement.holdout.as_ref().map(|scores| &scores.objective);
    Section::new("objective", "One number: 0.6 × similarity + 0.4 × accuracy")
        .paragraph(Text::new().plain("The form called ").code(objective.form.name()).plain(" is the one this report goes by. The legacy forms are there to compare with older numbers; they rank tables badly."))
        .table(
            Table::new("objective", "The objective in every form.", ["Form", "Similarity", "Accuracy", "Score", "Score of real held-out rows"])
                .rows(&objective.forms, |(name, parts)| {
                    [
                        Cell::code(name),
                        score::cell(&parts.similarity, 3),
                        score::cell(&parts.accuracy, 3),
                        score::cell(&parts.score, 3),
                        score::held(held.and_then(|o| o.forms.get(name)).map(|parts| &parts.score), 3),
                    ]
                }),
        )
}

/// What the numbers cannot say.
pub fn limits(judgement: &Judgement) -> Section {
    let own = judgement.limits.iter().map(|limit| Text::new().plain(limit.as_str()));
    let always = [
        "All scores are of one synthetic table and one split; other draws would score a little differently.",
        "Similarity of columns and pairs does not see what three or more columns do together.",
        "The positive rows are few; scores that rest on them are less certain than their digits suggest.",
    ];
    Section::new("limits", "Limits").list(own.chain(always.map(|limit| Text::new().plain(limit))))
}
