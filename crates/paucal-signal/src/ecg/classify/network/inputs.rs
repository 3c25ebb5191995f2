//! What networks see: waves and features in the units of the training beats.

use ndarray::Array2;
use paucal_nn::beats::Beside;
use paucal_nn::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::ecg::classify::features::FittedFeatures;
use crate::ecg::classify::{Bank, BankOptions, BeatFeatures, Beats, TrainingBeats};
use crate::ecg::context::{ContextWindows, EMPTY};
use crate::ecg::error::EcgError;
use paucal_core::Seed;

/// Scaled features are held within this.
const LIMIT: f64 = 10.0;

/// What a network is to see.
#[derive(Debug, Clone)]
pub(in crate::ecg::classify) struct Wanted<'a> {
    /// Beats on either side.
    pub radius: usize,
    /// Features beside the wave.
    pub features: Option<&'a BeatFeatures>,
    /// Prototypes, and how many of the largest similarities are taken.
    pub bank: Option<(&'a BankOptions, usize)>,
}

/// Scalers, features and prototypes, fitted to training beats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::ecg::classify) struct Inputs {
    rate: f64,
    before: usize,
    pub length: usize,
    pub radius: usize,
    /// Mean of the samples of the training waves, and their standard deviation.
    wave: [f32; 2],
    features: Option<FittedFeatures>,
    /// Median of each feature and the distance of its quartiles.
    scales: Vec<[f64; 2]>,
    pub bank: Option<Bank>,
    /// How many of the largest similarities are taken.
    top: usize,
    pub classes: usize,
}

/// What is known of selected beats.
pub(in crate::ecg::classify) struct Seen {
    /// The beats in the slots of each, as positions among all; [`EMPTY`] beyond the ends of a recording.
    pub slots: Vec<i32>,
    pub table: Option<Array2<f32>>,
    pub prototypes: Option<Array2<f32>>,
}

impl Inputs {
    /// Fits to the beats of a training set.
    pub fn fit(wanted: &Wanted<'_>, training: &TrainingBeats<'_>, seed: Seed) -> Result<Self, EcgError> {
        let beats = &training.beats;
        let features = wanted.features.map(|features| features.fit(beats)).transpose()?;
        let table = features.as_ref().map(|features| features.transform(beats)).transpose()?;
        let scales = table.map_or_else(Vec::new, |x| {
            x.columns().into_iter().map(|column| robust(column.iter().copied())).collect()
        });
        let bank = wanted.bank.map(|(options, _)| options.fit(training, seed)).transpose()?;
        Ok(Self {
            rate: beats.rate,
            before: beats.window.before,
            length: beats.window.length(),
            radius: wanted.radius,
            wave: moments(beats),
            features,
            scales,
            bank,
            top: wanted.bank.map_or(0, |(_, top)| top),
            classes: training.names.len(),
        })
    }

    /// Beats that a decision looks at.
    pub fn slots(&self) -> usize {
        2 * self.radius + 1
    }

    /// Features beside the wave.
    pub fn table_width(&self) -> usize {
        self.scales.len()
    }

    /// Similarities with prototypes.
    pub fn prototype_width(&self) -> usize {
        if self.bank.is_some() { self.top + self.classes } else { 0 }
    }

    /// Whether what was read from a file holds together.
    pub fn consistent(&self, classes: usize) -> bool {
        let features = self.features.as_ref().map_or(0, |features| features.names().len());
        let bank = self.bank.as_ref().is_none_or(|bank| bank.consistent(classes));
        bank && features == self.scales.len() && self.classes == classes && self.length > self.before
    }

    /// Looks at the selected beats.
    pub fn see(&self, beats: &Beats<'_>) -> Result<Seen, EcgError> {
        beats.check()?;
        beats.must_be(self.rate, self.before, self.length)?;
        let table = match &self.features {
            Some(features) => Some(self.scale(&features.transform(beats)?)),
            None => None,
        };
        let prototypes = match &self.bank {
            Some(bank) => Some(bank.features(&bank.similarities(beats)?, self.top, self.classes)),
            None => None,
        };
        let lengths: Vec<usize> = beats.records.iter().map(|record| record.beats).collect();
        let windows = ContextWindows::new(&lengths, self.radius);
        let slots = beats.rows.iter().flat_map(|&row| windows.window(row)).copied().collect();
        Ok(Seen { slots, table, prototypes })
    }

    /// Features in units of the training beats; what is not known is as usual.
    fn scale(&self, x: &Array2<f64>) -> Array2<f32> {
        Array2::from_shape_fn(x.dim(), |(i, k)| {
            let [centre, unit] = self.scales[k];
            let scaled = ((x[[i, k]] - centre) / unit).clamp(-LIMIT, LIMIT);
            if scaled.is_nan() { 0.0 } else { scaled as f32 }
        })
    }

    /// Writes the wave of a slot in units of the training waves; zeros for an empty one.
    pub fn wave(&self, beats: &Beats<'_>, slot: i32, out: &mut [f32]) {
        match usize::try_from(slot) {
            Ok(beat) => {
                let [mean, deviation] = self.wave;
                out.iter_mut().zip(beats.wave(beat)).for_each(|(to, v)| *to = (v - mean) / deviation);
            }
            Err(_) => out.fill(0.0),
        }
    }
}

impl Seen {
    /// What is known beside the waves of the beats at `rows`.
    pub fn beside(&self, rows: &[usize], device: &Device) -> Beside {
        let gather = |x: &Option<Array2<f32>>| {
            x.as_ref().filter(|x| x.ncols() > 0).map(|x| {
                let values: Vec<f32> = rows.iter().flat_map(|&row| x.row(row).to_vec()).collect();
                Tensor::from_data(TensorData::new(values, [rows.len(), x.ncols()]), device)
            })
        };
        Beside { table: gather(&self.table), prototypes: gather(&self.prototypes) }
    }

    /// The slots of the beats at `rows`, all first slots first.
    pub fn slots_of(&self, rows: &[usize], slots: usize) -> Vec<i32> {
        (0..slots).flat_map(|k| rows.iter().map(move |&row| self.slots[row * slots + k])).collect()
    }
}

/// Whether a slot holds a beat.
pub(super) fn beat_of(slot: i32) -> Option<usize> {
    if slot == EMPTY { None } else { usize::try_from(slot).ok() }
}

/// Mean and standard deviation of the samples of the selected waves.
fn moments(beats: &Beats<'_>) -> [f32; 2] {
    let n = (beats.len() * beats.window.length()).max(1) as f64;
    let samples = || beats.rows.iter().flat_map(|&row| beats.wave(row)).map(|&v| f64::from(v));
    let mean = samples().sum::<f64>() / n;
    let deviation = (samples().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    [mean as f32, if deviation > 0.0 { deviation as f32 } else { 1.0 }]
}

/// Median and distance of the quartiles of what is known; the deviation where the quartiles agree, and 1 where all
/// values do.
fn robust(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let mut known: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    if known.is_empty() {
        return [0.0, 1.0];
    }
    let [low, middle, high] = crate::ecg::classify::dominant::quartiles(&mut known);
    let spread = known.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / known.len() as f64;
    let unit = [high - low, spread.sqrt(), 1.0].into_iter().find(|&unit| unit > 1e-9);
    [middle, unit.unwrap_or(1.0)]
}
