//! Median waves: of each class, and of each cluster.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Prepared;
use crate::ecg::beats::Compat;

/// Least beats of a prototype in the literal rule of admission.
const SPEC_SIZE: usize = 120;
/// Least purity of a prototype in the literal rule of admission.
const SPEC_PURITY: f64 = 0.7;
/// Beats named as examples of a prototype.
const EXAMPLES: usize = 10;

/// The median wave of a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Position of the class in the label map.
    pub class: usize,
    /// Beats it was taken from.
    pub beats: usize,
    /// The wave.
    pub wave: Vec<f32>,
}

/// The median wave of a cluster and who is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prototype {
    /// The cluster.
    pub id: usize,
    /// Its beats.
    pub size: usize,
    /// Patients that have one of them.
    pub patients: usize,
    /// Classes (none for beats without a class) and their beats, most first.
    pub mix: Vec<(Option<usize>, usize)>,
    /// Mean interval from the previous peak, in seconds.
    pub rr_previous: f64,
    /// Mean interval to the next peak, in seconds.
    pub rr_next: f64,
    /// `beat_global_id` of its first beats.
    pub examples: Vec<usize>,
    /// Whether a classifier may compare beats with it: always, except in the literal variant, which wants 120
    /// beats and a purity of 0.7, and so shuts out the rare classes.
    pub admitted: bool,
    /// The wave.
    #[serde(skip)]
    pub wave: Vec<f32>,
}

impl Prototype {
    /// Share of the most frequent class.
    pub fn purity(&self) -> f64 {
        self.mix.first().map_or(0.0, |(_, n)| *n as f64 / self.size.max(1) as f64)
    }

    fn admit(&mut self, compat: Compat) {
        // The literal purity is that among the three most frequent classes.
        let top: usize = self.mix.iter().take(3).map(|(_, n)| n).sum();
        let purity = self.mix.first().map_or(0.0, |(_, n)| *n as f64 / top.max(1) as f64);
        self.admitted = compat == Compat::Corrected || (self.size >= SPEC_SIZE && purity >= SPEC_PURITY);
    }
}

/// Templates of the classes that occur among the fitted beats, in order.
pub(super) fn templates(of: &Prepared) -> Vec<Template> {
    let median = |rows: &[usize]| median_wave(&of.waves, of.window.length(), rows);
    let of_class = |class: usize| {
        let has = |&beat: &usize| of.beats[beat].class == Some(class as u16);
        let rows: Vec<usize> = of.fitted().filter(has).collect();
        (!rows.is_empty()).then(|| Template { class, beats: rows.len(), wave: median(&rows) })
    };
    (0..of.labels.classes.len()).into_par_iter().filter_map(of_class).collect()
}

/// Prototypes of the clusters, largest first.
pub(super) fn prototypes(of: &Prepared) -> Vec<Prototype> {
    let count = of.map.clusters.nrows();
    let mut rows = vec![Vec::new(); count];
    for beat in of.fitted() {
        if let Ok(cluster) = usize::try_from(of.clusters[beat]) {
            rows[cluster].push(beat);
        }
    }
    let made = rows.par_iter().enumerate().filter(|(_, rows)| !rows.is_empty());
    let mut prototypes: Vec<Prototype> = made.map(|(id, rows)| prototype(of, id, rows)).collect();
    prototypes.sort_by_key(|p| (std::cmp::Reverse(p.size), p.id));
    prototypes
}

fn prototype(of: &Prepared, id: usize, rows: &[usize]) -> Prototype {
    let mut mix: Vec<(Option<usize>, usize)> = Vec::new();
    let mut patients = vec![false; of.patients.len()];
    for &beat in rows {
        let class = of.beats[beat].class.map(usize::from);
        match mix.iter_mut().find(|(known, _)| *known == class) {
            Some((_, count)) => *count += 1,
            None => mix.push((class, 1)),
        }
        patients[of.record_of(beat).patient] = true;
    }
    mix.sort_by_key(|&(class, count)| (std::cmp::Reverse(count), class));
    let mean = |of_beat: &dyn Fn(usize) -> Option<f32>| {
        let known: Vec<f64> = rows.iter().filter_map(|&beat| of_beat(beat)).map(f64::from).collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    let mut made = Prototype {
        id,
        size: rows.len(),
        patients: patients.iter().filter(|&&there| there).count(),
        mix,
        rr_previous: mean(&|beat| of.beats[beat].rr.previous),
        rr_next: mean(&|beat| of.beats[beat].rr.next),
        examples: rows.iter().copied().take(EXAMPLES).collect(),
        admitted: true,
        wave: median_wave(&of.waves, of.window.length(), rows),
    };
    made.admit(of.options.compat());
    made
}

/// The median of each sample over the waves at `rows`, of which there is at least one; of an even number the mean of
/// the two middle ones.
pub(crate) fn median_wave(waves: &[f32], length: usize, rows: &[usize]) -> Vec<f32> {
    let middle = rows.len() / 2;
    let mut column = vec![0.0; rows.len()];
    let at = |k: usize| {
        for (value, &beat) in column.iter_mut().zip(rows) {
            *value = waves[beat * length + k];
        }
        let (below, &mut upper, _) = column.select_nth_unstable_by(middle, f32::total_cmp);
        if rows.len() % 2 == 1 {
            return upper;
        }
        f32::midpoint(below.iter().copied().fold(f32::NEG_INFINITY, f32::max), upper)
    };
    (0..length).map(at).collect()
}
