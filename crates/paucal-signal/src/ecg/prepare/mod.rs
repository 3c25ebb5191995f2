//! From recordings to a folder that a classifier of beats can learn from.
//!
//! [`prepare`] reads every recording (one that cannot be used is named, with the reason, and never stops the
//! others), cuts out and judges its beats, splits by patient, and fits features, clusters, class templates and
//! prototypes on the training patients only. [`Prepared::write`] puts everything into a folder
//! ([`files`]), [`Prepared::open`] reads it back.
//!
//! Every beat has a `beat_global_id`, its position in [`Prepared::beats`] and in every array of the folder:
//! recordings in the order given, beats in order of time. Nothing is ever joined by anything else.
//!
//! ```
//! use paucal_core::{Seed, Silent};
//! use paucal_signal::ecg::prepare::{PrepareOptions, Prepared, Sources, prepare};
//! use paucal_signal::formats::discover;
//!
//! # let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mitdb-minute");
//! let sources = Sources { files: discover(&[data])?, ..Sources::default() };
//! let prepared = prepare(&sources, &PrepareOptions::default(), Seed(1), &Silent::new())?;
//! assert_eq!(prepared.class_counts(None, |beat| !beat.noise)[1..], [5, 7, 4, 0]); // S, V, F, Q
//!
//! let folder = tempfile::tempdir()?;
//! prepared.write(folder.path())?;
//! assert!(Prepared::open(folder.path())? == prepared);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod features;
pub mod files;
mod gather;
mod inputs;
mod metadata;
mod open;
mod options;
mod prototypes;
mod steps;
mod summary;
mod warnings;

use ndarray::Array2;
use paucal_core::run::Input;
use paucal_core::{Event, Observer, Seed};
use serde::{Deserialize, Serialize};

pub use self::features::{FeatureMap, Shapes};
pub use self::files::HEADER;
pub use self::inputs::hashes;
pub use self::options::{Paced, PrepareOptions, Sources};
pub(crate) use self::prototypes::median_wave;
pub use self::prototypes::{Prototype, Template};
pub use self::summary::Summary;

use super::beats::{Beat, Compat, Window};
use super::context::ContextWindows;
use super::error::EcgError;
use super::labels::LabelMap;
use super::mine::Mined;
use super::quality::RecordQuality;
use super::split::{Side, SplitFile};
use gather::gather;

/// Name and version of the format of prepared folders.
pub const SCHEMA: &str = "paucal.ecg.prepare/1";
/// Name of the stage in progress events.
const STAGE: &str = "prepare ecg";

/// Prepared beats.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The seed of the split and of the clusters.
    pub seed: Seed,
    /// The options.
    pub options: PrepareOptions,
    /// What beats are called.
    pub labels: LabelMap,
    /// Sampling rate of the beats, in Hz.
    pub rate: f64,
    /// The samples of a beat.
    pub window: Window,
    /// The recordings in order.
    pub records: Vec<PreparedRecord>,
    /// The recordings that could not be used.
    pub left_out: Vec<LeftOut>,
    /// The patients, in order of first appearance.
    pub patients: Vec<String>,
    /// Every beat; its position is its `beat_global_id`.
    pub beats: Vec<Beat>,
    /// The waves of the beats, one after the other.
    pub waves: Vec<f32>,
    /// How features and clusters are made.
    pub map: FeatureMap,
    /// Beats × features.
    pub features: Array2<f32>,
    /// Label-free cluster of each beat, -1 for noise.
    pub clusters: Vec<i32>,
    /// Cluster within its class of each fitted beat, -1 for all others.
    pub local_clusters: Vec<i32>,
    /// The median wave of each class.
    pub templates: Vec<Template>,
    /// The median wave of each cluster, largest first.
    pub prototypes: Vec<Prototype>,
    /// Each beat among its neighbours.
    pub windows: ContextWindows,
    /// Beats like given ones, when some were given.
    pub mined: Option<Mined>,
    /// Whether the split was given, not dealt.
    pub split_given: bool,
    /// The files that were read.
    pub inputs: Vec<Input>,
    /// What somebody should look at, in plain sentences.
    pub warnings: Vec<String>,
}

/// A recording among the prepared ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PreparedRecord {
    /// Its name.
    pub name: String,
    /// Its patient, as a position in [`Prepared::patients`].
    pub patient: usize,
    /// Its side of the split.
    pub side: Side,
    /// `beat_global_id` of its first beat.
    pub first: usize,
    /// Its beats.
    pub beats: usize,
    /// Its peaks, of which those too near to its ends gave no beat.
    pub peaks: usize,
    /// The lead that was used.
    pub lead: String,
    /// Its sampling rate, in Hz.
    pub source_rate: f64,
    /// Its length in seconds.
    pub seconds: f64,
    /// Whether its beats have the label of the recording as a whole.
    pub weak: bool,
    /// Its signal as a whole.
    pub quality: RecordQuality,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// A recording that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name, or that of its file.
    pub record: String,
    /// Why.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Prepares recordings. The result depends on the recordings, the options and the seed, never on the number of
/// threads.
pub fn prepare(
    sources: &Sources,
    options: &PrepareOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Prepared, EcgError> {
    options.check()?;
    let gathered = gather(sources, options, observer)?;
    let mut prepared = steps::number(gathered, sources, options, seed)?;
    steps::split(&mut prepared, sources.split.as_ref())?;
    if options.compat() == Compat::Spec {
        steps::literal_noise(&mut prepared)?;
    }
    stop_if_asked(observer)?;
    steps::fit(&mut prepared)?;
    let notable = warnings::notable(&prepared);
    prepared.warnings.extend(notable);
    for warning in &prepared.warnings {
        observer.warn(warning.clone());
    }
    observer.event(Event::Finished { stage: STAGE.into() });
    Ok(prepared)
}

/// Recordings cut into beats, and nothing else: no side, nothing fitted. What a model is used on.
pub fn cut(
    sources: &Sources,
    options: &PrepareOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Prepared, EcgError> {
    options.check()?;
    let gathered = gather(sources, options, observer)?;
    let mut prepared = steps::number(gathered, sources, options, seed)?;
    let notable = warnings::of_recordings(&prepared);
    prepared.warnings.extend(notable);
    observer.event(Event::Finished { stage: STAGE.into() });
    Ok(prepared)
}

fn stop_if_asked(observer: &dyn Observer) -> Result<(), EcgError> {
    if observer.cancelled() { Err(EcgError::Interrupted) } else { Ok(()) }
}

impl Prepared {
    /// The recording of a beat.
    pub fn record_of(&self, beat: usize) -> &PreparedRecord {
        let next = self.records.partition_point(|record| record.first <= beat);
        &self.records[next.saturating_sub(1)]
    }

    /// The wave of a beat.
    pub fn wave(&self, beat: usize) -> &[f32] {
        let length = self.window.length();
        &self.waves[beat * length..(beat + 1) * length]
    }

    /// The beats of a side of the split.
    pub fn of_side(&self, side: Side) -> impl Iterator<Item = usize> + '_ {
        let records = self.records.iter().filter(move |record| record.side == side);
        records.flat_map(|record| record.first..record.first + record.beats)
    }

    /// The beats of a side that have a class and are not noise: what a classifier learns from, or is judged on.
    pub fn usable(&self, side: Side) -> impl Iterator<Item = usize> + '_ {
        self.of_side(side).filter(|&beat| !self.beats[beat].noise && self.beats[beat].class.is_some())
    }

    /// The beats on which features, clusters and templates are fitted: those of the training patients that are
    /// not noise; in the literal variant, of all patients.
    pub fn fitted(&self) -> impl Iterator<Item = usize> + '_ {
        let all = self.options.compat() == Compat::Spec;
        let records = self.records.iter().filter(move |record| all || record.side == Side::Train);
        let beats = records.flat_map(|record| record.first..record.first + record.beats);
        beats.filter(|&beat| !self.beats[beat].noise)
    }

    /// The beats of each class in a recording for which `keep` holds.
    pub fn counts(&self, record: &PreparedRecord, keep: impl Fn(&Beat) -> bool) -> Vec<usize> {
        let mut counts = vec![0; self.labels.classes.len()];
        for beat in self.beats[record.first..record.first + record.beats].iter().filter(|beat| keep(beat)) {
            if let Some(class) = beat.class {
                counts[usize::from(class)] += 1;
            }
        }
        counts
    }

    /// The beats of each class on a side, or on all, for which `keep` holds.
    pub fn class_counts(&self, side: Option<Side>, keep: impl Fn(&Beat) -> bool) -> Vec<usize> {
        let mut sums = vec![0; self.labels.classes.len()];
        for record in self.records.iter().filter(|record| side.is_none_or(|side| record.side == side)) {
            sums.iter_mut().zip(self.counts(record, &keep)).for_each(|(sum, n)| *sum += n);
        }
        sums
    }

    /// Splits the recordings anew. Only the sides change: features, clusters and prototypes stay those of the
    /// earlier training patients.
    pub fn set_split(&mut self, file: &SplitFile) -> Result<(), EcgError> {
        steps::split(self, Some(file))
    }

    /// Keeps only the named classes, in the order of the label map; beats of others have no class afterwards.
    /// Templates and prototypes, which name the earlier classes, are dropped.
    pub fn keep_classes(&mut self, names: &[String]) {
        let (labels, places) = self.labels.keep(names);
        for beat in &mut self.beats {
            beat.class = beat.class.and_then(|class| places[usize::from(class)]).map(|at| at as u16);
        }
        self.labels = labels;
        self.templates.clear();
        self.prototypes.clear();
    }

    /// The split as a file.
    pub fn split(&self) -> SplitFile {
        SplitFile::of(self.records.iter().map(|record| (record.name.as_str(), record.side)))
    }

    /// The beats that are not noise on a plane, for a figure: `beat_global_id` and the first two principal
    /// components of the features, fitted on the training patients.
    pub fn plane(&self) -> Result<Vec<(usize, [f32; 2])>, EcgError> {
        let select = |rows: &[usize]| self.features.select(ndarray::Axis(0), rows).mapv(f64::from);
        let fitted: Vec<usize> = self.fitted().collect();
        if fitted.len() < 3 || self.features.ncols() < 2 {
            return Ok(Vec::new());
        }
        let plane = paucal_learn::Pca { components: Some(2) }.fit(select(&fitted).view())?;
        let shown: Vec<usize> = (0..self.beats.len()).filter(|&beat| !self.beats[beat].noise).collect();
        let points = plane.transform(select(&shown).view());
        Ok(shown.into_iter().zip(points.rows()).map(|(beat, p)| (beat, [p[0] as f32, p[1] as f32])).collect())
    }
}
