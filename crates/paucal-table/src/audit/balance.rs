//! The classes: how many cases, what so few can show, and whether missing values know the label.

use paucal_data::Table;
use paucal_evidence::significance::{detectable, holm};
use paucal_evidence::{Groups, Target};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, Discrete, Hypergeometric};

use super::columns::LevelCount;
use super::{Check, Notebook, Severity, text};

/// Fewer positive cases allow no conclusion.
const TOO_FEW: usize = 10;
/// Fewer positive cases make every interval wide.
const FEW: usize = 50;
/// Missing values are compared between classes from this many missing and present rows on.
const ENOUGH: usize = 10;

/// The target and what its cases can show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetAudit {
    /// The column.
    pub column: String,
    /// Rows of every class.
    pub classes: Vec<LevelCount>,
    /// Rows without a label.
    pub missing: usize,
    /// The rare or sick class.
    pub positive: String,
    /// Its rows.
    pub positives: usize,
    /// Its patients; its rows, when the table names no group.
    pub positive_groups: usize,
    /// Its share of the labelled rows.
    pub prevalence: f64,
    /// The least change of sensitivity that can be shown on all these positives when both arms see the same
    /// ones (5 %, power 80 %, best case); absent when none can.
    pub detectable_paired: Option<f64>,
    /// The least rise of sensitivity from one half that can be shown between two such samples.
    pub detectable_unpaired: Option<f64>,
}

impl TargetAudit {
    pub(super) fn new(table: &Table, target: &Target) -> Self {
        let counts = target.counts();
        let positives = counts[target.positive];
        let positive_groups = positive_groups(table, target);
        let (level, power) = (detectable::SIGNIFICANCE, detectable::POWER);
        let classes = target.classes.iter().zip(&counts);
        Self {
            column: target.name.clone(),
            classes: classes.map(|(level, &rows)| LevelCount { level: level.clone(), rows }).collect(),
            missing: table.rows() - target.rows.len(),
            positive: target.classes[target.positive].clone(),
            positives,
            positive_groups,
            prevalence: positives as f64 / target.rows.len() as f64,
            detectable_paired: detectable::paired(positive_groups, level, power).ok().flatten(),
            detectable_unpaired: detectable::unpaired(positive_groups, 0.5, level, power).ok().flatten(),
        }
    }
}

fn positive_groups(table: &Table, target: &Target) -> usize {
    let rows: Vec<usize> =
        target.rows.iter().zip(target.positives()).filter(|(_, p)| *p).map(|(&row, _)| row).collect();
    match Groups::of(table) {
        Ok(Some(groups)) => groups.take(&rows).count,
        _ => rows.len(),
    }
}

/// Says how many cases there are and what they can show.
pub(super) fn check(table: &Table, target: &Target, notebook: &mut Notebook) {
    let seen = TargetAudit::new(table, target);
    let (name, positive) = (&seen.column, &seen.positive);
    let grouped = table.schema().group.is_some();
    let cases = text::count(seen.positive_groups, if grouped { "group" } else { "row" });
    let share = text::percent(seen.prevalence);
    let can_show = match seen.detectable_paired {
        Some(least) => format!("no change of sensitivity below {} could be shown on them", points(least)),
        None => "no change of sensitivity could be shown on them".into(),
    };
    let said =
        format!("the positive class '{positive}' of '{name}' has {cases} ({share} of the rows): {can_show}");
    let (severity, advice) = match seen.positive_groups {
        n if n < TOO_FEW => (Severity::Problem, "collect more cases; no method can be judged on so few"),
        n if n < FEW => (Severity::Caution, "expect \"cannot tell\"; use many repeats and report intervals"),
        _ => (Severity::Note, ""),
    };
    notebook.add(severity, Check::Balance, &[name], said, advice);
    for class in seen.classes.iter().filter(|c| c.rows < TOO_FEW && c.level != *positive) {
        let said = format!("class '{}' of '{name}' has {}", class.level, text::count(class.rows, "row"));
        let advice = "too few to be told apart; merge it openly, or collect more";
        notebook.add(Severity::Caution, Check::Balance, &[name], said, advice);
    }
    if seen.missing > 0 {
        let said = format!("{} without a label in '{name}'", text::count(seen.missing, "row"));
        notebook.add(
            Severity::Caution,
            Check::Balance,
            &[name],
            said,
            "they are left out of every experiment",
        );
    }
}

fn points(share: f64) -> String {
    let points = 100.0 * share;
    if points < 0.95 {
        format!("{points:.2} percentage points")
    } else if points < 9.5 {
        format!("{points:.1} percentage points")
    } else {
        format!("{points:.0} percentage points")
    }
}

/// Finds columns that are missing more often in one class than in the other.
pub(super) fn check_missing(table: &Table, target: &Target, notebook: &mut Notebook) {
    let positives = target.positives();
    let mut tested = Vec::new();
    for column in table.columns().filter(|c| c.spec.name != target.name) {
        // [missing and positive, missing and not, present and positive, present and not]
        let mut cells = [0_u64; 4];
        for (&row, &positive) in target.rows.iter().zip(&positives) {
            let present = usize::from(!column.values.is_missing(row));
            cells[2 * present + usize::from(!positive)] += 1;
        }
        if (cells[0] + cells[1]).min(cells[2] + cells[3]) >= ENOUGH as u64 {
            tested.push((column.spec.name.clone(), cells, independence(cells)));
        }
    }
    let adjusted = holm(&tested.iter().map(|t| t.2).collect::<Vec<_>>());
    for ((name, cells, _), p) in tested.iter().zip(adjusted) {
        if p < detectable::SIGNIFICANCE {
            let share =
                |missing: u64, present: u64| text::percent(missing as f64 / (missing + present) as f64);
            let said = format!(
                "'{name}' is missing in {} of the positive and {} of the other rows",
                share(cells[0], cells[2]),
                share(cells[1], cells[3])
            );
            let advice = "being missing carries the label: ask how it was recorded, and whether a new patient's would be";
            notebook.add(Severity::Caution, Check::Missing, &[name], said, advice);
        }
    }
}

/// Two-sided p-value of independence in a two by two table: chi-square where every expected count is at
/// least 5, Fisher's exact test elsewhere.
fn independence([a, b, c, d]: [u64; 4]) -> f64 {
    let (rows, columns, n) = ([a + b, c + d], [a + c, b + d], a + b + c + d);
    let expected = |i: usize, j: usize| rows[i] as f64 * columns[j] as f64 / n as f64;
    let all = [(a, expected(0, 0)), (b, expected(0, 1)), (c, expected(1, 0)), (d, expected(1, 1))];
    if all.iter().all(|&(_, e)| e >= 5.0) {
        let statistic: f64 = all.iter().map(|&(o, e)| (o as f64 - e).powi(2) / e).sum();
        return ChiSquared::new(1.0).map_or(1.0, |law| law.sf(statistic));
    }
    let Ok(law) = Hypergeometric::new(n, columns[0], rows[0]) else { return 1.0 };
    let observed = law.pmf(a) * (1.0 + 1e-7);
    let (least, most) = (rows[0].saturating_sub(columns[1]), rows[0].min(columns[0]));
    (least..=most).map(|k| law.pmf(k)).filter(|p| *p <= observed).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independence_as_scipy() {
        // scipy.stats.fisher_exact([[1, 6], [8, 2]]) and chi2_contingency([[30, 70], [55, 45]], correction=False)
        assert!((independence([1, 6, 8, 2]) - 0.015_220_074_043_603_46).abs() < 1e-9);
        assert!((independence([30, 70, 55, 45]) - 0.000_348_901_388_265_047_7).abs() < 1e-9);
        assert_eq!(independence([0, 10, 0, 10]), 1.0);
    }
}
