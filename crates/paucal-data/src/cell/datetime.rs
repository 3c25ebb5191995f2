//! Moments as people type them.
//!
//! A format is a `strftime` string. Values are stored as seconds since 1970-01-01 UTC; a moment without
//! an offset is taken as UTC, so that it is written exactly as it was read.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

/// Dates that stand before an optional time of day. Padded spellings come before unpadded ones, day
/// before month.
const DATES: [&str; 14] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%-d/%-m/%Y",
    "%-m/%-d/%Y",
    "%-d.%-m.%Y",
    "%d-%b-%Y",
    "%-d %b %Y",
    "%-d %B %Y",
    "%B %-d, %Y",
];

/// Times of day, with what parts them from the date.
const TIMES: [&str; 8] =
    ["", " %H:%M:%S", " %H:%M", " %H:%M:%S%.f", "T%H:%M:%S", "T%H:%M", "T%H:%M:%S%.f", " %I:%M:%S %p"];

/// Offsets that may end a moment with a time.
const OFFSETS: [&str; 4] = ["", "Z", "%:z", " %z"];

/// The format that fits every one of the values, and whether another one with day and month exchanged
/// fits as well. A format that also reproduces the spelling is preferred.
pub fn detect(values: &[&str]) -> Option<(String, bool)> {
    let first = *values.first()?;
    if first.len() < 6 || !first.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut fitting: Vec<String> = formats().filter(|format| parse(first, format).is_some()).collect();
    fitting.retain(|format| values.iter().all(|value| parse(value, format).is_some()));
    let exact = fitting.iter().position(|format| {
        values.iter().all(|v| parse(v, format).and_then(|t| write(t, format)).as_deref() == Some(*v))
    });
    let chosen = fitting.get(exact.unwrap_or(0))?.clone();
    let day_first = chosen.find('d') < chosen.find('m');
    let ambiguous = !chosen.starts_with("%Y")
        && chosen.contains('m')
        && fitting.iter().any(|f| f.contains('m') && (f.find('d') < f.find('m')) != day_first);
    Some((chosen, ambiguous))
}

/// Every format that is tried, in order of preference.
fn formats() -> impl Iterator<Item = String> {
    DATES.into_iter().flat_map(|date| {
        TIMES.into_iter().flat_map(move |time| {
            let offsets = if time.is_empty() { &OFFSETS[..1] } else { &OFFSETS[..] };
            offsets.iter().map(move |offset| format!("{date}{time}{offset}"))
        })
    })
}

/// Seconds since 1970-01-01 UTC of a value in this format.
pub fn parse(value: &str, format: &str) -> Option<f64> {
    let parts = strtime::parse(format, value).ok()?;
    let moment = if has_offset(format) {
        parts.to_timestamp().ok()?
    } else {
        let civil = parts.to_datetime().or_else(|_| parts.to_date().map(DateTime::from)).ok()?;
        civil.to_zoned(TimeZone::UTC).ok()?.timestamp()
    };
    Some(moment.as_second() as f64 + f64::from(moment.subsec_nanosecond()) / 1e9)
}

/// The value in this format, to the microsecond; `None` when out of the range of years -9999 to 9999.
pub fn write(seconds: f64, format: &str) -> Option<String> {
    let zoned = zoned(seconds)?;
    if has_offset(format) {
        return strtime::format(format, &zoned).ok();
    }
    strtime::format(format, zoned.datetime()).ok()
}

/// The moment in UTC, to the microsecond.
fn zoned(seconds: f64) -> Option<Zoned> {
    if !seconds.is_finite() || seconds.abs() > 4e11 {
        return None;
    }
    let micros = (seconds * 1e6).round() as i64;
    Some(Timestamp::from_microsecond(micros).ok()?.to_zoned(TimeZone::fixed(Offset::UTC)))
}

fn has_offset(format: &str) -> bool {
    format.contains("%z") || format.contains("%:z")
}

/// Whether the format has a time of day.
pub fn has_time(format: &str) -> bool {
    ["%H", "%I", "%T", "%s"].iter().any(|part| format.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(values: &[&str]) -> Option<(String, bool)> {
        detect(values)
    }

    #[test]
    fn formats_are_found_and_reproduce_the_text() {
        for values in [
            &["2024-07-19 21:53:46", "1969-12-31 23:59:59"][..],
            &["19/07/2024", "01/02/2023"],
            &["7/19/2024", "12/1/2023"],
            &["2024-07-19T21:53:46.25", "2024-07-19T21:53:46.5"],
            &["2024-07-19T21:53:46Z"],
            &["19-Jul-2024"],
            &["July 4, 2024"],
            &["2024-07-19 08:05"],
        ] {
            let (format, _) = detected(values).expect(values[0]);
            for value in values {
                assert_eq!(write(parse(value, &format).unwrap(), &format).unwrap(), *value, "{format}");
            }
        }
    }

    #[test]
    fn day_and_month() {
        assert_eq!(detected(&["01/02/2024", "03/04/2024"]), Some(("%d/%m/%Y".into(), true)));
        assert_eq!(detected(&["01/02/2024", "03/14/2024"]), Some(("%m/%d/%Y".into(), false)));
        assert_eq!(detected(&["2024-02-01"]), Some(("%Y-%m-%d".into(), false)));
    }

    #[test]
    fn others_are_no_moments() {
        for value in ["20240719", "12.5", "no", "2024-13-01", "1-2", "99/99/2024", "10:30"] {
            assert_eq!(detected(&[value]), None, "{value}");
        }
        assert_eq!(detected(&["2024-07-19", "yesterday"]), None);
        assert_eq!(write(1e300, "%Y"), None);
    }

    #[test]
    fn offsets_are_honoured() {
        let seconds = parse("2024-07-19T12:00:00+02:00", "%Y-%m-%dT%H:%M:%S%:z").unwrap();
        assert_eq!(write(seconds, "%Y-%m-%dT%H:%M:%S").unwrap(), "2024-07-19T10:00:00");
    }
}
