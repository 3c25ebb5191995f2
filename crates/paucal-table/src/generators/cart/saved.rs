//! The fitted model on disk: the plan as JSON, trees and leaves as tensors.

use serde::{Deserialize, Serialize};

use super::FittedCart;
use super::cells::Cells;
use super::steps::{Branches, Leaf, Step};
use crate::artefact::{Artefact, Tensor};
use crate::error::TableError;
use crate::generators::trees::{Columns, Learnt, Tables, counts, take_counts, take_numbers, tensor};
use crate::transform::Plan;

#[derive(Serialize, Deserialize)]
struct State {
    plan: Plan,
    steps: Vec<Head>,
}

/// What of a step stands in JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    column: usize,
    before: Vec<usize>,
    part: Part,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Part {
    Level,
    Missing,
    Number,
}

/// The plan and the steps.
pub(super) fn save(model: &FittedCart) -> Result<Artefact, TableError> {
    let head = |step: &Step| Head {
        column: step.column,
        before: step.before.clone(),
        part: match step.leaf {
            Leaf::Level(_) => Part::Level,
            Leaf::Missing(_) => Part::Missing,
            Leaf::Number(_) => Part::Number,
        },
    };
    let state = State { plan: model.plan.clone(), steps: model.steps.iter().map(head).collect() };
    let mut artefact = Artefact::new(&state)?;
    for (at, step) in model.steps.iter().enumerate() {
        let mut put =
            |part: &str, tensor: Tensor| artefact.tensors.insert(format!("step.{at}.{part}"), tensor);
        let feature = |feature: &Option<usize>| feature.map_or(-1.0, |feature| feature as f64);
        put("features", tensor(step.tree.features.iter().map(feature).collect()));
        put("points", tensor(step.tree.points.clone()));
        put("next", counts(&step.tree.next));
        put("scores", tensor(step.scores.concat()));
        match &step.leaf {
            Leaf::Level(tables) | Leaf::Missing(tables) => {
                put("starts", counts(&tables.starts));
                put("levels", counts(&tables.levels));
                put("running", counts(&tables.running));
            }
            Leaf::Number(cells) => {
                put("starts", counts(&cells.starts));
                put("low", tensor(cells.low.clone()));
                put("high", tensor(cells.high.clone()));
                put("running", counts(&cells.running));
            }
        }
    }
    Ok(artefact)
}

/// Reads what [`save`] made.
pub(super) fn load(artefact: &Artefact) -> Result<FittedCart, TableError> {
    let State { plan, steps } = artefact.state()?;
    let columns = Columns::new(&plan);
    let damaged = || TableError::damaged("model.safetensors", "the trees do not hold together");
    let read = |(at, head): (usize, Head)| {
        let known = |&column: &usize| column < columns.len();
        if !known(&head.column) || !head.before.iter().all(known) {
            return Err(damaged());
        }
        let step = step(artefact, at, head, &columns)?;
        if is_sound(&step, &columns) { Ok(step) } else { Err(damaged()) }
    };
    let steps = steps.into_iter().enumerate().map(read).collect::<Result<Vec<_>, TableError>>()?;
    Ok(FittedCart { steps, plan })
}

fn step(artefact: &Artefact, at: usize, head: Head, columns: &Columns<'_>) -> Result<Step, TableError> {
    let name = |part: &str| format!("step.{at}.{part}");
    let numbers = |part: &str| take_numbers(artefact, &name(part));
    let whole = |part: &str| take_counts(artefact, &name(part));
    let feature = |feature: f64| (feature >= 0.0).then_some(feature as usize);
    let tree = Branches {
        features: numbers("features")?.into_iter().map(feature).collect(),
        points: numbers("points")?,
        next: whole("next")?,
    };
    let mut rest = numbers("scores")?.into_iter();
    let scores = |&column: &usize| match columns.learnt[column] {
        Learnt::Level(levels) => rest.by_ref().take(levels.len()).collect(),
        Learnt::Number { .. } => Vec::new(),
    };
    let scores = head.before.iter().map(scores).collect();
    let tables = || {
        Ok::<_, TableError>(Tables {
            starts: whole("starts")?,
            levels: whole("levels")?,
            running: whole("running")?,
        })
    };
    let leaf = match head.part {
        Part::Level => Leaf::Level(tables()?),
        Part::Missing => Leaf::Missing(tables()?),
        Part::Number => Leaf::Number(Cells {
            starts: whole("starts")?,
            low: numbers("low")?,
            high: numbers("high")?,
            running: whole("running")?,
        }),
    };
    Ok(Step { column: head.column, before: head.before, scores, tree, leaf })
}

/// Whether nothing in a step points outside.
fn is_sound(step: &Step, columns: &Columns<'_>) -> bool {
    let leaf = match (&step.leaf, columns.learnt[step.column]) {
        (Leaf::Level(tables), Learnt::Level(levels)) => tables.is_sound(levels.len()),
        (Leaf::Missing(tables), Learnt::Number { .. }) => tables.is_sound(2),
        (Leaf::Number(cells), Learnt::Number { .. }) => cells.is_sound(),
        _ => false,
    };
    let scored = |(column, scores): (&usize, &Vec<f64>)| match columns.learnt[*column] {
        Learnt::Level(levels) => scores.len() == levels.len(),
        Learnt::Number { .. } => true,
    };
    let scores = step.before.iter().zip(&step.scores).all(scored);
    let tree = step.tree.is_sound(step.before.len()) && step.tree.leaves() == step.leaf.leaves();
    leaf && scores && tree
}
