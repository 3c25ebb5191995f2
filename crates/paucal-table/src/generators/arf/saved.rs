//! The fitted model on disk: the plan as JSON, the leaves as tensors.

use serde::{Deserialize, Serialize};

use super::FittedArf;
use super::leaves::{Content, Leaves, Normal};
use crate::artefact::Artefact;
use crate::error::TableError;
use crate::generators::trees::{Columns, Learnt, Tables, counts, take_counts, take_numbers, tensor};
use crate::transform::Plan;

#[derive(Serialize, Deserialize)]
struct State {
    plan: Plan,
}

/// Numbers of a [`Normal`].
const FIELDS: usize = 5;

/// The plan and the leaves.
pub(super) fn save(model: &FittedArf) -> Result<Artefact, TableError> {
    let mut artefact = Artefact::new(&State { plan: model.plan.clone() })?;
    let mut put = |name: String, tensor| artefact.tensors.insert(name, tensor);
    put("rows".into(), counts(&model.leaves.rows));
    for (at, content) in model.leaves.contents.iter().enumerate() {
        match content {
            Content::Numbers(normals) => {
                let fields = normals.iter().flat_map(|n| [n.mean, n.sd, n.low, n.high, n.missing]);
                put(format!("numbers.{at}"), tensor(fields.collect()));
            }
            Content::Levels(tables) => {
                put(format!("starts.{at}"), counts(&tables.starts));
                put(format!("levels.{at}"), counts(&tables.levels));
                put(format!("running.{at}"), counts(&tables.running));
            }
        }
    }
    Ok(artefact)
}

/// Reads what [`save`] made.
pub(super) fn load(artefact: &Artefact) -> Result<FittedArf, TableError> {
    let State { plan } = artefact.state()?;
    let rows = take_counts(artefact, "rows")?;
    let columns = Columns::new(&plan);
    let content = |at: usize| match columns.learnt[at] {
        Learnt::Number { .. } => {
            let fields = take_numbers(artefact, &format!("numbers.{at}"))?;
            let normal =
                |f: &[f64; FIELDS]| Normal { mean: f[0], sd: f[1], low: f[2], high: f[3], missing: f[4] };
            Ok(Content::Numbers(fields.as_chunks().0.iter().map(normal).collect()))
        }
        Learnt::Level(_) => Ok(Content::Levels(Tables {
            starts: take_counts(artefact, &format!("starts.{at}"))?,
            levels: take_counts(artefact, &format!("levels.{at}"))?,
            running: take_counts(artefact, &format!("running.{at}"))?,
        })),
    };
    let contents = (0..columns.len()).map(content).collect::<Result<Vec<_>, TableError>>()?;
    let sound = |(content, learnt): (&Content, &Learnt<'_>)| match (content, learnt) {
        (Content::Numbers(normals), _) => normals.len() == rows.len() && normals.iter().all(Normal::is_sound),
        (Content::Levels(tables), Learnt::Level(levels)) => {
            tables.is_sound(levels.len()) && tables.leaves() == rows.len()
        }
        (Content::Levels(_), Learnt::Number { .. }) => false,
    };
    if rows.iter().sum::<usize>() == 0 || !contents.iter().zip(&columns.learnt).all(sound) {
        return Err(TableError::damaged("model.safetensors", "the leaves do not hold together"));
    }
    Ok(FittedArf { leaves: Leaves { rows, contents }, plan })
}
