//! Moving peaks to the largest deflection nearby.

use super::{median, samples};

/// Which way a QRS complex points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Polarity {
    /// Up or down, whichever is larger, beat by beat.
    #[default]
    Either,
    /// Up.
    Positive,
    /// Down.
    Negative,
}

/// Moves every peak to the largest deflection of the lead within `window_s` seconds on either side; 0.05 s
/// corrects the delays of most detectors.
///
/// A deflection is a distance from the median of the 0.2 s around the window, most of which is baseline.
/// Missing samples are passed over; a peak with nothing but missing samples around stays. Two peaks that
/// meet become one. Peaks outside the signal are dropped.
pub fn refine_peaks(
    signal: &[f64],
    peaks: &[usize],
    fs: f64,
    window_s: f64,
    polarity: Polarity,
) -> Vec<usize> {
    let reach = samples(window_s, fs);
    let margin = samples(0.2, fs);
    let largest = |&peak: &usize| {
        let around = |by: usize| peak.saturating_sub(by)..(peak + by + 1).min(signal.len());
        let finite = signal[around(reach.saturating_add(margin))].iter().copied().filter(|v| v.is_finite());
        let baseline = median(finite.collect());
        let deflection = |i: usize| match polarity {
            Polarity::Either => (signal[i] - baseline).abs(),
            Polarity::Positive => signal[i] - baseline,
            Polarity::Negative => baseline - signal[i],
        };
        let candidates = around(reach).filter(|&i| signal[i].is_finite());
        candidates
            .fold(None, |best: Option<usize>, i| match best {
                Some(best) if deflection(best) >= deflection(i) => Some(best),
                _ => Some(i),
            })
            .unwrap_or(peak)
    };
    let mut refined: Vec<usize> = peaks.iter().filter(|&&peak| peak < signal.len()).map(largest).collect();
    refined.sort_unstable();
    refined.dedup();
    refined
}
