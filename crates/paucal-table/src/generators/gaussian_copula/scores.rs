//! Normal scores of tied values, and the latent correlation behind two columns of scores.
//!
//! A column splits the real line into intervals, one per distinct value (or level), each as wide as its
//! share of the rows. Its score is the mean of z in the interval, s(z) = E[z | interval]. For two latents
//! with correlation ρ, Mehler's formula gives
//!
//!   E[s₁ s₂] = Σₘ ρᵐ c₁ₘ c₂ₘ,  cₘ = E[s(z) hₘ(z)],  hₘ the normalised Hermite polynomials,
//!
//! which is solved for ρ. For two continuous columns this is the correlation of normal scores; for two binary
//! columns it is the tetrachoric correlation; everything between is covered by the same formula. Plain
//! Pearson correlation of scores would be too weak wherever values are tied.

use crate::transform::gauss;

/// Hermite terms kept.
const TERMS: usize = 40;
/// Strongest latent correlation.
const STRONGEST: f64 = 0.9999;

/// One column's rows as groups of equal value in latent order.
pub struct Groups {
    /// Group of each row; `None` where the column has no value.
    pub of_row: Vec<Option<u32>>,
    /// Rows of each group.
    pub counts: Vec<usize>,
}

/// Scores of a column.
pub struct Scores {
    /// Score of each row, 0 where there is none.
    pub of_row: Vec<f64>,
    /// Whether each row has a score: 1 or 0.
    pub present: Vec<f64>,
    /// Ends of the groups' intervals but for ±∞.
    pub cuts: Vec<f64>,
    /// c₁, c₂, … as above.
    coefficients: [f64; TERMS],
}

impl Scores {
    /// Scores of groups, none of which is empty.
    pub fn new(groups: &Groups) -> Self {
        let total: usize = groups.counts.iter().sum();
        let mut sum = 0;
        let mut ends: Vec<f64> = groups
            .counts
            .iter()
            .map(|count| {
                sum += count;
                gauss::quantile(sum as f64 / total as f64)
            })
            .collect();
        if let Some(last) = ends.last_mut() {
            *last = f64::INFINITY;
        }
        let mut coefficients = [0.0; TERMS];
        let mut below = [0.0; TERMS];
        let mut above = [0.0; TERMS];
        let mut values = Vec::with_capacity(ends.len());
        for (&end, &count) in ends.iter().zip(&groups.counts) {
            hermite_tails(end, &mut above);
            // ∫ hₘ φ over the interval, for m = 1, 2, …
            let score = (below[0] - above[0]) * total as f64 / count as f64;
            for m in 0..TERMS {
                coefficients[m] += score * (below[m] - above[m]);
            }
            values.push(score);
            below = above;
        }
        ends.pop();
        let of_row = groups.of_row.iter().map(|group| group.map_or(0.0, |g| values[g as usize])).collect();
        let present = groups.of_row.iter().map(|group| f64::from(u8::from(group.is_some()))).collect();
        Self { of_row, present, cuts: ends, coefficients }
    }
}

/// ∫ from x to ∞ of hₘ φ = hₘ₋₁(x) φ(x) / √m, for m = 1 … [`TERMS`].
fn hermite_tails(x: f64, out: &mut [f64; TERMS]) {
    let density = gauss::density(x);
    if density == 0.0 {
        out.fill(0.0);
        return;
    }
    let (mut previous, mut current) = (0.0, 1.0);
    for (index, tail) in out.iter_mut().enumerate() {
        let m = (index + 1) as f64;
        *tail = current * density / m.sqrt();
        let next = (x * current - (m - 1.0).sqrt() * previous) / m.sqrt();
        (previous, current) = (current, next);
    }
}

/// The ρ at which two columns of scores have the observed covariance. The series rises with ρ because scores
/// rise with z, so bisection finds it; a covariance out of reach gives the strongest correlation.
pub fn latent_correlation(covariance: f64, a: &Scores, b: &Scores) -> f64 {
    let products: Vec<f64> = a.coefficients.iter().zip(&b.coefficients).map(|(a, b)| a * b).collect();
    let expected = |rho: f64| products.iter().rev().fold(0.0, |sum, &c| (sum + c) * rho);
    let (mut low, mut high) = (-STRONGEST, STRONGEST);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if expected(middle) < covariance {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;

    /// Scores of `z` cut at `cuts`.
    fn cut(z: &[f64], cuts: &[f64]) -> Scores {
        let of_row: Vec<Option<u32>> =
            z.iter().map(|&z| Some(cuts.partition_point(|&c| c < z) as u32)).collect();
        let mut counts = vec![0; cuts.len() + 1];
        of_row.iter().flatten().for_each(|&g| counts[g as usize] += 1);
        Scores::new(&Groups { of_row, counts })
    }

    fn covariance(a: &Scores, b: &Scores) -> f64 {
        a.of_row.iter().zip(&b.of_row).map(|(a, b)| a * b).sum::<f64>() / a.of_row.len() as f64
    }

    #[test]
    fn the_latent_correlation_is_recovered_from_any_cut() {
        for rho in [-0.9, -0.3, 0.0, 0.5, 0.95] {
            let mut stream = Seed(5).stream("pairs", 0);
            let pairs: Vec<(f64, f64)> = (0..60_000)
                .map(|_| {
                    let (a, b) = (stream.normal(), stream.normal());
                    (a, rho * a + (1.0_f64 - rho * rho).sqrt() * b)
                })
                .collect();
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let fine: Vec<f64> = (-250..250).map(|i| f64::from(i) * 0.01).collect();
            for cuts_a in [&[0.3][..], &[-1.5, 0.0, 0.7], &fine] {
                for cuts_b in [&[-1.2][..], &[0.0, 1.0], &fine] {
                    let (a, b) = (cut(&a, cuts_a), cut(&b, cuts_b));
                    let found = latent_correlation(covariance(&a, &b), &a, &b);
                    // Coarse cuts say little about how strong a strong correlation is.
                    let close = if rho.abs() > 0.8 { 0.06 } else { 0.03 };
                    assert!((found - rho).abs() < close, "{rho} {found} {} {}", cuts_a.len(), cuts_b.len());
                }
            }
        }
    }
}
