//! The page of `paucal table tune`.

use paucal_table::judge::Judgement;
use paucal_table::tune::{Neighbour, SpaceLine, TrialFacts, Tuning};

use super::{fidelity, methods, privacy, score, utility};
use crate::document::{Answer, Blocks, Cell, Compose, Document, Figure, Section, Table, Text, Verdict};
use crate::figure::{LinePlot, ScoreBars};
use crate::number;

/// A difference in the objective that is called a gain.
const GAIN: f64 = 0.005;

/// The document.
pub fn page(tuning: &Tuning) -> Document {
    let candidates = [("Tuned", &tuning.tuned), ("Default", &tuning.default)];
    Document::new(format!("Tuning {}", tuning.model))
        .subtitle(Text::new().plain("Predicting ").code(&tuning.target).plain(", study ").code(&tuning.study))
        .summary(summary(tuning))
        .section(question(tuning))
        .section(search(tuning))
        .section(finalists(tuning))
        .section(importances(tuning))
        .section(
            Section::new("fidelity", "Fidelity: do the rows look real?").table(fidelity::table(&candidates)),
        )
        .section(utility::section(&candidates))
        .section(privacy::section(&candidates))
        .section(space(tuning))
        .section(trials(tuning))
        .section(
            Section::new("methods", "Methods")
                .subsection(methods::judging())
                .subsection(methods::generators(&[&tuning.model])),
        )
        .references(methods::references())
}

fn best(tuning: &Tuning) -> Option<&TrialFacts> {
    tuning.trials.iter().find(|trial| trial.number == tuning.best)
}

fn objective(judgement: &Judgement) -> Option<f64> {
    judgement.scores.objective.score.value()
}

fn summary(tuning: &Tuning) -> Blocks {
    let (tuned, default) = (objective(&tuning.tuned), objective(&tuning.default));
    let (answer, words) = match tuned.zip(default) {
        Some((tuned, default)) if tuned > default + GAIN => (Answer::Yes, "The tuned parameters did better"),
        Some((tuned, default)) if tuned < default - GAIN => (Answer::No, "The default parameters did better"),
        Some(_) => (Answer::No, "Tuned and default parameters did alike"),
        None => (Answer::Unclear, "It could not be computed"),
    };
    let real = tuning.tuned.holdout.as_ref().map(|held| score::words(&held.objective.score));
    let held_out = format!(
        "Objective on patients that no trial has seen: tuned {}, default {}{}",
        score::words(&tuning.tuned.scores.objective.score),
        score::words(&tuning.default.scores.objective.score),
        real.map_or_else(String::new, |real| format!("; real held-out rows {real}"))
    );
    let promised = best(tuning).and_then(|t| t.value).zip(tuned).map(|(promised, kept)| {
        Verdict::new(
            "Did the search keep its promise?",
            if promised - kept > 0.02 { Answer::No } else { Answer::Yes },
            format!("The best trial scored {promised:.3} on the splits it was chosen by, {kept:.3} on the hold-out"),
        )
        .evidence("The best of many noisy scores looks better than it is; only the hold-out counts")
    });
    let helped = Verdict::new("Did tuning help?", answer, words).evidence(held_out);
    Blocks::new().verdicts(std::iter::once(helped).chain(promised))
}

fn question(tuning: &Tuning) -> Section {
    let options = &tuning.options;
    Section::new("question", "What was asked").paragraph(format!(
        "Which parameters of {} give the best synthetic rows of this table? {} of the patients were put aside before \
         the search. Each of {} trials was fitted to a part of the other patients and scored on the rest of them, on \
         the same {} splits for every trial; the score is 0.6 × similarity + 0.4 × accuracy. At the end the best and the default \
         parameters were fitted to all patients of the search and judged on those put aside.",
        tuning.model,
        number::percent(options.outer_share, 0),
        tuning.trials.len(),
        options.repeats
    ))
}

fn search(tuning: &Tuning) -> Section {
    let scored: Vec<(f64, f64)> =
        tuning.trials.iter().filter_map(|t| Some((t.number as f64, t.value?))).collect();
    let mut highest = f64::NEG_INFINITY;
    let so_far: Vec<(f64, f64)> = tuning
        .trials
        .iter()
        .filter_map(|t| {
            highest = highest.max(t.value.filter(|_| t.state == "complete")?);
            Some((t.number as f64, highest))
        })
        .collect();
    let history =
        LinePlot::new("Trial", "Objective").series("best so far", so_far).series("each trial", scored);
    let seconds: f64 = tuning.trials.iter().filter_map(|t| t.seconds).sum();
    let spent = |point: fn(&paucal_table::tune::Spent) -> Option<(f64, f64)>| -> Vec<(f64, f64)> {
        tuning.course.budget.iter().filter_map(point).collect()
    };
    let budget = LinePlot::new("Seconds of trials", "Best objective so far")
        .series("best so far", spent(|s| Some((s.seconds, s.best))));
    let parts = LinePlot::new("Trial", "Part of the best so far")
        .series("similarity", spent(|s| Some((s.trial as f64, s.similarity?))))
        .series("accuracy", spent(|s| Some((s.trial as f64, s.accuracy?))));
    let count = |state: &str| tuning.trials.iter().filter(|t| t.state == state).count();
    Section::new("search", "The search")
        .paragraph(format!(
            "{} trials were completed, {} stopped early and {} failed, {seconds:.0} seconds of trial time in all. The sampler was {}.",
            count("complete"),
            count("pruned"),
            count("fail"),
            tuning.options.sampler
        ))
        .figure(Figure::new(
            "history",
            Text::new().plain("Optimisation history: the objective of each trial and the best so far."),
            "The objective over the number of the trial, and its running maximum.",
            history.draw(),
        ))
        .figure(Figure::new(
            "budget",
            "What computing time buys: the best objective over the seconds of trials, added up.",
            "A rising staircase over the seconds spent.",
            budget.draw(),
        ))
        .figure(Figure::new(
            "parts",
            "Convergence of similarity and accuracy, as the best trial so far has them.",
            "Two curves over the number of the trial.",
            parts.draw(),
        ))
        .paragraph(worth(tuning))
}

/// Would more trials pay?
fn worth(tuning: &Tuning) -> String {
    let course = &tuning.course;
    match (course.last_doubling, course.noise) {
        (Some(gain), Some(noise)) => format!(
            "Doubling the trials from half of their number gained {gain:.4} on average over the orders in which they might have \
             come; the standard error of a trial over the splits is {noise:.4}. {}",
            if gain < noise { "More trials will hardly pay." } else { "More trials may pay." }
        ),
        _ => "There were too few trials to say whether more would pay.".into(),
    }
}

/// Without enough trials the shares are noise, and a picture of noise would be believed.
fn importances(tuning: &Tuning) -> Section {
    let section = Section::new("importances", "Which parameters mattered");
    if !tuning.importances_reliable {
        return section.paragraph("There were too few trials to say; fifty are enough.");
    }
    let bars = tuning
        .importances
        .iter()
        .fold(ScoreBars::new("Share of the importance").percent(), |bars, (name, share)| {
            bars.row(name, *share, None)
        });
    section
        .paragraph(
            "How much each parameter on its own sets the best tenth of the trials apart from all (PED-ANOVA; shares \
             sum to 1).",
        )
        .figure(Figure::new(
            "importances",
            Text::new().plain("Importance of the parameters."),
            "Bars of the share of each parameter, largest first.",
            bars.draw(),
        ))
}

fn space(tuning: &Tuning) -> Section {
    let caption = "Parameters that were searched.";
    Section::new("space", "The search space").table(space_table(
        "space",
        caption,
        &tuning.space,
        best(tuning),
    ))
}

/// A search space with the values of the best trial.
pub fn space_table(
    id: &str,
    caption: impl Into<Text>,
    space: &[SpaceLine],
    best: Option<&TrialFacts>,
) -> Table {
    let value = |name: &str| best.and_then(|t| t.parameters.get(name)).map(ToString::to_string);
    Table::new(id, caption, ["Parameter", "Range", "Best", "Why this range"]).rows(space, |line| {
        let chosen = Cell::or_missing(value(&line.name), "not drawn", Cell::code);
        [Cell::code(&line.name), Cell::text(line.range.as_str()), chosen, Cell::text(line.rationale.as_str())]
    })
}

/// The best few once more, and what moving a parameter costs.
fn finalists(tuning: &Tuning) -> Section {
    let section = Section::new("stability", "How far can the best trial be trusted?");
    let section = if tuning.finalists.is_empty() {
        section.paragraph("The best trials were not scored again.")
    } else {
        let columns = ["Trial", "In the search", "With fresh seeds", "Scatter over seeds"];
        let table = Table::new(
            "finalists",
            "The best trials scored once more with fresh seeds, the best of them first.",
            columns,
        )
        .rows(&tuning.finalists, |finalist| {
            [
                Cell::from(finalist.trial as usize),
                Cell::decimals(finalist.searched, 3),
                Cell::decimals(finalist.mean(), 3),
                Cell::or_missing(finalist.deviation(), "one seed", |sd| Cell::decimals(sd, 3)),
            ]
        });
        section
            .paragraph(
                "The best of many noisy scores looks better than it is. These scores were not chosen by; the trial in the \
                 first line was used.",
            )
            .table(table)
    };
    if tuning.sensitivity.is_empty() {
        return section;
    }
    section
        .paragraph("Around the best trial: each parameter was moved by itself, the others stayed.")
        .table(sensitivity_table("sensitivity", &tuning.sensitivity))
}

/// What moving each parameter of the best trial costs.
pub fn sensitivity_table(id: &str, neighbours: &[Neighbour]) -> Table {
    let columns = ["Parameter", "Best", "Moved to", "Objective", "Cost of the move"];
    Table::new(id, "The objective with one parameter moved.", columns).rows(neighbours, |n| {
        let cost = |cost: f64| Cell::Number(cost, crate::document::Digits::Signed(3));
        [
            Cell::code(&n.parameter),
            Cell::code(n.best.to_string()),
            Cell::code(n.value.to_string()),
            Cell::or_missing(n.objective, "the fit failed", |x| Cell::decimals(x, 3)),
            Cell::or_missing(n.cost, "the fit failed", cost),
        ]
    })
}

fn trials(tuning: &Tuning) -> Section {
    let rows = tuning.trials.iter().map(|trial| {
        let score =
            |value: Option<f64>| Cell::or_missing(value, trial.state.as_str(), |x| Cell::decimals(x, 3));
        let parameters: Vec<String> =
            trial.parameters.iter().map(|(name, v)| format!("{name} {v}")).collect();
        [
            Cell::from(trial.number as usize),
            Cell::text(trial.state.as_str()),
            score(trial.value),
            score(trial.components.get("similarity").copied()),
            score(trial.components.get("accuracy").copied()),
            Cell::or_missing(trial.seconds, "unknown", |x| Cell::decimals(x, 1)),
            Cell::text(trial.error.clone().unwrap_or_else(|| parameters.join(", "))),
        ]
    });
    let columns = ["Trial", "State", "Objective", "Similarity", "Accuracy", "Seconds", "Parameters"];
    Section::new("trials", "All trials").table(
        Table::new("trials", "Every trial with its parameters.", columns).rows(rows, |row| row).folded(),
    )
}
