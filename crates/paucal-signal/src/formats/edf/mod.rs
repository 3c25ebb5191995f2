//! EDF and EDF+ (Kemp et al. 1992, Kemp and Olivan 2003; www.edfplus.info/specs), and BDF, its 24-bit twin.
//!
//! A file is a header in ASCII and data records of equal duration; each holds some samples of every signal.
//! In EDF+ a signal named `EDF Annotations` holds text with times, and records may leave gaps (EDF+D), which
//! become missing samples.

mod annotation;
mod header;
mod write;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use paucal_core::files::FileError;

pub use self::header::{Header, Signal};
pub use self::write::{Written, write};

use self::annotation::Event;
use super::text::{many, stem};
use super::{FormatError, ReadOptions};
use crate::recording::{Annotation, Channel, Codes, Converter, Recording, Samples};

/// The code of the samples in a gap.
const MISSING: i32 = i32::MIN;

/// Reads a file.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Recording, FormatError> {
    let failed = |source| FileError { action: "read", path: path.into(), source };
    let mut file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let header = Header::read(path, &mut file)?;
    let mut warnings = Vec::new();
    let records = records(path, &header, length, options, &mut warnings)?;
    file.seek(SeekFrom::Start(header.bytes())).map_err(failed)?;
    let mut body = Body::new(path, &header, options, records, warnings);
    // Only if there is a data record is its length that of a part of the file.
    let mut buffer = vec![0; if records > 0 { header.record_bytes() } else { 0 }];
    let mut file = BufReader::new(file);
    for number in 0..records {
        file.read_exact(&mut buffer).map_err(failed)?;
        body.take(number, &buffer)?;
    }
    Ok(body.finish())
}

/// How many data records to read: what the header says, or what there is.
fn records(
    path: &Path,
    header: &Header,
    length: u64,
    options: &ReadOptions,
    warnings: &mut Vec<String>,
) -> Result<u64, FormatError> {
    let size = header.record_bytes() as u64;
    let body = length.saturating_sub(header.bytes());
    let available = body.checked_div(size).unwrap_or(0);
    let Some(stated) = header.records else {
        warnings
            .push(format!("the header does not say how many data records there are; read all {available}"));
        return Ok(available);
    };
    if stated > available && size > 0 {
        let expected = stated.saturating_mul(size);
        let error = FormatError::Truncated { path: path.into(), expected, found: body };
        if !options.partial {
            return Err(error);
        }
        warnings.push(format!("{error}; read to there"));
    }
    let samples = u128::from(stated.min(available)) * header.samples_per_record() as u128;
    if samples > u128::from(options.max_samples) {
        return Err(FormatError::TooLarge { path: path.into(), samples, limit: options.max_samples });
    }
    Ok(stated.min(available))
}

/// The data records as they come in.
struct Body<'a> {
    path: &'a Path,
    header: &'a Header,
    options: &'a ReadOptions,
    /// A column for each signal; those of annotations stay empty.
    columns: Vec<Codes>,
    events: Vec<Event>,
    /// When the first record starts, in seconds after the start of the file.
    first: f64,
    /// Whether missing samples were put in.
    gap: bool,
    /// Data records that start before the one in front of them ends.
    overlaps: usize,
    warnings: Vec<String>,
}

impl<'a> Body<'a> {
    /// For `records` data records, which are there.
    fn new(
        path: &'a Path,
        header: &'a Header,
        options: &'a ReadOptions,
        records: u64,
        warnings: Vec<String>,
    ) -> Self {
        // In files with gaps missing samples need a code that 16 bits do not have to spare.
        let long = header.is_24_bit || header.is_discontinuous;
        let column = |signal: &Signal| {
            let samples = if signal.is_annotation() { 0 } else { signal.per_record * records as usize };
            if long {
                Codes::Long(Vec::with_capacity(samples))
            } else {
                Codes::Short(Vec::with_capacity(samples))
            }
        };
        let columns = header.signals.iter().map(column).collect();
        let (events, first) = (Vec::new(), 0.0);
        Self { path, header, options, columns, events, first, gap: false, overlaps: 0, warnings }
    }

    /// Takes a data record.
    fn take(&mut self, number: u64, record: &[u8]) -> Result<(), FormatError> {
        let width = self.header.sample_bytes();
        let mut onset = None;
        let mut rest = record;
        let mut parts = Vec::with_capacity(self.columns.len());
        for signal in &self.header.signals {
            let (part, tail) = rest.split_at(signal.per_record * width);
            rest = tail;
            if signal.is_annotation() {
                let (time, events) = annotation::parse(self.path, part)?;
                onset = onset.or(time);
                self.events.extend(events);
                parts.push(&part[..0]);
            } else {
                parts.push(part);
            }
        }
        match onset {
            Some(onset) if number == 0 => self.first = onset,
            Some(onset) if self.header.is_discontinuous => self.wait_until(onset)?,
            _ => {}
        }
        for (column, part) in self.columns.iter_mut().zip(parts) {
            let words = part.as_chunks().0.iter().map(|&b| i16::from_le_bytes(b));
            let triples = part.as_chunks().0.iter().map(|&[a, b, c]| i32::from_le_bytes([0, a, b, c]) >> 8);
            match column {
                Codes::Short(codes) => codes.extend(words),
                Codes::Long(codes) if self.header.is_24_bit => codes.extend(triples),
                Codes::Long(codes) => codes.extend(words.map(i32::from)),
            }
        }
        Ok(())
    }

    /// Fills a gap in front of a record that starts at `onset` seconds.
    fn wait_until(&mut self, onset: f64) -> Result<(), FormatError> {
        let seconds = onset - self.first;
        let timed =
            |s: &Signal| if s.is_annotation() { 0.0 } else { (seconds * self.header.rate(s)).max(0.0) };
        let starts: Vec<f64> = self.header.signals.iter().map(timed).collect();
        let samples: f64 = starts.iter().sum();
        if samples > self.options.max_samples as f64 {
            let limit = self.options.max_samples;
            return Err(FormatError::TooLarge { path: self.path.into(), samples: samples as u128, limit });
        }
        let mut overlaps = false;
        for (column, start) in self.columns.iter_mut().zip(starts) {
            let (start, length) = (start.round() as usize, column.len());
            // Times are rounded, so one sample is nothing.
            overlaps |= start + 1 < length;
            if let Codes::Long(codes) = column
                && start > length
            {
                self.gap = true;
                codes.resize(start, MISSING);
            }
        }
        self.overlaps += usize::from(overlaps);
        Ok(())
    }

    fn finish(self) -> Recording {
        let Self { header, columns, events, first, gap, overlaps, mut warnings, .. } = self;
        if overlaps > 0 {
            let records = many(overlaps, "data record");
            warnings.push(format!("{records} before the end of the one in front; joined without a gap"));
        }
        let mut channels = Vec::new();
        for (signal, codes) in header.signals.iter().zip(columns) {
            if signal.is_annotation() {
                continue;
            }
            let (converter, doubt) = converter(signal, gap);
            warnings.extend(doubt);
            channels.push(Channel {
                name: signal.label.clone(),
                unit: signal.unit.clone(),
                rate: header.rate(signal),
                samples: Samples::Codes(codes, converter),
            });
        }
        let fastest = channels.iter().map(|c| c.rate).fold(0.0, f64::max);
        // Times in milliseconds where no channel gives a tick.
        let ticks = if fastest > 0.0 { fastest } else { 1000.0 };
        let mut annotations: Vec<Annotation> =
            events.into_iter().map(|e| e.into_annotation(first, ticks)).collect();
        annotations.sort_by_key(|a| a.sample);
        Recording {
            id: stem(self.path),
            patient: header.patient_code(),
            start: header.start(),
            channels,
            annotations,
            annotation_rate: ticks,
            comments: vec![header.patient.clone(), header.recording.clone()],
            warnings,
            ..Recording::default()
        }
    }
}

/// What the codes of a signal mean, and what is odd about it.
fn converter(signal: &Signal, gap: bool) -> (Converter, Option<String>) {
    let codes = f64::from(signal.digital.1) - f64::from(signal.digital.0);
    let span = signal.physical.1 - signal.physical.0;
    let gain = codes / span;
    let calibrated = gain.is_finite() && gain != 0.0;
    let (gain, baseline) =
        if calibrated { (gain, f64::from(signal.digital.0) - signal.physical.0 * gain) } else { (1.0, 0.0) };
    let doubt =
        (!calibrated).then(|| format!("{}: no physical range; the values are the codes", signal.label));
    let bits = if codes > 0.0 { (codes + 1.0).log2().ceil() as u32 } else { 0 };
    (Converter { gain, baseline, bits, zero: 0, missing: gap.then_some(MISSING) }, doubt)
}
