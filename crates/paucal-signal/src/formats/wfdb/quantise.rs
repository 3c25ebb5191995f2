//! From a recording to the codes of a record.

use std::borrow::Cow;

use super::codec::Format;
use super::header::{Header, Signal};
use super::record::Record;
use crate::formats::FormatError;
use crate::recording::{Channel, Codes, Recording, Samples};

/// Codes between the smallest and the largest value of a channel of physical values.
const STEPS: f64 = 60_000.0;

/// The largest number of frames per second is divided by up to this to find frames that all rates fit.
const MOST_PER_FRAME: u32 = 1000;

/// A record that holds a recording.
pub(super) fn record(recording: &Recording, format: Option<Format>) -> Result<Record, FormatError> {
    let name = name(&recording.id);
    let (rate, widths) = frames(recording)?;
    let coded: Vec<Coded<'_>> = recording.channels.iter().map(coded).collect();
    let format = match format {
        Some(format) => format,
        None => narrowest(&coded),
    };
    let longest = recording.channels.iter().zip(&widths).map(|(c, width)| c.len().div_ceil(*width)).max();
    let mut signals = Vec::with_capacity(coded.len());
    let mut codes = Vec::with_capacity(coded.len());
    for ((channel, coded), &width) in recording.channels.iter().zip(coded).zip(&widths) {
        let length = longest.unwrap_or(0) * width;
        codes.push(in_format(&coded, format, length, recording, channel)?);
        signals.push(Signal {
            file: format!("{name}.dat"),
            format,
            per_frame: width,
            skew: 0,
            offset: 0,
            gain: coded.gain,
            baseline: Some(coded.baseline),
            unit: word(&channel.unit, "NU"),
            bits: coded.bits,
            zero: coded.zero,
            initial: coded.codes.get(0).filter(|_| format == Format::F8),
            checksum: None,
            block: 0,
            description: line(&channel.name),
        });
    }
    let (date, time) = start(recording.start.as_deref());
    let header = Header {
        name,
        rate,
        counter: None,
        length: longest.map(|n| n as u64),
        time,
        date,
        channels: signals.len(),
        signals,
        segments: None,
        comments: recording.comments.iter().map(|c| line(c)).collect(),
    };
    Ok(Record { header, codes, warnings: Vec::new() })
}

/// A channel as codes with a whole baseline.
struct Coded<'a> {
    codes: Cow<'a, Codes>,
    gain: f64,
    baseline: i32,
    bits: u32,
    zero: i32,
    missing: Option<i32>,
}

fn coded(channel: &Channel) -> Coded<'_> {
    if let Samples::Codes(codes, converter) = &channel.samples {
        return Coded {
            codes: Cow::Borrowed(codes),
            gain: converter.gain,
            baseline: converter.baseline.round() as i32,
            bits: converter.bits,
            zero: converter.zero,
            missing: converter.missing,
        };
    }
    let values = channel.physical();
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let gain = gain(low, high);
    let middle = if low.is_finite() { low / 2.0 + high / 2.0 } else { 0.0 };
    let baseline = (-middle * gain).round().clamp(f64::from(i32::MIN), f64::from(i32::MAX)) as i32;
    let code = |v: f64| {
        if v.is_finite() {
            (v * gain + f64::from(baseline)).round().clamp(-32_767.0, 32_767.0) as i16
        } else {
            i16::MIN
        }
    };
    let codes = Cow::Owned(Codes::Short(values.iter().map(|&v| code(v)).collect()));
    Coded { codes, gain, baseline, bits: 16, zero: 0, missing: Some(i32::from(i16::MIN)) }
}

/// The largest of 1, 2, 5, 10, … codes per unit at which the values fit.
fn gain(low: f64, high: f64) -> f64 {
    let span = high - low;
    // A baseline is a whole number of 32 bits, so values far from zero limit the gain as well.
    let far = low.abs().max(high.abs()) / f64::from(i32::MAX) * STEPS * 2.0;
    let span = if span.is_finite() { span.max(far) } else { f64::MAX };
    if span <= 0.0 || !low.is_finite() {
        return 200.0;
    }
    let most = STEPS / span;
    let decade = 10.0_f64.powf(most.log10().floor());
    let nice = [5.0, 2.0, 1.0].into_iter().map(|m| m * decade).find(|&g| g <= most);
    nice.unwrap_or(decade).clamp(1e-290, 1e290)
}

/// The first format whose range holds all codes and whose missing code is not a valid one.
fn narrowest(coded: &[Coded<'_>]) -> Format {
    let fits = |format: &Format| {
        let (low, high) = format.range();
        let valid = |c: &Coded<'_>, code: i32| c.missing == Some(code) || (code > low && code <= high);
        coded.iter().all(|c| c.codes.iter().all(|code| valid(c, code)))
    };
    [Format::F212, Format::F16, Format::F24].into_iter().find(fits).unwrap_or(Format::F32)
}

/// The codes in a format, its own missing code at the end up to `length` and wherever one is missing.
fn in_format(
    coded: &Coded<'_>,
    format: Format,
    length: usize,
    recording: &Recording,
    channel: &Channel,
) -> Result<Codes, FormatError> {
    let refused = |message: &str| {
        let message = format!("'{}' {message} in format {}", channel.name, format.number());
        FormatError::unwritable(&recording.id, "WFDB", message, "choose another format, such as 16 or 24")
    };
    let fill = format.missing();
    let translated = |code: i32| match (coded.missing == Some(code), fill) {
        (true, Some(fill)) => Ok(fill),
        (true, None) => Err(refused("has missing samples, which have no code")),
        (false, Some(fill)) if fill == code && coded.missing.is_some() => {
            Err(refused(&format!("has the code {code}, which means missing")))
        }
        _ => Ok(code),
    };
    let lacking = length - coded.codes.len();
    let Some(fill) = fill.or((lacking == 0).then_some(0)) else {
        return Err(refused("is shorter than another channel, and missing has no code"));
    };
    let filled = coded.codes.iter().map(translated).chain(std::iter::repeat_n(fill, lacking).map(Ok));
    if format.is_short() {
        let narrow =
            |code: i32| i16::try_from(code).map_err(|_| refused(&format!("has the code {code}, too large")));
        return Ok(Codes::Short(filled.map(|code| narrow(code?)).collect::<Result<_, _>>()?));
    }
    Ok(Codes::Long(filled.collect::<Result<_, _>>()?))
}

/// Frames per second and samples per frame of every channel.
fn frames(recording: &Recording) -> Result<(f64, Vec<usize>), FormatError> {
    let rates: Vec<f64> = recording.channels.iter().map(|c| c.rate).collect();
    let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    if rates.is_empty() {
        return Ok((recording.annotation_rate.max(1e-6), Vec::new()));
    }
    for divisor in 1..=MOST_PER_FRAME {
        let rate = slowest / f64::from(divisor);
        let widths: Vec<f64> = rates.iter().map(|r| (r / rate).round()).collect();
        let fits = rates.iter().zip(&widths).all(|(r, w)| (r - w * rate).abs() <= 1e-9 * r && *w < 1e5);
        if fits {
            return Ok((rate, widths.into_iter().map(|w| w as usize).collect()));
        }
    }
    let message = "the sampling rates of its channels have no common measure";
    Err(FormatError::unwritable(&recording.id, "WFDB", message, "resample the channels to one rate"))
}

/// A name of letters, digits, `_` and `-`.
fn name(id: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = id.chars().map(keep).collect();
    if name.is_empty() { "record".into() } else { name }
}

/// One word, or `other` for none.
fn word(text: &str, other: &str) -> String {
    let word = text.split_whitespace().collect::<Vec<_>>().join("_");
    if word.is_empty() { other.into() } else { word }
}

/// One line.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// Date and time as WFDB spells them.
fn start(start: Option<&str>) -> (Option<String>, Option<String>) {
    let Some(start) = start else { return (None, None) };
    let Some((date, time)) = start.split_once('T') else { return (None, Some(word(start, "0"))) };
    let fields: Vec<&str> = date.split('-').collect();
    let date = if let [year, month, day] = fields[..] { Some(format!("{day}/{month}/{year}")) } else { None };
    (date, Some(word(time, "0")))
}
