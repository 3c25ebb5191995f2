//! Is the label a rule over a few columns?
//!
//! Decision trees of depth one to four are cross-validated. One with an AUROC above 0.999 on rows it has
//! not seen means that the label was computed from the columns it uses, or that they were filled in after
//! the diagnosis. Either way a classifier learns nothing about patients. In small tables a cut between two
//! far-apart values costs the cross-validated tree some errors; there a tree counts as well that fits all
//! rows without error on ten cases of either class per leaf, when its cross-validated AUROC is above 0.98.

use paucal_core::Seed;
use paucal_data::Table;
use paucal_evidence::split::{Cases, Fold, Mode, Plan};
use paucal_evidence::{EvidenceError, FeatureEncoder, FeatureOptions, Groups, Target};
use paucal_learn::{Classifier, DecisionTree, FittedClassifier, most_probable};
use paucal_metrics::classification::auroc;

use super::{Check, Notebook, Severity, text};
use crate::TableError;

/// Depths that are tried.
const DEPTHS: std::ops::RangeInclusive<usize> = 1..=4;
/// An AUROC above this is a rule.
const RULE: f64 = 0.999;
/// An AUROC above this is a rule when the tree of all rows makes no error.
const NEAR_RULE: f64 = 0.98;
/// Cases of either class per leaf below which a tree without error may be chance.
const CASES_PER_LEAF: usize = 10;
/// A feature counts as used from this share of the tree's importance.
const USED: f64 = 0.005;

/// Looks for a rule that gives the label.
pub(super) fn check(
    table: &Table,
    target: &Target,
    most_rows: usize,
    seed: Seed,
    notebook: &mut Notebook,
) -> Result<(), TableError> {
    let rows = target.rows.len();
    let mut kept = seed.stream("audit/label", 0).choose(rows, most_rows);
    kept.sort_unstable();
    if kept.len() < rows {
        notebook.limits.push(format!(
            "rules for the label were looked for in {} of {} rows",
            text::thousands(kept.len()),
            text::thousands(rows)
        ));
    }
    let codes = target.binary();
    let codes: Vec<usize> = kept.iter().map(|&at| codes[at]).collect();
    let picked: Vec<usize> = kept.iter().map(|&at| target.rows[at]).collect();
    let groups = Groups::of(table)?.map(|g| g.take(&picked).codes);
    let table = table.take(&picked);
    match rule(&table, &codes, groups.as_deref(), seed) {
        Ok(Some(rule)) => report(&target.name, &rule, notebook),
        Ok(None) => {}
        Err(TableError::Evidence(
            error @ (EvidenceError::TooFewCases { .. }
            | EvidenceError::OneClass(_)
            | EvidenceError::NoFeatures),
        )) => notebook.limits.push(format!("no rule for the label was looked for: {error}")),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// A tree that predicts the label almost without error.
struct Rule {
    depth: usize,
    auroc: f64,
    columns: Vec<String>,
}

fn rule(
    table: &Table,
    codes: &[usize],
    groups: Option<&[usize]>,
    seed: Seed,
) -> Result<Option<Rule>, TableError> {
    let classes = ["the rest".to_owned(), "positive".to_owned()];
    let cases = Cases { labels: codes, classes: &classes, groups };
    let plan = Plan { folds: 5, repeats: 1, mode: Mode::Grouped };
    let splits = plan.split(&cases, seed)?;
    for depth in DEPTHS {
        let tree = DecisionTree { max_depth: Some(depth), ..DecisionTree::default() };
        let scores: Vec<f64> =
            splits.all.iter().map(|fold| score(table, codes, fold, &tree, seed)).collect::<Result<_, _>>()?;
        let auroc = scores.iter().sum::<f64>() / scores.len() as f64;
        if auroc > NEAR_RULE {
            let whole = whole(table, codes, &tree, seed)?;
            if auroc > RULE || whole.flawless {
                return Ok(Some(Rule { depth, auroc, columns: whole.columns }));
            }
        }
    }
    Ok(None)
}

/// AUROC of the tree on the test rows of a fold.
fn score(
    table: &Table,
    codes: &[usize],
    fold: &Fold,
    tree: &DecisionTree,
    seed: Seed,
) -> Result<f64, TableError> {
    let train = table.take(&fold.train);
    let encoder = FeatureEncoder::fit(&train, &FeatureOptions::default())?;
    let y: Vec<usize> = fold.train.iter().map(|&row| codes[row]).collect();
    let fitted = tree.fit(encoder.encode(&train)?.view(), &y, 2, None, seed)?;
    let p = fitted.predict_proba(encoder.encode(&table.take(&fold.test))?.view());
    let truth: Vec<bool> = fold.test.iter().map(|&row| codes[row] == 1).collect();
    // A fold without both classes says nothing: count it as guessing.
    Ok(auroc(&truth, &p.column(1).to_vec()).unwrap_or(0.5))
}

/// A tree of all rows.
struct Whole {
    /// The columns it uses, the most important first.
    columns: Vec<String>,
    /// Whether it fits every row, on enough cases to mean something.
    flawless: bool,
}

fn whole(table: &Table, codes: &[usize], tree: &DecisionTree, seed: Seed) -> Result<Whole, TableError> {
    let encoder = FeatureEncoder::fit(table, &FeatureOptions::default())?;
    let x = encoder.encode(table)?;
    let grown = tree.grow(x.view(), codes, 2, None, seed)?;
    let right = most_probable(grown.predict_proba(x.view()).view()) == codes;
    let positives = codes.iter().sum::<usize>();
    let enough = positives.min(codes.len() - positives) >= CASES_PER_LEAF * grown.leaves();
    let mut shares: Vec<(&str, f64)> = Vec::new();
    for (source, importance) in encoder.sources().into_iter().zip(grown.importances()) {
        match shares.iter_mut().find(|(name, _)| *name == source) {
            Some((_, share)) => *share += importance,
            None => shares.push((source, importance)),
        }
    }
    shares.retain(|(_, share)| *share > USED);
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let columns = shares.into_iter().map(|(name, _)| name.to_owned()).collect();
    Ok(Whole { columns, flawless: right && enough })
}

fn report(target: &str, rule: &Rule, notebook: &mut Notebook) {
    let columns: Vec<&str> = rule.columns.iter().map(String::as_str).collect();
    let said = format!(
        "the label '{target}' is a rule over {}: a tree of depth {} predicts it with AUROC {:.4} on rows it has not \
         seen",
        text::list(&columns),
        rule.depth,
        rule.auroc
    );
    let advice = "ask how the label was made; leave out columns that were filled in after it, or do not use this label";
    let named: Vec<&str> = std::iter::once(target).chain(columns.iter().copied()).collect();
    notebook.add(Severity::Problem, Check::Label, &named, said, advice);
}
