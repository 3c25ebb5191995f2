//! From a table to latents and their correlation.

use ndarray::Array2;
use paucal_data::Table;
use rayon::prelude::*;

use super::scores::{Groups, Scores};
use super::{FittedCopula, GaussianCopula, Latent, correlation};
use crate::transform::{Levels, MissingModel, Plan, Treatment};

/// Levels are put in order only if there are so many rows for each on average; the order of fewer would be
/// noise.
const ROWS_PER_LEVEL: usize = 20;
/// Rounds of ordering, because the order of one column depends on that of the others.
const ORDER_ROUNDS: usize = 2;
/// Power iterations for the direction in which levels lie apart.
const POWER_STEPS: usize = 60;

/// Fits marginals, orders levels, and estimates the correlation.
pub(super) fn fit(parameters: &GaussianCopula, plan: Plan, train: &Table) -> FittedCopula {
    let mut columns = columns(parameters, &plan, train);
    for _ in 0..ORDER_ROUNDS {
        order_levels(&mut columns, train.rows());
    }
    let scores: Vec<Scores> = columns.par_iter().map(|column| Scores::new(&column.groups)).collect();
    let mut raw = correlation::pairwise(&scores);
    correlation::shrink(&mut raw, parameters.shrinkage);
    let correlation = correlation::positive_definite(raw);
    let mut marginals = plan.marginals(train, parameters.marginals);
    let latent = |(column, scores): (Column, Scores)| {
        let index = column.index;
        Some(match column.part {
            Part::Number => Latent::Number { column: index, marginal: marginals[index].take()? },
            Part::Levels(codes) => Latent::Level { column: index, codes, cuts: scores.cuts },
            Part::Missing(columns) => Latent::Missing { columns, cut: scores.cuts.first().copied()? },
        })
    };
    let latents = columns.into_iter().zip(scores).filter_map(latent).collect();
    FittedCopula { plan, missing: parameters.missing, latents, correlation }
}

/// A latent in the making.
struct Column {
    /// Index in the schema.
    index: usize,
    part: Part,
    groups: Groups,
}

enum Part {
    Number,
    /// Level codes in latent order.
    Levels(Vec<u32>),
    /// The columns that share a pattern of missing rows.
    Missing(Vec<usize>),
}

/// The latents of all modelled columns, levels in schema order.
fn columns(parameters: &GaussianCopula, plan: &Plan, train: &Table) -> Vec<Column> {
    let mut columns = Vec::new();
    for (index, treatment) in plan.treatments().iter().enumerate() {
        match treatment {
            Treatment::Numbers(numbers) => {
                let values = train.at(index).numbers().unwrap_or_default();
                if !numbers.format.is_point() {
                    columns.push(Column { index, part: Part::Number, groups: value_groups(values) });
                }
                if numbers.missing > 0 && parameters.missing == MissingModel::Joint {
                    add_indicator(&mut columns, index, values);
                }
            }
            Treatment::Levels(levels) => {
                let codes = train.at(index).codes().unwrap_or_default();
                let groups = level_groups(levels, codes);
                columns.push(Column { index, part: Part::Levels(levels.codes.clone()), groups });
            }
            _ => {}
        }
    }
    columns
}

/// Adds the missing indicator of a column; one that is missing in the same rows as an earlier column (tests of one
/// panel) shares its indicator.
fn add_indicator(columns: &mut Vec<Column>, index: usize, values: &[f64]) {
    let of_row: Vec<Option<u32>> = values.iter().map(|x| Some(u32::from(x.is_nan()))).collect();
    for column in columns.iter_mut() {
        if let Part::Missing(sharing) = &mut column.part
            && column.groups.of_row == of_row
        {
            sharing.push(index);
            return;
        }
    }
    let missing = values.iter().filter(|x| x.is_nan()).count();
    let groups = Groups { of_row, counts: vec![values.len() - missing, missing] };
    columns.push(Column { index, part: Part::Missing(vec![index]), groups });
}

/// Groups of equal numbers, ascending.
fn value_groups(values: &[f64]) -> Groups {
    let mut order: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut of_row = vec![None; values.len()];
    let mut counts = Vec::new();
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        for &row in tied {
            of_row[row] = Some(counts.len() as u32);
        }
        counts.push(tied.len());
    }
    Groups { of_row, counts }
}

fn level_groups(levels: &Levels, codes: &[u32]) -> Groups {
    let of_row = codes.iter().map(|&code| levels.position(code).map(|p| p as u32)).collect();
    Groups { of_row, counts: levels.counts.clone() }
}

/// Puts the levels of every column with more than two into the order in which the rest of the row rises:
/// along the direction in which the levels' mean scores lie furthest apart. A copula knows only "more" and
/// "less"; without an order, nominal columns would lose their associations.
fn order_levels(columns: &mut [Column], rows: usize) {
    let mut scores: Vec<Vec<f64>> =
        columns.par_iter().map(|column| Scores::new(&column.groups).of_row).collect();
    for target in 0..columns.len() {
        let levels = columns[target].groups.counts.len();
        let nominal = matches!(columns[target].part, Part::Levels(_)) && levels > 2;
        if !nominal || levels * ROWS_PER_LEVEL > rows || columns.len() < 2 {
            continue;
        }
        let others: Vec<&[f64]> = (0..columns.len())
            .filter(|&other| other != target)
            .map(|other| scores[other].as_slice())
            .collect();
        let means = level_means(&columns[target].groups, &others);
        let places = places_along_direction(&means, &columns[target].groups.counts);
        reorder(&mut columns[target], &places);
        scores[target] = Scores::new(&columns[target].groups).of_row;
    }
}

/// Mean score of every other column in the rows of each level (levels × columns).
fn level_means(groups: &Groups, others: &[&[f64]]) -> Array2<f64> {
    let mut means = Array2::zeros((groups.counts.len(), others.len()));
    for (column, scores) in others.iter().enumerate() {
        for (group, score) in groups.of_row.iter().zip(*scores) {
            if let Some(group) = group {
                means[[*group as usize, column]] += score;
            }
        }
    }
    for (mut row, &count) in means.rows_mut().into_iter().zip(&groups.counts) {
        row /= count as f64;
    }
    means
}

/// Where each level lies along the first principal direction of the means, weighted by counts.
fn places_along_direction(means: &Array2<f64>, counts: &[usize]) -> Vec<f64> {
    let weights = ndarray::Array1::from_iter(counts.iter().map(|&count| count as f64));
    // Start at the heaviest level's mean, which is rarely at a right angle to the direction sought.
    let heaviest = (0..counts.len()).max_by_key(|&level| counts[level]).unwrap_or_default();
    let mut direction = means.row(heaviest).mapv(|x| x + 1e-3);
    for _ in 0..POWER_STEPS {
        let along = means.dot(&direction) * &weights;
        let next = means.t().dot(&along);
        let length = next.dot(&next).sqrt();
        if length <= f64::MIN_POSITIVE {
            break;
        }
        direction = next / length;
    }
    means.dot(&direction).to_vec()
}

/// Sorts the levels of a column by `places`; equal places keep schema order.
fn reorder(column: &mut Column, places: &[f64]) {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let mut rank = vec![0; order.len()];
    order.iter().enumerate().for_each(|(new, &old)| rank[old] = new as u32);
    let groups = &mut column.groups;
    groups.counts = order.iter().map(|&old| groups.counts[old]).collect();
    groups.of_row.iter_mut().flatten().for_each(|group| *group = rank[*group as usize]);
    if let Part::Levels(codes) = &mut column.part {
        *codes = order.iter().map(|&old| codes[old]).collect();
    }
}
