//! The page of `paucal table compare`.

mod appendix;
mod evidence;
mod quality;
mod ranking;
mod search;

use paucal_metrics::Score;
use paucal_metrics::interval::Interval;
use paucal_table::compare::{Comparison, DataFacts, Rank, Row, RowScores};

use super::methods;
use crate::document::{Answer, Blocks, Cell, Compose, Document, Section, Text, Verdict};
use crate::number::{self, Estimate};

/// A difference in the objective that is called a gain.
const GAIN: f64 = 0.005;
/// Distance from the score of real rows within which synthetic rows are called alike.
const ALIKE: f64 = 0.02;
/// A membership attack or a share of close rows this far above 0.5 is called a warning.
const CLOSE: f64 = 0.1;

/// The document.
pub fn page(comparison: &Comparison) -> Document {
    let models: Vec<&str> = comparison.ranking.iter().map(|rank| rank.model.as_str()).collect();
    let names: Vec<&str> = comparison.data.iter().map(|data| data.name.as_str()).collect();
    Document::new("Which generator makes the best synthetic patients?")
        .subtitle(Text::new().plain(format!(
            "{} generators on {}: {}",
            models.len(),
            counted(names.len(), "table"),
            names.join(", ")
        )))
        .summary(summary(comparison))
        .section(question(comparison))
        .section(ranking::section(comparison))
        .section(ranking::excels(comparison))
        .section(evidence::section(comparison))
        .section(quality::utility(comparison))
        .section(quality::privacy(comparison))
        .section(search::section(comparison))
        .section(search::training(comparison))
        .section(quality::details(comparison))
        .section(limits(comparison))
        .section(appendix::models(&models))
        .section(appendix::search(comparison))
        .section(appendix::objective())
        .section(appendix::spaces(comparison))
        .references(methods::references())
        .references(appendix::references())
}

/// The scores of a generator on a table.
fn scores<'a>(comparison: &'a Comparison, data: &str, model: &str) -> Option<&'a RowScores> {
    comparison.rows.iter().find(|row| row.data == data && row.model == model)?.scores.as_ref()
}

/// The rows of a table in the order of the ranking.
fn rows_of<'a>(comparison: &'a Comparison, data: &DataFacts) -> Vec<&'a Row> {
    let find =
        |rank: &Rank| comparison.rows.iter().find(|row| row.data == data.name && row.model == rank.model);
    comparison.ranking.iter().filter_map(find).collect()
}

/// A score with its interval.
fn estimate(score: &Score, interval: Option<&Interval>) -> Option<Estimate> {
    let value = score.value()?;
    Some(interval.map_or_else(|| Estimate::point(value), |i| Estimate::new(value, i.low, i.high)))
}

/// The same as a cell, or the reason why there is none.
fn cell(score: &Score, interval: Option<&Interval>) -> Cell {
    estimate(score, interval).map_or_else(|| super::score::cell(score, 3), Cell::from)
}

fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

fn summary(comparison: &Comparison) -> Blocks {
    let verdicts = comparison.data.iter().flat_map(|data| on_table(comparison, data));
    let blocks = Blocks::new().verdicts(overall(comparison).into_iter().chain(verdicts));
    let failures = comparison.rows.iter().filter_map(|row| Some((row, row.failed.as_ref()?)));
    let failed: Vec<Text> = failures
        .map(|(row, reason)| {
            Text::new().code(&row.model).plain(" failed on ").code(&row.data).plain(format!(": {reason}"))
        })
        .collect();
    blocks.list(failed)
}

/// The first line when there are several tables.
fn overall(comparison: &Comparison) -> Option<Verdict> {
    let (first, tables) = (comparison.ranking.first()?, comparison.data.len());
    if tables < 2 {
        return None;
    }
    let sure = first.first_share >= 0.95;
    Some(
        Verdict::new(
            "Which generator is best over all tables?",
            if sure { Answer::Yes } else { Answer::Unclear },
            Text::new().code(&first.model).plain(if sure {
                " is best"
            } else {
                " has the best mean rank, but luck may have decided"
            }),
        )
        .evidence(format!(
            "Mean rank {} over {tables} tables (1 is best); first in {} of the replicates of the bootstrap",
            number::fixed(first.mean_rank, 1),
            number::percent(first.first_share, 0)
        )),
    )
}

/// What one would ask about a table.
fn on_table(comparison: &Comparison, data: &DataFacts) -> Vec<Verdict> {
    let Some((best, found)) =
        data.best.as_deref().and_then(|best| Some((best, scores(comparison, &data.name, best)?)))
    else {
        return vec![Verdict::new(
            format!("Which generator is best on {}?", data.name),
            Answer::NotAssessed,
            "None could be scored",
        )];
    };
    let words = |score: &Score, interval: Option<&Interval>| {
        estimate(score, interval).map_or_else(|| "not computed".into(), |e| e.text())
    };
    let objective = words(&found.objective.score, found.objective.score_interval.as_ref());
    let alike = match data.alike.as_slice() {
        [] => " is best, and better than all others".to_owned(),
        others => format!(" scored best, but cannot be told from {}", others.join(", ")),
    };
    let which = Verdict::new(
        format!("Which generator is best on {}?", data.name),
        if data.alike.is_empty() { Answer::Yes } else { Answer::Unclear },
        Text::new().code(best).plain(alike),
    )
    .evidence(format!("Objective {objective} on patients that nothing was fitted to (1 is best)"));
    let mut verdicts = vec![which];
    verdicts.extend(like_real(data, found));
    verdicts.extend(tuning(data, best, found));
    verdicts.push(closeness(data, best, found));
    verdicts
}

fn like_real(data: &DataFacts, found: &RowScores) -> Option<Verdict> {
    let real = data.holdout.as_ref()?.objective.score.value()?;
    let best = found.objective.score.value()?;
    let (answer, words) = if best > real - ALIKE {
        (Answer::Yes, "Its rows score about as real patients do")
    } else {
        (Answer::No, "Its rows score less than real patients")
    };
    let question = format!("Are its rows on {} as good as real patients?", data.name);
    Some(Verdict::new(question, answer, words).evidence(format!(
        "Real held-out patients score {} on the same ruler, the best generator {}",
        number::fixed(real, 3),
        number::fixed(best, 3)
    )))
}

fn tuning(data: &DataFacts, best: &str, found: &RowScores) -> Option<Verdict> {
    if comparison_was_untuned(found) {
        return None;
    }
    let gain = found.objective.score.value()? - found.default_objective.value()?;
    let (answer, words) = if gain > GAIN {
        (Answer::Yes, "The search found better parameters than the default")
    } else {
        (Answer::No, "The default parameters would have done as well")
    };
    Some(
        Verdict::new(format!("Did tuning {best} help on {}?", data.name), answer, words)
            .evidence(format!("Change of the objective over the default: {}", number::signed(gain, 3))),
    )
}

/// Whether the final parameters are the default ones.
fn comparison_was_untuned(found: &RowScores) -> bool {
    found.search_seconds == 0.0
}

fn closeness(data: &DataFacts, best: &str, found: &RowScores) -> Verdict {
    let privacy = &found.privacy;
    let above = |score: &Score| score.value().map(|value| value - 0.5);
    let worst = [above(&privacy.dcr_closer_to_train), above(&privacy.membership_auc)];
    let worst = worst.into_iter().flatten().reduce(f64::max);
    let (answer, words) = match worst {
        Some(worst) if worst > CLOSE => (Answer::No, "Its rows lie too near to training patients"),
        Some(_) => (Answer::Yes, "No sign of copying was found; that is no proof of anonymity"),
        None => (Answer::NotAssessed, "It could not be computed"),
    };
    Verdict::new(format!("Does {best} keep its distance from the patients of {}?", data.name), answer, words)
        .evidence(format!(
            "Closer to a training than to an unseen patient {}, membership attack {} (0.5 is best for both), exact copies {}",
            super::score::words(&privacy.dcr_closer_to_train),
            super::score::words(&privacy.membership_auc),
            privacy.exact_copies.value().map_or_else(|| "not computed".into(), |n| number::fixed(n, 1))
        ))
}

fn question(comparison: &Comparison) -> Section {
    let options = &comparison.options;
    let tuned = if options.trials == 0 {
        "with their default parameters".to_owned()
    } else {
        format!("after a search of {} trials for the parameters that suit the table", options.trials)
    };
    Section::new("question", "What was asked")
        .paragraph(format!(
            "A generator learns from a table of patients and makes new rows like them. Which one makes the best rows? \
             {} were compared {tuned}.",
            counted(comparison.ranking.len(), "generator")
        ))
        .paragraph(
            "A quarter of the patients of each table was put aside before anything else. The generators were searched and \
             fitted on the others and never met those put aside, who are the judges: synthetic rows should look like real \
             ones (similarity), and a classifier trained on them should recognise real patients (accuracy). The objective \
             is 0.6 × similarity + 0.4 × accuracy; 1 is perfect, and what real patients score is always shown beside it.",
        )
        .paragraph(format!(
            "Each generator was fitted {} with different seeds; scores are means. Intervals (95 %) say what other \
             patients of the same kind and other seeds might have shown.",
            if options.seeds == 1 { "once".into() } else { format!("{} times", options.seeds) }
        ))
}

fn limits(comparison: &Comparison) -> Section {
    let judged = comparison.details.iter().filter_map(|detail| detail.judgement.as_ref());
    let mut sentences: Vec<String> = Vec::new();
    for sentence in judged.flat_map(|judgement| &judgement.limits) {
        if !sentences.contains(sentence) {
            sentences.push(sentence.clone());
        }
    }
    let few = comparison.data.iter().filter(|data| data.characteristics.rarest < 50);
    sentences.extend(few.map(|data| {
        format!(
            "{}: only {} rows of the rarest class were there to learn from; differences between generators may be luck.",
            data.name, data.characteristics.rarest
        )
    }));
    if comparison.data.len() < 5 {
        sentences.push(
            "With fewer than five tables the intervals hold for these tables; they do not say how the generators would rank \
             on others."
                .into(),
        );
    }
    sentences.push(
        "A high objective says that rows resemble these patients and teach a classifier much of what they teach. It does not \
         say that adding them to real patients helps; 'paucal table prove' answers that."
            .into(),
    );
    Section::new("limits", "Limits").list(sentences)
}
