//! Numbers as people read them.
//!
//! A printed number carries no more digits than its uncertainty supports, a minus is a minus (U+2212) and not a
//! hyphen, thousands are grouped, and an interval is written with "to", because a dash between two
//! negative numbers is unreadable. Full precision belongs in the CSV files.

/// The minus sign, U+2212.
const MINUS: char = '\u{2212}';

/// Decimals beyond which a number turns to powers of ten.
const MOST_DECIMALS: usize = 6;

/// A value with, where known, the two ends of its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate itself.
    pub value: f64,
    /// Lower and upper end of the interval.
    pub interval: Option<(f64, f64)>,
}

impl Estimate {
    /// An estimate with its interval; the ends may come in either order.
    pub fn new(value: f64, low: f64, high: f64) -> Self {
        Self { value, interval: Some((low.min(high), low.max(high))) }
    }

    /// An estimate whose uncertainty is not known.
    pub fn point(value: f64) -> Self {
        Self { value, interval: None }
    }

    /// Decimals that the interval supports; without one, or with one of no width, those that show three significant digits.
    pub fn decimals(&self) -> usize {
        match self.interval {
            Some((low, high)) if high > low => decimals_for((high - low) / 2.0),
            _ => decimals_shown(self.value, 3),
        }
    }

    /// "0.91 (0.88 to 0.94)", or "0.912" without an interval.
    pub fn text(&self) -> String {
        self.text_with(self.decimals())
    }

    /// As [`Estimate::text`] with the decimals given.
    pub fn text_with(&self, decimals: usize) -> String {
        match self.interval {
            Some((low, high)) => format!(
                "{} ({} to {})",
                fixed(self.value, decimals),
                fixed(low, decimals),
                fixed(high, decimals)
            ),
            None => fixed(self.value, decimals),
        }
    }

    /// As [`Estimate::text`] for a difference: each number carries its sign.
    pub fn signed_text(&self) -> String {
        self.signed_text_with(self.decimals())
    }

    /// As [`Estimate::signed_text`] with the decimals given.
    pub fn signed_text_with(&self, d: usize) -> String {
        match self.interval {
            Some((low, high)) => {
                format!("{} ({} to {})", signed(self.value, d), signed(low, d), signed(high, d))
            }
            None => signed(self.value, d),
        }
    }
}

/// Decimals that fit an uncertainty: its first digit is the last one printed, or its second where the first
/// is a 1 (0.03 gives 2, 0.012 gives 3).
///
/// ```
/// use paucal_report::number::decimals_for;
/// assert_eq!((decimals_for(0.03), decimals_for(0.012), decimals_for(40.0)), (2, 3, 0));
/// ```
pub fn decimals_for(half_width: f64) -> usize {
    if !half_width.is_finite() || half_width <= 0.0 {
        return 3;
    }
    // A first digit of 1 covers 0.95 too, which rounds up to it.
    let exponent = (half_width * 1.05).log10().floor();
    let leading = half_width / 10f64.powf(exponent);
    let places = -exponent + f64::from(leading < 2.0);
    (places.max(0.0) as usize).min(MOST_DECIMALS)
}

/// Decimals with which a number shows `digits` significant digits.
fn decimals_shown(value: f64, digits: usize) -> usize {
    if !value.is_finite() || value == 0.0 {
        return digits.saturating_sub(1);
    }
    let places = digits as f64 - 1.0 - value.abs().log10().floor();
    (places.max(0.0) as usize).min(MOST_DECIMALS)
}

/// A number with a fixed count of decimals, grouped thousands and a true minus.
///
/// ```
/// use paucal_report::number::fixed;
/// assert_eq!(fixed(-12345.678, 1), "−12,345.7");
/// assert_eq!(fixed(-0.001, 2), "0.00");
/// ```
pub fn fixed(value: f64, decimals: usize) -> String {
    if let Some(word) = not_finite(value) {
        return word.into();
    }
    if value.abs() >= 1e15 {
        return significant(value, 3);
    }
    let digits = format!("{:.*}", decimals, value.abs());
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut text = grouped(whole);
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    if value < 0.0 && digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        text.insert(0, MINUS);
    }
    text
}

/// As [`fixed`] with a plus before positive numbers.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    let zero = text.chars().all(|c| matches!(c, '0' | '.' | ','));
    if value > 0.0 && !zero { format!("+{text}") } else { text }
}

/// A number with `digits` significant digits; far from one, in powers of ten.
///
/// ```
/// use paucal_report::number::significant;
/// assert_eq!(significant(0.012_345, 2), "0.012");
/// assert_eq!(significant(4.2e-9, 2), "4.2 × 10⁻⁹");
/// ```
pub fn significant(value: f64, digits: usize) -> String {
    if let Some(word) = not_finite(value) {
        return word.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let exponent = value.abs().log10().floor();
    if (-5.0..9.0).contains(&exponent) {
        let places = digits as f64 - 1.0 - exponent;
        return fixed(value, places.max(0.0) as usize);
    }
    let mantissa = format!("{:.*e}", digits.saturating_sub(1), value);
    let (mantissa, exponent) = mantissa.split_once('e').unwrap_or((&mantissa, "0"));
    format!("{} × 10{}", mantissa.replace('-', "\u{2212}"), superscript(exponent))
}

/// A whole number with grouped thousands.
pub fn count(value: usize) -> String {
    grouped(&value.to_string())
}

/// A share in `[0, 1]` as a percentage.
///
/// ```
/// assert_eq!(paucal_report::number::percent(0.0312, 1), "3.1%");
/// ```
pub fn percent(share: f64, decimals: usize) -> String {
    match not_finite(share) {
        Some(word) => word.into(),
        None => format!("{}%", fixed(share * 100.0, decimals)),
    }
}

/// A p-value as journals print it, with its sign of relation: "p = 0.03", "p < 0.001".
///
/// Two decimals above 0.01 and three below; more where rounding would move it onto the 0.05 line.
///
/// ```
/// use paucal_report::number::p_value;
/// assert_eq!(p_value(0.2), "p = 0.20");
/// assert_eq!(p_value(0.0478), "p = 0.048");
/// assert_eq!(p_value(1e-9), "p < 0.001");
/// ```
pub fn p_value(p: f64) -> String {
    if !(0.0..=1.0).contains(&p) {
        return "p not defined".into();
    }
    if p < 0.001 {
        return "p < 0.001".into();
    }
    if p > 0.99 {
        return "p > 0.99".into();
    }
    let near_line = (0.045..0.055).contains(&p);
    let on_line = (0.0495..0.0505).contains(&p) && p != 0.05;
    let decimals = if on_line {
        4
    } else if p < 0.01 || near_line {
        3
    } else {
        2
    };
    format!("p = {}", fixed(p, decimals))
}

/// A p-value for a column or line that already says what it is: "0.03", "< 0.001".
pub fn p_alone(p: f64) -> String {
    p_value(p).trim_start_matches("p ").trim_start_matches("= ").into()
}

/// The words for numbers that are none.
fn not_finite(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("not a number")
    } else if value == f64::INFINITY {
        Some("∞")
    } else if value == f64::NEG_INFINITY {
        Some("\u{2212}∞")
    } else {
        None
    }
}

/// Digits with a comma between groups of three.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An exponent in raised digits.
fn superscript(exponent: &str) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    exponent.chars().map(|c| c.to_digit(10).map_or('⁻', |digit| RAISED[digit as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_interval_decides_the_digits() {
        assert_eq!(Estimate::new(0.9134, 0.8811, 0.9402).text(), "0.91 (0.88 to 0.94)");
        assert_eq!(Estimate::new(0.913_4, 0.900_1, 0.924_2).text(), "0.913 (0.900 to 0.924)");
        assert_eq!(Estimate::new(1234.6, 1100.0, 1400.0).text(), "1,235 (1,100 to 1,400)");
        assert_eq!(Estimate::point(0.9134).text(), "0.913");
        assert_eq!(Estimate::new(-0.02, 0.01, -0.05).signed_text(), "−0.02 (−0.05 to +0.01)");
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(fixed(-0.0, 1), "0.0");
        assert_eq!(signed(0.000_4, 2), "0.00");
        assert_eq!(signed(-0.000_4, 2), "0.00");
    }

    #[test]
    fn what_is_no_number_says_so() {
        assert_eq!(fixed(f64::NAN, 2), "not a number");
        assert_eq!(percent(f64::NEG_INFINITY, 0), "−∞");
        assert_eq!(significant(f64::INFINITY, 2), "∞");
        assert_eq!(p_value(f64::NAN), "p not defined");
    }

    #[test]
    fn very_large_and_small_numbers_stay_short() {
        assert_eq!(significant(6.02e23, 3), "6.02 × 10²³");
        assert_eq!(fixed(1e300, 2), "1.00 × 10³⁰⁰");
        assert_eq!(significant(123_456.0, 2), "123,456");
    }

    #[test]
    fn p_values_never_round_onto_the_line() {
        assert_eq!(p_value(0.0499), "p = 0.0499");
        assert_eq!(p_value(0.0502), "p = 0.0502");
        assert_eq!(p_value(0.0049), "p = 0.005");
        assert_eq!(p_value(1.0), "p > 0.99");
        assert_eq!(p_value(0.0), "p < 0.001");
    }

    proptest! {
        #[test]
        fn printing_keeps_the_value(value in -1e6..1e6f64, decimals in 0usize..6) {
            let plain = fixed(value, decimals).replace(',', "").replace('−', "-");
            let read: f64 = plain.parse().unwrap();
            prop_assert!((read - value).abs() <= 0.5001 * 10f64.powi(-(decimals as i32)));
        }

        #[test]
        fn no_number_panics(bits in any::<u64>(), decimals in 0usize..12) {
            let value = f64::from_bits(bits);
            fixed(value, decimals);
            significant(value, decimals);
            p_value(value);
            decimals_for(value);
            Estimate::new(value, -value, value).text();
        }
    }
}
