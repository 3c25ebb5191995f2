//! Features of beats: principal components of the waves and RR intervals, and label-free clusters of them.
//!
//! Everything is fitted on the usable beats of the training patients and applied to all; the literal variant
//! fits on all beats of all patients.

use ndarray::{Array2, Axis};
use paucal_core::Seed;
use paucal_learn::{Clusters, KMeans, Pca};
use rayon::prelude::*;

use crate::ecg::beats::{Compat, Rr, RrScaler};
use crate::ecg::error::EcgError;

use super::PrepareOptions;

/// Beats that are transformed at a time.
const BLOCK: usize = 1024;
/// Scaled RR features are held within this: one pause must not be a cluster of its own.
const RR_LIMIT: f64 = 10.0;

/// Waves and RR intervals of some beats, in the same order.
#[derive(Debug, Clone, Copy)]
pub struct Shapes<'a> {
    /// The waves, one after the other.
    pub waves: &'a [f32],
    /// Samples of a wave.
    pub length: usize,
    /// The RR intervals.
    pub rr: &'a [Rr],
}

impl<'a> Shapes<'a> {
    fn wave(&self, row: usize) -> &'a [f32] {
        &self.waves[row * self.length..(row + 1) * self.length]
    }
}

/// The waves at `rows` in double precision: rows × samples.
pub(super) fn matrix_of(waves: &[f32], length: usize, rows: &[usize]) -> Array2<f64> {
    let mut values = vec![0.0; rows.len() * length];
    values.par_chunks_mut(BLOCK * length).zip(rows.par_chunks(BLOCK)).for_each(|(block, rows)| {
        let samples = rows.iter().flat_map(|&row| &waves[row * length..(row + 1) * length]);
        block.iter_mut().zip(samples).for_each(|(value, &sample)| *value = f64::from(sample));
    });
    Array2::from_shape_vec((rows.len(), length), values).unwrap_or_default()
}

/// From waves and RR intervals to features and clusters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureMap {
    /// Corrected or literal.
    pub compat: Compat,
    /// Mean wave.
    pub mean: Vec<f64>,
    /// Principal components of the waves: components × samples.
    pub axes: Array2<f64>,
    /// Share of each component in the variance of the waves.
    pub ratios: Vec<f64>,
    /// Scaling of the RR features.
    pub rr: RrScaler,
    /// What is subtracted from each feature.
    pub centre: Vec<f64>,
    /// What each feature is then divided by.
    pub scale: Vec<f64>,
    /// Centres of the clusters: clusters × features; none when there were fewer than two beats.
    pub clusters: Array2<f64>,
}

impl FeatureMap {
    /// Fits to the beats at `rows`, and clusters those of them at which `usable` holds.
    pub fn fit(
        shapes: Shapes<'_>,
        rows: &[usize],
        usable: impl Fn(usize) -> bool,
        options: &PrepareOptions,
        seed: Seed,
    ) -> Result<Self, EcgError> {
        let compat = options.compat();
        let rr = match compat {
            Compat::Corrected => RrScaler::fit(rows.iter().map(|&row| &shapes.rr[row])),
            Compat::Spec => RrScaler::default(),
        };
        let (mean, axes, ratios) = components(shapes, rows, options.components)?;
        let raw = axes.nrows() + rr_names(compat).len();
        let (centre, scale) = (vec![0.0; raw], vec![1.0; raw]);
        let clusters = Array2::zeros((0, raw));
        let mut map = Self { compat, mean, axes, ratios, rr, centre, scale, clusters };
        let fitted = map.matrix(shapes, rows);
        map.standardise(&fitted);
        let chosen: Vec<usize> = (0..rows.len()).filter(|&i| usable(rows[i])).collect();
        if chosen.len() >= 2 {
            let mut x = fitted.select(Axis(0), &chosen);
            for mut row in x.rows_mut() {
                for (value, (centre, scale)) in row.iter_mut().zip(map.centre.iter().zip(&map.scale)) {
                    *value = (*value - centre) / scale;
                }
            }
            let clusters = options.clusters.min(chosen.len());
            let method = KMeans { clusters, restarts: options.restarts, ..KMeans::default() };
            map.clusters = method.fit(x.view(), None, seed.child("ecg/clusters", 0))?.centres;
        }
        Ok(map)
    }

    /// Centres and scales the raw features so that those given have mean 0 and deviation 1. Scaled RR features
    /// of the corrected variant stay as they are.
    fn standardise(&mut self, raw: &Array2<f64>) {
        let columns = match self.compat {
            Compat::Corrected => self.axes.nrows(),
            Compat::Spec => self.centre.len(),
        };
        let n = raw.nrows().max(1) as f64;
        for (k, column) in raw.columns().into_iter().enumerate().take(columns) {
            let mean = column.sum() / n;
            let variance = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            self.centre[k] = mean;
            self.scale[k] = if variance > 0.0 { variance.sqrt() + 1e-6 } else { 1.0 };
        }
    }

    /// Names of the features.
    pub fn names(&self) -> Vec<String> {
        let pcs = (1..=self.axes.nrows()).map(|k| format!("pc{k}"));
        pcs.chain(rr_names(self.compat).iter().map(|&name| name.to_owned())).collect()
    }

    /// The features of all beats: beats × features.
    pub fn transform(&self, shapes: Shapes<'_>) -> Array2<f32> {
        let rows: Vec<usize> = (0..shapes.rr.len()).collect();
        self.transform_rows(shapes, &rows)
    }

    /// The features of the beats at `rows`: rows × features.
    pub fn transform_rows(&self, shapes: Shapes<'_>, rows: &[usize]) -> Array2<f32> {
        self.matrix(shapes, rows).mapv(|v| v as f32)
    }

    /// The cluster of each row of features; none without clusters.
    pub fn assign(&self, features: &Array2<f32>) -> Vec<Option<usize>> {
        if self.clusters.is_empty() {
            return vec![None; features.nrows()];
        }
        let fitted =
            Clusters { centres: self.clusters.clone(), labels: Vec::new(), inertia: 0.0, iterations: 0 };
        fitted.assign(features.mapv(f64::from).view()).into_iter().map(Some).collect()
    }

    /// Features of the beats at `rows`, block by block.
    fn matrix(&self, shapes: Shapes<'_>, rows: &[usize]) -> Array2<f64> {
        let width = self.centre.len();
        let blocks: Vec<Array2<f64>> =
            rows.par_chunks(BLOCK).map(|block| self.block(shapes, block)).collect();
        let mut out = Array2::zeros((rows.len(), width));
        for (mut target, block) in out.axis_chunks_iter_mut(Axis(0), BLOCK).zip(blocks) {
            target.assign(&block);
        }
        out
    }

    fn block(&self, shapes: Shapes<'_>, rows: &[usize]) -> Array2<f64> {
        let pcs = self.axes.nrows();
        let waves = rows.iter().flat_map(|&row| shapes.wave(row));
        let means = self.mean.iter().cycle();
        let centred = waves.zip(means).map(|(&v, mean)| f64::from(v) - mean).collect();
        let centred = Array2::from_shape_vec((rows.len(), self.mean.len()), centred).unwrap_or_default();
        let scores = centred.dot(&self.axes.t());
        let intervals: Vec<Vec<f64>> = rows.iter().map(|&row| self.intervals(&shapes.rr[row])).collect();
        Array2::from_shape_fn((rows.len(), self.centre.len()), |(i, k)| {
            let raw = if k < pcs { scores[[i, k]] } else { intervals[i][k - pcs] };
            (raw - self.centre[k]) / self.scale[k]
        })
    }

    fn intervals(&self, rr: &Rr) -> Vec<f64> {
        match self.compat {
            Compat::Corrected => {
                let scaled = self.rr.transform(rr);
                scaled.iter().map(|&v| f64::from(v).clamp(-RR_LIMIT, RR_LIMIT)).collect()
            }
            Compat::Spec => {
                let [previous, next] = [rr.previous, rr.next].map(|v| f64::from(v.unwrap_or(1.0)));
                vec![previous, next, (previous + 1e-6) / (next + 1e-6)]
            }
        }
    }
}

fn rr_names(compat: Compat) -> &'static [&'static str] {
    match compat {
        Compat::Corrected => &[
            "scaled_rr_prev_minus_record",
            "scaled_rr_next_minus_record",
            "scaled_rr_prev_over_next",
            "scaled_rr_local_minus_record",
        ],
        Compat::Spec => &["rr_prev", "rr_next", "rr_ratio"],
    }
}

/// Mean wave, components and their shares of variance; no component of fewer than two beats.
fn components(
    shapes: Shapes<'_>,
    rows: &[usize],
    wanted: usize,
) -> Result<(Vec<f64>, Array2<f64>, Vec<f64>), EcgError> {
    let length = shapes.length;
    if rows.len() < 2 {
        return Ok((vec![0.0; length], Array2::zeros((0, length)), Vec::new()));
    }
    let x = matrix_of(shapes.waves, length, rows);
    let components = Some(wanted.min(length).min(rows.len() - 1));
    let fitted = Pca { components }.fit(x.view())?;
    Ok((fitted.means().to_vec(), fitted.axes().clone(), fitted.ratios().to_vec()))
}
