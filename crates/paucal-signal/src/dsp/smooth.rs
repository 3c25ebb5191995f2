//! Moving means, the gradient, and trends.

use super::DspError;
use super::error::require;

/// Moving mean of `size` samples, the ends repeated, as `scipy.ndimage.uniform_filter1d(mode="nearest")` and
/// NeuroKit's `signal_smooth(kernel="boxcar")`.
///
/// Output i is the mean of the inputs from i − ⌊size / 2⌋ on. The sum runs along the signal, which
/// makes the cost independent of `size`.
///
/// ```
/// use paucal_signal::dsp::smooth::moving_mean;
///
/// assert_eq!(moving_mean(&[0.0, 3.0, 6.0, 0.0], 3)?, [1.0, 3.0, 3.0, 2.0]);
/// # Ok::<(), paucal_signal::dsp::DspError>(())
/// ```
pub fn moving_mean(signal: &[f64], size: usize) -> Result<Vec<f64>, DspError> {
    require(size > 0, "moving mean", "size", size, "at least 1")?;
    let mut means = signal.to_vec();
    moving_mean_in_place(&mut means, size);
    Ok(means)
}

/// [`moving_mean`] that overwrites the signal; `size` is at least 1.
pub(crate) fn moving_mean_in_place(signal: &mut [f64], size: usize) {
    let Some(end) = signal.len().checked_sub(1) else { return };
    let before = size / 2;
    let after = size - before - 1;
    let mut sum = first_window(signal, size);
    // The inputs that are overwritten but still in the window, and the one that leaves next.
    let mut passed = vec![signal[0]; before + 1];
    let mut oldest = 0;
    for i in 0..signal.len() {
        let leaving = std::mem::replace(&mut passed[oldest], signal[i]);
        oldest = if oldest == before { 0 } else { oldest + 1 };
        if i > 0 {
            sum += signal[(i + after).min(end)] - leaving;
        }
        signal[i] = sum / size as f64;
    }
}

/// Calls `visit` with every index and the moving mean there, in order; `size` is at least 1.
pub(crate) fn each_mean(signal: &[f64], size: usize, mut visit: impl FnMut(usize, f64)) {
    let Some(end) = signal.len().checked_sub(1) else { return };
    let before = size / 2;
    let after = size - before - 1;
    let mut sum = first_window(signal, size);
    visit(0, sum / size as f64);
    for i in 1..signal.len() {
        sum += signal[(i + after).min(end)] - signal[(i - 1).saturating_sub(before)];
        visit(i, sum / size as f64);
    }
}

/// The sum over the window of sample 0.
fn first_window(signal: &[f64], size: usize) -> f64 {
    (0..size).map(|k| signal[k.saturating_sub(size / 2).min(signal.len() - 1)]).sum()
}

/// Central differences with unit spacing, one-sided at the ends, as `numpy.gradient`; of one sample, zero.
pub fn gradient(signal: &[f64]) -> Vec<f64> {
    let mut output = signal.to_vec();
    gradient_in_place(&mut output);
    output
}

/// [`gradient`] that overwrites the signal.
pub(crate) fn gradient_in_place(signal: &mut [f64]) {
    let Some(end) = signal.len().checked_sub(1) else { return };
    let last = slope(signal, end);
    let (mut before, mut here) = (signal[0], signal[0]);
    for i in 0..end {
        let after = signal[i + 1];
        signal[i] = if i == 0 { after - here } else { (after - before) / 2.0 };
        (before, here) = (here, after);
    }
    signal[end] = last;
}

/// The gradient at one sample.
#[inline]
pub(crate) fn slope(signal: &[f64], i: usize) -> f64 {
    let (before, after) = (i.saturating_sub(1), (i + 1).min(signal.len() - 1));
    let rise = signal[after] - signal[before];
    if after - before == 2 { rise / 2.0 } else { rise }
}

/// The signal less its mean.
pub fn remove_mean(signal: &[f64]) -> Vec<f64> {
    let mean = signal.iter().sum::<f64>() / signal.len() as f64;
    signal.iter().map(|v| v - mean).collect()
}

/// The signal less its least-squares line, as `scipy.signal.detrend(type="linear")`.
pub fn remove_line(signal: &[f64]) -> Vec<f64> {
    let n = signal.len() as f64;
    let mean = signal.iter().sum::<f64>() / n;
    let centre = (n - 1.0) / 2.0;
    let covariance: f64 = signal.iter().enumerate().map(|(i, v)| (i as f64 - centre) * (v - mean)).sum();
    // Σ(i − centre)² = n (n² − 1) / 12; one sample has no slope.
    let slope = if signal.len() > 1 { covariance / (n * (n * n - 1.0) / 12.0) } else { 0.0 };
    signal.iter().enumerate().map(|(i, v)| v - mean - slope * (i as f64 - centre)).collect()
}

/// The signal as z-scores, with its population standard deviation; a flat one becomes zeros.
pub fn standardise(signal: &[f64]) -> Vec<f64> {
    let centred = remove_mean(signal);
    let deviation = (centred.iter().map(|v| v * v).sum::<f64>() / signal.len() as f64).sqrt();
    let scale = if deviation > 0.0 { deviation } else { 1.0 };
    centred.into_iter().map(|v| v / scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gradients_are_one_sided_at_the_ends() {
        assert_eq!(gradient(&[1.0, 2.0, 5.0, 5.0]), [1.0, 2.0, 1.5, 0.0]);
        assert_eq!(gradient(&[3.0]), [0.0]);
        assert_eq!(gradient(&[]), [0.0; 0]);
    }

    #[test]
    fn lines_vanish() {
        let line: Vec<f64> = (0..7).map(|i| 3.0 - 0.5 * f64::from(i)).collect();
        assert!(remove_line(&line).iter().all(|v| v.abs() < 1e-14));
        assert_eq!(remove_line(&[4.0]), [0.0]);
    }

    #[test]
    fn sizes_are_checked() {
        assert!(moving_mean(&[1.0], 0).is_err());
    }

    proptest! {
        #[test]
        fn moving_windows_equal_their_definition(
            values in proptest::collection::vec(-5_i32..5, 1..60), half in 0_usize..40,
        ) {
            let x: Vec<f64> = values.into_iter().map(f64::from).collect();
            let size = 2 * half + 1;
            let window = |i: usize| {
                let at = |k: usize| x[(i + k).saturating_sub(half).min(x.len() - 1)];
                (0..size).map(at).collect::<Vec<f64>>()
            };
            let means = moving_mean(&x, size).unwrap();
            for (i, mean) in means.iter().enumerate() {
                prop_assert!((mean - window(i).iter().sum::<f64>() / size as f64).abs() < 1e-12);
            }
        }
    }
}
