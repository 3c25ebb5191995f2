//! Records of several segments (`header(5)`): recorded one after the other, with gaps.
//!
//! A fixed layout has the same signals in every segment. A variable layout begins with a segment of length 0
//! that lists all signals; the others hold some of them, found by their descriptions.

use std::path::Path;

use paucal_core::files;

use super::header::{Header, Segment, Signal};
use super::record::{Record, start};
use super::signal::{extend_missing, reserved, within_limit};
use crate::formats::text::many;
use crate::formats::{FormatError, ReadOptions};
use crate::recording::{Channel, Codes, Converter, Recording, Samples};

/// A segment with samples; `None` for a gap.
type Part = (u64, Option<(String, Header)>);

/// Reads all segments of a record into one recording.
pub(super) fn read(path: &Path, master: &Header, options: &ReadOptions) -> Result<Recording, FormatError> {
    let mut warnings = Vec::new();
    let (layout, parts) = plan(path, master, options, &mut warnings)?;
    let frames: u64 = parts.iter().try_fold(0_u64, |sum, (n, _)| sum.checked_add(*n)).unwrap_or(u64::MAX);
    within_limit(path, frames, layout.iter().map(|s| s.per_frame).sum(), options)?;
    if let Some(stated) = master.length.filter(|&n| n != frames) {
        let sentence = format!("the header promises {stated} frames, its segments have {frames}");
        if options.strict {
            return Err(FormatError::damaged(path, sentence));
        }
        warnings.push(sentence);
    }
    let mut columns = Vec::with_capacity(layout.len());
    for (i, signal) in layout.iter().enumerate() {
        let occurrence = layout[..i].iter().filter(|s| s.description == signal.description).count();
        columns.push(Column::new(path, signal, occurrence, &parts, frames as usize)?);
    }
    for (length, part) in parts {
        let length = length as usize;
        let Some((name, header)) = part else {
            columns.iter_mut().for_each(|c| c.skip(length));
            continue;
        };
        let record = Record::read_signals(&segment_path(path, &name), header, options)?;
        warnings.extend(record.warnings.iter().map(|w| format!("segment {name}: {w}")));
        let segment = record.into_recording();
        for column in &mut columns {
            let mut alike = segment.channels.iter().filter(|c| c.name == column.signal.description);
            match alike.nth(column.occurrence) {
                Some(channel) => column.append(channel, length),
                None => column.skip(length),
            }
        }
    }
    Ok(Recording {
        id: master.name.clone(),
        start: start(master),
        channels: columns.into_iter().map(|c| c.into_channel(master.rate)).collect(),
        annotation_rate: master.rate,
        comments: master.comments.clone(),
        warnings,
        ..Recording::default()
    })
}

fn segment_path(master: &Path, name: &str) -> std::path::PathBuf {
    master.with_file_name(format!("{name}.hea"))
}

/// The signals of the whole and the segments in order, without the layout.
fn plan(
    path: &Path,
    master: &Header,
    options: &ReadOptions,
    warnings: &mut Vec<String>,
) -> Result<(Vec<Signal>, Vec<Part>), FormatError> {
    let mut layout: Option<Vec<Signal>> = None;
    let mut parts = Vec::new();
    let mut absent: Vec<&str> = Vec::new();
    for segment in master.segments.iter().flatten() {
        if segment.name == "~" {
            parts.push((segment.length, None));
            continue;
        }
        let Some(header) = segment_header(path, master, segment, options.partial)? else {
            absent.push(&segment.name);
            parts.push((segment.length, None));
            continue;
        };
        if layout.is_none() {
            layout = Some(header.signals.clone());
        }
        if segment.length > 0 {
            parts.push((segment.length, Some((segment.name.clone(), header))));
        }
    }
    if let Some(first) = absent.first() {
        warnings.push(format!(
            "{} absent, '{first}' the first; its samples are missing",
            many(absent.len(), "segment")
        ));
    }
    let layout =
        layout.ok_or_else(|| FormatError::damaged(path, "no segment says which signals there are"))?;
    for (_, part) in &parts {
        let Some((name, header)) = part else { continue };
        for signal in &header.signals {
            let known = layout.iter().find(|s| s.description == signal.description);
            match known {
                None => {
                    warnings.push(format!("segment {name}: '{}' is not in the layout", signal.description));
                }
                Some(known) if known.per_frame != signal.per_frame => {
                    let message =
                        format!("segment {name}: '{}' changes its sampling rate", signal.description);
                    return Err(FormatError::damaged(path, message));
                }
                Some(_) => {}
            }
        }
    }
    Ok((layout, parts))
}

/// The header of a segment; `None` if it or one of its files is absent and that is allowed.
fn segment_header(
    path: &Path,
    master: &Header,
    segment: &Segment,
    partial: bool,
) -> Result<Option<Header>, FormatError> {
    let inside = !segment.name.is_empty() && !segment.name.contains(['/', '\\']) && segment.name != "..";
    if !inside {
        let message = format!("'{}' is not the name of a segment", segment.name);
        return Err(FormatError::damaged(path, message));
    }
    let file = segment_path(path, &segment.name);
    if !file.is_file() {
        let name = format!("{}.hea", segment.name);
        return if partial { Ok(None) } else { Err(FormatError::Absent { header: path.into(), file: name }) };
    }
    let mut header = Header::parse(&file, &files::read(&file)?)?;
    if header.rate != master.rate {
        let message = format!(
            "segment {} has {} frames per second, the record {}",
            segment.name, header.rate, master.rate
        );
        return Err(FormatError::damaged(path, message));
    }
    if segment.length > 0 {
        match header.length {
            Some(length) if length != segment.length => {
                let message = format!(
                    "segment {} has {length} frames, the record counts {}",
                    segment.name, segment.length
                );
                return Err(FormatError::damaged(path, message));
            }
            _ => header.length = Some(segment.length),
        }
        if partial && super::record::groups(&file, &header.signals).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(header))
}

/// A channel that grows segment by segment.
struct Column {
    signal: Signal,
    /// How many signals in front of it have the same name.
    occurrence: usize,
    samples: Samples,
}

impl Column {
    /// Codes if all segments mean the same by them, else physical values.
    fn new(
        path: &Path,
        signal: &Signal,
        occurrence: usize,
        parts: &[Part],
        frames: usize,
    ) -> Result<Self, FormatError> {
        let signals =
            || parts.iter().filter_map(|(_, part)| part.as_ref()).flat_map(|(_, header)| &header.signals);
        let mut same_name = signals().filter(|s| s.description == signal.description);
        let scale = |s: &Signal| (s.effective_gain(), s.effective_baseline(), s.unit.clone());
        let first = same_name.next().unwrap_or(signal).clone();
        let (mut short, mut alike) = (first.format.is_short(), true);
        for other in same_name {
            short &= other.format.is_short();
            alike &= scale(other) == scale(&first);
        }
        let codes = reserved(path, short, if alike { frames } else { 0 }, signal.per_frame)?;
        let samples = if alike {
            let missing = if short { i32::from(i16::MIN) } else { i32::MIN };
            let converter = Converter {
                gain: first.effective_gain(),
                baseline: f64::from(first.effective_baseline()),
                bits: first.bits,
                zero: first.zero,
                missing: Some(missing),
            };
            Samples::Codes(codes, converter)
        } else {
            Samples::Double(Vec::new())
        };
        Ok(Self { signal: Signal { unit: first.unit, ..signal.clone() }, occurrence, samples })
    }

    /// Appends missing samples.
    fn skip(&mut self, frames: usize) {
        let count = frames * self.signal.per_frame;
        match &mut self.samples {
            Samples::Codes(codes, _) => extend_missing(codes, count),
            Samples::Single(values) => values.resize(values.len() + count, f32::NAN),
            Samples::Double(values) => values.resize(values.len() + count, f64::NAN),
        }
    }

    /// Appends a channel of a segment, filled up to the length of the segment.
    fn append(&mut self, channel: &Channel, frames: usize) {
        match (&mut self.samples, &channel.samples) {
            (Samples::Codes(codes, ours), Samples::Codes(new, theirs)) => {
                // Each format has a missing code of its own.
                let translated =
                    |code| if theirs.missing == Some(code) { ours.missing.unwrap_or(code) } else { code };
                match codes {
                    Codes::Short(codes) => codes.extend(new.iter().map(|c| translated(c) as i16)),
                    Codes::Long(codes) => codes.extend(new.iter().map(translated)),
                }
            }
            (Samples::Double(values), _) => values.extend(channel.physical()),
            (Samples::Single(values), _) => values.extend(channel.physical().iter().map(|&v| v as f32)),
            (Samples::Codes(codes, _), _) => extend_missing(codes, channel.len()),
        }
        // A segment that was cut off is shorter than the record counts.
        let read = channel.len() / self.signal.per_frame;
        self.skip(frames.saturating_sub(read));
    }

    fn into_channel(self, rate: f64) -> Channel {
        Channel {
            name: self.signal.description,
            unit: self.signal.unit,
            rate: rate * self.signal.per_frame as f64,
            samples: self.samples,
        }
    }
}
