//! Trees for every group, noise level and coordinate.

use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::Array2;
use paucal_core::Seed;
use paucal_core::observe::Event;
use paucal_data::Table;
use paucal_learn::bins::Binned;
use paucal_learn::{Boosting, Ensemble};
use rayon::prelude::*;

use super::coding::Coding;
use super::groups::{Draft, Group, divide};
use super::{ForestFlow, NAME};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::trees::{Columns, go_on};
use crate::transform::Plan;

/// Split points tried per coordinate. Noised coordinates are smooth, so that few are enough.
const CODES: usize = 64;

/// Fits the flow of every group.
pub(super) fn fit(
    parameters: &ForestFlow,
    plan: &Plan,
    train: &Table,
    context: &FitContext<'_>,
) -> Result<Vec<Group>, TableError> {
    go_on(context)?;
    let columns = Columns::new(plan);
    let cells: Vec<Vec<f64>> = (0..columns.len()).map(|at| columns.cells(train, at)).collect();
    let drafts = divide(plan, &columns, &cells, context.observer);
    let codings: Vec<Coding> = drafts.iter().map(|draft| Coding::new(&columns, &draft.cells)).collect();
    let coordinates: usize = codings.iter().map(Coding::width).sum();
    let later = 1..parameters.noise_levels;
    let (stage, total) = (format!("fit {NAME}"), (later.len() * coordinates) as u64);
    context.observer.event(Event::Started { stage: stage.clone(), total: Some(total) });
    let fitting = Fitting { parameters: *parameters, context, stage: stage.clone(), done: AtomicU64::new(0) };
    let tasks: Vec<(usize, usize)> =
        (0..drafts.len()).flat_map(|group| later.clone().map(move |level| (group, level))).collect();
    let fit_one = |&(group, level): &(usize, usize)| {
        let seed = context.seed.child(NAME, group as u64);
        fitting.level(&drafts[group], &codings[group], level, seed)
    };
    let fitted = tasks.par_iter().map(fit_one).collect::<Result<Vec<_>, TableError>>()?;
    context.observer.event(Event::Finished { stage });
    let mut fitted = fitted.into_iter();
    let group = |(draft, coding): (Draft, Coding)| Group {
        rows: draft.rows,
        counts: draft.counts(&columns),
        mean: mean(&draft, &coding),
        levels: fitted.by_ref().take(later.len()).collect(),
        shared: draft.shared,
        coding,
    };
    Ok(drafts.into_iter().zip(codings).map(group).collect())
}

/// What all fits share.
struct Fitting<'a> {
    parameters: ForestFlow,
    context: &'a FitContext<'a>,
    stage: String,
    /// Ensembles fitted so far.
    done: AtomicU64,
}

impl Fitting<'_> {
    /// The ensembles of one noise level.
    fn level(
        &self,
        draft: &Draft,
        coding: &Coding,
        level: usize,
        seed: Seed,
    ) -> Result<Vec<Ensemble>, TableError> {
        let p = &self.parameters;
        let width = coding.width();
        if width == 0 {
            return Ok(Vec::new());
        }
        let rows = draft.cells[0].len();
        let copies = (p.noised_rows / rows).clamp(1, p.replications);
        let t = level as f64 / p.noise_levels as f64;
        let (noised, velocity) = noise(draft, coding, copies, t, seed, level);
        let bins = Binned::new(noised.view(), CODES);
        let boosting = Boosting {
            rounds: p.rounds,
            learning_rate: p.learning_rate,
            max_leaves: p.max_leaves,
            max_depth: None,
            min_leaf: p.min_leaf,
            lambda: 0.0,
            ..Boosting::default()
        };
        let coordinate = |at: usize| {
            go_on(self.context)?;
            let (y, weights) = known(&velocity, at);
            let ensemble = boosting.regress_binned(&bins, &y, weights.as_deref(), seed)?.rounded();
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            self.context.observer.event(Event::Progress { stage: self.stage.clone(), done });
            Ok(ensemble)
        };
        (0..width).into_par_iter().map(coordinate).collect()
    }
}

/// Points on the way from noise to rows at time `t`, and their velocities, `copies` of each row.
fn noise(
    draft: &Draft,
    coding: &Coding,
    copies: usize,
    t: f64,
    seed: Seed,
    level: usize,
) -> (Array2<f64>, Array2<f64>) {
    let shape = (draft.cells[0].len() * copies, coding.width());
    let (mut noised, mut velocity) = (Array2::zeros(shape), Array2::zeros(shape));
    let mut stream = seed.stream("forest-flow/noise", level as u64);
    let mut point = vec![0.0; coding.width()];
    for (at, (mut x, mut v)) in noised.rows_mut().into_iter().zip(velocity.rows_mut()).enumerate() {
        for (start, part) in coding.places() {
            let cell = draft.cells[part.column()][at / copies];
            part.encode(cell, &mut point[start..start + part.width()], &mut stream);
        }
        for ((x, v), &end) in x.iter_mut().zip(v.iter_mut()).zip(&point) {
            let start = stream.normal();
            *x = t * end + (1.0 - t) * start;
            *v = end - start;
        }
    }
    (noised, velocity)
}

/// The velocities of a coordinate; unknown ones (of missing numbers) count for nothing.
fn known(velocity: &Array2<f64>, at: usize) -> (Vec<f64>, Option<Vec<f64>>) {
    let mut y = velocity.column(at).to_vec();
    let weights: Vec<f64> = y.iter().map(|v| f64::from(u8::from(!v.is_nan()))).collect();
    y.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 0.0);
    let weights = weights.contains(&0.0).then_some(weights);
    (y, weights)
}

/// Mean of the points of a group, of numbers over the rows that have them.
fn mean(draft: &Draft, coding: &Coding) -> Vec<f64> {
    let mut stream = Seed(0).stream("forest-flow/mean", 0);
    let mut sums = vec![(0.0, 0.0); coding.width()];
    let mut point = vec![0.0; coding.width()];
    for row in 0..draft.cells.first().map_or(0, Vec::len) {
        for (start, part) in coding.places() {
            let cell = draft.cells[part.column()][row];
            part.encode(cell, &mut point[start..start + part.width()], &mut stream);
        }
        for ((rows, sum), x) in sums.iter_mut().zip(&point).filter(|(_, x)| !x.is_nan()) {
            *rows += 1.0;
            *sum += x;
        }
    }
    sums.into_iter().map(|(rows, sum)| sum / rows).collect()
}
