//! A quantile function as straight lines between knots.

use serde::{Deserialize, Serialize};

/// Most knots of a smoothed quantile function.
const KNOTS: usize = 100;
/// A smoothed knot stands for at least so many rows, so that the knots do not spell out the column.
const ROWS_PER_KNOT: usize = 4;
/// A column with at most [`KNOTS`] values, each shared by so many rows on average, is kept as steps.
const ROWS_PER_STEP: usize = 5;

/// Knots (probability, value), both ascending; equal values make a flat stretch, equal probabilities a jump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Quantiles {
    at: Vec<f64>,
    values: Vec<f64>,
}

/// Knots as they stand in a file.
#[derive(Deserialize)]
struct Unchecked {
    at: Vec<f64>,
    values: Vec<f64>,
}

impl TryFrom<Unchecked> for Quantiles {
    type Error = &'static str;

    fn try_from(Unchecked { at, values }: Unchecked) -> Result<Self, Self::Error> {
        let ascending = |v: &[f64]| v.iter().all(|x| x.is_finite()) && v.is_sorted();
        if at.len() < 2 || at.len() != values.len() || !ascending(&at) || !ascending(&values) {
            return Err("a quantile function needs at least two knots in ascending order");
        }
        Ok(Self { at, values })
    }
}

impl Quantiles {
    /// The quantile function of ascending finite values, of which there must be one. A column of few values
    /// (scores, counts) becomes steps with the exact shares; any other is read off at up to 100 knots, which
    /// stand closer towards the ends. The range is kept.
    pub fn empirical(sorted: &[f64]) -> Self {
        if Self::has_few_values(sorted) {
            let steps: Vec<&[f64]> = sorted.chunk_by(|a, b| a == b).collect();
            return Self::steps(&steps, sorted.len());
        }
        let knots = (sorted.len() / ROWS_PER_KNOT).clamp(3, KNOTS);
        Self::tabulate(knots, |p| hazen(sorted, p))
    }

    /// Whether ascending values are so few, each shared by many rows, that they are kept as steps.
    pub fn has_few_values(sorted: &[f64]) -> bool {
        let steps = sorted.chunk_by(|a, b| a == b).count();
        steps <= KNOTS && steps * ROWS_PER_STEP <= sorted.len()
    }

    /// From the values `at` of a distribution function at ascending `values`, at least two of both.
    pub fn of_distribution(at: Vec<f64>, values: Vec<f64>) -> Self {
        let mut at = at;
        // Rounding must not make it fall.
        for k in 1..at.len() {
            at[k] = at[k].max(at[k - 1]);
        }
        Self { at, values }
    }

    /// Reads a quantile function off at `knots` (at least 2) probabilities from 0 to 1, closer towards the
    /// ends: p = (1 − cos πt)/2 for even t.
    pub fn tabulate(knots: usize, quantile: impl Fn(f64) -> f64) -> Self {
        let place = |k: usize| 0.5 * (1.0 - (std::f64::consts::PI * k as f64 / (knots - 1) as f64).cos());
        let at: Vec<f64> = (0..knots).map(place).collect();
        let mut values: Vec<f64> = at.iter().map(|&p| quantile(p)).collect();
        // Rounding must not make it fall.
        for k in 1..knots {
            values[k] = values[k].max(values[k - 1]);
        }
        Self { at, values }
    }

    fn steps(steps: &[&[f64]], rows: usize) -> Self {
        let (mut at, mut values, mut below) = (Vec::new(), Vec::new(), 0);
        for step in steps {
            let above = below + step.len();
            at.extend([below as f64 / rows as f64, above as f64 / rows as f64]);
            values.extend([step[0]; 2]);
            below = above;
        }
        Self { at, values }
    }

    /// The value at probability `p`, clamped to 0 to 1.
    pub fn quantile(&self, p: f64) -> f64 {
        let right = self.at.partition_point(|&at| at <= p).clamp(1, self.at.len() - 1);
        interpolate(p, &self.at, &self.values, right)
    }

    /// The probability of values up to `x`: the middle of the step at a flat stretch.
    pub fn cdf(&self, x: f64) -> f64 {
        let left = self.values.partition_point(|&v| v < x);
        let right = self.values.partition_point(|&v| v <= x);
        if right > left {
            0.5 * (self.at[left] + self.at[right - 1])
        } else if left == 0 {
            0.0
        } else if left == self.values.len() {
            1.0
        } else {
            interpolate(x, &self.values, &self.at, left)
        }
    }

    /// Number of knots.
    pub fn knots(&self) -> usize {
        self.at.len()
    }
}

/// The height at `x` of the line from knot `right − 1` to knot `right`, held level beyond its ends.
fn interpolate(x: f64, xs: &[f64], ys: &[f64], right: usize) -> f64 {
    let (x0, x1, y0, y1) = (xs[right - 1], xs[right], ys[right - 1], ys[right]);
    if x1 <= x0 {
        return if x < x1 { y0 } else { y1 };
    }
    let t = ((x - x0) / (x1 - x0)).clamp(0.0, 1.0);
    y0 + (y1 - y0) * t
}

/// Hazen's empirical quantile: the i-th of n values stands at (i − ½)/n, straight lines between.
fn hazen(sorted: &[f64], p: f64) -> f64 {
    let last = sorted.len() - 1;
    let place = (p * sorted.len() as f64 - 0.5).clamp(0.0, last as f64);
    let left = place.floor() as usize;
    let t = place - left as f64;
    let right = sorted[(left + 1).min(last)];
    sorted[left] + (right - sorted[left]) * t
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_values_keep_their_exact_shares() {
        let sorted: Vec<f64> = [vec![0.0; 70], vec![1.0; 25], vec![7.0; 5]].concat();
        let q = Quantiles::empirical(&sorted);
        let drawn: Vec<f64> = (0..1000).map(|i| q.quantile((f64::from(i) + 0.5) / 1000.0)).collect();
        assert_eq!(drawn.iter().filter(|&&x| x == 0.0).count(), 700);
        assert_eq!(drawn.iter().filter(|&&x| x == 7.0).count(), 50);
        assert!((q.cdf(0.0) - 0.35).abs() < 1e-12 && (q.cdf(0.5) - 0.7).abs() < 1e-12);
    }

    #[test]
    fn knots_are_few_and_smooth() {
        let sorted: Vec<f64> = (0..1000).map(f64::from).collect();
        let q = Quantiles::empirical(&sorted);
        assert_eq!(q.knots(), 100);
        for p in [0.0, 0.013, 0.4, 0.77, 1.0] {
            assert!((q.quantile(p) - (1000.0 * p - 0.5).clamp(0.0, 999.0)).abs() < 1.0, "{p}");
        }
        assert_eq!(Quantiles::empirical(&sorted[..20]).knots(), 5);
        assert_eq!(Quantiles::empirical(&[4.0]).quantile(0.3), 4.0);
    }

    proptest! {
        #[test]
        fn quantile_is_monotone_in_range_and_undone_by_the_cdf(
            mut values in prop::collection::vec(-1e6_f64..1e6, 1..300),
            p in 0.0_f64..1.0,
            step in 0.0_f64..0.1,
        ) {
            values.sort_unstable_by(f64::total_cmp);
            let q = Quantiles::empirical(&values);
            let x = q.quantile(p);
            prop_assert!(x >= values[0] && x <= values[values.len() - 1]);
            prop_assert!(q.quantile(p + step) >= x);
            let back = q.quantile(q.cdf(x));
            prop_assert!((back - x).abs() <= 1e-9 * (values[values.len() - 1] - values[0]) + 1e-9);
        }
    }
}
