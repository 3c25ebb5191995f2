//! The classifier that every arm trains: the same forest, on features whose encoding is learnt from the real
//! training rows of the cell.

use paucal_core::Seed;
use paucal_data::Table;
use paucal_evidence::{FeatureEncoder, FeatureOptions, Groups, Target};
use paucal_learn::{FittedClassifier, Forest, RandomForest};

use super::ProveOptions;
use crate::error::TableError;

/// The table under test and how it is learnt. Rows without a target are not in it.
pub struct Bench<'a> {
    pub table: &'a Table,
    /// Whether each row is positive.
    pub labels: Vec<bool>,
    /// Patient of each row.
    pub groups: Option<Vec<usize>>,
    /// Name of the target column.
    pub target: String,
    /// Spelling of the positive class.
    pub positive: String,
    pub options: &'a ProveOptions,
}

/// A forest trained on one table.
pub struct Trained {
    encoder: FeatureEncoder,
    forest: Forest,
}

impl<'a> Bench<'a> {
    pub fn new(table: &'a Table, target: &Target, options: &'a ProveOptions) -> Result<Self, TableError> {
        Ok(Self {
            table,
            labels: target.positives(),
            groups: Groups::of(table)?.map(|groups| groups.codes),
            target: target.name.clone(),
            positive: target.classes[target.positive].clone(),
            options,
        })
    }

    /// Trains on rows of the table and, if there are any, added positive rows.
    pub fn train(
        &self,
        rows: &[usize],
        added: Option<&Table>,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Trained, TableError> {
        let real = self.table.take(rows);
        let encoder = FeatureEncoder::fit(&real, &FeatureOptions::default())?;
        let mut y: Vec<usize> = rows.iter().map(|&row| usize::from(self.labels[row])).collect();
        let mut x = encoder.encode(&real)?;
        if let Some(added) = added.filter(|table| table.rows() > 0) {
            let more = encoder.encode(added)?;
            y.resize(y.len() + added.rows(), 1);
            x.append(ndarray::Axis(0), more.view()).map_err(|e| TableError::damaged("features", e))?;
        }
        let settings =
            RandomForest { trees: self.options.trees, out_of_bag: true, ..RandomForest::default() };
        let forest = settings.grow(x.view(), &y, 2, weights, seed.child("prove/forest", 0))?;
        Ok(Trained { encoder, forest })
    }

    /// Labels of some rows.
    pub fn truth(&self, rows: &[usize]) -> Vec<bool> {
        rows.iter().map(|&row| self.labels[row]).collect()
    }
}

impl Trained {
    /// Probability of the positive class for rows of the bench's table.
    pub fn predict(&self, bench: &Bench<'_>, rows: &[usize]) -> Result<Vec<f64>, TableError> {
        let x = self.encoder.encode(&bench.table.take(rows))?;
        Ok(self.forest.predict_proba(x.view()).column(1).to_vec())
    }

    /// Out-of-bag probabilities of the training rows; NaN where every tree saw the row.
    pub fn out_of_bag(&self) -> Vec<f64> {
        self.forest.out_of_bag().map_or_else(Vec::new, |p| p.column(1).to_vec())
    }
}
