//! Growing one regression tree on coded features, best leaf first.
//!
//! A large node is searched through a histogram per feature; of two children only the smaller one's is
//! built, the other's is the parent's less that. A small node is searched by sorting its codes. Both list the
//! same cells (codes with their sums) to the same scan.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Boosting, EnsembleParts};
use crate::bins::Binned;
use crate::tree::LEAF;

/// Derivatives of the loss of each row.
#[derive(Debug, Clone)]
pub(super) struct Derivatives {
    pub g: Vec<f64>,
    pub h: Vec<f64>,
}

/// Sums over some rows: Σ g, Σ h and their number. The fourth place is empty: it makes one sum one
/// vector register, and adding to a histogram one instruction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(align(32))]
struct Sums([f64; 4]);

impl Sums {
    fn new(g: f64, h: f64) -> Self {
        Self([g, h, 1.0, 0.0])
    }

    fn g(self) -> f64 {
        self.0[0]
    }

    fn h(self) -> f64 {
        self.0[1]
    }

    fn rows(self) -> f64 {
        self.0[2]
    }

    fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }

    fn minus(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] - other.0[i]))
    }

    /// G² / (H + λ).
    fn score(self, lambda: f64) -> f64 {
        self.g() * self.g() / (self.h() + lambda)
    }
}

/// One node: an inner one sends x\[feature\] ≤ point to `next`, others to `next + 1`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Node {
    /// Split point, or the value of a leaf.
    number: f64,
    feature: u32,
    next: u32,
    missing_left: bool,
}

/// A regression tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// The value of the leaf `row` falls into.
    pub fn value(&self, row: &[f64]) -> f64 {
        self.descend(|_, node| {
            let x = row[node.feature as usize];
            x <= node.number || (node.missing_left && x.is_nan())
        })
    }

    /// Rounds its numbers to single precision.
    pub fn round(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.number = f64::from(node.number as f32));
    }

    /// Adds its nodes to the arrays.
    pub fn append(&self, parts: &mut EnsembleParts) {
        parts.sizes.push(self.nodes.len());
        for node in &self.nodes {
            let leaf = node.feature == LEAF;
            parts.numbers.push(node.number as f32);
            let feature = node.feature as f32 * 2.0 + f32::from(u8::from(node.missing_left));
            parts.features_of.push(if leaf { -1.0 } else { feature });
            parts.children.push(if leaf { 0.0 } else { node.next as f32 });
        }
    }

    /// The tree at some places of the arrays; `None` if there is none.
    pub fn read(parts: &EnsembleParts, places: Range<usize>) -> Option<Self> {
        let size = places.len();
        let arrays = (parts.numbers.get(places.clone())?, parts.features_of.get(places.clone())?);
        let children = parts.children.get(places)?;
        let node = |at: usize| {
            let (number, feature, next) = (f64::from(arrays.0[at]), arrays.1[at], children[at] as usize);
            if feature < 0.0 {
                return Some(Node { number, feature: LEAF, next: 0, missing_left: false });
            }
            // Children come after their parent, so that every way ends.
            let sound = (feature as usize) / 2 < parts.features && next > at && next + 1 < size;
            let missing_left = feature as usize % 2 == 1;
            sound.then_some(Node { number, feature: feature as u32 / 2, next: next as u32, missing_left })
        };
        let nodes: Vec<Node> = (0..size).map(node).collect::<Option<_>>()?;
        (size > 0).then_some(Self { nodes })
    }

    fn descend(&self, goes_left: impl Fn(usize, &Node) -> bool) -> f64 {
        let mut at = 0;
        loop {
            let node = &self.nodes[at];
            if node.feature == LEAF {
                return node.number;
            }
            at = node.next as usize + usize::from(!goes_left(at, node));
        }
    }
}

/// A tree that can still be read by code.
pub(super) struct Grown {
    pub tree: Tree,
    /// Largest code that goes left, per node.
    cuts: Vec<usize>,
}

impl Grown {
    /// The value of a training row's leaf.
    pub fn value_of_coded(&self, bins: &Binned, row: usize) -> f64 {
        self.tree.descend(|at, node| {
            let feature = node.feature as usize;
            goes_left(bins, feature, row, self.cuts[at], node.missing_left)
        })
    }
}

fn goes_left(bins: &Binned, feature: usize, row: usize, cut: usize, missing_left: bool) -> bool {
    let code = bins.codes(feature)[row] as usize;
    if code == bins.column(feature).len() { missing_left } else { code <= cut }
}

#[derive(Debug, Clone, Copy)]
struct Split {
    gain: f64,
    feature: usize,
    cut: usize,
    missing_left: bool,
    left: Sums,
    right: Sums,
}

/// A leaf that may still be split: rows `start..end` of the grower's order.
struct Leaf {
    node: usize,
    start: usize,
    end: usize,
    depth: usize,
    histogram: Option<Vec<Sums>>,
    split: Option<Split>,
}

/// Grows trees on one coded table.
pub(super) struct Grower<'a> {
    settings: &'a Boosting,
    bins: &'a Binned,
    /// Codes per feature in a histogram, NaN included.
    stride: usize,
    /// Rows, grouped by leaf.
    order: Vec<u32>,
    /// Histograms no longer in use.
    spare: Vec<Vec<Sums>>,
}

impl<'a> Grower<'a> {
    pub fn new(settings: &'a Boosting, bins: &'a Binned) -> Self {
        Self { settings, bins, stride: bins.widest(), order: Vec::new(), spare: Vec::new() }
    }

    /// Grows a tree on some rows and features.
    pub fn grow(&mut self, rows: &[u32], features: &[usize], derivatives: &Derivatives) -> Grown {
        self.order.clear();
        self.order.extend_from_slice(rows);
        let sums = rows.iter().fold(Sums::default(), |sums, &row| sums.plus(one(derivatives, row)));
        let mut grown = Grown { tree: Tree { nodes: vec![self.leaf_node(sums)] }, cuts: vec![0] };
        let mut root = Leaf {
            node: 0,
            start: 0,
            end: rows.len(),
            depth: 0,
            histogram: self.wanted(rows.len()),
            split: None,
        };
        self.search(&mut root, features, derivatives, sums, None);
        let mut leaves = vec![root];
        while leaves.len() < self.settings.max_leaves {
            // The first of the leaves with the largest gain.
            let gain = |leaf: &Leaf| leaf.split.map_or(f64::NEG_INFINITY, |split| split.gain);
            let best = (0..leaves.len()).rev().max_by(|&a, &b| gain(&leaves[a]).total_cmp(&gain(&leaves[b])));
            let Some((at, split)) = best.and_then(|at| leaves[at].split.map(|split| (at, split))) else {
                break;
            };
            let leaf = leaves.swap_remove(at);
            leaves.extend(self.divide(leaf, split, features, derivatives, &mut grown));
        }
        self.spare.extend(leaves.into_iter().filter_map(|leaf| leaf.histogram));
        grown
    }

    /// Splits a leaf in two, each searched for its own best split.
    fn divide(
        &mut self,
        leaf: Leaf,
        split: Split,
        features: &[usize],
        derivatives: &Derivatives,
        grown: &mut Grown,
    ) -> [Leaf; 2] {
        let next = grown.tree.nodes.len();
        let column = self.bins.column(split.feature);
        let point =
            if split.cut + 1 < column.len() { column.point(split.cut, split.cut + 1) } else { f64::INFINITY };
        grown.tree.nodes[leaf.node] = Node {
            number: point,
            feature: split.feature as u32,
            next: next as u32,
            missing_left: split.missing_left,
        };
        grown.cuts[leaf.node] = split.cut;
        grown.tree.nodes.extend([self.leaf_node(split.left), self.leaf_node(split.right)]);
        grown.cuts.extend([0, 0]);
        let middle = leaf.start + self.partition(leaf.start, leaf.end, &split);
        let depth = leaf.depth + 1;
        let child = |node, start, end| Leaf { node, start, end, depth, histogram: None, split: None };
        let mut children = [child(next, leaf.start, middle), child(next + 1, middle, leaf.end)];
        let sums = [split.left, split.right];
        let small = usize::from(children[0].end - children[0].start > children[1].end - children[1].start);
        let large = 1 - small;
        let large_rows = children[large].end - children[large].start;
        let is_last = grown.tree.nodes.len() + 1 >= 2 * self.settings.max_leaves;
        if !is_last {
            let inherited = leaf.histogram.filter(|_| self.is_wide(large_rows));
            if inherited.is_some() {
                children[small].histogram = Some(self.blank());
            }
            self.search(&mut children[small], features, derivatives, sums[small], None);
            children[large].histogram = inherited;
            let (a, b) = children.split_at_mut(1);
            let (small_leaf, large_leaf) = if small == 0 { (&a[0], &mut b[0]) } else { (&b[0], &mut a[0]) };
            self.search(large_leaf, features, derivatives, sums[large], small_leaf.histogram.as_deref());
        }
        children
    }

    fn leaf_node(&self, sums: Sums) -> Node {
        let curvature = sums.h() + self.settings.lambda;
        // Only a leaf whose rows are all fitted beyond rounding has no curvature; it stays as it is.
        let step = if curvature > 0.0 { -sums.g() / curvature } else { 0.0 };
        Node { number: self.settings.learning_rate * step, feature: LEAF, next: 0, missing_left: false }
    }

    /// Whether a node of `rows` is searched faster by histogram than by sorting.
    fn is_wide(&self, rows: usize) -> bool {
        rows * 4 >= self.stride
    }

    fn wanted(&mut self, rows: usize) -> Option<Vec<Sums>> {
        self.is_wide(rows).then(|| self.blank())
    }

    /// A histogram of zeros.
    fn blank(&mut self) -> Vec<Sums> {
        let mut histogram = self.spare.pop().unwrap_or_default();
        histogram.clear();
        histogram.resize(self.stride * self.bins.features(), Sums::default());
        histogram
    }

    /// Moves the rows that go left to the front of `start..end`; returns how many there are.
    fn partition(&mut self, start: usize, end: usize, split: &Split) -> usize {
        let rows = &mut self.order[start..end];
        let mut left = 0;
        for at in 0..rows.len() {
            if goes_left(self.bins, split.feature, rows[at] as usize, split.cut, split.missing_left) {
                rows.swap(left, at);
                left += 1;
            }
        }
        left
    }

    /// Finds the best split of a leaf. Its histogram, if it has one, is filled: by subtraction of its
    /// sibling's, if that is given, or else from the rows.
    fn search(
        &mut self,
        leaf: &mut Leaf,
        features: &[usize],
        derivatives: &Derivatives,
        sums: Sums,
        sibling: Option<&[Sums]>,
    ) {
        let too_deep = self.settings.max_depth.is_some_and(|depth| leaf.depth >= depth);
        let rows = &self.order[leaf.start..leaf.end];
        // A leaf too small to be split may still owe its histogram to its sibling.
        let too_small = rows.len() < 2 * self.settings.min_leaf;
        if too_deep || (too_small && leaf.histogram.is_none()) {
            return;
        }
        let own: Vec<Sums> = rows.iter().map(|&row| one(derivatives, row)).collect();
        let search = Search {
            settings: self.settings,
            bins: self.bins,
            rows,
            own: &own,
            sums,
            parent: sums.score(self.settings.lambda),
        };
        let parallel = rows.len() * features.len() > 100_000;
        let best_of: Vec<Option<Split>> = if let Some(histogram) = &mut leaf.histogram {
            let stride = self.stride;
            let one_feature = |(feature, cells): (usize, &mut [Sums])| {
                if features.binary_search(&feature).is_err() {
                    return None;
                }
                let sibling = sibling.map(|cells| &cells[feature * stride..(feature + 1) * stride]);
                search.by_histogram(feature, cells, sibling)
            };
            if parallel {
                histogram.par_chunks_mut(stride).enumerate().map(one_feature).collect()
            } else {
                histogram.chunks_mut(stride).enumerate().map(one_feature).collect()
            }
        } else {
            features.iter().map(|&feature| search.by_sorting(feature)).collect()
        };
        for split in best_of.into_iter().flatten() {
            if leaf.split.is_none_or(|best| split.gain > best.gain) {
                leaf.split = Some(split);
            }
        }
    }
}

fn one(derivatives: &Derivatives, row: u32) -> Sums {
    Sums::new(derivatives.g[row as usize], derivatives.h[row as usize])
}

/// The search of one leaf.
struct Search<'a> {
    settings: &'a Boosting,
    bins: &'a Binned,
    rows: &'a [u32],
    /// Derivatives of those rows.
    own: &'a [Sums],
    sums: Sums,
    /// Score of the leaf as it is.
    parent: f64,
}

impl Search<'_> {
    fn by_histogram(&self, feature: usize, cells: &mut [Sums], sibling: Option<&[Sums]>) -> Option<Split> {
        if let Some(sibling) = sibling {
            cells.iter_mut().zip(sibling).for_each(|(cell, other)| *cell = cell.minus(*other));
        } else {
            let codes = self.bins.codes(feature);
            for (&row, &own) in self.rows.iter().zip(self.own) {
                let cell = &mut cells[codes[row as usize] as usize];
                *cell = cell.plus(own);
            }
        }
        let len = self.bins.column(feature).len();
        let there = |(_, cell): &(usize, Sums)| cell.rows() > 0.0;
        self.scan(feature, cells[..len].iter().copied().enumerate().filter(there), cells[len])
    }

    fn by_sorting(&self, feature: usize) -> Option<Split> {
        let codes = self.bins.codes(feature);
        let missing_code = self.bins.column(feature).len();
        // Small nodes only: the place within the node fits the low half.
        let key = |(at, &row): (usize, &u32)| u32::from(codes[row as usize]) << 16 | at as u32;
        let mut keys: Vec<u32> = self.rows.iter().enumerate().map(key).collect();
        keys.sort_unstable();
        let cell = |group: &[u32]| {
            let sum = |sums: Sums, key: &u32| sums.plus(self.own[(key & 0xffff) as usize]);
            ((group[0] >> 16) as usize, group.iter().fold(Sums::default(), sum))
        };
        let cells: Vec<(usize, Sums)> = keys.chunk_by(|a, b| a >> 16 == b >> 16).map(cell).collect();
        match cells.split_last() {
            Some((&(code, missing), rest)) if code == missing_code => {
                self.scan(feature, rest.iter().copied(), missing)
            }
            _ => self.scan(feature, cells.iter().copied(), Sums::default()),
        }
    }

    /// Tries a cut after every cell (ascending codes with their sums, none empty).
    fn scan(
        &self,
        feature: usize,
        cells: impl Iterator<Item = (usize, Sums)>,
        missing: Sums,
    ) -> Option<Split> {
        let mut best = None;
        let mut left = Sums::default();
        let mut previous = None;
        for (code, cell) in cells {
            if let Some(cut) = previous {
                self.offer(feature, cut, left, false, missing, &mut best);
                if missing.rows() > 0.0 {
                    self.offer(feature, cut, left.plus(missing), true, missing, &mut best);
                }
            }
            left = left.plus(cell);
            previous = Some(code);
        }
        // Known against missing values.
        if let Some(cut) = previous.filter(|_| missing.rows() > 0.0) {
            self.offer(feature, cut, left, false, missing, &mut best);
        }
        best
    }

    /// Takes a cut if it is allowed and better.
    fn offer(
        &self,
        feature: usize,
        cut: usize,
        left: Sums,
        missing_left: bool,
        missing: Sums,
        best: &mut Option<Split>,
    ) {
        let settings = self.settings;
        let right = self.sums.minus(left);
        let holds =
            |side: Sums| side.rows() >= settings.min_leaf as f64 && side.h() >= settings.min_child_weight;
        if !holds(left) || !holds(right) {
            return;
        }
        let lambda = settings.lambda;
        let gain = left.score(lambda) + right.score(lambda) - self.parent;
        // Not only above the threshold but above what rounding can make of no gain at all.
        let least = settings.min_gain + 1e-12 * self.parent;
        if gain.is_finite() && gain > least && best.is_none_or(|best: Split| gain > best.gain) {
            let missing_left = if missing.rows() > 0.0 { missing_left } else { left.rows() > right.rows() };
            *best = Some(Split { gain, feature, cut, missing_left, left, right });
        }
    }
}
