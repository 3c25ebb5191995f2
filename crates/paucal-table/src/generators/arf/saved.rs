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

/// The plan and the leaves.
pub(super) fn save(model: &FittedArf) -> Result<Artefact, TableError> {
    let mut artefact = Artefact::new(&State { plan: model.plan.clone() })?;
    let mut put = |name: String, tensor| artefact.tensors.insert(name, tensor);
    put("rows".into(), counts(&model.leaves.rows));
    for (at, content) in model.leaves.contents.iter().enumerate() {
        let tables = match content {
            Content::Numbers { spikes, marks, normals } => {
                let fields = normals.iter().flat_map(|n| [n.mean, n.sd, n.low, n.high]);
                put(format!("normals.{at}"), tensor(fields.collect()));
                put(format!("spikes.{at}"), tensor(spikes.clone()));
                marks
            }
            Content::Levels(tables) => tables,
        };
        put(format!("starts.{at}"), counts(&tables.starts));
        put(format!("levels.{at}"), counts(&tables.levels));
        put(format!("running.{at}"), counts(&tables.running));
    }
    Ok(artefact)
}

/// Reads what [`save`] made.
pub(super) fn load(artefact: &Artefact) -> Result<FittedArf, TableError> {
    let State { plan } = artefact.state()?;
    let rows = take_counts(artefact, "rows")?;
    let columns = Columns::new(&plan);
    let content = |at: usize| {
        let tables = Tables {
            starts: take_counts(artefact, &format!("starts.{at}"))?,
            levels: take_counts(artefact, &format!("levels.{at}"))?,
            running: take_counts(artefact, &format!("running.{at}"))?,
        };
        Ok(match columns.learnt[at] {
            Learnt::Number { .. } => {
                let fields = take_numbers(artefact, &format!("normals.{at}"))?;
                let normal = |&[mean, sd, low, high]: &[f64; 4]| Normal { mean, sd, low, high };
                let normals = fields.as_chunks().0.iter().map(normal).collect();
                let spikes = take_numbers(artefact, &format!("spikes.{at}"))?;
                Content::Numbers { spikes, marks: tables, normals }
            }
            Learnt::Level(_) => Content::Levels(tables),
        })
    };
    let contents = (0..columns.len()).map(content).collect::<Result<Vec<_>, TableError>>()?;
    let mut pairs = contents.iter().zip(&columns.learnt);
    if rows.iter().sum::<usize>() == 0 || !pairs.all(|(content, learnt)| content.is_sound(rows.len(), learnt))
    {
        return Err(TableError::damaged("model.safetensors", "the leaves do not hold together"));
    }
    Ok(FittedArf { leaves: Leaves { rows, contents }, plan })
}
