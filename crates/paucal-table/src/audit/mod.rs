//! The audit of a table before anything is learnt from it.
//!
//! It looks for what spoils experiments with few cases: keys and near-keys, constant and copied
//! columns, columns and labels that are functions of other columns, missing values that know the label,
//! duplicated rows, classes too small to show anything, and patients on both sides of a random split. Each
//! finding is a sentence with a severity and what to do about it. Nothing in the table is changed.

mod balance;
mod columns;
mod constraints;
mod duplicates;
mod label;
mod relations;
mod text;

pub use paucal_core::Severity;
use paucal_core::{Event, Observer, Seed};
use paucal_data::{Finding as Reading, Table, Topic, Weight};
use paucal_evidence::leak::{self, LeakOptions, LeakReport};
use paucal_evidence::{EvidenceError, Groups, Target};
use serde::{Deserialize, Serialize};

use crate::TableError;

pub use balance::TargetAudit;
pub use columns::{ColumnAudit, LevelCount, Spread};

/// Name of the stage in progress events.
const STAGE: &str = "audit";

/// Parameters of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditOptions {
    /// Relations between columns are looked for in at most this many rows.
    pub relation_rows: usize,
    /// The label is predicted from the other columns in at most this many rows.
    pub label_rows: usize,
    /// The leak audit; its `most_rows` limits the rows.
    pub leak: LeakOptions,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self { relation_rows: 2_000, label_rows: 5_000, leak: LeakOptions::default() }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Seen while reading the file.
    Reading,
    /// A column that identifies rows.
    Key,
    /// A column with one value, or nearly so.
    Constant,
    /// Missing values.
    Missing,
    /// Many levels, or rare ones.
    Levels,
    /// Rows that occur more than once.
    DuplicateRows,
    /// Columns that say the same.
    DuplicateColumns,
    /// Columns that are functions of others.
    Relation,
    /// Constraints of the schema.
    Constraint,
    /// A label that is a function of other columns.
    Label,
    /// Classes and what so few cases can show.
    Balance,
    /// Patients on both sides of a split.
    Leak,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFinding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    pub check: Check,
    /// The columns concerned, the one at fault first.
    pub columns: Vec<String>,
    /// One plain sentence.
    pub sentence: String,
    /// What to do about it; empty when nothing needs doing.
    pub advice: String,
}

impl AuditFinding {
    fn new(severity: Severity, check: Check, columns: &[&str], sentence: String, advice: &str) -> Self {
        let columns = columns.iter().map(|&c| c.to_owned()).collect();
        Self { severity, check, columns, sentence, advice: advice.to_owned() }
    }
}

/// What the audit saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Rows of the table.
    pub rows: usize,
    /// A profile of every column.
    pub columns: Vec<ColumnAudit>,
    /// The target, when the table names one that can be used.
    pub target: Option<TargetAudit>,
    /// The findings, problems first, then cautions, then notes.
    pub findings: Vec<AuditFinding>,
    /// Random against grouped splits; absent without a usable target.
    pub leak: Option<LeakReport>,
    /// Checks that looked at a part of the rows only, or not at all, and why.
    pub limits: Vec<String>,
}

impl AuditReport {
    /// The findings of a severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &AuditFinding> {
        self.findings.iter().filter(move |f| f.severity == severity)
    }
}

/// What checks write to.
#[derive(Default)]
struct Notebook {
    findings: Vec<AuditFinding>,
    limits: Vec<String>,
}

impl Notebook {
    fn add(&mut self, severity: Severity, check: Check, columns: &[&str], sentence: String, advice: &str) {
        self.findings.push(AuditFinding::new(severity, check, columns, sentence, advice));
    }
}

/// Audits a table; `reading` is what the reader found. The target and the group are those of the schema.
pub fn audit(
    table: &Table,
    reading: &[Reading],
    options: &AuditOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<AuditReport, TableError> {
    observer.event(Event::Started { stage: STAGE.into(), total: None });
    let mut notebook = Notebook::default();
    let profiles: Vec<ColumnAudit> = table.columns().map(|c| columns::profile(&c)).collect();
    columns::check(table, &profiles, &mut notebook);
    duplicates::check_rows(table, &profiles, &mut notebook);
    let copies = duplicates::check_columns(table, &profiles, &mut notebook);
    stop_if_asked(observer)?;
    constraints::check(table, &mut notebook)?;
    relations::check(table, &profiles, &copies, options.relation_rows, seed, &mut notebook);
    stop_if_asked(observer)?;
    let target = usable_target(table, &mut notebook)?;
    let mut leak = None;
    if let Some(target) = &target {
        balance::check(table, target, &mut notebook);
        balance::check_missing(table, target, &mut notebook);
        label::check(table, target, options.label_rows, seed, &mut notebook)?;
        stop_if_asked(observer)?;
        leak = check_leak(table, options, seed, observer, &mut notebook)?;
    }
    add_reading(reading, &mut notebook);
    notebook.findings.sort_by_key(|f| f.severity);
    observer.event(Event::Finished { stage: STAGE.into() });
    Ok(AuditReport {
        rows: table.rows(),
        columns: profiles,
        target: target.as_ref().map(|t| TargetAudit::new(table, t)),
        findings: notebook.findings,
        leak,
        limits: notebook.limits,
    })
}

fn stop_if_asked(observer: &dyn Observer) -> Result<(), TableError> {
    if observer.cancelled() { Err(TableError::Interrupted) } else { Ok(()) }
}

/// The target; one that cannot be used is a finding, not an error, because the audit is there to say so.
fn usable_target(table: &Table, notebook: &mut Notebook) -> Result<Option<Target>, TableError> {
    let name = table.schema().target.clone().unwrap_or_default();
    match Target::of(table) {
        Ok(target) => Ok(Some(target)),
        Err(EvidenceError::NoTarget) => {
            notebook.limits.push("the table names no target: nothing was checked against a label".into());
            Ok(None)
        }
        Err(
            error @ (EvidenceError::OneClass(_)
            | EvidenceError::NotClasses { .. }
            | EvidenceError::TooFewCases { .. }),
        ) => {
            let advice = paucal_core::Advice::hint(&error).unwrap_or_default();
            notebook.add(Severity::Problem, Check::Balance, &[&name], error.to_string(), &advice);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Scores random against grouped splits and says what that means.
fn check_leak(
    table: &Table,
    options: &AuditOptions,
    seed: Seed,
    observer: &dyn Observer,
    notebook: &mut Notebook,
) -> Result<Option<LeakReport>, TableError> {
    let report = match leak::audit(table, &options.leak, seed.child("audit/leak", 0), observer) {
        Ok(report) => report,
        Err(EvidenceError::Interrupted { .. }) => return Err(TableError::Interrupted),
        Err(error @ (EvidenceError::TooFewCases { .. } | EvidenceError::NoFeatures)) => {
            notebook.limits.push(format!("leakage was not measured: {error}"));
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    match &report {
        LeakReport::NoGroup { candidates } => {
            let names: Vec<&str> = candidates.iter().map(|c| c.column.as_str()).collect();
            if names.is_empty() {
                let said = "no group column is named and no column looks like one: every row counts as a patient of its own";
                notebook.add(
                    Severity::Note,
                    Check::Leak,
                    &[],
                    said.into(),
                    "check that it is so, else name the column with --group",
                );
            } else {
                let said = format!(
                    "no group column is named, but rows may belong together by {}",
                    text::list(&names)
                );
                notebook.add(
                    Severity::Caution,
                    Check::Leak,
                    &names,
                    said,
                    "name the patient column with --group",
                );
            }
        }
        LeakReport::SingleRows { column } => {
            let said =
                format!("every value of the group column '{column}' has one row: nothing can leak by it");
            notebook.add(Severity::Note, Check::Leak, &[column], said, "");
        }
        LeakReport::Measured { column, measure } => {
            let total = Groups::of(table)?.map_or(0, |g| g.codes.len());
            if measure.rows < total {
                notebook.limits.push(format!(
                    "leakage was measured in {} of {} rows",
                    text::thousands(measure.rows),
                    text::thousands(total)
                ));
            }
            let said = format!(
                "a small forest scores AUROC {:.3} with random and {:.3} with grouped splits, AUPRC {:.3} and {:.3}",
                measure.auroc.random, measure.auroc.grouped, measure.auprc.random, measure.auprc.grouped
            );
            let (severity, advice) = if measure.leaks() {
                (
                    Severity::Problem,
                    "split by group only; a random split of this table overstates every score",
                )
            } else {
                (Severity::Note, "keep splitting by group; a stronger model may still recognise patients")
            };
            notebook.add(severity, Check::Leak, &[column], said, advice);
        }
    }
    Ok(Some(report))
}

/// Adds the reader's findings. Where both speak of the keys, constants or missing values of a column, the
/// one with more to say stays: the audit's on keys and constants, the reader's on a few missing values,
/// because it knows their markers.
fn add_reading(reading: &[Reading], notebook: &mut Notebook) {
    let about = |finding: &Reading, topic: Topic, column: Option<&String>| {
        finding.topic == topic && finding.column.is_some() && finding.column.as_ref() == column
    };
    notebook.findings.retain(|own| {
        let few = own.check == Check::Missing && own.severity == Severity::Note;
        !(few && reading.iter().any(|f| about(f, Topic::Missing, own.columns.first())))
    });
    let repeated = |finding: &Reading| {
        notebook.findings.iter().any(|own| match own.check {
            Check::Constant => about(finding, Topic::Constant, own.columns.first()),
            Check::Key => about(finding, Topic::Keys, own.columns.first()),
            _ => false,
        })
    };
    let new: Vec<AuditFinding> = reading
        .iter()
        .filter(|finding| !repeated(finding))
        .map(|finding| {
            let severity = match finding.weight {
                Weight::Note => Severity::Note,
                Weight::Warning => Severity::Caution,
            };
            let columns: Vec<&str> = finding.column.as_deref().into_iter().collect();
            let advice =
                if severity == Severity::Caution { "check it; the schema can be edited" } else { "" };
            AuditFinding::new(severity, Check::Reading, &columns, finding.sentence.clone(), advice)
        })
        .collect();
    notebook.findings.extend(new);
}

#[cfg(test)]
mod tests;
