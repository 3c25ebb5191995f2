//! Utility: can a classifier learn from synthetic rows what it would learn from real ones?
//!
//! The letters say what is trained on and what is tested on, `r` real and `s` synthetic: TSTR is "train on
//! synthetic, test on real". Real test rows are held-out rows that neither the classifier nor, when a hold-out
//! was given, the generator has seen.

use std::collections::BTreeMap;

use paucal_core::Seed;
use paucal_data::{MISSING, Table};
use paucal_evidence::features::{FeatureEncoder, FeatureOptions};
use paucal_learn::{Boosting, Classifier, Logistic, RandomForest, most_probable};
use paucal_metrics::classification::{self as classes, Bins, Confusion};
use paucal_metrics::{Score, Undefined};
use serde::{Deserialize, Serialize};

use super::JudgeOptions;
use crate::error::TableError;
use crate::hold_out::hold_out;

/// Share of a synthetic table on which TSTS tests.
const OWN_TEST_SHARE: f64 = 0.3;
/// Bins of the calibration error.
const CALIBRATION_BINS: usize = 10;

/// Utility by the headline classifier (a random forest) and by each classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Utility {
    /// The headline classifier's four numbers.
    #[serde(flatten)]
    pub headline: Quartet,
    /// The same for every classifier.
    pub classifiers: BTreeMap<String, Quartet>,
}

/// The four ways to train and test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quartet {
    /// Train on real, test on real: what can be reached.
    pub trtr: Performance,
    /// Train on synthetic, test on real: what synthetic rows are worth.
    pub tstr: Performance,
    /// Train on real, test on synthetic: whether synthetic rows carry the right label.
    pub trts: Performance,
    /// Train on synthetic, test on synthetic: for information.
    pub tsts: Performance,
}

/// How well a classifier did on a test table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// Mean recall over classes.
    pub balanced_accuracy: Score,
    /// Mean F1 over classes.
    pub macro_f1: Score,
    /// Average precision of the positive class.
    pub auprc: Score,
    /// Recall (sensitivity) of the positive class.
    pub minority_recall: Score,
    /// Area under the ROC curve of the positive class.
    pub auroc: Score,
    /// Share of right decisions.
    pub accuracy: Score,
    /// Brier score of the positive class; 0 is best.
    pub brier: Score,
    /// Expected calibration error of the positive class, ten bins of equal mass; 0 is best.
    pub calibration_error: Score,
}

/// The learning task: which level is positive, how many levels there are.
#[derive(Debug, Clone)]
pub(super) struct Task {
    /// Target column.
    pub target: String,
    /// Code of the positive level.
    pub positive: u32,
    /// Its spelling.
    pub positive_level: String,
    /// Number of levels.
    pub classes: usize,
}

/// Real training rows, real test rows and the candidate that stands in for the training rows.
pub(super) struct Sides<'a> {
    pub real: &'a Table,
    pub test: &'a Table,
    pub candidate: &'a Table,
}

/// Runs all classifiers on all four ways.
pub(super) fn utility(
    sides: &Sides<'_>,
    task: &Task,
    options: &JudgeOptions,
    seed: Seed,
) -> Result<Utility, TableError> {
    let quartet = |classifier: &dyn Classifier| quartet(classifier, sides, task, seed);
    let headline = headline(sides, task, options, seed)?;
    let mut classifiers = BTreeMap::from([(RandomForest::NAME.to_owned(), headline.clone())]);
    let (boosting, logistic) = (Boosting::default(), Logistic::default());
    for classifier in [&boosting as &dyn Classifier, &logistic] {
        classifiers.insert(classifier.name().to_owned(), quartet(classifier)?);
    }
    Ok(Utility { headline, classifiers })
}

/// The four ways of the random forest.
pub(super) fn headline(
    sides: &Sides<'_>,
    task: &Task,
    options: &JudgeOptions,
    seed: Seed,
) -> Result<Quartet, TableError> {
    quartet(&RandomForest { trees: options.trees, ..RandomForest::default() }, sides, task, seed)
}

fn quartet(
    classifier: &dyn Classifier,
    sides: &Sides<'_>,
    task: &Task,
    seed: Seed,
) -> Result<Quartet, TableError> {
    let from_real = Trained::on(classifier, sides.real, task, seed)?;
    let from_candidate = Trained::on(classifier, sides.candidate, task, seed)?;
    Ok(Quartet {
        trtr: from_real.tested_on(sides.test, task)?,
        trts: from_real.tested_on(sides.candidate, task)?,
        tstr: from_candidate.tested_on(sides.test, task)?,
        tsts: own_test(classifier, sides.candidate, task, seed)?,
    })
}

/// Trains on one part of a table and tests on the rest.
fn own_test(
    classifier: &dyn Classifier,
    table: &Table,
    task: &Task,
    seed: Seed,
) -> Result<Performance, TableError> {
    match hold_out(table, OWN_TEST_SHARE, seed.child("judge/tsts", 0)) {
        Ok(parts) => Trained::on(classifier, &parts.train, task, seed)?.tested_on(&parts.test, task),
        // A class with one synthetic row: there is nothing to split, which is itself worth knowing.
        Err(_) => Ok(Performance::undefined(&Undefined::OneClass)),
    }
}

/// A classifier trained on one table, with the encoder fitted on the same rows.
struct Trained {
    model: Option<(FeatureEncoder, Box<dyn paucal_learn::FittedClassifier>)>,
}

impl Trained {
    /// Trains; a table without any labelled row trains nothing.
    fn on(classifier: &dyn Classifier, table: &Table, task: &Task, seed: Seed) -> Result<Self, TableError> {
        let (table, y) = labelled(table, task)?;
        if table.rows() == 0 {
            return Ok(Self { model: None });
        }
        let encoder =
            FeatureEncoder::fit(&table, &FeatureOptions { standardise: true, ..FeatureOptions::default() })?;
        let y: Vec<usize> = y.into_iter().map(|code| code as usize).collect();
        let x = encoder.encode(&table)?;
        let fitted = classifier.fit(x.view(), &y, task.classes, None, seed.child("judge/classifier", 0))?;
        Ok(Self { model: Some((encoder, fitted)) })
    }

    fn tested_on(&self, test: &Table, task: &Task) -> Result<Performance, TableError> {
        let answers = self.asked(test, task)?;
        Ok(answers.map_or_else(|| Performance::undefined(&Undefined::Empty), |a| Performance::of(&a, task)))
    }

    /// Predicts the labelled rows of a table; `None` without a model or without such rows.
    fn asked(&self, test: &Table, task: &Task) -> Result<Option<Answers>, TableError> {
        let Some((encoder, model)) = &self.model else { return Ok(None) };
        let (test, truth) = labelled(test, task)?;
        if test.rows() == 0 {
            return Ok(None);
        }
        let probability = model.predict_proba(encoder.encode(&test)?.view());
        let predicted = most_probable(probability.view()).into_iter().map(|c| c as u32).collect();
        Ok(Some(Answers { truth, predicted, score: probability.column(task.positive as usize).to_vec() }))
    }
}

/// What a classifier said of the labelled rows of a test table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answers {
    /// Class codes.
    truth: Vec<u32>,
    /// The most probable class.
    predicted: Vec<u32>,
    /// Probability of the positive class.
    score: Vec<f64>,
}

impl Answers {
    /// The answers for some rows, each as often as it is named.
    pub fn take(&self, rows: &[usize]) -> Self {
        let codes = |all: &[u32]| rows.iter().map(|&row| all[row]).collect();
        let score = rows.iter().map(|&row| self.score[row]).collect();
        Self { truth: codes(&self.truth), predicted: codes(&self.predicted), score }
    }
}

/// The forest's answers about real test rows, and how it did on the candidate.
pub(super) struct Interview {
    /// Trained on real rows.
    pub trtr: Option<Answers>,
    /// Trained on the candidate.
    pub tstr: Option<Answers>,
    /// Trained on real rows, tested on the candidate.
    pub trts: Performance,
    /// Trained and tested on the candidate.
    pub tsts: Performance,
}

/// The forest of [`headline`], with its answers about the test rows one by one.
pub(super) fn interview(
    sides: &Sides<'_>,
    task: &Task,
    options: &JudgeOptions,
    seed: Seed,
) -> Result<Interview, TableError> {
    let forest = RandomForest { trees: options.trees, ..RandomForest::default() };
    let from_real = Trained::on(&forest, sides.real, task, seed)?;
    let from_candidate = Trained::on(&forest, sides.candidate, task, seed)?;
    Ok(Interview {
        trtr: from_real.asked(sides.test, task)?,
        tstr: from_candidate.asked(sides.test, task)?,
        trts: from_real.tested_on(sides.candidate, task)?,
        tsts: own_test(&forest, sides.candidate, task, seed)?,
    })
}

/// The rows that have a label, and the labels.
pub(super) fn labelled(table: &Table, task: &Task) -> Result<(Table, Vec<u32>), TableError> {
    let codes = table.column(&task.target)?.codes().unwrap_or_default();
    let rows: Vec<usize> = (0..codes.len()).filter(|&row| codes[row] != MISSING).collect();
    let y = rows.iter().map(|&row| codes[row]).collect();
    Ok((if rows.len() == table.rows() { table.clone() } else { table.take(&rows) }, y))
}

impl Performance {
    pub(super) fn of(answers: &Answers, task: &Task) -> Self {
        let Answers { truth, predicted, score } = answers;
        let positive: Vec<bool> = truth.iter().map(|&code| code == task.positive).collect();
        let positive = positive.as_slice();
        let confusion = Confusion::new(truth, predicted, task.classes);
        let counted = |of: &dyn Fn(&Confusion) -> Result<f64, Undefined>| {
            Score::from(confusion.as_ref().map_err(Clone::clone).and_then(of))
        };
        let bins = Bins::EqualMass(CALIBRATION_BINS);
        Self {
            balanced_accuracy: counted(&Confusion::balanced_accuracy),
            macro_f1: counted(&Confusion::macro_f1),
            minority_recall: counted(&|c| c.recall(task.positive)),
            accuracy: counted(&Confusion::accuracy),
            auprc: classes::average_precision(positive, score).into(),
            auroc: classes::auroc(positive, score).into(),
            brier: classes::brier(positive, score).into(),
            calibration_error: classes::expected_calibration_error(positive, score, bins).into(),
        }
    }

    pub(super) fn undefined(reason: &Undefined) -> Self {
        let score = || Score::from(Err(reason.clone()));
        Self {
            balanced_accuracy: score(),
            macro_f1: score(),
            auprc: score(),
            minority_recall: score(),
            auroc: score(),
            accuracy: score(),
            brier: score(),
            calibration_error: score(),
        }
    }

    /// The mean over several; a score that is undefined in one is undefined.
    pub(crate) fn mean_of(all: &[&Self]) -> Self {
        let mean = |pick: fn(&Self) -> &Score| Score::mean(all.iter().map(|one| pick(one)));
        Self {
            balanced_accuracy: mean(|p| &p.balanced_accuracy),
            macro_f1: mean(|p| &p.macro_f1),
            auprc: mean(|p| &p.auprc),
            minority_recall: mean(|p| &p.minority_recall),
            auroc: mean(|p| &p.auroc),
            accuracy: mean(|p| &p.accuracy),
            brier: mean(|p| &p.brier),
            calibration_error: mean(|p| &p.calibration_error),
        }
    }
}

impl Quartet {
    fn mean(a: &Self, b: &Self) -> Self {
        let mean = |pick: fn(&Self) -> &Performance| Performance::mean_of(&[pick(a), pick(b)]);
        Self {
            trtr: mean(|q| &q.trtr),
            tstr: mean(|q| &q.tstr),
            trts: mean(|q| &q.trts),
            tsts: mean(|q| &q.tsts),
        }
    }
}

impl Utility {
    /// The mean of two cross-fitted halves.
    pub(super) fn mean(a: &Self, b: &Self) -> Self {
        let pairs =
            a.classifiers.iter().filter_map(|(name, of_a)| Some((name, of_a, b.classifiers.get(name)?)));
        Self {
            headline: Quartet::mean(&a.headline, &b.headline),
            classifiers: pairs.map(|(name, a, b)| (name.clone(), Quartet::mean(a, b))).collect(),
        }
    }
}
