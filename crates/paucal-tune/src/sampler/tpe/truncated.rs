//! The normal distribution cut to an interval, accurate far into the tails.

use statrs::function::erf::{erf, erfc};

/// ln √(2π).
const LN_ROOT_TWO_PI: f64 = 0.918_938_533_204_672_7;

/// Φ(x).
fn cdf(x: f64) -> f64 {
    let x = x * std::f64::consts::FRAC_1_SQRT_2;
    if x < -1.0 { 0.5 * erfc(-x) } else { 0.5 + 0.5 * erf(x) }
}

/// ln Φ(x); below −20 by the asymptotic series of Mills' ratio.
pub fn ln_cdf(x: f64) -> f64 {
    if x > 6.0 {
        return -0.5 * erfc(x * std::f64::consts::FRAC_1_SQRT_2);
    }
    if x > -20.0 {
        return cdf(x).ln();
    }
    let (mut sum, mut term) = (1.0, 1.0);
    for i in 1..60 {
        let next = -term * f64::from(2 * i - 1) / (x * x);
        // The series diverges in the end; its smallest term is below rounding here.
        if next.abs() < f64::EPSILON * f64::abs(sum) || next.abs() > f64::abs(term) {
            break;
        }
        sum += next;
        term = next;
    }
    -0.5 * x * x - (-x).ln() - LN_ROOT_TWO_PI + f64::ln(sum)
}

/// ln φ(x).
pub fn ln_density(x: f64) -> f64 {
    -0.5 * x * x - LN_ROOT_TWO_PI
}

/// ln (Φ(b) − Φ(a)) for `a ≤ b`, always taken in the left tail, where Φ is small and exact.
pub fn ln_mass(a: f64, b: f64) -> f64 {
    if a > 0.0 {
        ln_mass(-b, -a)
    } else if b <= 0.0 {
        ln_difference(ln_cdf(b), ln_cdf(a))
    } else {
        (-cdf(a) - cdf(-b)).ln_1p()
    }
}

/// ln (eˣ − eʸ) for `x ≥ y`.
fn ln_difference(x: f64, y: f64) -> f64 {
    if y == f64::NEG_INFINITY { x } else { x + (-(y - x).exp()).ln_1p() }
}

/// ln (eˣ + eʸ).
fn ln_sum(x: f64, y: f64) -> f64 {
    let (large, small) = if x > y { (x, y) } else { (y, x) };
    if large == f64::NEG_INFINITY { large } else { large + (small - large).exp().ln_1p() }
}

/// The x with ln Φ(x) = `y`, by Newton's method from an approximation of either tail.
fn inverse_ln_cdf(y: f64) -> f64 {
    // Near 1 the complement has the digits.
    let flipped = y > -1e-2;
    let z = if flipped { (-y.exp_m1()).ln() } else { y };
    let mut x = if z < -5.0 {
        -(-2.0 * (z + LN_ROOT_TWO_PI)).sqrt()
    } else {
        // The logistic distribution is close in the middle.
        -(3.0_f64.sqrt() / std::f64::consts::PI) * (-z).exp_m1().ln()
    };
    for _ in 0..100 {
        let ln_cdf_x = ln_cdf(x);
        let step = (ln_cdf_x - z) * (ln_cdf_x - ln_density(x)).exp();
        x -= step;
        if step.abs() < 1e-8 * x.abs() {
            break;
        }
    }
    if flipped { -x } else { x }
}

/// The quantile of probability `q` in `[0, 1]` of the standard normal cut to `[a, b]`.
pub fn quantile(q: f64, a: f64, b: f64) -> f64 {
    if q <= 0.0 || a >= b {
        return a;
    }
    if q >= 1.0 {
        return b;
    }
    let mass = ln_mass(a, b);
    let x = if a < 0.0 {
        inverse_ln_cdf(ln_sum(ln_cdf(a), q.ln() + mass))
    } else {
        -inverse_ln_cdf(ln_sum(ln_cdf(-b), (-q).ln_1p() + mass))
    };
    x.clamp(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_the_distribution_function_are_right_in_both_tails() {
        // Values of scipy.special.log_ndtr.
        for (x, want) in [
            (-40.0, -804.608_442_013_754_6),
            (-20.0, -203.917_155_371_094_06),
            (-5.0, -15.064_998_393_988_725),
            (-1.0, -1.841_021_645_009_264),
            (0.0, -std::f64::consts::LN_2),
            (3.0, -0.001_350_809_964_748_192_6),
            (8.0, -6.220_960_574_271_786e-16),
        ] {
            assert!((ln_cdf(x) / want - 1.0).abs() < 1e-10, "{x}: {} not {want}", ln_cdf(x));
        }
    }

    #[test]
    fn quantiles_invert_masses() {
        for (a, b) in [(-1.0, 2.0), (-0.01, 0.01), (3.0, 9.0), (-30.0, -20.0), (-8.0, 8.0), (12.0, 13.0)] {
            for q in [1e-6, 0.01, 0.3, 0.5, 0.9, 0.9999] {
                let x = quantile(q, a, b);
                assert!((a..=b).contains(&x));
                let back = (ln_mass(a, x) - ln_mass(a, b)).exp();
                assert!((back - q).abs() < 1e-6, "[{a}, {b}] {q}: {back}");
            }
            assert_eq!((quantile(0.0, a, b), quantile(1.0, a, b)), (a, b));
        }
    }
}
