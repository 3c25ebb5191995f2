//! Random forest.
//!
//! Breiman: *Random Forests*, Machine Learning 45 (2001). Each tree (see [`crate::tree`]) is grown on
//! a bootstrap sample and tries a random subset of features per node; the forest's class
//! probabilities are the mean of the trees' leaf fractions (as in scikit-learn; Breiman counts
//! votes). The balanced forest of Chen, Liaw, Breiman (*Using Random Forest to Learn Imbalanced Data*,
//! 2004) draws from each class as many rows as the rarest class has.
//!
//! Row weights multiply the bootstrap counts. Tree t draws from the stream (`forest/tree`, t), so any
//! number of threads grows the same forest.

use ndarray::{Array2, ArrayView2};
use paucal_core::{Seed, Stream};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::bins::Binned;
use crate::error::require;
use crate::input::{Classes, Missing, Task, map_blocks};
use crate::tree::{Grower, Grown, Item, MaxFeatures, Rules, Splits, check_growth, code};
use crate::{Classifier, FittedClassifier, LearnError};

/// Which rows a tree sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bootstrap {
    /// As many rows as there are, drawn with replacement.
    #[default]
    Rows,
    /// From each class, drawn with replacement, as many rows as the rarest class has.
    Balanced,
    /// Every row once.
    Off,
}

/// Parameters of a random forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomForest {
    /// Number of trees.
    pub trees: usize,
    /// Depth limit; the root has depth 0. No limit if `None`.
    pub max_depth: Option<usize>,
    /// Fewest distinct rows a node must hold to be split.
    pub min_split: usize,
    /// Fewest distinct rows on either side of a split.
    pub min_leaf: usize,
    /// Features tried per node.
    pub max_features: MaxFeatures,
    /// Which rows a tree sees.
    pub bootstrap: Bootstrap,
    /// Whether to keep the out-of-bag probabilities of the training rows.
    pub out_of_bag: bool,
}

impl Default for RandomForest {
    fn default() -> Self {
        Self {
            trees: 100,
            max_depth: None,
            min_split: 2,
            min_leaf: 1,
            max_features: MaxFeatures::Sqrt,
            bootstrap: Bootstrap::Rows,
            out_of_bag: false,
        }
    }
}

impl RandomForest {
    /// Name in the registry.
    pub const NAME: &'static str = "forest";

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        require(self.trees >= 1, Self::NAME, "trees", self.trees, "at least 1")?;
        check_growth(Self::NAME, self.max_depth, self.min_split, self.min_leaf)?;
        let bag = !self.out_of_bag || self.bootstrap != Bootstrap::Off;
        require(bag, Self::NAME, "out_of_bag", true, "false when bootstrap is \"off\"")?;
        self.max_features.check(Self::NAME)
    }

    /// Grows the forest; see [`Classifier::fit`] for the inputs.
    pub fn grow(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Forest, LearnError> {
        self.check()?;
        let task = Task::new(x, y, classes, weights, Missing::Refuse)?;
        let bins = code(task.x.view());
        let members = members(&task);
        let grow_one = |t: usize| self.grow_one(&task, &bins, &members, seed.stream("forest/tree", t as u64));
        let grown: Vec<(Grown, Vec<bool>)> = (0..self.trees).into_par_iter().map(grow_one).collect();
        let out_of_bag = self.out_of_bag.then(|| {
            let narrow = out_of_bag(&task, &grown);
            restore_rows(&task.classes.widen(narrow), &task.rows, y.len())
        });
        let trees = grown.into_iter().map(|(tree, _)| tree).collect();
        Ok(Forest { trees, features: bins.features(), classes: task.classes, out_of_bag })
    }

    fn grow_one(
        &self,
        task: &Task<'_>,
        bins: &Binned,
        members: &[Vec<u32>],
        mut stream: Stream,
    ) -> (Grown, Vec<bool>) {
        let counts = self.draw(task.y.len(), members, &mut stream);
        let mut items = Item::all(task);
        items.retain_mut(|item| {
            let count = counts[item.row as usize];
            item.weight *= f64::from(count);
            count > 0
        });
        let rules = Rules {
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            min_split: self.min_split,
            min_leaf: self.min_leaf,
            features: self.max_features.of(bins.features()),
        };
        let tree = Grower::new(bins, members.len(), rules).grow(&mut items, stream);
        let in_bag = if self.out_of_bag { counts.iter().map(|&c| c > 0).collect() } else { Vec::new() };
        (tree, in_bag)
    }

    /// How often the tree sees each row.
    fn draw(&self, rows: usize, members: &[Vec<u32>], stream: &mut Stream) -> Vec<u32> {
        let mut counts = vec![0; rows];
        match self.bootstrap {
            Bootstrap::Off => counts.fill(1),
            Bootstrap::Rows => (0..rows).for_each(|_| counts[stream.index(rows)] += 1),
            Bootstrap::Balanced => {
                let rarest = members.iter().map(Vec::len).min().unwrap_or(0);
                for class in members {
                    for _ in 0..rarest {
                        counts[class[stream.index(class.len())] as usize] += 1;
                    }
                }
            }
        }
        counts
    }
}

/// The rows of each class.
fn members(task: &Task<'_>) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); task.classes.present.len()];
    for (row, &class) in task.y.iter().enumerate() {
        members[class].push(row as u32);
    }
    members
}

/// For each row the mean leaf fractions of the trees that did not see it; NaN if all did.
fn out_of_bag(task: &Task<'_>, grown: &[(Grown, Vec<bool>)]) -> Array2<f64> {
    let width = task.classes.present.len();
    let mut sums = Array2::zeros((task.y.len(), width));
    let mut rows: Vec<_> = sums.rows_mut().into_iter().collect();
    rows.par_iter_mut().enumerate().for_each(|(row, sum)| {
        let x = task.x.row(row);
        let x = x.as_slice().unwrap_or_default();
        let mut trees = 0.0;
        for (tree, in_bag) in grown {
            if !in_bag[row] {
                sum.iter_mut().zip(tree.fractions(x)).for_each(|(sum, p)| *sum += p);
                trees += 1.0;
            }
        }
        *sum /= trees;
    });
    sums
}

/// Puts rows back to their places among `all` rows; those that had been dropped become NaN.
fn restore_rows(kept: &Array2<f64>, rows: &[usize], all: usize) -> Array2<f64> {
    let mut full = Array2::from_elem((all, kept.ncols()), f64::NAN);
    for (values, &row) in kept.rows().into_iter().zip(rows) {
        full.row_mut(row).assign(&values);
    }
    full
}

impl Classifier for RandomForest {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Box<dyn FittedClassifier>, LearnError> {
        Ok(Box::new(self.grow(x, y, classes, weights, seed)?))
    }
}

/// A grown forest.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    trees: Vec<Grown>,
    features: usize,
    classes: Classes,
    out_of_bag: Option<Array2<f64>>,
}

impl Forest {
    /// Number of trees.
    pub fn len(&self) -> usize {
        self.trees.len()
    }

    /// Never true of a grown forest.
    pub fn is_empty(&self) -> bool {
        self.trees.is_empty()
    }

    /// The splits of each tree.
    pub fn splits(&self) -> impl Iterator<Item = Splits<'_>> {
        self.trees.iter().map(Splits)
    }

    /// Class probabilities of the training rows (rows × classes), each from the trees that did not
    /// see the row; NaN for a row that every tree saw or whose weight is 0. `None` unless
    /// [`RandomForest::out_of_bag`] is set.
    pub fn out_of_bag(&self) -> Option<ArrayView2<'_, f64>> {
        self.out_of_bag.as_ref().map(|p| p.view())
    }

    /// Mean over trees of each feature's share in the lowering of Gini impurity; sums to 1 unless no
    /// tree has a split, when all are 0.
    pub fn importances(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.features];
        for tree in &self.trees {
            let total: f64 = tree.gains.iter().sum();
            if total > 0.0 {
                sums.iter_mut().zip(&tree.gains).for_each(|(sum, gain)| *sum += gain / total);
            }
        }
        let all: f64 = sums.iter().sum();
        sums.iter().map(|sum| if all > 0.0 { sum / all } else { 0.0 }).collect()
    }
}

impl FittedClassifier for Forest {
    fn features(&self) -> usize {
        self.features
    }

    fn predict_proba(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(x.ncols(), self.features, "as many features as at fitting");
        let trees = self.trees.len();
        let width = self.classes.present.len();
        // Tree by tree over a block of rows, so that a tree stays in the cache while it is in use.
        let narrow = map_blocks(x, width, 16 * trees, |rows, sums| {
            for tree in &self.trees {
                tree.add_fractions(rows, self.features, sums);
            }
            for sum in sums {
                *sum /= trees as f64;
            }
        });
        self.classes.widen(narrow)
    }
}
