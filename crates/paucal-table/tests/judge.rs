//! The judge on the Wisconsin table: real patients score like real patients, nonsense scores worse, copies are
//! caught, and what cannot be computed says so.

#![allow(clippy::unwrap_used)]

use paucal_core::{Seed, Silent};
use paucal_data::{Table, Values, datasets};
use paucal_table::hold_out::{Parts, hold_out};
use paucal_table::judge::{JudgeOptions, Judgement, Ruler, Scores};

fn options() -> JudgeOptions {
    JudgeOptions { trees: 30, resamples: 100, ..JudgeOptions::default() }
}

/// Training rows, other real rows posing as synthetic ones, and held-out rows.
fn thirds() -> (Table, Table, Table) {
    let table = datasets::wdbc().unwrap();
    let Parts { train, test } = hold_out(&table, 0.3, Seed(1)).unwrap();
    let halves = hold_out(&train, 0.5, Seed(2)).unwrap();
    (halves.train, halves.test, test)
}

fn judged(real: &Table, synthetic: &Table, holdout: &Table) -> Judgement {
    let (options, observer) = (options(), Silent::new());
    Ruler::new(real, Some(holdout), &options, Seed(3), &observer).unwrap().judge(synthetic).unwrap()
}

/// Every modelled column shuffled on its own: all marginals right, all relations destroyed.
fn shuffled(table: &Table) -> Table {
    let columns = table.columns().enumerate().map(|(i, column)| {
        let order = Seed(9).stream("shuffle", i as u64).permutation(table.rows());
        column.values.take(&order)
    });
    Table::new(table.schema().clone(), columns.collect::<Vec<Values>>()).unwrap()
}

fn value(scores: &Scores, pick: impl Fn(&Scores) -> &paucal_metrics::Score) -> f64 {
    pick(scores).value().expect("a number")
}

#[test]
fn real_patients_score_like_real_patients_and_shuffled_columns_clearly_below() {
    let (real, other, holdout) = thirds();
    let honest = judged(&real, &other, &holdout);
    let nonsense = judged(&real, &shuffled(&other), &holdout);
    let (good, bad) = (&honest.scores, &nonsense.scores);

    assert!(value(good, |s| &s.objective.similarity) > 0.95);
    assert!(value(bad, |s| &s.objective.similarity) < value(good, |s| &s.objective.similarity) - 0.05);
    assert!(value(bad, |s| &s.objective.score) < value(good, |s| &s.objective.score) - 0.1);
    assert!((value(good, |s| &s.fidelity.c2st) - 0.5).abs() < 0.12);
    assert!(value(bad, |s| &s.fidelity.c2st) > 0.95);
    assert!(value(good, |s| &s.utility.headline.tstr.macro_f1) > 0.9);
    assert!(value(bad, |s| &s.utility.headline.tstr.balanced_accuracy) < 0.8);
    // The univariate part alone sees nothing wrong with shuffled columns: that is why it is not alone.
    assert!(value(bad, |s| &s.fidelity.univariate) > 0.95);

    // The ruler is the same whoever is measured, and real rows reach it.
    let ruler = honest.holdout.as_ref().expect("a hold-out was given");
    assert_eq!(Some(ruler), nonsense.holdout.as_ref());
    assert!((value(ruler, |s| &s.objective.score) - value(good, |s| &s.objective.score)).abs() < 0.08);
    assert!((value(ruler, |s| &s.privacy.membership_auc) - 0.5).abs() < 0.15);
}

#[test]
fn copied_patients_are_caught() {
    let (real, _, holdout) = thirds();
    let copied = judged(&real, &real, &holdout);
    let privacy = &copied.scores.privacy;
    assert_eq!(privacy.exact_copies.value(), Some(real.rows() as f64));
    // Not quite 1: the larger side is subsampled, so some copies lose their original.
    assert!(privacy.dcr_closer_to_train.value().is_some_and(|share| share > 0.9));
    assert_eq!(privacy.membership_auc.value(), Some(1.0));
    assert_eq!(privacy.dcr.median.value(), Some(0.0));
    let ruler = copied.holdout.expect("a hold-out was given").privacy;
    assert_eq!(ruler.exact_copies.value(), Some(0.0));
}

#[test]
fn without_a_holdout_what_needs_one_says_so() {
    let (real, other, _) = thirds();
    let (options, observer) = (options(), Silent::new());
    let ruler = Ruler::new(&real, None, &options, Seed(3), &observer).unwrap();
    let judgement = ruler.judge(&other).unwrap();
    assert!(judgement.scores.privacy.membership_auc.undefined().is_some());
    assert!(judgement.scores.privacy.dcr_closer_to_train.undefined().is_some());
    assert!(judgement.scores.utility.headline.tstr.macro_f1.value().is_some());
    assert!(judgement.limits[0].contains("No hold-out"));
}

#[test]
fn synthetic_rows_of_one_class_leave_holes_not_numbers() {
    let (real, other, holdout) = thirds();
    let target = other.column("diagnosis").unwrap().codes().unwrap().to_vec();
    let malignant: Vec<usize> = (0..other.rows()).filter(|&row| target[row] == target[0]).collect();
    let judgement = judged(&real, &other.take(&malignant), &holdout);
    let utility = &judgement.scores.utility.headline;
    assert!(utility.tsts.balanced_accuracy.undefined().is_some());
    assert!(utility.trts.auroc.undefined().is_some());
    assert!(utility.tstr.macro_f1.value().is_some_and(|f1| f1 < 0.6));
}

#[test]
fn a_judgement_survives_json_and_does_not_depend_on_threads() {
    let (real, other, holdout) = thirds();
    let json = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        serde_json::to_string(&pool.install(|| judged(&real, &other, &holdout))).unwrap()
    };
    let one = json(1);
    assert_eq!(one, json(2));
    let back: Judgement = serde_json::from_str(&one).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), one);
    let tree: serde_json::Value = serde_json::from_str(&one).unwrap();
    for pointer in [
        "/objective/similarity",
        "/objective/accuracy",
        "/objective/score",
        "/fidelity/univariate",
        "/fidelity/bivariate",
        "/fidelity/c2st",
        "/utility/tstr/macro_f1",
        "/utility/trtr/auprc",
        "/utility/trts/balanced_accuracy",
        "/utility/tstr/minority_recall",
        "/privacy/dcr_closer_to_train",
        "/privacy/exact_copies",
        "/privacy/membership_auc",
        "/holdout/objective/score",
        "/holdout/utility/tstr/macro_f1",
    ] {
        assert!(tree.pointer(pointer).is_some_and(serde_json::Value::is_number), "{pointer}");
    }
}
