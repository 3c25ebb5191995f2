//! How much of a row is left at each step of the diffusion.

use std::f64::consts::FRAC_PI_2;

/// Keeps the first steps from vanishing.
const OFFSET: f64 = 0.008;
/// Most that one step may destroy.
const LARGEST: f64 = 0.999;

/// The cosine schedule (Nichol and Dhariwal 2021, arXiv 2102.09672):
/// `ᾱ(t) ∝ cos²((t/T + 0.008) / 1.008 · π/2)` with no single step above 0.999.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// ᾱ at steps 0 to T.
    kept: Vec<f64>,
}

/// A step back from t to s < t.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Back {
    /// Where it starts, 1 to T.
    pub from: usize,
    /// `ᾱ(t)`.
    pub kept: f64,
    /// `ᾱ(s)`; 1 on the last step.
    pub before: f64,
}

impl Back {
    /// `ᾱ(t) / ᾱ(s)`: what the steps from s to t leave.
    pub fn between(self) -> f64 {
        self.kept / self.before
    }

    /// The Gaussian posterior `q(x_s | x_t, x₀)`: factors of x₀ and of x_t in its mean, and its deviation.
    pub fn gaussian(self) -> (f64, f64, f64) {
        let alpha = self.between();
        let of_start = self.before.sqrt() * (1.0 - alpha) / (1.0 - self.kept);
        let of_now = alpha.sqrt() * (1.0 - self.before) / (1.0 - self.kept);
        let variance = (1.0 - self.before) / (1.0 - self.kept) * (1.0 - alpha);
        (of_start, of_now, variance.sqrt())
    }
}

impl Schedule {
    /// The schedule of `steps` steps, at least 1.
    pub fn new(steps: usize) -> Self {
        let curve =
            |t: usize| ((t as f64 / steps as f64 + OFFSET) / (1.0 + OFFSET) * FRAC_PI_2).cos().powi(2);
        let mut kept = vec![1.0];
        for t in 1..=steps {
            let loss = (1.0 - curve(t) / curve(t - 1)).min(LARGEST);
            kept.push(kept[t - 1] * (1.0 - loss));
        }
        Self { kept }
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.kept.len() - 1
    }

    /// The step back from `t` to its neighbour.
    pub fn back(&self, t: usize) -> Back {
        Back { from: t, kept: self.kept[t], before: self.kept[t - 1] }
    }

    /// `count` evenly spaced steps back from T to 0; all of them when there are no more.
    pub fn respaced(&self, count: usize) -> Vec<Back> {
        let count = count.clamp(1, self.steps());
        let place = |i: usize| i * self.steps() / count;
        let step =
            |i: usize| Back { from: place(i), kept: self.kept[place(i)], before: self.kept[place(i - 1)] };
        (1..=count).rev().map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_destroyed_little_by_little() {
        let schedule = Schedule::new(1000);
        assert_eq!(schedule.steps(), 1000);
        assert!(schedule.kept.windows(2).all(|w| w[1] < w[0]));
        assert!((schedule.kept[500] - 0.493_84).abs() < 1e-4);
        assert!(schedule.kept[1000] < 1e-4);
        assert_eq!(schedule.back(1).before, 1.0);
    }

    #[test]
    fn few_steps_cover_the_whole_way() {
        let schedule = Schedule::new(1000);
        let back = schedule.respaced(7);
        assert_eq!((back.len(), back[0].from, back[6].before), (7, 1000, 1.0));
        assert!(back.windows(2).all(|w| w[0].before == w[1].kept));
        assert_eq!(schedule.respaced(5000).len(), 1000);
        // The last step ends at x₀ without noise.
        let (of_start, of_now, deviation) = back[6].gaussian();
        assert!((of_start - 1.0).abs() < 1e-12 && of_now == 0.0 && deviation == 0.0);
    }
}
