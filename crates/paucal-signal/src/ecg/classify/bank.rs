//! A bank of prototypes: the shapes of beat that the training patients have.
//!
//! Beats of the training patients, no more than [`BankOptions::most`] of each patient, are clustered without
//! regard to their labels by the features of the [preparation](crate::ecg::prepare::FeatureMap): principal
//! components of the wave and RR intervals. The median wave of a cluster is a prototype. Every cluster of
//! at least three beats counts, because rare classes live in small ones; of fewer the median would be a beat of a
//! patient, which a model must not hold.
//!
//! Afterwards a prototype is assigned to the class that most beats of its cluster have. A class that leads no cluster,
//! which is the fate of rare ones, is represented by the median of all its beats, so that every class with three beats
//! has a prototype like itself.

use ndarray::Array2;
use paucal_core::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::beats::{Beats, TrainingBeats};
use crate::ecg::beats::Rr;
use crate::ecg::error::{EcgError, require};
use crate::ecg::gate;
use crate::ecg::prepare::{FeatureMap, PrepareOptions, Shapes, median_wave};

/// Fewest beats of a prototype: the median of fewer would be one of them or their mean, and a model holds no beat.
const FEWEST: usize = 3;
/// Added to the length of a wave before it is divided by it.
const FLAT: f32 = 1e-8;

/// How a bank is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BankOptions {
    /// Label-free clusters, each of which gives a prototype; at most.
    pub clusters: usize,
    /// Principal components of the waves among the features, at most.
    pub components: usize,
    /// Starts of the clustering, the best of which is kept.
    pub restarts: usize,
    /// At most this many beats of a patient are clustered, evenly spread over time; 0 for all.
    pub most: usize,
}

impl Default for BankOptions {
    fn default() -> Self {
        Self { clusters: 64, components: 24, restarts: 3, most: 300 }
    }
}

impl BankOptions {
    /// Whether the options are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        self.preparation().check()?;
        require(self.clusters <= 1000, "clusters", self.clusters, "at most 1000")
    }

    fn preparation(&self) -> PrepareOptions {
        PrepareOptions {
            clusters: self.clusters,
            components: self.components,
            restarts: self.restarts,
            ..PrepareOptions::default()
        }
    }

    /// Clusters the beats of a training set.
    pub fn fit(&self, training: &TrainingBeats<'_>, seed: Seed) -> Result<Bank, EcgError> {
        self.check()?;
        let beats = &training.beats;
        beats.check()?;
        let length = beats.window.length();
        let rr: Vec<Rr> = beats.all.iter().map(|beat| beat.rr).collect();
        let shapes = Shapes { waves: beats.waves, length, rr: &rr };
        let chosen = self.chosen(beats);
        let rows: Vec<usize> = chosen.iter().map(|&i| beats.rows[i]).collect();
        let map = FeatureMap::fit(shapes, &rows, |_| true, &self.preparation(), seed.child("ecg/bank", 0))?;
        let mut members = vec![Vec::new(); map.clusters.nrows()];
        for (&i, cluster) in chosen.iter().zip(map.assign(&map.transform_rows(shapes, &rows))) {
            if let Some(cluster) = cluster {
                members[cluster].push(i);
            }
        }
        members.retain(|of: &Vec<usize>| of.len() >= FEWEST);
        let classes = leaders(&members, &training.classes, training.names.len());
        let own = |class: usize| (0..beats.len()).filter(move |&i| training.classes[i] == class);
        let mut groups: Vec<(usize, Vec<usize>)> = classes.iter().copied().zip(members).collect();
        for class in (0..training.names.len()).filter(|class| !classes.contains(class)) {
            groups.push((class, own(class).collect()));
        }
        groups.retain(|(_, of)| of.len() >= FEWEST);
        if groups.is_empty() {
            let hint = "give more training beats";
            return Err(EcgError::beats("no three beats of a class make a prototype", hint));
        }
        let prototypes = groups.into_par_iter().map(|(class, of)| {
            let rows: Vec<usize> = of.iter().map(|&i| beats.rows[i]).collect();
            Known { class, beats: rows.len(), wave: median_wave(beats.waves, length, &rows) }
        });
        let prototypes = prototypes.collect();
        Ok(Bank { rate: beats.rate, before: beats.window.before, length, prototypes })
    }

    /// The beats that are clustered, as positions among the selected ones.
    fn chosen(&self, beats: &Beats<'_>) -> Vec<usize> {
        let patient_of = beats.patients();
        let mut of_patient = vec![Vec::new(); patient_of.iter().max().map_or(0, |p| p + 1)];
        beats.rows.iter().enumerate().for_each(|(i, &row)| of_patient[patient_of[row]].push(i));
        let spread = |of: &Vec<usize>| {
            let kept = if self.most == 0 { of.len() } else { of.len().min(self.most) };
            (0..kept).map(|i| of[i * of.len() / kept]).collect::<Vec<usize>>()
        };
        let mut chosen: Vec<usize> = of_patient.iter().flat_map(spread).collect();
        chosen.sort_unstable();
        chosen
    }
}

/// The most frequent class of every group of beats; the first of several.
fn leaders(members: &[Vec<usize>], classes: &[usize], count: usize) -> Vec<usize> {
    let leader = |of: &Vec<usize>| {
        let mut here = vec![0_usize; count];
        of.iter().for_each(|&i| here[classes[i]] += 1);
        (0..count).fold(0, |best, class| if here[class] > here[best] { class } else { best })
    };
    members.iter().map(leader).collect()
}

/// A prototype.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// The class it stands for.
    pub class: usize,
    /// Beats it is the median of.
    pub beats: usize,
    /// The median wave.
    pub wave: Vec<f32>,
}

/// Prototypes of training beats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bank {
    rate: f64,
    before: usize,
    length: usize,
    prototypes: Vec<Known>,
}

impl Bank {
    /// Clusters the beats of a training set with the default [`BankOptions`].
    pub fn fit(training: &TrainingBeats<'_>, seed: Seed) -> Result<Self, EcgError> {
        BankOptions::default().fit(training, seed)
    }

    /// The prototypes, in a fixed order.
    pub fn prototypes(&self) -> &[Known] {
        &self.prototypes
    }

    /// Whether what was read from a file holds together: waves of one length, classes below `classes`.
    pub fn consistent(&self, classes: usize) -> bool {
        let fits = |known: &Known| known.wave.len() == self.length && known.class < classes;
        !self.prototypes.is_empty() && self.before < self.length && self.prototypes.iter().all(fits)
    }

    /// Cosine of the selected beats with every prototype, selected beats × prototypes, from -1 to 1; 0 of a flat
    /// line.
    pub fn similarities(&self, beats: &Beats<'_>) -> Result<Array2<f32>, EcgError> {
        beats.check()?;
        beats.must_be(self.rate, self.before, self.length)?;
        let units: Vec<Vec<f32>> = self.prototypes.iter().map(|known| unit(&known.wave)).collect();
        let mut out = Array2::zeros((beats.len(), units.len()));
        if let Some(flat) = out.as_slice_mut().filter(|flat| !flat.is_empty()) {
            flat.par_chunks_mut(units.len()).zip(&beats.rows).for_each(|(row, &beat)| {
                let wave = unit(beats.wave(beat));
                row.iter_mut().zip(&units).for_each(|(to, unit)| *to = dot(&wave, unit));
            });
        }
        Ok(out)
    }

    /// What a classifier takes of the similarities: the `top` largest in falling order, then the largest for each
    /// of `classes` classes. Without so many prototypes, and for classes without any, -1: nothing is less alike.
    pub fn features(&self, similarities: &Array2<f32>, top: usize, classes: usize) -> Array2<f32> {
        let mut out = Array2::from_elem((similarities.nrows(), top + classes), -1.0);
        for (row, mut to) in similarities.rows().into_iter().zip(out.rows_mut()) {
            for (&value, known) in row.iter().zip(&self.prototypes) {
                let best: &mut f32 = &mut to[top + known.class];
                *best = best.max(value);
            }
            let mut falling = row.to_vec();
            falling.sort_unstable_by(|a, b| b.total_cmp(a));
            to.iter_mut().take(top).zip(falling).for_each(|(to, value)| *to = value);
        }
        out
    }
}

impl gate::Similarity for Bank {
    fn best(&self, beats: &Beats<'_>) -> Result<Vec<f64>, EcgError> {
        let best = |row: ndarray::ArrayView1<'_, f32>| f64::from(row.fold(-1.0_f32, |best, &v| best.max(v)));
        Ok(self.similarities(beats)?.rows().into_iter().map(best).collect())
    }
}

/// The wave over its length.
fn unit(wave: &[f32]) -> Vec<f32> {
    let length = dot(wave, wave).sqrt() + FLAT;
    wave.iter().map(|v| v / length).collect()
}

/// Sums in eight strands, which the compiler makes one instruction of.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut strands = [0.0_f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        strands.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum = a.mul_add(*b, *sum));
    }
    strands.iter().sum::<f32>() + rest
}
