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
        let resolution = Some(recording.annotation_rate).filter(|&ticks| ticks != record.header.rate);
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
    const BLOCK: usize = 6 * 512;
    let format = signals[0].format;
    if format.is_flac() {
        let hint = "choose format 16, 24 or 32, which hold the same samples";
        return Err(unwritable(
            header,
            &format!("FLAC (format {}) is read but not written", format.number()),
            hint,
        ));
    }
    let mut columns = Vec::with_capacity(signals.len());
    for (signal, codes) in signals.iter().zip(codes) {
        columns.push(stored(header, signal, codes)?);
    }
    let mut out = vec![0; signals[0].offset as usize];
    let mut block = Vec::new();
    for start in (0..frames).step_by(BLOCK) {
        block.clear();
        for frame in start..frames.min(start + BLOCK) {
            for (signal, column) in signals.iter().zip(&columns) {
                let first = frame * signal.per_frame;
                block.extend_from_slice(&column[first..first + signal.per_frame]);
            }
        }
        format.encode(&block, &mut out);
    }
    Ok(out)
}

/// What a format stores of codes, each within its range: the codes, or their differences.
fn stored(header: &Header, signal: &Signal, codes: &Codes) -> Result<Vec<i32>, FormatError> {
    let (low, high) = signal.format.range();
    if signal.format == Format::F8 {
        let mut last = signal.initial.unwrap_or(signal.zero);
        let differences = codes.iter().map(|code| {
            let difference = code.wrapping_sub(last);
            last = code;
            (-128..=127).contains(&difference).then_some(difference)
        });
        let steep = || {
            unwritable(
                header,
                &format!("'{}' is too steep for format 8", signal.description),
                "choose format 16",
            )
        };
        return differences.collect::<Option<_>>().ok_or_else(steep);
    }
    match codes.iter().find(|code| !(low..=high).contains(code)) {
        None => Ok(codes.iter().collect()),
        Some(code) => {
            let message = format!(
                "the code {code} of '{}' does not fit format {}",
                signal.description,
                signal.format.number()
            );
            Err(unwritable(header, &message, "choose format 16, 24 or 32"))
        }
    }
}

fn unwritable(header: &Header, message: &str, hint: &str) -> FormatError {
    FormatError::unwritable(&header.name, "WFDB", message, hint)
}
