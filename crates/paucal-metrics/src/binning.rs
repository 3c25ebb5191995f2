//! Turning numbers into bins: equal-width edges and bin look-up with NumPy's conventions.

use crate::Result;
use crate::column::sorted_present;

/// `bins + 1` equally spaced edges from the smallest to the largest present value, as
/// `numpy.histogram_bin_edges`: a constant column gets an interval of width 1 around its value.
pub fn equal_width_edges(values: &[f64], bins: usize) -> Result<Vec<f64>> {
    let sorted = sorted_present(values)?;
    let (mut low, mut high) = (sorted[0], sorted[sorted.len() - 1]);
    if low == high {
        (low, high) = (low - 0.5, high + 0.5);
    }
    let bins = bins.max(1);
    let step = (high - low) / bins as f64;
    let mut edges: Vec<f64> = (0..=bins).map(|i| i as f64 * step + low).collect();
    edges[bins] = high;
    crate::score::finite(high - low)?;
    Ok(edges)
}

/// For every value the number of edges that are not above it, as `numpy.digitize`: 0 below the first
/// edge, `edges.len()` from the last edge on. NaN is counted above every edge.
pub fn digitize(values: &[f64], edges: &[f64]) -> Vec<u32> {
    let bin = |x: &f64| if x.is_nan() { edges.len() } else { edges.partition_point(|edge| edge <= x) };
    values.iter().map(|x| bin(x) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_value_and_missing_ones_share_the_overflow_bin() {
        let values = [0.0, 5.0, 10.0, f64::NAN, -1.0];
        let edges = equal_width_edges(&values[..3], 2).unwrap();
        assert_eq!(edges, [0.0, 5.0, 10.0]);
        assert_eq!(digitize(&values, &edges), [1, 2, 3, 3, 0]);
    }

    #[test]
    fn a_constant_column_gets_one_unit_of_width() {
        assert_eq!(equal_width_edges(&[2.0, 2.0], 2).unwrap(), [1.5, 2.0, 2.5]);
    }
}
