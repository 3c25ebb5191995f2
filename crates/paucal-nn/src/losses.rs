//! Losses of classifiers on logits, with their gradients.
//!
//! Values are read back to the host, computed in double precision and the gradient is uploaded: a batch has a few
//! hundred logits, and a training step asks for the loss anyway. Losses are means over the rows, weighted ones over the
//! weights of the rows, as PyTorch's.

use burn::tensor::{Tensor, TensorData};

/// A loss of the true class of each row.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassLoss {
    /// `−w_t ln p_t` with p the softmax of the logits, over the sum of the `w_t`.
    CrossEntropy,
    /// `−w_t (1 − p_t)^γ ln p_t`, over the number of rows (Lin et al. 2017, arXiv 1708.02002): what is easy counts
    /// little.
    Focal {
        /// γ; 0 makes it the cross-entropy.
        gamma: f64,
    },
    /// The cross-entropy of logits to which `τ ln π_c` is added, π the shares of the classes (Menon et al. 2021, arXiv
    /// 2007.07314, eq. 10): the raw logits then rank classes as if all were equally common.
    LogitAdjusted {
        /// `τ ln π_c` of each class.
        offsets: Vec<f64>,
    },
}

impl ClassLoss {
    /// [`Self::LogitAdjusted`] by the numbers of training rows of each class. A class without any is treated as if it
    /// had one.
    pub fn logit_adjusted(counts: &[usize], tau: f64) -> Self {
        let total = counts.iter().map(|&n| n.max(1)).sum::<usize>() as f64;
        let offsets = counts.iter().map(|&n| tau * (n.max(1) as f64 / total).ln()).collect();
        Self::LogitAdjusted { offsets }
    }

    /// The loss and its gradient with respect to `logits`, `[rows, classes]`. `targets` are the classes of the rows,
    /// `None` for rows that do not count, and `weights` the weights of the rows: PyTorch's are those of their classes.
    ///
    /// # Panics
    /// Panics when the sizes do not agree or a target is no class.
    pub fn of(&self, logits: &Tensor<2>, targets: &[Option<usize>], weights: &[f64]) -> (f64, Tensor<2>) {
        let [rows, classes] = logits.dims();
        assert!(targets.len() == rows && weights.len() == rows, "targets and weights fit the logits");
        let values = read(logits);
        let total = match self {
            Self::Focal { .. } => targets.iter().flatten().count() as f64,
            _ => targets.iter().zip(weights).filter(|(t, _)| t.is_some()).map(|(_, w)| w).sum(),
        };
        let mut loss = 0.0;
        let mut gradient = vec![0.0_f32; rows * classes];
        let mut row = vec![0.0; classes];
        for (i, target) in targets.iter().enumerate() {
            let Some(target) = *target else { continue };
            let range = i * classes..(i + 1) * classes;
            row.iter_mut().zip(&values[range.clone()]).for_each(|(z, &v)| *z = f64::from(v));
            if let Self::LogitAdjusted { offsets } = self {
                row.iter_mut().zip(offsets).for_each(|(z, o)| *z += o);
            }
            let log_p = log_softmax(&mut row, target);
            let weight = weights[i] / total.max(f64::MIN_POSITIVE);
            let (value, factor) = self.value_and_factor(log_p);
            loss += weight * value;
            for (c, (to, &p)) in gradient[range].iter_mut().zip(&row).enumerate() {
                *to = (weight * factor * (p - f64::from(u8::from(c == target)))) as f32;
            }
        }
        let data = TensorData::new(gradient, [rows, classes]);
        (loss, Tensor::from_data(data, &logits.device()))
    }

    /// The loss of a row whose true class has this log-probability, and what to multiply the gradient of the
    /// cross-entropy by: `−p dL/dp`.
    fn value_and_factor(&self, log_p: f64) -> (f64, f64) {
        let Self::Focal { gamma } = *self else { return (-log_p, 1.0) };
        let wrong = -log_p.exp_m1();
        if wrong <= 0.0 {
            return (0.0, f64::from(u8::from(gamma == 0.0)));
        }
        let power = wrong.powf(gamma);
        (-power * log_p, power - gamma * wrong.powf(gamma - 1.0) * log_p.exp() * log_p)
    }
}

/// Weights of classes by the effective number of their rows, `(1 − β) / (1 − βⁿ)`, of mean 1 (Cui et al. 2019, arXiv
/// 1901.05555): the class-balanced form of any [`ClassLoss`]. β = 0 makes all alike, β towards 1 weighs by 1/n. A class
/// without rows has weight 0.
pub fn class_balanced(counts: &[usize], beta: f64) -> Vec<f64> {
    let effective = |n: f64| if beta >= 1.0 { n } else { (1.0 - beta.powf(n)) / (1.0 - beta) };
    let raw = counts.iter().map(|&n| if n == 0 { 0.0 } else { 1.0 / effective(n as f64) });
    let raw: Vec<f64> = raw.collect();
    let there = counts.iter().filter(|&&n| n > 0).count() as f64;
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|w| w / sum.max(f64::MIN_POSITIVE) * there).collect()
}

/// Mean binary cross-entropy of logits `[rows, 1]` with targets from 0 to 1, and its gradient.
///
/// # Panics
/// Panics when the sizes do not agree.
pub fn binary(logits: &Tensor<2>, targets: &[f32]) -> (f64, Tensor<2>) {
    assert_eq!(logits.dims(), [targets.len(), 1], "one logit per target");
    let n = targets.len().max(1) as f64;
    let mut loss = 0.0;
    let of = |(&z, &t): (&f32, &f32)| {
        let (z, t) = (f64::from(z), f64::from(t));
        // ln(1 + e^z) − t z, without overflow.
        loss += (z.max(0.0) - t * z + (-z.abs()).exp().ln_1p()) / n;
        ((1.0 / (1.0 + (-z).exp()) - t) / n) as f32
    };
    let gradient: Vec<f32> = read(logits).iter().zip(targets).map(of).collect();
    let data = TensorData::new(gradient, [targets.len(), 1]);
    (loss, Tensor::from_data(data, &logits.device()))
}

/// Softmax of each row.
pub fn softmax(logits: &Tensor<2>) -> Vec<f64> {
    let classes = logits.dims()[1];
    let mut values: Vec<f64> = read(logits).into_iter().map(f64::from).collect();
    for row in values.chunks_exact_mut(classes.max(1)) {
        log_softmax(row, 0);
    }
    values
}

/// Turns logits into probabilities and returns the logarithm of the target's.
fn log_softmax(row: &mut [f64], target: usize) -> f64 {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = row.iter().map(|z| (z - largest).exp()).sum();
    let log_p = row[target] - largest - sum.ln();
    row.iter_mut().for_each(|z| *z = (*z - largest).exp() / sum);
    log_p
}

/// Networks are f32 throughout.
fn read(tensor: &Tensor<2>) -> Vec<f32> {
    tensor.clone().into_data().try_into_vec::<f32>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;

    fn tensor(values: &[f32], columns: usize) -> Tensor<2> {
        let data = TensorData::new(values.to_vec(), [values.len() / columns, columns]);
        Tensor::from_data(data, &Device::flex())
    }

    const LOGITS: [f32; 9] = [0.3, -1.2, 2.0, 4.0, 0.1, -0.7, -0.2, 0.4, 0.9];

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let targets = [Some(2), Some(1), None];
        let weights = [0.5, 2.0, 1.5];
        let losses = [
            ClassLoss::CrossEntropy,
            ClassLoss::Focal { gamma: 2.0 },
            ClassLoss::Focal { gamma: 0.5 },
            ClassLoss::logit_adjusted(&[90, 9, 1], 1.0),
        ];
        for loss in losses {
            let value = |z: &[f32]| loss.of(&tensor(z, 3), &targets, &weights).0;
            let gradient = read(&loss.of(&tensor(&LOGITS, 3), &targets, &weights).1);
            for k in 0..LOGITS.len() {
                let shifted = |by: f32| {
                    let mut z = LOGITS;
                    z[k] += by;
                    value(&z)
                };
                let want = (shifted(1e-2) - shifted(-1e-2)) / 2e-2;
                assert!((f64::from(gradient[k]) - want).abs() < 1e-4, "{loss:?} {k}: {} {want}", gradient[k]);
            }
        }
    }

    #[test]
    fn known_values_come_out() {
        let targets = [Some(2), Some(1), Some(0)];
        let plain = |loss: ClassLoss| loss.of(&tensor(&LOGITS, 3), &targets, &[1.0; 3]).0;
        // torch.nn.functional.cross_entropy, and the focal loss from its parts.
        assert!(
            (plain(ClassLoss::CrossEntropy) - 1.964_322).abs() < 1e-5,
            "{}",
            plain(ClassLoss::CrossEntropy)
        );
        assert!((plain(ClassLoss::Focal { gamma: 0.0 }) - plain(ClassLoss::CrossEntropy)).abs() < 1e-12);
        assert!(
            (plain(ClassLoss::Focal { gamma: 2.0 }) - 1.663_986).abs() < 1e-5,
            "{}",
            plain(ClassLoss::Focal { gamma: 2.0 })
        );
        let weights = class_balanced(&[900, 90, 10, 0], 0.99);
        assert!((weights.iter().sum::<f64>() - 3.0).abs() < 1e-12 && weights[3] == 0.0);
        assert!(
            (weights[2] / weights[0] - (1.0 - 0.99_f64.powi(900)) / (1.0 - 0.99_f64.powi(10))).abs() < 1e-9
        );
        assert_eq!(class_balanced(&[5, 50], 0.0), [1.0, 1.0]);
        let (loss, gradient) = binary(&tensor(&[0.0, 100.0, -100.0], 1), &[1.0, 1.0, 1.0]);
        assert!((loss - (2.0_f64.ln() + 100.0) / 3.0).abs() < 1e-9);
        assert!((read(&gradient)[2] + 1.0 / 3.0).abs() < 1e-6);
        assert!(
            softmax(&tensor(&LOGITS, 3)).chunks(3).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12)
        );
    }

    #[test]
    fn a_batch_without_targets_teaches_nothing() {
        let (loss, gradient) = ClassLoss::CrossEntropy.of(&tensor(&LOGITS, 3), &[None; 3], &[1.0; 3]);
        assert!(loss == 0.0 && read(&gradient).iter().all(|&g| g == 0.0));
    }
}
