//! RR intervals of a beat, those around it, and those of its recording.

use std::ops::Range;

use super::super::beats::Beats;
use super::super::dominant::quartiles;
use crate::ecg::beats::Rr;

/// Names of the features of Wang et al., with both intervals as they are.
pub(super) const BASIC: [&str; 6] = [
    "rr_prev",
    "rr_next",
    "rr_prev_minus_record",
    "rr_next_minus_record",
    "rr_prev_over_next",
    "rr_local_minus_record",
];

/// Names of the features of the surroundings.
pub(super) const AROUND: [&str; 14] = [
    "rr_prev_over_record",
    "rr_next_over_record",
    "rr_prev_over_median",
    "rr_next_over_median",
    "rr_prev_over_local",
    "rr_prev_over_before",
    "rr_before_over_record",
    "rr_after_over_record",
    "rr_around_median_over_record",
    "rr_prev_over_around_median",
    "rr_next_over_around_median",
    "rr_both_over_record",
    "rr_around_irregularity",
    "rr_record_irregularity",
];

/// Beats on either side that are its surroundings.
const REACH: usize = 10;

/// The intervals of a recording.
pub(super) struct Rhythm {
    /// Its beats.
    pub beats: Range<usize>,
    median: f64,
    irregularity: f64,
}

/// The rhythm of every recording.
pub(super) fn of_records(beats: &Beats<'_>) -> Vec<Rhythm> {
    let of = |range: Range<usize>| {
        let mut intervals = previous(beats, range.clone());
        let irregularity = irregularity(&intervals);
        Rhythm { beats: range, median: or_unknown(&mut intervals), irregularity }
    };
    beats.records.iter().map(|record| of(record.range())).collect()
}

/// The values of [`BASIC`].
pub(super) fn basic(rr: &Rr, out: &mut Vec<f64>) {
    out.extend([number(rr.previous), number(rr.next)]);
    out.extend(rr.features().map(f64::from));
}

impl Rhythm {
    /// The values of [`AROUND`].
    pub fn around(&self, beats: &Beats<'_>, beat: usize, out: &mut Vec<f64>) {
        let rr = &beats.all[beat].rr;
        let [prev, next, local, record] = [rr.previous, rr.next, rr.local, rr.record].map(number);
        let inside = |other: Option<usize>| other.filter(|other| self.beats.contains(other));
        let before = inside(beat.checked_sub(1)).map_or(f64::NAN, |b| number(beats.all[b].rr.previous));
        let after = inside(beat.checked_add(1)).map_or(f64::NAN, |b| number(beats.all[b].rr.next));
        let start = beat.saturating_sub(REACH).max(self.beats.start);
        let mut near = previous(beats, start..(beat + REACH + 1).min(self.beats.end));
        let irregular = irregularity(&near);
        let around = or_unknown(&mut near);
        out.extend([
            prev / record,
            next / record,
            prev / self.median,
            next / self.median,
            prev / local,
            prev / before,
            before / record,
            after / record,
            around / record,
            prev / around,
            next / around,
            (prev + next) / (2.0 * record),
            irregular,
            self.irregularity,
        ]);
    }
}

fn number(value: Option<f32>) -> f64 {
    value.map_or(f64::NAN, f64::from)
}

/// The known intervals before these beats.
fn previous(beats: &Beats<'_>, range: Range<usize>) -> Vec<f64> {
    beats.all[range].iter().filter_map(|beat| beat.rr.previous).map(f64::from).collect()
}

/// The median; unknown of nothing.
fn or_unknown(values: &mut [f64]) -> f64 {
    quartiles(values)[1]
}

/// The median step from one interval to the next, over the mean interval.
fn irregularity(intervals: &[f64]) -> f64 {
    let mut steps: Vec<f64> = intervals.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let mean = intervals.iter().sum::<f64>() / intervals.len() as f64;
    or_unknown(&mut steps) / mean
}
