//! Time-stamped annotation lists (EDF+ specification, 2.2.2): `+onset[\x15duration]\x14text\x14…\x14\0`.

use std::path::Path;

use crate::formats::{FormatError, wfdb::symbols};
use crate::recording::Annotation;

/// Ends the onset, the duration and each text.
const FIELD: u8 = 0x14;
/// Begins the duration.
const DURATION: u8 = 0x15;

/// A text with its time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// Seconds after the start of the file.
    pub onset: f64,
    /// Seconds.
    pub duration: f64,
    /// In UTF-8.
    pub text: Vec<u8>,
}

impl Event {
    /// A note of a recording that starts `first` seconds after the file and counts `ticks` per second.
    pub fn into_annotation(self, first: f64, ticks: f64) -> Annotation {
        Annotation {
            sample: ((self.onset - first) * ticks).round() as i64,
            duration: (self.duration * ticks).round() as i64,
            code: symbols::NOTE,
            aux: self.text,
            ..Annotation::default()
        }
    }
}

/// The onset of a data record, which its first list gives with an empty text, and the events in it.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<(Option<f64>, Vec<Event>), FormatError> {
    let mut start = None;
    let mut events = Vec::new();
    for (i, list) in bytes.split(|&b| b == 0).filter(|list| !list.is_empty()).enumerate() {
        let mut fields = list.split(|&b| b == FIELD);
        let head = fields.next().unwrap_or_default();
        let mut times = head.split(|&b| b == DURATION);
        let onset = seconds(path, times.next().unwrap_or_default())?;
        let duration = times.next().filter(|d| !d.is_empty()).map_or(Ok(0.0), |d| seconds(path, d))?;
        for (j, text) in fields.enumerate() {
            if i == 0 && j == 0 && text.is_empty() {
                start = Some(onset);
            }
            if !text.is_empty() {
                events.push(Event { onset, duration, text: text.to_vec() });
            }
        }
    }
    Ok((start, events))
}

fn seconds(path: &Path, text: &[u8]) -> Result<f64, FormatError> {
    let number = std::str::from_utf8(text).ok().and_then(|t| t.trim().parse().ok());
    number.filter(|n: &f64| n.is_finite()).ok_or_else(|| {
        let shown: String = text.iter().take(20).map(|&b| char::from(b)).collect();
        FormatError::damaged(path, format!("'{}' is not the time of an annotation", shown.escape_debug()))
    })
}

/// The list of an event.
pub(super) fn render(onset: f64, duration: f64, text: &[u8]) -> Vec<u8> {
    let mut out = format!("{onset:+}").into_bytes();
    if duration > 0.0 {
        out.push(DURATION);
        out.extend(duration.to_string().into_bytes());
    }
    out.push(FIELD);
    // Bytes that would end the text early have no meaning within it.
    out.extend(text.iter().filter(|b| !matches!(**b, 0 | FIELD | DURATION)));
    out.extend([FIELD, 0]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_the_specification() {
        let bytes = b"+0\x14\x14\0+180\x14Lights off\x14Close door\x14\0-0.5\x151.25\x14Apnea\x14\0\0\0";
        let (start, events) = parse(Path::new("a.edf"), bytes).unwrap();
        let event = |onset, duration, text: &[u8]| Event { onset, duration, text: text.to_vec() };
        assert_eq!(start, Some(0.0));
        assert_eq!(
            events,
            [event(180.0, 0.0, b"Lights off"), event(180.0, 0.0, b"Close door"), event(-0.5, 1.25, b"Apnea")]
        );
        assert_eq!(render(-0.5, 1.25, b"Apnea"), b"-0.5\x151.25\x14Apnea\x14\0");
        assert_eq!(render(0.0, 0.0, b""), b"+0\x14\x14\0");
        assert!(parse(Path::new("a.edf"), b"soon\x14\x14\0").is_err());
    }
}
