//! LeakyReLU and dropout between the layers of a network, in place.

use super::{cost, for_row_blocks};

/// `values ∘ mask`.
pub fn mask(values: &mut [f32], mask: &[f32]) {
    for_row_blocks(values, 1, cost::ARITHMETIC, |first, block| {
        block.iter_mut().zip(&mask[first..]).for_each(|(v, m)| *v *= m);
    });
}

/// `values ∘ φ'` with the slope of the LeakyReLU at the place where its output, masked or not, is `y`.
pub fn slope(values: &mut [f32], y: &[f32], slope: f32) {
    for_row_blocks(values, 1, cost::ARITHMETIC, |first, block| {
        let each = |(v, &y): (&mut f32, &f32)| *v *= if y > 0.0 { 1.0 } else { slope };
        block.iter_mut().zip(&y[first..]).for_each(each);
    });
}

/// Both.
pub fn slope_and_mask(values: &mut [f32], y: &[f32], mask: &[f32], slope: f32) {
    for_row_blocks(values, 1, cost::ARITHMETIC, |first, block| {
        let each = |(v, (&y, &m)): (&mut f32, (&f32, &f32))| *v *= if y > 0.0 { m } else { slope * m };
        block.iter_mut().zip(y[first..].iter().zip(&mask[first..])).for_each(each);
    });
}
