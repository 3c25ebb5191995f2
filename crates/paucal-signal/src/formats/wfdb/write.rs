//! Writing records: header, one signal file, annotations.

use std::path::{Component, Path};

use paucal_core::files;

use super::annotation::AnnotationFile;
use super::codec::Format;
use super::header::{Header, Signal};
use super::quantise;
use super::record::{Record, groups_by_name};
use super::signal::checksum;
use crate::formats::FormatError;
use crate::recording::{Codes, Recording};

/// Bytes that may stand in front of the samples; headers of real files are far smaller.
const LARGEST_OFFSET: u64 = 1 << 20;

/// How to write a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// The storage format; by default the first of 212, 16, 24 and 32 that holds the codes.
    pub format: Option<Format>,
    /// Ending of the annotation file, which is written if there are annotations.
    pub annotator: String,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { format: None, annotator: "atr".into() }
    }
}

/// Writes a recording as `<id>.hea`, `<id>.dat` and, with annotations, `<id>.atr`.
///
/// Codes are kept; physical values are rounded to 16 bits over their range. A baseline that lies between two
/// codes, which EDF allows and WFDB does not, is rounded to the nearer one.
pub fn write(folder: &Path, recording: &Recording, options: &WriteOptions) -> Result<(), FormatError> {
    let record = quantise::record(recording, options.format)?;
    record.write(folder)?;
    if !recording.annotations.is_empty() {
        let resolution =
            Some(recording.annotation_rate).filter(|&ticks| ticks > 0.0 && ticks != record.header.rate);
        let file =
            AnnotationFile::new(recording.annotations.clone(), resolution, &recording.annotation_types);
        let path = folder.join(format!("{}.{}", record.header.name, options.annotator));
        files::write_atomic(&path, &file.render(&recording.id)?)?;
    }
    Ok(())
}

impl Record {
    /// Writes `<name>.hea` and the signal files that the header names. Length, first samples and checksums of
    /// the header are those of the codes.
    pub fn write(&self, folder: &Path) -> Result<(), FormatError> {
        let frames = self.frames();
        let fits = self.codes.len() == self.header.signals.len()
            && self.codes.iter().zip(&self.header.signals).all(|(c, s)| c.len() == frames * s.per_frame);
        if !fits {
            return Err(unwritable(
                &self.header,
                "its signals have different lengths",
                "fill the shorter ones",
            ));
        }
        let names = self.header.signals.iter().map(|s| s.file.as_str()).chain([self.header.name.as_str()]);
        if let Some(name) = names.into_iter().find(|name| !is_plain(name)) {
            return Err(unwritable(
                &self.header,
                &format!("'{name}' is not the name of a file"),
                "rename it",
            ));
        }
        for range in groups_by_name(&self.header.signals) {
            let (signals, codes) = (&self.header.signals[range.clone()], &self.codes[range]);
            let bytes = interleaved(&self.header, signals, codes, frames)?;
            if signals[0].format != Format::Null {
                files::write_atomic(&folder.join(&signals[0].file), &bytes)?;
            }
        }
        let mut header = self.header.clone();
        header.length = Some(frames as u64).filter(|_| !header.signals.is_empty()).or(header.length);
        for (signal, codes) in header.signals.iter_mut().zip(&self.codes) {
            signal.checksum = Some(checksum(codes));
            if signal.format != Format::F8 {
                signal.initial = codes.get(0).or(signal.initial);
            }
        }
        let path = folder.join(format!("{}.hea", header.name));
        Ok(files::write_atomic(&path, header.render().as_bytes())?)
    }
}

/// Whether a name stays within its folder.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none()
}

/// The bytes of a signal file.
fn interleaved(
    header: &Header,
    signals: &[Signal],
    codes: &[Codes],
    frames: usize,
) -> Result<Vec<u8>, FormatError> {
    // A multiple of all group lengths, so that every block starts with a group.
    const BLOCK: usize = 6 * 512;
    let first = &signals[0];
    if first.format.is_flac() {
        let message = format!("FLAC (format {}) is read but not written", first.format.number());
        return Err(unwritable(header, &message, "choose format 16, 24 or 32, which hold the same samples"));
    }
    if first.offset > LARGEST_OFFSET {
        let message = format!("{} bytes in front of its samples are too many", first.offset);
        return Err(unwritable(header, &message, "set the offset of its signals to 0"));
    }
    let mut feeds: Vec<Feed<'_>> = signals.iter().zip(codes).map(|(s, c)| Feed::new(header, s, c)).collect();
    let mut out = vec![0; first.offset as usize];
    let mut block = Vec::new();
    for start in (0..frames).step_by(BLOCK) {
        block.clear();
        for frame in start..frames.min(start + BLOCK) {
            for feed in &mut feeds {
                feed.frame(frame, &mut block)?;
            }
        }
        first.format.encode(&block, &mut out);
    }
    Ok(out)
}

/// What a format stores of codes: the codes, or their differences.
struct Feed<'a> {
    header: &'a Header,
    signal: &'a Signal,
    codes: &'a Codes,
    last: i32,
}

impl<'a> Feed<'a> {
    fn new(header: &'a Header, signal: &'a Signal, codes: &'a Codes) -> Self {
        Self { header, signal, codes, last: signal.initial.unwrap_or(signal.zero) }
    }

    /// Appends the samples of a frame.
    fn frame(&mut self, frame: usize, out: &mut Vec<i32>) -> Result<(), FormatError> {
        let (low, high) = self.signal.format.range();
        let differs = self.signal.format == Format::F8;
        for i in frame * self.signal.per_frame..(frame + 1) * self.signal.per_frame {
            let code = self.codes.get(i).unwrap_or(0);
            let difference = code.wrapping_sub(self.last);
            self.last = code;
            if differs && !(-128..=127).contains(&difference) {
                let message = format!("'{}' is too steep for format 8", self.signal.description);
                return Err(unwritable(self.header, &message, "choose format 16"));
            }
            if code < low || code > high {
                let (name, number) = (&self.signal.description, self.signal.format.number());
                let message = format!("the code {code} of '{name}' does not fit format {number}");
                return Err(unwritable(self.header, &message, "choose format 16, 24 or 32"));
            }
            out.push(if differs { difference } else { code });
        }
        Ok(())
    }
}

fn unwritable(header: &Header, message: &str, hint: &str) -> FormatError {
    FormatError::unwritable(&header.name, "WFDB", message, hint)
}
