//! Beats of one shape are of one origin: the probability of a class that is told by shape is drawn towards its
//! mean over the like beats of the recording.
//!
//! Clusters are found without labels, beat by beat in order of time: a beat joins the cluster whose centre it
//! correlates with most, if by more than `alike`, or begins one. Centres are running means of unit vectors. Only
//! the recording itself is looked at, so that this may be done with recordings of new patients.

use ndarray::ArrayViewMut2;
use serde::{Deserialize, Serialize};

use super::Beats;
use crate::ecg::error::{EcgError, require};

/// What is compared: so many seconds before and after the peak.
const PART: [f64; 2] = [0.11, 0.165];
/// A centre moves at least as fast as the mean of so many beats.
const MEMORY: usize = 50;

/// Strength and measure of smoothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Smoothing {
    /// Name of the class.
    pub class: String,
    /// Share of the cluster's mean in the probability; 0 for no smoothing.
    pub strength: f64,
    /// Correlation above which beats are alike.
    pub alike: f64,
    /// Beats of smaller clusters stay as they are.
    pub fewest: usize,
}

impl Default for Smoothing {
    fn default() -> Self {
        Self { class: "V".into(), strength: 0.5, alike: 0.9, fewest: 5 }
    }
}

impl Smoothing {
    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        require((0.0..=1.0).contains(&self.strength), "strength", self.strength, "between 0 and 1")?;
        require((0.0..1.0).contains(&self.alike), "alike", self.alike, "from 0 and below 1")
    }

    /// Smooths probabilities of the selected beats, which are whole recordings, in order.
    pub(super) fn apply(
        &self,
        beats: &Beats<'_>,
        classes: &[String],
        mut probabilities: ArrayViewMut2<'_, f64>,
    ) {
        let Some(class) = classes.iter().position(|name| *name == self.class).filter(|_| self.strength > 0.0)
        else {
            return;
        };
        let mut at = 0;
        for record in &beats.records {
            let start = at;
            at += beats.rows[start..].iter().take_while(|&&row| record.range().contains(&row)).count();
            let clusters = self.clusters(beats, &beats.rows[start..at]);
            let count = clusters.iter().max().map_or(0, |last| last + 1);
            let mut sums = vec![(0.0, 0_usize); count];
            for (row, &cluster) in (start..at).zip(&clusters) {
                sums[cluster].0 += probabilities[[row, class]];
                sums[cluster].1 += 1;
            }
            for (row, &cluster) in (start..at).zip(&clusters).filter(|(_, c)| sums[**c].1 >= self.fewest) {
                let (sum, members) = sums[cluster];
                let own = probabilities[[row, class]];
                let drawn = own + self.strength * (sum / members as f64 - own);
                set(probabilities.row_mut(row), class, drawn);
            }
        }
    }

    /// The cluster of each of some beats.
    fn clusters(&self, beats: &Beats<'_>, rows: &[usize]) -> Vec<usize> {
        let mut centres: Vec<(Vec<f64>, usize)> = Vec::new();
        let of_beat = |&row: &usize| {
            let own = part(beats, row);
            let likeness = |(centre, _): &(Vec<f64>, usize)| {
                let length = dot(centre, centre).sqrt();
                if length > 0.0 { dot(centre, &own) / length } else { 0.0 }
            };
            let nearest = centres.iter().map(likeness).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((cluster, _)) = nearest.filter(|(_, likeness)| *likeness > self.alike) {
                let (centre, members) = &mut centres[cluster];
                let step = 1.0 / (*members + 1).min(MEMORY) as f64;
                centre.iter_mut().zip(&own).for_each(|(c, v)| *c += step * (v - *c));
                *members += 1;
                cluster
            } else {
                centres.push((own, 1));
                centres.len() - 1
            }
        };
        rows.iter().map(of_beat).collect()
    }
}

/// Gives a class a probability, and scales the others so that all sum to 1.
pub(super) fn set(mut row: ndarray::ArrayViewMut1<'_, f64>, class: usize, probability: f64) {
    let others = row.sum() - row[class];
    if others > 0.0 {
        let scale = (1.0 - probability) / others;
        row.mapv_inplace(|p| p * scale);
        row[class] = probability;
    }
}

/// A beat around its peak, less its mean, as a unit vector.
fn part(beats: &Beats<'_>, row: usize) -> Vec<f64> {
    let (wave, before) = (beats.wave(row), beats.window.before);
    let mean = wave.iter().map(|&v| f64::from(v)).sum::<f64>() / wave.len() as f64;
    let reach = PART.map(|seconds| (seconds * beats.rate).round() as usize);
    let range = before.saturating_sub(reach[0])..(before + reach[1] + 1).min(wave.len());
    let mut part: Vec<f64> = wave[range].iter().map(|&v| f64::from(v) - mean).collect();
    let length = dot(&part, &part).sqrt();
    part.iter_mut().filter(|_| length > 0.0).for_each(|v| *v /= length);
    part
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::tests::{Made, names};
    use super::*;

    /// 0.1 for V everywhere, but 0.9 for the wide beats (places 6, 14, … of a recording) except the first.
    fn smoothed(options: &Smoothing) -> Array2<f64> {
        let made = Made::new(2, 80);
        let wide = |row: usize| row % 8 == 6 && row % 80 != 6;
        let of = |(row, class): (usize, usize)| match (wide(row), class) {
            (true, 2) => 0.9,
            (true, _) => 0.05,
            (false, 2) => 0.1,
            (false, _) => 0.45,
        };
        let mut p = Array2::from_shape_fn((160, 3), of);
        options.apply(&made.beats(), &names(), p.view_mut());
        p
    }

    #[test]
    fn a_beat_is_drawn_to_its_like() {
        let p = smoothed(&Smoothing::default());
        let of_wide = 0.1 + 0.9 * 9.0;
        assert!((p[[6, 2]] - (0.05 + 0.05 * of_wide)).abs() < 1e-9, "{}", p[[6, 2]]);
        assert!((p[[86, 2]] - p[[6, 2]]).abs() < 1e-9, "in each recording");
        assert!((p[[0, 2]] - 0.1).abs() < 1e-9, "the others are alike already");
        assert!(p.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12 && row[0] == row[1]));
    }

    #[test]
    fn small_clusters_and_other_classes_stay() {
        let none = smoothed(&Smoothing { strength: 0.0, ..Smoothing::default() });
        assert_eq!(smoothed(&Smoothing { class: "X".into(), ..Smoothing::default() }), none);
        let p = smoothed(&Smoothing { fewest: 11, ..Smoothing::default() });
        assert_eq!(p[[6, 2]], none[[6, 2]], "ten wide beats are too few");
        assert!(Smoothing { alike: 1.0, ..Smoothing::default() }.check().is_err());
    }
}
