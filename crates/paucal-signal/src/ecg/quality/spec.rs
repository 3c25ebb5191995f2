//! The literal noise score of the first description, for comparison.
//!
//! On the 22 records of the training set of de Chazal it flags 6 % of N, 39 % of S, 37 % of V and 8 % of F; the
//! score of the [parent module](super) flags 0.09, 0, 0.03 and 0 %.
//!
//! It takes robust z-scores over the beats of *all* patients, so that a patient with large or steep complexes,
//! and ventricular beats above all, are the first to be called noise (in a minute of record 223 of the MIT-BIH
//! database 2 of 70 normal beats, 4 of 7 ventricular and 3 of 4 fusion beats); and it calls pauses noise. Then
//! every cluster of fewer than 12 beats of one class is noise too, which erases rare classes.

use ndarray::Array2;
use paucal_core::Seed;
use paucal_learn::KMeans;

use crate::ecg::beats::Rr;
use crate::ecg::error::EcgError;

/// Clusters of a class with fewer beats are called noise.
pub const MIN_CLUSTER: usize = 12;
/// Most clusters of a class.
pub const MAX_CLUSTERS: usize = 4;

/// Score and flag of every beat: extremes of height (`ptp`), slope and noise at the edges of the window, and
/// RR intervals outside 0.2 to 2.5 s.
pub fn score(waves: &[f32], length: usize, rr: &[Rr]) -> Vec<(f32, bool)> {
    let edge = (length / 10).max(4).min(length);
    let mut features = [Vec::new(), Vec::new(), Vec::new()];
    for wave in waves.chunks_exact(length) {
        let (low, high) = wave.iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
        let slope = wave.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        let ends: Vec<f64> =
            wave[..edge].iter().chain(&wave[length - edge..]).map(|&v| f64::from(v)).collect();
        let mean = ends.iter().sum::<f64>() / ends.len() as f64;
        let variance = ends.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / ends.len() as f64;
        features[0].push(f64::from(high - low));
        features[1].push(f64::from(slope));
        features[2].push(variance.sqrt());
    }
    let [height, slope, edges] = features.map(|column| robust_z(&column));
    let of = |i: usize| {
        let bad_rr = [rr[i].previous, rr[i].next].iter().flatten().any(|&v| !(0.2..=2.5).contains(&v));
        let bad_shape = height[i] < -3.0 || slope[i] < -3.0 || edges[i] > 3.5 || slope[i] > 6.0;
        let score = (height[i].abs() + slope[i].abs() + edges[i].abs()) / 3.0;
        (score as f32, bad_rr || bad_shape)
    };
    (0..rr.len()).map(of).collect()
}

/// 0.6745 (x − median) / (MAD + 1e-9).
fn robust_z(values: &[f64]) -> Vec<f64> {
    let centre = middle(values.to_vec());
    let mad = middle(values.iter().map(|v| (v - centre).abs()).collect()) + 1e-9;
    values.iter().map(|v| 0.6745 * (v - centre) / mad).collect()
}

/// The median, of an even number the mean of the two middle values.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// How many clusters the beats of a class are put into: 1 for fewer than [`MIN_CLUSTER`], else √(n / 60) + 1
/// rounded, from 2 to `most`.
pub fn clusters_of(beats: usize, most: usize) -> usize {
    if beats < MIN_CLUSTER {
        return 1;
    }
    ((beats as f64 / 60.0).sqrt() + 1.0).round_ties_even().clamp(2.0, most.max(2) as f64) as usize
}

/// Clusters of the usable beats of one class by their features (rows × columns).
pub fn local_clusters(features: &Array2<f64>, restarts: usize, seed: Seed) -> Result<Vec<usize>, EcgError> {
    let clusters = clusters_of(features.nrows(), MAX_CLUSTERS);
    if clusters == 1 {
        return Ok(vec![0; features.nrows()]);
    }
    let method = KMeans { clusters, restarts, ..KMeans::default() };
    Ok(method.fit(features.view(), None, seed)?.labels)
}
