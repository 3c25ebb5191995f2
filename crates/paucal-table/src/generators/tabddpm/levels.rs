//! Multinomial diffusion of one level (Hoogeboom et al. 2021, arXiv 2102.05379).
//!
//! Going from s to t keeps a level with probability α = ᾱ(t)/ᾱ(s) and otherwise draws one of the K uniformly. The
//! posterior is `q(x_s | x_t, x₀) ∝ a ∘ b` with `a = α x_t + (1 − α)/K` and `b = ᾱ(s) x₀ + (1 − ᾱ(s))/K` on one-hots;
//! the network's step back has its softmax in the place of x₀.

use super::schedule::Back;

/// Smallest probability whose logarithm is taken.
const TINY: f64 = 1e-30;

/// The probabilities of `x_s` from the level `now` at t and the probabilities `start` of x₀, in place.
pub fn posterior(now: usize, start: &mut [f64], back: Back) {
    let (share, alpha) = (1.0 / start.len() as f64, back.between());
    for (k, p) in start.iter_mut().enumerate() {
        let a = alpha * f64::from(u8::from(k == now)) + (1.0 - alpha) * share;
        *p = a * (back.before * *p + (1.0 - back.before) * share);
    }
    let total: f64 = start.iter().sum::<f64>().max(TINY);
    start.iter_mut().for_each(|p| *p /= total);
}

/// `KL(q(x_s | x_t, x₀) ‖ p(x_s | x_t))` for the level `now` at t and the true level `start`, and its gradient with
/// respect to the logits. On the last step this is `−ln p(x₀ | x₁)`.
pub fn divergence(start: usize, now: usize, logits: &[f32], back: Back, gradient: &mut [f32]) -> f64 {
    let guess = softmax(logits);
    let mut wanted = vec![0.0; guess.len()];
    wanted[start] = 1.0;
    posterior(now, &mut wanted, back);
    let mut reached = guess.clone();
    posterior(now, &mut reached, back);
    let mut loss = 0.0;
    // With u = a ∘ b and p = u/Σu: ∂KL/∂b = (p − q)/b, and b is linear in the guess.
    let share = (1.0 - back.before) / guess.len() as f64;
    let mut of_guess = vec![0.0; guess.len()];
    for (k, (q, p)) in wanted.iter().zip(&reached).enumerate() {
        if *q > 0.0 {
            loss += q * (q.max(TINY).ln() - p.max(TINY).ln());
        }
        of_guess[k] = back.before * (p - q) / (back.before * guess[k] + share).max(TINY);
    }
    let inner: f64 = guess.iter().zip(&of_guess).map(|(x, g)| x * g).sum();
    for ((out, x), g) in gradient.iter_mut().zip(&guess).zip(&of_guess) {
        *out = (x * (g - inner)) as f32;
    }
    loss
}

/// Probabilities from logits.
pub fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f64> = logits.iter().map(|x| f64::from(x - largest).exp()).collect();
    let total: f64 = raised.iter().sum();
    raised.iter().map(|x| x / total).collect()
}

#[cfg(test)]
mod tests {
    use super::super::schedule::Schedule;
    use super::*;

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let schedule = Schedule::new(50);
        let logits = [0.3_f32, -0.8, 1.1];
        for (t, start, now) in [(1, 2, 2), (1, 0, 1), (20, 1, 1), (20, 0, 2), (50, 2, 0)] {
            let back = schedule.back(t);
            let mut gradient = [0.0; 3];
            divergence(start, now, &logits, back, &mut gradient);
            for k in 0..3 {
                let shifted = |h: f32| {
                    let mut logits = logits;
                    logits[k] += h;
                    divergence(start, now, &logits, back, &mut [0.0; 3])
                };
                let want = (shifted(1e-2) - shifted(-1e-2)) / 2e-2;
                assert!((f64::from(gradient[k]) - want).abs() < 1e-4 + 1e-3 * want.abs(), "{t} {k}: {want}");
            }
        }
    }

    #[test]
    fn the_divergence_vanishes_at_the_truth() {
        let back = Schedule::new(50).back(10);
        let mut gradient = [0.0; 3];
        assert!(divergence(1, 1, &[-30.0, 30.0, -30.0], back, &mut gradient) < 1e-9);
        assert!(divergence(0, 1, &[-30.0, 30.0, -30.0], back, &mut gradient) > 0.1);
    }

    #[test]
    fn the_last_step_back_follows_the_network() {
        let back = Schedule::new(50).back(1);
        let mut certain = vec![0.0, 1.0];
        posterior(0, &mut certain, back);
        assert_eq!(certain, [0.0, 1.0]);
    }
}
