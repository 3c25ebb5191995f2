use ndarray::array;
use paucal_core::Stream;
use proptest::prelude::*;

use super::*;
use crate::vector::squared_distance;

#[test]
fn separate_clouds_are_found_and_labelled() {
    let x = array![[0.0, 0.0], [0.1, 0.0], [9.0, 9.0], [9.1, 9.0], [0.0, 9.0]];
    let clusters = KMeans { clusters: 3, ..KMeans::default() }.fit(x.view(), None, Seed(0)).unwrap();
    assert!((clusters.inertia - 0.01).abs() < 1e-12);
    assert_eq!(clusters.labels[0], clusters.labels[1]);
    assert_ne!(clusters.labels[0], clusters.labels[2]);
    assert_eq!(clusters.assign(array![[8.0, 8.5]].view())[0], clusters.labels[2]);
}

#[test]
fn weights_repeat_rows() {
    let mut stream = Seed(3).stream("kmeans", 0);
    let x = Array2::from_shape_fn((40, 2), |_| stream.normal());
    let weights: Vec<f64> = (0..40).map(|i| f64::from(i % 3)).collect();
    let repeated: Vec<usize> = (0..40).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
    let start = x.select(Axis(0), &[1, 2, 4]);
    let weighted = KMeans::default().fit_from(x.view(), Some(&weights), start.view()).unwrap();
    let plain = KMeans::default().fit_from(x.select(Axis(0), &repeated).view(), None, start.view()).unwrap();
    assert!((weighted.inertia - plain.inertia).abs() < 1e-9);
}

#[test]
fn as_many_clusters_as_rows_and_duplicates() {
    let x = array![[1.0], [1.0], [1.0], [2.0]];
    let clusters = KMeans { clusters: 4, ..KMeans::default() }.fit(x.view(), None, Seed(0)).unwrap();
    assert_eq!(clusters.inertia, 0.0);
    let error = KMeans { clusters: 5, ..KMeans::default() }.fit(x.view(), None, Seed(0)).unwrap_err();
    assert!(matches!(error, LearnError::TooMany { wanted: 5, available: 4, .. }));
}

/// Greedy k-means++ as it is written in the paper, one distance after the other.
fn plain_seeds(x: &Array2<f64>, weights: &[f64], clusters: usize, stream: &mut Stream) -> Vec<usize> {
    let candidates = 2 + (clusters as f64).ln() as usize;
    let mut mass = vec![f64::INFINITY; x.nrows()];
    let mut chosen = Vec::new();
    for k in 0..clusters {
        let left = k > 0 && mass.iter().any(|&m| m > 0.0);
        let draws: Vec<usize> = (0..if k == 0 { 1 } else { candidates })
            .map(|_| stream.weighted(if left { &mass } else { weights }))
            .collect();
        let with = |row: usize| -> Vec<f64> {
            let distance = |i: usize| squared_distance(&x.row(i).to_vec(), &x.row(row).to_vec());
            (0..x.nrows()).map(|i| mass[i].min(weights[i] * distance(i))).collect()
        };
        let masses = draws.iter().map(|&row| (row, with(row)));
        let best =
            masses.reduce(
                |best, next| {
                    if next.1.iter().sum::<f64>() < best.1.iter().sum::<f64>() { next } else { best }
                },
            );
        (_, mass) = best.inspect(|(row, _)| chosen.push(*row)).unwrap();
    }
    chosen
}

/// Lloyd's method with every distance computed; a cluster that becomes empty ends it.
fn plain_lloyd(
    x: &Array2<f64>,
    weights: &[f64],
    mut centres: Array2<f64>,
) -> Option<(Vec<usize>, Array2<f64>)> {
    let mut labels = Vec::new();
    for _ in 0..1000 {
        let nearest = |row: ndarray::ArrayView1<'_, f64>| {
            let to = |k: usize| squared_distance(&row.to_vec(), &centres.row(k).to_vec());
            (0..centres.nrows()).reduce(|best, k| if to(k) < to(best) { k } else { best }).unwrap()
        };
        let next: Vec<usize> = x.rows().into_iter().map(nearest).collect();
        if next == labels {
            break;
        }
        labels = next;
        let mut masses = vec![0.0; centres.nrows()];
        centres.fill(0.0);
        for ((row, &k), &weight) in x.rows().into_iter().zip(&labels).zip(weights) {
            centres.row_mut(k).scaled_add(weight, &row);
            masses[k] += weight;
        }
        if masses.contains(&0.0) {
            return None;
        }
        centres.rows_mut().into_iter().zip(masses).for_each(|(mut centre, mass)| centre /= mass);
    }
    Some((labels, centres))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_outcome_is_that_of_the_plain_method(
        rows in 12_usize..700, features in 1_usize..30, clusters in 1_usize..12, seed in any::<u64>(),
        coarse in any::<bool>(), weighted in any::<bool>(),
    ) {
        let mut stream = Seed(seed).stream("kmeans/test", 0);
        // Coarse values lie on a grid, where many distances are equal.
        let mut value = || if coarse { stream.normal().round() } else { stream.normal() };
        let x = Array2::from_shape_fn((rows, features), |_| value());
        let weights: Vec<f64> = (0..rows).map(|i| if weighted { 0.5 + (i % 3) as f64 } else { 1.0 }).collect();
        let prepared = Weighted::new(x.view(), Some(&weights), Missing::Refuse).unwrap();
        let data = Data::new(&prepared).unwrap();
        let streams = || (0..3).map(|start| Seed(seed).stream("kmeans/start", start)).collect::<Vec<_>>();
        let seeds = seeding::seeds(&data, clusters, streams());
        for (seeds, mut stream) in seeds.iter().zip(streams()) {
            let plain = plain_seeds(&x, &weights, clusters, &mut stream);
            // On a grid candidates can be equally good but for rounding.
            prop_assert!(coarse || *seeds == plain, "{seeds:?} {plain:?}");
        }
        let start = x.select(Axis(0), &seeds[0]);
        let settings = KMeans { tolerance: 0.0, max_iterations: 1000, ..KMeans::default() };
        let ours = settings.fit_from(x.view(), Some(&weights), start.view()).unwrap();
        if let Some((labels, centres)) = plain_lloyd(&x, &weights, start).filter(|_| !coarse) {
            prop_assert_eq!(&ours.labels, &labels);
            prop_assert!((&ours.centres - &centres).iter().all(|d| d.abs() < 1e-9));
        }
        let terms = ours.labels.iter().zip(x.rows()).zip(&weights);
        let inertia: f64 = terms
            .map(|((&k, row), w)| w * squared_distance(&row.to_vec(), &ours.centres.row(k).to_vec()))
            .sum();
        prop_assert!((ours.inertia - inertia).abs() <= 1e-9 * (1.0 + inertia));
    }
}
