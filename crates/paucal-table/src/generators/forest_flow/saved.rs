//! The fitted model on disk: codings as JSON, trees as tensors.

use std::collections::BTreeMap;

use paucal_learn::{Ensemble, EnsembleParts};
use serde::{Deserialize, Serialize};

use super::FittedForestFlow;
use super::coding::Coding;
use super::groups::Group;
use crate::artefact::{Artefact, Tensor, TensorData};
use crate::error::TableError;
use crate::generators::trees::{Columns, Learnt, counts, take_counts, take_numbers, tensor};
use crate::transform::Plan;

#[derive(Serialize, Deserialize)]
struct State {
    plan: Plan,
    groups: Vec<Head>,
}

/// What of a group stands in JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    rows: usize,
    shared: Vec<(usize, usize)>,
    coding: Coding,
    counts: Vec<Vec<usize>>,
    mean: Vec<f64>,
    /// Noise levels that have trees.
    levels: usize,
}

/// The plan, the codings and the trees.
pub(super) fn save(model: &FittedForestFlow) -> Result<Artefact, TableError> {
    let head = |group: &Group| Head {
        rows: group.rows,
        shared: group.shared.clone(),
        coding: group.coding.clone(),
        counts: group.counts.clone(),
        mean: group.mean.clone(),
        levels: group.levels.len(),
    };
    let state = State { plan: model.plan.clone(), groups: model.groups.iter().map(head).collect() };
    let mut artefact = Artefact::new(&state)?;
    for (at, group) in model.groups.iter().enumerate() {
        save_trees(at, group, &mut artefact.tensors);
    }
    Ok(artefact)
}

/// The ensembles of a group, one after the other.
fn save_trees(at: usize, group: &Group, tensors: &mut BTreeMap<String, Tensor>) {
    let (mut base, mut trees, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut numbers, mut features, mut children) = (Vec::new(), Vec::new(), Vec::new());
    for parts in group.levels.iter().flatten().map(Ensemble::to_parts) {
        base.extend(parts.base);
        trees.extend(parts.trees);
        sizes.extend(parts.sizes);
        numbers.extend(parts.numbers);
        features.extend(parts.features_of);
        children.extend(parts.children);
    }
    let single = |data: Vec<f32>| Tensor { shape: vec![data.len()], data: TensorData::F32(data) };
    let parts = [
        ("base", tensor(base)),
        ("trees", counts(&trees)),
        ("sizes", counts(&sizes)),
        ("numbers", single(numbers)),
        ("features", single(features)),
        ("children", single(children)),
    ];
    tensors.extend(parts.into_iter().map(|(part, tensor)| (format!("group.{at}.{part}"), tensor)));
}

/// Reads what [`save`] made.
pub(super) fn load(artefact: &Artefact) -> Result<FittedForestFlow, TableError> {
    let State { plan, groups } = artefact.state()?;
    let columns = Columns::new(&plan);
    let read = |(at, head): (usize, Head)| {
        let damaged = || TableError::damaged("model.json", format!("group {at} does not hold together"));
        if !is_sound(&head, &columns) {
            return Err(damaged());
        }
        let width = head.coding.width();
        let levels = load_trees(artefact, at, head.levels, width)?;
        let Head { rows, shared, coding, counts, mean, .. } = head;
        Ok(Group { rows, shared, coding, counts, mean, levels })
    };
    let groups: Vec<Group> = groups.into_iter().enumerate().map(read).collect::<Result<_, TableError>>()?;
    if groups.is_empty() {
        return Err(TableError::damaged("model.json", "there is no group"));
    }
    Ok(FittedForestFlow { groups, plan })
}

/// Whether nothing in a group points outside.
fn is_sound(head: &Head, columns: &Columns<'_>) -> bool {
    let counted = |(counts, learnt): (&Vec<usize>, &Learnt<'_>)| match learnt {
        Learnt::Level(levels) => counts.len() == levels.len() && counts.iter().sum::<usize>() > 0,
        Learnt::Number { .. } => counts.is_empty(),
    };
    let fixed = |(column, cell): &(usize, Option<f64>)| match (columns.learnt.get(*column), cell) {
        (Some(Learnt::Level(levels)), Some(level)) => *level >= 0.0 && (*level as usize) < levels.len(),
        (Some(Learnt::Number { .. }), _) => true,
        _ => false,
    };
    // Every learnt column comes from somewhere.
    let settled = |column: usize| {
        let fixed = head.coding.fixed.iter().any(|(known, _)| *known == column);
        fixed || head.coding.parts.iter().any(|part| part.column() == column)
    };
    head.counts.len() == columns.len()
        && head.counts.iter().zip(&columns.learnt).all(counted)
        && head.coding.fixed.iter().all(fixed)
        && head.coding.parts.iter().all(|part| part.is_sound(columns))
        && head.coding.gaps.is_sound(|at| matches!(columns.learnt.get(at), Some(Learnt::Number { .. })))
        && (0..columns.len()).all(settled)
        && head.mean.len() == head.coding.width()
}

/// The ensembles of a group: `levels` × `width`.
fn load_trees(
    artefact: &Artefact,
    at: usize,
    levels: usize,
    width: usize,
) -> Result<Vec<Vec<Ensemble>>, TableError> {
    let name = |part: &str| format!("group.{at}.{part}");
    let damaged =
        || TableError::damaged("model.safetensors", format!("the trees of group {at} do not hold together"));
    let single = |part: &str| {
        let name = name(part);
        let length =
            artefact.tensors.get(&name).and_then(|tensor| tensor.shape.first().copied()).unwrap_or_default();
        artefact.f32s(&name, &[length])
    };
    let (base, trees) = (take_numbers(artefact, &name("base"))?, take_counts(artefact, &name("trees"))?);
    let mut sizes = take_counts(artefact, &name("sizes"))?.into_iter();
    let (numbers, features, children) = (single("numbers")?, single("features")?, single("children")?);
    if base.len() != levels * width || trees.len() != base.len() {
        return Err(damaged());
    }
    let mut start = 0;
    let mut ensembles = Vec::with_capacity(base.len());
    for (base, trees) in base.into_iter().zip(trees) {
        let sizes: Vec<usize> = sizes.by_ref().take(trees).collect();
        let nodes = start
            ..sizes.iter().try_fold(start, |end: usize, &size| end.checked_add(size)).ok_or_else(damaged)?;
        start = nodes.end;
        let part = |array: &[f32]| array.get(nodes.clone()).map(<[f32]>::to_vec).ok_or_else(damaged);
        let parts = EnsembleParts {
            features: width,
            base: vec![base],
            trees: vec![trees],
            sizes,
            numbers: part(numbers)?,
            features_of: part(features)?,
            children: part(children)?,
        };
        ensembles.push(Ensemble::from_parts(&parts).ok_or_else(damaged)?);
    }
    if width == 0 {
        return Ok(vec![Vec::new(); levels]);
    }
    Ok(ensembles.chunks(width).map(<[Ensemble]>::to_vec).collect())
}
