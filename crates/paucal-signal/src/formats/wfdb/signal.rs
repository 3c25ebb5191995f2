//! Signal files: frames of samples, read block by block and dealt out to the signals.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use paucal_core::files::FileError;

use super::codec::Format;
use super::flac;
use super::header::Signal;
use crate::formats::{FormatError, ReadOptions};
use crate::recording::Codes;

/// Samples decoded at a time, so that they stay in the cache.
const BLOCK: usize = 6_144;

/// The consecutive signals of one file.
pub(super) struct Group<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its signals.
    pub signals: &'a [Signal],
}

impl Group<'_> {
    fn format(&self) -> Format {
        self.signals[0].format
    }

    /// Samples of all signals in one frame.
    fn frame(&self) -> usize {
        self.signals.iter().map(|s| s.per_frame).sum()
    }

    /// Bytes of so many frames and the whole frames there are. FLAC files do not tell by their length.
    pub fn available(&self) -> Result<Option<u64>, FormatError> {
        match self.format() {
            Format::Null => Ok(None),
            format if format.is_flac() => flac::frames(self.path, self.signals[0].per_frame),
            format => {
                let bytes = length(self.path)?.saturating_sub(self.signals[0].offset);
                Ok(Some(format.samples(bytes) / self.frame() as u64))
            }
        }
    }

    /// That a file of too few frames is cut off.
    pub fn truncated(&self, frames: u64, available: u64) -> FormatError {
        let samples = frames.saturating_mul(self.frame() as u64);
        let bytes = |samples: u64| self.format().bytes(samples).unwrap_or(u64::MAX);
        if self.format().is_flac() {
            let message = format!("{frames} frames of samples expected, {available} found");
            return FormatError::damaged(self.path, message);
        }
        let found = length(self.path).unwrap_or(0).saturating_sub(self.signals[0].offset);
        FormatError::Truncated { path: self.path.into(), expected: bytes(samples), found }
    }

    /// Reads the first `frames` frames, which are there.
    pub fn read(&self, frames: usize) -> Result<Vec<Codes>, FormatError> {
        let mut dealer = Dealer::new(self, frames)?;
        match self.format() {
            Format::Null => dealer.fill_missing(frames),
            format if format.is_flac() => flac::read(self.path, self.signals, frames, &mut dealer)?,
            _ => self.decode(frames, &mut dealer)?,
        }
        Ok(dealer.columns)
    }

    fn decode(&self, frames: usize, dealer: &mut Dealer<'_>) -> Result<(), FormatError> {
        let failed = |source| FileError { action: "read", path: self.path.into(), source };
        let format = self.format();
        let frame = self.frame();
        // Six is the common multiple of the group lengths: every block starts with a group.
        let per_block = (BLOCK / frame).max(1).next_multiple_of(6);
        let mut file = File::open(self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(self.signals[0].offset)).map_err(failed)?;
        let mut samples = vec![0; per_block.min(frames) * frame];
        let mut bytes = vec![0; byte_count(format, samples.len())];
        let mut done = 0;
        while done < frames {
            let count = per_block.min(frames - done);
            let samples = &mut samples[..count * frame];
            let bytes = &mut bytes[..byte_count(format, samples.len())];
            file.read_exact(bytes).map_err(failed)?;
            format.decode(bytes, samples);
            dealer.deal(samples);
            done += count;
        }
        Ok(())
    }
}

fn byte_count(format: Format, samples: usize) -> usize {
    format.bytes(samples as u64).map_or(0, |b| b as usize)
}

fn length(path: &Path) -> Result<u64, FormatError> {
    let failed = |source| FileError { action: "read", path: path.into(), source };
    Ok(std::fs::metadata(path).map_err(failed)?.len())
}

/// Deals frames out to the columns of their signals.
pub(super) struct Dealer<'a> {
    signals: &'a [Signal],
    frame: usize,
    columns: Vec<Codes>,
    /// The last value of each signal, to which a difference adds.
    last: Vec<i32>,
}

impl<'a> Dealer<'a> {
    fn new(group: &Group<'a>, frames: usize) -> Result<Self, FormatError> {
        let mut columns = Vec::with_capacity(group.signals.len());
        // The length of a FLAC stream is only known at its end.
        let room = if group.format().is_flac() { frames.min(BLOCK) } else { frames };
        for signal in group.signals {
            columns.push(reserved(group.path, signal.format.is_short(), room, signal.per_frame)?);
        }
        let last = group.signals.iter().map(|s| s.initial.unwrap_or(s.zero)).collect();
        Ok(Self { signals: group.signals, frame: group.frame(), columns, last })
    }

    /// Takes whole frames.
    fn deal(&mut self, samples: &[i32]) {
        let mut start = 0;
        for ((signal, column), last) in self.signals.iter().zip(&mut self.columns).zip(&mut self.last) {
            let width = signal.per_frame;
            let frames = samples.chunks_exact(self.frame);
            match column {
                Codes::Short(codes) if width == 1 => codes.extend(frames.map(|f| f[start] as i16)),
                Codes::Short(codes) => {
                    frames.for_each(|f| codes.extend(f[start..start + width].iter().map(|&s| s as i16)));
                }
                Codes::Long(codes) if signal.format == Format::F8 => {
                    for &difference in frames.flat_map(|f| &f[start..start + width]) {
                        *last = last.wrapping_add(difference);
                        codes.push(*last);
                    }
                }
                Codes::Long(codes) => frames.for_each(|f| codes.extend_from_slice(&f[start..start + width])),
            }
            start += width;
        }
    }

    /// Takes the next samples of one signal.
    pub fn give(&mut self, signal: usize, samples: &[i32]) {
        match &mut self.columns[signal] {
            Codes::Short(codes) => codes.extend(samples.iter().map(|&s| s as i16)),
            Codes::Long(codes) => codes.extend_from_slice(samples),
        }
    }

    fn fill_missing(&mut self, frames: usize) {
        for (signal, column) in self.signals.iter().zip(&mut self.columns) {
            extend_missing(column, frames * signal.per_frame);
        }
    }
}

/// An empty column with room for so many frames.
pub(super) fn reserved(path: &Path, short: bool, frames: usize, width: usize) -> Result<Codes, FormatError> {
    let (mut short_codes, mut long_codes) = (Vec::new(), Vec::new());
    let count = frames.saturating_mul(width);
    let room = if short { short_codes.try_reserve_exact(count) } else { long_codes.try_reserve_exact(count) };
    room.map_err(|_| {
        let message = format!("{count} samples do not fit into memory");
        FormatError::format(path, message, "cut the record into parts, or use a machine with more memory")
    })?;
    Ok(if short { Codes::Short(short_codes) } else { Codes::Long(long_codes) })
}

/// Appends missing samples: the most negative code of the width.
pub(super) fn extend_missing(column: &mut Codes, count: usize) {
    match column {
        Codes::Short(codes) => codes.resize(codes.len() + count, i16::MIN),
        Codes::Long(codes) => codes.resize(codes.len() + count, i32::MIN),
    }
}

/// Sum of all samples modulo 2^16.
pub(super) fn checksum(codes: &Codes) -> u16 {
    match codes {
        Codes::Short(codes) => codes.iter().fold(0, |sum: u16, &c| sum.wrapping_add(c as u16)),
        Codes::Long(codes) => codes.iter().fold(0, |sum: u16, &c| sum.wrapping_add(c as u16)),
    }
}

/// Refuses a recording that would be larger than allowed.
pub(super) fn within_limit(
    path: &Path,
    frames: u64,
    width: usize,
    options: &ReadOptions,
) -> Result<(), FormatError> {
    let samples = u128::from(frames) * width as u128;
    if samples <= u128::from(options.max_samples) {
        return Ok(());
    }
    Err(FormatError::TooLarge { path: path.into(), samples, limit: options.max_samples })
}
