//! Exponential, logarithm and hyperbolic tangent that compile to vector instructions.
//!
//! The polynomials are those of the Cephes library (`expf`, `logf`), with errors of about one unit in the last
//! place. They also make results independent of the system's mathematics library.

const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `e^x`, with `x` held within ±87, where the result is a normal number.
#[inline]
#[must_use]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5·2²³ leaves the rounded quotient in the low bits.
    const SHIFT: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, SHIFT);
    let k = shifted - SHIFT;
    let r = k.mul_add(-LN2_LOW, k.mul_add(-LN2_HIGH, x));
    let mut p = 1.987_569_2e-4_f32;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p.mul_add(r, c);
    }
    let y = p.mul_add(r * r, r) + 1.0;
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    y * scale
}

/// `ln x` for positive normal `x`.
#[inline]
#[must_use]
pub fn ln(x: f32) -> f32 {
    // Bits of √½: the mantissa is taken from [√½, √2).
    const ROOT_HALF: u32 = 0x3f35_04f3;
    let exponent = (x.to_bits().wrapping_sub(ROOT_HALF) as i32) >> 23;
    let mantissa = f32::from_bits(x.to_bits().wrapping_sub((exponent << 23) as u32));
    let e = exponent as f32;
    let f = mantissa - 1.0;
    let mut p = 7.037_683_6e-2_f32;
    for c in [
        -1.151_461e-1,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333_3e-1,
    ] {
        p = p.mul_add(f, c);
    }
    let square = f * f;
    let y = e.mul_add(LN2_LOW, p * f * square) - 0.5 * square + f;
    e.mul_add(LN2_HIGH, y)
}

/// `tanh x`, to about 1e-7 absolute.
#[inline]
#[must_use]
pub fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// `1 / (1 + e^-x)`.
#[inline]
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(from: f32, to: f32) -> impl Iterator<Item = f32> {
        (0..=100_000).map(move |i| from + (to - from) * i as f32 / 100_000.0)
    }

    #[test]
    fn exp_and_ln_agree_with_double_precision() {
        for x in grid(-87.0, 87.0) {
            let want = f64::from(x).exp();
            assert!((f64::from(exp(x)) / want - 1.0).abs() < 2e-7, "exp({x})");
        }
        for x in grid(1e-7, 1.0).chain(grid(1.0, 1e6)) {
            let want = f64::from(x).ln();
            assert!((f64::from(ln(x)) - want).abs() < 2e-7 * want.abs().max(0.5), "ln({x})");
        }
    }

    #[test]
    fn tanh_and_sigmoid_agree_and_saturate() {
        for x in grid(-12.0, 12.0) {
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 3e-7, "tanh({x})");
            assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-f64::from(x)).exp())).abs() < 3e-7);
        }
        assert_eq!((tanh(1e9), tanh(-1e9)), (1.0, -1.0));
        assert!(tanh(f32::NAN).is_nan() && exp(f32::NAN).is_nan());
    }
}
