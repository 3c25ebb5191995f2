//! Regression tree.
//!
//! Breiman, Friedman, Olshen, Stone: *Classification and Regression Trees* (1984), chapter 8. From the
//! root down, each node is split at the feature and point that lower the sum of squares around the mean
//! most. With S the sum over the rows on one side of y less the node's mean, that is the largest
//!
//! gain = S_left² / n_left + S_right² / n_right.
//!
//! A leaf predicts its mean. Features are coded as in [`crate::tree`], with the same ties.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::{Grown, LEAF, Node, Splits, check_growth, code};
use crate::LearnError;
use crate::bins::Binned;
use crate::input::{Missing, Weighted, map_rows, same_length};

/// Parameters of a regression tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegressionTree {
    /// Depth limit; the root has depth 0. No limit if `None`.
    pub max_depth: Option<usize>,
    /// Fewest rows a node must hold to be split.
    pub min_split: usize,
    /// Fewest rows on either side of a split.
    pub min_leaf: usize,
}

impl Default for RegressionTree {
    fn default() -> Self {
        Self { max_depth: None, min_split: 2, min_leaf: 1 }
    }
}

impl RegressionTree {
    /// Name in the registry.
    pub const NAME: &'static str = "regression-tree";

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        check_growth(Self::NAME, self.max_depth, self.min_split, self.min_leaf)
    }

    /// Grows the tree from `x` (rows × features, finite) and the finite number `y` of each row.
    pub fn grow(&self, x: ArrayView2<'_, f64>, y: &[f64]) -> Result<RegressionModel, LearnError> {
        self.check()?;
        same_length("y", y.len(), x.nrows())?;
        let x = Weighted::new(x, None, Missing::Refuse)?.x;
        if let Some((row, &value)) = y.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(LearnError::Target { row, value });
        }
        let bins = code(x.view());
        let mut grower = Grower { settings: self, bins: &bins, y, histogram: Vec::new(), cells: Vec::new() };
        Ok(RegressionModel { grown: grower.grow() })
    }
}

/// A grown regression tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegressionModel {
    grown: Grown,
}

impl RegressionModel {
    /// Number of features.
    pub fn features(&self) -> usize {
        self.grown.gains.len()
    }

    /// The splits, node by node.
    pub fn splits(&self) -> Splits<'_> {
        Splits(&self.grown)
    }

    /// The mean of the leaf of each row. `x` must have [`features`](Self::features) columns.
    pub fn predict(&self, x: ArrayView2<'_, f64>) -> Vec<f64> {
        assert_eq!(x.ncols(), self.features(), "as many features as at fitting");
        map_rows(x, 1, 16, |row, out| out.copy_from_slice(self.grown.fractions(row)))
            .into_raw_vec_and_offset()
            .0
    }
}

/// The rows of a node that share a code: Σ (y − mean) and their number.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    code: usize,
    sum: f64,
    rows: usize,
}

/// A candidate split: codes up to `left` go left; `right` is the next code the node holds.
#[derive(Debug, Clone, Copy)]
struct Split {
    gain: f64,
    feature: usize,
    left: usize,
    right: usize,
}

/// Grows a tree on a coded table; its buffers are reused from node to node.
struct Grower<'a> {
    settings: &'a RegressionTree,
    bins: &'a Binned,
    y: &'a [f64],
    histogram: Vec<Cell>,
    /// The codes of a node in ascending order.
    cells: Vec<Cell>,
}

impl Grower<'_> {
    fn grow(&mut self) -> Grown {
        let leaf = Node { point: 0.0, feature: LEAF, next: 0 };
        let gains = vec![0.0; self.bins.features()];
        let mut tree = Grown { nodes: vec![leaf], leaves: Vec::new(), width: 1, gains };
        let mut rows: Vec<u32> = (0..self.bins.rows() as u32).collect();
        // (node, start, end, depth); left children are finished before right ones.
        let mut open = vec![(0_usize, 0_usize, rows.len(), 0_usize)];
        while let Some((at, start, end, depth)) = open.pop() {
            let node = &mut rows[start..end];
            let mean = node.iter().map(|&row| self.y[row as usize] / (end - start) as f64).sum();
            let Some(split) = self.split(node, mean, depth) else {
                tree.nodes[at].next = tree.leaves.len() as u32;
                tree.leaves.push(mean);
                continue;
            };
            tree.gains[split.feature] += split.gain;
            let middle = start + partition(node, self.bins.codes(split.feature), split.left);
            let next = tree.nodes.len();
            let point = self.bins.column(split.feature).point(split.left, split.right);
            tree.nodes[at] = Node { point, feature: split.feature as u32, next: next as u32 };
            tree.nodes.extend([leaf; 2]);
            open.push((next + 1, middle, end, depth + 1));
            open.push((next, start, middle, depth + 1));
        }
        tree
    }

    /// The best split of a node, or `None` if it is to be a leaf.
    fn split(&mut self, node: &[u32], mean: f64, depth: usize) -> Option<Split> {
        let settings = self.settings;
        let small = node.len() < settings.min_split || node.len() < 2 * settings.min_leaf;
        let too_deep = settings.max_depth.is_some_and(|most| depth >= most);
        let first = self.y[*node.first()? as usize];
        if small || too_deep || node.iter().all(|&row| self.y[row as usize] == first) {
            return None;
        }
        let mut best = None;
        for feature in 0..self.bins.features() {
            self.fill(feature, node, mean);
            self.scan(feature, node.len(), &mut best);
        }
        best
    }

    /// Lists the cells of a feature in a node.
    fn fill(&mut self, feature: usize, node: &[u32], mean: f64) {
        let codes = self.bins.codes(feature);
        let width = self.bins.column(feature).len();
        self.cells.clear();
        // A sort costs about as much as a histogram four times as wide as the node.
        if node.len() * 4 < width {
            let cell = |&row: &u32| Cell {
                code: codes[row as usize] as usize,
                sum: self.y[row as usize] - mean,
                rows: 1,
            };
            self.cells.extend(node.iter().map(cell));
            self.cells.sort_by_key(|cell| cell.code);
            self.cells.dedup_by(|later, kept| {
                let same = later.code == kept.code;
                if same {
                    kept.sum += later.sum;
                    kept.rows += later.rows;
                }
                same
            });
        } else {
            self.histogram.clear();
            self.histogram.resize(width, Cell::default());
            for &row in node {
                let code = codes[row as usize] as usize;
                let cell = &mut self.histogram[code];
                *cell = Cell { code, sum: cell.sum + self.y[row as usize] - mean, rows: cell.rows + 1 };
            }
            self.cells.extend(self.histogram.iter().filter(|cell| cell.rows > 0));
        }
    }

    /// Tries a cut between any two neighbouring cells.
    fn scan(&self, feature: usize, all: usize, best: &mut Option<Split>) {
        let (mut sum, mut rows) = (0.0, 0);
        let total: f64 = self.cells.iter().map(|cell| cell.sum).sum();
        for pair in self.cells.windows(2) {
            sum += pair[0].sum;
            rows += pair[0].rows;
            if rows < self.settings.min_leaf || all - rows < self.settings.min_leaf {
                continue;
            }
            let rest = total - sum;
            let gain = sum * sum / rows as f64 + rest * rest / (all - rows) as f64;
            if gain.is_finite() && gain > best.map_or(0.0, |best: Split| best.gain) {
                *best = Some(Split { gain, feature, left: pair[0].code, right: pair[1].code });
            }
        }
    }
}

/// Moves rows with a code up to `left` to the front; returns how many there are.
fn partition(node: &mut [u32], codes: &[u16], left: usize) -> usize {
    let mut end = 0;
    for at in 0..node.len() {
        if codes[node[at] as usize] as usize <= left {
            node.swap(end, at);
            end += 1;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use paucal_core::Seed;

    use super::*;
    use crate::TreeNode;

    fn surface(n: usize) -> (Array2<f64>, Vec<f64>) {
        let mut stream = Seed(6).stream("surface", 0);
        let x = Array2::from_shape_fn((n, 3), |_| stream.uniform());
        let y = x.rows().into_iter().map(|row| (6.0 * row[0]).sin() + row[1] * row[1]).collect();
        (x, y)
    }

    #[test]
    fn one_split_is_the_exact_best_one() {
        let x = array![[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 5.0]];
        let stump = RegressionTree { max_depth: Some(1), ..RegressionTree::default() };
        let model = stump.grow(x.view(), &[0.0, 0.0, 6.0, 8.0]).unwrap();
        let root = TreeNode::Branch { feature: 0, point: 2.5, left: 1, right: 2 };
        assert_eq!(model.splits().node(0), root);
        assert_eq!(model.predict(array![[2.4, 0.0], [2.6, 0.0]].view()), [0.0, 7.0]);
        assert_eq!(model.splits().leaf(&[9.0, 0.0]), 1);
    }

    #[test]
    fn a_full_tree_repeats_its_training_rows_and_leaves_respect_their_size() {
        for n in [300, 6000] {
            let (x, y) = surface(n);
            let model =
                RegressionTree { min_leaf: 7, ..RegressionTree::default() }.grow(x.view(), &y).unwrap();
            let mut sizes = vec![0; model.splits().leaves()];
            for row in x.rows() {
                sizes[model.splits().leaf(row.as_slice().unwrap())] += 1;
            }
            assert!(sizes.iter().all(|&size| size >= 7), "{n}");
            let fitted = model.predict(x.view());
            let error = fitted.iter().zip(&y).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / n as f64;
            assert!(error < 0.02, "{n}: {error}");
        }
        let (x, y) = surface(200);
        assert_eq!(RegressionTree::default().grow(x.view(), &y).unwrap().predict(x.view()), y);
    }

    #[test]
    fn nothing_to_split_is_a_leaf_and_bad_input_is_refused() {
        let x = array![[1.0], [2.0], [3.0]];
        let model = RegressionTree::default().grow(x.view(), &[4.0; 3]).unwrap();
        assert_eq!((model.splits().nodes(), model.splits().leaves()), (1, 1));
        let error = RegressionTree::default().grow(x.view(), &[1.0, f64::NAN, 0.0]).unwrap_err();
        assert!(matches!(error, LearnError::Target { row: 1, .. }));
        assert!(RegressionTree::default().grow(array![[f64::NAN]].view(), &[1.0]).is_err());
        assert!(RegressionTree { min_leaf: 0, ..RegressionTree::default() }.check().is_err());
    }
}
