//! Local maxima, with the definitions of `scipy.signal.find_peaks`.

/// Strict local maxima, in order: samples (or plateaus, at the lower of their middles) with a lower
/// neighbour on either side. The ends are never maxima.
///
/// ```
/// use paucal_signal::dsp::peaks::local_maxima;
///
/// assert_eq!(local_maxima(&[0.0, 2.0, 1.0, 3.0, 3.0, 0.0]), [1, 3]);
/// ```
pub fn local_maxima(signal: &[f64]) -> Vec<usize> {
    let mut maxima = Vec::new();
    let mut i = 1;
    while i + 1 < signal.len() {
        if signal[i - 1] < signal[i] {
            let mut right = i;
            while right + 1 < signal.len() && signal[right + 1] == signal[i] {
                right += 1;
            }
            if right + 1 < signal.len() && signal[right + 1] < signal[i] {
                maxima.push(usize::midpoint(i, right));
            }
            i = right;
        }
        i += 1;
    }
    maxima
}

/// The prominence of the maximum at `peak`: its height over the higher of the two lowest points that lie
/// between it and the next higher sample (or the end) on either side.
pub fn prominence(signal: &[f64], peak: usize) -> f64 {
    let height = signal[peak];
    let lowest = |side: &mut dyn Iterator<Item = &f64>| {
        side.take_while(|&&v| v <= height).copied().fold(height, f64::min)
    };
    let left = lowest(&mut signal[..peak].iter().rev());
    let right = lowest(&mut signal[peak + 1..].iter());
    height - left.max(right)
}

/// Of sorted peaks, those that remain when every peak removes the lower ones closer than `distance`
/// samples, the highest first; of equals the later is kept.
pub fn keep_highest(signal: &[f64], peaks: &[usize], distance: usize) -> Vec<usize> {
    let mut by_height: Vec<usize> = (0..peaks.len()).collect();
    by_height.sort_by(|&i, &j| signal[peaks[i]].total_cmp(&signal[peaks[j]]).then(i.cmp(&j)));
    let mut kept = vec![true; peaks.len()];
    for &i in by_height.iter().rev() {
        if !kept[i] {
            continue;
        }
        let close = |&j: &usize| peaks[i].abs_diff(peaks[j]) < distance;
        (0..i).rev().take_while(close).for_each(|j| kept[j] = false);
        (i + 1..peaks.len()).take_while(close).for_each(|j| kept[j] = false);
    }
    peaks.iter().zip(kept).filter(|(_, kept)| *kept).map(|(&peak, _)| peak).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_shoulders_are_no_maxima() {
        assert_eq!(local_maxima(&[5.0, 1.0, 1.0, 2.0, 2.0, 3.0]), [0; 0]);
        assert_eq!(local_maxima(&[0.0, 1.0, 1.0, 1.0, 1.0, 0.0]), [2]);
        assert_eq!(local_maxima(&[0.0, f64::NAN, 0.0]), [0; 0]);
        assert_eq!(local_maxima(&[1.0]), [0; 0]);
    }

    #[test]
    fn prominence_stops_at_higher_ground() {
        let x = [0.0, 3.0, 2.0, 2.5, 1.0, 4.0, 3.5];
        assert_eq!([1, 3, 5].map(|peak| prominence(&x, peak)), [2.0, 0.5, 0.5]);
    }

    #[test]
    fn the_highest_of_a_crowd_stays() {
        let x = [0.0, 1.0, 0.0, 2.0, 0.0, 1.5, 0.0, 0.0, 1.0, 0.0];
        assert_eq!(keep_highest(&x, &[1, 3, 5, 8], 3), [3, 8]);
        assert_eq!(keep_highest(&x, &[1, 3, 5, 8], 1), [1, 3, 5, 8]);
    }
}
