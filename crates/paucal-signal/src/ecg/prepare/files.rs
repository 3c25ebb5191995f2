//! The files of a folder of prepared beats.
//!
//! | file | what |
//! |---|---|
//! | `beats.npy` | waves: beats × samples, single precision |
//! | `labels.npy` | number of the class of each beat, -100 without one |
//! | `noise_flags.npy` | 1 for noise |
//! | `features.npy` | beats × features (names in `prepared.json`) |
//! | `global_cluster_ids.npy` | label-free cluster of each beat, -1 for noise |
//! | `beat_metadata.csv` | one row for each beat |
//! | `beats.parquet` | the same with scaled RR intervals and principal components |
//! | `context_windows.npz` | `beat_global_id` and `patient` (windows × slots, -1 in empty slots), `mask`, `y`, and on demand `X` (windows × slots × samples) |
//! | `class_templates.npz` | `class_N`: median wave of the class with number N |
//! | `prototype_library.csv`, `prototype_library_waves.npz` | clusters and their median waves, `prototype_N` |
//! | `seed_mined_candidates.csv` | beats like given ones, when some were given |
//! | `feature_map.npz` | mean wave, principal axes, centre and scale of the features, centres of the clusters |
//! | `split.toml`, `labels.toml` | the split and the label map, to edit and use again |
//! | `summary.json` | counts, recordings left out, warnings |
//! | `prepared.json` | everything else; written last, so that a folder without it is not finished |
//!
//! Rows of all files are in the order of `beat_global_id`. `patient` counts [`Prepared::patients`].

use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;
use paucal_core::files;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{LeftOut, PrepareOptions, Prepared, PreparedRecord, Prototype, SCHEMA, Template, metadata};
use crate::ecg::beats::{RrScaler, Window};
use crate::ecg::error::EcgError;
use crate::ecg::labels::{Class, LabelMap};
use crate::ecg::mine::{Candidate, Mined};
use crate::formats::numpy::{
    Array, Rows, Values, single, write_npy, write_npz, write_npz_with, write_single,
};
use paucal_core::run::Input;

/// The last file to be written: a folder that holds it is a finished preparation.
pub const HEADER: &str = "prepared.json";

/// Writes a file.
type Job<'a> = Box<dyn FnOnce() -> Result<(), EcgError> + Send + 'a>;

/// The content of `prepared.json`: what a program needs that learns from the folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub schema: String,
    pub version: String,
    pub seed: u64,
    pub rate_hz: f64,
    pub window: Window,
    pub classes: Vec<Class>,
    pub beats: usize,
    pub features: Vec<String>,
    pub rr_scaler: RrScaler,
    pub options: PrepareOptions,
    pub labels: LabelMap,
    pub patients: Vec<String>,
    pub records: Vec<PreparedRecord>,
    pub left_out: Vec<LeftOut>,
    pub templates: Vec<(usize, usize)>,
    pub prototypes: Vec<Prototype>,
    pub mined: Option<Mined>,
    #[serde(default)]
    pub split_given: bool,
    pub warnings: Vec<String>,
    pub inputs: Vec<Input>,
}

impl Prepared {
    /// Writes the folder; files of an earlier preparation are replaced. See the [module](self).
    pub fn write(&self, folder: &Path) -> Result<(), EcgError> {
        let file = |name: &str| folder.join(name);
        files::create_folder(folder)?;
        // Without its header the folder does not look finished while it is written.
        remove(&file(HEADER))?;
        self.jobs(folder)?.into_par_iter().try_for_each(|job| job())?;
        write_json(&file(HEADER), &self.header())
    }

    /// Everything but the header, one job for each file, the long ones first.
    fn jobs<'a>(&'a self, folder: &'a Path) -> Result<Vec<Job<'a>>, EcgError> {
        let file = |name: &str| folder.join(name);
        let table = Arc::new(metadata::table(self)?);
        let plain = table.clone();
        let mut jobs: Vec<Job<'a>> = vec![
            Box::new(move || self.write_windows(&file("context_windows.npz"))),
            Box::new(move || {
                Ok(paucal_data::write(&file("beat_metadata.csv"), &metadata::plain(self, &plain))?)
            }),
            Box::new(move || Ok(paucal_data::write(&file("beats.parquet"), &table)?)),
            Box::new(move || {
                let shape = [self.beats.len(), self.window.length()];
                Ok(write_single(&file("beats.npy"), &shape, &self.waves)?)
            }),
        ];
        jobs.extend(self.array_jobs(folder));
        jobs.push(Box::new(move || {
            Ok(files::write_atomic(&file("prototype_library.csv"), self.prototype_rows().as_bytes())?)
        }));
        jobs.push(Box::new(move || match &self.mined {
            Some(mined) => {
                let rows = self.mined_rows(&mined.candidates);
                Ok(files::write_atomic(&file("seed_mined_candidates.csv"), rows.as_bytes())?)
            }
            None => remove(&file("seed_mined_candidates.csv")),
        }));
        jobs.push(Box::new(move || {
            Ok(files::write_atomic(&file("split.toml"), self.split().to_toml().as_bytes())?)
        }));
        jobs.push(Box::new(move || {
            Ok(files::write_atomic(&file("labels.toml"), self.labels.to_toml()?.as_bytes())?)
        }));
        jobs.push(Box::new(move || write_json(&file("summary.json"), &self.summary())));
        Ok(jobs)
    }

    fn header(&self) -> Header {
        Header {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: self.seed.0,
            rate_hz: self.rate,
            window: self.window,
            classes: self.labels.classes.clone(),
            beats: self.beats.len(),
            features: self.map.names(),
            rr_scaler: self.map.rr,
            options: self.options.clone(),
            labels: self.labels.clone(),
            patients: self.patients.clone(),
            records: self.records.clone(),
            left_out: self.left_out.clone(),
            templates: self.templates.iter().map(|t| (t.class, t.beats)).collect(),
            prototypes: self.prototypes.clone(),
            mined: self.mined.clone(),
            split_given: self.split_given,
            warnings: self.warnings.clone(),
            inputs: self.inputs.clone(),
        }
    }

    /// The arrays but waves and windows.
    fn array_jobs<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = Job<'a>> {
        let whole = |values: Vec<i32>| Array { shape: vec![values.len()], values: Values::I32(values) };
        let labels = self.beats.iter().map(|beat| self.labels.id(beat.class)).collect();
        let noise = self.beats.iter().map(|beat| i32::from(beat.noise)).collect();
        let features = Array {
            shape: vec![self.beats.len(), self.features.ncols()],
            values: Values::F32(self.features.iter().copied().collect()),
        };
        let single = [
            ("features.npy", features),
            ("labels.npy", whole(labels)),
            ("noise_flags.npy", whole(noise)),
            ("global_cluster_ids.npy", whole(self.clusters.clone())),
        ];
        let wave = |wave: &[f32]| Array { shape: vec![wave.len()], values: Values::F32(wave.to_vec()) };
        let template =
            |t: &Template| (format!("class_{}", self.labels.id(Some(t.class as u16))), wave(&t.wave));
        let prototype = |p: &Prototype| (format!("prototype_{}", p.id), wave(&p.wave));
        let vector = |v: &[f64]| Array { shape: vec![v.len()], values: Values::F64(v.to_vec()) };
        let map = [
            ("mean", vector(&self.map.mean)),
            ("axes", matrix(&self.map.axes)),
            ("ratios", vector(&self.map.ratios)),
            ("centre", vector(&self.map.centre)),
            ("scale", vector(&self.map.scale)),
            ("clusters", matrix(&self.map.clusters)),
        ];
        let archives = [
            ("class_templates.npz", self.templates.iter().map(template).collect::<Vec<_>>()),
            ("prototype_library_waves.npz", self.prototypes.iter().map(prototype).collect()),
            ("feature_map.npz", map.map(|(name, array)| (name.to_owned(), array)).into()),
        ];
        let single = single.into_iter().map(move |(name, array)| -> Job<'a> {
            Box::new(move || Ok(write_npy(&folder.join(name), &array)?))
        });
        single.chain(archives.into_iter().map(move |(name, arrays)| -> Job<'a> {
            Box::new(move || Ok(write_npz(&folder.join(name), &arrays)?))
        }))
    }

    fn write_windows(&self, path: &Path) -> Result<(), EcgError> {
        let (count, width, length) = (self.windows.len(), self.windows.width(), self.window.length());
        let labels = self.windows.centres().map(|beat| self.labels.id(self.beats[beat].class)).collect();
        let arrays = [
            ("y".to_owned(), Array { shape: vec![count], values: Values::I32(labels) }),
            (
                "mask".to_owned(),
                Array { shape: vec![count, width], values: Values::F32(self.windows.mask()) },
            ),
            ("beat_global_id".to_owned(), self.windows.by_slot(|beat| beat as i32, -1)),
            ("patient".to_owned(), self.windows.by_slot(|beat| self.record_of(beat).patient as i32, -1)),
        ];
        let waves = self.options.window_waves.then(|| Rows {
            name: "X",
            shape: vec![count, width, length],
            fill: Box::new(move |windows, out| {
                windows.for_each(|i| single(&self.windows.waves(i, &self.waves, length), out));
            }),
        });
        Ok(write_npz_with(path, waves, &arrays)?)
    }

    fn prototype_rows(&self) -> String {
        let id = |class: Option<usize>| self.labels.id(class.map(|c| c as u16));
        let row = |p: &Prototype| {
            let pairs = |n: usize| {
                let shown = p.mix.iter().take(n).map(|&(class, count)| format!("{}:{count}", id(class)));
                shown.collect::<Vec<_>>().join(";")
            };
            let examples = p.examples.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            let dominant = p.mix.first().map_or(crate::ecg::labels::NO_CLASS, |(class, _)| id(*class));
            format!(
                "{},{},{dominant},{},{},{},\"{examples}\",{},{:.6},{},{}\n",
                p.id,
                p.size,
                pairs(3),
                p.rr_previous,
                p.rr_next,
                pairs(usize::MAX),
                p.purity(),
                p.patients,
                p.admitted,
            )
        };
        let header = "prototype_id,size,dominant_label,label_mix_top3,rr_prev_mean,rr_next_mean,\
                      example_beat_ids,label_mix,purity,patients,admitted\n";
        std::iter::once(header.to_owned()).chain(self.prototypes.iter().map(row)).collect()
    }

    /// The content of `seed_mined_candidates.csv`.
    pub(crate) fn mined_rows(&self, candidates: &[Candidate]) -> String {
        let row = |c: &Candidate| {
            let beat = c.candidate_beat_global_id;
            let source = self.records.partition_point(|record| record.first <= beat) - 1;
            let record = &self.records[source];
            let seconds = |v: Option<f32>| v.map(|v| v.to_string()).unwrap_or_default();
            let rr = self.beats[beat].rr;
            [
                c.seed_label.clone(),
                c.seed_beat_global_id.to_string(),
                beat.to_string(),
                c.similarity.to_string(),
                source.to_string(),
                self.patients[record.patient].clone(),
                seconds(rr.previous),
                seconds(rr.next),
                record.name.clone(),
            ]
        };
        let header = [
            "seed_label",
            "seed_beat_global_id",
            "candidate_beat_global_id",
            "similarity",
            "source_row",
            "patient_id",
            "rr_prev_sec",
            "rr_next_sec",
            "record",
        ];
        let lines = std::iter::once(header.map(str::to_owned)).chain(candidates.iter().map(row));
        lines.map(|cells| cells.map(|cell| quoted(&cell)).join(",") + "\n").collect()
    }
}

/// A cell of a CSV file, in quotes where it must be.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn matrix(of: &Array2<f64>) -> Array {
    Array { shape: vec![of.nrows(), of.ncols()], values: Values::F64(of.iter().copied().collect()) }
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), EcgError> {
    let damaged =
        |e: serde_json::Error| EcgError::Damaged { path: path.display().to_string(), message: e.to_string() };
    let mut text = serde_json::to_string_pretty(value).map_err(damaged)?;
    text.push('\n');
    Ok(files::write_atomic(path, text.as_bytes())?)
}

/// Removes a file if it is there.
fn remove(path: &Path) -> Result<(), EcgError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(files::FileError { action: "remove", path: path.into(), source }.into())
        }
        _ => Ok(()),
    }
}
