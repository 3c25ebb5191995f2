//! Moving medians.
//!
//! A recording has few different values: those of a converter of 10 to 16 bits. Their ranks are counted in a histogram
//! that moves along with the window (Huang, Yang, Tang 1979, *A fast two-dimensional median filtering algorithm*),
//! and the median moves by a few ranks from one sample to the next. Signals of more than [`FEW`] values keep the
//! window sorted instead.

use std::collections::VecDeque;

use super::DspError;
use super::error::require;

/// Most values of a signal whose ranks are counted.
const FEW: usize = 8192;
/// Places of the table in which values are looked up: a power of two, and more than twice as many.
const PLACES: usize = 32_768;
/// An empty place of the table.
const EMPTY: u16 = u16::MAX;

/// Moving median of an odd `size`, the ends repeated, as `scipy.ndimage.median_filter(mode="nearest")`.
///
/// Two of them in a row (0.2 s, then 0.6 s) give the classical baseline of an ECG (de Chazal et al., 2004,
/// *IEEE Trans. Biomedical Engineering* 51). Missing samples (NaN) sort above all numbers.
///
/// ```
/// use paucal_signal::dsp::median::moving_median;
///
/// assert_eq!(moving_median(&[0.0, 9.0, 1.0, 2.0, 7.0], 3)?, [0.0, 1.0, 2.0, 2.0, 7.0]);
/// # Ok::<(), paucal_signal::dsp::DspError>(())
/// ```
pub fn moving_median(signal: &[f64], size: usize) -> Result<Vec<f64>, DspError> {
    require(size % 2 == 1, "moving median", "size", size, "odd")?;
    if signal.is_empty() {
        return Ok(Vec::new());
    }
    // For short signals and windows the table is not worth its while.
    let ranked = if signal.len() > FEW && size > 16 { Ranked::of(signal) } else { None };
    Ok(match ranked {
        Some(ranked) => ranked.medians(size),
        None => by_sorting(signal, size),
    })
}

/// A signal as ranks among its different values.
struct Ranked {
    /// The values, rising.
    values: Vec<f64>,
    /// The rank of each sample.
    ranks: Vec<u16>,
}

impl Ranked {
    /// Ranks the samples, unless there are too many different values.
    fn of(signal: &[f64]) -> Option<Self> {
        let mut table = vec![EMPTY; PLACES];
        let mut keys: Vec<i64> = Vec::new();
        let mut ranks = Vec::with_capacity(signal.len());
        // First the numbers of the values in the order in which they occur.
        for &sample in signal {
            let wanted = key(sample);
            let mut place = (wanted as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) as usize >> 49;
            while table[place] != EMPTY && keys[usize::from(table[place])] != wanted {
                place = (place + 1) % PLACES;
            }
            if table[place] == EMPTY {
                if keys.len() == FEW {
                    return None;
                }
                table[place] = keys.len() as u16;
                keys.push(wanted);
            }
            ranks.push(table[place]);
        }
        let mut order: Vec<u16> = (0..keys.len() as u16).collect();
        order.sort_unstable_by_key(|&number| keys[usize::from(number)]);
        let mut rank_of = vec![0; keys.len()];
        order.iter().enumerate().for_each(|(rank, &number)| rank_of[usize::from(number)] = rank as u16);
        ranks.iter_mut().for_each(|rank| *rank = rank_of[usize::from(*rank)]);
        Some(Self { values: order.iter().map(|&number| value(keys[usize::from(number)])).collect(), ranks })
    }

    fn medians(&self, size: usize) -> Vec<f64> {
        let (half, end) = (size / 2, self.ranks.len() - 1);
        let mut counts = vec![0_u32; self.values.len()];
        let at = |k: usize| usize::from(self.ranks[k.saturating_sub(half).min(end)]);
        (0..size).for_each(|k| counts[at(k)] += 1);
        // The rank of the median, and how many of the window lie below it.
        let (mut median, mut below) = (0, 0);
        let mut medians = Vec::with_capacity(self.ranks.len());
        for i in 0..=end {
            if i > 0 {
                let (leaving, entering) = (at(i - 1), at(i + size - 1));
                counts[leaving] -= 1;
                counts[entering] += 1;
                below += u32::from(entering < median);
                below -= u32::from(leaving < median);
            }
            while below as usize > half {
                median -= 1;
                below -= counts[median];
            }
            while (below + counts[median]) as usize <= half {
                below += counts[median];
                median += 1;
            }
            medians.push(self.values[median]);
        }
        medians
    }
}

/// The medians of a window that is kept sorted.
fn by_sorting(signal: &[f64], size: usize) -> Vec<f64> {
    let (half, end) = (size / 2, signal.len() - 1);
    let at = |k: usize| key(signal[k.saturating_sub(half).min(end)]);
    let mut window: VecDeque<i64> = (0..size).map(at).collect();
    let mut sorted: Vec<i64> = window.iter().copied().collect();
    sorted.sort_unstable();
    let mut medians = Vec::with_capacity(signal.len());
    medians.push(value(sorted[half]));
    for k in size..size + end {
        let (entering, leaving) = (at(k), window.pop_front().unwrap_or_default());
        window.push_back(entering);
        replace(&mut sorted, leaving, entering);
        medians.push(value(sorted[half]));
    }
    medians
}

/// A whole number in the place of a float: sorted like it, and faster to compare.
fn key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The float of a [`key`].
fn value(key: i64) -> f64 {
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

/// Puts `entering` into a sorted list in place of `leaving`, moving only what lies between the two.
fn replace(sorted: &mut [i64], leaving: i64, entering: i64) {
    if leaving == entering {
        return;
    }
    let from = sorted.partition_point(|v| *v < leaving);
    let to = sorted.partition_point(|v| *v < entering);
    if to > from {
        sorted[from..to].rotate_left(1);
        sorted[to - 1] = entering;
    } else {
        sorted[to..=from].rotate_right(1);
        sorted[to] = entering;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_sorted_like_their_values() {
        let values = [f64::NEG_INFINITY, -2.0, -1e-300, -0.0, 0.0, 1e-300, 1.0, f64::INFINITY, f64::NAN];
        assert!(values.map(key).is_sorted());
        assert!(values.iter().all(|v| value(key(*v)).to_bits() == v.to_bits()));
    }

    #[test]
    fn sizes_are_checked() {
        assert!(moving_median(&[1.0], 4).is_err());
        assert_eq!(moving_median(&[], 3).unwrap(), [0.0; 0]);
    }

    #[test]
    fn signals_of_many_values_are_not_ranked() {
        let many: Vec<f64> = (0..=FEW).map(|i| i as f64).collect();
        assert!(Ranked::of(&many).is_none());
        assert_eq!(moving_median(&many, 17).unwrap()[100], 100.0);
        assert_eq!(Ranked::of(&many[1..]).unwrap().values, many[1..]);
    }

    proptest! {
        #[test]
        fn medians_equal_their_definition(
            values in proptest::collection::vec(-5_i32..5, 1..60), half in 0_usize..40, missing in 0_usize..60,
        ) {
            let mut x: Vec<f64> = values.into_iter().map(|v| f64::from(v) / 3.0).collect();
            if let Some(sample) = x.get_mut(missing) {
                *sample = f64::NAN;
            }
            let size = 2 * half + 1;
            let (sorted, ranked) = (by_sorting(&x, size), Ranked::of(&x).unwrap().medians(size));
            for i in 0..x.len() {
                let at = |k: usize| x[(i + k).saturating_sub(half).min(x.len() - 1)];
                let mut window: Vec<f64> = (0..size).map(at).collect();
                window.sort_by(f64::total_cmp);
                prop_assert_eq!(sorted[i].to_bits(), window[half].to_bits());
                prop_assert_eq!(ranked[i].to_bits(), window[half].to_bits());
            }
        }
    }
}
