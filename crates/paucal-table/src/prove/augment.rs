//! How many rows to add, chosen inside the training rows of a cell.
//!
//! The training patients are split once more, grouped and stratified. The source learns from the inner training
//! rows only, the classifier is trained with each candidate number of added rows, and the number with the best
//! AUPRC on the inner test rows wins; of equally good ones the smallest. The source then learns anew from all
//! training rows.

use paucal_evidence::EvidenceError;
use paucal_evidence::experiment::Cell;
use paucal_evidence::split::{self, Cases, Mode};
use paucal_metrics::classification::average_precision;

use super::arms::Source;
use super::classifier::Bench;
use crate::error::TableError;

/// Key of the chosen share in the settings of an outcome.
pub const SHARE: &str = "share_of_gap";

/// What was chosen, and what should be said about it.
pub struct Choice {
    pub share: f64,
    pub note: Option<String>,
}

/// The number of positive rows that closes `share` of the gap between the classes. When positives are not the
/// rarer class there is no gap, and the share is of their own number.
pub fn rows_to_add(truth: &[bool], share: f64) -> usize {
    let positives = truth.iter().filter(|&&positive| positive).count();
    let negatives = truth.len() - positives;
    let gap = if negatives > positives { negatives - positives } else { positives };
    (gap as f64 * share).round() as usize
}

/// Chooses among the candidates of the options.
pub fn choose(bench: &Bench<'_>, source: &dyn Source, cell: &Cell<'_>) -> Result<Choice, TableError> {
    let mut shares = bench.options.shares.clone();
    shares.sort_by(f64::total_cmp);
    let smallest = shares[0];
    if shares.len() == 1 {
        return Ok(Choice { share: smallest, note: None });
    }
    let Some((train, test)) = inner_split(bench, cell)? else {
        let note =
            format!("too few positives to choose how many rows to add: {smallest} of the gap was taken");
        return Ok(Choice { share: smallest, note: Some(note) });
    };
    let supply = source.learn(bench, &train, cell.seed.child("prove/inner-source", 0), cell.observer)?;
    let truth = bench.truth(&train);
    let most = rows_to_add(&truth, shares[shares.len() - 1]);
    let pool = supply.draw(most, cell.seed.child("prove/inner-draw", 0))?;
    let mut best = (f64::NEG_INFINITY, smallest);
    for share in shares {
        let first: Vec<usize> = (0..rows_to_add(&truth, share)).collect();
        let trained =
            bench.train(&train, Some(&pool.take(&first)), None, cell.seed.child("prove/inner", 0))?;
        let score = average_precision(&bench.truth(&test), &trained.predict(bench, &test)?)?;
        if score > best.0 {
            best = (score, share);
        }
    }
    Ok(Choice { share: best.1, note: None })
}

/// Inner training and test rows, or `None` when the positives do not suffice for both.
fn inner_split(bench: &Bench<'_>, cell: &Cell<'_>) -> Result<Option<(Vec<usize>, Vec<usize>)>, TableError> {
    let labels: Vec<usize> = cell.train.iter().map(|&row| usize::from(bench.labels[row])).collect();
    let groups: Option<Vec<usize>> =
        bench.groups.as_ref().map(|groups| dense(cell.train.iter().map(|&row| groups[row])));
    let classes = ["other".to_owned(), bench.positive.clone()];
    let cases = Cases { labels: &labels, classes: &classes, groups: groups.as_deref() };
    match split::hold_out(
        &cases,
        bench.options.inner_share,
        Mode::Grouped,
        cell.seed.child("prove/inner-split", 0),
    ) {
        Ok(fold) => {
            let rows = |inner: &[usize]| inner.iter().map(|&i| cell.train[i]).collect();
            Ok(Some((rows(&fold.train), rows(&fold.test))))
        }
        Err(EvidenceError::TooFewCases { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Group codes numbered anew from 0.
fn dense(codes: impl Iterator<Item = usize>) -> Vec<usize> {
    paucal_evidence::Groups::from_keys(codes.map(Some)).codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_gap() {
        let truth: Vec<bool> = (0..100).map(|i| i < 20).collect();
        assert_eq!(rows_to_add(&truth, 1.0), 60);
        assert_eq!(rows_to_add(&truth, 0.25), 15);
        let majority: Vec<bool> = truth.iter().map(|t| !t).collect();
        assert_eq!(rows_to_add(&majority, 0.5), 40);
    }
}
