//! Detected against annotated beats, after ANSI/AAMI EC57: which detections are beats, how many
//! beats were missed, and how far from the annotation the others lie.
//!
//! A detection belongs to the annotation nearest to it, one to one, within a tolerance; 150 ms in the
//! standard. With 75 ms a constant delay can no longer hide. Sensitivity is Se = TP / (TP + FN), positive
//! predictivity +P = TP / (TP + FP), F1 = 2 TP / (2 TP + FP + FN). Bias is the mean of detected minus
//! annotated time over the matched beats, jitter the (population) standard deviation of it.
//!
//! What happens in excluded stretches (ventricular flutter or fibrillation, where beats are not annotated;
//! the learning period) does not count. Matching comes before exclusion, so that a beat at the border keeps
//! its partner.
//!
//! ```
//! use paucal_signal::ecg::matching::{compare, Tolerance};
//!
//! let score = compare(&[100, 400, 700], &[110, 390, 1000], 360.0, Tolerance::STANDARD, &[]).score();
//! assert_eq!((score.found, score.missed, score.extra), (2, 1, 1));
//! assert_eq!(score.bias_ms(), Some(0.0));
//! ```

use std::iter::Sum;
use std::ops::{Add, Range};

use serde::{Deserialize, Serialize};

use super::symbols::{FLUTTER_BEGINS, FLUTTER_ENDS};
use crate::dsp::gaps::covers;

/// The greatest distance in time between a detection and its annotation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// In milliseconds.
    pub ms: f64,
}

impl Tolerance {
    /// The window of EC57.
    pub const STANDARD: Self = Self { ms: 150.0 };
    /// Half of it: what is needed to cut out beats.
    pub const STRICT: Self = Self { ms: 75.0 };

    /// In whole samples, rounded down; zero if negative or not a number.
    pub fn samples(self, fs: f64) -> usize {
        // 0.15 · 360 is a little below 54 in binary.
        (self.ms * fs / 1000.0 + 1e-6) as usize
    }
}

/// Pairs of positions in the two lists that lie within `tolerance` samples: the closest pair first, then
/// the closest of what is left, and so on; of equally close ones the earlier. In the order of the
/// reference.
///
/// The lists need not be sorted and may hold a sample twice; every entry is in at most one pair.
pub fn match_beats(reference: &[usize], detected: &[usize], tolerance: usize) -> Vec<(usize, usize)> {
    let (by_time, detections) = (order(reference), order(detected));
    let mut close = Vec::new();
    let mut first = 0;
    for &r in &by_time {
        let beat = reference[r];
        while first < detections.len() && detected[detections[first]].saturating_add(tolerance) < beat {
            first += 1;
        }
        let in_reach = |&&d: &&usize| detected[d] <= beat.saturating_add(tolerance);
        for &d in detections[first..].iter().take_while(in_reach) {
            let (earlier, later) = (beat.min(detected[d]), beat.max(detected[d]));
            close.push((later - earlier, earlier, r, d));
        }
    }
    close.sort_unstable();
    let (mut free_reference, mut free_detected) = (vec![true; reference.len()], vec![true; detected.len()]);
    let mut pairs = Vec::new();
    for (_, _, r, d) in close {
        if free_reference[r] && free_detected[d] {
            (free_reference[r], free_detected[d]) = (false, false);
            pairs.push((r, d));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// The positions of a list in the order of its values.
fn order(values: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|&i| values[i]);
    order
}

/// What became of every beat of a record, in samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Annotated and detected sample of each beat that was found.
    pub found: Vec<(usize, usize)>,
    /// Annotated beats without a detection.
    pub missed: Vec<usize>,
    /// Detections without an annotated beat.
    pub extra: Vec<usize>,
    /// Sampling rate, in Hz.
    pub fs: f64,
}

/// Compares annotated with detected beats. `excluded` stretches are sorted and do not overlap; a pair
/// counts where its annotation lies.
pub fn compare(
    reference: &[usize],
    detected: &[usize],
    fs: f64,
    tolerance: Tolerance,
    excluded: &[Range<usize>],
) -> Comparison {
    let pairs = match_beats(reference, detected, tolerance.samples(fs));
    let (mut missed, mut extra) = (vec![true; reference.len()], vec![true; detected.len()]);
    for &(r, d) in &pairs {
        (missed[r], extra[d]) = (false, false);
    }
    let counted = |sample: &usize| !covers(excluded, *sample);
    let remaining = |samples: &[usize], marks: Vec<bool>| {
        samples
            .iter()
            .copied()
            .zip(marks)
            .filter(|(sample, mark)| *mark && counted(sample))
            .map(|(s, _)| s)
            .collect()
    };
    let found = pairs.iter().map(|&(r, d)| (reference[r], detected[d])).filter(|(r, _)| counted(r)).collect();
    Comparison { found, missed: remaining(reference, missed), extra: remaining(detected, extra), fs }
}

impl Comparison {
    /// The counts and offsets.
    pub fn score(&self) -> BeatScore {
        let mut score =
            BeatScore { missed: self.missed.len(), extra: self.extra.len(), ..BeatScore::default() };
        for &(annotated, detected) in &self.found {
            let offset = (detected as f64 - annotated as f64) * 1000.0 / self.fs;
            score.found += 1;
            score.offset_sum += offset;
            score.offset_square_sum += offset * offset;
        }
        score
    }
}

/// Counts of one record, or of several: scores add up to the gross statistics of EC57.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct BeatScore {
    /// Beats that were found (true positives).
    pub found: usize,
    /// Beats that were not (false negatives).
    pub missed: usize,
    /// Detections that are no beats (false positives).
    pub extra: usize,
    /// Sum of detected minus annotated time over the beats that were found, in ms.
    pub offset_sum: f64,
    /// Sum of its squares, in ms².
    pub offset_square_sum: f64,
}

impl BeatScore {
    /// Se, in 0..=1; none without annotated beats.
    pub fn sensitivity(&self) -> Option<f64> {
        ratio(self.found, self.found + self.missed)
    }

    /// +P, in 0..=1; none without detections.
    pub fn positive_predictivity(&self) -> Option<f64> {
        ratio(self.found, self.found + self.extra)
    }

    /// F1, in 0..=1; none if there is neither a beat nor a detection.
    pub fn f1(&self) -> Option<f64> {
        ratio(2 * self.found, 2 * self.found + self.missed + self.extra)
    }

    /// Mean offset in ms, positive if detections are late.
    pub fn bias_ms(&self) -> Option<f64> {
        (self.found > 0).then(|| self.offset_sum / self.found as f64)
    }

    /// Population standard deviation of the offset in ms.
    pub fn jitter_ms(&self) -> Option<f64> {
        let mean = self.bias_ms()?;
        Some((self.offset_square_sum / self.found as f64 - mean * mean).max(0.0).sqrt())
    }
}

impl Add for BeatScore {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            found: self.found + other.found,
            missed: self.missed + other.missed,
            extra: self.extra + other.extra,
            offset_sum: self.offset_sum + other.offset_sum,
            offset_square_sum: self.offset_square_sum + other.offset_square_sum,
        }
    }
}

impl Sum for BeatScore {
    fn sum<I: Iterator<Item = Self>>(scores: I) -> Self {
        scores.fold(Self::default(), Add::add)
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A statistic averaged over records, each counting the same (EC57's average, beside the gross statistic of
/// the sum); records that lack it are passed over.
///
/// ```
/// use paucal_signal::ecg::matching::{BeatScore, average};
///
/// let scores = [(9, 1), (0, 0), (1, 1)].map(|(found, missed)| BeatScore { found, missed, ..BeatScore::default() });
/// assert_eq!(average(&scores, BeatScore::sensitivity), Some(0.7));
/// ```
pub fn average(scores: &[BeatScore], statistic: impl Fn(&BeatScore) -> Option<f64>) -> Option<f64> {
    let known: Vec<f64> = scores.iter().filter_map(statistic).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// What EC57 leaves out of a record of `length` samples: the first `learning` samples, and the stretches of
/// ventricular flutter or fibrillation between `[` and `]` among its annotations (sample and symbol, in
/// order). A stretch that is not closed lasts to the end, one that was not opened began with the record.
pub fn excluded(
    annotations: impl IntoIterator<Item = (usize, char)>,
    length: usize,
    learning: usize,
) -> Vec<Range<usize>> {
    let start = 0..learning.min(length);
    let mut stretches = vec![start];
    let mut opened = None;
    for (sample, symbol) in annotations {
        match symbol {
            FLUTTER_BEGINS => opened = opened.or(Some(sample)),
            FLUTTER_ENDS => stretches.push(opened.take().unwrap_or(0)..(sample + 1).min(length)),
            _ => {}
        }
    }
    stretches.extend(opened.map(|start| start..length));
    joined(stretches)
}

/// The same stretches sorted, without overlaps and without empty ones.
fn joined(mut stretches: Vec<Range<usize>>) -> Vec<Range<usize>> {
    stretches.retain(|stretch| stretch.start < stretch.end);
    stretches.sort_by_key(|stretch| stretch.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for stretch in stretches {
        match joined.last_mut() {
            Some(last) if stretch.start <= last.end => last.end = last.end.max(stretch.end),
            _ => joined.push(stretch),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tolerances_are_whole_samples() {
        assert_eq!((Tolerance::STANDARD.samples(360.0), Tolerance::STRICT.samples(360.0)), (54, 27));
        assert_eq!(Tolerance { ms: f64::NAN }.samples(360.0), 0);
    }

    #[test]
    fn the_nearest_pair_comes_first() {
        assert_eq!(match_beats(&[100], &[40, 110, 150], 60), [(0, 1)]);
        assert_eq!(match_beats(&[0, 100], &[90, 240], 150), [(1, 0)]);
        assert_eq!(match_beats(&[100, 200], &[150], 50), [(0, 0)]);
        assert_eq!(match_beats(&[300, 100], &[101, 100, 100], 5), [(1, 1)]);
        assert_eq!(match_beats(&[], &[1], 5), []);
    }

    #[test]
    fn nothing_counts_in_flutter_and_while_learning() {
        let annotations = [(10, 'N'), (100, '['), (200, ']'), (300, 'N'), (400, '[')];
        let out = excluded(annotations, 500, 50);
        assert_eq!(out, [0..50, 100..201, 400..500]);
        assert_eq!(excluded([(30, FLUTTER_ENDS), (40, FLUTTER_BEGINS)], 60, 0), [0..31, 40..60]);
        let comparison =
            compare(&[10, 300, 390], &[12, 150, 305, 402, 450], 100.0, Tolerance::STANDARD, &out);
        assert_eq!(comparison.found, [(300, 305), (390, 402)]);
        assert_eq!((comparison.missed, comparison.extra), (vec![], vec![]));
    }

    #[test]
    fn scores_add_up() {
        let early = compare(&[100], &[90], 1000.0, Tolerance::STANDARD, &[]).score();
        let late = compare(&[100, 900], &[110, 2000], 1000.0, Tolerance::STANDARD, &[]).score();
        let gross: BeatScore = [early, late].into_iter().sum();
        assert_eq!((gross.found, gross.missed, gross.extra), (2, 1, 1));
        assert_eq!((gross.bias_ms(), gross.jitter_ms()), (Some(0.0), Some(10.0)));
        assert_eq!((gross.sensitivity(), gross.positive_predictivity()), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert_eq!(BeatScore::default().f1(), None);
        assert_eq!(average(&[early, late], BeatScore::f1), Some(0.75));
    }

    fn beats() -> impl Strategy<Value = Vec<usize>> {
        proptest::collection::vec(0_usize..400, 0..30)
    }

    proptest! {
        #[test]
        fn matching_is_one_to_one_within_tolerance_and_leaves_no_pair(
            reference in beats(), detected in beats(), tolerance in 0_usize..40,
        ) {
            let pairs = match_beats(&reference, &detected, tolerance);
            let (mut r_used, mut d_used) = (vec![false; reference.len()], vec![false; detected.len()]);
            for &(r, d) in &pairs {
                prop_assert!(reference[r].abs_diff(detected[d]) <= tolerance);
                prop_assert!(!std::mem::replace(&mut r_used[r], true) && !std::mem::replace(&mut d_used[d], true));
            }
            for (r, &beat) in reference.iter().enumerate().filter(|(r, _)| !r_used[*r]) {
                for (d, &sample) in detected.iter().enumerate().filter(|(d, _)| !d_used[*d]) {
                    prop_assert!(beat.abs_diff(sample) > tolerance, "{} and {} are left over", r, d);
                }
            }
        }

        #[test]
        fn matching_is_symmetric(mut a in beats(), mut b in beats(), tolerance in 0_usize..40) {
            // Equal entries of one list could change places.
            for list in [&mut a, &mut b] {
                list.sort_unstable();
                list.dedup();
            }
            let there = match_beats(&a, &b, tolerance);
            let mut back: Vec<_> = match_beats(&b, &a, tolerance).into_iter().map(|(i, j)| (j, i)).collect();
            back.sort_unstable();
            prop_assert_eq!(there, back);
        }
    }
}
