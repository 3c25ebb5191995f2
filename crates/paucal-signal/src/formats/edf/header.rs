//! The header: fixed fields in ASCII, filled up with spaces.

use std::io::Read;
use std::path::Path;

use crate::formats::FormatError;

/// Name of the signal that holds annotations.
const ANNOTATIONS: [&str; 2] = ["EDF Annotations", "BDF Annotations"];

/// Signals are counted in four digits, but no device has this many.
const MOST_SIGNALS: usize = 4096;

/// What the header says.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Local patient identification.
    pub patient: String,
    /// Local recording identification.
    pub recording: String,
    /// Start as `dd.mm.yy`.
    pub date: String,
    /// Start as `hh.mm.ss`.
    pub time: String,
    /// Number of data records, if known.
    pub records: Option<u64>,
    /// Seconds of a data record.
    pub duration: f64,
    /// The signals.
    pub signals: Vec<Signal>,
    /// BDF, with samples of 24 bits.
    pub is_24_bit: bool,
    /// EDF+ or BDF+.
    pub is_plus: bool,
    /// EDF+D: between data records there may be gaps.
    pub is_discontinuous: bool,
}

/// A signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// What is measured: `ECG II`.
    pub label: String,
    /// The sensor: `AgAgCl electrode`.
    pub transducer: String,
    /// Unit of the physical values.
    pub unit: String,
    /// Physical values of the digital extremes.
    pub physical: (f64, f64),
    /// Smallest and largest code.
    pub digital: (i32, i32),
    /// Filters applied: `HP:0.1Hz LP:75Hz`.
    pub prefilter: String,
    /// Samples in a data record.
    pub per_record: usize,
}

impl Signal {
    /// Whether it holds annotations instead of samples.
    pub fn is_annotation(&self) -> bool {
        ANNOTATIONS.contains(&self.label.as_str())
    }
}

impl Header {
    /// Bytes of the header.
    pub fn bytes(&self) -> u64 {
        256 * (1 + self.signals.len() as u64)
    }

    /// Bytes of a sample.
    pub fn sample_bytes(&self) -> usize {
        if self.is_24_bit { 3 } else { 2 }
    }

    /// Samples of all signals in a data record.
    pub fn samples_per_record(&self) -> usize {
        self.signals.iter().map(|s| s.per_record).sum()
    }

    /// Bytes of a data record.
    pub fn record_bytes(&self) -> usize {
        self.samples_per_record() * self.sample_bytes()
    }

    /// Samples per second of a signal.
    pub fn rate(&self, signal: &Signal) -> f64 {
        signal.per_record as f64 / self.duration
    }

    /// The code of the patient: in EDF+ the first word; `X` stands for nothing.
    pub fn patient_code(&self) -> Option<String> {
        let code = if self.is_plus { self.patient.split(' ').next().unwrap_or("") } else { &self.patient };
        Some(code.trim().to_owned()).filter(|c| !c.is_empty() && c != "X")
    }

    /// When the recording starts, `YYYY-MM-DDThh:mm:ss`. Years of two digits are of 1985–2084.
    pub fn start(&self) -> Option<String> {
        let numbers = |text: &str| -> Option<[u32; 3]> {
            let fields: Vec<u32> = text.split('.').map(|f| f.trim().parse().ok()).collect::<Option<_>>()?;
            fields.try_into().ok()
        };
        let [day, month, year] = numbers(&self.date)?;
        let [hour, minute, second] = numbers(&self.time)?;
        let year = year + if year >= 85 { 1900 } else { 2000 };
        Some(format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
    }

    /// Reads the header from the start of a file.
    pub(super) fn read(path: &Path, file: &mut impl Read) -> Result<Self, FormatError> {
        let mut fields = Fields { path, bytes: vec![0; 256], at: 0 };
        file.read_exact(&mut fields.bytes).map_err(|_| fields.short())?;
        let is_24_bit = fields.bytes[0] == 0xFF;
        fields.at = 8;
        let [patient, recording] = [80, 80].map(|width| fields.text(width));
        let [date, time] = [8, 8].map(|width| fields.text(width));
        fields.text(8);
        let kind = fields.text(44);
        let records: i64 = fields.number(8, "a number of data records")?;
        let duration: f64 = fields.number(8, "a duration")?;
        let count: usize = fields.number(4, "a number of signals")?;
        if count > MOST_SIGNALS {
            return Err(fields.error(&count.to_string(), "a number of signals"));
        }
        fields = Fields { path, bytes: vec![0; 256 * count], at: 0 };
        file.read_exact(&mut fields.bytes).map_err(|_| fields.short())?;
        let header = Self {
            patient,
            recording,
            date,
            time,
            records: u64::try_from(records).ok(),
            duration,
            signals: fields.signals(count)?,
            is_24_bit,
            is_plus: kind.starts_with("EDF+") || kind.starts_with("BDF+"),
            is_discontinuous: kind.get(3..5) == Some("+D"),
        };
        let timed = header.signals.iter().any(|s| !s.is_annotation());
        if timed && !(header.duration > 0.0 && header.duration.is_finite()) {
            return Err(
                fields.error(&header.duration.to_string(), "the duration of a data record in seconds")
            );
        }
        Ok(header)
    }
}

/// Fields of fixed width.
struct Fields<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
    at: usize,
}

impl Fields<'_> {
    /// The next field without the spaces around it.
    fn text(&mut self, width: usize) -> String {
        let field: String = self.bytes[self.at..self.at + width].iter().map(|&b| char::from(b)).collect();
        self.at += width;
        field.trim_matches([' ', '\0']).to_owned()
    }

    fn number<T: std::str::FromStr>(&mut self, width: usize, what: &str) -> Result<T, FormatError> {
        let text = self.text(width);
        // Some programs write a decimal comma.
        text.parse().or_else(|_| text.replace(',', ".").parse()).map_err(|_| self.error(&text, what))
    }

    /// Each field of all signals, then the next field.
    fn signals(&mut self, count: usize) -> Result<Vec<Signal>, FormatError> {
        let texts =
            |fields: &mut Self, width| -> Vec<String> { (0..count).map(|_| fields.text(width)).collect() };
        let labels = texts(self, 16);
        let transducers = texts(self, 80);
        let units = texts(self, 8);
        let mut reals =
            || (0..count).map(|_| self.number(8, "a physical extreme")).collect::<Result<Vec<f64>, _>>();
        let (low, high) = (reals()?, reals()?);
        let mut whole =
            || (0..count).map(|_| self.number(8, "a digital extreme")).collect::<Result<Vec<i32>, _>>();
        let (least, most) = (whole()?, whole()?);
        let prefilters = texts(self, 80);
        let mut signals = Vec::with_capacity(count);
        for (i, label) in labels.into_iter().enumerate() {
            let per_record: u32 = self.number(8, "a number of samples")?;
            signals.push(Signal {
                label,
                transducer: transducers[i].clone(),
                unit: units[i].clone(),
                physical: (low[i], high[i]),
                digital: (least[i], most[i]),
                prefilter: prefilters[i].clone(),
                per_record: per_record as usize,
            });
        }
        Ok(signals)
    }

    fn error(&self, text: &str, what: &str) -> FormatError {
        FormatError::damaged(
            self.path,
            format!("the header has '{}' where {what} belongs", text.escape_debug()),
        )
    }

    fn short(&self) -> FormatError {
        FormatError::damaged(self.path, "the file ends within its header")
    }
}
