//! What lies beyond the ends of a signal that is filtered forward and backward.
//!
//! Zero-phase filters extend the signal by point reflection at its first and last sample (SciPy's
//! `padtype="odd"`), which continues both its value and its slope:
//! on the left 2 x₀ − x_p, …, 2 x₀ − x₁, and on the right 2 xₙ₋₁ − xₙ₋₂, …, 2 xₙ₋₁ − xₙ₋₁₋ₚ.

use super::DspError;

/// How many samples are reflected at each end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// SciPy's length, three times the length of the filter; a signal that is not longer is refused.
    #[default]
    Standard,
    /// SciPy's length, or all that a shorter signal has.
    Reduced,
    /// This many samples (0 for none); a signal that is not longer is refused.
    Samples(usize),
}

impl Padding {
    /// The number of samples for a signal of `length`, given the filter's `standard`.
    pub(super) fn resolve(
        self,
        method: &'static str,
        standard: usize,
        length: usize,
    ) -> Result<usize, DspError> {
        let wanted = match self {
            Self::Standard => standard,
            Self::Reduced => standard.min(length.saturating_sub(1)),
            Self::Samples(samples) => samples,
        };
        if length <= wanted {
            return Err(DspError::TooShort { method, needed: wanted.saturating_add(1), found: length });
        }
        Ok(wanted)
    }
}

/// The `count` reflected samples before and after `x`, both in the order of time.
pub(super) fn reflections(x: &[f64], count: usize) -> (Vec<f64>, Vec<f64>) {
    let (first, last) = (x[0], x[x.len() - 1]);
    let before = x[1..=count].iter().rev().map(|v| 2.0 * first - v).collect();
    let after = x[x.len() - 1 - count..x.len() - 1].iter().rev().map(|v| 2.0 * last - v).collect();
    (before, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflections_continue_value_and_slope() {
        let (before, after) = reflections(&[1.0, 2.0, 4.0, 5.0], 2);
        assert_eq!((before, after), (vec![-2.0, 0.0], vec![6.0, 8.0]));
        assert_eq!(reflections(&[1.0], 0), (vec![], vec![]));
    }

    #[test]
    fn short_signals_are_refused_or_padded_less() {
        assert_eq!(Padding::Standard.resolve("filter", 27, 28), Ok(27));
        assert_eq!(Padding::Reduced.resolve("filter", 27, 27), Ok(26));
        assert_eq!(Padding::Reduced.resolve("filter", 27, 1), Ok(0));
        let refused = |needed, found| Err(DspError::TooShort { method: "filter", needed, found });
        assert_eq!(Padding::Standard.resolve("filter", 27, 27), refused(28, 27));
        assert_eq!(Padding::Samples(0).resolve("filter", 27, 0), refused(1, 0));
    }
}
