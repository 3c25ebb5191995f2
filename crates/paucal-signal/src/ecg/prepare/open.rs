//! Reading a folder of prepared beats back.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;
use paucal_core::{Seed, files};

use super::files::{HEADER, Header};
use super::{FeatureMap, Prepared, Prototype, SCHEMA, Template};
use crate::ecg::beats::{Beat, Compat, Rr};
use crate::ecg::context::ContextWindows;
use crate::ecg::error::EcgError;
use crate::formats::numpy::{Array, Values, read_npy, read_npz};

/// The most numbers in an archive: context windows with their waves of a day of ECG.
const MOST: u64 = 1 << 32;

fn damaged(path: &Path, message: impl Into<String>) -> EcgError {
    EcgError::Damaged { path: path.display().to_string(), message: message.into() }
}

impl Prepared {
    /// Reads what [`write`](Self::write) wrote.
    pub fn open(folder: &Path) -> Result<Self, EcgError> {
        let header = read_header(folder)?;
        let length = header.window.length();
        let waves = singles(folder, "beats.npy", &[header.beats, length])?;
        let features = singles(folder, "features.npy", &[header.beats, header.features.len()])?;
        let features = Array2::from_shape_vec((header.beats, header.features.len()), features)
            .map_err(|e| damaged(folder, e.to_string()))?;
        let clusters = match read_npy(&folder.join("global_cluster_ids.npy"))? {
            Array { values: Values::I32(ids), .. } if ids.len() == header.beats => ids,
            _ => {
                return Err(damaged(
                    &folder.join("global_cluster_ids.npy"),
                    "it does not hold one cluster per beat",
                ));
            }
        };
        let (beats, local_clusters) = read_beats(folder, &header)?;
        let templates = read_npz(&folder.join("class_templates.npz"), MOST)?.into_iter().map(|(_, a)| a);
        let templates = header.templates.iter().zip(templates).map(|(&(class, beats), array)| Template {
            class,
            beats,
            wave: single(array.values),
        });
        let templates: Vec<Template> = templates.collect();
        let waves_of =
            read_npz(&folder.join("prototype_library_waves.npz"), MOST)?.into_iter().map(|(_, a)| a);
        let prototypes: Vec<Prototype> = header
            .prototypes
            .iter()
            .zip(waves_of)
            .map(|(prototype, array)| Prototype { wave: single(array.values), ..prototype.clone() })
            .collect();
        if (templates.len(), prototypes.len()) != (header.templates.len(), header.prototypes.len()) {
            return Err(damaged(folder, "templates or prototypes are missing"));
        }
        let counts: Vec<usize> = header.records.iter().map(|record| record.beats).collect();
        let radius = header.options.context_radius;
        let windows = match header.options.compat() {
            Compat::Corrected => ContextWindows::new(&counts, radius),
            Compat::Spec => ContextWindows::over(&counts, radius, |beat| !beats[beat].noise),
        };
        Ok(Self {
            map: read_map(folder, &header)?,
            seed: Seed(header.seed),
            options: header.options,
            labels: header.labels,
            rate: header.rate_hz,
            window: header.window,
            records: header.records,
            left_out: header.left_out,
            patients: header.patients,
            beats,
            waves,
            features,
            clusters,
            local_clusters,
            templates,
            prototypes,
            windows,
            mined: header.mined,
            split_given: header.split_given,
            inputs: header.inputs,
            warnings: header.warnings,
        })
    }
}

/// Reads and checks `prepared.json`.
fn read_header(folder: &Path) -> Result<Header, EcgError> {
    let path = folder.join(HEADER);
    if folder.is_dir() && !path.is_file() {
        return Err(damaged(folder, format!("there is no {HEADER}: it holds no finished preparation")));
    }
    let text = files::read_text(&path)?;
    let plain: serde_json::Value = serde_json::from_str(&text).map_err(|e| damaged(&path, e.to_string()))?;
    let schema = plain.get("schema").and_then(|s| s.as_str()).unwrap_or_default();
    if schema != SCHEMA {
        return Err(damaged(&path, format!("its format is '{schema}', this program reads '{SCHEMA}'")));
    }
    let header: Header = serde_json::from_value(plain).map_err(|e| damaged(&path, e.to_string()))?;
    let mut next = 0;
    for record in &header.records {
        if record.first != next || record.patient >= header.patients.len() {
            return Err(damaged(
                &path,
                format!("recording '{}' does not follow the one before", record.name),
            ));
        }
        next += record.beats;
    }
    if next != header.beats {
        return Err(damaged(&path, format!("its recordings have {next} beats, not {}", header.beats)));
    }
    Ok(header)
}

/// An array of single precision and known shape.
fn singles(folder: &Path, name: &str, shape: &[usize]) -> Result<Vec<f32>, EcgError> {
    let path = folder.join(name);
    let array = read_npy(&path)?;
    match array.values {
        Values::F32(values) if array.shape == shape => Ok(values),
        _ => {
            Err(damaged(&path, format!("its shape is {:?}, not {shape:?} in single precision", array.shape)))
        }
    }
}

fn single(values: Values) -> Vec<f32> {
    match values {
        Values::F32(values) => values,
        other => other.to_f64().into_iter().map(|v| v as f32).collect(),
    }
}

/// The feature map.
fn read_map(folder: &Path, header: &Header) -> Result<FeatureMap, EcgError> {
    let path = folder.join("feature_map.npz");
    let mut arrays: BTreeMap<String, Array> = read_npz(&path, MOST)?.into_iter().collect();
    let mut take =
        |name: &str| arrays.remove(name).ok_or_else(|| damaged(&path, format!("'{name}' is missing")));
    let vector = |array: Array| array.values.to_f64();
    let matrix = |array: Array| {
        let [rows, columns] = array.shape[..] else { return Err(damaged(&path, "a matrix was expected")) };
        Array2::from_shape_vec((rows, columns), array.values.to_f64())
            .map_err(|e| damaged(&path, e.to_string()))
    };
    let map = FeatureMap {
        compat: header.options.compat(),
        mean: vector(take("mean")?),
        axes: matrix(take("axes")?)?,
        ratios: vector(take("ratios")?),
        rr: header.rr_scaler,
        centre: vector(take("centre")?),
        scale: vector(take("scale")?),
        clusters: matrix(take("clusters")?)?,
    };
    let width = header.features.len();
    let fits = map.mean.len() == header.window.length()
        && map.axes.ncols() == map.mean.len()
        && [map.centre.len(), map.scale.len(), map.clusters.ncols()] == [width; 3]
        && map.names() == header.features;
    if fits { Ok(map) } else { Err(damaged(&path, "its shapes do not fit together")) }
}

/// The beats of `beat_metadata.csv`, and the cluster of each within its class.
fn read_beats(folder: &Path, header: &Header) -> Result<(Vec<Beat>, Vec<i32>), EcgError> {
    let path = folder.join("beat_metadata.csv");
    let text = files::read_text(&path)?;
    let wrong = |message: String| damaged(&path, message);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().map_err(|e| wrong(e.to_string()))?.clone();
    let column = |name: &str| {
        names.iter().position(|n| n == name).ok_or_else(|| wrong(format!("there is no column '{name}'")))
    };
    let wanted = [
        "beat_index_in_record",
        "r_index",
        "symbol",
        "record_label",
        "rr_prev_sec",
        "rr_next_sec",
        "rr_local_sec",
        "rr_record_sec",
        "quality_score",
        "noise_reasons",
        "noise_flag",
        "local_cluster_id",
    ];
    let places: Vec<usize> = wanted.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
    let (mut beats, mut local) = (Vec::with_capacity(header.beats), Vec::with_capacity(header.beats));
    for (line, row) in (2..).zip(reader.records()) {
        let row = row.map_err(|e| wrong(e.to_string()))?;
        let cells: Vec<&str> = places.iter().map(|&at| row.get(at).unwrap_or_default()).collect();
        let (beat, cluster) =
            read_beat(&cells, header).ok_or_else(|| wrong(format!("line {line} cannot be read")))?;
        beats.push(beat);
        local.push(cluster);
    }
    if beats.len() != header.beats {
        return Err(wrong(format!("it has {} beats, not {}", beats.len(), header.beats)));
    }
    Ok((beats, local))
}

/// A beat and its cluster from the cells that [`read_beats`] picks.
fn read_beat(cells: &[&str], header: &Header) -> Option<(Beat, i32)> {
    let real = |text: &str| if text.is_empty() { Some(None) } else { text.parse::<f32>().ok().map(Some) };
    let id: i32 = cells[3].parse().ok()?;
    let rr = Rr {
        previous: real(cells[4])?,
        next: real(cells[5])?,
        local: real(cells[6])?,
        record: real(cells[7])?,
    };
    let beat = Beat {
        index: cells[0].parse().ok()?,
        position: cells[1].parse().ok()?,
        symbol: cells[2].chars().next(),
        class: header.classes.iter().position(|class| class.id == id).map(|at| at as u16),
        rr,
        noise_score: cells[8].parse().ok()?,
        reasons: cells[9].parse().ok()?,
        noise: cells[10] == "1",
    };
    Some((beat, cells[11].parse().ok()?))
}
