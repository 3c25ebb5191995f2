//! Other sampling rates.
//!
//! * [`resample`] goes through the Fourier transform: exact for a band-limited periodic signal, any ratio
//!   of lengths, but an end that does not meet the beginning rings.
//! * [`resample_poly`] filters with a finite window between the samples, for ratios of small integers: local,
//!   linear in time. What to use for records.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;

use super::DspError;
use super::error::require;

/// What [`resample_poly`] assumes beyond the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edge {
    /// The line through the first and the last sample goes on: no step at the ends. SciPy's
    /// `padtype="line"`, except that the line itself is kept exactly, where SciPy filters it with the rest
    /// (a ripple of 0.1 %).
    #[default]
    Line,
    /// Zeros (SciPy's default).
    Zero,
}

/// The signal on `length` evenly spaced samples over the same time, as `scipy.signal.resample`.
pub fn resample(signal: &[f64], length: usize) -> Result<Vec<f64>, DspError> {
    const METHOD: &str = "Fourier resampling";
    if signal.is_empty() {
        return Err(DspError::TooShort { method: METHOD, needed: 1, found: 0 });
    }
    require(length > 0, METHOD, "length", length, "at least 1")?;
    let mut planner = RealFftPlanner::<f64>::new();
    let forward = planner.plan_fft_forward(signal.len());
    let mut input = signal.to_vec();
    let mut spectrum = forward.make_output_vec();
    // The buffers have the lengths that the plan asked for, so that neither transform can fail.
    let _ = forward.process(&mut input, &mut spectrum);

    let shorter = signal.len().min(length);
    spectrum.resize(length / 2 + 1, Complex64::ZERO);
    spectrum[shorter / 2 + 1..].fill(Complex64::ZERO);
    if shorter.is_multiple_of(2) && length != signal.len() {
        // The component at half the lower rate stands for both of its signs.
        spectrum[shorter / 2] *= if length < signal.len() { 2.0 } else { 0.5 };
    }
    // A real signal has real components at zero and, of even length, at half the rate.
    spectrum[0].im = 0.0;
    if length.is_multiple_of(2) {
        spectrum[length / 2].im = 0.0;
    }
    let inverse = planner.plan_fft_inverse(length);
    let mut output = inverse.make_output_vec();
    let _ = inverse.process(&mut spectrum, &mut output);
    let scale = 1.0 / signal.len() as f64;
    Ok(output.into_iter().map(|v| v * scale).collect())
}

/// The signal at `up / down` times its rate, ⌈n · up / down⌉ samples, as `scipy.signal.resample_poly` with
/// its standard window: `y[m] = Σ h(m · down − k · up) x[k]`, h being the ideal low-pass filter at the lower
/// of the two rates under a Kaiser window (β = 5) of ±10 samples of that rate.
pub fn resample_poly(signal: &[f64], up: usize, down: usize, edge: Edge) -> Result<Vec<f64>, DspError> {
    const METHOD: &str = "polyphase resampling";
    const RANGE: &str = "from 1 to 100000 after cancelling common factors";
    require(up > 0, METHOD, "up", up, RANGE)?;
    require(down > 0, METHOD, "down", down, RANGE)?;
    let common = greatest_common_divisor(up, down);
    let (up, down) = (up / common, down / common);
    require(up <= 100_000, METHOD, "up", up, RANGE)?;
    require(down <= 100_000, METHOD, "down", down, RANGE)?;
    let (Some(&first), Some(&last)) = (signal.first(), signal.last()) else { return Ok(Vec::new()) };
    if up == down {
        return Ok(signal.to_vec());
    }
    let half = 10 * up.max(down);
    let phases = Phases::new(&low_pass(half, up.max(down), up as f64), half, up);
    let length = (signal.len() * up).div_ceil(down);
    if edge == Edge::Zero {
        return Ok((0..length).map(|m| phases.at(signal, m * down)).collect());
    }
    let slope = if signal.len() > 1 { (last - first) / (signal.len() - 1) as f64 } else { 0.0 };
    let line = |k: f64| first + slope * k;
    let bent: Vec<f64> = signal.iter().enumerate().map(|(k, v)| v - line(k as f64)).collect();
    let step = down as f64 / up as f64;
    Ok((0..length).map(|m| phases.at(&bent, m * down) + line(m as f64 * step)).collect())
}

/// The filter sorted by phase: for each position between two samples, the weights of the samples around it.
struct Phases {
    /// Row r holds the weights at t ≡ r (mod up), the earliest sample first.
    weights: Vec<f64>,
    taps: usize,
    up: usize,
    half: usize,
}

impl Phases {
    /// `filter` spans −half..=half, in units of 1 / up samples.
    fn new(filter: &[f64], half: usize, up: usize) -> Self {
        let taps = 2 * half / up + 1;
        let mut weights = vec![0.0; taps * up];
        for phase in 0..up {
            // The earliest sample in reach is the farthest at or below `half` in this phase.
            let farthest = half - (half % up + up - phase) % up;
            for tap in 0..taps {
                if let Some(index) = (farthest + half).checked_sub(tap * up) {
                    weights[phase * taps + tap] = filter[index];
                }
            }
        }
        Self { weights, taps, up, half }
    }

    /// `Σ h(t − k · up) x[k]` at time t, in units of 1 / up samples.
    fn at(&self, signal: &[f64], t: usize) -> f64 {
        let weights = &self.weights[t % self.up * self.taps..][..self.taps];
        // The first sample in reach, ⌈(t − half) / up⌉, may lie before the signal.
        let (skipped, start) = match t.checked_sub(self.half) {
            Some(reach) => (0, reach.div_ceil(self.up)),
            None => ((self.half - t) / self.up, 0),
        };
        let samples = signal.get(start..).unwrap_or_default();
        weights[skipped.min(self.taps)..].iter().zip(samples).map(|(w, x)| w * x).sum()
    }
}

/// The low-pass filter at 1 / `rate` of the Nyquist frequency with `2 half + 1` taps that sum to `gain`,
/// under a Kaiser window of β = 5 (`scipy.signal.firwin`).
fn low_pass(half: usize, rate: usize, gain: f64) -> Vec<f64> {
    const BETA: f64 = 5.0;
    let tap = |i: usize| {
        let distance = i as f64 - half as f64;
        let angle = std::f64::consts::PI * distance / rate as f64;
        let sinc = if distance == 0.0 { 1.0 } else { angle.sin() / angle };
        sinc * bessel_i0(BETA * (1.0 - (distance / half as f64).powi(2)).max(0.0).sqrt())
    };
    let taps: Vec<f64> = (0..=2 * half).map(tap).collect();
    let scale = gain / taps.iter().sum::<f64>();
    taps.into_iter().map(|v| v * scale).collect()
}

/// The modified Bessel function of order 0, Σ ((x / 2)ᵏ / k!)².
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= (x / 2.0 / k) * (x / 2.0 / k);
        sum += term;
        k += 1.0;
    }
    sum
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_constants_stay_what_they_are() {
        let line: Vec<f64> = (0..50).map(|i| 2.0 + 0.1 * f64::from(i)).collect();
        let finer = resample_poly(&line, 3, 2, Edge::Line).unwrap();
        assert_eq!(finer.len(), 75);
        for (m, v) in finer.iter().enumerate() {
            assert!((v - (2.0 + 0.1 * m as f64 * 2.0 / 3.0)).abs() < 1e-12);
        }
        let constant = resample(&[1.5; 30], 47).unwrap();
        assert!(constant.iter().all(|v| (v - 1.5).abs() < 1e-14));
    }

    #[test]
    fn extremes_are_answered() {
        assert!(resample(&[], 3).is_err());
        assert!(resample(&[1.0], 0).is_err());
        assert_eq!(resample(&[2.0], 3).unwrap(), [2.0; 3]);
        assert!(resample_poly(&[1.0], 0, 1, Edge::Zero).is_err());
        assert!(resample_poly(&[1.0], 100_003, 1, Edge::Zero).is_err());
        assert_eq!(resample_poly(&[], 2, 1, Edge::Line).unwrap(), [0.0; 0]);
        assert_eq!(resample_poly(&[1.0], 3, 1, Edge::Line).unwrap(), [1.0; 3]);
        assert_eq!(resample_poly(&[1.0, 2.0], 50, 50, Edge::Zero).unwrap(), [1.0, 2.0]);
    }
}
