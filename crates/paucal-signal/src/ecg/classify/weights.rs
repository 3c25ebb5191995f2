//! How much each beat counts, so that neither the common class nor the patient with most beats decides alone.

use paucal_core::Stream;
use serde::{Deserialize, Serialize};

use super::TrainingBeats;
use crate::ecg::error::{EcgError, require};

/// Weights of training beats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weighting {
    /// Classes count in proportion to n^(1 − this) for n beats: 0 as they are, 1 all alike.
    pub class_power: f64,
    /// Within a class, patients count in proportion to n^(1 − this): 0 as they are, 1 all alike.
    pub patient_power: f64,
    /// At most this many beats of one class of one patient are learnt from, evenly spread over time; they
    /// count for those left out. 0 for all.
    pub most: usize,
}

impl Default for Weighting {
    fn default() -> Self {
        Self { class_power: 0.0, patient_power: 0.0, most: 0 }
    }
}

impl Weighting {
    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        let power = |v: f64| (0.0..=1.0).contains(&v);
        require(power(self.class_power), "class_power", self.class_power, "between 0 and 1")?;
        require(power(self.patient_power), "patient_power", self.patient_power, "between 0 and 1")
    }

    /// The training beats that are learnt from, and their weights.
    pub fn chosen<'a>(&self, training: &TrainingBeats<'a>) -> (TrainingBeats<'a>, Vec<f64>) {
        let patient_of = training.beats.patients();
        let patients: Vec<usize> = training.beats.rows.iter().map(|&row| patient_of[row]).collect();
        let (chosen, weights) = self.of(&training.classes, &patients);
        let chosen = TrainingBeats {
            beats: training.beats.select(chosen.iter().map(|&i| training.beats.rows[i]).collect()),
            classes: chosen.iter().map(|&i| training.classes[i]).collect(),
            names: training.names.clone(),
        };
        (chosen, weights)
    }

    /// The beats that are learnt from, as ascending positions in the input, and their weights, of mean 1 over
    /// the beats given.
    pub fn of(&self, classes: &[usize], patients: &[usize]) -> (Vec<usize>, Vec<f64>) {
        self.chosen_by(classes, patients, |beats, kept| (0..kept).map(|i| i * beats / kept).collect())
    }

    /// The same with beats drawn at random where not all are learnt from.
    pub fn draw(&self, classes: &[usize], patients: &[usize], stream: &mut Stream) -> (Vec<usize>, Vec<f64>) {
        self.chosen_by(classes, patients, |beats, kept| {
            if kept == beats { (0..beats).collect() } else { stream.choose(beats, kept) }
        })
    }

    /// `choose` takes so many of the beats of a class and patient.
    fn chosen_by(
        &self,
        classes: &[usize],
        patients: &[usize],
        mut choose: impl FnMut(usize, usize) -> Vec<usize>,
    ) -> (Vec<usize>, Vec<f64>) {
        let k = classes.iter().max().map_or(0, |c| c + 1);
        let mut cells = vec![Vec::new(); k * patients.iter().max().map_or(0, |p| p + 1)];
        for (i, (&class, &patient)) in classes.iter().zip(patients).enumerate() {
            cells[patient * k + class].push(i);
        }
        let mut totals = vec![0.0; k];
        let mut spread = vec![0.0; k];
        for (at, cell) in cells.iter().enumerate() {
            totals[at % k] += cell.len() as f64;
            spread[at % k] += share(cell.len(), self.patient_power);
        }
        let of_class: Vec<f64> = totals.iter().map(|&n| share(n as usize, self.class_power)).collect();
        let scale = classes.len() as f64 / of_class.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut chosen: Vec<(usize, f64)> = Vec::new();
        for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let kept = if self.most == 0 { cell.len() } else { cell.len().min(self.most) };
            let of_cell = share(cell.len(), self.patient_power) / spread[at % k];
            let weight = scale * of_class[at % k] * of_cell / kept as f64;
            chosen.extend(choose(cell.len(), kept).into_iter().map(|i| (cell[i], weight)));
        }
        chosen.sort_unstable_by_key(|(row, _)| *row);
        chosen.into_iter().unzip()
    }
}

/// n^(1 − power), and nothing of nothing.
fn share(n: usize, power: f64) -> f64 {
    if n == 0 { 0.0 } else { (n as f64).powf(1.0 - power) }
}
