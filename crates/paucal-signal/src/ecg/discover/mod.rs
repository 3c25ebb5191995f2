//! What the beats that were held back have in common: new kinds of beats, or old ones that a model does not know.
//!
//! A classifier that may stay silent leaves beats to a person. Many of one kind among them are worth a look before
//! the single ones: [`discover`] clusters them by their features (k-means; as many clusters as the first
//! description takes, √(n / 40), from 2 to 20), and raises an alert for a cluster that is large, or that several
//! patients share and that comes back. A pattern of one patient says so: it may be that patient's heart, or electrodes. How far clusters
//! come back with other seeds is measured.
//!
//! [`Compat::Spec`] raises alerts by size alone and takes the first beats of a cluster as examples, not those
//! nearest to its centre.

mod files;
mod held;

use ndarray::Axis;
use paucal_core::{Observer, Seed};
use paucal_learn::{Clusters, KMeans, Pca};
use serde::{Deserialize, Serialize};

pub use self::held::HeldBack;
use super::beats::Compat;
use super::error::{EcgError, require};
use super::stability::{STABLE, Stability, evenly, rounded, stability};

/// Name and version of the format of the result.
pub const SCHEMA: &str = "paucal.ecg.discover/1";
/// Name of the stage in progress events.
const STAGE: &str = "cluster again";
/// Beats named as examples of a cluster.
const EXAMPLES: usize = 15;

/// How clusters are made, and which raise an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoverOptions {
    /// Beats from which on a cluster raises an alert.
    pub min_alert_size: usize,
    /// Patients from which on a stable cluster raises an alert, whatever its size.
    pub min_alert_patients: usize,
    /// Clusters, at most.
    pub max_clusters: usize,
    /// The number of clusters is the root of the beats over this.
    pub cluster_scale: usize,
    /// Starts of each clustering, the best of which is kept.
    pub restarts: usize,
    /// How often the beats are clustered again.
    pub refits: usize,
    /// Clusters in the gallery.
    pub max_plot_clusters: usize,
    /// Beats drawn behind each centroid.
    pub members: usize,
    /// Points of the map.
    pub map_points: usize,
    /// Corrected or literal.
    pub compat: Compat,
}

impl Default for DiscoverOptions {
    fn default() -> Self {
        Self {
            min_alert_size: 80,
            min_alert_patients: 3,
            max_clusters: 20,
            cluster_scale: 40,
            restarts: 20,
            refits: 5,
            max_plot_clusters: 16,
            members: 16,
            map_points: 4000,
            compat: Compat::Corrected,
        }
    }
}

impl DiscoverOptions {
    /// Whether the options are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        require(self.min_alert_size >= 1, "min_alert_size", self.min_alert_size, "at least 1")?;
        require(self.min_alert_patients >= 1, "min_alert_patients", self.min_alert_patients, "at least 1")?;
        require(
            (2..=1000).contains(&self.max_clusters),
            "max_clusters",
            self.max_clusters,
            "from 2 to 1000",
        )?;
        require((1..=100).contains(&self.restarts), "restarts", self.restarts, "from 1 to 100")?;
        require(self.refits <= 100, "refits", self.refits, "at most 100")?;
        require(self.members <= 1000, "members", self.members, "at most 1000")
    }

    /// How many clusters are made of so many beats.
    pub fn clusters(&self, beats: usize) -> usize {
        let root = (beats as f64 / self.cluster_scale.max(1) as f64).sqrt() as usize;
        root.min(self.max_clusters).max(2).min(beats)
    }
}

/// What was asked and found. The content of `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscoverReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// Beats that were predicted.
    pub beats: usize,
    /// Beats that were held back.
    pub unknown_count: usize,
    /// Clusters of them.
    pub clusters_found: usize,
    /// Clusters that raise an alert.
    pub alerts: usize,
    /// Clusters of one patient.
    pub single_patient: usize,
    /// Patients with a beat that was held back.
    pub patients: usize,
    /// The options.
    pub options: DiscoverOptions,
    /// Whether the clusters come back.
    pub stability: Stability,
    /// Unit of the waves; empty if not known.
    pub unit: String,
    /// Samples per second of the waves.
    pub rate_hz: f64,
    /// Sample of the R peak within a wave, where it is known.
    pub peak: Option<usize>,
    /// The clusters, largest first.
    pub clusters: Vec<PatternCluster>,
    /// Beats on a plane, cluster and two principal components: at most [`DiscoverOptions::map_points`] of them.
    pub map: Vec<(usize, [f32; 2])>,
    /// Shares of the two components in the variance.
    pub map_variance: [f64; 2],
}

/// Beats that are alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatternCluster {
    /// Its number.
    pub cluster_id: usize,
    /// Its beats.
    pub size: usize,
    /// Their share of all that were held back.
    pub size_ratio: f64,
    /// Its patients.
    pub patients: usize,
    /// Its recordings.
    pub records: usize,
    /// The patient with most of its beats.
    pub largest_patient: String,
    /// Share of that patient's beats.
    pub largest_patient_share: f64,
    /// Overlap with the most similar cluster of a refit, on average.
    pub overlap: Option<f64>,
    /// Whether it raises an alert.
    pub alert: bool,
    /// Why, in plain words.
    pub reasons: Vec<String>,
    /// `beat_global_id` of some of its beats.
    pub example_beat_ids: Vec<usize>,
    /// Median of its waves.
    pub centroid: Vec<f32>,
    /// Waves of some of its beats, evenly over all.
    pub members: Vec<Vec<f32>>,
}

/// Clusters the beats that were held back. Without any the result is empty and valid. It depends on the beats, the
/// options and the seed, never on the number of threads.
pub fn discover(
    held: &HeldBack,
    options: &DiscoverOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<DiscoverReport, EcgError> {
    options.check()?;
    held.check()?;
    let mut report = DiscoverReport {
        schema: SCHEMA.into(),
        beats: held.beats_in_all,
        unknown_count: held.ids.len(),
        clusters_found: 0,
        alerts: 0,
        single_patient: 0,
        patients: held.patient_names().len(),
        options: options.clone(),
        stability: Stability::default(),
        unit: held.unit.clone(),
        rate_hz: held.rate_hz,
        peak: held.peak,
        clusters: Vec::new(),
        map: Vec::new(),
        map_variance: [0.0; 2],
    };
    if held.ids.is_empty() {
        return Ok(report);
    }
    let x = held.features.mapv(f64::from);
    let method = KMeans {
        clusters: options.clusters(held.ids.len()),
        restarts: options.restarts,
        ..KMeans::default()
    };
    let fitted = method.fit(x.view(), None, seed.child("ecg/discover", 0))?;
    let once = KMeans { restarts: options.restarts.min(5), ..method };
    report.stability = stability(&x.view(), &fitted.labels, &once, options.refits, seed, observer, STAGE)?;
    report.clusters = clusters(held, &fitted, options, &report.stability);
    report.clusters_found = report.clusters.len();
    report.alerts = report.clusters.iter().filter(|cluster| cluster.alert).count();
    report.single_patient = report.clusters.iter().filter(|cluster| cluster.patients == 1).count();
    (report.map, report.map_variance) = plane(held, &fitted.labels, options)?;
    Ok(report)
}

/// Clusters with beats, largest first.
fn clusters(
    held: &HeldBack,
    fitted: &Clusters,
    options: &DiscoverOptions,
    stability: &Stability,
) -> Vec<PatternCluster> {
    let mut rows = vec![Vec::new(); fitted.centres.nrows()];
    fitted.labels.iter().enumerate().for_each(|(row, &cluster)| rows[cluster].push(row));
    let mut found: Vec<PatternCluster> = rows
        .iter()
        .enumerate()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(id, rows)| {
            let overlap = stability.overlaps.get(id).copied().flatten();
            pattern(held, id, rows, examples(held, fitted, id, rows, options.compat), overlap, options)
        })
        .collect();
    found.sort_by_key(|cluster| (std::cmp::Reverse(cluster.size), cluster.cluster_id));
    found
}

fn pattern(
    held: &HeldBack,
    id: usize,
    rows: &[usize],
    examples: Vec<usize>,
    overlap: Option<f64>,
    options: &DiscoverOptions,
) -> PatternCluster {
    let patients = counted(rows.iter().map(|&row| held.patients[row].as_str()));
    let records = counted(rows.iter().map(|&row| held.records[row].as_str()));
    let (largest, most) =
        patients.iter().fold(("", 0), |best, &(name, n)| if n > best.1 { (name, n) } else { best });
    let mut reasons = Vec::new();
    if rows.len() >= options.min_alert_size {
        reasons.push(format!("{} beats", rows.len()));
    }
    // A small cluster that several patients share, and that comes back, is no accident.
    let shared = patients.len() >= options.min_alert_patients && overlap.is_some_and(|o| o >= STABLE);
    if options.compat == Compat::Corrected && shared {
        reasons.push(format!("{} patients", patients.len()));
    }
    PatternCluster {
        cluster_id: id,
        size: rows.len(),
        size_ratio: rows.len() as f64 / held.ids.len() as f64,
        patients: patients.len(),
        records: records.len(),
        largest_patient: largest.to_owned(),
        largest_patient_share: most as f64 / rows.len() as f64,
        overlap,
        alert: !reasons.is_empty(),
        reasons,
        example_beat_ids: examples,
        centroid: median_wave(held, rows),
        members: evenly(rows, options.members).into_iter().map(|row| rounded(held.wave(row))).collect(),
    }
}

/// Names and how often they occur, by name.
fn counted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect()
}

/// The beats nearest to the centre, or literally the first ones.
fn examples(held: &HeldBack, fitted: &Clusters, id: usize, rows: &[usize], compat: Compat) -> Vec<usize> {
    let distance = |row: usize| -> f64 {
        let pairs = held.features.row(row).into_iter().zip(fitted.centres.row(id));
        pairs.map(|(&v, c)| (f64::from(v) - c).powi(2)).sum()
    };
    let mut order = rows.to_vec();
    if compat == Compat::Corrected {
        order.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)).then(a.cmp(&b)));
    }
    order.into_iter().take(EXAMPLES).map(|row| held.ids[row]).collect()
}

/// The median of each sample; of an even number of beats the mean of the two middle ones.
fn median_wave(held: &HeldBack, rows: &[usize]) -> Vec<f32> {
    let middle = rows.len() / 2;
    let mut column = vec![0.0; rows.len()];
    let at = |k: usize| {
        column.iter_mut().zip(rows).for_each(|(value, &row)| *value = held.wave(row)[k]);
        column.sort_unstable_by(f32::total_cmp);
        if rows.len() % 2 == 1 { column[middle] } else { f32::midpoint(column[middle - 1], column[middle]) }
    };
    (0..held.length).map(at).collect()
}

/// The beats on the plane of their first two principal components.
fn plane(
    held: &HeldBack,
    labels: &[usize],
    options: &DiscoverOptions,
) -> Result<(Vec<(usize, [f32; 2])>, [f64; 2]), EcgError> {
    if held.ids.len() < 3 || held.features.ncols() < 2 {
        return Ok((Vec::new(), [0.0; 2]));
    }
    let x = held.features.mapv(f64::from);
    let plane = Pca { components: Some(2) }.fit(x.view())?;
    let rows: Vec<usize> = (0..held.ids.len()).collect();
    let rows = evenly(&rows, options.map_points);
    let points = plane.transform(x.select(Axis(0), &rows).view());
    let point = |(row, p): (usize, ndarray::ArrayView1<'_, f64>)| {
        let coordinate = |k: usize| (p.get(k).copied().unwrap_or(0.0) * 1e3).round() as f32 / 1e3;
        (labels[row], [coordinate(0), coordinate(1)])
    };
    let ratios = [0, 1].map(|k| plane.ratios().get(k).copied().unwrap_or(0.0));
    Ok((rows.iter().copied().zip(points.rows()).map(point).collect(), ratios))
}

#[cfg(test)]
mod tests;
