//! SDMetrics' single-column metrics.

use crate::column::{Column, level_counts, present, sorted_present};
use crate::distribution::{Statistic, kolmogorov_smirnov, missing_rate_difference};
use crate::{Result, Undefined};

/// KSComplement: `1 - sup |F_r - F_s|`. Missing values are dropped; values are rounded to 14 decimals
/// first, as SDMetrics does.
pub fn ks_complement(real: &[f64], synthetic: &[f64]) -> Result<f64> {
    Ok(1.0 - kolmogorov_smirnov(&round_to_14(real), &round_to_14(synthetic))?)
}

/// Rounding to 14 decimals. Numbers beyond 10¹⁵ have none and stay as they are.
fn round_to_14(values: &[f64]) -> Vec<f64> {
    let round = |x: f64| if x.abs() < 1e15 { (x * 1e14).round_ties_even() / 1e14 } else { x };
    values.iter().map(|&x| round(x)).collect()
}

/// TVComplement: `1 - ½ Σ |p_r - p_s|`. Missing values are dropped. A level that occurs only in the
/// synthetic column enters the real one with a count of 10⁻⁶, SDMetrics' guard against division by
/// zero, which shows in the seventh digit.
pub fn tv_complement(real: &[u32], synthetic: &[u32], levels: usize) -> Result<f64> {
    let mut real = level_counts(real, levels)?;
    let synthetic = level_counts(synthetic, levels)?;
    for (r, s) in real.iter_mut().zip(&synthetic) {
        if *r == 0.0 && *s > 0.0 {
            *r = 1e-6;
        }
    }
    let (n_r, n_s): (f64, f64) = (real.iter().sum(), synthetic.iter().sum());
    Ok(1.0 - 0.5 * real.iter().zip(&synthetic).map(|(r, s)| (s / n_s - r / n_r).abs()).sum::<f64>())
}

/// BoundaryAdherence: the share of synthetic values within the real minimum and maximum. Missing
/// synthetic values are left out when the real column has missing values, and count as violations
/// otherwise.
pub fn boundary_adherence(real: &[f64], synthetic: &[f64]) -> Result<f64> {
    let sorted = sorted_present(real)?;
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    let nullable = sorted.len() < real.len();
    Column::Number(synthetic).check()?;
    let counted: Vec<f64> = synthetic.iter().copied().filter(|x| !(nullable && x.is_nan())).collect();
    share(&counted, |&x| low <= x && x <= high)
}

/// CategoryAdherence: the share of synthetic values that occur in the real column; missing counts as
/// a value that the real column either has or has not.
pub fn category_adherence(real: &[u32], synthetic: &[u32], levels: usize) -> Result<f64> {
    Column::Category { codes: real, levels }.check()?;
    Column::Category { codes: synthetic, levels }.check()?;
    if real.is_empty() {
        return Err(Undefined::Empty);
    }
    let occurs = occurring(real, levels);
    let missing_occurs = (Column::Category { codes: real, levels }).missing() > 0;
    share(synthetic, |&code| occurs.get(code as usize).copied().unwrap_or(missing_occurs))
}

/// KeyUniqueness: the share of synthetic keys that are neither missing nor a repetition of an
/// earlier row; of `[1, 1, 2, 3]` three quarters.
pub fn key_uniqueness(synthetic: &Column<'_>) -> Result<f64> {
    synthetic.check()?;
    if synthetic.is_empty() {
        return Err(Undefined::Empty);
    }
    let mut keys: Vec<u64> = (0..synthetic.len())
        .filter(|&i| !synthetic.is_missing(i))
        .map(|i| match *synthetic {
            Column::Number(values) => (values[i] + 0.0).to_bits(),
            Column::Category { codes, .. } => u64::from(codes[i]),
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    Ok(keys.len() as f64 / synthetic.len() as f64)
}

/// RangeCoverage: how much of the real range the synthetic values span,
/// `max(0, 1 - (gap at the low end + gap at the high end) / range)`. A constant real column is
/// undefined.
pub fn range_coverage(real: &[f64], synthetic: &[f64]) -> Result<f64> {
    let (real, synthetic) = (sorted_present(real)?, sorted_present(synthetic)?);
    let (low, high) = (real[0], real[real.len() - 1]);
    if low == high {
        return Err(Undefined::Constant);
    }
    let range = high - low;
    let missed_low = ((synthetic[0] - low) / range).max(0.0);
    let missed_high = ((high - synthetic[synthetic.len() - 1]) / range).max(0.0);
    Ok((1.0 - (missed_low + missed_high)).max(0.0))
}

/// CategoryCoverage: the share of the real column's levels that also occur in the synthetic one.
pub fn category_coverage(real: &[u32], synthetic: &[u32], levels: usize) -> Result<f64> {
    level_counts(real, levels)?;
    Column::Category { codes: synthetic, levels }.check()?;
    let (real, synthetic) = (occurring(real, levels), occurring(synthetic, levels));
    let of_real: Vec<bool> = real.iter().zip(synthetic).filter(|(r, _)| **r).map(|(_, s)| s).collect();
    share(&of_real, |&shared| shared)
}

/// StatisticSimilarity: `max(0, 1 - |statistic_r - statistic_s| / range_r)`. A constant real column
/// is undefined.
pub fn statistic_similarity(real: &[f64], synthetic: &[f64], statistic: Statistic) -> Result<f64> {
    let sorted = sorted_present(real)?;
    let range = sorted[sorted.len() - 1] - sorted[0];
    if range == 0.0 {
        return Err(Undefined::Constant);
    }
    let difference = (statistic.of(real)? - statistic.of(&present(synthetic)?)?).abs();
    Ok((1.0 - difference / range).max(0.0))
}

/// MissingValueSimilarity: `1 - |missing rate_r - missing rate_s|`.
pub fn missing_value_similarity(real: &Column<'_>, synthetic: &Column<'_>) -> Result<f64> {
    Ok(1.0 - missing_rate_difference(real, synthetic)?)
}

/// Which levels have at least one row.
fn occurring(codes: &[u32], levels: usize) -> Vec<bool> {
    let mut occurs = vec![false; levels];
    for &code in codes {
        if let Some(seen) = occurs.get_mut(code as usize) {
            *seen = true;
        }
    }
    occurs
}

/// Share of the items that pass; undefined without items.
fn share<T>(items: &[T], passes: impl Fn(&T) -> bool) -> Result<f64> {
    if items.is_empty() {
        return Err(Undefined::Empty);
    }
    Ok(items.iter().filter(|item| passes(item)).count() as f64 / items.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MISSING;

    const NA: f64 = f64::NAN;

    fn near(result: Result<f64>, expected: f64) {
        let value = result.unwrap();
        assert!((value - expected).abs() < 1e-6, "{value} is not {expected}");
    }

    // The small vectors of SDMetrics 0.32.0.

    #[test]
    fn shapes() {
        near(ks_complement(&[1.0, 2.0, NA, 4.0], &[1.0, 2.0, 3.0, NA]), 0.666_667);
        let tv = tv_complement(&[0, 0, 1], &[0, 1, 2], 3).unwrap();
        assert!((tv - 0.666_666_888_889).abs() < 1e-12, "the 1e-6 must show: {tv}");
        near(tv_complement(&[0, 0, MISSING, 1], &[0, 1, 1, MISSING], 2), 0.666_667);
        // Below the fourteenth decimal nothing differs.
        near(ks_complement(&[0.1 + 0.2], &[0.3]), 1.0);
    }

    #[test]
    fn adherence() {
        near(boundary_adherence(&[1.0, 2.0, NA], &[1.5, NA, 3.0]), 0.5);
        near(boundary_adherence(&[1.0, 2.0], &[1.5, NA, 3.0]), 0.333_333);
        near(category_adherence(&[0, 0, 1, 2], &[0, 1, 3, 3], 4), 0.5);
        near(category_adherence(&[0, MISSING], &[MISSING, 0], 1), 1.0);
        near(category_adherence(&[0, 0], &[MISSING, 0], 1), 0.5);
        assert_eq!(boundary_adherence(&[1.0, NA], &[NA]), Err(Undefined::Empty));
    }

    #[test]
    fn coverage() {
        near(category_coverage(&[0, 0, 1, 2], &[0, 1, 3], 4), 2.0 / 3.0);
        assert_eq!(range_coverage(&[1.0, 1.0], &[1.0]), Err(Undefined::Constant));
        near(range_coverage(&[0.0, 10.0], &[2.0, 7.0]), 0.5);
        near(range_coverage(&[0.0, 10.0], &[50.0, 60.0]), 0.0);
    }

    #[test]
    fn statistics_missing_values_and_keys() {
        let (a, b) = ([0.0, 1.0, 2.0], [10.0, 11.0, 12.0]);
        near(statistic_similarity(&a, &b, Statistic::Mean), 0.0);
        near(statistic_similarity(&a, &b, Statistic::StandardDeviation), 1.0);
        let (a, b) = ([1.0, NA, 3.0, 4.0], [1.0, NA, NA, 4.0]);
        near(missing_value_similarity(&Column::Number(&a), &Column::Number(&b)), 0.75);
        near(key_uniqueness(&Column::Number(&[1.0, 1.0, 2.0, 3.0])), 0.75);
        near(key_uniqueness(&Column::Category { codes: &[0, MISSING, MISSING, 1], levels: 2 }), 0.5);
    }
}
