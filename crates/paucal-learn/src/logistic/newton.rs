//! The solver: damped Newton steps found by preconditioned conjugate gradients.
//!
//! Features are centred on their weighted mean while solving. The unpenalised intercept absorbs the
//! shift, so the solution is the same, and the steps are better conditioned.

use rayon::prelude::*;

use super::{Logistic, ln_sum_exp, sigmoid, softmax};
use crate::input::Task;
use crate::vector::{add_scaled, dot};

/// Rows per unit of parallel work; sums are taken block by block in order.
const BLOCK: usize = 1024;
/// Armijo's fraction of the expected decrease.
const SUFFICIENT: f64 = 1e-4;

/// The linear functions (features, then intercept) at the minimum, and whether it was reached.
pub(super) fn minimise(settings: &Logistic, task: &Task<'_>) -> (Vec<Vec<f64>>, bool) {
    let width = match task.classes.present.len() {
        0 | 1 => return (Vec::new(), true),
        2 => 1,
        more => more,
    };
    let problem = Problem::new(settings.c, task, width);
    let mut theta = vec![0.0; width * problem.stride];
    let mut logits = problem.logits(&theta);
    let mut converged = false;
    for _ in 0..settings.max_iterations {
        let state = problem.state(&theta, &logits);
        let (direction, decrement) = problem.newton_direction(&state);
        converged = decrement / 2.0 <= settings.tolerance * (1.0 + state.objective);
        let moved = problem.line_search(&mut theta, &mut logits, &direction, state.objective, decrement);
        if converged || !moved {
            break;
        }
    }
    (problem.uncentred(&theta), converged)
}

/// Centred data and everything that stays the same between steps.
struct Problem<'a> {
    /// Rows × stride; the last entry of a row is 1, for the intercept.
    z: Vec<f64>,
    /// C times the weight of each row.
    weights: Vec<f64>,
    y: &'a [usize],
    means: Vec<f64>,
    /// Features + 1.
    stride: usize,
    /// Number of linear functions.
    width: usize,
}

/// Probabilities and derivatives at one point.
struct State {
    objective: f64,
    gradient: Vec<f64>,
    /// Diagonal of the Hessian.
    diagonal: Vec<f64>,
    /// Rows × width.
    probabilities: Vec<f64>,
}

impl<'a> Problem<'a> {
    fn new(c: f64, task: &'a Task<'_>, width: usize) -> Self {
        let features = task.x.ncols();
        let total: f64 = task.weights.iter().sum();
        let mut means = vec![0.0; features];
        for (row, &weight) in task.x.rows().into_iter().zip(&task.weights) {
            means.iter_mut().zip(row).for_each(|(mean, x)| *mean += weight / total * x);
        }
        let mut z = Vec::with_capacity(task.x.nrows() * (features + 1));
        for row in task.x.rows() {
            z.extend(row.iter().zip(&means).map(|(x, mean)| x - mean));
            z.push(1.0);
        }
        let weights = task.weights.iter().map(|weight| c * weight).collect();
        Self { z, weights, y: &task.y, means, stride: features + 1, width }
    }

    /// Rows × width: Z Θᵀ.
    fn logits(&self, theta: &[f64]) -> Vec<f64> {
        let mut logits = vec![0.0; self.y.len() * self.width];
        let rows = self.z.par_chunks(BLOCK * self.stride).zip(logits.par_chunks_mut(BLOCK * self.width));
        rows.for_each(|(z, logits)| {
            for (z, logits) in z.chunks_exact(self.stride).zip(logits.chunks_exact_mut(self.width)) {
                for (logit, theta) in logits.iter_mut().zip(theta.chunks_exact(self.stride)) {
                    *logit = dot(z, theta);
                }
            }
        });
        logits
    }

    /// Σᵢ f(i, zᵢ) where `add` adds the term of row i to a vector of `length`.
    fn sum_rows(&self, length: usize, add: impl Fn(usize, &[f64], &mut [f64]) + Sync) -> Vec<f64> {
        let partial: Vec<Vec<f64>> = self
            .z
            .par_chunks(BLOCK * self.stride)
            .enumerate()
            .map(|(block, rows)| {
                let mut sum = vec![0.0; length];
                for (at, z) in rows.chunks_exact(self.stride).enumerate() {
                    add(block * BLOCK + at, z, &mut sum);
                }
                sum
            })
            .collect();
        let mut sum = vec![0.0; length];
        for part in &partial {
            add_scaled(&mut sum, 1.0, part);
        }
        sum
    }

    /// The penalty ½ ‖W‖² (intercepts left out).
    fn penalty(&self, theta: &[f64]) -> f64 {
        theta
            .chunks_exact(self.stride)
            .map(|row| dot(&row[..self.stride - 1], &row[..self.stride - 1]))
            .sum::<f64>()
            / 2.0
    }

    /// Loss of row i at its logits.
    fn loss(&self, row: usize, logits: &[f64]) -> f64 {
        if self.width == 1 {
            let against = if self.y[row] == 1 { -logits[0] } else { logits[0] };
            // ln(1 + eˢ) without overflow.
            against.max(0.0) + (-against.abs()).exp().ln_1p()
        } else {
            ln_sum_exp(logits) - logits[self.y[row]]
        }
    }

    fn objective(&self, theta: &[f64], logits: &[f64]) -> f64 {
        let losses = self.sum_rows(1, |row, _, sum| {
            sum[0] += self.weights[row] * self.loss(row, &logits[row * self.width..(row + 1) * self.width]);
        });
        losses[0] + self.penalty(theta)
    }

    fn state(&self, theta: &[f64], logits: &[f64]) -> State {
        let mut probabilities = logits.to_vec();
        let objective = self.objective(theta, logits);
        for own in probabilities.chunks_exact_mut(self.width) {
            if self.width == 1 {
                own[0] = sigmoid(own[0]);
            } else {
                softmax(own);
            }
        }
        let size = theta.len();
        // Gradient and diagonal side by side, in one pass over the rows.
        let mut sums = self.sum_rows(2 * size, |row, z, sum| {
            let (gradient, diagonal) = sum.split_at_mut(size);
            for k in 0..self.width {
                let p = probabilities[row * self.width + k];
                let is_own = if self.width == 1 { self.y[row] == 1 } else { self.y[row] == k };
                let span = k * self.stride..(k + 1) * self.stride;
                add_scaled(
                    &mut gradient[span.clone()],
                    self.weights[row] * (p - f64::from(u8::from(is_own))),
                    z,
                );
                let curvature = self.weights[row] * p * (1.0 - p);
                diagonal[span].iter_mut().zip(z).for_each(|(sum, z)| *sum += curvature * z * z);
            }
        });
        let mut diagonal = sums.split_off(size);
        let mut gradient = sums;
        self.add_penalty(&mut gradient, theta);
        self.add_penalty(&mut diagonal, &vec![1.0; size]);
        // Keeps the preconditioner defined when every probability has saturated.
        for d in &mut diagonal {
            *d = d.max(f64::MIN_POSITIVE.sqrt());
        }
        State { objective, gradient, diagonal, probabilities }
    }

    /// Adds `v` except at the intercepts.
    fn add_penalty(&self, sum: &mut [f64], v: &[f64]) {
        for (sum, v) in sum.chunks_exact_mut(self.stride).zip(v.chunks_exact(self.stride)) {
            add_scaled(&mut sum[..self.stride - 1], 1.0, &v[..self.stride - 1]);
        }
    }

    /// Hessian times `v`: Zᵀ [w (diag p − p pᵀ)] Z v + v.
    fn hessian_times(&self, state: &State, v: &[f64]) -> Vec<f64> {
        let mut product = self.sum_rows(v.len(), |row, z, sum| {
            let p = &state.probabilities[row * self.width..(row + 1) * self.width];
            if self.width == 1 {
                add_scaled(sum, self.weights[row] * p[0] * (1.0 - p[0]) * dot(z, v), z);
                return;
            }
            let along: Vec<f64> = v.chunks_exact(self.stride).map(|v| dot(z, v)).collect();
            let mean = dot(p, &along);
            for ((sum, p), along) in sum.chunks_exact_mut(self.stride).zip(p).zip(&along) {
                add_scaled(sum, self.weights[row] * p * (along - mean), z);
            }
        });
        self.add_penalty(&mut product, v);
        product
    }

    /// An approximate solution d of H d = −g, and −g·d, twice the expected decrease.
    fn newton_direction(&self, state: &State) -> (Vec<f64>, f64) {
        let size = state.gradient.len();
        let precondition =
            |r: &[f64]| -> Vec<f64> { r.iter().zip(&state.diagonal).map(|(r, d)| r / d).collect() };
        let mut d = vec![0.0; size];
        let mut residual: Vec<f64> = state.gradient.iter().map(|g| -g).collect();
        let mut scaled = precondition(&residual);
        let mut direction = scaled.clone();
        let mut norm = dot(&residual, &scaled);
        // Tighter as the minimum nears, for quadratic convergence.
        let goal = norm * (norm / (1.0 + state.objective)).clamp(1e-16, 1e-4);
        for _ in 0..2 * size + 20 {
            if norm <= goal {
                break;
            }
            let product = self.hessian_times(state, &direction);
            let curvature = dot(&direction, &product);
            if curvature <= 0.0 {
                break;
            }
            let step = norm / curvature;
            add_scaled(&mut d, step, &direction);
            add_scaled(&mut residual, -step, &product);
            scaled = precondition(&residual);
            let next = dot(&residual, &scaled);
            direction.iter_mut().zip(&scaled).for_each(|(old, new)| *old = new + next / norm * *old);
            norm = next;
        }
        let decrement = -dot(&state.gradient, &d);
        (d, decrement)
    }

    /// Halves the step until the objective falls enough; returns whether it did.
    fn line_search(
        &self,
        theta: &mut Vec<f64>,
        logits: &mut Vec<f64>,
        direction: &[f64],
        objective: f64,
        decrement: f64,
    ) -> bool {
        let along = self.logits(direction);
        // Differences below the rounding of the objective decide nothing.
        let rounding = 1e-13 * (1.0 + objective);
        let mut step = 1.0;
        while step > 1e-10 {
            let mut new_theta = theta.clone();
            let mut new_logits = logits.clone();
            add_scaled(&mut new_theta, step, direction);
            add_scaled(&mut new_logits, step, &along);
            if self.objective(&new_theta, &new_logits) <= objective - SUFFICIENT * step * decrement + rounding
            {
                (*theta, *logits) = (new_theta, new_logits);
                return true;
            }
            step /= 2.0;
        }
        false
    }

    /// The linear functions on the features as given; intercepts of several classes sum to 0.
    fn uncentred(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let features = self.stride - 1;
        let mut rows: Vec<Vec<f64>> = theta.chunks_exact(self.stride).map(<[f64]>::to_vec).collect();
        for row in &mut rows {
            row[features] -= dot(&row[..features], &self.means);
        }
        if self.width > 1 {
            let mean = rows.iter().map(|row| row[features]).sum::<f64>() / self.width as f64;
            for row in &mut rows {
                row[features] -= mean;
            }
        }
        rows
    }
}
