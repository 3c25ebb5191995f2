//! What Pan and Tompkins, and Hamilton after them, have in common: candidates are taken in order of time and
//! compared with thresholds that follow the heights of recent beats and recent noise.
//!
//! * Within 0.36 s of a beat, a candidate with less than half its slope is a T wave.
//! * When a beat is overdue, the highest candidate since the last one is tried at half the thresholds.
//! * After eight seconds without a beat the thresholds are learnt anew from what was refused (as Hamilton's
//!   program does), so that a loosened electrode does not end the detection.

use std::collections::VecDeque;

use super::{largest_magnitude, median, samples};
use crate::dsp::peaks::{keep_highest, local_maxima};
use crate::dsp::smooth::slope;

/// A peak that may be a beat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub sample: usize,
    /// Height of the smoothed activity.
    pub height: f64,
    /// Greatest magnitude of the filtered lead around.
    pub amplitude: f64,
    /// Greatest slope of the filtered lead around.
    pub slope: f64,
}

/// The thresholds of a method.
pub(super) trait Thresholds {
    /// Starts anew from candidates of which neither beats nor noise are known.
    fn learn(&mut self, candidates: &[Candidate], fs: f64);
    /// Whether a candidate reaches `share` of the thresholds.
    fn reached(&self, candidate: &Candidate, share: f64) -> bool;
    /// Follows a beat; `overdue` if it was found at lowered thresholds.
    fn beat(&mut self, candidate: &Candidate, overdue: bool);
    /// Follows what was not a beat.
    fn noise(&mut self, candidate: &Candidate);
}

const REFRACTORY_S: f64 = 0.2;
const T_WAVE_S: f64 = 0.36;
const RELEARN_S: f64 = 8.0;

/// The local maxima of the activity above `floor` that are highest within the refractory time, with what
/// the filtered lead does within `reach` samples.
pub(super) fn candidates(
    activity: &[f64],
    filtered: &[f64],
    reach: usize,
    floor: f64,
    fs: f64,
) -> Vec<Candidate> {
    let mut maxima = local_maxima(activity);
    maxima.retain(|&sample| activity[sample] > floor);
    let describe = |sample: usize| {
        let around = sample.saturating_sub(reach)..(sample + reach + 1).min(filtered.len());
        Candidate {
            sample,
            height: activity[sample],
            amplitude: filtered[largest_magnitude(filtered, around.clone())].abs(),
            slope: around.map(|i| slope(filtered, i).abs()).fold(0.0, f64::max),
        }
    };
    keep_highest(activity, &maxima, samples(REFRACTORY_S, fs)).into_iter().map(describe).collect()
}

/// The candidates that are beats; one is overdue after `overdue` times the mean of the last eight intervals.
pub(super) fn follow(
    thresholds: &mut impl Thresholds,
    candidates: &[Candidate],
    overdue: f64,
    fs: f64,
) -> Vec<Candidate> {
    let mut walk = Walk { candidates, overdue, fs, beats: Vec::new(), refused: Vec::new(), learnt: 0 };
    let first = candidates.partition_point(|c| (c.sample as f64) < RELEARN_S * fs);
    thresholds.learn(&candidates[..first], fs);
    let mut next = 0;
    while let Some(candidate) = candidates.get(next) {
        if let Some(missed) = walk.missed(candidate.sample, thresholds) {
            walk.accept(missed, true, thresholds);
        } else if let Some(start) = walk.stuck(candidate.sample) {
            thresholds.learn(&candidates[start..=next], fs);
            walk.learnt = candidate.sample;
            walk.refused.clear();
            next = start;
        } else {
            walk.judge(next, thresholds);
            next += 1;
        }
    }
    walk.beats.into_iter().map(|index| candidates[index]).collect()
}

/// The state of the walk; indices are those of candidates.
struct Walk<'a> {
    candidates: &'a [Candidate],
    overdue: f64,
    fs: f64,
    beats: Vec<usize>,
    /// Those after the last beat that were refused.
    refused: Vec<usize>,
    /// The sample at which thresholds were last learnt anew.
    learnt: usize,
}

impl Walk<'_> {
    fn last(&self) -> Option<&Candidate> {
        self.beats.last().map(|&index| &self.candidates[index])
    }

    /// Accepts or refuses one candidate.
    fn judge(&mut self, index: usize, thresholds: &mut impl Thresholds) {
        let candidate = &self.candidates[index];
        if thresholds.reached(candidate, 1.0) && !self.is_t_wave(candidate) {
            self.accept(index, false, thresholds);
        } else {
            thresholds.noise(candidate);
            self.refused.push(index);
        }
    }

    fn accept(&mut self, index: usize, overdue: bool, thresholds: &mut impl Thresholds) {
        thresholds.beat(&self.candidates[index], overdue);
        self.beats.push(index);
        self.refused.retain(|&refused| refused > index);
    }

    fn is_t_wave(&self, candidate: &Candidate) -> bool {
        self.last().is_some_and(|last| {
            let near = ((candidate.sample - last.sample) as f64) < T_WAVE_S * self.fs;
            near && candidate.slope < 0.5 * last.slope
        })
    }

    /// When a beat is overdue at `now`, the highest of the refused that reaches half the thresholds.
    fn missed(&self, now: usize, thresholds: &impl Thresholds) -> Option<usize> {
        let last = self.last()?.sample;
        let recent = &self.beats[self.beats.len().saturating_sub(9)..];
        let intervals = recent.len() - 1;
        let mean = (last - self.candidates[recent[0]].sample) as f64 / intervals.max(1) as f64;
        if intervals == 0 || (now - last) as f64 <= self.overdue * mean {
            return None;
        }
        let height = |&index: &usize| self.candidates[index].height;
        let eligible = |&&index: &&usize| {
            let candidate = &self.candidates[index];
            thresholds.reached(candidate, 0.5) && !self.is_t_wave(candidate)
        };
        self.refused.iter().filter(eligible).max_by(|a, b| height(a).total_cmp(&height(b))).copied()
    }

    /// When nothing was found for long, the first candidate to begin again with.
    fn stuck(&self, now: usize) -> Option<usize> {
        let since = self.last().map_or(0, |last| last.sample).max(self.learnt);
        let long = now.saturating_sub(since) as f64 > RELEARN_S * self.fs;
        let first = self.refused.partition_point(|&index| self.candidates[index].sample <= since);
        if long { self.refused.get(first).copied() } else { None }
    }
}

/// Heights of beats and of noise among unknown candidates: the median of the highest in each two seconds, and
/// the median of those that do not reach half of that.
pub(super) fn first_levels(
    candidates: &[Candidate],
    fs: f64,
    height: impl Fn(&Candidate) -> f64,
) -> (f64, f64) {
    let stretch = |candidate: &Candidate| (candidate.sample as f64 / (2.0 * fs)) as usize;
    let highest = candidates
        .chunk_by(|a, b| stretch(a) == stretch(b))
        .map(|stretch| stretch.iter().map(&height).fold(0.0, f64::max))
        .collect();
    let beats = median(highest);
    let low = candidates.iter().map(&height).filter(|&level| level < beats / 2.0).collect();
    (beats, median(low))
}

/// The last eight of a quantity.
#[derive(Debug, Clone, Default)]
pub(super) struct LastEight(VecDeque<f64>);

impl LastEight {
    /// Eight times the same.
    pub fn all(value: f64) -> Self {
        Self(VecDeque::from([value; 8]))
    }

    pub fn push(&mut self, value: f64) {
        self.0.pop_front();
        self.0.push_back(value);
    }

    pub fn median(&self) -> f64 {
        median(self.0.iter().copied().collect())
    }
}

/// The sample of the greatest magnitude of the filtered lead within `reach` of each beat; no sample twice.
pub(super) fn mark(filtered: &[f64], beats: &[Candidate], reach: usize) -> Vec<usize> {
    let around = |c: &Candidate| c.sample.saturating_sub(reach)..(c.sample + reach + 1).min(filtered.len());
    let mut marks: Vec<usize> = beats.iter().map(|beat| largest_magnitude(filtered, around(beat))).collect();
    marks.dedup();
    marks
}
