//! Growing one tree on coded features.
//!
//! A node is a run of [`Item`]s. For each feature tried, its class weights are laid out by code,
//! either by sorting the node's codes (small nodes) or by a histogram over all codes (large nodes);
//! both visit the same candidate points in the same order.

use paucal_core::Stream;

use super::{Grown, LEAF, Node};
use crate::bins::Binned;
use crate::input::Task;

/// A row in a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub row: u32,
    pub class: u32,
    pub weight: f64,
}

impl Item {
    /// Every row of the task once.
    pub fn all(task: &Task<'_>) -> Vec<Self> {
        let rows = task.y.iter().zip(&task.weights).enumerate();
        rows.map(|(row, (&class, &weight))| Self { row: row as u32, class: class as u32, weight }).collect()
    }
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub max_depth: usize,
    pub min_split: usize,
    pub min_leaf: usize,
    /// Features tried per node.
    pub features: usize,
}

/// A candidate split: codes up to `left` go left; `right` is the next code the node holds.
#[derive(Debug, Clone, Copy)]
struct Split {
    score: f64,
    feature: usize,
    left: usize,
    right: usize,
}

/// Grows trees on one coded table; its buffers are reused from node to node.
pub(crate) struct Grower<'a> {
    bins: &'a Binned,
    classes: usize,
    rules: Rules,
    /// Features in the order in which the next node tries them.
    order: Vec<u32>,
    /// Per code: weight of each class, then the number of rows.
    histogram: Vec<f64>,
    keys: Vec<u32>,
    sides: Sides,
}

impl<'a> Grower<'a> {
    pub fn new(bins: &'a Binned, classes: usize, rules: Rules) -> Self {
        Self {
            bins,
            classes,
            rules,
            order: (0..bins.features() as u32).collect(),
            histogram: Vec::new(),
            keys: Vec::new(),
            sides: Sides::new(classes),
        }
    }

    /// Grows a tree on `items`, which end up grouped by leaf. `stream` decides which features each
    /// node tries and is left alone when all are tried.
    pub fn grow(&mut self, items: &mut [Item], mut stream: Stream) -> Grown {
        let mut tree = Grown {
            nodes: vec![Node { point: 0.0, feature: LEAF, next: 0 }],
            leaves: Vec::new(),
            width: self.classes,
            gains: vec![0.0; self.bins.features()],
        };
        let mut totals = vec![0.0; self.classes];
        // (node, start, end, depth); left children are finished before right ones.
        let mut open = vec![(0_usize, 0_usize, items.len(), 0_usize)];
        while let Some((at, start, end, depth)) = open.pop() {
            let node = &mut items[start..end];
            totals.fill(0.0);
            for item in &*node {
                totals[item.class as usize] += item.weight;
            }
            let Some(split) = self.split(node, &totals, depth, &mut stream) else {
                let weight: f64 = totals.iter().sum();
                tree.nodes[at].next = (tree.leaves.len() / self.classes) as u32;
                tree.leaves.extend(totals.iter().map(|total| total / weight));
                continue;
            };
            tree.gains[split.feature] += split.score - purity(&totals);
            let middle = start + partition(node, self.bins.codes(split.feature), split.left);
            let next = tree.nodes.len();
            let point = self.bins.column(split.feature).point(split.left, split.right);
            tree.nodes[at] = Node { point, feature: split.feature as u32, next: next as u32 };
            tree.nodes.extend([Node { point: 0.0, feature: LEAF, next: 0 }; 2]);
            open.push((next + 1, middle, end, depth + 1));
            open.push((next, start, middle, depth + 1));
        }
        tree
    }

    /// The best split of a node, or `None` if it is to be a leaf.
    fn split(&mut self, node: &[Item], totals: &[f64], depth: usize, stream: &mut Stream) -> Option<Split> {
        let pure = totals.iter().filter(|&&total| total > 0.0).count() < 2;
        let small = node.len() < self.rules.min_split || node.len() < 2 * self.rules.min_leaf;
        if pure || small || depth >= self.rules.max_depth {
            return None;
        }
        let features = self.order.len();
        let mut best: Option<Split> = None;
        let mut any_varies = false;
        for tried in 0..features {
            if tried >= self.rules.features && any_varies {
                break;
            }
            if self.rules.features < features {
                self.order.swap(tried, tried + stream.index(features - tried));
            }
            any_varies |= self.search(self.order[tried] as usize, node, totals, &mut best);
        }
        best
    }

    /// Tries every point of a feature; returns whether the feature varies within the node.
    fn search(&mut self, feature: usize, node: &[Item], totals: &[f64], best: &mut Option<Split>) -> bool {
        let codes = self.bins.codes(feature);
        let width = self.bins.column(feature).len();
        self.sides.start(totals, node.len(), feature, self.rules.min_leaf);
        // A sort costs about as much as a histogram four times as wide as the node.
        if node.len() * 4 < width {
            self.search_sorted(codes, node, best)
        } else {
            self.search_histogram(codes, width, node, best)
        }
    }

    fn search_sorted(&mut self, codes: &[u16], node: &[Item], best: &mut Option<Split>) -> bool {
        // Code in the high half, position in the node in the low half: such nodes are short.
        self.keys.clear();
        let key = |(at, item): (usize, &Item)| u32::from(codes[item.row as usize]) << 16 | at as u32;
        self.keys.extend(node.iter().enumerate().map(key));
        let first = self.keys[0] >> 16;
        if self.keys.iter().all(|key| key >> 16 == first) {
            return false;
        }
        self.keys.sort_unstable();
        for pair in self.keys.windows(2) {
            let item = node[(pair[0] & 0xffff) as usize];
            self.sides.shift(item.class as usize, item.weight);
            self.sides.rows += 1;
            let (left, right) = (pair[0] >> 16, pair[1] >> 16);
            if left != right {
                self.sides.offer(left as usize, right as usize, best);
            }
        }
        true
    }

    fn search_histogram(
        &mut self,
        codes: &[u16],
        width: usize,
        node: &[Item],
        best: &mut Option<Split>,
    ) -> bool {
        let stride = self.classes + 1;
        self.histogram.clear();
        self.histogram.resize(width * stride, 0.0);
        for item in node {
            let cell = &mut self.histogram[codes[item.row as usize] as usize * stride..][..stride];
            cell[item.class as usize] += item.weight;
            cell[stride - 1] += 1.0;
        }
        let mut previous = None;
        for (code, cell) in self.histogram.chunks_exact(stride).enumerate() {
            let Some((&rows, weights)) = cell.split_last().filter(|(rows, _)| **rows > 0.0) else {
                continue;
            };
            if let Some(left) = previous {
                self.sides.offer(left, code, best);
            }
            for (class, &weight) in weights.iter().enumerate() {
                if weight > 0.0 {
                    self.sides.shift(class, weight);
                }
            }
            self.sides.rows += rows as usize;
            if previous.is_none() && self.sides.rows == node.len() {
                return false;
            }
            previous = Some(code);
        }
        true
    }
}

/// Class weights on both sides of a moving split point, with their sums of squares.
struct Sides {
    left: Vec<f64>,
    right: Vec<f64>,
    left_weight: f64,
    right_weight: f64,
    left_squares: f64,
    right_squares: f64,
    /// Rows on the left.
    rows: usize,
    all_rows: usize,
    min_leaf: usize,
    feature: usize,
}

impl Sides {
    fn new(classes: usize) -> Self {
        Self {
            left: vec![0.0; classes],
            right: vec![0.0; classes],
            left_weight: 0.0,
            right_weight: 0.0,
            left_squares: 0.0,
            right_squares: 0.0,
            rows: 0,
            all_rows: 0,
            min_leaf: 1,
            feature: 0,
        }
    }

    /// Everything to the right.
    fn start(&mut self, totals: &[f64], all_rows: usize, feature: usize, min_leaf: usize) {
        self.left.fill(0.0);
        self.right.copy_from_slice(totals);
        (self.left_weight, self.left_squares) = (0.0, 0.0);
        self.right_weight = totals.iter().sum();
        self.right_squares = totals.iter().map(|total| total * total).sum();
        (self.rows, self.all_rows, self.feature, self.min_leaf) = (0, all_rows, feature, min_leaf);
    }

    /// Moves weight from right to left.
    #[inline]
    fn shift(&mut self, class: usize, weight: f64) {
        let (left, right) = (&mut self.left[class], &mut self.right[class]);
        self.left_squares += weight * (2.0 * *left + weight);
        self.right_squares -= weight * (2.0 * *right - weight);
        *left += weight;
        *right -= weight;
        self.left_weight += weight;
        self.right_weight -= weight;
    }

    /// Takes the point between two codes if it is allowed and better. The score is Σ_side Σ_c w_c² / W,
    /// which differs from the negative impurity by a constant of the node.
    #[inline]
    fn offer(&self, left: usize, right: usize, best: &mut Option<Split>) {
        if self.rows < self.min_leaf || self.all_rows - self.rows < self.min_leaf {
            return;
        }
        // A side's squares are at most its squared weight; the bound tames cancellation when weights
        // differ by many orders of magnitude. One quotient, so that equal splits tie exactly.
        let left_squares = self.left_squares.min(self.left_weight * self.left_weight);
        let right_squares = self.right_squares.min(self.right_weight * self.right_weight);
        let score = (left_squares * self.right_weight + right_squares * self.left_weight)
            / (self.left_weight * self.right_weight);
        if score.is_finite() && best.is_none_or(|best| score > best.score) {
            *best = Some(Split { score, feature: self.feature, left, right });
        }
    }
}

/// Σ_c w_c² / W of a node: its weight less its weighted Gini impurity.
fn purity(totals: &[f64]) -> f64 {
    totals.iter().map(|total| total * total).sum::<f64>() / totals.iter().sum::<f64>()
}

/// Moves items with a code up to `left` to the front; returns how many there are.
fn partition(node: &mut [Item], codes: &[u16], left: usize) -> usize {
    let mut end = 0;
    for at in 0..node.len() {
        if codes[node[at].row as usize] as usize <= left {
            node.swap(end, at);
            end += 1;
        }
    }
    end
}
