//! Activation and cross-entropy of encoded table rows: one pass per row over all its spans.

use super::host::Matrix;
use super::{cost, for_row_blocks, math};
use crate::rows::{Span, SpanKind};

/// tanh of scalar spans, `softmax((x + noise) / temperature)` of one-hot spans.
///
/// Both need exponentials. They are taken of the whole row at once, which compiles to vector instructions; spans are
/// often too short for that.
pub fn activate(x: &Matrix, noise: Option<&Matrix>, spans: &[Span], temperature: f32) -> Vec<f32> {
    let mut out = vec![0.0; x.rows * x.columns];
    let scale = 1.0 / temperature;
    for_row_blocks(&mut out, x.columns, cost::TRANSCENDENTAL, |first, block| {
        for (i, row) in block.chunks_exact_mut(x.columns).enumerate() {
            let x = x.row(first + i);
            row.copy_from_slice(x);
            if let Some(noise) = noise {
                row.iter_mut().zip(noise.row(first + i)).for_each(|(y, g)| *y += g);
            }
            for span in spans {
                let (from, to) = (&x[span.range()], &mut row[span.range()]);
                match span.kind {
                    SpanKind::Scalar => to.iter_mut().zip(from).for_each(|(y, x)| *y = 2.0 * x),
                    SpanKind::OneHot => {
                        let largest = to.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                        to.iter_mut().for_each(|y| *y = (*y - largest) * scale);
                    }
                }
            }
            row.iter_mut().for_each(|y| *y = math::exp(*y));
            for span in spans {
                let to = &mut row[span.range()];
                match span.kind {
                    // tanh x = 1 − 2 / (e²ˣ + 1)
                    SpanKind::Scalar => to.iter_mut().for_each(|y| *y = 1.0 - 2.0 / (*y + 1.0)),
                    SpanKind::OneHot => {
                        let scale = 1.0 / to.iter().sum::<f32>();
                        to.iter_mut().for_each(|y| *y *= scale);
                    }
                }
            }
        }
    });
    out
}

/// The input gradient of [`activate`] from its output and the output's gradient.
pub fn activate_backward(y: &Matrix, dy: &Matrix, spans: &[Span], temperature: f32) -> Vec<f32> {
    let mut out = vec![0.0; y.rows * y.columns];
    let scale = 1.0 / temperature;
    for_row_blocks(&mut out, y.columns, cost::ARITHMETIC, |first, block| {
        for (i, row) in block.chunks_exact_mut(y.columns).enumerate() {
            let (y, dy) = (y.row(first + i), dy.row(first + i));
            for span in spans {
                let at = span.range();
                let (dx, y, dy) = (&mut row[at.clone()], &y[at.clone()], &dy[at]);
                match span.kind {
                    SpanKind::Scalar => {
                        for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                            *dx = dy * (1.0 - y * y);
                        }
                    }
                    SpanKind::OneHot => {
                        let inner: f32 = y.iter().zip(dy).map(|(&y, &dy)| y * dy).sum();
                        for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                            *dx = scale * y * (dy - inner);
                        }
                    }
                }
            }
        }
    });
    out
}

/// Cross-entropy of the one-hot spans against `targets`, weighted per row and span, and its gradient with
/// respect to the logits. Both are divided by the number of rows.
pub fn cross_entropy(x: &Matrix, targets: &Matrix, weights: &Matrix, spans: &[Span]) -> (f32, Vec<f32>) {
    // The last column carries each row's loss, so that the sum is taken in the order of the rows.
    let width = x.columns + 1;
    let mut joined = vec![0.0; x.rows * width];
    let share = 1.0 / x.rows as f32;
    for_row_blocks(&mut joined, width, cost::TRANSCENDENTAL, |first, block| {
        for (i, row) in block.chunks_exact_mut(width).enumerate() {
            let (gradient, loss) = row.split_at_mut(x.columns);
            let (x, target, weights) = (x.row(first + i), targets.row(first + i), weights.row(first + i));
            let one_hot = spans.iter().filter(|s| s.kind == SpanKind::OneHot);
            for (span, &weight) in one_hot.zip(weights).filter(|(_, w)| **w != 0.0) {
                let at = span.range();
                loss[0] += weight * span_loss(&x[at.clone()], &target[at.clone()], &mut gradient[at.clone()]);
                gradient[at].iter_mut().for_each(|g| *g *= weight * share);
            }
        }
    });
    let loss = joined.chunks_exact(width).map(|row| row[x.columns]).sum::<f32>() * share;
    let mut gradient = joined;
    for i in 1..x.rows {
        gradient.copy_within(i * width..i * width + x.columns, i * x.columns);
    }
    gradient.truncate(x.rows * x.columns);
    (loss, gradient)
}

/// Negative log-likelihood of the scalar columns under `t ~ N(tanh x, σ²)`, without its constant, with the gradients
/// of the logits and of σ. All are divided by the number of rows.
pub fn gaussian(x: &Matrix, targets: &Matrix, sigma: &[f32], spans: &[Span]) -> (f32, Vec<f32>, Vec<f32>) {
    let share = 1.0 / x.rows as f32;
    let scalars: Vec<usize> =
        spans.iter().filter(|s| s.kind == SpanKind::Scalar).flat_map(Span::range).collect();
    let mut gradient = vec![0.0; x.rows * x.columns];
    for_row_blocks(&mut gradient, x.columns, cost::TRANSCENDENTAL, |first, block| {
        for (i, row) in block.chunks_exact_mut(x.columns).enumerate() {
            let (x, target) = (x.row(first + i), targets.row(first + i));
            for &j in &scalars {
                let y = math::tanh(x[j]);
                row[j] = share * (y - target[j]) / (sigma[j] * sigma[j]) * (1.0 - y * y);
            }
        }
    });
    let mut loss = 0.0;
    let mut sigma_gradient = vec![0.0; x.columns];
    for &j in &scalars {
        let square = |i: usize| (math::tanh(x.row(i)[j]) - targets.row(i)[j]).powi(2);
        let error = (0..x.rows).map(square).sum::<f32>() * share;
        let variance = sigma[j] * sigma[j];
        loss += error / (2.0 * variance) + sigma[j].ln();
        sigma_gradient[j] = 1.0 / sigma[j] - error / (variance * sigma[j]);
    }
    (loss, gradient, sigma_gradient)
}

/// `−Σ t ln softmax(x)` of one span; its gradient `softmax(x) Σt − t` goes to `gradient`.
fn span_loss(x: &[f32], target: &[f32], gradient: &mut [f32]) -> f32 {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mass: f32 = target.iter().sum();
    let mut total = 0.0;
    for (g, &x) in gradient.iter_mut().zip(x) {
        *g = math::exp(x - largest);
        total += *g;
    }
    let log_total = math::ln(total) + largest;
    let mut loss = 0.0;
    for ((g, &x), &t) in gradient.iter_mut().zip(x).zip(target) {
        loss -= t * (x - log_total);
        *g = *g / total * mass - t;
    }
    loss
}
