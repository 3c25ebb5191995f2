//! Rows as scores, levels and a class.

use paucal_core::Seed;
use paucal_data::{Table, Values};
use rayon::prelude::*;

use crate::error::TableError;
use crate::transform::{Levels, MissingModel, NormalScores, Numbers, Plan, Treatment};

/// What the network learns of a table, and the way back.
#[derive(Debug, Clone)]
pub struct Encoder {
    plan: Plan,
    scores: NormalScores,
    missing: MissingModel,
    /// Columns whose numbers diffuse.
    numbers: Vec<usize>,
    /// What diffuses as levels.
    groups: Vec<Group>,
    /// Column of the class, which does not diffuse but is given.
    class: Option<usize>,
    width: usize,
}

/// One choice among levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Index of the column.
    pub column: usize,
    /// Whether it says that a number is missing, and is not the column's level.
    pub indicator: bool,
    /// First position in the row vector.
    pub offset: usize,
    /// Number of levels.
    pub width: usize,
}

/// Encoded rows.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// rows × numbers.
    pub scores: Vec<f32>,
    /// rows × groups.
    pub codes: Vec<u32>,
    /// Class of each row; 0 where there is none.
    pub classes: Vec<u32>,
}

impl Encoder {
    /// The encoding by a plan and its scores.
    pub fn new(plan: Plan, scores: NormalScores, missing: MissingModel) -> Result<Self, TableError> {
        if !scores.fits(&plan) {
            return Err(TableError::damaged("model.json", "scores and columns do not belong together"));
        }
        let class = plan.schema().target.as_deref().and_then(|name| plan.schema().index(name).ok());
        let class = class.filter(|&column| plan.levels(column).is_some());
        let mut encoder =
            Self { plan, scores, missing, numbers: Vec::new(), groups: Vec::new(), class, width: 0 };
        encoder.lay_out();
        if encoder.width == 0 && encoder.class.take().is_some() {
            // A table of nothing but classes: they are what there is to learn.
            encoder.lay_out();
        }
        if encoder.width == 0 { Err(TableError::NothingToLearn) } else { Ok(encoder) }
    }

    fn lay_out(&mut self) {
        let columns = 0..self.plan.treatments().len();
        let varies = |&column: &usize| self.plan.numbers(column).is_some_and(|n| !n.format.is_point());
        self.numbers = columns.clone().filter(varies).collect();
        self.width = self.numbers.len();
        for column in columns {
            let (indicator, width) = match &self.plan.treatments()[column] {
                Treatment::Numbers(n) if n.missing > 0 && self.missing == MissingModel::Joint => (true, 2),
                Treatment::Levels(levels) if self.class != Some(column) => (false, levels.len()),
                _ => continue,
            };
            self.groups.push(Group { column, indicator, offset: self.width, width });
            self.width += width;
        }
    }

    /// What becomes of each column.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The scores of the numbers.
    pub fn scores(&self) -> &NormalScores {
        &self.scores
    }

    /// Number of scores.
    pub fn numbers(&self) -> usize {
        self.numbers.len()
    }

    /// The groups of levels.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Length of the row vector: scores, then one-hots.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Length of the network's input: the row vector and, for each group, whether its level is given.
    pub fn inputs(&self) -> usize {
        self.width + self.groups.len()
    }

    /// The network's input from scores and levels; `given` says of which (row, group) the level is given.
    pub fn input(&self, scores: &[f32], codes: &[u32], given: impl Fn(usize, usize) -> bool) -> Vec<f32> {
        let (numbers, groups) = (self.numbers.len(), self.groups.len());
        let rows = (scores.len() + codes.len()) / (numbers + groups);
        let mut values = vec![0.0; rows * self.inputs()];
        for (row, vector) in values.chunks_exact_mut(self.inputs()).enumerate() {
            vector[..numbers].copy_from_slice(&scores[row * numbers..(row + 1) * numbers]);
            for (g, group) in self.groups.iter().enumerate() {
                vector[group.offset + codes[row * groups + g] as usize] = 1.0;
                vector[self.width + g] = f32::from(u8::from(given(row, g)));
            }
        }
        values
    }

    /// The levels of the class, if there is one.
    pub fn classes(&self) -> Option<(usize, &Levels)> {
        let column = self.class?;
        Some((column, self.plan.levels(column)?))
    }

    /// Encodes the training table. In the place of a missing number stands a random score.
    pub fn encode(&self, table: &Table, seed: Seed) -> Rows {
        let rows = table.rows();
        let (numbers, groups) = (self.numbers.len(), self.groups.len());
        let mut out =
            Rows { scores: vec![0.0; rows * numbers], codes: vec![0; rows * groups], classes: vec![0; rows] };
        for (place, &column) in self.numbers.iter().enumerate() {
            let mut stream = seed.stream("encode", column as u64);
            for (row, &x) in table.at(column).numbers().unwrap_or_default().iter().enumerate() {
                let reach = self.scores.reach();
                let drawn = stream.normal().clamp(-reach, reach);
                let score = if x.is_nan() { drawn } else { self.scores.score(column, x) };
                out.scores[row * numbers + place] = score as f32;
            }
        }
        for (place, group) in self.groups.iter().enumerate() {
            for (row, code) in self.codes(group, table).into_iter().enumerate() {
                out.codes[row * groups + place] = code;
            }
        }
        if let Some((column, levels)) = self.classes() {
            out.classes = positions(levels, table.at(column).codes().unwrap_or_default());
        }
        out
    }

    fn codes(&self, group: &Group, table: &Table) -> Vec<u32> {
        let column = table.at(group.column);
        match self.plan.levels(group.column) {
            Some(levels) => positions(levels, column.codes().unwrap_or_default()),
            None => column.numbers().unwrap_or_default().iter().map(|x| u32::from(x.is_nan())).collect(),
        }
    }

    /// Decodes rows into a table.
    pub fn decode(&self, rows: &Rows, seed: Seed) -> Result<Table, TableError> {
        if rows.scores.iter().any(|x| !x.is_finite()) {
            return Err(TableError::NotFinite);
        }
        let decode = |column: usize| match &self.plan.treatments()[column] {
            Treatment::Numbers(numbers) => Some(self.decode_numbers(column, numbers, rows, seed)),
            Treatment::Levels(levels) => {
                let level = |&code: &u32| levels.codes[code as usize];
                let codes = match self.class {
                    Some(class) if class == column => rows.classes.iter().map(level).collect(),
                    _ => self.group_codes(column, rows).iter().map(level).collect(),
                };
                Some(Values::Code(codes))
            }
            _ => None,
        };
        let columns = 0..self.plan.treatments().len();
        self.plan.assemble(rows.classes.len(), columns.into_par_iter().map(decode).collect())
    }

    fn decode_numbers(&self, column: usize, numbers: &Numbers, rows: &Rows, seed: Seed) -> Values {
        let mut values: Vec<f64> = match self.numbers.iter().position(|&known| known == column) {
            Some(place) => {
                let scores = rows.scores.iter().skip(place).step_by(self.numbers.len());
                scores.map(|&z| self.scores.value(column, f64::from(z))).collect()
            }
            None => vec![numbers.format.min; rows.classes.len()],
        };
        match self.missing {
            MissingModel::Joint => {
                let missing = self.group_codes(column, rows);
                for (x, _) in values.iter_mut().zip(missing).filter(|(_, code)| *code == 1) {
                    *x = f64::NAN;
                }
            }
            MissingModel::Random => self.plan.lose_at_random(column, numbers, &mut values, seed),
        }
        Values::Number(values)
    }

    /// The codes of the group of a column; none if it has no group.
    fn group_codes(&self, column: usize, rows: &Rows) -> Vec<u32> {
        match self.groups.iter().position(|group| group.column == column) {
            Some(place) => rows.codes.iter().skip(place).step_by(self.groups.len()).copied().collect(),
            None => Vec::new(),
        }
    }
}

/// Positions among the levels that occur.
fn positions(levels: &Levels, codes: &[u32]) -> Vec<u32> {
    codes.iter().map(|&code| levels.position(code).unwrap_or_default() as u32).collect()
}

impl Rows {
    /// Everything as numbers, to tell two tables apart.
    pub fn values(&self) -> Vec<f32> {
        let codes = self.codes.iter().chain(&self.classes).map(|&code| code as f32);
        self.scores.iter().copied().chain(codes).collect()
    }

    /// Adds rows below.
    pub fn extend(&mut self, below: Self) {
        self.scores.extend(below.scores);
        self.codes.extend(below.codes);
        self.classes.extend(below.classes);
    }
}
