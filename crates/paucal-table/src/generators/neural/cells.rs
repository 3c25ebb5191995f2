//! Rows as one number per column, each from −1 to 1: what networks without one-hots see.

use paucal_core::Seed;
use paucal_data::{Table, Values};
use rayon::prelude::*;

use crate::condition::Conditions;
use crate::error::TableError;
use crate::transform::{Levels, MissingModel, Numbers, Plan, Treatment};

/// The encoding. Numbers are stretched over their range, levels stand at even distances in schema order, and a missing
/// number has a cell of its own that says so.
#[derive(Debug, Clone)]
pub struct CellEncoder {
    plan: Plan,
    missing: MissingModel,
    cells: Vec<Cell>,
    /// Cell of the class, if the target has levels.
    class: Option<usize>,
}

/// One number of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Index of the column.
    pub column: usize,
    /// What it holds.
    pub kind: CellKind,
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// A number.
    Number,
    /// One of so many levels.
    Level(usize),
    /// Whether the column's number is there (−1) or missing (1).
    Missing,
}

impl CellEncoder {
    /// The encoding by a plan.
    pub fn new(plan: Plan, missing: MissingModel) -> Result<Self, TableError> {
        let mut cells = Vec::new();
        for (column, treatment) in plan.treatments().iter().enumerate() {
            let mut push = |kind| cells.push(Cell { column, kind });
            match treatment {
                Treatment::Numbers(numbers) => {
                    if !numbers.format.is_point() {
                        push(CellKind::Number);
                    }
                    if numbers.missing > 0 && missing == MissingModel::Joint {
                        push(CellKind::Missing);
                    }
                }
                Treatment::Levels(levels) => push(CellKind::Level(levels.len())),
                _ => {}
            }
        }
        if cells.is_empty() {
            return Err(TableError::NothingToLearn);
        }
        let target = plan.schema().target.as_deref().and_then(|name| plan.schema().index(name).ok());
        let class = target.filter(|&column| plan.levels(column).is_some());
        let class = class.and_then(|class| cells.iter().position(|cell| cell.column == class));
        Ok(Self { plan, missing, cells, class })
    }

    /// What becomes of each column.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The cells of a row, in schema order.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Number of cells.
    pub fn width(&self) -> usize {
        self.cells.len()
    }

    /// The cell of the class and its levels, if there is one.
    pub fn class(&self) -> Option<(usize, &Levels)> {
        let cell = self.class?;
        Some((cell, self.plan.levels(self.cells[cell].column)?))
    }

    /// Number of classes; 0 without one.
    pub fn classes(&self) -> usize {
        self.class().map_or(0, |(_, levels)| levels.len())
    }

    /// Encodes the training table, rows × cells. In the place of a missing number stands one that occurs.
    pub fn encode(&self, table: &Table, seed: Seed) -> Vec<f32> {
        let mut out = vec![0.0; table.rows() * self.width()];
        for (place, cell) in self.cells.iter().enumerate() {
            for (row, value) in self.column(cell, table, seed).into_iter().enumerate() {
                out[row * self.width() + place] = value;
            }
        }
        out
    }

    fn column(&self, cell: &Cell, table: &Table, seed: Seed) -> Vec<f32> {
        let column = table.at(cell.column);
        let (numbers, codes) = (column.numbers().unwrap_or_default(), column.codes().unwrap_or_default());
        match (cell.kind, &self.plan.treatments()[cell.column]) {
            (CellKind::Level(count), Treatment::Levels(levels)) => {
                codes.iter().map(|&code| level(levels.position(code).unwrap_or_default(), count)).collect()
            }
            (CellKind::Number, Treatment::Numbers(Numbers { format, .. })) => {
                let mut stream = seed.stream("cells/missing", cell.column as u64);
                let present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
                let scale = |x: f64| (2.0 * (x - format.min) / format.range() - 1.0) as f32;
                let fill = |&x: &f64| {
                    if x.is_nan() { scale(present[stream.index(present.len())]) } else { scale(x) }
                };
                numbers.iter().map(fill).collect()
            }
            _ => numbers.iter().map(|x| if x.is_nan() { 1.0 } else { -1.0 }).collect(),
        }
    }

    /// Class of each row; 0 without one.
    pub fn classes_of(&self, table: &Table) -> Vec<u32> {
        let Some((cell, levels)) = self.class() else { return vec![0; table.rows()] };
        let codes = table.at(self.cells[cell].column).codes().unwrap_or_default();
        codes.iter().map(|&code| levels.position(code).unwrap_or_default() as u32).collect()
    }

    /// Decodes rows into a table: the nearest level counts.
    pub fn decode(&self, values: &[f32], rows: usize, seed: Seed) -> Result<Table, TableError> {
        if values.iter().any(|x| !x.is_finite()) {
            return Err(TableError::NotFinite);
        }
        let decode = |column: usize| match &self.plan.treatments()[column] {
            Treatment::Numbers(numbers) => Some(self.decode_numbers(column, numbers, values, rows, seed)),
            Treatment::Levels(levels) => {
                let cell = self.cell(column, CellKind::Level(levels.len()), values)?;
                Some(Values::Code(cell.map(|x| levels.codes[nearest(x, levels.len())]).collect()))
            }
            _ => None,
        };
        let columns = 0..self.plan.treatments().len();
        self.plan.assemble(rows, columns.into_par_iter().map(decode).collect())
    }

    fn decode_numbers(
        &self,
        column: usize,
        numbers: &Numbers,
        values: &[f32],
        rows: usize,
        seed: Seed,
    ) -> Values {
        let format = &numbers.format;
        let mut out: Vec<f64> = match self.cell(column, CellKind::Number, values) {
            Some(cell) => cell.map(|x| format.min + format.range() * 0.5 * (f64::from(x) + 1.0)).collect(),
            None => vec![format.min; rows],
        };
        if let Some(cell) = self.cell(column, CellKind::Missing, values) {
            out.iter_mut().zip(cell).filter(|(_, flag)| *flag > 0.0).for_each(|(x, _)| *x = f64::NAN);
        } else if self.missing == MissingModel::Random {
            self.plan.lose_at_random(column, numbers, &mut out, seed);
        }
        Values::Number(out)
    }

    /// The values of one cell, row by row.
    fn cell<'a>(
        &self,
        column: usize,
        kind: CellKind,
        values: &'a [f32],
    ) -> Option<impl Iterator<Item = f32> + use<'a>> {
        let place = self.cells.iter().position(|cell| *cell == Cell { column, kind })?;
        Some(values.iter().skip(place).step_by(self.width()).copied())
    }

    /// The cells that conditions fix, with their levels; that of the class is not among them.
    pub fn wanted(&self, conditions: &Conditions) -> Vec<(usize, usize)> {
        let others = self.cells.iter().enumerate().filter(|(place, _)| Some(*place) != self.class);
        let wanted = |(place, cell): (usize, &Cell)| {
            let level = self.plan.levels(cell.column)?.position(conditions.code(cell.column)?)?;
            Some((place, level))
        };
        others.filter_map(wanted).collect()
    }

    /// Whether a cell is closest to a level.
    pub fn is_at(&self, place: usize, value: f32, level: usize) -> bool {
        matches!(self.cells[place].kind, CellKind::Level(count) if nearest(value, count) == level)
    }

    /// The value of a level in a cell.
    pub fn level(&self, place: usize, at: usize) -> f32 {
        match self.cells[place].kind {
            CellKind::Level(count) => level(at, count),
            _ => 0.0,
        }
    }
}

/// Place of a level among so many.
fn level(position: usize, count: usize) -> f32 {
    2.0 * position as f32 / (count.max(2) - 1) as f32 - 1.0
}

/// The level closest to a place.
fn nearest(x: f32, count: usize) -> usize {
    let last = (count.max(2) - 1) as f32;
    (0.5 * (x + 1.0) * last).round().clamp(0.0, last) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::dirty;
    use paucal_core::Silent;

    #[test]
    fn a_dirty_table_comes_back() {
        let train = dirty(300);
        let plan = Plan::new(&train, &Silent::new()).unwrap();
        let encoder = CellEncoder::new(plan, MissingModel::Joint).unwrap();
        let cells = encoder.encode(&train, Seed(1));
        assert!(cells.iter().all(|x| (-1.0..=1.0).contains(x)));
        let back = encoder.decode(&cells, 300, Seed(1)).unwrap();
        for name in ["age", "lab", "spike", "sex", "grade", "site", "sick", "dose", "empty"] {
            let (a, b) = (train.column(name).unwrap(), back.column(name).unwrap());
            assert_eq!(format!("{:?}", a.values), format!("{:?}", b.values), "{name}");
        }
        assert_eq!(encoder.classes(), 2);
    }
}
