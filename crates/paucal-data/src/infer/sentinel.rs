//! Numbers that may stand for "missing": `-999`, `9999` and their like, far from all other values.

use crate::finding::{Finding, Topic, many};

/// Negative codes, suspicious when nothing else is negative.
const BELOW: [f64; 6] = [-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0];
/// Codes of nines, suspicious when farther from the other values than those are spread.
const ABOVE: [f64; 3] = [999.0, 9999.0, 99999.0];

/// A warning if the smallest or the largest of the different numbers looks like a code for "missing".
/// `numbers` holds each with how many cells have it. The values are not changed.
pub(crate) fn suspect(numbers: &[(f64, usize)]) -> Option<Finding> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let [low, .., high] = sorted.as_slice() else { return None };
    let (second, last_but_one) = (sorted[1].0, sorted[sorted.len() - 2].0);
    let code = if BELOW.contains(&low.0) && second >= 0.0 && sorted.len() > 2 {
        low
    } else if ABOVE.contains(&high.0) && high.0 - last_but_one > last_but_one - low.0 && sorted.len() > 2 {
        high
    } else {
        return None;
    };
    let (value, count) = *code;
    let sentence = format!(
        "{value} stands far from all other values ({}); if it means missing, use --missing {value}",
        many(count, "cell")
    );
    Some(Finding::warning(Topic::Missing, sentence).counted(count))
}

#[cfg(test)]
mod tests {
    use super::suspect;

    fn suspected(numbers: &[f64]) -> bool {
        suspect(&numbers.iter().map(|&x| (x, 1)).collect::<Vec<_>>()).is_some()
    }

    #[test]
    fn codes_and_ordinary_extremes() {
        assert!(suspected(&[1.5, -999.0, 80.0, 3.0]));
        assert!(suspected(&[120.0, 80.0, 9999.0, 95.0]));
        assert!(!suspected(&[-999.0, -500.0, 80.0]));
        assert!(!suspected(&[997.0, 100.0, 999.0, 500.0]));
        assert!(!suspected(&[0.0, -1.0]));
        assert!(!suspected(&[]));
    }
}
