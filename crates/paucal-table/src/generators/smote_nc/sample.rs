//! Drawing cases, neighbours and places between them, and building the rows.

use std::collections::BTreeMap;

use paucal_core::Seed;
use paucal_data::{Table, Values};
use rayon::prelude::*;

use super::{FittedSmote, Nominal};
use crate::condition::Conditions;
use crate::error::TableError;
use crate::transform::Treatment;

/// How one new row comes about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Birth {
    /// The case it starts from.
    pub case: usize,
    /// The neighbour it goes towards.
    pub neighbour: usize,
    /// How far it goes, 0 to 1.
    pub gap: f64,
    /// A uniform number for choices between the two.
    pub choice: f64,
}

/// The neighbours of one case.
struct Circle {
    /// Nearest first; never empty.
    nearest: Vec<usize>,
    /// Farthest a new row goes towards one of them.
    reach: f64,
}

/// Draws `rows` rows.
pub(super) fn sample(
    model: &FittedSmote,
    rows: usize,
    conditions: &Conditions,
    seed: Seed,
) -> Result<Table, TableError> {
    let (births, circles) = births(model, rows, conditions, seed)?;
    let column = |(column, treatment): (usize, &Treatment)| match (treatment, model.train.at(column).values) {
        (Treatment::Numbers(_), Values::Number(values)) => {
            let number = |birth: &Birth| between(values, birth, &circles[&birth.case].nearest);
            Some(Values::Number(births.iter().map(number).collect()))
        }
        (Treatment::Levels(_), Values::Code(codes)) => {
            let fixed = conditions.code(column);
            let level = |birth: &Birth| match fixed {
                Some(code) => code,
                None if Some(column) == model.class => codes[birth.case],
                None => level(codes, birth, &circles[&birth.case].nearest, model.parameters.nominal),
            };
            Some(Values::Code(births.iter().map(level).collect()))
        }
        _ => None,
    };
    let drawn = model.plan.treatments().par_iter().enumerate().map(column).collect();
    model.plan.assemble(rows, drawn)
}

type Births = (Vec<Birth>, BTreeMap<usize, Circle>);

/// Draws where each new row comes from, and finds the neighbours of every case drawn.
fn births(
    model: &FittedSmote,
    rows: usize,
    conditions: &Conditions,
    seed: Seed,
) -> Result<Births, TableError> {
    let pool: Vec<usize> =
        (0..model.train.rows()).filter(|&row| conditions.hold(&model.train, row)).collect();
    if pool.is_empty() {
        return Err(TableError::NoSuchRows(conditions.describe(model.plan.schema())));
    }
    let mut stream = seed.stream("smote-nc/births", 0);
    let draws: Vec<(usize, [f64; 3])> = (0..rows)
        .map(|_| (pool[stream.index(pool.len())], [stream.uniform(), stream.uniform(), stream.uniform()]))
        .collect();
    let mut cases: Vec<usize> = draws.iter().map(|&(case, _)| case).collect();
    cases.sort_unstable();
    cases.dedup();
    let pools = Pools::new(model, &pool);
    let circles: BTreeMap<usize, Circle> = cases
        .par_iter()
        .map(|&case| (case, circle(model, &pools, case)))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    let birth = |(case, [which, how_far, choice]): (usize, [f64; 3])| {
        let circle = &circles[&case];
        let neighbour =
            circle.nearest[((which * circle.nearest.len() as f64) as usize).min(circle.nearest.len() - 1)];
        Birth { case, neighbour, gap: how_far * circle.reach, choice }
    };
    let births = draws.into_iter().map(birth).collect();
    Ok((births, circles))
}

/// Where neighbours are looked for.
struct Pools {
    /// Rows under the conditions, by class.
    wanted: BTreeMap<u32, Vec<usize>>,
    /// All rows, by class.
    class: BTreeMap<u32, Vec<usize>>,
    /// All rows.
    all: Vec<usize>,
}

impl Pools {
    fn new(model: &FittedSmote, wanted: &[usize]) -> Self {
        let all: Vec<usize> = (0..model.train.rows()).collect();
        let by_class = |rows: &[usize]| {
            let mut pools: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            for &row in rows {
                pools.entry(model.features.class(row)).or_default().push(row);
            }
            pools
        };
        Self { wanted: by_class(wanted), class: by_class(&all), all }
    }
}

/// The neighbours of a case: among the rows of its class under the conditions; if it is the only one, among
/// its class; if it is the only one of its class, among all rows, at half reach.
fn circle(model: &FittedSmote, pools: &Pools, case: usize) -> Circle {
    let class = model.features.class(case);
    for (pool, reach) in [(&pools.wanted[&class], 1.0), (&pools.class[&class], 1.0), (&pools.all, 0.5)] {
        let nearest = model.features.nearest(case, pool, model.parameters.neighbours);
        if !nearest.is_empty() {
            return Circle { nearest, reach };
        }
    }
    // A plan needs two rows, so there is always a neighbour among all; the case itself is the harmless answer.
    Circle { nearest: vec![case], reach: 0.0 }
}

/// The number on the way from the case to its neighbour. The case decides whether it is missing; if only the
/// neighbour's is, the nearest neighbour that has one stands in.
fn between(values: &[f64], birth: &Birth, nearest: &[usize]) -> f64 {
    let from = values[birth.case];
    let mut to = values[birth.neighbour];
    if to.is_nan() {
        to = nearest.iter().map(|&row| values[row]).find(|x| !x.is_nan()).unwrap_or(from);
    }
    from + birth.gap * (to - from)
}

/// The level of a new row.
fn level(codes: &[u32], birth: &Birth, nearest: &[usize], nominal: Nominal) -> u32 {
    match nominal {
        Nominal::Parent => codes[if birth.choice < birth.gap { birth.neighbour } else { birth.case }],
        Nominal::Majority => majority(codes, nearest, codes[birth.case]),
    }
}

/// The commonest level among the neighbours; of equally common ones that of the case, else the first in
/// the level list.
fn majority(codes: &[u32], nearest: &[usize], own: u32) -> u32 {
    let mut votes: Vec<(usize, u32)> = Vec::with_capacity(nearest.len());
    for &row in nearest {
        match votes.iter_mut().find(|(_, code)| *code == codes[row]) {
            Some((count, _)) => *count += 1,
            None => votes.push((1, codes[row])),
        }
    }
    let rank = |&(count, code): &(usize, u32)| (count, code == own, std::cmp::Reverse(code));
    votes.into_iter().max_by_key(rank).map_or(own, |(_, code)| code)
}

#[cfg(test)]
pub(super) fn births_for_tests(
    model: &FittedSmote,
    rows: usize,
    conditions: &Conditions,
    seed: Seed,
) -> Vec<Birth> {
    births(model, rows, conditions, seed).unwrap().0
}
