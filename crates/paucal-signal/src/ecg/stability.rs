//! Do clusters come back when they are looked for again?
//!
//! k-means ends where its start leads it. So the same beats are clustered again with other seeds, and the outcomes
//! compared: as a whole by the adjusted Rand index (Hubert and Arabie 1985), cluster by cluster by the largest
//! Jaccard index with a cluster of the other outcome (Hennig 2007, *Cluster-wise assessment of cluster stability*:
//! below 0.5 a cluster is dissolved, from 0.75 on it is stable).

use ndarray::ArrayView2;
use paucal_core::{Event, Observer, Seed};
use paucal_learn::KMeans;
use paucal_metrics::clustering::{adjusted_rand, best_overlaps};
use serde::{Deserialize, Serialize};

use super::error::EcgError;

/// Overlap below which a cluster counts as dissolved.
pub const DISSOLVED: f64 = 0.5;
/// Overlap from which on a cluster counts as stable.
pub const STABLE: f64 = 0.75;

/// A clustering compared with others of the same beats.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Stability {
    /// Beats that were clustered again.
    pub beats: usize,
    /// Adjusted Rand index of each refit with the clustering; empty where there is nothing to compare.
    pub adjusted_rand: Vec<f64>,
    /// Mean of them.
    pub mean: Option<f64>,
    /// For each cluster the mean over the refits of its largest Jaccard index with one of theirs; none without
    /// beats.
    pub overlaps: Vec<Option<f64>>,
}

impl Stability {
    /// How many clusters are stable.
    pub fn stable(&self) -> usize {
        self.overlaps.iter().flatten().filter(|overlap| **overlap >= STABLE).count()
    }
}

/// Clusters the rows of `x` (beats × features) `refits` times more and compares with `labels`. `stage` names the
/// progress.
pub fn stability(
    x: &ArrayView2<'_, f64>,
    labels: &[usize],
    method: &KMeans,
    refits: usize,
    seed: Seed,
    observer: &dyn Observer,
    stage: &'static str,
) -> Result<Stability, EcgError> {
    let mut found = Stability { beats: x.nrows(), ..Stability::default() };
    if x.nrows() < 2 || method.clusters < 2 || refits == 0 {
        return Ok(found);
    }
    observer.event(Event::Started { stage: stage.into(), total: Some(refits as u64) });
    let mut sums: Vec<(f64, usize)> = Vec::new();
    for refit in 0..refits {
        if observer.cancelled() {
            return Err(EcgError::Interrupted);
        }
        let other = method.fit(x.view(), None, seed.child("ecg/stability", refit as u64))?;
        found.adjusted_rand.push(adjusted_rand(labels, &other.labels)?);
        let overlaps = best_overlaps(labels, &other.labels)?;
        sums.resize(overlaps.len(), (0.0, 0));
        for (sum, overlap) in sums.iter_mut().zip(overlaps) {
            *sum = overlap.map_or(*sum, |overlap| (sum.0 + overlap, sum.1 + 1));
        }
        observer.event(Event::Progress { stage: stage.into(), done: refit as u64 + 1 });
    }
    found.mean = Some(found.adjusted_rand.iter().sum::<f64>() / refits as f64);
    found.overlaps = sums.into_iter().map(|(sum, n)| (n > 0).then(|| sum / n as f64)).collect();
    observer.event(Event::Finished { stage: stage.into() });
    Ok(found)
}

/// So many of them at most, evenly over all.
pub(crate) fn evenly<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    let count = most.min(all.len());
    (0..count).map(|k| all[(2 * k + 1) * all.len() / (2 * count)]).collect()
}

/// Samples with so few decimals as a figure can show.
pub(crate) fn rounded(wave: &[f32]) -> Vec<f32> {
    wave.iter().map(|v| (v * 1e3).round() / 1e3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use paucal_core::Silent;

    #[test]
    fn clear_groups_come_back_and_noise_does_not() {
        let apart = Array2::from_shape_fn((60, 2), |(i, j)| {
            10.0 * (i % 3) as f64 * (j + 1) as f64 + ((i * 7 + j) % 5) as f64 / 10.0
        });
        let method = KMeans { clusters: 3, ..KMeans::default() };
        let fitted = method.fit(apart.view(), None, Seed(1)).unwrap();
        let again =
            stability(&apart.view(), &fitted.labels, &method, 3, Seed(2), &Silent::new(), "test").unwrap();
        assert_eq!((again.mean, again.stable()), (Some(1.0), 3));
        let mut stream = Seed(3).stream("test", 0);
        let cloud = Array2::from_shape_simple_fn((200, 6), || stream.normal());
        let method = KMeans { clusters: 8, restarts: 1, ..KMeans::default() };
        let fitted = method.fit(cloud.view(), None, Seed(1)).unwrap();
        let again =
            stability(&cloud.view(), &fitted.labels, &method, 4, Seed(2), &Silent::new(), "test").unwrap();
        assert!(again.mean.unwrap() < 0.7 && again.stable() < 8, "{again:?}");
    }

    #[test]
    fn a_few_stand_for_all() {
        assert_eq!(evenly(&[1, 2, 3, 4, 5, 6], 2), [2, 5]);
        assert_eq!(evenly(&[1, 2], 9), [1, 2]);
        assert!(evenly::<u8>(&[], 9).is_empty());
    }
}
