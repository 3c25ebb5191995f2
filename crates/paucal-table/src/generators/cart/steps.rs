//! One step: a part of a column, drawn from the leaf in which the row so far ends.

use paucal_core::Stream;
use paucal_learn::{Splits, TreeNode};

use super::cells::Cells;
use crate::generators::trees::{Learnt, Tables};

/// What a step settles.
#[derive(Debug, Clone, PartialEq)]
pub enum Leaf {
    /// The level of a column with levels.
    Level(Tables),
    /// Whether a number is missing (1) or there (0).
    Missing(Tables),
    /// A number that is there.
    Number(Cells),
}

impl Leaf {
    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        match self {
            Self::Level(tables) | Self::Missing(tables) => tables.leaves(),
            Self::Number(cells) => cells.leaves(),
        }
    }
}

/// A tree and what its leaves hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which of the learnt columns.
    pub column: usize,
    /// Learnt columns the tree looks at: feature f is the column `before[f]`.
    pub before: Vec<usize>,
    /// Per feature: what the tree sees of each level, nothing if it is a number.
    pub scores: Vec<Vec<f64>>,
    /// The splits.
    pub tree: Branches,
    /// What the leaves hold.
    pub leaf: Leaf,
}

impl Step {
    /// The leaf in which a row of cells ends.
    pub fn leaf_of(&self, row: &[f64], learnt: &[Learnt<'_>]) -> usize {
        self.tree.leaf(|feature| {
            let column = self.before[feature];
            let (cell, scores) = (row[column], &self.scores[feature]);
            if scores.is_empty() { learnt[column].seen(cell) } else { scores[cell as usize] }
        })
    }

    /// Draws its part of a row whose earlier columns stand.
    pub fn draw(&self, row: &mut [f64], learnt: &[Learnt<'_>], stream: &mut Stream) {
        let is_number = matches!(self.leaf, Leaf::Number(_));
        if is_number && row[self.column].is_nan() {
            return;
        }
        let leaf = self.leaf_of(row, learnt);
        row[self.column] = match &self.leaf {
            Leaf::Level(tables) => tables.draw(leaf, stream) as f64,
            // Any number but NaN stands for one that is there, until its own step.
            Leaf::Missing(tables) => {
                if tables.draw(leaf, stream) == 1 {
                    f64::NAN
                } else {
                    0.0
                }
            }
            Leaf::Number(cells) => {
                let drawn = cells.draw(leaf, stream);
                match learnt[self.column] {
                    // Later trees see numbers as the table will.
                    Learnt::Number { format, .. } => format.apply(drawn),
                    Learnt::Level(_) => drawn,
                }
            }
        };
    }
}

/// The splits of a tree as plain arrays.
#[derive(Debug, Clone, PartialEq)]
pub struct Branches {
    /// Per node: its feature, `None` in a leaf.
    pub features: Vec<Option<usize>>,
    /// Per node: the largest value that goes left.
    pub points: Vec<f64>,
    /// Per node: its left child, the right one coming after it; in a leaf its number.
    pub next: Vec<usize>,
}

impl Branches {
    /// A tree that is a leaf.
    pub fn leaf_only() -> Self {
        Self { features: vec![None], points: vec![0.0], next: vec![0] }
    }

    /// The splits of a grown tree.
    pub fn of(splits: Splits<'_>) -> Self {
        let mut tree = Self { features: Vec::new(), points: Vec::new(), next: Vec::new() };
        for node in (0..splits.nodes()).map(|number| splits.node(number)) {
            let (feature, point, next) = match node {
                TreeNode::Branch { feature, point, left, .. } => (Some(feature), point, left),
                TreeNode::Leaf(leaf) => (None, 0.0, leaf),
            };
            tree.features.push(feature);
            tree.points.push(point);
            tree.next.push(next);
        }
        tree
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.features.iter().filter(|feature| feature.is_none()).count()
    }

    /// The leaf in which a row ends.
    pub fn leaf(&self, seen: impl Fn(usize) -> f64) -> usize {
        let mut at = 0;
        while let Some(feature) = self.features[at] {
            at = self.next[at] + usize::from(seen(feature) > self.points[at]);
        }
        self.next[at]
    }

    /// Whether every way ends in a leaf and no feature is `features` or beyond.
    pub fn is_sound(&self, features: usize) -> bool {
        let (nodes, leaves) = (self.features.len(), self.leaves());
        let node = |at: usize| match self.features[at] {
            Some(feature) => feature < features && self.next[at] > at && self.next[at] + 1 < nodes,
            None => self.next[at] < leaves,
        };
        nodes > 0 && self.points.len() == nodes && self.next.len() == nodes && (0..nodes).all(node)
    }
}
