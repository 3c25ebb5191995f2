//! Numbers as people type them: plain, with digit groups, with a decimal comma.

use std::borrow::Cow;
use std::fmt::Write;

/// Digits that a double holds for certain; a finer spelling is kept at full precision.
const CERTAIN_DIGITS: u32 = 14;

/// The number in a trimmed cell, or `None` when it is not a finite number.
///
/// With `comma` the decimal separator is a comma and points may group digits.
///
/// ```
/// use paucal_data::cell::number::parse;
/// assert_eq!(parse("-1.5e3", false), Some(-1500.0));
/// assert_eq!(parse("1,234.5", false), Some(1234.5));
/// assert_eq!(parse("1.234,5", true), Some(1234.5));
/// assert_eq!(parse("<0.5", false), None);
/// assert_eq!(parse("inf", false), None);
/// ```
pub fn parse(cell: &str, comma: bool) -> Option<f64> {
    plain(cell, comma)?.parse::<f64>().ok().filter(|x| x.is_finite())
}

/// The cell in the spelling of programming languages, without digit groups; `None` when it has not the
/// shape of a number.
pub fn plain(cell: &str, comma: bool) -> Option<Cow<'_, str>> {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.' || (comma && c == ',')) {
        return None;
    }
    if is_plain(digits) && !(comma && is_grouped(digits, '.')) {
        return Some(Cow::Borrowed(cell));
    }
    let sign = &cell[..cell.len() - digits.len()];
    let (point, group) = if comma { (',', '.') } else { ('.', ',') };
    let (whole, fraction) = digits.split_once(point).unwrap_or((digits, "0"));
    let number = format!("{sign}{}.{fraction}", ungrouped(whole, group)?);
    is_plain(number.trim_start_matches(['+', '-'])).then_some(Cow::Owned(number))
}

/// Digits, at most one point, at most one exponent; no sign in front.
fn is_plain(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        !e.is_empty() && all_digits(e)
    });
    exponent_fits && !(whole.is_empty() && fraction.is_empty()) && all_digits(whole) && all_digits(fraction)
}

/// The digits of a whole number whose groups of three may be parted by `separator`, a space or an apostrophe.
fn ungrouped(whole: &str, separator: char) -> Option<String> {
    if whole.bytes().all(|b| b.is_ascii_digit()) {
        return Some(whole.to_owned());
    }
    let separators = [separator, ' ', '\u{a0}', '\u{202f}', '\''];
    let used = separators.into_iter().find(|&s| whole.contains(s))?;
    is_grouped(whole, used).then(|| whole.replace(used, ""))
}

/// Whether `text` is groups of three digits, the first of one to three, parted by `separator`.
pub fn is_grouped(text: &str, separator: char) -> bool {
    let mut groups = text.split(separator);
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().unwrap_or_default();
    let mut more = false;
    for group in groups {
        more = true;
        if group.len() != 3 || !digits(group) {
            return false;
        }
    }
    more && (1..=3).contains(&first.len()) && digits(first)
}

/// Decimals of a plain spelling without trailing zeros: the smallest d for which the value equals its
/// rounding to d places.
///
/// ```
/// use paucal_data::cell::number::decimals;
/// assert_eq!([decimals("1.10"), decimals("12"), decimals("2.5e-3"), decimals("1.5e3")], [1, 0, 4, 0]);
/// ```
pub fn decimals(plain: &str) -> u32 {
    let (mantissa, exponent) = plain.split_once(['e', 'E']).unwrap_or((plain, "0"));
    let fraction = mantissa.split_once('.').map_or("", |(_, f)| f).trim_end_matches('0');
    let shift: i64 = exponent.parse().unwrap_or(0);
    if fraction.is_empty() && shift < 0 {
        // 120e-1 is 12: zeros at the end of the mantissa absorb the shift.
        let zeros = mantissa.split('.').next().unwrap_or_default();
        let zeros = zeros.len() - zeros.trim_end_matches('0').len();
        return u32::try_from((-shift - zeros as i64).max(0)).unwrap_or(u32::MAX);
    }
    u32::try_from((fraction.len() as i64 - shift).max(0)).unwrap_or(u32::MAX)
}

/// The decimals to keep for a column whose finest spelling has `finest` decimals and whose largest
/// magnitude is `largest`; `None` (full precision) when that is more than a double holds for certain.
pub fn kept_decimals(finest: u32, largest: f64) -> Option<u32> {
    let whole_digits = if largest < 1.0 { 0 } else { largest.log10().floor() as u32 + 1 };
    (finest <= CERTAIN_DIGITS.saturating_sub(whole_digits)).then_some(finest)
}

/// The decimals of a column of values; see [`kept_decimals`].
pub fn decimals_of(values: &[f64]) -> Option<u32> {
    let present = || values.iter().filter(|x| x.is_finite());
    let finest = present().map(|x| decimals(&format!("{x:?}"))).max().unwrap_or(0);
    kept_decimals(finest, present().fold(0.0, |largest: f64, x| largest.max(x.abs())))
}

/// How whole and real numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Decimal comma instead of a point.
    pub comma: bool,
    /// `4.0` rather than `4` in a column of real numbers.
    pub point_zero: bool,
}

/// Appends a finite real number rounded to `decimals` (all digits when `None`), without trailing zeros.
pub fn write_real(out: &mut String, value: f64, decimals: Option<u32>, style: Style) {
    let start = out.len();
    // Writing to a String cannot fail.
    let _ = match decimals {
        Some(places) => write!(out, "{value:.0$}", places as usize),
        None => write!(out, "{value:?}"),
    };
    if !out[start..].contains(['e', 'E']) {
        if out[start..].contains('.') {
            out.truncate(start + out[start..].trim_end_matches('0').trim_end_matches('.').len());
        }
        if &out[start..] == "-0" {
            out.truncate(start);
            out.push('0');
        }
        if style.point_zero && !out[start..].contains('.') {
            out.push_str(".0");
        }
    }
    if style.comma
        && let Some(point) = out[start..].find('.')
    {
        out.replace_range(start + point..=start + point, ",");
    }
}

/// Appends a finite number rounded to a whole one.
pub fn write_integer(out: &mut String, value: f64) {
    // Adding zero turns -0 into 0. Writing to a String cannot fail.
    let _ = write!(out, "{:.0}", value.round() + 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn groups_and_commas() {
        let point = |s| parse(s, false);
        assert_eq!(point("1,234,567"), Some(1_234_567.0));
        assert_eq!(point("1 234"), Some(1234.0));
        assert_eq!(point("1'234.5"), Some(1234.5));
        assert_eq!(point("12,34"), None);
        assert_eq!(point("1,2,3"), None);
        let comma = |s| parse(s, true);
        assert_eq!(comma("3,5"), Some(3.5));
        assert_eq!(comma("-,5"), Some(-0.5));
        assert_eq!(comma("1.234"), Some(1234.0));
        assert_eq!(comma("1.25"), Some(1.25));
        assert_eq!(comma("1.234.567,5"), Some(1_234_567.5));
    }

    #[test]
    fn words_and_infinities_are_no_numbers() {
        for word in
            ["", "inf", "-inf", "nan", "-nan", "1e", "e5", ".", "-", "+", "1e999", "0x10", "1_000", "--1"]
        {
            assert_eq!(parse(word, false), None, "{word}");
            assert_eq!(parse(word, true), None, "{word}");
        }
    }

    #[test]
    fn decimals_of_columns() {
        assert_eq!(decimals_of(&[1.1, 2.25, f64::NAN]), Some(2));
        assert_eq!(decimals_of(&[1.0, 20.0]), Some(0));
        assert_eq!(decimals_of(&[22.927_749_230_993_864]), None);
        assert_eq!(decimals_of(&[]), Some(0));
        assert_eq!(decimals("120e-1"), 0);
    }

    fn written(value: f64, decimals: Option<u32>, style: Style) -> String {
        let mut out = String::from("x");
        write_real(&mut out, value, decimals, style);
        out[1..].to_owned()
    }

    #[test]
    fn written_numbers() {
        let plain = Style::default();
        assert_eq!(written(1.10, Some(2), plain), "1.1");
        assert_eq!(written(1000.0, Some(0), plain), "1000");
        assert_eq!(written(-0.001, Some(2), plain), "0");
        assert_eq!(written(4.0, Some(0), Style { point_zero: true, comma: false }), "4.0");
        assert_eq!(written(4.25, None, Style { point_zero: true, comma: true }), "4,25");
        assert_eq!(written(1e300, None, plain), "1e300");
    }

    proptest! {
        #[test]
        fn full_precision_round_trips(value in proptest::num::f64::NORMAL) {
            for comma in [false, true] {
                let text = written(value, None, Style { comma, point_zero: comma });
                prop_assert_eq!(parse(&text, comma), Some(value));
            }
        }

        #[test]
        fn decimals_round_trip(digits in -1_000_000_i64..1_000_000, places in 0_u32..6) {
            let text = written(digits as f64 / 10_f64.powi(places as i32), Some(places), Style::default());
            let value = parse(&text, false).unwrap();
            let d = decimals_of(&[value]).unwrap();
            prop_assert!(d <= places);
            prop_assert_eq!(written(value, Some(d), Style::default()), text);
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,20}", comma: bool) {
            let _ = parse(&text, comma);
        }
    }
}
