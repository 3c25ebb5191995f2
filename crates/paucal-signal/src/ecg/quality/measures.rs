//! What is measured of a signal.

use std::ops::Range;

use rayon::prelude::*;

use super::Reasons;
use crate::ecg::beats::Window;

/// Neighbours on each side with which a beat is compared.
const NEIGHBOURS: usize = 10;
/// Half of the stretch around a peak that may be QRS complex, in seconds.
const QRS_S: f64 = 0.06;
/// The stretch before a peak that stands for its baseline, in seconds.
const BASELINE_S: Range<f64> = 0.1..0.3;
/// Shortest flat stretch that counts, in seconds.
const FLAT_S: f64 = 0.2;
/// Fewest samples in a row at the highest or lowest value that are clipping.
const CLIPPED: usize = 3;

/// The upper median, zero of nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

/// Missing, flat and clipped samples of a lead as recorded.
pub(crate) struct Faults {
    /// Bits [`Reasons::MISSING`], [`Reasons::FLAT`] and [`Reasons::CLIPPED`] of each sample.
    marks: Vec<u8>,
    rate: f64,
}

impl Faults {
    /// Looks at a lead as recorded, NaN where missing.
    pub fn of(raw: &[f64], rate: f64) -> Self {
        let mut marks: Vec<u8> =
            raw.iter().map(|v| if v.is_finite() { 0 } else { Reasons::MISSING }).collect();
        let finite = raw.iter().copied().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let long = (FLAT_S * rate).ceil() as usize;
        let mut start = 0;
        while start < raw.len() {
            let value = raw[start];
            let length = raw[start..].iter().take_while(|&&v| v == value).count().max(1);
            let run = start..start + length;
            start = run.end;
            if !value.is_finite() {
                continue;
            }
            if length >= long {
                marks[run].fill(Reasons::FLAT);
            } else if length >= CLIPPED && (value == low || value == high) {
                marks[run].fill(Reasons::CLIPPED);
            }
        }
        Self { marks, rate }
    }

    /// Shares of missing, flat and clipped samples in `start..=end`, counted at `rate` Hz.
    pub fn shares(&self, start: usize, end: usize, rate: f64) -> [f64; 3] {
        let place = |i: usize| ((i as f64 * self.rate / rate).round() as usize).min(self.marks.len());
        shares(&self.marks[place(start)..place(end + 1)])
    }

    /// The longest stretch of samples with a mark, the first of equal ones; empty without any.
    pub fn longest(&self, bit: u8) -> Range<usize> {
        let mut longest = 0..0;
        let mut start = 0;
        for run in self.marks.chunk_by(|a, b| (a & bit) == (b & bit)) {
            if run[0] & bit != 0 && run.len() > longest.len() {
                longest = start..start + run.len();
            }
            start += run.len();
        }
        longest
    }

    /// The shares in the whole lead.
    pub fn shares_of_all(&self) -> [f64; 3] {
        shares(&self.marks)
    }
}

fn shares(marks: &[u8]) -> [f64; 3] {
    [Reasons::MISSING, Reasons::FLAT, Reasons::CLIPPED].map(|bit| {
        let marked = marks.iter().filter(|&&mark| mark & bit != 0).count();
        marked as f64 / marks.len().max(1) as f64
    })
}

/// Distance of the lead at each peak from the median of the 0.4 s around it, in its own unit.
pub(super) fn deflections(lead: &[f64], peaks: &[usize], rate: f64) -> Vec<f64> {
    let reach = (0.2 * rate) as usize;
    let of = |&peak: &usize| {
        let around = lead[peak.saturating_sub(reach)..(peak + reach + 1).min(lead.len())].to_vec();
        (lead[peak] - median(around)).abs()
    };
    peaks.iter().map(of).collect()
}

/// Noise of each kept beat in the unit of the lead: the mean magnitude of second differences between the QRS
/// complexes, scaled to the standard deviation of the white noise that would have it.
pub(super) fn noise_between_beats(
    lead: &[f64],
    peaks: &[usize],
    kept: Range<usize>,
    window: Window,
    rate: f64,
) -> Vec<f64> {
    // Of white noise with deviation 1 the second difference has deviation √6 and mean magnitude √(2/π) √6.
    let scale = 1.0 / (6.0_f64.sqrt() * (2.0 / std::f64::consts::PI).sqrt());
    let mut quiet = vec![true; lead.len()];
    let qrs = (QRS_S * rate).round() as usize;
    for &peak in peaks {
        quiet[peak.saturating_sub(qrs)..(peak + qrs + 1).min(lead.len())].fill(false);
    }
    let of = |&peak: &usize| {
        let (from, to) = ((peak - window.before).max(1), (peak + window.after + 1).min(lead.len() - 1));
        let (mut sum, mut count) = (0.0, 0_usize);
        for i in (from..to).filter(|&i| quiet[i]) {
            sum += (lead[i - 1] - 2.0 * lead[i] + lead[i + 1]).abs();
            count += 1;
        }
        scale * sum / count.max(1) as f64
    };
    peaks[kept].iter().map(of).collect()
}

/// The larger step of the baseline from the previous or to the next beat, of each kept beat.
pub(super) fn steps(lead: &[f64], peaks: &[usize], kept: Range<usize>, rate: f64) -> Vec<f64> {
    let [near, far] = [BASELINE_S.start, BASELINE_S.end].map(|s| (s * rate) as usize);
    let baseline = |&peak: &usize| {
        let (from, to) = (peak.saturating_sub(far), peak.saturating_sub(near));
        (to > from).then(|| median(lead[from..to].to_vec()))
    };
    let levels: Vec<Option<f64>> = peaks.iter().map(baseline).collect();
    let between =
        |a: usize, b: usize| match (levels.get(a).copied().flatten(), levels.get(b).copied().flatten()) {
            (Some(a), Some(b)) => (a - b).abs(),
            _ => 0.0,
        };
    kept.map(|i| between(i, i.wrapping_sub(1)).max(between(i, i + 1))).collect()
}

/// The highest correlation of each wave with one of its neighbours; 0 where there is none.
pub(super) fn best_correlations(waves: &[f32], length: usize) -> Vec<f32> {
    let unit: Vec<f32> = waves.chunks_exact(length).flat_map(normalised).collect();
    let wave = |i: usize| &unit[i * length..(i + 1) * length];
    let count = unit.len() / length;
    let best = |i: usize| {
        let neighbours = i.saturating_sub(NEIGHBOURS)..(i + NEIGHBOURS + 1).min(count);
        let others = neighbours.filter(|&j| j != i).map(|j| dot(wave(i), wave(j)));
        others.fold(None, |best: Option<f32>, c| Some(best.map_or(c, |b| b.max(c)))).unwrap_or(0.0)
    };
    (0..count).into_par_iter().with_min_len(256).map(best).collect()
}

/// The wave less its mean, of length 1; zeros if it is flat.
fn normalised(wave: &[f32]) -> Vec<f32> {
    let mean = wave.iter().sum::<f32>() / wave.len() as f32;
    let norm = wave.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>().sqrt();
    let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
    wave.iter().map(|v| (v - mean) * scale).collect()
}

/// Eight running sums, which become vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (mut sums, split) = ([0.0_f32; 8], a.len() / 8 * 8);
    for (x, y) in a[..split].chunks_exact(8).zip(b[..split].chunks_exact(8)) {
        for k in 0..8 {
            sums[k] = x[k].mul_add(y[k], sums[k]);
        }
    }
    let rest: f32 = a[split..].iter().zip(&b[split..]).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}
