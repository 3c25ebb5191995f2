//! Filtering with one pair of polynomials, H(z) = (b₀ + b₁ z⁻¹ + …) / (a₀ + a₁ z⁻¹ + …).
//!
//! Kept for parity with programs that filter this way. Rounding grows with the order and with the ratio of
//! the sampling rate to the band: the filter of order 4 for 0.5–45 Hz loses 8 digits at 360 Hz. Where there
//! is a choice, use [`Sos`](super::Sos).

use super::error::require;
use super::padding::reflections;
use super::{DspError, Padding};

/// A filter as polynomials in z⁻¹, lowest power first.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferFunction {
    /// Numerator.
    pub b: Vec<f64>,
    /// Denominator; its first coefficient is not zero.
    pub a: Vec<f64>,
}

impl TransferFunction {
    /// Filters from rest, as `scipy.signal.lfilter`.
    pub fn filter(&self, signal: &[f64]) -> Result<Vec<f64>, DspError> {
        let normal = self.normalised()?;
        let mut output = signal.to_vec();
        normal.run(&mut vec![0.0; normal.b.len()], output.iter_mut());
        Ok(output)
    }

    /// Filters forward and backward, as `scipy.signal.filtfilt`; the standard padding is three times the
    /// number of coefficients.
    pub fn filtfilt(&self, signal: &[f64], padding: Padding) -> Result<Vec<f64>, DspError> {
        let normal = self.normalised()?;
        let count = padding.resolve("zero-phase filter", 3 * normal.b.len(), signal.len())?;
        let (before, after) = reflections(signal, count);
        let mut extended = [&before, signal, &after[..]].concat();
        let unit = normal.steady_state_normalised();
        let scaled = |value: f64| unit.iter().map(|v| v * value).collect::<Vec<f64>>();

        let mut state = scaled(extended[0]);
        normal.run(&mut state, extended.iter_mut());
        let mut state = scaled(extended[extended.len() - 1]);
        normal.run(&mut state, extended.iter_mut().rev());
        Ok(extended[count..count + signal.len()].to_vec())
    }

    /// The state under a constant input of 1, as `scipy.signal.lfilter_zi`: with the gain g = Σb / Σa it
    /// solves sₖ = bₖ − aₖ g + sₖ₊₁.
    pub fn steady_state(&self) -> Result<Vec<f64>, DspError> {
        let mut state = self.normalised()?.steady_state_normalised();
        state.pop();
        Ok(state)
    }

    /// Equal lengths and a₀ = 1.
    fn normalised(&self) -> Result<Self, DspError> {
        const METHOD: &str = "filter";
        let leading = self.a.first().copied().unwrap_or(0.0);
        require(leading != 0.0, METHOD, "a[0]", leading, "other than zero")?;
        for &c in self.b.iter().chain(&self.a) {
            require(c.is_finite(), METHOD, "coefficient", c, "finite")?;
        }
        let length = self.a.len().max(self.b.len());
        let scaled = |coefficients: &[f64]| {
            let mut scaled: Vec<f64> = coefficients.iter().map(|c| c / leading).collect();
            scaled.resize(length, 0.0);
            scaled
        };
        Ok(Self { b: scaled(&self.b), a: scaled(&self.a) })
    }

    /// One number per coefficient; the last is always zero.
    fn steady_state_normalised(&self) -> Vec<f64> {
        let gain = self.b.iter().sum::<f64>() / self.a.iter().sum::<f64>();
        let mut state = vec![0.0; self.b.len()];
        for k in (1..self.b.len()).rev() {
            state[k - 1] = self.b[k] - self.a[k] * gain + state[k];
        }
        state
    }

    /// Transposed direct form II; the last number of the state stays zero.
    fn run<'a>(&self, state: &mut [f64], samples: impl Iterator<Item = &'a mut f64>) {
        for sample in samples {
            let x = *sample;
            let y = self.b[0] * x + state[0];
            for k in 1..self.b.len() {
                state[k - 1] = self.b[k] * x - self.a[k] * y + state[k];
            }
            *sample = y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moving_sum_is_a_filter() {
        let sum = TransferFunction { b: vec![2.0, 2.0], a: vec![2.0] };
        assert_eq!(sum.filter(&[1.0, 2.0, 5.0]).unwrap(), [1.0, 3.0, 7.0]);
        assert_eq!(sum.steady_state().unwrap(), [1.0]);
    }

    #[test]
    fn coefficients_are_checked() {
        let filter = |b: &[f64], a: &[f64]| TransferFunction { b: b.to_vec(), a: a.to_vec() }.filter(&[1.0]);
        assert!(filter(&[1.0], &[]).is_err());
        assert!(filter(&[1.0], &[0.0, 1.0]).is_err());
        assert!(filter(&[f64::NAN], &[1.0]).is_err());
        assert_eq!(filter(&[], &[1.0]).unwrap(), [0.0]);
    }
}
