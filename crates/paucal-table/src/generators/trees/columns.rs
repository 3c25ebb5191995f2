//! The learnt columns of a table as one number a cell: a number as it is, a level as its position among those that
//! occur.

use paucal_data::{Table, Values};

use crate::error::TableError;
use crate::transform::{Levels, NumberFormat, Plan, Treatment};

/// One learnt column.
#[derive(Debug, Clone, Copy)]
pub enum Learnt<'a> {
    /// A number, NaN where it is missing.
    Number {
        /// Its grid and range.
        format: &'a NumberFormat,
        /// Whether it is missing in some training row.
        missing: bool,
    },
    /// The position of a level.
    Level(&'a Levels),
}

/// The learnt columns, with their places in the schema.
#[derive(Debug, Clone)]
pub struct Columns<'a> {
    plan: &'a Plan,
    /// Index in the schema of each.
    pub places: Vec<usize>,
    /// What each is.
    pub learnt: Vec<Learnt<'a>>,
}

impl<'a> Columns<'a> {
    /// The learnt columns in schema order.
    pub fn new(plan: &'a Plan) -> Self {
        let learnt = |(place, treatment): (usize, &'a Treatment)| match treatment {
            Treatment::Numbers(numbers) => {
                Some((place, Learnt::Number { format: &numbers.format, missing: numbers.missing > 0 }))
            }
            Treatment::Levels(levels) => Some((place, Learnt::Level(levels))),
            _ => None,
        };
        let (places, learnt) = plan.treatments().iter().enumerate().filter_map(learnt).unzip();
        Self { plan, places, learnt }
    }

    /// Number of learnt columns.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The cells of a learnt column.
    pub fn cells(&self, table: &Table, at: usize) -> Vec<f64> {
        match (table.at(self.places[at]).values, self.learnt[at]) {
            (Values::Number(numbers), Learnt::Number { .. }) => numbers.clone(),
            (Values::Code(codes), Learnt::Level(levels)) => {
                codes.iter().map(|&code| levels.position(code).unwrap_or_default() as f64).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A table from rows of cells (rows × learnt columns, row-major).
    pub fn table(&self, rows: usize, cells: &[f64]) -> Result<Table, TableError> {
        let mut values = vec![None; self.plan.treatments().len()];
        for (at, &place) in self.places.iter().enumerate() {
            let column = cells.iter().skip(at).step_by(self.len());
            values[place] = Some(match self.learnt[at] {
                Learnt::Number { .. } => Values::Number(column.copied().collect()),
                Learnt::Level(levels) => {
                    Values::Code(column.map(|&position| levels.codes[position as usize]).collect())
                }
            });
        }
        self.plan.assemble(rows, values)
    }
}

impl Learnt<'_> {
    /// What a tree, which knows no missing values, sees of a cell: a missing number lies below all others.
    pub fn seen(&self, cell: f64) -> f64 {
        match self {
            Self::Number { format, .. } if cell.is_nan() => (format.min - format.range() - 1.0).max(f64::MIN),
            _ => cell,
        }
    }
}
