//! Drawing rows that keep the constraints, and saving what draws them.

use std::collections::BTreeMap;

use paucal_core::Seed;
use paucal_data::{MISSING, Schema, Table, Values};

use super::combine::codes;
use super::recoding::Recoding;
use super::repair::fulfils;
use super::request::{Request, choices};
use crate::artefact::Artefact;
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::FittedGenerator;

/// Rows that break something are drawn again so many times.
const ROUNDS: u64 = 30;
/// Rounds without a single usable row after which nothing more is expected.
const HOPELESS: u64 = 8;
/// Most rows drawn for one that is needed.
const MOST_PER_ROW: usize = 50;
/// Most rows drawn beyond those needed in one round.
const MOST_EXTRA: usize = 20_000;

/// Keys of the parts in a saved model.
const OUTSIDE: &str = "constraints";
const INSIDE: &str = "constrained";

/// What stands around a fitted generator.
pub(super) struct FittedConstrained {
    recoding: Recoding,
    inner: Box<dyn FittedGenerator>,
}

/// The parts of a saved model; `None` when it was saved without constraints.
pub(super) fn unwrapped(artefact: &Artefact) -> Result<Option<(Recoding, Artefact)>, TableError> {
    let (Some(outside), Some(inside)) = (artefact.json.get(OUTSIDE), artefact.json.get(INSIDE)) else {
        return Ok(None);
    };
    let recoding =
        serde_json::from_value(outside.clone()).map_err(|e| TableError::damaged("model.json", e))?;
    Ok(Some((recoding, Artefact { json: inside.clone(), tensors: artefact.tensors.clone() })))
}

impl FittedConstrained {
    pub fn new(recoding: Recoding, inner: Box<dyn FittedGenerator>) -> Self {
        Self { recoding, inner }
    }

    /// The same from a file, whose parts may not belong together.
    pub fn loaded(recoding: Recoding, inner: Box<dyn FittedGenerator>) -> Result<Self, TableError> {
        if inner.schema().columns == recoding.inner.columns {
            Ok(Self { recoding, inner })
        } else {
            Err(TableError::damaged("model.json", "the generator and its constraints have different columns"))
        }
    }

    /// Draws rows under the conditions that the generator can be asked for, and brings them back.
    fn draw(
        &self,
        rows: usize,
        request: &mut Request,
        more: &[Condition],
        seed: Seed,
    ) -> Result<Vec<Values>, TableError> {
        if request.open.is_empty() {
            let conditions = [&request.fixed[..], more].concat();
            return self.recoding.decode(&self.inner.sample(rows, &conditions, seed)?);
        }
        loop {
            let groups = choices(request, rows, seed);
            match self.draw_groups(&groups, request, more, seed) {
                Err((choice, error @ (TableError::NoSuchRows(_) | TableError::LevelNotSeen { .. }))) => {
                    if !request.exclude(&choice) {
                        return Err(error);
                    }
                }
                Err((_, error)) => return Err(error),
                Ok(values) => return Ok(values),
            }
        }
    }

    /// Draws each group of rows with its own levels of the joint columns; an error comes with the levels at fault.
    fn draw_groups(
        &self,
        groups: &[(Vec<usize>, Vec<usize>)],
        request: &Request,
        more: &[Condition],
        seed: Seed,
    ) -> Result<Vec<Values>, (Vec<usize>, TableError)> {
        let mut stacked: Option<Table> = None;
        for (index, (choice, members)) in groups.iter().enumerate() {
            let conditions = [&request.asked(&self.recoding, choice)[..], more].concat();
            let group = seed.child("constraints/group", index as u64);
            let part = self.inner.sample(members.len(), &conditions, group);
            let joined = part.and_then(|part| match stacked.take() {
                None => Ok(part),
                Some(above) => Ok(above.stacked(&part)?),
            });
            stacked = Some(joined.map_err(|error| (choice.clone(), error))?);
        }
        let blame = |error| (Vec::new(), error);
        let Some(stacked) = stacked else {
            let none = self.inner.sample(0, &request.fixed, seed).map_err(blame)?;
            return self.recoding.decode(&none).map_err(blame);
        };
        // The rows stand group by group; put each where it was wanted.
        let mut place = vec![0; stacked.rows()];
        groups.iter().flat_map(|(_, members)| members).enumerate().for_each(|(at, &row)| place[row] = at);
        self.recoding.decode(&stacked.take(&place)).map_err(blame)
    }

    fn is_good(&self, request: &Request, values: &[Values], row: usize) -> bool {
        self.recoding.keeps(values, row) && fulfils(&request.outer, values, row)
    }

    /// Draws the rows that break something again, then mends what is left.
    fn settle(
        &self,
        values: &mut [Values],
        rows: usize,
        request: &mut Request,
        seed: Seed,
    ) -> Result<(), TableError> {
        let mut bad: Vec<usize> = (0..rows).filter(|&row| !self.is_good(request, values, row)).collect();
        let (mut drawn, mut usable) = (rows, rows - bad.len());
        for round in 0..ROUNDS {
            if bad.is_empty() || (usable == 0 && round == HOPELESS) {
                break;
            }
            for (level, members) in self.by_target(request, values, &bad, round) {
                let share = (usable as f64 / drawn as f64).max(1.0 / MOST_PER_ROW as f64);
                let wanted = (members.len() as f64 / share).ceil() as usize;
                let wanted = wanted.min(members.len() + MOST_EXTRA);
                let seed = seed
                    .child("constraints/redraw", round)
                    .child("level", u64::from(level.unwrap_or(MISSING)));
                let fresh = self.draw(wanted, request, &self.target_condition(level), seed)?;
                let good: Vec<usize> =
                    (0..wanted).filter(|&row| self.is_good(request, &fresh, row)).collect();
                (drawn, usable) = (drawn + wanted, usable + good.len());
                for (&row, &from) in members.iter().zip(&good) {
                    copy(values, row, &fresh, from);
                }
            }
            bad.retain(|&row| !self.is_good(request, values, row));
        }
        for row in bad {
            self.recoding.mend(values, row, &request.outer, seed);
            if !self.is_good(request, values, row) {
                return Err(self.hopeless(request, values, row));
            }
        }
        Ok(())
    }

    /// Rows by the level of the target, which a new draw should keep, so that the classes stay as they were drawn; by
    /// none where that is impossible, or was tried often enough.
    fn by_target(
        &self,
        request: &Request,
        values: &[Values],
        rows: &[usize],
        round: u64,
    ) -> BTreeMap<Option<u32>, Vec<usize>> {
        let is_free = !request.waits && round < ROUNDS / 2;
        let target = self.recoding.target().filter(|&column| is_free && request.outer.code(column).is_none());
        let can_stay = |code: u32| {
            code != MISSING && target.is_some_and(|t| self.recoding.allows(t, code, &request.outer))
        };
        let mut groups: BTreeMap<Option<u32>, Vec<usize>> = BTreeMap::new();
        for &row in rows {
            let level = target.map(|column| codes(values, column)[row]).filter(|&code| can_stay(code));
            groups.entry(level).or_default().push(row);
        }
        groups
    }

    fn target_condition(&self, level: Option<u32>) -> Vec<Condition> {
        let spec = self.recoding.target().map(|column| &self.recoding.schema.columns[column]);
        let named = spec.zip(level).and_then(|(spec, code)| {
            Some(Condition::new(&spec.name, spec.kind.levels()?.get(code as usize)?))
        });
        named.into_iter().collect()
    }

    fn hopeless(&self, request: &Request, values: &[Values], row: usize) -> TableError {
        let mut rules = self.recoding.broken(values, row);
        if !fulfils(&request.outer, values, row) {
            rules.push(request.outer.describe(&self.recoding.schema));
        }
        TableError::NeverKept(rules.join("; "))
    }
}

/// Puts a drawn row in the place of another.
fn copy(values: &mut [Values], row: usize, from: &[Values], at: usize) {
    for (column, fresh) in values.iter_mut().zip(from) {
        match (column, fresh) {
            (Values::Number(own), Values::Number(fresh)) => own[row] = fresh[at],
            (Values::Code(own), Values::Code(fresh)) => own[row] = fresh[at],
            (Values::Text(own), Values::Text(fresh)) => own[row].clone_from(&fresh[at]),
            _ => {}
        }
    }
}

impl FittedGenerator for FittedConstrained {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn schema(&self) -> &Schema {
        &self.recoding.schema
    }

    fn sample(&self, rows: usize, conditions: &[Condition], seed: Seed) -> Result<Table, TableError> {
        let mut request = Request::new(&self.recoding, conditions)?;
        let mut values = self.draw(rows, &mut request, &[], seed)?;
        self.settle(&mut values, rows, &mut request, seed)?;
        self.recoding.renumber(&mut values);
        Ok(Table::new(self.recoding.schema.clone(), values)?)
    }

    fn save(&self) -> Result<Artefact, TableError> {
        let Artefact { json, tensors } = self.inner.save()?;
        let outside = Artefact::new(&self.recoding)?.json;
        Ok(Artefact { json: serde_json::json!({ OUTSIDE: outside, INSIDE: json }), tensors })
    }
}
