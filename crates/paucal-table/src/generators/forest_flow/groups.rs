//! Which rows a flow is fitted on.

use paucal_core::Observer;
use paucal_learn::Ensemble;

use super::coding::{Coding, level_counts};
use crate::condition::level_name;
use crate::generators::trees::{Columns, Learnt};
use crate::transform::Plan;

/// Fewest rows of a class with trees of its own.
const FEWEST_ROWS: usize = 20;
/// Most classes with trees of their own.
const MOST_CLASSES: usize = 20;

/// A flow and the rows it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Training rows it stands for.
    pub rows: usize,
    /// Classes that share it, positions with their rows; none if it stands for one class, or for everything.
    pub shared: Vec<(usize, usize)>,
    /// How rows become points.
    pub coding: Coding,
    /// Rows it was fitted on by level, per learnt column; nothing for numbers.
    pub counts: Vec<Vec<usize>>,
    /// Mean of the points: where everything is headed at t = 0.
    pub mean: Vec<f64>,
    /// Trees at the later noise levels, one ensemble per coordinate.
    pub levels: Vec<Vec<Ensemble>>,
}

/// A group before it is fitted.
pub struct Draft {
    /// See [`Group::rows`].
    pub rows: usize,
    /// See [`Group::shared`].
    pub shared: Vec<(usize, usize)>,
    /// Cells it is fitted on, per learnt column.
    pub cells: Vec<Vec<f64>>,
}

/// The learnt column (position) that is the target, if it has levels.
pub fn target(plan: &Plan, columns: &Columns<'_>) -> Option<usize> {
    let name = plan.schema().target.as_deref()?;
    let is_target = |at: &usize| plan.schema().columns[columns.places[*at]].name == name;
    (0..columns.len()).find(is_target).filter(|&at| matches!(columns.learnt[at], Learnt::Level(_)))
}

/// Divides the rows by class.
pub fn divide(plan: &Plan, columns: &Columns<'_>, cells: &[Vec<f64>], observer: &dyn Observer) -> Vec<Draft> {
    let everything = |shared: Vec<(usize, usize)>, rows| Draft { rows, shared, cells: cells.to_vec() };
    let Some((target, Learnt::Level(levels))) = target(plan, columns).map(|at| (at, columns.learnt[at]))
    else {
        return vec![everything(Vec::new(), plan.rows())];
    };
    let mut classes: Vec<usize> = (0..levels.len()).collect();
    // Commonest first; of equally common ones the first in the level list.
    classes.sort_by_key(|&class| std::cmp::Reverse(levels.counts[class]));
    let own = |(rank, class): (usize, &usize)| rank < MOST_CLASSES && levels.counts[*class] >= FEWEST_ROWS;
    let split = classes.iter().enumerate().take_while(|&entry| own(entry)).count();
    let (own, small) = classes.split_at(split);
    let draft = |&class: &usize| {
        let rows: Vec<usize> = (0..plan.rows()).filter(|&row| cells[target][row] as usize == class).collect();
        let take = |cells: &Vec<f64>| rows.iter().map(|&row| cells[row]).collect();
        Draft { rows: rows.len(), shared: Vec::new(), cells: cells.iter().map(take).collect() }
    };
    let mut drafts: Vec<Draft> = own.iter().map(draft).collect();
    if !small.is_empty() {
        let shared: Vec<(usize, usize)> = small.iter().map(|&class| (class, levels.counts[class])).collect();
        let rows = shared.iter().map(|(_, rows)| rows).sum();
        let column = columns.places[target];
        let name = |class: &usize| level_name(plan.schema(), column, levels.codes[*class]);
        observer.warn(format!(
            "{} = {} {} too few rows for trees of its own and shares those of all rows: its rows will be less like it",
            plan.schema().columns[column].name,
            small.iter().take(5).map(name).collect::<Vec<_>>().join(", "),
            if small.len() > 5 { format!("and {} more have", small.len() - 5) } else { "has".into() },
        ));
        drafts.push(everything(shared, rows));
    }
    drafts
}

impl Draft {
    /// Rows by level, per learnt column.
    pub fn counts(&self, columns: &Columns<'_>) -> Vec<Vec<usize>> {
        let count = |(learnt, cells): (&Learnt<'_>, &Vec<f64>)| match learnt {
            Learnt::Level(levels) => level_counts(cells, levels.len()),
            Learnt::Number { .. } => Vec::new(),
        };
        columns.learnt.iter().zip(&self.cells).map(count).collect()
    }
}
