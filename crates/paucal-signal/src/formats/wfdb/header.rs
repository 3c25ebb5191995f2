//! Header files (WFDB Applications Guide, `header(5)`): a record line, one line for each signal or segment,
//! and comments.

use std::path::Path;

use super::codec::Format;
use crate::formats::{FormatError, text};

/// Codes per unit of a signal whose gain is 0 or not given.
pub const DEFAULT_GAIN: f64 = 200.0;

/// Frames per second of a record that does not say.
pub const DEFAULT_RATE: f64 = 250.0;

/// What a header file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Name of the record.
    pub name: String,
    /// Frames per second.
    pub rate: f64,
    /// The counter of a tape or another clock: ticks per second and its value at the start, as written.
    pub counter: Option<String>,
    /// Frames of every signal, if known.
    pub length: Option<u64>,
    /// Time of day at the start, as written: `17:27:45`.
    pub time: Option<String>,
    /// Date at the start, as written: `15/08/1994`.
    pub date: Option<String>,
    /// Number of signals. A multi-segment header describes them in its segments only.
    pub channels: usize,
    /// The signals.
    pub signals: Vec<Signal>,
    /// The segments of a multi-segment record.
    pub segments: Option<Vec<Segment>>,
    /// Comments, without the `#`.
    pub comments: Vec<String>,
}

/// A segment of a multi-segment record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Name of its record, `~` for a gap.
    pub name: String,
    /// Frames; 0 for a layout, which describes the signals of all segments.
    pub length: u64,
}

/// One signal and where its samples are.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// The signal file. Consecutive signals of one file are interleaved in it, frame by frame.
    pub file: String,
    /// How samples are stored.
    pub format: Format,
    /// Samples per frame.
    pub per_frame: usize,
    /// Frames by which the stored signal lags behind the others.
    pub skew: usize,
    /// Bytes in front of the samples.
    pub offset: u64,
    /// Codes per unit; 0 if not calibrated.
    pub gain: f64,
    /// The code of physical zero, if it is not that of [`Signal::zero`].
    pub baseline: Option<i32>,
    /// Unit of the physical values.
    pub unit: String,
    /// Resolution of the converter in bits, 0 if unknown.
    pub bits: u32,
    /// The code in the middle of the converter's range.
    pub zero: i32,
    /// The first sample (format 8: the value in front of the first difference).
    pub initial: Option<i32>,
    /// Sum of all samples modulo 2^16.
    pub checksum: Option<u16>,
    /// Block size of the device, nearly always 0.
    pub block: i64,
    /// What is measured.
    pub description: String,
}

impl Signal {
    /// Codes per unit, [`DEFAULT_GAIN`] for a signal that is not calibrated.
    pub fn effective_gain(&self) -> f64 {
        if self.gain == 0.0 { DEFAULT_GAIN } else { self.gain }
    }

    /// The code of physical zero.
    pub fn effective_baseline(&self) -> i32 {
        self.baseline.unwrap_or(self.zero)
    }
}

impl Header {
    /// Parses a header; `path` is for messages.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, FormatError> {
        let source = text::decode(bytes);
        let mut comments = Vec::new();
        let mut lines = Vec::new();
        for (i, line) in source.lines().enumerate() {
            let line = line.trim_end();
            match line.trim_start().strip_prefix('#') {
                Some(comment) => comments.push(comment.to_owned()),
                None if line.trim().is_empty() => {}
                None => lines.push(Line { path, number: i + 1, rest: line }),
            }
        }
        let mut lines = lines.into_iter();
        let Some(first) = lines.next() else {
            return Err(FormatError::damaged(path, "the header is empty"));
        };
        let (mut header, segments) = first.record()?;
        header.comments = comments;
        if let Some(count) = segments {
            let found = lines.take(count).map(Line::segment).collect::<Result<Vec<_>, _>>()?;
            expect(path, count, found.len(), "segments")?;
            header.segments = Some(found);
        } else {
            for line in lines.take(header.channels) {
                let number = header.signals.len();
                header.signals.push(line.signal(number)?);
            }
            expect(path, header.channels, header.signals.len(), "signals")?;
        }
        Ok(header)
    }

    /// The text of the header file.
    pub fn render(&self) -> String {
        let mut out = self.name.clone();
        if let Some(segments) = &self.segments {
            out.push_str(&format!("/{}", segments.len()));
        }
        out.push_str(&format!(" {} {}", self.channels, self.rate));
        if let Some(counter) = &self.counter {
            out.push_str(&format!("/{counter}"));
        }
        // Time and date have no place of their own: a length of 0 says that it is not known.
        let length = self.length.or(self.time.as_ref().map(|_| 0)).map(|n| n.to_string());
        for field in [&length, &self.time, &self.date].into_iter().flatten() {
            out.push_str(&format!(" {field}"));
        }
        out.push('\n');
        for segment in self.segments.iter().flatten() {
            out.push_str(&format!("{} {}\n", segment.name, segment.length));
        }
        self.signals.iter().for_each(|signal| out.push_str(&signal.render()));
        self.comments.iter().for_each(|comment| out.push_str(&format!("#{comment}\n")));
        out
    }
}

impl Signal {
    fn render(&self) -> String {
        let mut out = format!("{} {}", self.file, self.format.number());
        for (mark, value) in [('x', self.per_frame as u64), (':', self.skew as u64), ('+', self.offset)] {
            if value != u64::from(mark == 'x') {
                out.push_str(&format!("{mark}{value}"));
            }
        }
        out.push_str(&format!(" {}", self.gain));
        if let Some(baseline) = self.baseline {
            out.push_str(&format!("({baseline})"));
        }
        out.push_str(&format!("/{} {} {}", self.unit, self.bits, self.zero));
        // What follows can only be left out from the end.
        let checksum = self.checksum.unwrap_or(0) as i16;
        let initial = self.initial.unwrap_or(self.zero);
        out.push_str(&format!(" {initial} {checksum} {} {}\n", self.block, self.description));
        out
    }
}

fn expect(path: &Path, expected: usize, found: usize, what: &str) -> Result<(), FormatError> {
    if expected == found {
        return Ok(());
    }
    Err(FormatError::damaged(path, format!("the header promises {expected} {what} and describes {found}")))
}

/// A line of a header and what has not been read of it.
struct Line<'a> {
    path: &'a Path,
    number: usize,
    rest: &'a str,
}

impl<'a> Line<'a> {
    /// The next field between white space.
    fn field(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (field, rest) = rest.split_at(end);
        self.rest = rest;
        (!field.is_empty()).then_some(field)
    }

    fn error(&self, what: &str, field: &str) -> FormatError {
        let message = format!("line {}: '{}' is not {what}", self.number, field.escape_debug());
        FormatError::format(
            self.path,
            message,
            "see header(5) of the WFDB guide; is it a header file at all?",
        )
    }

    fn parsed<T: std::str::FromStr>(&self, field: &str, what: &str) -> Result<T, FormatError> {
        field.parse().map_err(|_| self.error(what, field))
    }

    /// The next field as a number, `None` at the end of the line.
    fn number<T: std::str::FromStr>(&mut self, what: &str) -> Result<Option<T>, FormatError> {
        self.field().map(|field| self.parsed(field, what)).transpose()
    }

    /// `name[/segments] signals [rate[/counter[(base)]] [length [time [date]]]]`
    fn record(mut self) -> Result<(Header, Option<usize>), FormatError> {
        let name = self.field().unwrap_or_default();
        let (name, segments) = match name.split_once('/') {
            Some((name, count)) => (name, Some(self.parsed(count, "a number of segments")?)),
            None => (name, None),
        };
        let channels =
            self.number("a number of signals")?.ok_or_else(|| self.error("a record line", name))?;
        let mut rate = DEFAULT_RATE;
        let mut counter = None;
        if let Some(field) = self.field() {
            let (hertz, ticks) = field.split_once('/').map_or((field, None), |(h, t)| (h, Some(t)));
            rate = self.parsed(hertz, "a sampling rate")?;
            counter = ticks.map(str::to_owned);
            if !(rate > 0.0 && rate < 1e12) {
                return Err(self.error("a sampling rate above 0", field));
            }
        }
        // A length of 0 means "not known" except in a layout, where nobody asks for it.
        let length = self.number("a number of samples")?.filter(|&n: &u64| n > 0);
        let time = self.field().map(str::to_owned);
        let date = self.field().map(str::to_owned);
        let header = Header {
            name: name.to_owned(),
            rate,
            counter,
            length,
            time,
            date,
            channels,
            signals: Vec::new(),
            segments: None,
            comments: Vec::new(),
        };
        Ok((header, segments))
    }

    /// `name length`
    fn segment(mut self) -> Result<Segment, FormatError> {
        let name = self.field().unwrap_or_default().to_owned();
        let length =
            self.number("a number of samples")?.ok_or_else(|| self.error("a segment line", &name))?;
        Ok(Segment { name, length })
    }

    /// `file format [gain [bits [zero [initial [checksum [block [description]]]]]]]`
    fn signal(mut self, index: usize) -> Result<Signal, FormatError> {
        let file = self.field().unwrap_or_default().to_owned();
        let storage = self.field().ok_or_else(|| self.error("a signal line", &file))?;
        let mut signal = Signal {
            file,
            format: Format::Null,
            per_frame: 1,
            skew: 0,
            offset: 0,
            gain: 0.0,
            baseline: None,
            unit: "mV".into(),
            bits: 0,
            zero: 0,
            initial: None,
            checksum: None,
            block: 0,
            description: String::new(),
        };
        self.storage(storage, &mut signal)?;
        if let Some(field) = self.field() {
            self.gain(field, &mut signal)?;
        }
        signal.bits = self.number("a number of bits")?.unwrap_or(0);
        signal.zero = self.number("the zero of a converter")?.unwrap_or(0);
        signal.initial = self.number("an initial value")?;
        // Written as a signed number by some programs and as an unsigned one by others.
        signal.checksum = self.number("a checksum")?.map(|sum: i64| sum as u16);
        signal.block = self.number("a block size")?.unwrap_or(0);
        let description = self.rest.trim();
        signal.description =
            if description.is_empty() { format!("signal {index}") } else { description.into() };
        Ok(signal)
    }

    /// `format[xsamples][:skew][+offset]`
    fn storage(&self, field: &str, signal: &mut Signal) -> Result<(), FormatError> {
        let end = field.find(|c: char| !c.is_ascii_digit()).unwrap_or(field.len());
        let (number, mut rest) = field.split_at(end);
        let number = self.parsed(number, "a storage format")?;
        signal.format =
            Format::from_number(number).ok_or_else(|| self.error("a storage format of WFDB", field))?;
        while let Some(mark) = rest.chars().next().filter(char::is_ascii) {
            let tail = &rest[1..];
            let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
            let value = &tail[..end];
            match mark {
                'x' => signal.per_frame = self.parsed(value, "samples per frame")?,
                ':' => signal.skew = self.parsed(value, "a skew")?,
                '+' => signal.offset = self.parsed(value, "a byte offset")?,
                _ => return Err(self.error("a storage format", field)),
            }
            rest = &tail[end..];
        }
        // The limit of the WFDB library is far below this one.
        if !rest.is_empty() || !(1..=1 << 20).contains(&signal.per_frame) {
            return Err(self.error("a storage format", field));
        }
        Ok(())
    }

    /// `gain[(baseline)][/unit]`
    fn gain(&self, field: &str, signal: &mut Signal) -> Result<(), FormatError> {
        let (number, unit) = field.split_once('/').map_or((field, None), |(n, u)| (n, Some(u)));
        let (gain, baseline) = match number.split_once('(') {
            Some((gain, rest)) => (gain, Some(rest.trim_end_matches(')'))),
            None => (number, None),
        };
        signal.gain = self.parsed(gain, "a gain")?;
        if !signal.gain.is_finite() {
            return Err(self.error("a gain", field));
        }
        signal.baseline = baseline.map(|b| self.parsed(b, "a baseline")).transpose()?;
        if let Some(unit) = unit.filter(|u| !u.is_empty()) {
            unit.clone_into(&mut signal.unit);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use paucal_core::Advice;

    use super::*;

    fn parse(text: &str) -> Result<Header, FormatError> {
        Header::parse(Path::new("a.hea"), text.as_bytes())
    }

    #[test]
    fn every_field() {
        let header = parse(
            "# first\n100 2 360/24000(1.5) 650000 17:27:45.5 15/08/1994\r\n\n\
             100.dat 212x4:3+24 200.5(-10)/l/min 11 1024 995 -22131 0 Lead  II \n100.dat 16\n#last\n",
        )
        .unwrap();
        assert_eq!((header.name.as_str(), header.rate, header.length), ("100", 360.0, Some(650_000)));
        assert_eq!(header.counter.as_deref(), Some("24000(1.5)"));
        assert_eq!(
            (header.time.as_deref(), header.date.as_deref()),
            (Some("17:27:45.5"), Some("15/08/1994"))
        );
        assert_eq!(header.comments, [" first", "last"]);
        let first = &header.signals[0];
        assert_eq!((first.format, first.per_frame, first.skew, first.offset), (Format::F212, 4, 3, 24));
        assert_eq!((first.gain, first.baseline, first.unit.as_str()), (200.5, Some(-10), "l/min"));
        assert_eq!((first.bits, first.zero, first.initial), (11, 1024, Some(995)));
        assert_eq!((first.checksum, first.description.as_str()), (Some(43405), "Lead  II"));
        let second = &header.signals[1];
        assert_eq!((second.effective_gain(), second.unit.as_str(), second.initial), (200.0, "mV", None));
        assert_eq!(second.description, "signal 1");
    }

    #[test]
    fn defaults_and_zero_gain() {
        let header = parse("a 1\na.dat 16 0 12 5\n").unwrap();
        assert_eq!((header.rate, header.length), (250.0, None));
        assert_eq!((header.signals[0].effective_gain(), header.signals[0].effective_baseline()), (200.0, 5));
    }

    #[test]
    fn segments() {
        let header = parse("s/3 2 125 30\nlayout 0\n~ 10\ns1 20\n# c").unwrap();
        let segments = header.segments.as_ref().unwrap();
        assert_eq!((segments[1].name.as_str(), segments[1].length, segments.len()), ("~", 10, 3));
        assert_eq!(Header::parse(Path::new("s.hea"), header.render().as_bytes()).unwrap(), header);
    }

    #[test]
    fn what_is_written_is_read() {
        let text = "r 1 0.0166666666667 9 1:02:03\nr.dat 61x2:1 -19.3447902992(3064)/degC 11 2048 2461 27731 0 T\n#c\n";
        let header = parse(text).unwrap();
        assert_eq!(header.render(), text);
    }

    #[test]
    fn bad_headers_say_where() {
        for (text, message) in [
            ("", "a.hea: the header is empty"),
            ("100", "a.hea: line 1: '100' is not a record line"),
            ("100 two", "a.hea: line 1: 'two' is not a number of signals"),
            ("100 1 0", "a.hea: line 1: '0' is not a sampling rate above 0"),
            ("100 1 NaN", "a.hea: line 1: 'NaN' is not a sampling rate above 0"),
            ("100 3\na.dat 16", "a.hea: the header promises 3 signals and describes 1"),
            ("100 1\na.dat 17", "a.hea: line 2: '17' is not a storage format of WFDB"),
            ("100 1\na.dat 16y2", "a.hea: line 2: '16y2' is not a storage format"),
            ("100 1\na.dat 16x0", "a.hea: line 2: '16x0' is not a storage format"),
            ("100 1\na.dat 16 x", "a.hea: line 2: 'x' is not a gain"),
            ("100 1\na.dat 16 nan", "a.hea: line 2: 'nan' is not a gain"),
            ("100/2 1\na 5", "a.hea: the header promises 2 segments and describes 1"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(error.hint().is_some());
        }
    }
}
