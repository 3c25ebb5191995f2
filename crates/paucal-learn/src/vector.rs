//! Inner loops over slices, written so that the compiler uses vector registers. The order of
//! summation is fixed, so results are the same everywhere.

const LANES: usize = 8;

/// Σ a·b.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// Σ (a − b)².
pub(crate) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for lane in 0..LANES {
            let d = a[lane] - b[lane];
            lanes[lane] += d * d;
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
}

/// `y` += `a`·`x`.
pub(crate) fn add_scaled(y: &mut [f64], a: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// eˣ for x ≤ 0 within 2 units in the last place (0 below −700), in a form that vectorises: x = k·ln 2 + r,
/// eʳ by its Taylor series, 2ᵏ by building the float.
#[inline]
pub(crate) fn exp_negative(x: f64) -> f64 {
    /// 1.5·2⁵²: adding it rounds to an integer, which then sits in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let clamped = x.max(-700.0);
    let shifted = clamped.mul_add(std::f64::consts::LOG2_E, ROUND);
    let k = shifted - ROUND;
    let r = k.mul_add(-LN2_LOW, k.mul_add(-LN2_HIGH, clamped));
    let mut series = 1.0 / 6_227_020_800.0;
    for coefficient in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        series = r.mul_add(series, coefficient);
    }
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    if x < -700.0 { 0.0 } else { series * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_standard_library() {
        for i in 0..=7000 {
            let x = -f64::from(i) * 0.1 + 0.013 * f64::from(i % 7);
            if x <= 0.0 {
                let (ours, theirs) = (exp_negative(x), x.exp());
                assert!((ours - theirs).abs() <= 1e-15 * theirs + f64::MIN_POSITIVE, "{x}: {ours} {theirs}");
            }
        }
        assert_eq!(exp_negative(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp_negative(0.0), 1.0);
    }

    #[test]
    fn sums_cover_whole_and_rest() {
        let a: Vec<f64> = (0..19).map(f64::from).collect();
        let ones = vec![1.0; 19];
        assert_eq!(dot(&a, &ones), 171.0);
        assert_eq!(squared_distance(&ones, &[3.0; 19]), 76.0);
    }
}
