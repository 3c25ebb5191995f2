//! Writing EDF, and EDF+ for recordings with annotations.

use std::path::Path;

use paucal_core::files;

use super::annotation;
use crate::formats::FormatError;
use crate::recording::{Channel, Codes, Recording, Samples};

/// The specification asks for data records of no more bytes.
const MOST_BYTES: usize = 61_440;

/// Durations of a data record in seconds, the best first.
const DURATIONS: [f64; 18] =
    [1.0, 2.0, 5.0, 10.0, 4.0, 3.0, 6.0, 8.0, 20.0, 30.0, 60.0, 0.5, 0.25, 0.2, 0.1, 0.05, 0.04, 0.01];

/// What the format could not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Samples added to fill the last data record, all channels together. They repeat the last value.
    pub padded: usize,
    /// Missing samples, which EDF does not know: written as the smallest code.
    pub missing: usize,
}

/// Writes a recording. Codes of 16 bits are kept; others are rounded to 16 bits over their range.
///
/// Scales are written in eight characters, so physical values may differ in the seventh digit.
pub fn write(path: &Path, recording: &Recording) -> Result<Written, FormatError> {
    let refused = |message: &str, hint: &str| FormatError::unwritable(&recording.id, "EDF", message, hint);
    if recording.channels.is_empty() {
        return Err(refused("it has no channels", "write its annotations in another format"));
    }
    let timed = recording.annotation_rate > 0.0 && recording.annotation_rate.is_finite();
    if !recording.annotations.is_empty() && !timed {
        return Err(refused("its annotations have no times", "set the ticks per second of annotations"));
    }
    let no_record =
        || refused("no data record holds whole samples of all its channels", "resample the channels");
    let (duration, widths) = duration(&recording.channels).ok_or_else(no_record)?;
    let records =
        recording.channels.iter().zip(&widths).map(|(c, w)| c.len().div_ceil(*w)).max().unwrap_or(0);
    let mut written = Written::default();
    let mut columns = Vec::with_capacity(widths.len());
    for (channel, width) in recording.channels.iter().zip(&widths) {
        let mut column = Column::new(channel).ok_or_else(|| {
            refused(&format!("the values of '{}' do not fit its header", channel.name), "change the unit")
        })?;
        written.missing += column.missing;
        written.padded += width * records - column.codes.len();
        let last = column.codes.last().copied().unwrap_or(0);
        column.codes.resize(width * records, last);
        columns.push(column);
    }
    let lists = annotation_lists(recording, records, duration);
    let list_bytes = lists.iter().map(Vec::len).max().unwrap_or(0).next_multiple_of(2);
    let mut out = header(recording, &columns, &widths, records, duration, list_bytes);
    for record in 0..records {
        for (column, width) in columns.iter().zip(&widths) {
            let codes = &column.codes[record * width..(record + 1) * width];
            out.extend(codes.iter().flat_map(|c| c.to_le_bytes()));
        }
        if let Some(list) = lists.get(record) {
            out.extend_from_slice(list);
            out.resize(out.len() + list_bytes - list.len(), 0);
        }
    }
    files::write_atomic(path, &out)?;
    Ok(written)
}

/// The duration of a data record and the samples of each channel in it: whole ones, and if possible so that
/// the last data record is full.
fn duration(channels: &[Channel]) -> Option<(f64, Vec<usize>)> {
    let widths = |duration: f64| -> Option<Vec<usize>> {
        let width = |c: &Channel| {
            let samples = c.rate * duration;
            let whole = samples.round();
            ((1.0..1e8).contains(&whole) && (samples - whole).abs() <= 1e-6 * whole).then_some(whole as usize)
        };
        channels.iter().map(width).collect()
    };
    let choices: Vec<(f64, Vec<usize>)> = DURATIONS.iter().filter_map(|&d| Some((d, widths(d)?))).collect();
    let small = |(_, widths): &&(f64, Vec<usize>)| 2 * widths.iter().sum::<usize>() <= MOST_BYTES;
    let full = |(_, widths): &&(f64, Vec<usize>)| {
        let mut counts = channels.iter().zip(widths).map(|(c, w)| (c.len() % w == 0).then_some(c.len() / w));
        let first = counts.next().flatten();
        first.is_some() && counts.all(|count| count == first)
    };
    let best = choices.iter().find(|c| small(c) && full(c)).or_else(|| choices.iter().find(small));
    best.or(choices.first()).cloned().or_else(|| rounded(channels))
}

/// One data record to the second where the rate is an odd number: its duration is written in eight characters.
fn rounded(channels: &[Channel]) -> Option<(f64, Vec<usize>)> {
    let rate = channels[0].rate;
    let width = rate.ceil().max(1.0);
    let duration: f64 = eight(width / rate)?.parse().ok()?;
    let close = (width / duration - rate).abs() <= 1e-6 * rate && duration > 0.0 && duration.is_finite();
    let close = close && channels.iter().all(|c| c.rate == rate);
    close.then(|| (duration, vec![width as usize; channels.len()]))
}

/// A channel as EDF holds it.
struct Column {
    codes: Vec<i16>,
    physical: (String, String),
    digital: (i16, i16),
    missing: usize,
}

impl Column {
    /// `None` if a physical extreme does not fit eight characters.
    fn new(channel: &Channel) -> Option<Self> {
        let missing = channel.missing();
        if let Samples::Codes(codes, converter) = &channel.samples
            && let Some(codes) = short(codes, converter.missing)
        {
            let (least, most) = (i16::MIN, i16::MAX);
            let value = |code: i16| (f64::from(code) - converter.baseline) / converter.gain;
            let physical = (eight(value(least))?, eight(value(most))?);
            return (physical.0 != physical.1).then_some(Self {
                codes,
                physical,
                digital: (least, most),
                missing,
            });
        }
        let values = channel.physical();
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let (low, high) = match () {
            () if !low.is_finite() => (-1.0, 1.0),
            () if low == high => (low - low.abs().max(1.0), high + high.abs().max(1.0)),
            () => (low, high),
        };
        // Room for the rounding of the extremes to eight characters.
        let margin = (high - low) * 1e-4;
        let physical = (eight(low - margin)?, eight(high + margin)?);
        let (least, most) = (-32_767_i16, i16::MAX);
        let (low, high): (f64, f64) = (physical.0.parse().ok()?, physical.1.parse().ok()?);
        let gain = (f64::from(most) - f64::from(least)) / (high - low);
        if !gain.is_finite() {
            return None;
        }
        let code = |v: f64| {
            if v.is_finite() { ((v - low) * gain + f64::from(least)).round() as i16 } else { i16::MIN }
        };
        Some(Self {
            codes: values.iter().map(|&v| code(v)).collect(),
            physical,
            digital: (least, most),
            missing,
        })
    }
}

/// The codes in 16 bits, the smallest for a missing one; `None` if they do not fit.
fn short(codes: &Codes, missing: Option<i32>) -> Option<Vec<i16>> {
    let code = |code: i32| if missing == Some(code) { Some(i16::MIN) } else { i16::try_from(code).ok() };
    codes.iter().map(code).collect()
}

/// A number in at most eight characters, as exact as they allow.
fn eight(x: f64) -> Option<String> {
    let fitting = (0..=7).rev().map(|digits| {
        let text = format!("{x:.digits$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    });
    let text = fitting.into_iter().find(|text| text.len() <= 8)?;
    Some(if text == "-0" { "0".into() } else { text })
}

/// For each data record its annotation lists, the first of which says when it starts; none without annotations.
fn annotation_lists(recording: &Recording, records: usize, duration: f64) -> Vec<Vec<u8>> {
    if recording.annotations.is_empty() {
        return Vec::new();
    }
    let mut lists: Vec<Vec<u8>> =
        (0..records).map(|record| annotation::render(record as f64 * duration, 0.0, b"")).collect();
    for mark in &recording.annotations {
        let onset = recording.seconds_of(mark);
        let record = ((onset / duration).max(0.0) as usize).min(records.saturating_sub(1));
        let text = mark.text();
        let text = if text.is_empty() { mark.symbol() } else { &text };
        if let Some(list) = lists.get_mut(record) {
            list.extend(annotation::render(
                onset,
                mark.duration as f64 / recording.annotation_rate,
                text.as_bytes(),
            ));
        }
    }
    lists
}

/// The bytes of the header.
fn header(
    recording: &Recording,
    columns: &[Column],
    widths: &[usize],
    records: usize,
    duration: f64,
    list_bytes: usize,
) -> Vec<u8> {
    let plus = list_bytes > 0;
    let signals = columns.len() + usize::from(plus);
    let (date, time) = start(recording.start.as_deref());
    let patient = recording.patient.as_deref().unwrap_or("X").replace(' ', "_");
    let (patient, about) = if plus {
        (format!("{patient} X X X"), "Startdate X X X X".to_owned())
    } else {
        (patient, recording.id.clone())
    };
    let mut out = Vec::new();
    let mut put = |text: &str, width: usize| {
        let ascii = text.chars().map(|c| if (' '..='~').contains(&c) { c as u8 } else { b'?' });
        let mut field: Vec<u8> = ascii.take(width).collect();
        field.resize(width, b' ');
        out.extend(field);
    };
    put("0", 8);
    put(&patient, 80);
    put(&about, 80);
    put(&date, 8);
    put(&time, 8);
    put(&(256 * (signals + 1)).to_string(), 8);
    put(if plus { "EDF+C" } else { "" }, 44);
    put(&records.to_string(), 8);
    put(&eight(duration).unwrap_or_default(), 8);
    put(&signals.to_string(), 4);
    let channels = || recording.channels.iter();
    let mut row = |values: Vec<String>, last: &str, width: usize| {
        values.iter().for_each(|value| put(value, width));
        if plus {
            put(last, width);
        }
    };
    let blank = || vec![String::new(); columns.len()];
    row(channels().map(|c| c.name.clone()).collect(), "EDF Annotations", 16);
    row(blank(), "", 80);
    row(channels().map(|c| c.unit.replace('µ', "u")).collect(), "", 8);
    row(columns.iter().map(|c| c.physical.0.clone()).collect(), "-1", 8);
    row(columns.iter().map(|c| c.physical.1.clone()).collect(), "1", 8);
    row(columns.iter().map(|c| c.digital.0.to_string()).collect(), "-32768", 8);
    row(columns.iter().map(|c| c.digital.1.to_string()).collect(), "32767", 8);
    row(blank(), "", 80);
    row(widths.iter().map(ToString::to_string).collect(), &(list_bytes / 2).to_string(), 8);
    row(blank(), "", 32);
    out
}

/// Date and time as EDF spells them; the first day it knows where there is none.
fn start(start: Option<&str>) -> (String, String) {
    let unknown = || ("01.01.85".to_owned(), "00.00.00".to_owned());
    let Some(start) = start else { return unknown() };
    let (date, time) = start.split_once('T').map_or((None, start), |(d, t)| (Some(d), t));
    let fields: Vec<&str> = date.into_iter().flat_map(|d| d.split('-')).collect();
    let date = match fields[..] {
        [year, month, day] if year.len() == 4 && year.is_ascii() => format!("{day}.{month}.{}", &year[2..]),
        _ => unknown().0,
    };
    let time = time.split('.').next().unwrap_or_default().replace(':', ".");
    (date, if time.len() == 8 { time } else { unknown().1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_characters() {
        for (x, text) in [
            (-168.96, "-168.96"),
            (1.0 / 3.0, "0.333333"),
            (-11.056_185, "-11.0562"),
            (12_345_678.4, "12345678"),
            (0.0, "0"),
            (-0.000_000_01, "0"),
            (100.0, "100"),
        ] {
            assert_eq!(eight(x).as_deref(), Some(text));
        }
        assert_eq!(eight(-12_345_678.0), None);
    }
}
