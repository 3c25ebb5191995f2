//! The fitted model on disk: the columns that are learnt, row by row. Ids and free text stay behind.

use std::collections::BTreeMap;

use paucal_data::{Table, Values};
use serde::{Deserialize, Serialize};

use super::{FittedSmote, SmoteNc};
use crate::artefact::{Artefact, Tensor, TensorData};
use crate::error::TableError;
use crate::transform::Plan;

#[derive(Serialize, Deserialize)]
struct State {
    parameters: SmoteNc,
    plan: Plan,
    rows: usize,
}

fn tensor_name(column: usize) -> String {
    format!("column.{column}")
}

/// Numbers and codes as tensors; a missing number is NaN, a missing level its code.
pub(super) fn save(model: &FittedSmote) -> Result<Artefact, TableError> {
    let rows = model.train.rows();
    let state = State { parameters: model.parameters, plan: model.plan.clone(), rows };
    let tensor = |column: usize| {
        let data = match (learnt(&model.plan, column), model.train.at(column).values) {
            (true, Values::Number(numbers)) => numbers.clone(),
            (true, Values::Code(codes)) => codes.iter().map(|&code| f64::from(code)).collect(),
            _ => return None,
        };
        Some((tensor_name(column), Tensor { shape: vec![rows], data: TensorData::F64(data) }))
    };
    let tensors: BTreeMap<String, Tensor> = (0..model.train.columns().len()).filter_map(tensor).collect();
    Ok(Artefact { tensors, ..Artefact::new(&state)? })
}

/// Reads what [`save`] made.
pub(super) fn load(artefact: &Artefact) -> Result<FittedSmote, TableError> {
    let State { parameters, plan, rows } = artefact.state()?;
    let column = |column: usize| {
        if !learnt(&plan, column) {
            return Ok(plan.all_missing(column, rows));
        }
        let stored = artefact.f64s(&tensor_name(column), &[rows])?;
        Ok(match plan.levels(column) {
            Some(_) => Values::Code(stored.iter().map(|&code| code as u32).collect()),
            None => Values::Number(stored.to_vec()),
        })
    };
    let values = (0..plan.treatments().len()).map(column).collect::<Result<_, TableError>>()?;
    let train = Table::new(plan.schema().clone(), values)?;
    FittedSmote::new(parameters, plan, train)
}

fn learnt(plan: &Plan, column: usize) -> bool {
    plan.numbers(column).is_some() || plan.levels(column).is_some()
}
