//! McNemar's exact test on paired decisions.
//!
//! McNemar: *Note on the sampling error of the difference between correlated proportions or
//! percentages*, Psychometrika 12 (1947); exact form: the discordant cases are fair coin tosses,
//! p = min(1, 2 P(Bin(b + c, ½) ≤ min(b, c))).

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

/// Discordant cases and the p-value of "neither arm is better".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Cases both arms got right.
    pub both: u64,
    /// Cases neither arm got right.
    pub neither: u64,
    /// Cases only the first arm got right.
    pub first_only: u64,
    /// Cases only the second arm got right.
    pub second_only: u64,
    /// Exact two-sided p-value; 1 without discordant cases.
    pub p: f64,
}

/// Compares two arms by whether each got each case right. The lists are cut to the shorter one.
pub fn mcnemar(first: &[bool], second: &[bool]) -> McNemar {
    let count =
        |a: bool, b: bool| first.iter().zip(second).filter(|&(&x, &y)| x == a && y == b).count() as u64;
    let (first_only, second_only) = (count(true, false), count(false, true));
    let p = exact_p(first_only, second_only);
    McNemar { both: count(true, true), neither: count(false, false), first_only, second_only, p }
}

/// The exact two-sided p-value of `b` against `c` discordant cases.
pub fn exact_p(b: u64, c: u64) -> f64 {
    match Binomial::new(0.5, b + c) {
        Ok(coins) if b + c > 0 => (2.0 * coins.cdf(b.min(c))).min(1.0),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_against_none_is_the_first_significant_result() {
        assert!((exact_p(6, 0) - 0.03125).abs() < 1e-12);
        assert!((exact_p(0, 5) - 0.0625).abs() < 1e-12);
        assert_eq!(exact_p(3, 3), 1.0);
        assert_eq!(exact_p(0, 0), 1.0);
    }

    #[test]
    fn cases_are_counted_in_four_cells() {
        let test = mcnemar(&[true, true, false, false, true], &[true, false, false, true, false]);
        assert_eq!((test.both, test.first_only, test.second_only, test.neither), (1, 2, 1, 1));
        assert_eq!(test.p, 1.0);
    }
}
