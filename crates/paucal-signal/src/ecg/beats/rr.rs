//! RR intervals around each beat.
//!
//! They are taken over all peaks of a recording, before beats at its ends are dropped. The mean of the
//! recording, and not its median, is what ectopic rhythms are compared with: in a recording whose own rhythm is
//! ectopic the median would hide it.

use serde::{Deserialize, Serialize};

/// How many intervals the local mean takes.
const LOCAL: usize = 10;

/// RR intervals of one beat, in seconds. What does not exist (before the first peak, across flutter or
/// missing signal) is none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rr {
    /// From the previous peak.
    pub previous: Option<f32>,
    /// To the next peak.
    pub next: Option<f32>,
    /// Mean of the up to ten intervals that end at this beat.
    pub local: Option<f32>,
    /// Mean over the recording.
    pub record: Option<f32>,
}

impl Rr {
    /// Names of the [`features`](Self::features).
    pub const FEATURES: [&'static str; 4] =
        ["rr_prev_minus_record", "rr_next_minus_record", "rr_prev_over_next", "rr_local_minus_record"];

    /// Previous less mean of the recording, next less mean, previous over next, local mean less mean (Wang et
    /// al. 2020). An unknown interval counts as the mean of the recording; without any all are neutral.
    pub fn features(&self) -> [f32; 4] {
        let Some(record) = self.record else { return [0.0, 0.0, 1.0, 0.0] };
        let [previous, next, local] = [self.previous, self.next, self.local].map(|v| v.unwrap_or(record));
        [previous - record, next - record, previous / next.max(1e-6), local - record]
    }
}

/// The intervals of peaks in order, at `rate` Hz. An interval over one of the `breaks` is unknown.
///
/// ```
/// use paucal_signal::ecg::beats::rr::intervals;
///
/// let rr = intervals(&[100, 300, 600], &[], 100.0);
/// assert_eq!((rr[0].previous, rr[1].previous, rr[1].next), (None, Some(2.0), Some(3.0)));
/// assert_eq!(rr[2].record, Some(2.5));
/// assert_eq!(intervals(&[100, 300, 600], &[200], 100.0)[1].previous, None);
/// ```
pub fn intervals(peaks: &[usize], breaks: &[usize], rate: f64) -> Vec<Rr> {
    let between: Vec<Option<f64>> = peaks
        .windows(2)
        .map(|pair| {
            let first = breaks.partition_point(|&b| b < pair[0]);
            let broken = breaks.get(first).is_some_and(|&b| b < pair[1]);
            (!broken).then(|| (pair[1] - pair[0]) as f64 / rate)
        })
        .collect();
    let first = (!peaks.is_empty()).then_some(None);
    of_previous(&first.into_iter().chain(between).collect::<Vec<Option<f64>>>())
}

/// The intervals of beats in order of which those before them are known.
pub fn from_previous(previous: &[Option<f32>]) -> Vec<Rr> {
    of_previous(&previous.iter().map(|v| v.map(f64::from)).collect::<Vec<Option<f64>>>())
}

fn of_previous(previous: &[Option<f64>]) -> Vec<Rr> {
    let record = mean(previous.iter().flatten().copied());
    let of = |i: usize| {
        let known = previous[..=i].iter().rev().take_while(|v| v.is_some()).take(LOCAL).flatten().copied();
        Rr {
            previous: previous[i].map(|v| v as f32),
            next: previous.get(i + 1).copied().flatten().map(|v| v as f32),
            local: mean(known).map(|v| v as f32),
            record: record.map(|v| v as f32),
        }
    };
    (0..previous.len()).map(of).collect()
}

/// The literal intervals of the first description: those between the kept peaks, the first copied from the
/// second and the last from the one before; of a lone beat one second.
pub fn spec_intervals(kept: &[usize], rate: f64) -> Vec<Rr> {
    let mut rr = intervals(kept, &[], rate);
    let (second, last) = (rr.get(1).and_then(|r| r.previous), rr.last().and_then(|r| r.previous));
    if let Some(first) = rr.first_mut() {
        first.previous = second.or(Some(1.0));
    }
    if let Some(end) = rr.last_mut() {
        end.next = last.or(Some(1.0));
    }
    rr
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), v| (sum + v, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// Robust scaling of the [`Rr::features`]: less the median, over the distance of the quartiles, both of the
/// training patients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RrScaler {
    /// Medians.
    pub centre: [f32; 4],
    /// Distances of the quartiles, 1 where there is none.
    pub scale: [f32; 4],
}

impl Default for RrScaler {
    fn default() -> Self {
        Self { centre: [0.0; 4], scale: [1.0; 4] }
    }
}

impl RrScaler {
    /// Fits to beats; to none, it changes nothing.
    pub fn fit<'a>(beats: impl Iterator<Item = &'a Rr>) -> Self {
        let rows: Vec<[f32; 4]> = beats.map(Rr::features).collect();
        let mut fitted = Self::default();
        if rows.is_empty() {
            return fitted;
        }
        for k in 0..4 {
            let mut column: Vec<f32> = rows.iter().map(|row| row[k]).collect();
            column.sort_by(f32::total_cmp);
            let spread = quantile(&column, 0.75) - quantile(&column, 0.25);
            fitted.centre[k] = quantile(&column, 0.5);
            fitted.scale[k] = if spread > 0.0 { spread } else { 1.0 };
        }
        fitted
    }

    /// The scaled features.
    pub fn transform(&self, rr: &Rr) -> [f32; 4] {
        let raw = rr.features();
        [0, 1, 2, 3].map(|k| (raw[k] - self.centre[k]) / self.scale[k])
    }
}

/// The linearly interpolated quantile of sorted values.
fn quantile(sorted: &[f32], q: f32) -> f32 {
    let at = q * (sorted.len() - 1) as f32;
    let (low, share) = (at as usize, at.fract());
    let high = sorted[(low + 1).min(sorted.len() - 1)];
    sorted[low] + share * (high - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unknown_intervals_are_neutral() {
        assert_eq!(intervals(&[5], &[], 1.0)[0].features(), [0.0, 0.0, 1.0, 0.0]);
        let rr = intervals(&[0, 100, 300], &[], 100.0);
        assert_eq!(rr[0].features()[0], 0.0);
        assert_eq!(rr[2].features(), [0.5, 0.0, 2.0 / 1.5, 0.0]);
        assert_eq!(intervals(&[], &[], 1.0), []);
    }

    #[test]
    fn the_literal_intervals_copy_their_neighbours() {
        let rr = spec_intervals(&[0, 100, 300], 100.0);
        assert_eq!(rr.iter().map(|r| r.previous.unwrap()).collect::<Vec<_>>(), [1.0, 1.0, 2.0]);
        assert_eq!(rr.iter().map(|r| r.next.unwrap()).collect::<Vec<_>>(), [1.0, 2.0, 2.0]);
        assert_eq!(spec_intervals(&[7], 100.0)[0].previous, Some(1.0));
    }

    #[test]
    fn scaling_is_robust() {
        let rr = intervals(&[0, 100, 200, 300, 400, 1400], &[], 100.0);
        let scaler = RrScaler::fit(rr.iter());
        let fitted: Vec<f32> = rr.iter().map(|r| scaler.transform(r)[0]).collect();
        assert!(fitted[5] > 5.0 && fitted[2].abs() < 1.0, "{fitted:?}");
        assert_eq!(RrScaler::fit([].into_iter()), RrScaler::default());
    }

    #[test]
    fn intervals_follow_from_those_before() {
        let peaks = [0, 100, 220, 330, 900, 950];
        let rr = intervals(&peaks, &[500], 64.0);
        let previous: Vec<Option<f32>> = rr.iter().map(|rr| rr.previous).collect();
        assert_eq!(from_previous(&previous), rr);
        assert_eq!(from_previous(&[Some(1.0)])[0].local, Some(1.0));
    }

    proptest! {
        #[test]
        fn the_next_interval_is_the_previous_one_of_the_next_beat(
            steps in proptest::collection::vec(1_usize..500, 1..40), hole in 0_usize..8000,
        ) {
            let peaks: Vec<usize> = steps.iter().scan(0, |at, s| { *at += s; Some(*at) }).collect();
            let rr = intervals(&peaks, &[hole], 250.0);
            for pair in rr.windows(2) {
                prop_assert_eq!(pair[0].next, pair[1].previous);
                prop_assert!(pair[0].next.is_none_or(|v| v > 0.0));
            }
            let known: Vec<f32> = rr.iter().filter_map(|r| r.previous).collect();
            if let Some(record) = rr[0].record {
                let mean = known.iter().sum::<f32>() / known.len() as f32;
                prop_assert!((mean - record).abs() < 1e-4 * record);
            }
        }
    }
}
