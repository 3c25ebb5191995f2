//! A record as it is stored: header and codes, nothing shifted, nothing converted.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use paucal_core::files;

use super::codec::Format;
use super::header::{Header, Signal};
use super::signal::{Group, checksum, within_limit};
use crate::formats::{FormatError, ReadOptions};
use crate::recording::{Channel, Codes, Converter, Recording, Samples};

/// A record of one segment as it is stored. What is read is written again byte for byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The header.
    pub header: Header,
    /// For each signal its codes in the order of the file: `frames × per_frame`, the skew not taken out.
    pub codes: Vec<Codes>,
    /// What was seen on the way.
    pub warnings: Vec<String>,
}

impl Record {
    /// Reads header and signal files.
    pub fn read(path: &Path, options: &ReadOptions) -> Result<Self, FormatError> {
        let header = Header::parse(path, &files::read(path)?)?;
        Self::read_signals(path, header, options)
    }

    /// Reads the signal files of a header.
    pub(super) fn read_signals(
        path: &Path,
        header: Header,
        options: &ReadOptions,
    ) -> Result<Self, FormatError> {
        if header.segments.is_some() {
            let hint = "a segment of a record cannot have segments itself";
            return Err(FormatError::format(path, "the record has several segments", hint));
        }
        let mut warnings = Vec::new();
        let places = groups(path, &header.signals)?;
        let groups: Vec<Group<'_>> = places
            .iter()
            .map(|(file, range)| Group { path: file, signals: &header.signals[range.clone()] })
            .collect();
        let frames = frames(path, &header, &groups, options, &mut warnings)?;
        within_limit(path, frames, header.signals.iter().map(|s| s.per_frame).sum(), options)?;
        let mut codes = Vec::with_capacity(header.signals.len());
        for group in &groups {
            codes.extend(group.read(frames as usize)?);
        }
        let whole = header.length.is_none_or(|n| n == frames);
        for (signal, codes) in header.signals.iter().zip(&codes) {
            if let Some(message) = mismatch(signal, codes).filter(|_| whole) {
                if options.strict {
                    return Err(FormatError::damaged(path, message));
                }
                warnings.push(message);
            }
        }
        Ok(Self { header, codes, warnings })
    }

    /// Frames of the record.
    pub fn frames(&self) -> usize {
        let first = self.codes.first().zip(self.header.signals.first());
        first.map_or(0, |(codes, signal)| codes.len() / signal.per_frame)
    }

    /// Channels whose samples at one index belong to one moment.
    pub fn into_recording(self) -> Recording {
        let Self { header, codes, warnings } = self;
        let channels =
            header.signals.iter().zip(codes).map(|(signal, codes)| channel(signal, codes, header.rate));
        Recording {
            id: header.name.clone(),
            start: start(&header),
            channels: channels.collect(),
            annotation_rate: header.rate,
            comments: header.comments,
            warnings,
            ..Recording::default()
        }
    }
}

/// The signal files in order, each with the range of its signals; they must be there.
pub(super) fn groups(header: &Path, signals: &[Signal]) -> Result<Vec<(PathBuf, Range<usize>)>, FormatError> {
    let folder = header.parent().unwrap_or(Path::new(""));
    let mut groups = Vec::new();
    for range in groups_by_name(signals) {
        let members = &signals[range.clone()];
        let first = &members[0];
        if members.iter().any(|s| (s.format, s.offset) != (first.format, first.offset)) {
            let message = format!("the signals of '{}' have different formats or offsets", first.file);
            return Err(FormatError::damaged(header, message));
        }
        let named = Path::new(&first.file);
        if !named.components().all(|c| matches!(c, Component::Normal(_))) {
            let message = format!("the signal file '{}' lies outside the folder of the header", first.file);
            return Err(FormatError::format(
                header,
                message,
                "put both into one folder and correct the header",
            ));
        }
        let file = folder.join(named);
        if first.format != Format::Null && !file.is_file() {
            return Err(FormatError::Absent { header: header.into(), file: first.file.clone() });
        }
        groups.push((file, range));
    }
    Ok(groups)
}

/// The ranges of consecutive signals of one file.
pub(super) fn groups_by_name(signals: &[Signal]) -> Vec<Range<usize>> {
    let chunks = signals.chunk_by(|a, b| a.file == b.file && a.file != "~");
    let mut start = 0;
    let ranges = chunks.map(|chunk| {
        let range = start..start + chunk.len();
        start = range.end;
        range
    });
    ranges.collect()
}

/// How many frames to read: what the header says, or what all files hold.
fn frames(
    path: &Path,
    header: &Header,
    groups: &[Group<'_>],
    options: &ReadOptions,
    warnings: &mut Vec<String>,
) -> Result<u64, FormatError> {
    let mut shortest = header.length;
    for group in groups {
        let available = group.available()?;
        match (available, shortest) {
            (Some(available), Some(frames)) if available < frames && header.length.is_some() => {
                let error = group.truncated(frames, available);
                if !options.partial {
                    return Err(error);
                }
                warnings.push(format!("{error}; read to there"));
                shortest = Some(available);
            }
            (Some(available), frames) => shortest = Some(frames.map_or(available, |f| f.min(available))),
            (None, _) => {}
        }
    }
    match shortest {
        Some(frames) => Ok(frames),
        // A layout by itself.
        None if header.signals.iter().all(|s| s.format == Format::Null) => Ok(0),
        None => Err(FormatError::damaged(
            path,
            "neither the header nor the signal files say how many samples there are",
        )),
    }
}

/// What the header says about the samples and they do not bear out.
fn mismatch(signal: &Signal, codes: &Codes) -> Option<String> {
    let sum = checksum(codes);
    let (name, file) = (&signal.description, &signal.file);
    if let Some(stated) = signal.checksum.filter(|&stated| stated != sum) {
        return Some(format!(
            "{name}: the checksum of the samples in {file} is {}, the header says {}; the file or its header was changed",
            sum as i16, stated as i16
        ));
    }
    // A sum that fits weighs more than a first value that does not.
    let first = codes.get(0).filter(|_| signal.checksum.is_none() && signal.format != Format::F8)?;
    let stated = signal.initial.filter(|&stated| stated != first)?;
    Some(format!("{name}: the first sample in {file} is {first}, the header says {stated}"))
}

/// A channel of the codes of one signal: the skew taken out, the end filled.
fn channel(signal: &Signal, codes: Codes, rate: f64) -> Channel {
    let lag = signal.skew.saturating_mul(signal.per_frame);
    let missing = signal.format.missing();
    let codes = if lag == 0 {
        codes
    } else {
        match codes {
            Codes::Short(codes) => Codes::Short(unskewed(codes, lag, missing.unwrap_or(0) as i16)),
            Codes::Long(codes) => Codes::Long(unskewed(codes, lag, missing.unwrap_or(0))),
        }
    };
    let converter = Converter {
        gain: signal.effective_gain(),
        baseline: f64::from(signal.effective_baseline()),
        bits: signal.bits,
        zero: signal.zero,
        missing,
    };
    Channel {
        name: signal.description.clone(),
        unit: signal.unit.clone(),
        rate: rate * signal.per_frame as f64,
        samples: Samples::Codes(codes, converter),
    }
}

fn unskewed<T: Copy>(mut codes: Vec<T>, lag: usize, fill: T) -> Vec<T> {
    let length = codes.len();
    codes.drain(..lag.min(length));
    codes.resize(length, fill);
    codes
}

/// Start of the record: `17:27:45` and `15/08/1994` become `1994-08-15T17:27:45`.
pub(super) fn start(header: &Header) -> Option<String> {
    let time = header.time.as_deref()?;
    // Leading fields of a time may be left out: `31:25.9` is 31 minutes past midnight.
    let mut fields: Vec<&str> = time.split(':').collect();
    while fields.len() < 3 {
        fields.insert(0, "0");
    }
    let time = fields.iter().map(|f| format!("{f:0>2}")).collect::<Vec<_>>().join(":");
    let date = header.date.as_deref().map(|date| date.split('/').collect::<Vec<_>>());
    Some(match date.as_deref() {
        Some([day, month, year]) => format!("{year:0>4}-{month:0>2}-{day:0>2}T{time}"),
        _ => time,
    })
}
