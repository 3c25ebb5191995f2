//! Classification tree.
//!
//! Breiman, Friedman, Olshen, Stone: *Classification and Regression Trees* (1984). From the root
//! down, each node is split at the feature and point that lower the weighted Gini impurity most:
//!
//! G = 1 − Σ_c p_c²,  gain = W·G − W_left·G_left − W_right·G_right,
//!
//! with p_c the weighted class fractions of the node. A leaf predicts its class fractions.
//!
//! Split points are exact (midway between neighbouring values of the node) for tables of at most
//! 4096 rows and for features of at most 256 distinct values; otherwise a feature is first
//! coded into 256 quantile bins (see [`crate::bins`]). Ties go to the first feature tried, which is
//! the lowest when all features are tried, and to the lowest point.

mod grow;
pub mod regression;
mod walk;

use ndarray::{Array2, ArrayView2};
use paucal_core::Seed;
use serde::{Deserialize, Serialize};

use crate::bins::Binned;
use crate::error::require;
use crate::input::{Classes, Missing, Task, map_rows};
use crate::{Classifier, FittedClassifier, LearnError};

pub(crate) use grow::{Grower, Item, Rules};
pub use regression::{RegressionModel, RegressionTree};
pub use walk::{Splits, TreeNode};

/// Tables of at most this many rows are coded exactly.
const EXACT_ROWS: usize = 4096;
/// Codes per feature of larger tables.
const CODES: usize = 256;

/// How many features a node tries. Constant ones count, but the search goes on until one that is not
/// constant has been tried.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MaxFeatures {
    /// All of them, in order.
    #[default]
    All,
    /// The square root of their number, rounded down, drawn anew at each node.
    Sqrt,
    /// This many, drawn anew at each node.
    Count(usize),
    /// This fraction of them (in (0, 1]), drawn anew at each node.
    Fraction(f64),
}

impl MaxFeatures {
    /// The number of features to try out of `features`, at least 1.
    pub fn of(self, features: usize) -> usize {
        let wanted = match self {
            Self::All => features,
            Self::Sqrt => (features as f64).sqrt() as usize,
            Self::Count(count) => count,
            Self::Fraction(fraction) => (fraction * features as f64) as usize,
        };
        wanted.clamp(1, features.max(1))
    }

    pub(crate) fn check(self, method: &'static str) -> Result<(), LearnError> {
        let (holds, value) = match self {
            Self::All | Self::Sqrt => (true, String::new()),
            Self::Count(count) => (count > 0, count.to_string()),
            Self::Fraction(fraction) => (fraction > 0.0 && fraction <= 1.0, fraction.to_string()),
        };
        require(
            holds,
            method,
            "max_features",
            value,
            "\"all\", \"sqrt\", a count of at least 1 or a fraction in (0, 1]",
        )
    }
}

/// Parameters of a classification tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecisionTree {
    /// Depth limit; the root has depth 0. No limit if `None`.
    pub max_depth: Option<usize>,
    /// Fewest rows a node must hold to be split.
    pub min_split: usize,
    /// Fewest rows on either side of a split. Rows are counted, not weighed.
    pub min_leaf: usize,
    /// Features tried per node.
    pub max_features: MaxFeatures,
}

impl Default for DecisionTree {
    fn default() -> Self {
        Self { max_depth: None, min_split: 2, min_leaf: 1, max_features: MaxFeatures::All }
    }
}

impl DecisionTree {
    /// Name in the registry.
    pub const NAME: &'static str = "tree";

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        check_growth(Self::NAME, self.max_depth, self.min_split, self.min_leaf)?;
        self.max_features.check(Self::NAME)
    }

    /// Grows the tree; see [`Classifier::fit`] for the inputs.
    pub fn grow(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Tree, LearnError> {
        self.check()?;
        let task = Task::new(x, y, classes, weights, Missing::Refuse)?;
        let bins = code(task.x.view());
        let rules = Rules {
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            min_split: self.min_split,
            min_leaf: self.min_leaf,
            features: self.max_features.of(bins.features()),
        };
        let mut items = Item::all(&task);
        let mut grower = Grower::new(&bins, task.classes.present.len(), rules);
        let grown = grower.grow(&mut items, seed.stream("tree/features", 0));
        Ok(Tree { grown, classes: task.classes })
    }
}

/// Range checks of the parameters trees and forests share.
pub(crate) fn check_growth(
    method: &'static str,
    max_depth: Option<usize>,
    min_split: usize,
    min_leaf: usize,
) -> Result<(), LearnError> {
    require(max_depth != Some(0), method, "max_depth", 0, "at least 1, or absent for no limit")?;
    require(min_split >= 2, method, "min_split", min_split, "at least 2")?;
    require(min_leaf >= 1, method, "min_leaf", min_leaf, "at least 1")
}

/// Codes a table for trees; see the module documentation for the limits.
pub(crate) fn code(x: ArrayView2<'_, f64>) -> Binned {
    Binned::new(x, if x.nrows() <= EXACT_ROWS { EXACT_ROWS } else { CODES })
}

impl Classifier for DecisionTree {
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

/// A grown tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    grown: Grown,
    classes: Classes,
}

impl Tree {
    /// Longest path from the root to a leaf.
    pub fn depth(&self) -> usize {
        self.grown.depth()
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.splits().leaves()
    }

    /// The splits, node by node.
    pub fn splits(&self) -> Splits<'_> {
        Splits(&self.grown)
    }

    /// Share of each feature in the total lowering of Gini impurity; sums to 1 unless the tree is a
    /// single leaf, when all are 0.
    pub fn importances(&self) -> Vec<f64> {
        let total: f64 = self.grown.gains.iter().sum();
        self.grown.gains.iter().map(|gain| if total > 0.0 { gain / total } else { 0.0 }).collect()
    }
}

impl FittedClassifier for Tree {
    fn features(&self) -> usize {
        self.grown.gains.len()
    }

    fn predict_proba(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(x.ncols(), self.features(), "as many features as at fitting");
        let narrow = map_rows(x, self.classes.present.len(), 16, |row, out| {
            out.copy_from_slice(self.grown.fractions(row));
        });
        self.classes.widen(narrow)
    }
}

/// Marks a leaf in [`Node::feature`].
pub(crate) const LEAF: u32 = u32::MAX;

/// One node: an inner one sends x\[feature\] ≤ point to `next`, others to `next + 1`; a leaf's
/// class fractions are the `next`-th of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Node {
    pub point: f64,
    pub feature: u32,
    pub next: u32,
}

impl Node {
    /// The node that `row` goes to from an inner node.
    fn child(self, row: &[f64]) -> usize {
        (self.next + u32::from(row[self.feature as usize] > self.point)) as usize
    }
}

/// A tree without knowledge of the caller's class codes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grown {
    /// Root first.
    pub nodes: Vec<Node>,
    /// Class fractions (of a regression tree: the mean), leaf after leaf.
    pub leaves: Vec<f64>,
    /// Number of classes; 1 in regression.
    pub width: usize,
    /// Total lowering of impurity per feature.
    pub gains: Vec<f64>,
}

impl Grown {
    /// The class fractions of the leaf `row` falls into.
    pub fn fractions(&self, row: &[f64]) -> &[f64] {
        let mut node = self.nodes[0];
        while node.feature != LEAF {
            node = self.nodes[node.child(row)];
        }
        self.leaf(node)
    }

    /// Adds to each row's sums the class fractions of its leaf.
    pub fn add_fractions(&self, rows: &[f64], features: usize, sums: &mut [f64]) {
        /// Rows that descend side by side: while one waits for memory the others go on.
        const ABREAST: usize = 8;
        let blocks = rows.chunks(ABREAST * features).zip(sums.chunks_mut(ABREAST * self.width));
        for (rows, sums) in blocks {
            let mut nodes = [self.nodes[0]; ABREAST];
            let mut open = true;
            while open {
                open = false;
                for (node, row) in nodes.iter_mut().zip(rows.chunks_exact(features)) {
                    if node.feature != LEAF {
                        *node = self.nodes[node.child(row)];
                        open = true;
                    }
                }
            }
            for (node, sums) in nodes.iter().zip(sums.chunks_exact_mut(self.width)) {
                sums.iter_mut().zip(self.leaf(*node)).for_each(|(sum, p)| *sum += p);
            }
        }
    }

    /// The class fractions of a leaf.
    fn leaf(&self, node: Node) -> &[f64] {
        let at = node.next as usize * self.width;
        &self.leaves[at..at + self.width]
    }

    fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut open = vec![(0_usize, 0_usize)];
        while let Some((at, depth)) = open.pop() {
            deepest = deepest.max(depth);
            let node = self.nodes[at];
            if node.feature != LEAF {
                open.push((node.next as usize, depth + 1));
                open.push((node.next as usize + 1, depth + 1));
            }
        }
        deepest
    }
}
