//! The leaves of a forest that hold enough real rows, and the distribution of every column in them.

use ndarray::ArrayView2;
use paucal_core::Stream;
use paucal_learn::{Splits, TreeNode};
use rayon::prelude::*;

use crate::generators::trees::{Columns, Learnt, Tables};
use crate::transform::NumberFormat;

/// A leaf of one tree while it is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Its real rows.
    pub rows: Vec<u32>,
    /// Smallest and largest value of each column.
    pub bounds: Vec<(f64, f64)>,
}

/// The regions of a tree in which real rows lie. A cut that leaves 1 to `min_leaf` − 1 real rows on a side is
/// undone and all rows go on with the other side; if both sides are so small, the way ends there. A side without
/// real rows is cut off. So every region has at least `min_leaf` rows if there are so many in all.
pub fn regions(tree: Splits<'_>, real: ArrayView2<'_, f64>, min_leaf: usize) -> Vec<Region> {
    let everything = Region {
        rows: (0..real.nrows() as u32).collect(),
        bounds: vec![(f64::NEG_INFINITY, f64::INFINITY); real.ncols()],
    };
    let mut found = Vec::new();
    let mut open = vec![(0, everything)];
    while let Some((at, region)) = open.pop() {
        let TreeNode::Branch { feature, point, left, right } = tree.node(at) else {
            found.push(region);
            continue;
        };
        let goes_left = |&row: &u32| real[[row as usize, feature]] <= point;
        let lefts = region.rows.iter().filter(|row| goes_left(row)).count();
        let rights = region.rows.len() - lefts;
        let is_few = |rows: usize| rows > 0 && rows < min_leaf;
        match (is_few(lefts), is_few(rights)) {
            (true, true) => found.push(region),
            (true, false) if rights > 0 => open.push((right, region)),
            (false, true) if lefts > 0 => open.push((left, region)),
            _ => {
                let (low, high) = region.bounds[feature];
                let (mut a, mut b) = (region.bounds.clone(), region.bounds);
                (a[feature], b[feature]) = ((low, high.min(point)), (low.max(point), high));
                let (mine, others) = region.rows.into_iter().partition(goes_left);
                let sides =
                    [(right, Region { rows: others, bounds: b }), (left, Region { rows: mine, bounds: a })];
                open.extend(sides.into_iter().filter(|(_, side)| !side.rows.is_empty()));
            }
        }
    }
    found
}

/// A number in one leaf: missing at a rate, otherwise normal between two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    /// Mean of the rows that have it.
    pub mean: f64,
    /// Standard deviation of the rows that have it; 0 if all are equal.
    pub sd: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Share of the rows in which it is missing.
    pub missing: f64,
}

/// Draws outside the ends before the mean is taken instead.
const TRIES: usize = 64;

impl Normal {
    /// Of the cells of a leaf's rows, within the cuts and the range of the column.
    fn of(cells: &[f64], (low, high): (f64, f64), format: &NumberFormat) -> Self {
        let present = || cells.iter().copied().filter(|x| !x.is_nan());
        let n = present().count();
        let mean = present().map(|x| x / n as f64).sum::<f64>();
        let squares = present().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        let equal = present().all(|x| Some(x) == present().next());
        let missing = (cells.len() - n) as f64 / cells.len() as f64;
        let sd = if equal { 0.0 } else { (squares / (n - 1) as f64).sqrt().min(format.range()) };
        let mean = if equal { present().next().unwrap_or(format.min) } else { mean };
        Self {
            mean,
            sd,
            low: low.clamp(format.min, format.max),
            high: high.clamp(format.min, format.max),
            missing,
        }
    }

    /// Draws a cell.
    fn draw(&self, stream: &mut Stream) -> f64 {
        if self.missing > 0.0 && stream.uniform() < self.missing {
            return f64::NAN;
        }
        if self.sd == 0.0 {
            return self.mean;
        }
        // The mean lies between the ends, so that most draws do.
        let draw = |_| self.mean + self.sd * stream.normal();
        let inside = |x: &f64| *x >= self.low && *x <= self.high;
        (0..TRIES).map(draw).find(inside).unwrap_or(self.mean)
    }

    /// Whether it can be drawn from.
    pub fn is_sound(&self) -> bool {
        self.mean.is_finite() && self.sd >= 0.0 && self.sd.is_finite() && (0.0..=1.0).contains(&self.missing)
    }
}

/// A column in every leaf.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Numbers.
    Numbers(Vec<Normal>),
    /// Levels.
    Levels(Tables),
}

impl Content {
    /// Draws a cell of a leaf.
    pub fn draw(&self, leaf: usize, stream: &mut Stream) -> f64 {
        match self {
            Self::Numbers(normals) => normals[leaf].draw(stream),
            Self::Levels(tables) => tables.draw(leaf, stream) as f64,
        }
    }
}

/// The leaves of all trees.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaves {
    /// Real rows of each.
    pub rows: Vec<usize>,
    /// Every learnt column in them.
    pub contents: Vec<Content>,
}

impl Leaves {
    /// Describes the cells (one list per column) in some regions.
    pub fn new(columns: &Columns<'_>, cells: &[Vec<f64>], regions: &[Region]) -> Self {
        let content = |at: usize| {
            let of = |region: &Region| -> Vec<f64> {
                region.rows.iter().map(|&row| cells[at][row as usize]).collect()
            };
            match columns.learnt[at] {
                Learnt::Number { format, .. } => {
                    let normal = |region: &Region| Normal::of(&of(region), region.bounds[at], format);
                    Content::Numbers(regions.iter().map(normal).collect())
                }
                Learnt::Level(_) => {
                    let mut tables = Tables::new();
                    regions.iter().for_each(|r| tables.push(of(r).iter().map(|&x| x as usize).collect()));
                    Content::Levels(tables)
                }
            }
        };
        Self {
            rows: regions.iter().map(|region| region.rows.len()).collect(),
            contents: (0..columns.len()).into_par_iter().map(content).collect(),
        }
    }
}
