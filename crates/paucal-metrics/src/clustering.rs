//! How alike are two clusterings of the same items?

use std::collections::BTreeMap;

use crate::{Result, Undefined};

/// Adjusted Rand index of two clusterings (Hubert and Arabie 1985): 1 for the same clusters whatever their
/// numbers, about 0 for chance, below 0 for less. As in scikit-learn, it is 1 where both have no pair that the
/// other parts.
///
/// ```
/// use paucal_metrics::clustering::adjusted_rand;
///
/// assert_eq!(adjusted_rand(&[0, 0, 1, 1], &[1, 1, 0, 0]), Ok(1.0));
/// assert!(adjusted_rand(&[0, 0, 1, 1], &[0, 1, 0, 1]).is_ok_and(|index| index < 0.0));
/// ```
pub fn adjusted_rand(first: &[usize], second: &[usize]) -> Result<f64> {
    if first.len() != second.len() {
        return Err(Undefined::LengthsDiffer { left: first.len(), right: second.len() });
    }
    if first.is_empty() {
        return Err(Undefined::Empty);
    }
    let mut cells: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    let (mut rows, mut columns) = (BTreeMap::new(), BTreeMap::new());
    for (&a, &b) in first.iter().zip(second) {
        *cells.entry((a, b)).or_default() += 1;
        *rows.entry(a).or_default() += 1;
        *columns.entry(b).or_default() += 1;
    }
    let pairs = |counts: &mut dyn Iterator<Item = &u64>| -> f64 {
        counts.map(|&n| n as f64 * (n as f64 - 1.0) / 2.0).sum()
    };
    let n = first.len() as f64;
    let (all, both) = (n * (n - 1.0) / 2.0, pairs(&mut cells.values()));
    let (in_first, in_second) = (pairs(&mut rows.values()), pairs(&mut columns.values()));
    // Pairs together in both, in the second only, in the first only, in neither.
    let (together, joined, parted) = (both, in_second - both, in_first - both);
    let apart = all - together - joined - parted;
    if joined == 0.0 && parted == 0.0 {
        return Ok(1.0);
    }
    let chance = (together + parted) * (parted + apart) + (together + joined) * (joined + apart);
    Ok(2.0 * (together * apart - parted * joined) / chance)
}

/// The clusterings' share of common items, cluster by cluster: for each cluster of the first, the largest Jaccard
/// index it has with a cluster of the second (Hennig 2007). Clusters are numbered from 0; one without items has
/// none.
pub fn best_overlaps(first: &[usize], second: &[usize]) -> Result<Vec<Option<f64>>> {
    if first.len() != second.len() {
        return Err(Undefined::LengthsDiffer { left: first.len(), right: second.len() });
    }
    let count = |of: &[usize]| of.iter().max().map_or(0, |most| most + 1);
    let (rows, columns) = (count(first), count(second));
    let mut cells = vec![0_u64; rows * columns];
    let (mut sizes, mut others) = (vec![0_u64; rows], vec![0_u64; columns]);
    for (&a, &b) in first.iter().zip(second) {
        cells[a * columns + b] += 1;
        sizes[a] += 1;
        others[b] += 1;
    }
    let best = |a: usize| {
        let jaccard = |b: usize| {
            let common = cells[a * columns + b];
            common as f64 / (sizes[a] + others[b] - common).max(1) as f64
        };
        (sizes[a] > 0).then(|| (0..columns).map(jaccard).fold(0.0, f64::max))
    };
    Ok((0..rows).map(best).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_scikit_learn() {
        // sklearn.metrics.adjusted_rand_score 1.9.1
        let index = |a: &[usize], b: &[usize]| adjusted_rand(a, b).unwrap();
        assert!((index(&[0, 0, 1, 2], &[0, 0, 1, 1]) - 0.571_428_571_428_571_4).abs() < 1e-15);
        assert_eq!(index(&[0, 0, 0, 0], &[0, 1, 2, 3]), 0.0);
        assert_eq!(index(&[0, 0, 1, 1], &[0, 1, 0, 1]), -0.5);
        assert_eq!(index(&[0, 0], &[3, 3]), 1.0);
        assert_eq!(index(&[0], &[3]), 1.0);
        let a: Vec<usize> = (0..60).map(|i| i % 4).collect();
        let b: Vec<usize> = (0..60).map(|i| (i * i + i / 7) % 5).collect();
        assert!((index(&a, &b) + 0.018_192_637_932_500_214).abs() < 1e-14, "{}", index(&a, &b));
        assert_eq!(adjusted_rand(&[], &[]), Err(Undefined::Empty));
        assert!(adjusted_rand(&[0], &[]).is_err());
    }

    #[test]
    fn overlaps_find_the_nearest_cluster() {
        let found = best_overlaps(&[0, 0, 0, 2, 2], &[1, 1, 0, 0, 0]).unwrap();
        assert_eq!(found, [Some(2.0 / 3.0), None, Some(2.0 / 3.0)]);
        assert_eq!(best_overlaps(&[], &[]).unwrap(), []);
    }

    proptest! {
        #[test]
        fn the_same_clusters_agree_whatever_their_names(labels in prop::collection::vec(0usize..5, 1..60)) {
            let renamed: Vec<usize> = labels.iter().map(|l| 9 - l).collect();
            prop_assert_eq!(adjusted_rand(&labels, &renamed), Ok(1.0));
            prop_assert!(best_overlaps(&labels, &renamed).unwrap().into_iter().flatten().all(|v| v == 1.0));
        }
    }
}
