//! Recordings: channels over time, and what was marked in them.
//!
//! Samples stay as they were stored, most often the 16-bit codes of a converter: a day of two leads at
//! 360 Hz is 62 million samples, 124 MB as codes and 498 MB as `f64`. [`Channel::physical`] and
//! [`Channel::physical_range`] convert when somebody needs values, with NaN for a missing sample.

use std::borrow::Cow;
use std::ops::Range;

use crate::formats::FormatError;

/// One recording of one patient.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    /// Name of the record, unique within its data set.
    pub id: String,
    /// Whose recording it is, where the file says so: the group of every split.
    pub patient: Option<String>,
    /// The class given to the recording as a whole, where the file has one.
    pub label: Option<String>,
    /// When it starts, as `YYYY-MM-DDThh:mm:ss[.sss]` or, where only the time of day is known, `hh:mm:ss[.sss]`.
    pub start: Option<String>,
    /// The channels, in the order of the file. Their rates may differ.
    pub channels: Vec<Channel>,
    /// What was marked, in order of time.
    pub annotations: Vec<Annotation>,
    /// Ticks per second of [`Annotation::sample`].
    pub annotation_rate: f64,
    /// Meanings of annotation codes that differ from the standard ones.
    pub annotation_types: Vec<AnnotationType>,
    /// Free text of the file, one entry per line.
    pub comments: Vec<String>,
    /// What the reader saw that somebody should look at, in plain sentences.
    pub warnings: Vec<String>,
}

impl Recording {
    /// The channel of this name: by its spelling, else but for case.
    pub fn channel(&self, name: &str) -> Result<&Channel, FormatError> {
        let same = |c: &&Channel| c.name == name;
        let alike = |c: &&Channel| c.name.trim().eq_ignore_ascii_case(name.trim());
        let found = self.channels.iter().find(same).or_else(|| self.channels.iter().find(alike));
        found.ok_or_else(|| FormatError::unknown_channel(&self.id, name, &self.channels))
    }

    /// The length in seconds of the longest channel.
    pub fn seconds(&self) -> f64 {
        self.channels.iter().map(Channel::seconds).fold(0.0, f64::max)
    }

    /// The sampling rate in Hz if all channels share it.
    pub fn rate(&self) -> Option<f64> {
        let rate = self.channels.first()?.rate;
        self.channels.iter().all(|c| c.rate == rate).then_some(rate)
    }

    /// The time of an annotation in seconds from the start.
    pub fn seconds_of(&self, annotation: &Annotation) -> f64 {
        annotation.sample as f64 / self.annotation_rate
    }
}

/// One signal, evenly sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// What is measured, often a lead: `MLII`, `FHR`.
    pub name: String,
    /// Unit of the physical values: `mV`, `bpm`.
    pub unit: String,
    /// Samples per second.
    pub rate: f64,
    /// The samples.
    pub samples: Samples,
}

/// Samples as they were stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Codes of a converter and what they mean.
    Codes(Codes, Converter),
    /// Physical values in single precision, NaN where missing.
    Single(Vec<f32>),
    /// Physical values in double precision, NaN where missing.
    Double(Vec<f64>),
}

/// Codes of an analogue-to-digital converter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codes {
    /// Up to 16 bits.
    Short(Vec<i16>),
    /// Up to 32 bits.
    Long(Vec<i32>),
}

/// How codes become physical values: `(code − baseline) / gain`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Converter {
    /// Codes per physical unit; never 0.
    pub gain: f64,
    /// The code of physical zero; may lie between codes or outside their range.
    pub baseline: f64,
    /// Resolution in bits, 0 if unknown.
    pub bits: u32,
    /// The code in the middle of the range.
    pub zero: i32,
    /// The code that stands for a missing sample.
    pub missing: Option<i32>,
}

impl Converter {
    /// The physical value of a code, NaN for the missing one.
    #[inline]
    pub fn value(&self, code: i32) -> f64 {
        if self.missing == Some(code) { f64::NAN } else { (f64::from(code) - self.baseline) / self.gain }
    }
}

impl Codes {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Short(codes) => codes.len(),
            Self::Long(codes) => codes.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One code, `None` past the end.
    pub fn get(&self, i: usize) -> Option<i32> {
        match self {
            Self::Short(codes) => codes.get(i).map(|&c| i32::from(c)),
            Self::Long(codes) => codes.get(i).copied(),
        }
    }

    /// All of them, widened.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        let (short, long): (&[i16], &[i32]) = match self {
            Self::Short(codes) => (codes, &[]),
            Self::Long(codes) => (&[], codes),
        };
        short.iter().map(|&c| i32::from(c)).chain(long.iter().copied())
    }
}

impl Channel {
    /// Number of samples.
    pub fn len(&self) -> usize {
        match &self.samples {
            Samples::Codes(codes, _) => codes.len(),
            Samples::Single(values) => values.len(),
            Samples::Double(values) => values.len(),
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.len() as f64 / self.rate
    }

    /// All samples in physical units, NaN where missing.
    pub fn physical(&self) -> Vec<f64> {
        self.physical_range(0..self.len())
    }

    /// A stretch of samples in physical units, NaN where missing. What lies past the end is left out.
    pub fn physical_range(&self, range: Range<usize>) -> Vec<f64> {
        let end = range.end.min(self.len());
        let range = range.start.min(end)..end;
        match &self.samples {
            Samples::Codes(Codes::Short(codes), converter) => {
                codes[range].iter().map(|&c| converter.value(i32::from(c))).collect()
            }
            Samples::Codes(Codes::Long(codes), converter) => {
                codes[range].iter().map(|&c| converter.value(c)).collect()
            }
            Samples::Single(values) => values[range].iter().map(|&v| f64::from(v)).collect(),
            Samples::Double(values) => values[range].to_vec(),
        }
    }

    /// How many samples are missing.
    pub fn missing(&self) -> usize {
        match &self.samples {
            Samples::Codes(codes, converter) => {
                converter.missing.map_or(0, |m| codes.iter().filter(|&c| c == m).count())
            }
            Samples::Single(values) => values.iter().filter(|v| v.is_nan()).count(),
            Samples::Double(values) => values.iter().filter(|v| v.is_nan()).count(),
        }
    }
}

/// Something marked at a moment: a beat, a change of rhythm, a note.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Annotation {
    /// When, in ticks of [`Recording::annotation_rate`] from the start.
    pub sample: i64,
    /// How long, in the same ticks; 0 for a moment. WFDB files do not hold it.
    pub duration: i64,
    /// What, as a WFDB annotation code (see [`crate::formats::wfdb::symbols`]).
    pub code: u8,
    /// A number whose meaning depends on the code.
    pub subtype: i16,
    /// The channel it was made on.
    pub channel: i16,
    /// A number chosen by the annotator.
    pub number: i16,
    /// Text, as stored; often ends in a zero byte.
    pub aux: Vec<u8>,
}

impl Annotation {
    /// The mnemonic of the code: `N`, `V`, `+`.
    pub fn symbol(&self) -> &'static str {
        crate::formats::wfdb::symbols::symbol(self.code)
    }

    /// The text without closing zero bytes and white space; what is not UTF-8 is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        let end = self.aux.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
        match String::from_utf8_lossy(&self.aux[..end]) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_end()),
            Cow::Owned(text) => Cow::Owned(text.trim_end().to_owned()),
        }
    }
}

/// The meaning of an annotation code in one recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationType {
    /// The code, 1–49.
    pub code: u8,
    /// Its mnemonic.
    pub symbol: String,
    /// What it means.
    pub description: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel() -> Channel {
        let converter =
            Converter { gain: 200.0, baseline: 1024.0, bits: 11, zero: 1024, missing: Some(-2048) };
        Channel {
            name: "MLII".into(),
            unit: "mV".into(),
            rate: 2.0,
            samples: Samples::Codes(Codes::Short(vec![995, -2048, 1224]), converter),
        }
    }

    #[test]
    fn codes_become_values_and_the_missing_one_nan() {
        let channel = channel();
        let values = channel.physical();
        assert_eq!(values[0], -0.145);
        assert!(values[1].is_nan());
        assert_eq!(values[2], 1.0);
        assert_eq!(channel.physical_range(2..9), vec![1.0]);
        assert_eq!(channel.physical_range(7..9), Vec::<f64>::new());
        assert_eq!((channel.missing(), channel.seconds()), (1, 1.5));
    }

    #[test]
    fn a_missing_lead_names_those_there_are() {
        let recording = Recording { id: "100".into(), channels: vec![channel()], ..Recording::default() };
        assert_eq!(recording.channel("mlii").unwrap().name, "MLII");
        let error = recording.channel("V5").unwrap_err();
        assert_eq!(error.to_string(), "recording 100 has no channel 'V5'");
        assert_eq!(paucal_core::Advice::hint(&error).as_deref(), Some("there are: MLII"));
    }

    #[test]
    fn text_of_an_annotation_ends_before_its_zero() {
        let annotation = Annotation { aux: b"(AFIB\0".to_vec(), ..Annotation::default() };
        assert_eq!(annotation.text(), "(AFIB");
    }
}
