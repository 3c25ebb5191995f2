//! The leaves of a forest that hold enough real rows, and the distribution of every column in them.

use ndarray::Array2;
use paucal_core::Stream;
use paucal_learn::{Splits, TreeNode};
use rayon::prelude::*;

use crate::generators::trees::{Columns, Learnt, Tables, spikes};
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
pub fn regions(tree: Splits<'_>, real: &Array2<f64>, min_leaf: usize) -> Vec<Region> {
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

/// A number in one leaf, missing ones and spikes aside: normal between two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Draws outside the ends before the mean is taken instead.
const TRIES: usize = 64;
/// Least standard deviation, as a share of the way between the ends: rows that happen to agree are not repeated.
const LEAST_SD: f64 = 0.01;
/// Standard deviation where a single row has the number, as a share of the way between the ends: that of a uniform.
const UNKNOWN_SD: f64 = 0.29;

impl Normal {
    /// Of some numbers of a leaf, within the cuts and the range of the column.
    fn of(numbers: &[f64], (low, high): (f64, f64), format: &NumberFormat) -> Self {
        let (low, high) = (low.clamp(format.min, format.max), high.clamp(format.min, format.max));
        let n = numbers.len();
        if n == 0 {
            return Self { mean: low, sd: 0.0, low, high };
        }
        let mean = numbers.iter().map(|x| x / n as f64).sum::<f64>();
        let squares = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        let width = high - low;
        let sd = if n == 1 { UNKNOWN_SD * width } else { (squares / (n - 1) as f64).sqrt() };
        Self { mean, sd: sd.max(LEAST_SD * width).min(format.range()), low, high }
    }

    /// Draws a number.
    fn draw(&self, stream: &mut Stream) -> f64 {
        // The mean lies between the ends, so that most draws do.
        let draw = |_| self.mean + self.sd * stream.normal();
        let inside = |x: &f64| *x >= self.low && *x <= self.high;
        (0..TRIES).map(draw).find(inside).unwrap_or(self.mean)
    }

    /// Whether it can be drawn from.
    pub fn is_sound(&self) -> bool {
        self.mean.is_finite() && self.sd >= 0.0 && self.sd.is_finite()
    }
}

/// Marks of a number: an ordinary one, a missing one, and the first of the spikes.
const ORDINARY: usize = 0;
const MISSING: usize = 1;
const SPIKES: usize = 2;

/// A column in every leaf.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Numbers.
    Numbers {
        /// Values that many rows of the table share, ascending.
        spikes: Vec<f64>,
        /// What kind of number: ordinary (0), missing (1), or a spike (2, 3, …).
        marks: Tables,
        /// The ordinary ones.
        normals: Vec<Normal>,
    },
    /// Levels.
    Levels(Tables),
}

impl Content {
    /// A column of numbers (cells) in some regions.
    fn numbers(cells: &[f64], regions: &[Region], at: usize, format: &NumberFormat, min_leaf: usize) -> Self {
        let spikes = spikes(cells, min_leaf);
        let mark = |x: f64| match spikes.iter().position(|&spike| spike == x) {
            _ if x.is_nan() => MISSING,
            Some(spike) => SPIKES + spike,
            None => ORDINARY,
        };
        let (mut marks, mut normals) = (Tables::new(), Vec::with_capacity(regions.len()));
        for region in regions {
            let of = || region.rows.iter().map(|&row| cells[row as usize]);
            marks.push(of().map(mark).collect());
            let ordinary: Vec<f64> = of().filter(|&x| mark(x) == ORDINARY).collect();
            normals.push(Normal::of(&ordinary, region.bounds[at], format));
        }
        Self::Numbers { spikes, marks, normals }
    }

    /// Draws a cell of a leaf.
    pub fn draw(&self, leaf: usize, stream: &mut Stream) -> f64 {
        match self {
            Self::Numbers { spikes, marks, normals } => match marks.draw(leaf, stream) {
                ORDINARY => normals[leaf].draw(stream),
                MISSING => f64::NAN,
                spike => spikes[spike - SPIKES],
            },
            Self::Levels(tables) => tables.draw(leaf, stream) as f64,
        }
    }

    /// Whether it describes so many leaves of such a column.
    pub fn is_sound(&self, leaves: usize, learnt: &Learnt<'_>) -> bool {
        match (self, learnt) {
            (Self::Numbers { spikes, marks, normals }, Learnt::Number { .. }) => {
                let marked = marks.is_sound(SPIKES + spikes.len()) && marks.leaves() == leaves;
                marked && normals.len() == leaves && normals.iter().all(Normal::is_sound)
            }
            (Self::Levels(tables), Learnt::Level(levels)) => {
                tables.is_sound(levels.len()) && tables.leaves() == leaves
            }
            _ => false,
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
    pub fn new(columns: &Columns<'_>, cells: &[Vec<f64>], regions: &[Region], min_leaf: usize) -> Self {
        let content = |at: usize| match columns.learnt[at] {
            Learnt::Number { format, .. } => Content::numbers(&cells[at], regions, at, format, min_leaf),
            Learnt::Level(_) => {
                let mut tables = Tables::new();
                let level = |&row: &u32| cells[at][row as usize] as usize;
                regions.iter().for_each(|region| tables.push(region.rows.iter().map(level).collect()));
                Content::Levels(tables)
            }
        };
        Self {
            rows: regions.iter().map(|region| region.rows.len()).collect(),
            contents: (0..columns.len()).into_par_iter().map(content).collect(),
        }
    }
}
