//! The beat that is most common in a recording, found without labels.
//!
//! Of up to 200 beats spread over the recording the one that correlates above 0.9 with most others is taken,
//! and the median of those is the dominant beat. Beats are compared in their whole window.

use ndarray::{Array1, Array2, ArrayViewMut1};

/// Beats that are compared.
const SAMPLE: usize = 200;
/// Correlation from which on two beats are of a kind.
const ALIKE: f64 = 0.9;

/// The dominant beat of a recording, and beats to compare others with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dominant {
    /// The dominant beat; zeros of a recording without beats.
    pub wave: Vec<f64>,
    /// Unit vectors of beats spread over the recording: beats × samples.
    sample: Array2<f64>,
}

impl Dominant {
    /// Of waves of `length` samples, one after the other.
    ///
    /// ```
    /// use paucal_signal::ecg::classify::dominant::Dominant;
    ///
    /// let waves = [0.0, 1.0, 0.0, 0.0, 1.5, 0.0, 1.0, 0.0, 0.0];
    /// let dominant = Dominant::of(&waves, 3);
    /// assert_eq!(dominant.wave, [0.0, 1.25, 0.0]);
    /// assert!((dominant.kin(&[0.0, 2.0, 0.0]) - 2.0 / 3.0).abs() < 1e-12);
    /// ```
    pub fn of(waves: &[f32], length: usize) -> Self {
        let beats = waves.len() / length.max(1);
        if beats == 0 {
            return Self { wave: vec![0.0; length], sample: Array2::zeros((0, length)) };
        }
        let taken = beats.min(SAMPLE);
        let rows: Vec<usize> = (0..taken).map(|i| i * beats / taken).collect();
        let mut sample =
            Array2::from_shape_fn((taken, length), |(i, k)| f64::from(waves[rows[i] * length + k]));
        for row in sample.rows_mut() {
            normalise(row);
        }
        let alike = sample.dot(&sample.t());
        let friends = |i: usize| alike.row(i).iter().filter(|&&c| c > ALIKE).count();
        // The first of several: ties must not depend on anything.
        let first_best = |best: (usize, usize), i| if friends(i) > best.1 { (i, friends(i)) } else { best };
        let leader = (0..taken).fold((0, 0), first_best).0;
        let kind: Vec<usize> = (0..taken).filter(|&i| i == leader || alike[[leader, i]] > ALIKE).collect();
        let middle = |k: usize| {
            let mut values: Vec<f64> = kind.iter().map(|&i| f64::from(waves[rows[i] * length + k])).collect();
            quartiles(&mut values)[1]
        };
        Self { wave: (0..length).map(middle).collect(), sample }
    }

    /// Whether a wave is of the dominant kind.
    pub fn leads(&self, wave: &[f32]) -> bool {
        let mut own: Array1<f64> = wave.iter().map(|&v| f64::from(v)).collect();
        let mut dominant = Array1::from(self.wave.clone());
        normalise(own.view_mut());
        normalise(dominant.view_mut());
        own.dot(&dominant) > ALIKE
    }

    /// Share of the recording's beats that a wave is like: how common its kind is there.
    pub fn kin(&self, wave: &[f32]) -> f64 {
        let mut unit: Array1<f64> = wave.iter().map(|&v| f64::from(v)).collect();
        normalise(unit.view_mut());
        let alike = self.sample.dot(&unit);
        alike.iter().filter(|&&c| c > ALIKE).count() as f64 / alike.len().max(1) as f64
    }
}

/// Mean 0 and length 1; a flat line becomes zeros.
fn normalise(mut wave: ArrayViewMut1<'_, f64>) {
    let mean = wave.sum() / wave.len() as f64;
    wave.mapv_inplace(|v| v - mean);
    let norm = wave.dot(&wave).sqrt();
    wave.mapv_inplace(|v| if norm > 0.0 { v / norm } else { 0.0 });
}

/// The quartiles by linear interpolation; unknown of nothing.
pub(super) fn quartiles(values: &mut [f64]) -> [f64; 3] {
    quantiles(values, [0.25, 0.5, 0.75])
}

/// Quantiles by linear interpolation; unknown of nothing.
pub(super) fn quantiles<const N: usize>(values: &mut [f64], shares: [f64; N]) -> [f64; N] {
    if values.is_empty() {
        return [f64::NAN; N];
    }
    values.sort_unstable_by(f64::total_cmp);
    shares.map(|share| {
        let at = share * (values.len() - 1) as f64;
        let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
        low + (high - low) * at.fract()
    })
}
