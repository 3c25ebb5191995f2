//! Choosing groups, and filling them with rows that fulfil conditions.

use paucal_core::Seed;
use paucal_data::Table;

use super::FittedForestFlow;
use super::groups::{Group, target};
use crate::condition::Conditions;
use crate::error::TableError;
use crate::generators::trees::{Columns, Learnt, pick, running};

/// Below this share of fitting rows, making and throwing away is given up.
const RAREST: f64 = 1.0 / 32.0;
/// Times that rows are made to be chosen from.
const ATTEMPTS: u64 = 3;
/// Rows' worth of the whole that every group is granted when no group has seen all wanted levels.
const GRANTED: f64 = 0.1;

/// A group, or one of the classes that share it, as a source of rows.
struct Source<'a> {
    group: &'a Group,
    /// Levels its rows must have.
    wanted: Vec<Option<usize>>,
    /// Training rows the trees were fitted on.
    rows: usize,
}

/// Draws `rows` rows.
pub(super) fn sample(
    model: &FittedForestFlow,
    rows: usize,
    conditions: &Conditions,
    seed: Seed,
) -> Result<Table, TableError> {
    let columns = Columns::new(&model.plan);
    let sources = sources(model, &columns, conditions);
    let weigh = |granted: f64| running(sources.iter().map(|source| source.weight(granted)));
    let exact = weigh(0.0);
    let running = if exact.last().is_some_and(|&sum| sum > 0.0) { exact } else { weigh(GRANTED) };
    let mut stream = seed.stream("forest-flow/groups", 0);
    let chosen: Vec<usize> = (0..rows).map(|_| pick(&running, stream.uniform())).collect();
    let made = sources.iter().enumerate().map(|(at, source)| {
        let needed = chosen.iter().filter(|&&source| source == at).count();
        source.make(needed, columns.len(), seed.child("forest-flow/source", at as u64))
    });
    let made: Vec<Vec<f64>> = made.collect();
    let width = columns.len();
    let mut next = vec![0; sources.len()];
    let mut cells = Vec::with_capacity(rows * width);
    for source in chosen {
        cells.extend_from_slice(&made[source][next[source]..next[source] + width]);
        next[source] += width;
    }
    columns.table(rows, &cells)
}

/// The sources that can give the wanted class. A group of its own class gives it without being asked.
fn sources<'a>(
    model: &'a FittedForestFlow,
    columns: &Columns<'_>,
    conditions: &Conditions,
) -> Vec<Source<'a>> {
    let level = |at: usize| match columns.learnt[at] {
        Learnt::Level(levels) => levels.position(conditions.code(columns.places[at])?),
        Learnt::Number { .. } => None,
    };
    let wanted: Vec<Option<usize>> = (0..columns.len()).map(level).collect();
    let target = target(&model.plan, columns);
    let mut sources = Vec::new();
    for group in &model.groups {
        if group.shared.is_empty() {
            let gives = |at: usize| wanted[at].is_none_or(|level| group.counts[at][level] > 0);
            if target.is_none_or(gives) {
                sources.push(Source { group, wanted: wanted.clone(), rows: group.rows });
            }
        }
        for &(class, _) in &group.shared {
            let Some(target) = target.filter(|&at| wanted[at].is_none_or(|level| level == class)) else {
                continue;
            };
            let mut wanted = wanted.clone();
            wanted[target] = Some(class);
            sources.push(Source { group, wanted, rows: model.plan.rows() });
        }
    }
    sources
}

impl Source<'_> {
    /// Share of the rows that have the wanted levels, if columns were independent within the group.
    fn share(&self, granted: f64) -> f64 {
        let level = |(counts, wanted): (&Vec<usize>, &Option<usize>)| {
            let rows: usize = counts.iter().sum();
            Some((counts[(*wanted)?] as f64 + granted) / (rows as f64 + granted))
        };
        self.group.counts.iter().zip(&self.wanted).filter_map(level).product()
    }

    fn weight(&self, granted: f64) -> f64 {
        self.rows as f64 * self.share(granted)
    }

    /// Makes `needed` rows of cells: first freely, keeping those that fit, then with the wanted levels held.
    fn make(&self, needed: usize, width: usize, seed: Seed) -> Vec<f64> {
        let (mut kept, free) = (Vec::with_capacity(needed * width), vec![None; width]);
        let share = self.share(0.0);
        let attempts = if width > 0 && share >= RAREST { ATTEMPTS } else { 0 };
        for attempt in 0..attempts {
            let missing = needed - kept.len() / width;
            let tries = if share < 1.0 { (1.1 * missing as f64 / share).ceil() as usize } else { missing };
            let made = self.group.make(tries, &free, seed.child("forest-flow/attempt", attempt));
            let rows = made.chunks_exact(width).filter(|row| self.fits(row)).take(missing);
            rows.for_each(|row| kept.extend_from_slice(row));
        }
        let missing = needed - kept.len().checked_div(width).unwrap_or(needed);
        kept.extend(self.group.make(missing, &self.wanted, seed.child("forest-flow/held", 0)));
        kept
    }

    /// Whether a row of cells has the wanted levels.
    fn fits(&self, row: &[f64]) -> bool {
        row.iter().zip(&self.wanted).all(|(cell, wanted)| wanted.is_none_or(|level| *cell == level as f64))
    }
}
