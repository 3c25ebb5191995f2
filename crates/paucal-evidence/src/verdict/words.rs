//! The verdict in words.

use super::compare::Comparison;
use super::scores::{Metric, MetricSummary};
use super::{ArmVerdict, Outcome, Verdict, VerdictOptions};

/// The outcome by the rule of [`super`].
pub(super) fn outcome(comparison: &Comparison, options: &VerdictOptions) -> Outcome {
    let Some(difference) = &comparison.difference else { return Outcome::CannotTell };
    let clear = comparison.p_holm.is_some_and(|p| p < options.significance);
    let patients = comparison.bootstrap.as_ref();
    if clear && difference.mean > 0.0 && patients.is_some_and(|b| b.low > 0.0) {
        Outcome::Helped
    } else if clear && difference.mean < 0.0 && patients.is_some_and(|b| b.high < 0.0) {
        Outcome::Harmed
    } else if difference.high < options.margin {
        Outcome::DidNotHelp
    } else {
        Outcome::CannotTell
    }
}

/// Sentences on the ranking and on the decisions of an arm.
pub(super) fn sentences(
    outcome: Outcome,
    comparison: &Comparison,
    scores: &[MetricSummary],
    baseline: &[MetricSummary],
    context: &Context<'_>,
) -> Vec<String> {
    let mut sentences = vec![ranking(outcome, comparison, context)];
    sentences.extend(doubt(outcome, comparison, context));
    sentences.push(decisions(comparison, scores, baseline, context));
    sentences
}

/// What sentences need to know besides the numbers.
pub(super) struct Context<'a> {
    pub arm: &'a str,
    pub baseline: &'a str,
    /// Positive patients, or positive rows without groups.
    pub positives: usize,
    pub grouped: bool,
    pub options: &'a VerdictOptions,
}

impl Context<'_> {
    fn positives(&self) -> String {
        let noun = if self.grouped { "positive group" } else { "positive row" };
        format!("{} {noun}{}", self.positives, if self.positives == 1 { "" } else { "s" })
    }
}

fn ranking(outcome: Outcome, comparison: &Comparison, context: &Context<'_>) -> String {
    let (arm, margin) = (context.arm, context.options.margin);
    let Some(d) = &comparison.difference else {
        return format!(
            "Cannot tell: fewer than two cells were finished by both {arm} and {}.",
            context.baseline
        );
    };
    if comparison.same_ranking {
        return format!("{arm} ranks the cases exactly as {} does; AUPRC cannot change.", context.baseline);
    }
    let interval = format!("{:.0} % interval {:+.3} to {:+.3}", 100.0 * context.options.level, d.low, d.high);
    let p = comparison.p_holm.map_or(String::new(), |p| format!(", Holm-adjusted p {}", p_value(p)));
    let size = d.mean.abs();
    match outcome {
        Outcome::Helped => format!("{arm} helped: AUPRC rose by {size:.3} ({interval}{p})."),
        Outcome::Harmed => format!("{arm} harmed: AUPRC fell by {size:.3} ({interval}{p})."),
        Outcome::DidNotHelp => format!(
            "{arm} did not help: AUPRC changed by {:+.3} ({interval}{p}), so a gain of {margin} or more is ruled \
             out.",
            d.mean
        ),
        _ => format!("Cannot tell: AUPRC changed by {:+.3} ({interval}{p}).", d.mean),
    }
}

/// Why it cannot be told, or how far a clear result reaches.
fn doubt(outcome: Outcome, comparison: &Comparison, context: &Context<'_>) -> Option<String> {
    let d = comparison.difference.as_ref()?;
    let clear = comparison.p_holm.is_some_and(|p| p < context.options.significance);
    let patients = comparison.bootstrap.as_ref().map(|b| format!("{:+.3} to {:+.3}", b.low, b.high));
    match outcome {
        Outcome::Helped if d.mean < context.options.margin => Some(format!(
            "The gain is smaller than {}, the least that was to matter.",
            context.options.margin
        )),
        Outcome::CannotTell if clear => Some(match patients {
            Some(interval) => format!(
                "The difference is more than luck of the split, but with other patients it could be {interval}."
            ),
            None => {
                "The difference is more than luck of the split, but its spread between patients is not known."
                    .into()
            }
        }),
        Outcome::CannotTell => Some(format!(
            "With {} a difference below {:.3} could not have been seen.",
            context.positives(),
            comparison.detectable?
        )),
        _ => None,
    }
}

fn decisions(
    comparison: &Comparison,
    scores: &[MetricSummary],
    baseline: &[MetricSummary],
    context: &Context<'_>,
) -> String {
    let percent = |of: &[MetricSummary], metric| {
        let mean = of.iter().find(|s| s.metric == metric).and_then(|s| s.mean.value());
        mean.map_or("an unknown share".into(), |m| format!("{:.0} %", 100.0 * m))
    };
    let found = &comparison.found;
    format!(
        "At its threshold {} found {} of the positives ({}: {}) at a specificity of {} ({}); of {} it alone found \
         {}, the baseline alone {} (exact McNemar p {}).",
        context.arm,
        percent(scores, Metric::Sensitivity),
        context.baseline,
        percent(baseline, Metric::Sensitivity),
        percent(scores, Metric::Specificity),
        percent(baseline, Metric::Specificity),
        context.positives(),
        found.first_only,
        found.second_only,
        p_value(found.p),
    )
}

/// "= 0.034", "< 0.001".
fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { format!("= {p:.3}") }
}

/// One sentence over all arms.
pub(super) fn summary(arms: &[ArmVerdict], baseline: &str) -> String {
    let named = |outcome: Outcome| -> Vec<&str> {
        arms.iter().filter(|a| a.outcome == outcome).map(|a| a.arm.as_str()).collect()
    };
    let compared = arms.iter().filter(|a| a.outcome != Outcome::Baseline).count();
    let parts = [
        (Outcome::Helped, "helped"),
        (Outcome::DidNotHelp, "did not help"),
        (Outcome::Harmed, "harmed"),
        (Outcome::CannotTell, "cannot be told"),
        (Outcome::Failed, "failed"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .map(|(outcome, word)| (named(outcome), word))
        .filter(|(names, word)| !names.is_empty() || *word == "helped")
        .map(|(names, word)| match names.len() {
            0 => format!("no arm {word}"),
            n => format!("{n} {word} ({})", names.join(", ")),
        })
        .collect();
    format!(
        "Of {compared} arm{} compared with the baseline “{baseline}”: {}.",
        if compared == 1 { "" } else { "s" },
        said.join("; ")
    )
}

/// What to keep in mind when reading the verdict.
pub(super) fn warnings(verdict: &Verdict) -> Vec<String> {
    const REPEATS: usize = 10;
    const POSITIVES: usize = 50;
    let mut warnings = Vec::new();
    if verdict.repeats < REPEATS {
        warnings.push(format!(
            "only {} repeats: run at least {REPEATS} before trusting the paired tests",
            verdict.repeats
        ));
    }
    if verdict.positive_clusters < POSITIVES {
        warnings.push(format!(
            "only {} positive {}: intervals are wide, and a different sample of patients could turn the verdict",
            verdict.positive_clusters,
            if verdict.grouped { "groups" } else { "rows" }
        ));
    }
    warnings
}
