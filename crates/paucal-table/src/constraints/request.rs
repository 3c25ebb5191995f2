//! Conditions on the user's columns as conditions on the recoded ones.

use paucal_core::{Seed, Stream};

use super::recoding::{Coding, Recoding, Source};
use crate::condition::{Condition, Conditions};
use crate::error::TableError;

/// What is to be drawn.
pub(super) struct Request {
    /// The conditions on the user's columns, which every row must fulfil.
    pub outer: Conditions,
    /// Those that the generator can be asked for.
    pub fixed: Vec<Condition>,
    /// Joint columns of which several levels fit.
    pub open: Vec<Open>,
    /// Whether some conditions can only be waited for.
    pub waits: bool,
}

/// The levels of a joint column that fulfil the conditions on its parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Open {
    joint: usize,
    levels: Vec<usize>,
    weights: Vec<f64>,
}

impl Request {
    /// Translates conditions. Unknown columns and levels, columns without levels, contradictions and combinations that
    /// never occur are refused.
    pub fn new(recoding: &Recoding, conditions: &[Condition]) -> Result<Self, TableError> {
        let outer = Conditions::resolve(&recoding.schema, conditions)?;
        let mut request = Self { outer, fixed: Vec::new(), open: Vec::new(), waits: false };
        for &(column, _) in request.outer.pairs() {
            let name = &recoding.schema.columns[column].name;
            match recoding.codings[column] {
                Coding::Computed => request.waits = true,
                Coding::Joined(joint) if request.open.iter().any(|open| open.joint == joint) => {}
                Coding::Joined(joint) => {
                    let open = Open::new(recoding, joint, &request.outer)?;
                    request.open.push(open);
                }
                _ => request.fixed.extend(conditions.iter().find(|c| c.column == *name).cloned()),
            }
        }
        Ok(request)
    }

    /// The level of every open joint column for one row.
    pub fn choose(&self, stream: &mut Stream) -> Vec<usize> {
        self.open.iter().map(|open| stream.weighted(&open.weights)).collect()
    }

    /// Conditions that ask for a choice.
    pub fn asked(&self, recoding: &Recoding, choice: &[usize]) -> Vec<Condition> {
        let chosen = self.open.iter().zip(choice).map(|(open, &at)| open.condition(recoding, at));
        self.fixed.iter().cloned().chain(chosen).collect()
    }

    /// Leaves a choice out that the generator cannot draw; false when nothing else is left.
    pub fn exclude(&mut self, choice: &[usize]) -> bool {
        // The rarest of the chosen levels is the one most likely to be at fault.
        let counts = self.open.iter().zip(choice).map(|(open, &at)| open.weights[at]);
        let Some((worst, _)) = counts.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)) else { return false };
        self.open[worst].weights[choice[worst]] = 0.0;
        self.open[worst].weights.iter().any(|&weight| weight > 0.0)
    }
}

impl Open {
    fn new(recoding: &Recoding, joint: usize, outer: &Conditions) -> Result<Self, TableError> {
        let parts = &recoding.joints[joint];
        let fits = |tuple: &[u32]| {
            parts
                .columns
                .iter()
                .zip(tuple)
                .all(|(&column, &code)| outer.code(column).is_none_or(|c| c == code))
        };
        let levels: Vec<usize> =
            (0..parts.tuples.len()).filter(|&level| fits(&parts.tuples[level])).collect();
        if levels.is_empty() {
            return Err(Self::never(recoding, joint, outer));
        }
        let weights = levels.iter().map(|&level| parts.counts[level] as f64).collect();
        Ok(Self { joint, levels, weights })
    }

    /// Why no level fits: one of the levels was never seen, or they never stand together.
    fn never(recoding: &Recoding, joint: usize, outer: &Conditions) -> TableError {
        let parts = &recoding.joints[joint];
        for (at, &column) in parts.columns.iter().enumerate() {
            let Some(code) = outer.code(column) else { continue };
            let mut seen: Vec<u32> = parts.tuples.iter().map(|tuple| tuple[at]).collect();
            seen.sort_unstable();
            seen.dedup();
            if !seen.contains(&code) {
                return TableError::level_not_seen(&recoding.schema, column, code, &seen);
            }
        }
        TableError::NoSuchRows(outer.describe(&recoding.schema))
    }

    fn condition(&self, recoding: &Recoding, at: usize) -> Condition {
        let inner = recoding.sources.iter().position(|source| *source == Source::Joint(self.joint));
        let spec = inner.map(|inner| &recoding.inner.columns[inner]);
        let level = spec.and_then(|spec| spec.kind.levels()?.get(self.levels[at]));
        Condition::new(spec.map_or("", |spec| &spec.name), level.map_or("", String::as_str))
    }
}

/// The choices of some rows: each with the rows that drew it, in order of first appearance.
pub(super) fn choices(request: &Request, rows: usize, seed: Seed) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut stream = seed.stream("constraints/levels", 0);
    let mut groups: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for row in 0..rows {
        let choice = request.choose(&mut stream);
        match groups.iter_mut().find(|(known, _)| *known == choice) {
            Some((_, members)) => members.push(row),
            None => groups.push((choice, vec![row])),
        }
    }
    groups
}
