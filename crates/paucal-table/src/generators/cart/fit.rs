//! The order of the columns, and a tree for each.

use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::Array2;
use paucal_core::Seed;
use paucal_core::observe::Event;
use paucal_data::Table;
use paucal_learn::{DecisionTree, RegressionTree};
use rayon::prelude::*;

use super::cells::Cells;
use super::steps::{Branches, Leaf, Step};
use super::{Cart, MANY, NAME};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::trees::{Columns, Learnt, Tables, go_on, spikes};
use crate::transform::Plan;

/// Rows' worth of the overall mean in the mean of a level: rare levels stay near the middle.
const PRIOR_ROWS: f64 = 5.0;

/// The learnt columns (positions) in the order in which they are drawn: the target if it has levels, columns
/// with levels, numbers.
pub(super) fn order(plan: &Plan, columns: &Columns<'_>) -> Vec<usize> {
    let target = plan.schema().target.as_deref();
    let rank = |at: &usize| match columns.learnt[*at] {
        Learnt::Level(_) if target == Some(&plan.schema().columns[columns.places[*at]].name) => 0,
        Learnt::Level(_) => 1,
        Learnt::Number { .. } => 2,
    };
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(rank);
    order
}

/// Grows the tree of every step.
pub(super) fn fit(
    parameters: Cart,
    plan: &Plan,
    train: &Table,
    context: &FitContext<'_>,
) -> Result<Vec<Step>, TableError> {
    let columns = Columns::new(plan);
    let order = order(plan, &columns);
    let cells: Vec<Vec<f64>> = (0..columns.len()).map(|at| columns.cells(train, at)).collect();
    let seed = context.seed.child(NAME, 0);
    let data = Data { parameters, columns: &columns, order: &order, cells: &cells, seed };
    let (stage, done) = (format!("fit {NAME}"), AtomicU64::new(0));
    context.observer.event(Event::Started { stage: stage.clone(), total: Some(order.len() as u64) });
    let column = |place: usize| {
        go_on(context)?;
        let steps = data.column(place)?;
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        context.observer.event(Event::Progress { stage: stage.clone(), done });
        Ok(steps)
    };
    let steps = (0..order.len()).into_par_iter().map(column).collect::<Result<Vec<_>, TableError>>()?;
    context.observer.event(Event::Finished { stage: stage.clone() });
    Ok(steps.concat())
}

/// What all trees are grown from.
struct Data<'a> {
    parameters: Cart,
    columns: &'a Columns<'a>,
    order: &'a [usize],
    /// Per learnt column, a cell per row.
    cells: &'a [Vec<f64>],
    seed: Seed,
}

/// What a tree is to tell.
enum Aim {
    /// One of some classes.
    Class(Vec<usize>, usize),
    /// A number.
    Number(Vec<f64>),
}

impl Data<'_> {
    /// The steps of the column at a place of the order.
    fn column(&self, place: usize) -> Result<Vec<Step>, TableError> {
        let column = self.order[place];
        let cells = &self.cells[column];
        let all: Vec<usize> = (0..cells.len()).collect();
        let levels: Vec<usize> = match self.columns.learnt[column] {
            Learnt::Level(_) => cells.iter().map(|&cell| cell as usize).collect(),
            Learnt::Number { .. } => cells.iter().map(|cell| usize::from(cell.is_nan())).collect(),
        };
        match self.columns.learnt[column] {
            Learnt::Level(known) => {
                let aim = if known.len() > MANY {
                    Aim::Number(self.go_with_first(&levels, known.len()))
                } else {
                    Aim::Class(levels.clone(), known.len())
                };
                Ok(vec![self.step(place, &all, &aim, |homes| Leaf::Level(tables(homes, &levels)))?])
            }
            Learnt::Number { missing, .. } => {
                let mut steps = Vec::new();
                if missing {
                    let aim = Aim::Class(levels.clone(), 2);
                    steps.push(self.step(place, &all, &aim, |homes| Leaf::Missing(tables(homes, &levels)))?);
                }
                let there: Vec<usize> = all.into_iter().filter(|&row| !cells[row].is_nan()).collect();
                let numbers: Vec<f64> = there.iter().map(|&row| cells[row]).collect();
                let aim = Aim::Number(numbers.clone());
                let spikes = spikes(&numbers, self.parameters.min_leaf);
                let leaf = |homes: &[Vec<usize>]| {
                    let mut found = Cells::new();
                    for home in homes {
                        let numbers = home.iter().map(|&at| numbers[at]).collect();
                        found.push(numbers, &spikes);
                    }
                    Leaf::Number(found)
                };
                steps.push(self.step(place, &there, &aim, leaf)?);
                Ok(steps)
            }
        }
    }

    /// Grows a tree on some rows and fills its leaves, which are given as positions among the rows.
    fn step(
        &self,
        place: usize,
        rows: &[usize],
        aim: &Aim,
        fill: impl Fn(&[Vec<usize>]) -> Leaf,
    ) -> Result<Step, TableError> {
        let before = self.order[..place].to_vec();
        let scores: Vec<Vec<f64>> = before.iter().map(|&column| self.scores(column, rows, aim)).collect();
        let x = Array2::from_shape_fn((rows.len(), before.len()), |(at, feature)| {
            let cell = self.cells[before[feature]][rows[at]];
            let (learnt, scores) = (self.columns.learnt[before[feature]], &scores[feature]);
            if scores.is_empty() { learnt.seen(cell) } else { scores[cell as usize] }
        });
        let min_leaf = self.parameters.min_leaf;
        let tree = match aim {
            _ if before.is_empty() => Branches::leaf_only(),
            Aim::Class(classes, count) => {
                let tree = DecisionTree { min_leaf, ..DecisionTree::default() };
                Branches::of(tree.grow(x.view(), classes, *count, None, self.seed)?.splits())
            }
            Aim::Number(numbers) => {
                let tree = RegressionTree { min_leaf, ..RegressionTree::default() };
                Branches::of(tree.grow(x.view(), numbers)?.splits())
            }
        };
        let mut homes = vec![Vec::new(); tree.leaves()];
        for at in 0..rows.len() {
            homes[tree.leaf(|feature| x[[at, feature]])].push(at);
        }
        Ok(Step { column: self.order[place], before, scores, leaf: fill(&homes), tree })
    }

    /// What a tree sees of the levels of an earlier column: the mean of its aim in their rows (of classes: the
    /// share of the commonest). Nothing for a number.
    fn scores(&self, column: usize, rows: &[usize], aim: &Aim) -> Vec<f64> {
        let Learnt::Level(levels) = self.columns.learnt[column] else { return Vec::new() };
        let aims: Vec<f64> = match aim {
            Aim::Number(numbers) => numbers.clone(),
            Aim::Class(classes, count) => {
                let mut counts = vec![0_usize; *count];
                classes.iter().for_each(|&class| counts[class] += 1);
                let commonest = (0..*count).rev().max_by_key(|&class| counts[class]).unwrap_or_default();
                classes.iter().map(|&class| f64::from(u8::from(class == commonest))).collect()
            }
        };
        let of_row = rows.iter().map(|&row| self.cells[column][row] as usize);
        means(of_row.zip(aims.iter().copied()), levels.len())
    }

    /// For each row the mean, over the rows of its level, of the first column.
    fn go_with_first(&self, levels: &[usize], count: usize) -> Vec<f64> {
        let first = self.order[0];
        let seen = |row: usize| self.columns.learnt[first].seen(self.cells[first][row]);
        let means = means(levels.iter().enumerate().map(|(row, &level)| (level, seen(row))), count);
        levels.iter().map(|&level| means[level]).collect()
    }
}

/// Mean of some numbers by level, drawn towards the mean of all.
fn means(of_level: impl Iterator<Item = (usize, f64)>, levels: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); levels];
    for (level, number) in of_level {
        sums[level].0 += 1.0;
        sums[level].1 += number;
    }
    let (rows, total) = sums.iter().fold((0.0, 0.0), |(rows, total), (n, sum)| (rows + n, total + sum));
    let overall = if rows > 0.0 { total / rows } else { 0.0 };
    sums.iter().map(|(n, sum)| (sum + PRIOR_ROWS * overall) / (n + PRIOR_ROWS)).collect()
}

/// Tables of the levels in some leaves.
fn tables(homes: &[Vec<usize>], levels: &[usize]) -> Tables {
    let mut found = Tables::new();
    for home in homes {
        found.push(home.iter().map(|&row| levels[row]).collect());
    }
    found
}
