//! How far the prototypes of a preparation can be trusted.
//!
//! A prototype is the median wave of a label-free cluster; what it is called is the most frequent class of its
//! beats. [`check`] asks of each how pure that name is (with Wilson's interval), whether it holds for patients it
//! was not made from, how many patients are behind it, how much noise lies near it, and whether it comes back when
//! the beats are clustered again.
//!
//! The first description calls every prototype of fewer than 80 beats suspicious, and so the rare classes. Here the
//! size is a note of its own; suspicious is only what is impure or noisy beyond doubt. [`Compat::Spec`] keeps the
//! first rule, with its purity among the three most frequent classes.

mod files;
mod measure;

use paucal_core::{Observer, Seed};
use paucal_learn::KMeans;
use paucal_metrics::interval::Interval;
use serde::{Deserialize, Serialize};

use super::beats::Compat;
use super::error::{EcgError, require};
use super::labels::NO_CLASS;
use super::listing::few;
use super::prepare::Prepared;
use super::review::unit;
use super::stability::{DISSOLVED, Stability, stability};

/// Name and version of the format of the result.
pub const SCHEMA: &str = "paucal.ecg.prototypes/1";
/// Name of the stage in progress events.
const STAGE: &str = "cluster again";

/// When a prototype is noted, and what is shown of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrototypeOptions {
    /// Beats below which a prototype is called small.
    pub min_size: usize,
    /// Share of the most frequent class below which it is impure.
    pub min_purity: f64,
    /// Share of noise above which it is noisy.
    pub max_noise_ratio: f64,
    /// Prototypes of each class in the galleries.
    pub max_per_label: usize,
    /// Beats drawn behind each prototype.
    pub members: usize,
    /// How often the beats are clustered again.
    pub refits: usize,
    /// Beats that are clustered again, at most.
    pub refit_beats: usize,
    /// Level of the intervals.
    pub level: f64,
    /// Corrected or literal.
    pub compat: Compat,
}

impl Default for PrototypeOptions {
    fn default() -> Self {
        Self {
            min_size: 80,
            min_purity: 0.7,
            max_noise_ratio: 0.2,
            max_per_label: 12,
            members: 16,
            refits: 5,
            refit_beats: 20_000,
            level: 0.95,
            compat: Compat::Corrected,
        }
    }
}

impl PrototypeOptions {
    /// Whether the options are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        let share = |v: f64| (0.0..=1.0).contains(&v);
        require(share(self.min_purity), "min_purity", self.min_purity, "from 0 to 1")?;
        require(share(self.max_noise_ratio), "max_noise_ratio", self.max_noise_ratio, "from 0 to 1")?;
        require(self.members <= 1000, "members", self.members, "at most 1000")?;
        require(self.refits <= 100, "refits", self.refits, "at most 100")?;
        require(self.refit_beats >= 2, "refit_beats", self.refit_beats, "at least 2")?;
        require(self.level > 0.0 && self.level < 1.0, "level", self.level, "between 0 and 1")
    }
}

/// What was asked and found. The content of `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrototypeReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// Prototypes.
    pub num_prototypes: usize,
    /// Those that are impure or noisy beyond doubt; in the literal variant also the small ones.
    pub num_suspicious: usize,
    /// Those of fewer beats than [`PrototypeOptions::min_size`].
    pub num_small: usize,
    /// Those with beats of one patient only.
    pub num_single_patient: usize,
    /// Those whose name does not hold for validation patients.
    pub num_not_held: usize,
    /// Numbers of the classes that are the most frequent of a prototype.
    pub labels_seen: Vec<i32>,
    /// Names of the classes that occur but name no prototype.
    pub classes_without_prototype: Vec<String>,
    /// The options.
    pub options: PrototypeOptions,
    /// Whether the clusters come back.
    pub stability: Stability,
    /// Unit of the waves, samples per second, and sample of the R peak.
    pub unit: String,
    /// Samples per second of the waves.
    pub rate_hz: f64,
    /// Sample of the R peak within a wave.
    pub peak: usize,
    /// By class, the class of most beats first.
    pub by_label: Vec<LabelCheck>,
    /// The prototypes, the suspicious ones first, then by size.
    pub prototypes: Vec<PrototypeCheck>,
    /// What somebody should look at, in plain sentences.
    pub warnings: Vec<String>,
}

/// The prototypes of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelCheck {
    /// Number of the class.
    pub label: i32,
    /// Its name.
    pub label_name: String,
    /// Prototypes.
    pub num_prototypes: usize,
    /// Their beats.
    pub total_members: usize,
    /// Mean of their purities.
    pub mean_purity: f64,
    /// Those that are suspicious.
    pub num_suspicious: usize,
    /// Those that are small.
    pub num_small: usize,
    /// Those of one patient.
    pub num_single_patient: usize,
}

/// One prototype.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of the table of prototypes")]
pub struct PrototypeCheck {
    /// Its number: that of its cluster.
    pub prototype_id: usize,
    /// Its beats.
    pub size: usize,
    /// Number of its most frequent class.
    pub dominant_label: i32,
    /// Name of that class.
    pub dominant_label_name: String,
    /// Beats of each class, most first, as `number:beats;…`.
    pub label_mix: String,
    /// Share of the most frequent class; in the literal variant among the three most frequent.
    pub purity: f64,
    /// Wilson's interval of the purity, which takes beats for independent.
    pub purity_interval: Interval,
    /// Share of noise among its beats and the training beats flagged as noise that are nearest to it; in the
    /// literal variant of beats without a class among the three most frequent.
    pub noise_ratio: f64,
    /// Beats of validation patients that are nearest to it.
    pub held_out_beats: usize,
    /// How many of them have its class.
    pub held_out_purity: Option<f64>,
    /// Its name does not hold for validation patients: even the upper end of that share's interval is below the
    /// least purity.
    pub not_held: bool,
    /// Its patients.
    pub patients: usize,
    /// The patient with most of its beats.
    pub largest_patient: String,
    /// Share of that patient's beats.
    pub largest_patient_share: f64,
    /// Overlap with the most similar cluster of a refit, on average.
    pub overlap: Option<f64>,
    /// Fewer beats than wanted. No fault in itself: rare classes have few.
    pub small: bool,
    /// All beats are of one patient.
    pub single_patient: bool,
    /// Impure or noisy beyond doubt.
    pub suspicious: bool,
    /// Why it is suspicious.
    pub reasons: Vec<String>,
    /// Mean interval from the previous peak, in seconds.
    pub rr_prev_mean: f64,
    /// Mean interval to the next peak, in seconds.
    pub rr_next_mean: f64,
    /// `beat_global_id` of some of its beats.
    pub example_beat_ids: Vec<usize>,
    /// The wave.
    pub wave: Vec<f32>,
    /// Waves of some of its beats, evenly over all.
    pub members: Vec<Vec<f32>>,
}

/// Checks the prototypes of a preparation. The result depends on the preparation, the options and the seed.
pub fn check(
    prepared: &Prepared,
    options: &PrototypeOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<PrototypeReport, EcgError> {
    options.check()?;
    if prepared.prototypes.is_empty() {
        let hint = "prepare more recordings: fewer than two usable training beats have no clusters";
        return Err(EcgError::beats("these beats have no prototypes", hint));
    }
    let stability = clustered_again(prepared, options, seed, observer)?;
    let mut prototypes = measure::prototypes(prepared, options, &stability)?;
    prototypes.sort_by_key(|p| (!p.suspicious, std::cmp::Reverse(p.size), p.prototype_id));
    let count = |of: fn(&PrototypeCheck) -> bool| prototypes.iter().filter(|p| of(p)).count();
    let mut labels_seen: Vec<i32> = prototypes.iter().map(|p| p.dominant_label).collect();
    labels_seen.sort_unstable();
    labels_seen.dedup();
    let unnamed = without_prototype(prepared, &labels_seen);
    Ok(PrototypeReport {
        schema: SCHEMA.into(),
        num_prototypes: prototypes.len(),
        num_suspicious: count(|p| p.suspicious),
        num_small: count(|p| p.small),
        num_single_patient: count(|p| p.single_patient),
        num_not_held: count(|p| p.not_held),
        labels_seen,
        options: options.clone(),
        unit: unit(prepared).into(),
        rate_hz: prepared.rate,
        peak: prepared.window.before,
        by_label: measure::by_label(&prototypes),
        warnings: warnings(&prototypes, &unnamed),
        classes_without_prototype: unnamed,
        stability,
        prototypes,
    })
}

/// The fitted beats, or some of them evenly over all, clustered with other seeds.
fn clustered_again(
    prepared: &Prepared,
    options: &PrototypeOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Stability, EcgError> {
    let clustered: Vec<usize> = prepared.fitted().filter(|&beat| prepared.clusters[beat] >= 0).collect();
    let rows = super::stability::evenly(&clustered, options.refit_beats);
    let labels: Vec<usize> = rows.iter().map(|&beat| prepared.clusters[beat] as usize).collect();
    let x = prepared.features.select(ndarray::Axis(0), &rows).mapv(f64::from);
    let clusters = prepared.map.clusters.nrows().min(rows.len());
    let method = KMeans { clusters, restarts: prepared.options.restarts, ..KMeans::default() };
    stability(&x.view(), &labels, &method, options.refits, seed, observer, STAGE)
}

/// Classes with fitted beats that are the most frequent of no prototype.
fn without_prototype(prepared: &Prepared, seen: &[i32]) -> Vec<String> {
    let mut present = vec![false; prepared.labels.classes.len()];
    for class in prepared.fitted().filter_map(|beat| prepared.beats[beat].class) {
        present[usize::from(class)] = true;
    }
    let classes = prepared.labels.classes.iter().zip(present);
    classes
        .filter(|(class, there)| *there && !seen.contains(&class.id))
        .map(|(c, _)| c.name.clone())
        .collect()
}

fn warnings(prototypes: &[PrototypeCheck], unnamed: &[String]) -> Vec<String> {
    let mut said = Vec::new();
    if !unnamed.is_empty() {
        said.push(format!(
            "no prototype is called {}: their beats lie in clusters of other classes",
            unnamed.join(" or ")
        ));
    }
    let mut say = |holds: &dyn Fn(&PrototypeCheck) -> bool, one: &str, many: &str| {
        let names: Vec<String> = prototypes.iter().filter(|p| holds(p)).map(name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names[..] {
            [] => {}
            [only] => said.push(format!("prototype {only} {one}")),
            _ => said.push(format!("prototypes {} {many}", few(&names))),
        }
    };
    say(
        &|p| p.not_held,
        "has a name that does not hold for validation patients",
        "have names that do not hold for validation patients",
    );
    say(
        &|p| p.single_patient,
        "is one patient's: it may show that patient and no class",
        "are of one patient each: they may show that patient and no class",
    );
    say(
        &|p| p.overlap.is_some_and(|o| o < DISSOLVED),
        "does not come back with other seeds",
        "do not come back with other seeds",
    );
    say(
        &|p| p.dominant_label == NO_CLASS,
        "has beats without a class most of all",
        "have beats without a class most of all",
    );
    said
}

fn name(prototype: &PrototypeCheck) -> String {
    format!("{} ({})", prototype.prototype_id, prototype.dominant_label_name)
}

#[cfg(test)]
mod tests;
