//! The arms: what is done to the training rows of a cell before the same classifier learns from them.

use std::collections::BTreeMap;

use paucal_core::{Observer, Seed};
use paucal_data::Table;
use paucal_evidence::experiment::{Arm, ArmError, ArmOutcome, Cell};
use paucal_evidence::threshold::{self, Criterion};
use paucal_learn::balanced_weights;

use super::augment::{self, Choice};
use super::classifier::Bench;
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::{FitContext, FittedGenerator, Generator};

/// The decision threshold of arms that do not move it.
const USUAL_THRESHOLD: f64 = 0.5;

/// A treatment that adds no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    None,
    ClassWeights,
    ThresholdMoving,
}

/// An arm that adds no rows.
pub struct Plain<'a> {
    bench: &'a Bench<'a>,
    treatment: Treatment,
}

impl<'a> Plain<'a> {
    pub fn new(bench: &'a Bench<'a>, treatment: Treatment) -> Self {
        Self { bench, treatment }
    }
}

impl Arm for Plain<'_> {
    fn name(&self) -> &str {
        match self.treatment {
            Treatment::None => super::BASELINE,
            Treatment::ClassWeights => "class-weights",
            Treatment::ThresholdMoving => "threshold-moving",
        }
    }

    fn describe(&self) -> String {
        match self.treatment {
            Treatment::None => "Learns from the training rows as they are, and decides at probability 0.5.",
            Treatment::ClassWeights => "Weighs each class inversely to its frequency.",
            Treatment::ThresholdMoving => {
                "Decides at the probability that gives the best balanced accuracy on out-of-bag predictions of the \
                 training rows. The ranking, and with it AUPRC, stays that of the baseline."
            }
        }
        .into()
    }

    fn run(&self, cell: &Cell<'_>) -> Result<ArmOutcome, ArmError> {
        let truth = self.bench.truth(cell.train);
        let weights = (self.treatment == Treatment::ClassWeights).then(|| {
            let y: Vec<usize> = truth.iter().map(|&positive| usize::from(positive)).collect();
            balanced_weights(&y, 2)
        });
        let trained = self.bench.train(cell.train, None, weights.as_deref(), cell.seed)?;
        let cut = match self.treatment {
            Treatment::ThresholdMoving => {
                threshold::choose(&truth, &trained.out_of_bag(), Criterion::BalancedAccuracy)
            }
            _ => USUAL_THRESHOLD,
        };
        Ok(ArmOutcome::new(trained.predict(self.bench, cell.test)?, cut))
    }
}

/// Where added rows come from.
pub trait Source: Send + Sync {
    /// One sentence for the report.
    fn describe(&self) -> String;

    /// Learns from training rows, all classes.
    fn learn(
        &self,
        bench: &Bench<'_>,
        rows: &[usize],
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Positives>, TableError>;
}

/// A supply of positive rows.
pub trait Positives {
    /// Draws that many positive rows.
    fn draw(&self, rows: usize, seed: Seed) -> Result<Table, TableError>;
}

/// An arm that adds positive rows.
pub struct Augmented<'a, S> {
    bench: &'a Bench<'a>,
    name: &'static str,
    source: S,
}

impl<'a, S: Source> Augmented<'a, S> {
    pub fn new(bench: &'a Bench<'a>, name: &'static str, source: S) -> Self {
        Self { bench, name, source }
    }
}

impl<S: Source> Arm for Augmented<'_, S> {
    fn name(&self) -> &str {
        self.name
    }

    fn describe(&self) -> String {
        self.source.describe()
    }

    fn run(&self, cell: &Cell<'_>) -> Result<ArmOutcome, ArmError> {
        let Choice { share, note } = augment::choose(self.bench, &self.source, cell)?;
        let added = augment::rows_to_add(&self.bench.truth(cell.train), share);
        let supply =
            self.source.learn(self.bench, cell.train, cell.seed.child("prove/source", 0), cell.observer)?;
        let rows = supply.draw(added, cell.seed.child("prove/draw", 0))?;
        let trained = self.bench.train(cell.train, Some(&rows), None, cell.seed)?;
        let probabilities = trained.predict(self.bench, cell.test)?;
        let settings = BTreeMap::from([
            (augment::SHARE.to_owned(), share.into()),
            ("added_rows".to_owned(), added.into()),
        ]);
        let notes = note.into_iter().collect();
        Ok(ArmOutcome { settings, notes, ..ArmOutcome::new(probabilities, USUAL_THRESHOLD) })
    }
}

/// Repeats positive rows.
pub struct Oversampling;

struct Repeated {
    positives: Table,
}

impl Source for Oversampling {
    fn describe(&self) -> String {
        "Repeats positive rows, drawn with replacement.".into()
    }

    fn learn(
        &self,
        bench: &Bench<'_>,
        rows: &[usize],
        _: Seed,
        _: &dyn Observer,
    ) -> Result<Box<dyn Positives>, TableError> {
        let positives: Vec<usize> = rows.iter().copied().filter(|&row| bench.labels[row]).collect();
        Ok(Box::new(Repeated { positives: bench.table.take(&positives) }))
    }
}

impl Positives for Repeated {
    fn draw(&self, rows: usize, seed: Seed) -> Result<Table, TableError> {
        let mut stream = seed.stream("oversampling", 0);
        let drawn: Vec<usize> = (0..rows).map(|_| stream.index(self.positives.rows())).collect();
        Ok(self.positives.take(&drawn))
    }
}

struct Generated {
    fitted: Box<dyn FittedGenerator>,
    condition: Condition,
}

impl Source for Box<dyn Generator> {
    fn describe(&self) -> String {
        format!("Adds positive rows made by {}, fitted to the training rows of the cell.", self.name())
    }

    fn learn(
        &self,
        bench: &Bench<'_>,
        rows: &[usize],
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Positives>, TableError> {
        let fitted = self.fit(&bench.table.take(rows), &FitContext::new(seed, observer))?;
        let condition = Condition { column: bench.target.clone(), level: bench.positive.clone() };
        Ok(Box::new(Generated { fitted, condition }))
    }
}

impl Positives for Generated {
    fn draw(&self, rows: usize, seed: Seed) -> Result<Table, TableError> {
        self.fitted.sample(rows, std::slice::from_ref(&self.condition), seed)
    }
}
