//! Each column by itself: its profile, keys, constants, missing values, levels.

use paucal_data::{Column, Kind, MISSING, Table, Values};
use paucal_evidence::Groups;
use serde::{Deserialize, Serialize};

use super::{Check, Notebook, Severity, text};

/// A column whose values are distinct in this share of its rows is a near-key.
const NEAR_KEY: f64 = 0.95;
/// With fewer rows no column is called a key.
const KEY_ROWS: usize = 20;
/// More levels than this are many.
const MANY_LEVELS: usize = 50;
/// Fewer rows than this make a level rare.
const RARE: usize = 10;
/// One value in this share of the rows makes a column nearly constant.
const NEARLY_CONSTANT: f64 = 0.995;
/// A larger share of missing values is worth a caution.
const MOSTLY_MISSING: f64 = 0.5;
/// Zeros apart from all other values are reported from this many on, and up to this share of the rows.
const ZEROS: (usize, f64) = (3, 0.6);
/// Levels listed in a profile.
const LISTED: usize = 12;

/// The profile of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnAudit {
    /// Name.
    pub name: String,
    /// Kind, as in the schema.
    pub kind: String,
    /// Missing values.
    pub missing: usize,
    /// Distinct values, the missing ones not counted.
    pub distinct: usize,
    /// Rows of the most frequent value.
    pub most_frequent: usize,
    /// Spread of a number column with values.
    pub spread: Option<Spread>,
    /// The most frequent levels of a discrete column, at most 12.
    pub levels: Vec<LevelCount>,
}

/// The spread of a number column (datetimes in seconds since 1970).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Smallest value.
    pub min: f64,
    /// Median.
    pub median: f64,
    /// Largest value.
    pub max: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation (n − 1); 0 for a single value.
    pub deviation: f64,
}

/// A level and its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelCount {
    /// The level as spelt in the source.
    pub level: String,
    /// Its rows.
    pub rows: usize,
}

impl ColumnAudit {
    /// Rows with a value.
    fn present(&self, rows: usize) -> usize {
        rows - self.missing
    }

    /// Whether every value is the same, or there is none.
    pub fn is_constant(&self) -> bool {
        self.distinct <= 1
    }

    /// Whether the values identify (nearly) every row: ids, text, levels and whole numbers only, because
    /// measurements are distinct by nature.
    pub fn is_key(&self, rows: usize) -> bool {
        let present = self.present(rows);
        let share = match self.kind.as_str() {
            "id" | "text" | "categorical" => NEAR_KEY,
            "integer" => 1.0,
            _ => return false,
        };
        present >= KEY_ROWS && self.distinct as f64 >= share * present as f64
    }
}

/// Profiles a column.
pub(super) fn profile(column: &Column<'_>) -> ColumnAudit {
    let groups = Groups::by(column);
    let mut sizes = vec![0; groups.count];
    groups.codes.iter().for_each(|&g| sizes[g] += 1);
    let missing = groups.missing;
    let distinct = groups.count - missing;
    let most_frequent = if distinct == 0 { 0 } else { sizes.into_iter().max().unwrap_or(0) };
    let (spread, levels) = match (column.values, column.spec.kind.levels()) {
        (Values::Number(v), _) => (spread(v), Vec::new()),
        (Values::Code(v), Some(levels)) => (None, level_counts(v, levels)),
        _ => (None, Vec::new()),
    };
    let (name, kind) = (column.spec.name.clone(), column.spec.kind.name().to_owned());
    ColumnAudit { name, kind, missing, distinct, most_frequent, spread, levels }
}

fn spread(values: &[f64]) -> Option<Spread> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (n, (&min, &max)) = (sorted.len(), (sorted.first()?, sorted.last()?));
    let mean = sorted.iter().sum::<f64>() / n as f64;
    let squares: f64 = sorted.iter().map(|x| (x - mean).powi(2)).sum();
    let deviation = (squares / (n.max(2) - 1) as f64).sqrt();
    Some(Spread { min, median: f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]), max, mean, deviation })
}

fn level_counts(codes: &[u32], levels: &[String]) -> Vec<LevelCount> {
    let counts = tally(codes, levels.len());
    let mut order: Vec<usize> = (0..levels.len()).filter(|&l| counts[l] > 0).collect();
    order.sort_by_key(|&l| std::cmp::Reverse(counts[l]));
    order.truncate(LISTED);
    order.into_iter().map(|l| LevelCount { level: levels[l].clone(), rows: counts[l] }).collect()
}

fn tally(codes: &[u32], levels: usize) -> Vec<usize> {
    let mut counts = vec![0; levels];
    codes.iter().filter(|&&c| c != MISSING).for_each(|&c| counts[c as usize] += 1);
    counts
}

/// All checks of single columns.
pub(super) fn check(table: &Table, profiles: &[ColumnAudit], notebook: &mut Notebook) {
    for (column, profile) in table.columns().zip(profiles) {
        check_missing(profile, table.rows(), notebook);
        if profile.is_constant() {
            constant(profile, notebook);
        } else if profile.is_key(table.rows()) {
            key(&column, profile, table, notebook);
        } else {
            nearly_constant(profile, table.rows(), notebook);
            zeros(&column, profile, notebook);
            check_levels(&column, profile, table, notebook);
        }
    }
}

fn check_missing(profile: &ColumnAudit, rows: usize, notebook: &mut Notebook) {
    if profile.missing == 0 || profile.missing == rows {
        return;
    }
    let share = profile.missing as f64 / rows as f64;
    let said = format!(
        "'{}' is missing in {} ({})",
        profile.name,
        text::count(profile.missing, "row"),
        text::percent(share)
    );
    let (severity, advice) = if share > MOSTLY_MISSING {
        (Severity::Caution, "ask why; consider leaving the column out")
    } else {
        (Severity::Note, "")
    };
    notebook.add(severity, Check::Missing, &[&profile.name], said, advice);
}

fn constant(profile: &ColumnAudit, notebook: &mut Notebook) {
    let what = if profile.distinct == 0 { "has no value at all" } else { "has the same value in every row" };
    let said = format!("'{}' {what}", profile.name);
    notebook.add(
        Severity::Caution,
        Check::Constant,
        &[&profile.name],
        said,
        "leave it out: it carries nothing",
    );
}

fn nearly_constant(profile: &ColumnAudit, rows: usize, notebook: &mut Notebook) {
    let present = profile.present(rows);
    if present > 0 && profile.most_frequent as f64 >= NEARLY_CONSTANT * present as f64 {
        let others = text::count(present - profile.most_frequent, "row");
        let said = format!("'{}' has the same value in all but {others}", profile.name);
        let advice = "keep it only if those rows are what you study";
        notebook.add(Severity::Note, Check::Constant, &[&profile.name], said, advice);
    }
}

/// Finds zeros that stand apart: a blood pressure of 0 among values from 24 on is a missing value.
fn zeros(column: &Column<'_>, profile: &ColumnAudit, notebook: &mut Notebook) {
    let Some(values) = column.numbers() else { return };
    let mut positive: Vec<f64> = values.iter().copied().filter(|x| *x > 0.0).collect();
    let present = values.iter().filter(|x| !x.is_nan()).count();
    let zeros = values.iter().filter(|x| **x == 0.0).count();
    let sensible = zeros >= ZEROS.0 && zeros as f64 <= ZEROS.1 * present as f64;
    if !sensible || zeros + positive.len() != present {
        return;
    }
    positive.sort_unstable_by(f64::total_cmp);
    let (least, median) = (positive[0], positive[positive.len() / 2]);
    positive.dedup();
    let mut gaps: Vec<f64> = positive.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable_by(f64::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(f64::INFINITY);
    // Counts and doses begin near 0; what begins a good way off does not pass through it.
    if least >= 5.0 * usual && least >= 0.1 * median {
        let said = format!(
            "'{}' is 0 in {} and at least {} in all others",
            profile.name,
            text::count(zeros, "row"),
            text::number(least)
        );
        let advice = "if 0 is impossible here it means missing: empty those cells in the file";
        notebook.add(Severity::Caution, Check::Missing, &[&profile.name], said, advice);
    }
}

fn key(column: &Column<'_>, profile: &ColumnAudit, table: &Table, notebook: &mut Notebook) {
    let present = profile.present(table.rows());
    let how = if profile.distinct == present {
        "has a different value in every row: a key".to_owned()
    } else {
        let (distinct, all) = (text::thousands(profile.distinct), text::count(present, "row"));
        format!("has {distinct} different values in {all}: nearly a key")
    };
    let said = format!("'{}' {how}", profile.name);
    let schema = table.schema();
    let known = matches!(column.spec.kind, Kind::Id) || schema.group.as_ref() == Some(&profile.name);
    let (severity, advice) = if known {
        (Severity::Note, "it is never modelled")
    } else if matches!(column.spec.kind, Kind::Text) {
        (Severity::Note, "text is never modelled")
    } else {
        (Severity::Caution, "set its kind to \"id\" in the schema, else models learn the order of the rows")
    };
    notebook.add(severity, Check::Key, &[&profile.name], said, advice);
}

fn check_levels(column: &Column<'_>, profile: &ColumnAudit, table: &Table, notebook: &mut Notebook) {
    let (Some(codes), Some(levels)) = (column.codes(), column.spec.kind.levels()) else { return };
    if table.schema().target.as_ref() == Some(&profile.name)
        || table.schema().group.as_ref() == Some(&profile.name)
    {
        return;
    }
    if profile.distinct > MANY_LEVELS {
        let said = format!("'{}' has {} levels", profile.name, text::thousands(profile.distinct));
        let advice = "gather them into clinical groups, or set the kind to \"id\" or \"text\"";
        notebook.add(Severity::Caution, Check::Levels, &[&profile.name], said, advice);
    }
    let counts = tally(codes, levels.len());
    let rare: Vec<&str> =
        levels.iter().zip(&counts).filter(|&(_, &n)| n > 0 && n < RARE).map(|(l, _)| l.as_str()).collect();
    if !rare.is_empty() {
        let said = format!(
            "'{}' has {} with fewer than {RARE} rows: {}",
            profile.name,
            text::count(rare.len(), "level"),
            text::list(&rare)
        );
        let advice = "they are kept as they are; little can be learnt about them";
        notebook.add(Severity::Note, Check::Levels, &[&profile.name], said, advice);
    }
}
