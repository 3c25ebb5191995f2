//! What is measured of each prototype.

use ndarray::Axis;
use paucal_metrics::interval::wilson;

use super::{LabelCheck, PrototypeCheck, PrototypeOptions};
use crate::ecg::beats::Compat;
use crate::ecg::error::EcgError;
use crate::ecg::labels::NO_CLASS;
use crate::ecg::prepare::{Prepared, Prototype};
use crate::ecg::split::Side;
use crate::ecg::stability::{Stability, evenly, rounded};

/// What is known of a cluster's beats besides its prototype.
#[derive(Default)]
struct Around {
    /// The fitted beats.
    beats: Vec<usize>,
    /// Fitted side's beats flagged as noise that are nearest to it.
    noise: usize,
    /// Beats of validation patients that are nearest to it, with a class and no noise.
    held_out: Vec<usize>,
}

/// All prototypes, in the order of the preparation.
pub(super) fn prototypes(
    prepared: &Prepared,
    options: &PrototypeOptions,
    stability: &Stability,
) -> Result<Vec<PrototypeCheck>, EcgError> {
    let around = around(prepared);
    let one = |prototype: &Prototype| {
        let overlap = stability.overlaps.get(prototype.id).copied().flatten();
        measured(prepared, options, prototype, &around[prototype.id], overlap)
    };
    prepared.prototypes.iter().map(one).collect()
}

/// Sorts beats by the cluster they belong to or, if they were not clustered, are nearest to.
fn around(prepared: &Prepared) -> Vec<Around> {
    let mut all: Vec<Around> = Vec::new();
    all.resize_with(prepared.map.clusters.nrows(), Around::default);
    for beat in prepared.fitted() {
        if let Ok(cluster) = usize::try_from(prepared.clusters[beat]) {
            all[cluster].beats.push(beat);
        }
    }
    let literal = prepared.options.compat() == Compat::Spec;
    let noise = (0..prepared.beats.len()).filter(|&beat| {
        prepared.beats[beat].noise && (literal || prepared.record_of(beat).side == Side::Train)
    });
    for (_, cluster) in nearest(prepared, noise.collect()) {
        all[cluster].noise += 1;
    }
    // The literal preparation fits on validation patients too: nobody is held out.
    let held_out = prepared.usable(Side::Validation).filter(|_| !literal);
    for (beat, cluster) in nearest(prepared, held_out.collect()) {
        all[cluster].held_out.push(beat);
    }
    all
}

fn nearest(prepared: &Prepared, beats: Vec<usize>) -> Vec<(usize, usize)> {
    let clusters = prepared.map.assign(&prepared.features.select(Axis(0), &beats));
    beats.into_iter().zip(clusters).filter_map(|(beat, cluster)| Some((beat, cluster?))).collect()
}

fn measured(
    prepared: &Prepared,
    options: &PrototypeOptions,
    prototype: &Prototype,
    around: &Around,
    overlap: Option<f64>,
) -> Result<PrototypeCheck, EcgError> {
    let class = prototype.mix.first().and_then(|(class, _)| *class);
    let id = |class: Option<usize>| prepared.labels.id(class.map(|c| c as u16));
    let dominant = prototype.mix.first().map_or(0, |(_, n)| *n);
    let top: usize = prototype.mix.iter().take(3).map(|(_, n)| n).sum();
    let unnamed = prototype.mix.iter().take(3).find(|(class, _)| class.is_none()).map_or(0, |(_, n)| *n);
    let (counted, noise) = match options.compat {
        Compat::Corrected => {
            (prototype.size, around.noise as f64 / (around.noise + prototype.size).max(1) as f64)
        }
        Compat::Spec => (top, unnamed as f64 / top.max(1) as f64),
    };
    let right = around.held_out.iter().filter(|&&beat| prepared.beats[beat].class.map(usize::from) == class);
    let (held_out, right) = (around.held_out.len(), right.count());
    let not_held =
        held_out > 0 && wilson(right as u64, held_out as u64, options.level)?.high < options.min_purity;
    let (largest, most) = largest_patient(prepared, &around.beats);
    let pairs: Vec<String> = prototype.mix.iter().map(|(class, n)| format!("{}:{n}", id(*class))).collect();
    let mut check = PrototypeCheck {
        prototype_id: prototype.id,
        size: prototype.size,
        dominant_label: class.map_or(NO_CLASS, |class| id(Some(class))),
        dominant_label_name: class.map_or("no class".into(), |at| prepared.labels.classes[at].name.clone()),
        label_mix: pairs.join(";"),
        purity: dominant as f64 / counted.max(1) as f64,
        purity_interval: wilson(dominant as u64, counted.max(1) as u64, options.level)?,
        noise_ratio: noise,
        held_out_beats: held_out,
        held_out_purity: (held_out > 0).then(|| right as f64 / held_out as f64),
        not_held,
        patients: prototype.patients,
        largest_patient: largest,
        largest_patient_share: most as f64 / around.beats.len().max(1) as f64,
        overlap,
        small: prototype.size < options.min_size,
        single_patient: prototype.patients == 1,
        suspicious: false,
        reasons: Vec::new(),
        rr_prev_mean: prototype.rr_previous,
        rr_next_mean: prototype.rr_next,
        example_beat_ids: prototype.examples.clone(),
        wave: rounded(&prototype.wave),
        members: evenly(&around.beats, options.members).iter().map(|&b| rounded(prepared.wave(b))).collect(),
    };
    suspect(&mut check, options, around.noise)?;
    Ok(check)
}

/// The patient with most of the beats, and how many.
fn largest_patient(prepared: &Prepared, beats: &[usize]) -> (String, usize) {
    let mut counts = vec![0; prepared.patients.len()];
    beats.iter().for_each(|&beat| counts[prepared.record_of(beat).patient] += 1);
    let largest = (0..counts.len()).max_by_key(|&at| (counts[at], std::cmp::Reverse(at)));
    largest.map_or((String::new(), 0), |at| (prepared.patients[at].clone(), counts[at]))
}

/// Corrected: only what the intervals leave no doubt about. Literal: the thresholds as they are, and small ones.
fn suspect(check: &mut PrototypeCheck, options: &PrototypeOptions, noise: usize) -> Result<(), EcgError> {
    let literal = options.compat == Compat::Spec;
    let (impure, noisy) = if literal {
        (check.purity < options.min_purity, check.noise_ratio > options.max_noise_ratio)
    } else {
        let ratio = wilson(noise as u64, (noise + check.size) as u64, options.level)?;
        (check.purity_interval.high < options.min_purity, ratio.low > options.max_noise_ratio)
    };
    let reasons = [(literal && check.small, "small"), (impure, "impure"), (noisy, "noisy")];
    check.reasons = reasons.iter().filter(|(holds, _)| *holds).map(|(_, word)| (*word).to_owned()).collect();
    check.suspicious = !check.reasons.is_empty();
    Ok(())
}

/// Sums over the prototypes of each class, the class of most beats first.
pub(super) fn by_label(prototypes: &[PrototypeCheck]) -> Vec<LabelCheck> {
    let mut sums: Vec<LabelCheck> = Vec::new();
    for prototype in prototypes {
        let at = sums.iter().position(|sum| sum.label == prototype.dominant_label).unwrap_or_else(|| {
            sums.push(LabelCheck {
                label: prototype.dominant_label,
                label_name: prototype.dominant_label_name.clone(),
                num_prototypes: 0,
                total_members: 0,
                mean_purity: 0.0,
                num_suspicious: 0,
                num_small: 0,
                num_single_patient: 0,
            });
            sums.len() - 1
        });
        let sum = &mut sums[at];
        sum.num_prototypes += 1;
        sum.total_members += prototype.size;
        sum.mean_purity += prototype.purity;
        sum.num_suspicious += usize::from(prototype.suspicious);
        sum.num_small += usize::from(prototype.small);
        sum.num_single_patient += usize::from(prototype.single_patient);
    }
    sums.iter_mut().for_each(|sum| sum.mean_purity /= sum.num_prototypes as f64);
    sums.sort_by_key(|sum| (std::cmp::Reverse(sum.total_members), sum.label));
    sums
}
