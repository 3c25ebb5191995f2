//! The pace of the beats around a beat: what a minute of them looks like.
//!
//! A beat is early when it comes before its time. What its time would be the median interval says only where
//! most beats are normal; where most are early, the longer intervals say it, as after each run of them the
//! pause shows the rhythm of the sinus node. In atrial fibrillation intervals say nothing at all: they change
//! abruptly from beat to beat, and the signal before one QRS complex is not like that before another.

use std::ops::Range;

use super::super::beats::Beats;
use super::super::dominant::{Dominant, quantiles};
use super::relation::{Place, correlation, deflection, range};

/// Names of the features of the pace; *near* are thirty beats on either side.
pub(super) const PACE: [&str; 22] = [
    "rr_prev_over_q75",
    "rr_prev_over_q90",
    "rr_next_over_q90",
    "rr_around_median_over_q90",
    "rr_median_over_q90",
    "rr_median_over_q10",
    "rr_prev_over_near_q10",
    "rr_prev_over_near_q25",
    "rr_prev_over_near_q75",
    "rr_prev_over_near_q90",
    "rr_near_median_over_near_q10",
    "rr_near_median_over_near_q25",
    "rr_near_median_over_near_q90",
    "rr_step_over_record",
    "rr_next_step_over_record",
    "rr_smaller_step_over_record",
    "rr_near_step",
    "rr_near_abrupt",
    "p_wave_like_previous",
    "near_p_wave_like_previous",
    "near_like_dominant_before",
    "dominant_p_wave",
];

/// Beats on either side that are near.
const REACH: usize = 30;
/// Beats on either side of the median called *around*, as in the features of the rhythm.
const AROUND: usize = 10;
/// A step is abrupt if it is larger than this share of the shorter interval.
const ABRUPT: f64 = 0.1;

/// What a recording says of its pace, beat by beat.
#[derive(Default)]
pub(super) struct Pace {
    beats: Range<usize>,
    /// Previous interval of each beat; NaN where it is not known, as everywhere here.
    intervals: Vec<f64>,
    /// By how much the interval differs from the one before.
    steps: Vec<f64>,
    /// 1 for an abrupt step, 0 for another.
    abrupt: Vec<f64>,
    /// Likeness of what lies before the QRS complex to the dominant beat.
    before: Vec<f64>,
    /// Likeness of the P wave to that of the previous beat.
    p_wave: Vec<f64>,
    mean: f64,
    /// The quantiles 0.1, 0.5, 0.75 and 0.9 of the intervals.
    quantiles: [f64; 4],
    /// The P wave of the dominant beat over its largest deflection.
    dominant: f64,
}

impl Pace {
    /// Of a recording.
    pub fn of(beats: &Beats<'_>, recording: Range<usize>, dominant: &Dominant, place: Place) -> Self {
        let intervals: Vec<f64> = recording.clone().map(|beat| previous(beats, beat)).collect();
        let pairs = || intervals.iter().zip(intervals.iter().skip(1));
        let steps: Vec<f64> = std::iter::once(f64::NAN).chain(pairs().map(|(a, b)| (b - a).abs())).collect();
        let shorter = std::iter::once(f64::NAN).chain(pairs().map(|(a, b)| a.min(*b)));
        let abrupt = |(step, shorter): (&f64, f64)| {
            if step.is_nan() { f64::NAN } else { f64::from(u8::from(*step > ABRUPT * shorter)) }
        };
        let wave = |beat: usize, part: Range<usize>| -> Vec<f64> {
            beats.wave(beat)[part].iter().map(|&v| f64::from(v)).collect()
        };
        let length = dominant.wave.len();
        let (p, before) = (place.p_wave(length), 0..place.p_wave(length).end);
        let to_previous = |beat: usize| {
            if beat == recording.start {
                f64::NAN
            } else {
                correlation(&wave(beat, p.clone()), &wave(beat - 1, p.clone()))
            }
        };
        let known: Vec<f64> = intervals.iter().copied().filter(|v| !v.is_nan()).collect();
        Self {
            abrupt: steps.iter().zip(shorter).map(abrupt).collect(),
            before: recording
                .clone()
                .map(|b| correlation(&wave(b, before.clone()), &dominant.wave[before.clone()]))
                .collect(),
            p_wave: recording.clone().map(to_previous).collect(),
            mean: known.iter().sum::<f64>() / known.len() as f64,
            quantiles: quantiles(&mut known.clone(), [0.1, 0.5, 0.75, 0.9]),
            dominant: range(&dominant.wave[p]) / deflection(&dominant.wave),
            beats: recording,
            intervals,
            steps,
        }
    }

    /// The values of [`PACE`].
    pub fn of_beat(&self, beats: &Beats<'_>, beat: usize, out: &mut Vec<f64>) {
        let at = beat - self.beats.start;
        let next = beats.all[beat].rr.next.map_or(f64::NAN, f64::from);
        let (prev, step) = (self.intervals[at], self.steps[at]);
        let next_step = (next - prev).abs();
        let [q10, median, q75, q90] = self.quantiles;
        let [near_q10, near_q25, near_median, near_q75, near_q90] =
            quantiles(&mut near(&self.intervals, at, REACH), [0.1, 0.25, 0.5, 0.75, 0.9]);
        let middle = |values: &[f64], reach: usize| quantiles(&mut near(values, at, reach), [0.5])[0];
        let abrupt = near(&self.abrupt, at, REACH);
        out.extend([
            prev / q75,
            prev / q90,
            next / q90,
            middle(&self.intervals, AROUND) / q90,
            median / q90,
            median / q10,
            prev / near_q10,
            prev / near_q25,
            prev / near_q75,
            prev / near_q90,
            near_median / near_q10,
            near_median / near_q25,
            near_median / near_q90,
            step / self.mean,
            next_step / self.mean,
            step.min(next_step) / self.mean,
            middle(&self.steps, REACH) / near_median,
            abrupt.iter().sum::<f64>() / abrupt.len() as f64,
            self.p_wave[at],
            middle(&self.p_wave, REACH),
            middle(&self.before, REACH),
            self.dominant,
        ]);
    }
}

/// What is known of the beats up to `reach` away.
fn near(values: &[f64], at: usize, reach: usize) -> Vec<f64> {
    let near = &values[at.saturating_sub(reach)..(at + reach + 1).min(values.len())];
    near.iter().copied().filter(|v| !v.is_nan()).collect()
}

/// The interval before a beat; NaN if it is not known.
fn previous(beats: &Beats<'_>, beat: usize) -> f64 {
    beats.all[beat].rr.previous.map_or(f64::NAN, f64::from)
}
