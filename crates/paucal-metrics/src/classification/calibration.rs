//! Do probabilities mean what they say?

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::classification::check_probabilities;
use crate::column::{check_lengths, mean};
use crate::{Result, Undefined};

/// Brier score of a binary problem: mean squared error of the probability. In `[0, 1]`, lower is
/// better; stating the prevalence everywhere scores `prevalence (1 - prevalence)`.
pub fn brier(truth: &[bool], probability: &[f64]) -> Result<f64> {
    check_probabilities(truth, probability)?;
    let squares: Vec<f64> =
        truth.iter().zip(probability).map(|(&t, p)| (p - f64::from(u8::from(t))).powi(2)).collect();
    Ok(mean(&squares))
}

/// Brier's original score for many classes: mean over rows of the summed squared errors of all class
/// probabilities. In `[0, 2]`, lower is better; for two classes it is twice [`brier`].
pub fn brier_multiclass(truth: &[u32], probability: &Array2<f64>) -> Result<f64> {
    let picked = check_rows(truth, probability)?;
    let rows: Vec<f64> = picked
        .iter()
        .zip(probability.rows())
        .map(|(own, row)| row.iter().map(|p| p * p).sum::<f64>() + 1.0 - 2.0 * own)
        .collect();
    Ok(mean(&rows))
}

/// Mean negative log-likelihood of a binary problem, natural logarithm. In `[0, ∞)`, lower is
/// better. Probabilities are kept at least 2.2·10⁻¹⁶ away from 0 and 1, as scikit-learn does.
pub fn log_loss(truth: &[bool], probability: &[f64]) -> Result<f64> {
    check_probabilities(truth, probability)?;
    let losses: Vec<f64> =
        truth.iter().zip(probability).map(|(&t, &p)| -clipped(if t { p } else { 1.0 - p }).ln()).collect();
    Ok(mean(&losses))
}

/// [`log_loss`] for many classes; each row of `probability` sums to 1.
pub fn log_loss_multiclass(truth: &[u32], probability: &Array2<f64>) -> Result<f64> {
    let losses: Vec<f64> = check_rows(truth, probability)?.into_iter().map(|p| -clipped(p).ln()).collect();
    Ok(mean(&losses))
}

fn clipped(p: f64) -> f64 {
    p.clamp(f64::EPSILON, 1.0 - f64::EPSILON)
}

/// Checks a table of class probabilities and returns each row's probability of its true class.
fn check_rows(truth: &[u32], probability: &Array2<f64>) -> Result<Vec<f64>> {
    check_lengths(truth.len(), probability.nrows())?;
    if truth.is_empty() {
        return Err(Undefined::Empty);
    }
    if let Some(&value) = probability.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(Undefined::OutOfRange { value });
    }
    let levels = probability.ncols();
    let own = |(&code, row): (&u32, ArrayView1<'_, f64>)| {
        row.get(code as usize).copied().ok_or(Undefined::BadCode { code, levels })
    };
    for row in probability.rows() {
        let sum = row.sum();
        if (sum - 1.0).abs() > 1e-3 {
            return Err(Undefined::OutOfRange { value: sum });
        }
    }
    truth.iter().zip(probability.rows()).map(own).collect()
}

/// How rows are grouped by their stated probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bins {
    /// This many intervals of equal width on `[0, 1]`, `(low, high]`; 0 falls into the first.
    EqualWidth(usize),
    /// This many groups of (nearly) equal size in the order of the probability. Equal probabilities
    /// stay together.
    EqualMass(usize),
}

/// One bin of a reliability curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean stated probability.
    pub predicted: f64,
    /// Observed share of positives.
    pub observed: f64,
    /// Rows in the bin.
    pub rows: usize,
}

/// The reliability curve: the non-empty bins by rising probability. A calibrated model has
/// `observed = predicted` everywhere.
pub fn reliability(truth: &[bool], probability: &[f64], bins: Bins) -> Result<Vec<ReliabilityBin>> {
    check_probabilities(truth, probability)?;
    let mut order: Vec<usize> = (0..truth.len()).collect();
    order.sort_by(|&i, &j| probability[i].total_cmp(&probability[j]));
    let bin_of = match bins {
        Bins::EqualWidth(0) | Bins::EqualMass(0) => {
            return Err(Undefined::TooFew { needed: 1, found: 0 });
        }
        Bins::EqualWidth(bins) => equal_width_bins(&order, probability, bins),
        Bins::EqualMass(bins) => equal_mass_bins(&order, probability, bins),
    };
    let paired: Vec<(usize, usize)> = order.into_iter().zip(bin_of).collect();
    Ok(paired
        .chunk_by(|a, b| a.1 == b.1)
        .map(|rows| {
            let n = rows.len() as f64;
            ReliabilityBin {
                predicted: rows.iter().map(|&(i, _)| probability[i]).sum::<f64>() / n,
                observed: rows.iter().filter(|&&(i, _)| truth[i]).count() as f64 / n,
                rows: rows.len(),
            }
        })
        .collect())
}

/// The bin of each row of `order`, by its probability's interval.
fn equal_width_bins(order: &[usize], probability: &[f64], bins: usize) -> Vec<usize> {
    let inner: Vec<f64> = (1..bins).map(|i| i as f64 / bins as f64).collect();
    order.iter().map(|&i| inner.partition_point(|&edge| edge < probability[i])).collect()
}

/// The bin of each row of `order`, by the rank of the first row with its probability.
fn equal_mass_bins(order: &[usize], probability: &[f64], bins: usize) -> Vec<usize> {
    let mut first = 0;
    (0..order.len())
        .map(|rank| {
            if probability[order[rank]] != probability[order[first]] {
                first = rank;
            }
            first * bins / order.len()
        })
        .collect()
}

/// Expected calibration error: the mean over rows of `|observed - predicted|` of their bin
/// ([`reliability`]). In `[0, 1]`, lower is better. It depends on the bins: always state them.
/// Naeini et al. 2015.
pub fn expected_calibration_error(truth: &[bool], probability: &[f64], bins: Bins) -> Result<f64> {
    let curve = reliability(truth, probability, bins)?;
    let gap = |bin: &ReliabilityBin| bin.rows as f64 * (bin.observed - bin.predicted).abs();
    Ok(curve.iter().map(gap).sum::<f64>() / truth.len() as f64)
}

/// Logistic recalibration of the stated probabilities (Cox 1958).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationLine {
    /// Slope of `logit P(y) = intercept + slope · logit p`; 1 is ideal, below 1 the model is
    /// overconfident.
    pub slope: f64,
    /// Intercept of the same line; 0 is ideal.
    pub intercept: f64,
    /// Calibration in the large: the intercept when the slope is held at 1; above 0 the
    /// probabilities are too low on the whole.
    pub in_the_large: f64,
}

/// Fits the calibration line by Newton's method. Probabilities are kept 10⁻¹² away from 0 and 1. One
/// class, constant probabilities or perfect separation are undefined.
pub fn calibration_line(truth: &[bool], probability: &[f64]) -> Result<CalibrationLine> {
    let (positives, negatives) = check_probabilities(truth, probability)?;
    if positives == 0 || negatives == 0 {
        return Err(Undefined::OneClass);
    }
    let logits: Vec<f64> =
        probability.iter().map(|p| p.clamp(1e-12, 1.0 - 1e-12)).map(|p| (p / (1.0 - p)).ln()).collect();
    if logits.iter().all(|l| *l == logits[0]) {
        return Err(Undefined::Constant);
    }
    if separated(truth, &logits) {
        return Err(Undefined::Separated);
    }
    let in_the_large = newton(truth, &logits, [0.0, 1.0], true)?[0];
    let [intercept, slope] = newton(truth, &logits, [0.0, 0.0], false)?;
    Ok(CalibrationLine { slope, intercept, in_the_large })
}

/// Whether some threshold on `x` splits the classes perfectly (touching allowed), in either direction.
fn separated(truth: &[bool], x: &[f64]) -> bool {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for (&t, &x) in truth.iter().zip(x) {
        let class = usize::from(t);
        low[class] = low[class].min(x);
        high[class] = high[class].max(x);
    }
    high[0] <= low[1] || high[1] <= low[0]
}

/// Maximises the likelihood of `logit P(y) = b0 + b1 x`, only over `b0` when `fix_slope`.
fn newton(truth: &[bool], x: &[f64], start: [f64; 2], fix_slope: bool) -> Result<[f64; 2]> {
    let likelihood = |[b0, b1]: [f64; 2]| -> f64 {
        let row = |(&t, x): (&bool, &f64)| {
            let eta = b0 + b1 * x;
            // ln(1 + e^eta) without overflow.
            let softplus = eta.max(0.0) + (-eta.abs()).exp().ln_1p();
            if t { eta - softplus } else { -softplus }
        };
        truth.iter().zip(x).map(row).sum()
    };
    let (mut b, mut current) = (start, likelihood(start));
    for _ in 0..200 {
        let step = newton_step(truth, x, b, fix_slope);
        let mut scale = 1.0;
        let (next, value) = loop {
            let next = [b[0] + scale * step[0], b[1] + scale * step[1]];
            let value = likelihood(next);
            if value >= current || scale < 1e-10 {
                break (next, value);
            }
            scale /= 2.0;
        };
        let moved = (next[0] - b[0]).abs().max((next[1] - b[1]).abs());
        if value >= current {
            (b, current) = (next, value);
        }
        if moved < 1e-12 * (1.0 + b[0].abs() + b[1].abs()) {
            break;
        }
    }
    if b.iter().all(|v| v.is_finite()) { Ok(b) } else { Err(Undefined::Separated) }
}

/// One Newton direction: inverse information times score.
fn newton_step(truth: &[bool], x: &[f64], b: [f64; 2], fix_slope: bool) -> [f64; 2] {
    let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&t, &x) in truth.iter().zip(x) {
        let p = 1.0 / (1.0 + (-(b[0] + b[1] * x)).exp());
        let residual = f64::from(u8::from(t)) - p;
        let weight = p * (1.0 - p);
        g0 += residual;
        g1 += residual * x;
        h00 += weight;
        h01 += weight * x;
        h11 += weight * x * x;
    }
    if fix_slope {
        return [g0 / h00.max(1e-300), 0.0];
    }
    let determinant = (h00 * h11 - h01 * h01).max(1e-300);
    [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn equal_mass_bins_keep_ties_together() {
        let probability = [0.1, 0.2, 0.2, 0.2, 0.9, 0.9];
        let truth = [false, false, true, false, true, true];
        let curve = reliability(&truth, &probability, Bins::EqualMass(3)).unwrap();
        let rows: Vec<usize> = curve.iter().map(|bin| bin.rows).collect();
        assert_eq!(rows, [4, 2]);
        assert_eq!(reliability(&truth, &probability, Bins::EqualMass(6)).unwrap().len(), 3);
    }

    #[test]
    fn zero_and_one_fall_into_the_outer_bins() {
        let curve = reliability(&[false, true], &[0.0, 1.0], Bins::EqualWidth(10)).unwrap();
        assert_eq!(curve.len(), 2);
        assert_eq!(expected_calibration_error(&[false, true], &[0.0, 1.0], Bins::EqualWidth(10)), Ok(0.0));
    }

    #[test]
    fn multiclass_scores_reduce_to_binary_ones() {
        let truth = [true, false, true];
        let p = [0.8, 0.3, 0.4];
        let codes = [1, 0, 1];
        let table = array![[0.2, 0.8], [0.7, 0.3], [0.6, 0.4]];
        assert!((log_loss(&truth, &p).unwrap() - log_loss_multiclass(&codes, &table).unwrap()).abs() < 1e-12);
        let twice = brier_multiclass(&codes, &table).unwrap();
        assert!((twice - 2.0 * brier(&truth, &p).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn certain_and_wrong_costs_a_finite_amount() {
        let loss = log_loss(&[true], &[0.0]).unwrap();
        assert!((loss - 36.043_653_389_117_15).abs() < 1e-9);
        assert_eq!(log_loss(&[true], &[1.5]), Err(Undefined::OutOfRange { value: 1.5 }));
    }

    #[test]
    fn lines_without_a_finite_fit_are_undefined() {
        let separated = calibration_line(&[false, false, true], &[0.1, 0.2, 0.9]);
        assert_eq!(separated, Err(Undefined::Separated));
        assert_eq!(calibration_line(&[false, true], &[0.4, 0.4]), Err(Undefined::Constant));
        assert_eq!(calibration_line(&[true, true], &[0.4, 0.5]), Err(Undefined::OneClass));
    }
}
