//! Proving: does augmenting the rare class help a classifier on patients it has never seen?
//!
//! Every arm treats the rare class in its own way and is trained and tested in the same cells: repeated,
//! grouped, stratified folds, with the same seeds. The arms are
//!
//! | arm | what it does to the training rows |
//! |---|---|
//! | `none` | nothing; the baseline |
//! | `class-weights` | weighs classes inversely to their frequency |
//! | `threshold-moving` | moves the decision threshold, chosen on out-of-bag predictions |
//! | `oversampling` | repeats positive rows |
//! | `smote-nc` | adds interpolations of positive rows |
//! | each generator | adds synthetic positive rows |
//!
//! How many rows an arm adds is chosen inside the training rows of each cell ([`augment`]). The test rows of a
//! cell are used once, for the score. The statistics and the rule of the verdict are those of
//! [`paucal_evidence::verdict`].

mod arms;
mod augment;
mod classifier;

use std::path::PathBuf;

use paucal_core::{Observer, Seed};
use paucal_data::Table;
use paucal_evidence::experiment::{Arm, CellRecord, CellResult, Experiment, RunOptions};
use paucal_evidence::split::{Cases, Plan};
use paucal_evidence::verdict::{self, Evidence, Verdict, VerdictOptions};
use paucal_evidence::{EvidenceError, Groups, Target};
use serde::{Deserialize, Serialize};

use crate::error::TableError;
use crate::generator::{Generator, method};
use arms::{Augmented, Oversampling, Plain, Treatment};
use classifier::Bench;

/// Name and version of the result's format.
pub const SCHEMA: &str = "paucal.prove/1";
/// The arm that the others are compared with.
pub const BASELINE: &str = "none";
/// The interpolating baseline; it always runs.
const SMOTE: &str = "smote-nc";

/// Parameters of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProveOptions {
    /// Repeats, each with its own split and seeds.
    pub repeats: usize,
    /// Folds of each repeat.
    pub folds: usize,
    /// Trees of the forest that every arm trains.
    pub trees: usize,
    /// Candidates for the number of added rows, as shares of the gap between the classes: 1 balances them.
    pub shares: Vec<f64>,
    /// Share of the training patients on which that number is chosen.
    pub inner_share: f64,
    /// Statistics and rule of the verdict.
    pub verdict: VerdictOptions,
}

impl Default for ProveOptions {
    fn default() -> Self {
        Self {
            repeats: 10,
            folds: 5,
            trees: 200,
            shares: vec![0.25, 0.5, 1.0],
            inner_share: 0.3,
            verdict: VerdictOptions::default(),
        }
    }
}

impl ProveOptions {
    fn check(&self) -> Result<(), TableError> {
        let refuse = |name, value: String, range| Err(EvidenceError::Parameter { name, value, range }.into());
        if self.trees == 0 {
            return refuse("prove.trees", self.trees.to_string(), "at least 1");
        }
        if self.shares.is_empty() || self.shares.iter().any(|share| !(0.0..=100.0).contains(share)) {
            return refuse("prove.shares", format!("{:?}", self.shares), "one or more numbers from 0 to 100");
        }
        if !(0.0 < self.inner_share && self.inner_share < 1.0) {
            return refuse("prove.inner_share", self.inner_share.to_string(), "between 0 and 1, exclusive");
        }
        Ok(())
    }
}

/// What is to be proved.
pub struct Question<'a> {
    /// The table, with target and positive class in its schema.
    pub table: &'a Table,
    /// Generators by name with their parameters.
    pub models: &'a [(String, toml::Table)],
    /// Parameters of the experiment.
    pub options: &'a ProveOptions,
    /// Digest of the input, so that stored cells of other data are not taken for finished.
    pub digest: &'a str,
    /// Where finished cells are kept.
    pub store: Option<PathBuf>,
}

/// The outcome, as it stands in `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// [`SCHEMA`].
    pub schema: String,
    /// Target column.
    pub target: String,
    /// The positive (rare, sick) class.
    pub positive: String,
    /// Group column, if there is one.
    pub group: Option<String>,
    /// Repeats that were run.
    pub repeats: usize,
    /// Folds per repeat that were run.
    pub folds: usize,
    /// The options.
    pub options: ProveOptions,
    /// What each arm does, in the order of the verdict.
    pub arms: Vec<ArmFacts>,
    /// The verdict.
    pub verdict: Verdict,
}

/// What the report says about an arm besides its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmFacts {
    /// Name.
    pub arm: String,
    /// What it does.
    pub description: String,
    /// How often each share of the gap was chosen, as (share, cells).
    pub shares: Vec<(f64, usize)>,
}

/// Runs the experiment, or what is left of it, and draws the conclusion.
pub fn prove(question: &Question<'_>, seed: Seed, observer: &dyn Observer) -> Result<Proof, TableError> {
    let options = question.options;
    options.check()?;
    let target = Target::of(question.table)?;
    let table = question.table.take(&target.rows);
    let groups = Groups::of(&table)?;
    if let Some(missing) = groups.as_ref().map(|groups| groups.missing).filter(|&missing| missing > 0) {
        observer.warn(format!(
            "{missing} rows have no value in the group column: each counts as a patient of its own"
        ));
    }
    let cases = Cases {
        labels: &target.binary(),
        classes: &["other".to_owned(), target.classes[target.positive].clone()],
        groups: groups.as_ref().map(|groups| groups.codes.as_slice()),
    };
    let plan = Plan { folds: options.folds, repeats: options.repeats, ..Plan::default() };
    let splits = plan.split(&cases, seed)?;
    splits.warnings.iter().for_each(|warning| observer.warn(warning.clone()));

    let bench = Bench::new(&table, &target, options)?;
    let arms = build_arms(question, &bench)?;
    let fingerprint = fingerprint(question)?;
    let experiment = Experiment { arms: &arms, splits: &splits, fingerprint: &fingerprint, seed };
    let run = RunOptions { store: question.store.clone(), retry_failed: true };
    let records = experiment.run(&run, observer)?;

    let evidence = Evidence {
        labels: &target.positives(),
        groups: groups.as_ref().map(|groups| groups.codes.as_slice()),
        splits: &splits,
        records: &records,
        baseline: BASELINE,
    };
    let mut verdict = verdict::judge(&evidence, &options.verdict, seed)?;
    verdict.warnings.splice(0..0, splits.warnings.iter().cloned());
    Ok(Proof {
        schema: SCHEMA.into(),
        positive: target.classes[target.positive].clone(),
        target: target.name,
        group: table.schema().group.clone(),
        repeats: splits.repeats,
        folds: splits.folds,
        options: options.clone(),
        arms: arms.iter().map(|arm| facts(arm.as_ref(), &records)).collect(),
        verdict,
    })
}

/// The arms in the order of the report.
fn build_arms<'a>(
    question: &Question<'_>,
    bench: &'a Bench<'a>,
) -> Result<Vec<Box<dyn Arm + 'a>>, TableError> {
    let mut arms: Vec<Box<dyn Arm + 'a>> = vec![
        Box::new(Plain::new(bench, Treatment::None)),
        Box::new(Plain::new(bench, Treatment::ClassWeights)),
        Box::new(Plain::new(bench, Treatment::ThresholdMoving)),
        Box::new(Augmented::new(bench, "oversampling", Oversampling)),
    ];
    let smote = question.models.iter().find(|(name, _)| name == SMOTE).cloned();
    let smote = smote.unwrap_or_else(|| (SMOTE.to_owned(), toml::Table::new()));
    let others = question.models.iter().filter(|(name, _)| name != SMOTE).cloned();
    for (name, parameters) in std::iter::once(smote).chain(others) {
        let method = method(&name)?;
        let generator: Box<dyn Generator> = method.generator(&parameters)?;
        arms.push(Box::new(Augmented::new(bench, method.name, generator)));
    }
    Ok(arms)
}

/// Everything that decides the outcome besides seed and splits: program, data, options, and the generators with
/// their parameters.
fn fingerprint(question: &Question<'_>) -> Result<String, TableError> {
    let text = |e: serde_json::Error| TableError::damaged("the settings", e);
    let options = serde_json::to_string(question.options).map_err(text)?;
    let models = serde_json::to_string(question.models).map_err(text)?;
    let version = env!("CARGO_PKG_VERSION");
    let plain = format!("{version}\n{}\n{options}\n{models}", question.digest);
    let constraints = &question.table.schema().constraints;
    if constraints.is_empty() {
        return Ok(plain);
    }
    Ok(format!("{plain}\n{}", serde_json::to_string(constraints).map_err(text)?))
}

fn facts(arm: &dyn Arm, records: &[CellRecord]) -> ArmFacts {
    let mut shares: Vec<(f64, usize)> = Vec::new();
    for record in records.iter().filter(|record| record.arm == arm.name()) {
        let CellResult::Done(outcome) = &record.result else { continue };
        let Some(share) = outcome.settings.get(augment::SHARE).and_then(serde_json::Value::as_f64) else {
            continue;
        };
        match shares.iter_mut().find(|(known, _)| *known == share) {
            Some((_, cells)) => *cells += 1,
            None => shares.push((share, 1)),
        }
    }
    shares.sort_by(|a, b| a.0.total_cmp(&b.0));
    ArmFacts { arm: arm.name().into(), description: arm.describe(), shares }
}
