//! The beat that is most common in a recording, found without labels.
//!
//! Of up to 200 beats spread over the recording the one that correlates above 0.9 with most others is taken,
//! and the median of those is the dominant beat. Beats are compared in their whole window.

use ndarray::Array2;

/// Beats that are compared.
const SAMPLE: usize = 200;
/// Correlation from which on two beats are of a kind.
const ALIKE: f64 = 0.9;

/// The dominant beat of waves of `length` samples, one after the other; zeros if there are none.
///
/// ```
/// use paucal_signal::ecg::classify::dominant::dominant;
///
/// let waves = [0.0, 1.0, 0.0, 0.0, 1.1, 0.0, 1.0, 0.0, 0.0];
/// assert_eq!(dominant(&waves, 3), [0.0, 1.05, 0.0]);
/// ```
pub fn dominant(waves: &[f32], length: usize) -> Vec<f64> {
    let beats = waves.len() / length.max(1);
    if beats == 0 {
        return vec![0.0; length];
    }
    let taken = beats.min(SAMPLE);
    let rows: Vec<usize> = (0..taken).map(|i| i * beats / taken).collect();
    let mut unit = Array2::from_shape_fn((taken, length), |(i, k)| f64::from(waves[rows[i] * length + k]));
    for mut row in unit.rows_mut() {
        let mean = row.sum() / length as f64;
        row.mapv_inplace(|v| v - mean);
        let norm = row.dot(&row).sqrt();
        row.mapv_inplace(|v| if norm > 0.0 { v / norm } else { 0.0 });
    }
    let alike = unit.dot(&unit.t());
    let friends = |i: usize| alike.row(i).iter().filter(|&&c| c > ALIKE).count();
    // The first of several: ties must not depend on anything.
    let leader = (0..taken).fold((0, 0), |best, i| if friends(i) > best.1 { (i, friends(i)) } else { best }).0;
    let kind: Vec<usize> = (0..taken).filter(|&i| i == leader || alike[[leader, i]] > ALIKE).collect();
    let sample = |k: usize| {
        let mut values: Vec<f64> = kind.iter().map(|&i| f64::from(waves[rows[i] * length + k])).collect();
        median(&mut values)
    };
    (0..length).map(sample).collect()
}

/// The median; 0 of nothing.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
