//! Rows as vectors for networks, and back.

use paucal_core::{Observer, Seed};
use paucal_data::{Table, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::encoded::SpanValues;
use super::{Encoded, Levels, MissingModel, Modes, Numbers, Plan, Role, RowLayout, Span, Treatment};
use crate::error::TableError;

/// Rows that share a random stream when encoding: small enough to spread over threads.
const CHUNK: usize = 4096;
/// Width from which on networks become slow and large, and the user is told.
const WIDE: usize = 1000;

/// Encodes tables with the columns of the training table, and decodes what a network puts out. It is saved
/// as JSON and holds mixtures, level counts and ranges, no rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct RowEncoder {
    plan: Plan,
    missing: MissingModel,
    /// Modes of each column of the schema; `None` for columns that need none.
    modes: Vec<Option<Modes>>,
    #[serde(skip_serializing)]
    layout: RowLayout,
}

/// An encoder as it stands in a file; the layout follows from the rest.
#[derive(Deserialize)]
struct Unchecked {
    plan: Plan,
    missing: MissingModel,
    modes: Vec<Option<Modes>>,
}

impl TryFrom<Unchecked> for RowEncoder {
    type Error = &'static str;

    fn try_from(Unchecked { plan, missing, modes }: Unchecked) -> Result<Self, Self::Error> {
        if modes.len() != plan.treatments().len() {
            return Err("an encoder needs one entry of modes per column");
        }
        let layout = layout(&plan, missing, &modes);
        Ok(Self { plan, missing, modes, layout })
    }
}

impl RowEncoder {
    /// Learns the encoding: a mixture for every numeric column (in parallel), the levels of every discrete
    /// one.
    pub fn fit(
        train: &Table,
        missing: MissingModel,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<Self, TableError> {
        let plan = Plan::new(train, observer)?;
        let fit = |column: usize| match plan.numbers(column) {
            Some(numbers) if !numbers.format.is_point() => {
                let values = train.at(column).numbers().unwrap_or_default();
                let present: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
                Modes::fit(&present, seed.child("table/modes", column as u64)).map(Some)
            }
            _ => Ok(None),
        };
        let modes = (0..plan.treatments().len()).into_par_iter().map(fit).collect::<Result<Vec<_>, _>>()?;
        let layout = layout(&plan, missing, &modes);
        if layout.width > WIDE {
            observer.warn(format!(
                "a row becomes {} numbers, {} MB for the table; columns with many levels make networks slow",
                layout.width,
                (layout.width * train.rows() * size_of::<f32>()).div_ceil(1_000_000)
            ));
        }
        Ok(Self { plan, missing, modes, layout })
    }

    /// What becomes of each column.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where each part of a row stands in its vector.
    pub fn layout(&self) -> &RowLayout {
        &self.layout
    }

    /// Encodes a table. Modes are drawn from the posterior, so the result depends on `seed`; it does not
    /// depend on the number of threads.
    pub fn encode(&self, table: &Table, seed: Seed) -> Result<Encoded, TableError> {
        self.plan.check(table)?;
        let mut spans = Vec::with_capacity(self.layout.spans.len());
        for (column, treatment) in self.plan.treatments().iter().enumerate() {
            match treatment {
                Treatment::Numbers(_) => {
                    let values = table.at(column).numbers().unwrap_or_default();
                    if let Some(modes) = &self.modes[column] {
                        let (scalars, hot) =
                            encode_numbers(modes, values, seed.child("table/encode", column as u64));
                        spans.extend([SpanValues::Scalars(scalars), SpanValues::Hot(hot)]);
                    }
                    if self.span(column, Role::MissingIndicator).is_some() {
                        spans.push(SpanValues::Hot(values.iter().map(|x| u32::from(x.is_nan())).collect()));
                    }
                }
                Treatment::Levels(levels) => {
                    let codes = table.at(column).codes().unwrap_or_default();
                    spans.push(SpanValues::Hot(self.positions(column, levels, codes)?));
                }
                _ => {}
            }
        }
        Ok(Encoded::new(self.layout.clone(), table.rows(), spans))
    }

    /// Decodes `rows` vectors (rows × width, row-major): the largest entry of a softmax span counts. Numbers
    /// come out with the decimals and in the range of training. `seed` places missing values when they are
    /// modelled at random; otherwise it has no influence.
    pub fn decode(&self, vectors: &[f32], rows: usize, seed: Seed) -> Result<Table, TableError> {
        debug_assert_eq!(vectors.len(), rows * self.layout.width, "length of the vectors");
        if vectors.iter().any(|x| !x.is_finite()) {
            return Err(TableError::NotFinite);
        }
        let decode = |(column, treatment): (usize, &Treatment)| match treatment {
            Treatment::Numbers(numbers) => Some(self.decode_numbers(column, numbers, vectors, rows, seed)),
            Treatment::Levels(levels) => {
                let span = self.span(column, Role::Level)?;
                Some(Values::Code(self.hot(vectors, span).map(|hot| levels.codes[hot]).collect()))
            }
            _ => None,
        };
        let decoded = self.plan.treatments().par_iter().enumerate().map(decode).collect();
        self.plan.assemble(rows, decoded)
    }

    /// The span of a column with a role.
    pub fn span(&self, column: usize, role: Role) -> Option<&Span> {
        self.layout.spans.iter().find(|span| span.column == column && span.role == role)
    }

    /// Positions among the levels that occur in training.
    fn positions(&self, column: usize, levels: &Levels, codes: &[u32]) -> Result<Vec<u32>, TableError> {
        let place = |&code: &u32| match levels.position(code) {
            Some(position) => Ok(position as u32),
            None => Err(self.plan.not_seen(column, code, &levels.codes)),
        };
        codes.iter().map(place).collect()
    }

    fn decode_numbers(
        &self,
        column: usize,
        numbers: &Numbers,
        vectors: &[f32],
        rows: usize,
        seed: Seed,
    ) -> Values {
        let width = self.layout.width;
        let scalar_and_mode = self.span(column, Role::Scalar).zip(self.span(column, Role::Mode));
        let mut values: Vec<f64> = match (&self.modes[column], scalar_and_mode) {
            (Some(modes), Some((scalar, mode))) => self
                .hot(vectors, mode)
                .zip(vectors.chunks_exact(width))
                .map(|(mode, vector)| modes.decode(vector[scalar.offset], mode))
                .collect(),
            _ => vec![numbers.format.min; rows],
        };
        if let Some(indicator) = self.span(column, Role::MissingIndicator) {
            for (x, hot) in values.iter_mut().zip(self.hot(vectors, indicator)) {
                *x = if hot == 1 { f64::NAN } else { *x };
            }
        } else if self.missing == MissingModel::Random {
            self.plan.lose_at_random(column, numbers, &mut values, seed);
        }
        Values::Number(values)
    }

    /// The position of the largest entry of a span, row by row.
    fn hot<'a>(&self, vectors: &'a [f32], span: &Span) -> impl Iterator<Item = usize> + 'a {
        let (start, end) = (span.offset, span.offset + span.width);
        vectors.chunks_exact(self.layout.width).map(move |vector| largest(&vector[start..end]))
    }
}

/// The spans of every modelled column.
fn layout(plan: &Plan, missing: MissingModel, modes: &[Option<Modes>]) -> RowLayout {
    let mut layout = RowLayout::default();
    for (column, treatment) in plan.treatments().iter().enumerate() {
        match treatment {
            Treatment::Numbers(numbers) => {
                if let Some(modes) = &modes[column] {
                    layout.push(column, 1, Role::Scalar);
                    layout.push(column, modes.len(), Role::Mode);
                }
                if numbers.missing > 0 && missing == MissingModel::Joint {
                    layout.push(column, 2, Role::MissingIndicator);
                }
            }
            Treatment::Levels(levels) => layout.push(column, levels.len(), Role::Level),
            _ => {}
        }
    }
    layout
}

/// Scalars and modes of a column, chunk by chunk, each with its own stream.
fn encode_numbers(modes: &Modes, values: &[f64], seed: Seed) -> (Vec<f32>, Vec<u32>) {
    let mut scalars = vec![0.0; values.len()];
    let mut hot = vec![0; values.len()];
    let chunks = values.par_chunks(CHUNK).zip(scalars.par_chunks_mut(CHUNK)).zip(hot.par_chunks_mut(CHUNK));
    chunks.enumerate().for_each(|(chunk, ((values, scalars), hot))| {
        let mut stream = seed.stream("rows", chunk as u64);
        for ((&x, scalar), hot) in values.iter().zip(scalars).zip(hot) {
            (*scalar, *hot) =
                if x.is_nan() { modes.encode_missing(&mut stream) } else { modes.encode(x, &mut stream) };
        }
    });
    (scalars, hot)
}

/// Index of the largest entry; the first of equals.
fn largest(entries: &[f32]) -> usize {
    let mut best = 0;
    for (index, &entry) in entries.iter().enumerate() {
        if entry > entries[best] {
            best = index;
        }
    }
    best
}
