//! Annotation files in MIT format (WFDB Applications Guide, `annot(5)`).
//!
//! A file is a row of 16-bit words, low byte first: six bits of code over ten bits of time since the
//! annotation before. Codes above 58 modify: a longer wait, a number, a subtype, a channel, text. A word of
//! zeros ends the file.
//!
//! Notes at time 0 that begin with `## ` hold the ticks per second and definitions of annotation types; the
//! library puts an annotation without meaning (code 0) after them. [`AnnotationFile`] keeps all of these, so
//! that what is read is written byte for byte; [`AnnotationFile::events`] is what was marked.

use std::path::Path;

use super::symbols;
use crate::formats::FormatError;
use crate::recording::{Annotation, AnnotationType};

const SKIP: u16 = 59;
const NUMBER: u16 = 60;
const SUBTYPE: u16 = 61;
const CHANNEL: u16 = 62;
const AUX: u16 = 63;

/// Ticks between two annotations that can be written: 512 skips, or 97 years at 360 Hz.
const LONGEST_WAIT: u64 = 1 << 40;

const RESOLUTION: &str = "## time resolution: ";
const DEFINITIONS: &str = "## annotation type definitions";
const END_OF_DEFINITIONS: &str = "## end of definitions";

/// The annotations of a file, its leading notes among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnnotationFile {
    /// In the order of the file.
    pub annotations: Vec<Annotation>,
    /// Whether the closing word of zeros is missing.
    pub open_end: bool,
}

impl AnnotationFile {
    /// A file of these events, with leading notes for a resolution (ticks per second) and definitions.
    pub fn new(events: Vec<Annotation>, resolution: Option<f64>, types: &[AnnotationType]) -> Self {
        let note = |text: String| Annotation {
            code: symbols::NOTE,
            aux: text.into_bytes(),
            ..Annotation::default()
        };
        let mut annotations = Vec::with_capacity(events.len() + types.len() + 4);
        annotations.extend(resolution.map(|ticks| note(format!("{RESOLUTION}{ticks}"))));
        if !types.is_empty() {
            annotations.push(note(DEFINITIONS.into()));
            let line = |t: &AnnotationType| format!("{} {} {}\n", t.code, t.symbol, t.description);
            annotations.extend(types.iter().map(|t| note(line(t))));
            annotations.push(note(END_OF_DEFINITIONS.into()));
        }
        if !annotations.is_empty() {
            annotations.push(Annotation::default());
        }
        annotations.extend(events);
        Self { annotations, open_end: false }
    }

    /// Parses a file; `path` is for messages.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, FormatError> {
        let mut words = Words { path, bytes, at: 0 };
        let mut annotations: Vec<Annotation> = Vec::new();
        let (mut time, mut channel, mut number) = (0_i64, 0, 0);
        // Modifiers of number and channel hold for what follows, too.
        while let Some(word) = words.next() {
            let (code, data) = (word >> 10, word & 0x3FF);
            let last = annotations.last_mut();
            match (code, last) {
                _ if word == 0 => return Ok(Self { annotations, open_end: false }),
                (SKIP, _) => {
                    let wait = i64::from(words.long()?);
                    time = words.advanced(time, wait)?;
                }
                (NUMBER, Some(last)) => {
                    number = signed(data);
                    last.number = number;
                }
                (CHANNEL, Some(last)) => {
                    channel = signed(data);
                    last.channel = channel;
                }
                (SUBTYPE, Some(last)) => last.subtype = signed(data),
                (AUX, Some(last)) => last.aux = words.text(usize::from(data & 0xFF))?.to_vec(),
                (NUMBER.., None) => return Err(words.error("begins with the detail of an annotation")),
                (code, _) => {
                    time = words.advanced(time, i64::from(data))?;
                    let new = Annotation {
                        sample: time,
                        code: code as u8,
                        channel,
                        number,
                        ..Annotation::default()
                    };
                    annotations.push(new);
                }
            }
        }
        Ok(Self { annotations, open_end: true })
    }

    /// The bytes of the file.
    pub fn render(&self, id: &str) -> Result<Vec<u8>, FormatError> {
        let mut out = Vec::with_capacity(2 * self.annotations.len() + 2);
        let (mut time, mut channel, mut number) = (0_i64, 0, 0);
        for annotation in &self.annotations {
            check(id, annotation)?;
            let wait = annotation.sample.checked_sub(time).filter(|w| w.unsigned_abs() <= LONGEST_WAIT);
            let wait = wait.ok_or_else(|| unwritable(id, "two times are too far apart"))?;
            // A word of zeros would end the file.
            let rest = i64::from(annotation.code == 0 && !(1..1024).contains(&wait));
            let wait = put_skips(&mut out, wait, rest);
            put(&mut out, u16::from(annotation.code), wait as i16);
            if annotation.subtype != 0 {
                put(&mut out, SUBTYPE, annotation.subtype);
            }
            if annotation.channel != channel {
                put(&mut out, CHANNEL, annotation.channel);
            }
            if annotation.number != number {
                put(&mut out, NUMBER, annotation.number);
            }
            if !annotation.aux.is_empty() {
                put(&mut out, AUX, annotation.aux.len() as i16);
                out.extend_from_slice(&annotation.aux);
                out.extend((annotation.aux.len() % 2 == 1).then_some(0));
            }
            (time, channel, number) = (annotation.sample, annotation.channel, annotation.number);
        }
        out.extend_from_slice(if self.open_end { &[] } else { &[0, 0] });
        Ok(out)
    }

    /// Length of the leading notes.
    fn preamble(&self) -> usize {
        let mut defining = false;
        let mut length = 0;
        for annotation in self.annotations.iter().take_while(|a| a.sample == 0) {
            let text = annotation.text();
            let special = annotation.code == symbols::NOTE && (defining || text.starts_with("## "));
            let spacer = annotation.code == 0 && length > 0;
            if !(special || spacer) {
                break;
            }
            defining = (defining || text == DEFINITIONS) && text != END_OF_DEFINITIONS;
            length += 1;
        }
        length
    }

    /// What was marked: all but the leading notes.
    pub fn events(&self) -> &[Annotation] {
        &self.annotations[self.preamble()..]
    }

    /// Ticks per second of the times, if the file says.
    pub fn resolution(&self) -> Option<f64> {
        let mut notes = self.annotations[..self.preamble()].iter().map(Annotation::text);
        let ticks = notes.find_map(|text| text.strip_prefix(RESOLUTION)?.trim().parse().ok());
        ticks.filter(|&t: &f64| t > 0.0 && t.is_finite())
    }

    /// Meanings of codes that the file defines.
    pub fn types(&self) -> Vec<AnnotationType> {
        let notes = self.annotations[..self.preamble()].iter().map(Annotation::text);
        notes.filter(|text| !text.starts_with("## ")).filter_map(|text| definition(&text)).collect()
    }
}

/// `code mnemonic description`
fn definition(text: &str) -> Option<AnnotationType> {
    let (code, rest) = text.trim().split_once(' ')?;
    let (symbol, description) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(AnnotationType { code: code.parse().ok()?, symbol: symbol.into(), description: description.into() })
}

/// Ten bits as a signed number.
fn signed(data: u16) -> i16 {
    ((data << 6) as i16) >> 6
}

/// A word of a code and ten bits.
fn put(out: &mut Vec<u8>, code: u16, data: i16) {
    out.extend_from_slice(&(code << 10 | (data as u16 & 0x3FF)).to_le_bytes());
}

/// Writes what of a wait does not fit the ten bits of an annotation, and returns the rest; a rest of 1 can be
/// asked for.
fn put_skips(out: &mut Vec<u8>, mut wait: i64, rest: i64) -> i64 {
    if rest == 0 && (0..1024).contains(&wait) {
        return wait;
    }
    wait -= rest;
    loop {
        let step = wait.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        put(out, SKIP, 0);
        out.extend_from_slice(&((step >> 16) as u16).to_le_bytes());
        out.extend_from_slice(&(step as u16).to_le_bytes());
        wait -= i64::from(step);
        if wait == 0 {
            return rest;
        }
    }
}

/// Whether the fields fit their bits.
fn check(id: &str, annotation: &Annotation) -> Result<(), FormatError> {
    let ten_bits = |x: i16| (-512..512).contains(&x);
    if annotation.code >= SKIP as u8 {
        return Err(unwritable(id, &format!("{} is not an annotation code", annotation.code)));
    }
    if annotation.aux.len() > 255 {
        return Err(unwritable(id, &format!("a text of {} bytes is longer than 255", annotation.aux.len())));
    }
    if !(ten_bits(annotation.subtype) && ten_bits(annotation.channel) && ten_bits(annotation.number)) {
        return Err(unwritable(id, "a subtype, channel or number does not fit into ten bits"));
    }
    Ok(())
}

fn unwritable(id: &str, message: &str) -> FormatError {
    FormatError::unwritable(id, "WFDB annotations", message, "change the annotation that does not fit")
}

/// The words of a file.
struct Words<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<u16> {
        let word = self.bytes.get(self.at..self.at + 2)?;
        self.at += 2;
        Some(u16::from_le_bytes([word[0], word[1]]))
    }

    /// A double word, high word first.
    fn long(&mut self) -> Result<i32, FormatError> {
        let (Some(high), Some(low)) = (self.next(), self.next()) else {
            return Err(self.error("ends within a skip"));
        };
        Ok((u32::from(high) << 16 | u32::from(low)) as i32)
    }

    /// Text, which is followed by a byte of padding if its length is odd.
    fn text(&mut self, length: usize) -> Result<&'a [u8], FormatError> {
        let text =
            self.bytes.get(self.at..self.at + length).ok_or_else(|| self.error("ends within a text"))?;
        self.at += length + length % 2;
        Ok(text)
    }

    fn advanced(&self, time: i64, by: i64) -> Result<i64, FormatError> {
        time.checked_add(by).ok_or_else(|| self.error("goes beyond the end of time"))
    }

    fn error(&self, what: &str) -> FormatError {
        FormatError::format(
            self.path,
            format!("the annotation file {what} (byte {})", self.at),
            "it is cut off, or not an annotation file of WFDB in MIT format",
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(bytes: &[u8]) -> Result<AnnotationFile, FormatError> {
        AnnotationFile::parse(Path::new("a.atr"), bytes)
    }

    /// The worked example: a beat at 18, one of subtype −1 on channel 1 numbered 3 at 40 000, text.
    #[test]
    fn known_bytes() {
        let bytes = [
            18, 4, 0, 0xEC, 0, 0, 0x2E, 0x9C, 0, 0x14, 0xFF, 0xF7, 1, 0xF8, 3, 0xF0, 3, 0xFC, b'(', b'V',
            b'T', 0, 5, 4, 0, 0,
        ];
        let file = parse(&bytes).unwrap();
        let [first, second, third] = file.annotations.as_slice() else { panic!("{file:?}") };
        assert_eq!((first.sample, first.symbol()), (18, "N"));
        assert_eq!((second.sample, second.symbol(), second.subtype), (18 + 39982, "V", -1));
        assert_eq!((second.channel, second.number, second.text().as_ref()), (1, 3, "(VT"));
        // Channel and number stay, subtype and text do not.
        assert_eq!((third.sample, third.channel, third.number, third.subtype), (40_005, 1, 3, 0));
        assert_eq!(file.render("a").unwrap(), bytes);
    }

    #[test]
    fn leading_notes_are_not_events() {
        let types =
            [AnnotationType { code: 15, symbol: "c".into(), description: "calibration pulse".into() }];
        let event =
            Annotation { sample: 0, code: symbols::NOTE, aux: b"start".to_vec(), ..Annotation::default() };
        let file = AnnotationFile::new(vec![event.clone()], Some(500.0), &types);
        let again = parse(&file.render("a").unwrap()).unwrap();
        assert_eq!(again, file);
        assert_eq!(
            (again.events(), again.resolution(), again.types().as_slice()),
            (&[event][..], Some(500.0), &types[..])
        );
    }

    #[test]
    fn damage_is_an_error() {
        assert!(parse(&[0, 0xEC, 1]).unwrap_err().to_string().contains("ends within a skip"));
        assert!(parse(&[1, 4, 9, 0xFC, b'x']).unwrap_err().to_string().contains("ends within a text"));
        assert!(parse(&[1, 0xF0]).unwrap_err().to_string().contains("begins with the detail"));
        assert!(parse(&[1, 4]).unwrap().open_end);
        assert!(parse(&[]).unwrap().annotations.is_empty());
    }

    fn annotation() -> impl Strategy<Value = Annotation> {
        let detail = || prop_oneof![Just(0_i16), -512_i16..512];
        let aux = prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 1..256)];
        let time = prop_oneof![0_i64..3000, -10_i64..10, -20_000_000_000_i64..20_000_000_000];
        (time, 0_u8..59, detail(), detail(), detail(), aux).prop_map(
            |(sample, code, subtype, channel, number, aux)| Annotation {
                sample,
                duration: 0,
                code,
                subtype,
                channel,
                number,
                aux,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(annotations in prop::collection::vec(annotation(), 0..30), open_end: bool) {
            let file = AnnotationFile { annotations, open_end };
            prop_assert_eq!(parse(&file.render("a").unwrap()).unwrap(), file);
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(file) = parse(&bytes) {
                let again = file.render("a").unwrap();
                prop_assert_eq!(parse(&again).unwrap(), file);
            }
        }
    }
}
