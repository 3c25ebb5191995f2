//! Forests against resampled rows, round after round.

use ndarray::{Array2, ArrayView2, Axis, concatenate};
use paucal_core::Seed;
use paucal_core::observe::Event;
use paucal_data::Table;
use paucal_learn::{Forest, RandomForest, most_probable};
use rayon::prelude::*;

use super::leaves::{Leaves, Region, regions};
use super::{Arf, NAME};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::trees::{CHUNK, Columns, go_on};
use crate::transform::Plan;

/// Class of real rows; resampled ones are of class 0.
const REAL: usize = 1;

/// Grows forests until real rows can no longer be told from resampled ones, and describes the leaves of the last.
pub(super) fn fit(
    parameters: &Arf,
    plan: &Plan,
    train: &Table,
    context: &FitContext<'_>,
) -> Result<Leaves, TableError> {
    let columns = Columns::new(plan);
    let cells: Vec<Vec<f64>> = (0..columns.len()).map(|at| columns.cells(train, at)).collect();
    let everything = Region {
        rows: (0..train.rows() as u32).collect(),
        bounds: vec![(f64::NEG_INFINITY, f64::INFINITY); columns.len()],
    };
    let mut trees = vec![vec![everything]];
    if columns.len() > 0 {
        let shape = (train.rows(), columns.len());
        let real = Array2::from_shape_fn(shape, |(row, at)| columns.learnt[at].seen(cells[at][row]));
        let stage = format!("fit {NAME}");
        context
            .observer
            .event(Event::Started { stage: stage.clone(), total: Some(parameters.rounds as u64) });
        for round in 0..parameters.rounds {
            go_on(context)?;
            let seed = context.seed.child(NAME, round as u64);
            let fake = resampled(&real, &trees, seed);
            let forest = grow(parameters, &real, &fake, seed)?;
            let split = |tree| regions(tree, &real, parameters.min_leaf);
            trees = forest.splits().collect::<Vec<_>>().into_par_iter().map(split).collect();
            let accuracy = accuracy(&forest, train.rows());
            let name = "accuracy/out-of-bag".into();
            context.observer.event(Event::Scalar { name, step: round as u64, value: accuracy });
            context.observer.event(Event::Progress { stage: stage.clone(), done: round as u64 + 1 });
            if accuracy <= 0.5 + parameters.tolerance {
                break;
            }
        }
        context.observer.event(Event::Finished { stage });
    }
    Ok(Leaves::new(&columns, &cells, &trees.concat(), parameters.min_leaf))
}

/// As many rows as there are real ones: the leaf of a real row in a tree, both at random, and from that leaf each
/// column of a row at random. A tree of a single leaf gives the product of the marginals, as the paper begins.
fn resampled(real: &Array2<f64>, trees: &[Vec<Region>], seed: Seed) -> Array2<f64> {
    let homes: Vec<Vec<u32>> = trees.iter().map(|tree| homes(tree, real.nrows())).collect();
    let mut cells = vec![0.0; real.len()];
    cells.par_chunks_mut(CHUNK * real.ncols()).enumerate().for_each(|(chunk, cells)| {
        let mut stream = seed.stream("arf/resample", chunk as u64);
        for row in cells.chunks_exact_mut(real.ncols()) {
            let tree = stream.index(trees.len());
            let leaf = &trees[tree][homes[tree][stream.index(real.nrows())] as usize].rows;
            for (at, cell) in row.iter_mut().enumerate() {
                *cell = real[[leaf[stream.index(leaf.len())] as usize, at]];
            }
        }
    });
    Array2::from_shape_fn(real.raw_dim(), |(row, at)| cells[row * real.ncols() + at])
}

/// The leaf of every real row.
fn homes(tree: &[Region], rows: usize) -> Vec<u32> {
    let mut homes = vec![0; rows];
    for (leaf, region) in tree.iter().enumerate() {
        region.rows.iter().for_each(|&row| homes[row as usize] = leaf as u32);
    }
    homes
}

/// A forest that tells real rows from others.
fn grow(parameters: &Arf, real: &Array2<f64>, fake: &Array2<f64>, seed: Seed) -> Result<Forest, TableError> {
    let x = concatenate![Axis(0), real.view(), fake.view()];
    let y: Vec<usize> = (0..x.nrows()).map(|row| if row < real.nrows() { REAL } else { 0 }).collect();
    let forest = RandomForest {
        trees: parameters.trees,
        min_leaf: parameters.min_leaf,
        out_of_bag: true,
        ..RandomForest::default()
    };
    Ok(forest.grow(x.view(), &y, 2, None, seed)?)
}

/// Share of the rows whose kind the trees that did not see them tell rightly; a half if all trees saw all rows.
fn accuracy(forest: &Forest, real: usize) -> f64 {
    let told = |p: ArrayView2<'_, f64>| {
        let known = (0..p.nrows()).filter(|&row| !p[[row, 0]].is_nan());
        let classes = most_probable(p);
        let right = |&row: &usize| (classes[row] == REAL) == (row < real);
        let (right, wrong): (Vec<usize>, Vec<usize>) = known.partition(right);
        if right.is_empty() && wrong.is_empty() {
            0.5
        } else {
            right.len() as f64 / (right.len() + wrong.len()) as f64
        }
    };
    forest.out_of_bag().map_or(0.5, told)
}
