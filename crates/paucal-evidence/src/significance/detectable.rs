//! The least detectable effect: what so few cases could not have shown.
//!
//! Two views on a change of sensitivity (or any share) among n positives, two-sided at 5 % with 80 %
//! power unless told otherwise:
//!
//! * [`paired`]: both arms see the same positives and every discordant one favours the same arm, the
//!   best case there is. McNemar's exact test rejects from k discordant cases on (the least k with
//!   2 · ½ᵏ ≤ α; 6 at 5 %), and the effect is the smallest share d with P(Bin(n, d) ≥ k) ≥ power. No
//!   paired test of single decisions sees less.
//! * [`unpaired`]: two separate groups of n positives, with sensitivity p₁ in the first: the smallest
//!   p₂ − p₁ with n Δ² ≥ (z_{1−α/2} √(2 p̄ q̄) + z_{power} √(p₁q₁ + p₂q₂))², p̄ the mean
//!   (Fleiss, Levin, Paik: *Statistical Methods for Rates and Proportions*, 3rd ed., eq. 4.14).

use paucal_metrics::{Result, Undefined};
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

/// The usual two-sided significance level.
pub const SIGNIFICANCE: f64 = 0.05;
/// The usual power.
pub const POWER: f64 = 0.8;

/// The least change of sensitivity among `positives` cases that a paired comparison can detect, in
/// (0, 1], or `None` when even a change in every case would not do.
pub fn paired(positives: usize, significance: f64, power: f64) -> Result<Option<f64>> {
    super::check_share(significance)?;
    super::check_share(power)?;
    let needed = (2.0 / significance).log2().ceil().max(1.0) as u64;
    let n = positives as u64;
    if n < needed {
        return Ok(None);
    }
    let reached = |share: f64| match Binomial::new(share, n) {
        Ok(law) => 1.0 - law.cdf(needed - 1) >= power,
        Err(_) => false,
    };
    Ok(Some(smallest(reached, 1.0)))
}

/// The least rise of sensitivity from `baseline` (in \[0, 1)) between two groups of `positives` cases
/// each, or `None` when even a rise to 1 would not be seen.
pub fn unpaired(positives: usize, baseline: f64, significance: f64, power: f64) -> Result<Option<f64>> {
    super::check_share(significance)?;
    super::check_share(power)?;
    if !(0.0..1.0).contains(&baseline) {
        return Err(Undefined::OutOfRange { value: baseline });
    }
    let normal = Normal::new(0.0, 1.0).map_err(|_| Undefined::NotFinite)?;
    let (z_level, z_power) = (normal.inverse_cdf(1.0 - significance / 2.0), normal.inverse_cdf(power));
    let spread = |p: f64| p * (1.0 - p);
    let reached = |rise: f64| {
        let second = baseline + rise;
        let pooled = (2.0 * spread(f64::midpoint(baseline, second))).sqrt();
        let apart = (spread(baseline) + spread(second)).sqrt();
        rise * (positives as f64).sqrt() >= z_level * pooled + z_power * apart
    };
    let most = 1.0 - baseline;
    Ok(reached(most).then(|| smallest(reached, most)))
}

/// The smallest value in (0, most] for which `reached` holds, given that it holds at `most` and
/// everywhere above.
fn smallest(reached: impl Fn(f64) -> bool, most: f64) -> f64 {
    let (mut below, mut above) = (0.0, most);
    for _ in 0..60 {
        let middle = f64::midpoint(below, above);
        if reached(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    above
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_positives_show_nothing() {
        assert_eq!(paired(5, SIGNIFICANCE, POWER), Ok(None));
        // With 6 all must change: d⁶ = 0.8.
        let six = paired(6, SIGNIFICANCE, POWER).unwrap().unwrap();
        assert!((six - 0.8_f64.powf(1.0 / 6.0)).abs() < 1e-9, "{six}");
        assert_eq!(unpaired(3, 0.5, SIGNIFICANCE, POWER), Ok(None));
        assert!(unpaired(3, 1.0, SIGNIFICANCE, POWER).is_err());
    }

    #[test]
    fn more_positives_show_smaller_effects_and_pairs_beat_groups() {
        let mut last = 1.0;
        for n in [10, 20, 50, 200, 1000] {
            let pairs = paired(n, SIGNIFICANCE, POWER).unwrap().unwrap();
            assert!(pairs < last, "{n}: {pairs}");
            last = pairs;
            if let Some(groups) = unpaired(n, 0.5, SIGNIFICANCE, POWER).unwrap() {
                assert!(pairs < groups, "{n}: {pairs} {groups}");
            }
        }
    }
}
