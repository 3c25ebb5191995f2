//! Starting groups for the mixture: equal-mass slices and one-dimensional k-means.

use paucal_core::Stream;

use super::fit::Column;

/// Most Lloyd iterations of a k-means start.
const LLOYD: usize = 30;

/// Slices of the sorted values of about equal mass: the group of each distinct value.
pub(super) fn quantile(column: &Column, groups: usize) -> Vec<usize> {
    let mut below = 0.0;
    let group_of = |&count: &f64| {
        let middle = below + count / 2.0;
        below += count;
        ((middle / column.total * groups as f64) as usize).min(groups - 1)
    };
    column.counts.iter().map(group_of).collect()
}

/// k-means++ (Arthur, Vassilvitskii 2007), then Lloyd's iterations: the group of each distinct value.
pub(super) fn k_means(column: &Column, groups: usize, stream: &mut Stream) -> Vec<usize> {
    let mut centres = plus_plus(column, groups, stream);
    centres.sort_unstable_by(f64::total_cmp);
    let mut assigned = nearest(column, &centres);
    for _ in 0..LLOYD {
        let (mut sums, mut masses) = (vec![0.0; groups], vec![0.0; groups]);
        for ((&group, value), count) in assigned.iter().zip(&column.values).zip(&column.counts) {
            sums[group] += count * value;
            masses[group] += count;
        }
        for k in 0..groups {
            // An empty group keeps its centre.
            if masses[k] > 0.0 {
                centres[k] = sums[k] / masses[k];
            }
        }
        let next = nearest(column, &centres);
        if next == assigned {
            break;
        }
        assigned = next;
    }
    assigned
}

fn plus_plus(column: &Column, groups: usize, stream: &mut Stream) -> Vec<f64> {
    let mut centres = vec![column.values[stream.weighted(&column.counts)]];
    let mut mass: Vec<f64> = vec![f64::INFINITY; column.values.len()];
    while centres.len() < groups {
        let newest = centres[centres.len() - 1];
        for ((mass, value), count) in mass.iter_mut().zip(&column.values).zip(&column.counts) {
            *mass = mass.min(count * (value - newest) * (value - newest));
        }
        centres.push(column.values[stream.weighted(&mass)]);
    }
    centres
}

/// The nearest of the ascending centres for each of the ascending values.
fn nearest(column: &Column, centres: &[f64]) -> Vec<usize> {
    let mut at = 0;
    let nearest_one = |&value: &f64| {
        while at + 1 < centres.len() && (centres[at + 1] - value).abs() < (centres[at] - value).abs() {
            at += 1;
        }
        at
    };
    column.values.iter().map(nearest_one).collect()
}
