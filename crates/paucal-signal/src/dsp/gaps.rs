//! Missing samples: anything that is not a finite number.

use std::ops::Range;

/// Bridges every missing stretch with a straight line (at the ends, with the nearest sample) and says where
/// they were, in order. A signal with no finite sample at all becomes zeros.
///
/// ```
/// use paucal_signal::dsp::gaps::bridge;
///
/// let mut signal = [f64::NAN, 1.0, f64::NAN, f64::NAN, 4.0];
/// assert_eq!(bridge(&mut signal), [0..1, 2..4]);
/// assert_eq!(signal, [1.0, 1.0, 2.0, 3.0, 4.0]);
/// ```
pub fn bridge(signal: &mut [f64]) -> Vec<Range<usize>> {
    let gaps = missing(signal);
    for gap in &gaps {
        let before = gap.start.checked_sub(1).map(|i| signal[i]);
        let after = signal.get(gap.end).copied();
        let (from, to) = match (before, after) {
            (Some(from), Some(to)) => (from, to),
            (Some(value), None) | (None, Some(value)) => (value, value),
            (None, None) => (0.0, 0.0),
        };
        let steps = (gap.len() + 1) as f64;
        for (k, value) in signal[gap.clone()].iter_mut().enumerate() {
            let share = (k + 1) as f64 / steps;
            *value = from * (1.0 - share) + to * share;
        }
    }
    gaps
}

/// The stretches of samples that are not finite, in order.
pub fn missing(signal: &[f64]) -> Vec<Range<usize>> {
    const BLOCK: usize = 512;
    let mut gaps: Vec<Range<usize>> = Vec::new();
    for (start, block) in (0..).step_by(BLOCK).zip(signal.chunks(BLOCK)) {
        // Nearly every block is whole, and to see that takes a few vector instructions.
        if block.iter().fold(true, |whole, v| whole & v.is_finite()) {
            continue;
        }
        for (i, _) in (start..).zip(block).filter(|(_, v)| !v.is_finite()) {
            match gaps.last_mut() {
                Some(gap) if gap.end == i => gap.end += 1,
                _ => gaps.push(i..i + 1),
            }
        }
    }
    gaps
}

/// Whether a sorted list of stretches covers a sample.
pub(crate) fn covers(stretches: &[Range<usize>], sample: usize) -> bool {
    let next = stretches.partition_point(|stretch| stretch.end <= sample);
    stretches.get(next).is_some_and(|stretch| stretch.start <= sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_finite_becomes_zeros() {
        let mut signal = [f64::NAN, f64::INFINITY];
        assert_eq!(bridge(&mut signal).first(), Some(&(0..2)));
        assert_eq!(signal, [0.0, 0.0]);
        assert!(bridge(&mut []).is_empty());
    }

    #[test]
    fn stretches_cover_their_samples() {
        let covered: Vec<usize> = (0..8).filter(|&i| covers(&[1..3, 5..6], i)).collect();
        assert_eq!(covered, [1, 2, 5]);
    }
}
