//! How alike are two samples of one column?
//!
//! Distances between the real and the synthetic marginal: 0 means equal. Missing values are left
//! out and compared on their own by [`missing_rate_difference`].

use crate::column::{Column, level_counts, mean, sorted_present};
use crate::{Result, Undefined};

/// Two-sample Kolmogorov–Smirnov statistic: the largest gap between the two empirical distribution
/// functions, `sup |F_r - F_s|`. In `[0, 1]`, lower is better. NaN is dropped; an empty side is
/// undefined.
///
/// ```
/// use paucal_metrics::distribution::kolmogorov_smirnov;
/// let ks = kolmogorov_smirnov(&[1.0, 2.0, f64::NAN, 4.0], &[1.0, 2.0, 3.0, f64::NAN]);
/// assert!((ks.unwrap() - 1.0 / 3.0).abs() < 1e-12);
/// ```
pub fn kolmogorov_smirnov(real: &[f64], synthetic: &[f64]) -> Result<f64> {
    let (real, synthetic) = (sorted_present(real)?, sorted_present(synthetic)?);
    let mut largest = 0.0_f64;
    walk_gaps(&real, &synthetic, |gap, _| largest = largest.max(gap));
    Ok(largest)
}

/// Earth mover's (1-Wasserstein) distance in one dimension, `∫ |F_r - F_s|`, in the column's own
/// unit. In `[0, ∞)`, lower is better. The sides may differ in size.
pub fn earth_mover(real: &[f64], synthetic: &[f64]) -> Result<f64> {
    let (real, synthetic) = (sorted_present(real)?, sorted_present(synthetic)?);
    let mut area = 0.0;
    walk_gaps(&real, &synthetic, |gap, width| area += gap * width);
    crate::score::finite(area)
}

/// [`earth_mover`] divided by the range of the real side, so that columns in different units can be
/// averaged. In `[0, ∞)`, lower is better; above 1 when the synthetic values lie far outside. A
/// constant real column gives 0 when the synthetic one equals it and 1 otherwise.
pub fn earth_mover_over_range(real: &[f64], synthetic: &[f64]) -> Result<f64> {
    let distance = earth_mover(real, synthetic)?;
    let real = sorted_present(real)?;
    let range = real[real.len() - 1] - real[0];
    if range > 0.0 { Ok(distance / range) } else { Ok(f64::from(distance > 0.0)) }
}

/// Calls `visit(|F_r - F_s|, width)` for every interval between neighbouring values of the pooled
/// sample. The gap before the first value and after the last one is 0.
fn walk_gaps(a: &[f64], b: &[f64], mut visit: impl FnMut(f64, f64)) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let here = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => return,
        };
        while a.get(i) == Some(&here) {
            i += 1;
        }
        while b.get(j) == Some(&here) {
            j += 1;
        }
        let next = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => here,
        };
        // One division over integers, so that equal shares give a gap of exactly 0.
        let gap = (i * b.len()).abs_diff(j * a.len()) as f64 / (a.len() * b.len()) as f64;
        visit(gap, next - here);
    }
}

/// Total variation between two category columns, `½ Σ |p_r - p_s|`. In `[0, 1]`, lower is better.
pub fn total_variation(real: &[u32], synthetic: &[u32], levels: usize) -> Result<f64> {
    let (p, q) = shares(real, synthetic, levels)?;
    Ok(0.5 * p.iter().zip(&q).map(|(p, q)| (p - q).abs()).sum::<f64>())
}

/// Jensen–Shannon divergence with base-2 logarithms: the mean Kullback–Leibler divergence of both
/// sides to their midpoint. In `[0, 1]`, lower is better. It is the divergence, not its square root
/// ([`jensen_shannon_distance`]). Lin 1991.
pub fn jensen_shannon(real: &[u32], synthetic: &[u32], levels: usize) -> Result<f64> {
    let (p, q) = shares(real, synthetic, levels)?;
    let half = |p: f64, m: f64| if p > 0.0 { 0.5 * p * (p / m).log2() } else { 0.0 };
    let divergence: f64 = p
        .iter()
        .zip(&q)
        .map(|(&p, &q)| {
            let middle = 0.5 * (p + q);
            half(p, middle) + half(q, middle)
        })
        .sum();
    Ok(divergence.clamp(0.0, 1.0))
}

/// The Jensen–Shannon distance, the square root of [`jensen_shannon`]. In `[0, 1]`, lower is better;
/// a metric (it obeys the triangle inequality).
pub fn jensen_shannon_distance(real: &[u32], synthetic: &[u32], levels: usize) -> Result<f64> {
    jensen_shannon(real, synthetic, levels).map(f64::sqrt)
}

/// Hellinger distance, `sqrt(½ Σ (√p_r - √p_s)²)`. In `[0, 1]`, lower is better.
pub fn hellinger(real: &[u32], synthetic: &[u32], levels: usize) -> Result<f64> {
    let (p, q) = shares(real, synthetic, levels)?;
    let sum: f64 = p.iter().zip(&q).map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2)).sum();
    Ok((0.5 * sum).sqrt().min(1.0))
}

/// Difference of the missing rates, `|m_r - m_s|`. In `[0, 1]`, lower is better.
pub fn missing_rate_difference(real: &Column<'_>, synthetic: &Column<'_>) -> Result<f64> {
    Ok((missing_rate(real)? - missing_rate(synthetic)?).abs())
}

/// Share of missing rows in a column; undefined without rows.
pub fn missing_rate(column: &Column<'_>) -> Result<f64> {
    if column.is_empty() {
        return Err(Undefined::Empty);
    }
    Ok(column.missing() as f64 / column.len() as f64)
}

/// A statistic of one number column, in words that users know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Sample standard deviation (divisor `n - 1`).
    StandardDeviation,
    /// Median, the mean of the two middle values for even counts.
    Median,
}

impl Statistic {
    /// The statistic of the present values.
    pub fn of(self, values: &[f64]) -> Result<f64> {
        let values = sorted_present(values)?;
        match self {
            Self::Mean => Ok(mean(&values)),
            Self::Median => Ok(crate::column::quantile(&values, 0.5)),
            Self::StandardDeviation if values.len() < 2 => Err(Undefined::TooFew { needed: 2, found: 1 }),
            Self::StandardDeviation => {
                let centre = mean(&values);
                let squares: f64 = values.iter().map(|x| (x - centre).powi(2)).sum();
                Ok((squares / (values.len() - 1) as f64).sqrt())
            }
        }
    }
}

/// Shares per level on both sides.
fn shares(real: &[u32], synthetic: &[u32], levels: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let share = |codes| {
        let counts = level_counts(codes, levels)?;
        let total: f64 = counts.iter().sum();
        Ok(counts.into_iter().map(|c| c / total).collect())
    };
    Ok((share(real)?, share(synthetic)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MISSING;
    use proptest::prelude::*;

    fn sample() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-20_i32..20).prop_map(f64::from), 1..30)
    }

    fn codes() -> impl Strategy<Value = Vec<u32>> {
        prop::collection::vec(0_u32..5, 1..40)
    }

    #[test]
    fn earth_mover_of_unequal_sizes() {
        // F_r steps at 0 and 1 by 1/2; F_s at 0 by 1: the gap is 1/2 on [0, 1].
        assert_eq!(earth_mover(&[0.0, 1.0], &[0.0]), Ok(0.5));
        assert_eq!(earth_mover_over_range(&[0.0, 10.0], &[5.0, 15.0]), Ok(0.5));
    }

    #[test]
    fn a_constant_real_column_has_no_range() {
        assert_eq!(earth_mover_over_range(&[3.0, 3.0], &[3.0]), Ok(0.0));
        assert_eq!(earth_mover_over_range(&[3.0, 3.0], &[3.1]), Ok(1.0));
    }

    #[test]
    fn disjoint_levels_are_as_far_apart_as_can_be() {
        let (a, b) = ([0, 0, 1], [2, 3]);
        assert_eq!(total_variation(&a, &b, 4), Ok(1.0));
        assert_eq!(jensen_shannon(&a, &b, 4), Ok(1.0));
        assert!((hellinger(&a, &b, 4).unwrap() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn nothing_to_compare_is_undefined() {
        assert_eq!(kolmogorov_smirnov(&[], &[1.0]), Err(Undefined::Empty));
        assert_eq!(kolmogorov_smirnov(&[1.0], &[f64::NAN]), Err(Undefined::Empty));
        assert_eq!(earth_mover(&[1.0], &[f64::INFINITY]), Err(Undefined::NotFinite));
        assert_eq!(total_variation(&[MISSING], &[0], 1), Err(Undefined::Empty));
        assert_eq!(total_variation(&[0], &[1], 1), Err(Undefined::BadCode { code: 1, levels: 1 }));
    }

    #[test]
    fn missing_rates() {
        let (a, b) = ([1.0, f64::NAN, 3.0, 4.0], [1.0, f64::NAN, f64::NAN, 4.0]);
        assert_eq!(missing_rate_difference(&Column::Number(&a), &Column::Number(&b)), Ok(0.25));
    }

    proptest! {
        #[test]
        fn distances_are_symmetric_and_zero_on_themselves(a in sample(), b in sample()) {
            for distance in [kolmogorov_smirnov, earth_mover] {
                prop_assert_eq!(distance(&a, &b).unwrap(), distance(&b, &a).unwrap());
                prop_assert_eq!(distance(&a, &a).unwrap(), 0.0);
                let mut shuffled = a.clone();
                shuffled.reverse();
                prop_assert_eq!(distance(&a, &shuffled).unwrap(), 0.0);
            }
        }

        #[test]
        fn earth_mover_obeys_the_triangle_inequality(a in sample(), b in sample(), c in sample()) {
            let d = |x: &[f64], y: &[f64]| earth_mover(x, y).unwrap();
            prop_assert!(d(&a, &c) <= d(&a, &b) + d(&b, &c) + 1e-9);
        }

        #[test]
        fn earth_mover_of_a_shift_is_the_shift(a in sample(), shift in -5.0..5.0_f64) {
            let moved: Vec<f64> = a.iter().map(|x| x + shift).collect();
            prop_assert!((earth_mover(&a, &moved).unwrap() - shift.abs()).abs() < 1e-9);
        }

        #[test]
        fn category_distances_are_symmetric_ordered_and_zero_on_themselves(a in codes(), b in codes()) {
            for distance in [total_variation, jensen_shannon, hellinger] {
                let (ab, ba) = (distance(&a, &b, 5).unwrap(), distance(&b, &a, 5).unwrap());
                prop_assert!((ab - ba).abs() < 1e-12 && (0.0..=1.0).contains(&ab));
                prop_assert_eq!(distance(&a, &a, 5).unwrap(), 0.0);
            }
            // H² <= TV <= √2 H, Le Cam.
            let (tv, h) = (total_variation(&a, &b, 5).unwrap(), hellinger(&a, &b, 5).unwrap());
            prop_assert!(h * h <= tv + 1e-9 && tv <= 2.0_f64.sqrt() * h + 1e-9);
        }
    }
}
