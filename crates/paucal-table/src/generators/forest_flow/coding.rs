//! Rows of cells as points in the space of the flow, and back.

use paucal_core::Stream;
use serde::{Deserialize, Serialize};

use super::gaps::Gaps;
use crate::generators::trees::{Columns, Learnt, pick, running};
use crate::transform::gauss;

/// Levels beyond which a column takes one coordinate instead of one for each.
const MOST_DUMMIES: usize = 16;

/// A column, or a part of one, in the space of the flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// A number between two ends, scaled to −1…1; a missing one is NaN in both.
    Number {
        /// Which of the learnt columns.
        column: usize,
        /// The number at −1.
        min: f64,
        /// The number at 1.
        max: f64,
    },
    /// A coordinate per level, 1 for the one that holds and −1 for the others; of two levels only the second has one.
    Dummies {
        /// Which of the learnt columns.
        column: usize,
        /// Positions of the levels.
        levels: Vec<usize>,
    },
    /// One standard normal coordinate on which every level has an interval as probable as its share.
    Intervals {
        /// Which of the learnt columns.
        column: usize,
        /// Positions of the levels.
        levels: Vec<usize>,
        /// Running shares of the levels, up to 1.
        ends: Vec<f64>,
    },
}

impl Part {
    /// Which of the learnt columns it is of.
    pub fn column(&self) -> usize {
        match self {
            Self::Number { column, .. } | Self::Dummies { column, .. } | Self::Intervals { column, .. } => {
                *column
            }
        }
    }

    /// Number of coordinates.
    pub fn width(&self) -> usize {
        match self {
            Self::Dummies { levels, .. } if levels.len() > 2 => levels.len(),
            _ => 1,
        }
    }

    /// Writes the coordinates of a cell.
    pub fn encode(&self, cell: f64, point: &mut [f64], stream: &mut Stream) {
        match self {
            Self::Number { min, max, .. } => point[0] = 2.0 * ((cell - min) / (max - min)) - 1.0,
            Self::Dummies { levels, .. } => match point {
                [second] => *second = sign(levels[1] == cell as usize),
                _ => point.iter_mut().zip(levels).for_each(|(x, &level)| *x = sign(level == cell as usize)),
            },
            Self::Intervals { levels, ends, .. } => {
                let at = levels.binary_search(&(cell as usize)).unwrap_or_default();
                let start = if at > 0 { ends[at - 1] } else { 0.0 };
                point[0] = gauss::quantile(stream.uniform_in(start, ends[at]));
            }
        }
    }

    /// Reads the coordinates into the cell of the column.
    pub fn decode(&self, point: &[f64], cell: &mut f64) {
        match self {
            Self::Number { min, max, .. } => {
                *cell = min + f64::midpoint(point[0].clamp(-1.0, 1.0), 1.0) * (max - min);
            }
            Self::Dummies { levels, .. } => {
                let most = |best: usize, at: usize| if point[at] > point[best] { at } else { best };
                let at = if let [second] = point {
                    usize::from(*second > 0.0)
                } else {
                    (0..point.len()).fold(0, most)
                };
                *cell = levels[at] as f64;
            }
            Self::Intervals { levels, ends, .. } => *cell = levels[pick(ends, gauss::cdf(point[0]))] as f64,
        }
    }

    /// Whether it knows a level.
    pub fn knows(&self, level: usize) -> bool {
        match self {
            Self::Dummies { levels, .. } | Self::Intervals { levels, .. } => levels.contains(&level),
            Self::Number { .. } => false,
        }
    }

    /// Whether it is a part of such a column.
    pub fn is_sound(&self, columns: &Columns<'_>) -> bool {
        let Some(learnt) = columns.learnt.get(self.column()) else { return false };
        match (self, learnt) {
            (Self::Number { min, max, .. }, Learnt::Number { .. }) => min < max,
            (Self::Dummies { levels, .. }, Learnt::Level(known)) => {
                levels.len() >= 2 && levels.iter().all(|&level| level < known.len())
            }
            (Self::Intervals { levels, ends, .. }, Learnt::Level(known)) => {
                levels.len() == ends.len()
                    && !levels.is_empty()
                    && levels.iter().all(|&level| level < known.len())
                    && ends[0] > 0.0
                    && ends.is_sorted()
            }
            _ => false,
        }
    }
}

fn sign(holds: bool) -> f64 {
    if holds { 1.0 } else { -1.0 }
}

/// How the rows of a group become points.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Coding {
    /// Columns that are the same in all rows: learnt column and cell, `None` for a missing number.
    pub fixed: Vec<(usize, Option<f64>)>,
    /// The others.
    pub parts: Vec<Part>,
    /// Which numbers are missing.
    pub gaps: Gaps,
}

impl Coding {
    /// For the rows with these cells, one list per column.
    pub fn new(columns: &Columns<'_>, cells: &[Vec<f64>]) -> Self {
        let gaps: Vec<(usize, &[f64])> = (0..columns.len())
            .filter(|&column| matches!(columns.learnt[column], Learnt::Number { .. }))
            .filter(|&column| cells[column].iter().any(|cell| cell.is_nan()))
            .map(|column| (column, &cells[column][..]))
            .collect();
        let mut coding = Self { gaps: Gaps::new(&gaps), ..Self::default() };
        for (column, (learnt, cells)) in columns.learnt.iter().zip(cells).enumerate() {
            match learnt {
                Learnt::Number { .. } => coding.add_number(column, cells),
                Learnt::Level(known) => coding.add_levels(column, &level_counts(cells, known.len())),
            }
        }
        coding
    }

    fn add_number(&mut self, column: usize, cells: &[f64]) {
        let present = || cells.iter().copied().filter(|x| !x.is_nan());
        let min = present().fold(f64::INFINITY, f64::min);
        let max = present().fold(f64::NEG_INFINITY, f64::max);
        if min < max {
            self.parts.push(Part::Number { column, min, max });
        } else {
            self.fixed.push((column, present().next()));
        }
    }

    fn add_levels(&mut self, column: usize, counts: &[usize]) {
        let levels: Vec<usize> = (0..counts.len()).filter(|&level| counts[level] > 0).collect();
        match levels[..] {
            [only] => self.fixed.push((column, Some(only as f64))),
            _ if levels.len() <= MOST_DUMMIES => self.parts.push(Part::Dummies { column, levels }),
            _ => {
                let rows: usize = counts.iter().sum();
                let ends = running(levels.iter().map(|&level| counts[level] as f64 / rows as f64));
                self.parts.push(Part::Intervals { column, levels, ends });
            }
        }
    }

    /// Number of coordinates.
    pub fn width(&self) -> usize {
        self.parts.iter().map(Part::width).sum()
    }

    /// The parts with the first coordinate of each.
    pub fn places(&self) -> impl Iterator<Item = (usize, &Part)> {
        self.parts.iter().scan(0, |next, part| {
            let start = *next;
            *next += part.width();
            Some((start, part))
        })
    }

    /// The cells of a point, gaps aside.
    pub fn decode(&self, point: &[f64], row: &mut [f64]) {
        for (column, cell) in &self.fixed {
            row[*column] = cell.unwrap_or(f64::NAN);
        }
        for (start, part) in self.places() {
            part.decode(&point[start..start + part.width()], &mut row[part.column()]);
        }
    }
}

/// How often each level (position) occurs.
pub fn level_counts(cells: &[f64], levels: usize) -> Vec<usize> {
    let mut counts = vec![0; levels];
    cells.iter().for_each(|&cell| counts[cell as usize] += 1);
    counts
}
