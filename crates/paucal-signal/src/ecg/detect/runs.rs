//! Stretches in which the short-term activity of a signal rises above its long-term mean: what
//! the gradient detectors take for QRS complexes.

use std::ops::Range;

use crate::dsp::smooth::{each_mean, gradient_in_place, moving_mean_in_place};

/// A stretch of activity; the sample before it begins and its last sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub begin: usize,
    pub end: usize,
}

impl Run {
    pub fn length(self) -> usize {
        self.end - self.begin
    }
}

/// The moving mean over `size` samples of the absolute gradient.
pub(super) fn activity(mut signal: Vec<f64>, size: usize) -> Vec<f64> {
    gradient_in_place(&mut signal);
    signal.iter_mut().for_each(|v| *v = v.abs());
    moving_mean_in_place(&mut signal, size);
    signal
}

/// The stretches inside `range` where the activity exceeds `weight` times its own moving mean over `size`
/// samples, and `floor`. A stretch that is open at either end of the range is left out.
pub(super) fn above_mean(
    activity: &[f64],
    range: Range<usize>,
    size: usize,
    weight: f64,
    floor: f64,
) -> Vec<Run> {
    let start = range.start.saturating_sub(size);
    let context = &activity[start..(range.end + size).min(activity.len())];
    let mut runs = Vec::new();
    let mut begin = None;
    let mut before = true;
    each_mean(context, size, |k, mean| {
        let above = context[k] > weight * mean && context[k] > floor;
        let i = start + k;
        if above == before || !range.contains(&i) {
            return;
        }
        before = above;
        if above {
            begin = Some(i - 1);
        } else {
            runs.extend(begin.take().map(|begin| Run { begin, end: i - 1 }));
        }
    });
    runs
}

/// The runs of at least `share` of their mean length.
pub(super) fn drop_short(mut runs: Vec<Run>, share: f64) -> Vec<Run> {
    let shortest = share * mean_length(&runs);
    runs.retain(|run| run.length() as f64 >= shortest);
    runs
}

/// The mean length of the runs, zero if there are none.
pub(super) fn mean_length(runs: &[Run]) -> f64 {
    let total: usize = runs.iter().map(|run| run.length()).sum();
    total as f64 / runs.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_begin_before_the_rise_and_end_before_the_fall() {
        let activity = [0.0, 0.0, 9.0, 9.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0];
        let runs = above_mean(&activity, 0..10, 7, 1.5, 0.0);
        assert_eq!(runs, [Run { begin: 1, end: 3 }, Run { begin: 6, end: 7 }]);
        assert_eq!(drop_short(runs, 0.8), [Run { begin: 1, end: 3 }]);
        assert_eq!(mean_length(&[]), 0.0);
    }

    #[test]
    fn open_runs_are_left_out() {
        let activity = [9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0];
        assert_eq!(above_mean(&activity, 0..8, 7, 1.2, 0.0), []);
        assert_eq!(above_mean(&[], 0..0, 7, 1.2, 0.0), []);
        let activity = [&activity[..], &[0.0; 9]].concat();
        assert_eq!(above_mean(&activity, 4..12, 7, 1.2, 0.0), [Run { begin: 6, end: 7 }]);
        assert_eq!(above_mean(&activity, 7..12, 7, 1.2, 0.0), []);
    }
}
