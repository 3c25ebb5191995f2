//! The inner splits on which parameters are scored, the same for every trial.

use paucal_core::{Observer, Seed};
use paucal_data::Table;
use paucal_tune::Trial;

use super::trial::{Score, score};
use super::{Search, parameters};
use crate::error::TableError;
use crate::generator::Method;
use crate::hold_out::{Parts, hold_out};
use crate::judge::JudgeOptions;

/// A generator, the inner splits and how rows are scored on them.
pub struct Bench<'a> {
    method: &'static Method,
    fixed: &'a toml::Table,
    splits: Vec<Parts>,
    judge: JudgeOptions,
    seed: Seed,
}

impl<'a> Bench<'a> {
    /// Splits the patients of the search.
    pub fn new(search: &Search<'a>, train: &Table, seed: Seed) -> Result<Self, TableError> {
        let options = search.options;
        let split =
            |repeat: usize| hold_out(train, options.inner_share, seed.child("tune/inner", repeat as u64));
        Ok(Self {
            method: search.method,
            fixed: search.fixed,
            splits: (0..options.repeats.max(1)).map(split).collect::<Result<Vec<_>, _>>()?,
            judge: JudgeOptions { trees: options.trees, ..search.judge.clone() },
            seed,
        })
    }

    /// Number of splits.
    pub fn splits(&self) -> usize {
        self.splits.len()
    }

    /// The score on a split. The same seed for every trial: differences are those of the parameters.
    pub fn score(&self, trial: &Trial, split: usize, observer: &dyn Observer) -> Result<Score, TableError> {
        self.scored(trial, split, self.seed.child("tune/trial", split as u64), observer)
    }

    /// The score with a seed that no trial had; the splits take turns.
    pub fn fresh(&self, trial: &Trial, round: usize, observer: &dyn Observer) -> Result<Score, TableError> {
        self.scored(trial, round % self.splits.len(), self.seed.child("tune/fresh", round as u64), observer)
    }

    fn scored(
        &self,
        trial: &Trial,
        split: usize,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Score, TableError> {
        let parameters = parameters::of_trial(trial, self.fixed);
        score(self.method, &parameters, &self.splits[split], &self.judge, seed, observer)
    }
}
