//! The beats that a prediction held back.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;
use paucal_core::files;

use crate::ecg::error::EcgError;
use crate::formats::numpy::{Array, Values, read_npz};

/// The list of all beats in a folder of predictions.
const LIST: &str = "beat_predictions.csv";
/// The waves and features of those that were held back.
const ARRAYS: &str = "review_beats.npz";
/// The most numbers in the archive.
const MOST: u64 = 1 << 32;
const HINT: &str = "predict the recordings again into a new folder";

/// The beats that were held back, in one order throughout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeldBack {
    /// Beats that were predicted, with and without a class.
    pub beats_in_all: usize,
    /// `beat_global_id` of each.
    pub ids: Vec<usize>,
    /// Recording of each.
    pub records: Vec<String>,
    /// Patient of each.
    pub patients: Vec<String>,
    /// Samples of a wave.
    pub length: usize,
    /// The waves, one after the other.
    pub waves: Vec<f32>,
    /// Beats × features.
    pub features: Array2<f32>,
    /// Samples per second of the waves.
    pub rate_hz: f64,
    /// Sample of the R peak within a wave, where it is known.
    pub peak: Option<usize>,
    /// Unit of the waves; empty if not known.
    pub unit: String,
}

/// What the list says of a beat that was held back.
struct Listed {
    record: String,
    patient: String,
}

impl HeldBack {
    /// The files that are read.
    pub const FILES: [&'static str; 2] = [LIST, ARRAYS];

    /// Reads the output folder of `paucal ecg predict`: `beat_predictions.csv` (columns `beat_global_id`, `record`,
    /// `patient`, `review_flag`) and `review_beats.npz` (`beat_global_id`, `waves`, `features`, `rate`, and, where
    /// they are there, `peak` and `millivolts`). Beats are joined by `beat_global_id`.
    pub fn open(folder: &Path) -> Result<Self, EcgError> {
        let (beats_in_all, mut listed) = read_list(&folder.join(LIST))?;
        if listed.is_empty() && !folder.join(ARRAYS).is_file() {
            return Ok(Self { beats_in_all, ..Self::default() });
        }
        let path = folder.join(ARRAYS);
        let arrays: BTreeMap<String, Array> = read_npz(&path, MOST)?.into_iter().collect();
        let damaged = |message: String| EcgError::Damaged { path: path.display().to_string(), message };
        let array =
            |name: &str| arrays.get(name).ok_or_else(|| damaged(format!("there is no array '{name}'")));
        let ids: Vec<usize> =
            array("beat_global_id")?.values.to_f64().into_iter().map(|v| v.max(0.0) as usize).collect();
        let (length, waves) = matrix(array("waves")?, ids.len()).map_err(damaged)?;
        let (columns, features) = matrix(array("features")?, ids.len()).map_err(damaged)?;
        let features =
            Array2::from_shape_vec((ids.len(), columns), features).map_err(|e| damaged(e.to_string()))?;
        let rate_hz = array("rate")?.values.to_f64().first().copied().unwrap_or(f64::NAN);
        let peak = arrays
            .get("peak")
            .and_then(|peak| peak.values.to_f64().first().copied())
            .map(|v| v.max(0.0) as usize);
        let known = listed.len();
        let of = |id: &usize| {
            listed
                .remove(id)
                .ok_or_else(|| damaged(format!("beat {id} is not held back in {LIST}, or is here twice")))
        };
        let beats: Vec<Listed> = ids.iter().map(of).collect::<Result<_, _>>()?;
        if beats.len() != known {
            let missing = known - beats.len();
            return Err(damaged(format!("{missing} beats that {LIST} holds back are missing")));
        }
        let (records, patients) = beats.into_iter().map(|b| (b.record, b.patient)).unzip();
        let millivolts = arrays.get("millivolts").is_some_and(|flag| flag.values.to_f64() == [1.0]);
        let unit = if millivolts { "mV".to_owned() } else { String::new() };
        let read =
            Self { beats_in_all, ids, records, patients, length, waves, features, rate_hz, peak, unit };
        read.check()?;
        Ok(read)
    }

    /// The wave of a row.
    pub fn wave(&self, row: usize) -> &[f32] {
        &self.waves[row * self.length..(row + 1) * self.length]
    }

    /// The patients, each once.
    pub fn patient_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.patients.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether everything is of the same beats.
    pub(super) fn check(&self) -> Result<(), EcgError> {
        let n = self.ids.len();
        let fits = [self.records.len(), self.patients.len(), self.features.nrows()] == [n, n, n]
            && self.waves.len() == n * self.length;
        if !fits {
            return Err(EcgError::beats("waves, features and names are not of the same beats", HINT));
        }
        if n > 0
            && !(self.rate_hz.is_finite()
                && self.rate_hz > 0.0
                && self.length > 0
                && self.features.ncols() > 0)
        {
            return Err(EcgError::beats("the beats have no waves, no features or no sampling rate", HINT));
        }
        if self.waves.iter().chain(&self.features).any(|v| !v.is_finite()) {
            return Err(EcgError::beats("a wave or a feature is not a finite number", HINT));
        }
        Ok(())
    }
}

/// All beats, and what is said of those with `review_flag` 1, by `beat_global_id`.
fn read_list(path: &Path) -> Result<(usize, BTreeMap<usize, Listed>), EcgError> {
    let text = files::read_text(path)?;
    let damaged = |message: String| EcgError::Damaged { path: path.display().to_string(), message };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| damaged(e.to_string()))?.clone();
    let column = |name: &str| {
        header.iter().position(|h| h == name).ok_or_else(|| damaged(format!("there is no column '{name}'")))
    };
    let [id, record, patient, flag] =
        [column("beat_global_id")?, column("record")?, column("patient")?, column("review_flag")?];
    let (mut all, mut held) = (0, BTreeMap::new());
    for row in reader.records() {
        let row = row.map_err(|e| damaged(e.to_string()))?;
        all += 1;
        if !matches!(row.get(flag), Some("1" | "true" | "True")) {
            continue;
        }
        let cell = |at: usize| row.get(at).unwrap_or_default().to_owned();
        let number: usize =
            cell(id).parse().map_err(|_| damaged(format!("'{}' is no beat_global_id", cell(id))))?;
        let listed = Listed { record: cell(record), patient: cell(patient) };
        if held.insert(number, listed).is_some() {
            return Err(damaged(format!("beat {number} is listed twice")));
        }
    }
    Ok((all, held))
}

/// The columns and values of a matrix with so many rows.
fn matrix(array: &Array, rows: usize) -> Result<(usize, Vec<f32>), String> {
    match array.shape[..] {
        [found, columns] if found == rows => Ok((
            columns,
            match &array.values {
                Values::F32(values) => values.clone(),
                _ => array.values.to_f64().into_iter().map(|v| v as f32).collect(),
            },
        )),
        _ => Err(format!("an array has the shape {:?} where {rows} rows are expected", array.shape)),
    }
}
