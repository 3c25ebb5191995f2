//! The two layouts of recordings in tables, of text and of spreadsheets alike.
//!
//! *Strips*: a recording in each row. One column, `ECG Wave`, holds all samples of the strip as numbers
//! between commas; `Label` and `Patient ID` may stand beside it. *Channels*: a sample in each row and a channel
//! in each column, with or without names, units (`II (mV)`, or a second line) and a column of times.

use std::path::Path;

use super::text::{many, stem};
use super::{FormatError, Read, ReadOptions};
use crate::recording::{Channel, Recording, Samples};

/// Names of the columns of strips, in lower case with `_` for spaces.
const WAVE: [&str; 2] = ["ecg_wave", "wave"];
const LABEL: [&str; 1] = ["label"];
const PATIENT: [&str; 2] = ["patient_id", "patient"];

/// Names of a first column that counts samples or seconds.
const INDEX: [&str; 5] = ["sample_#", "sample", "index", "", "#"];
const TIME: [&str; 6] = ["time", "t", "seconds", "sec", "elapsed_time", "timestamp"];

/// Cells that hold no value.
const MISSING: [&str; 7] = ["", "nan", "na", "n/a", "null", "-", "."];

/// Takes the rows of a table one by one.
pub(super) struct Table<'a> {
    path: &'a Path,
    options: &'a ReadOptions,
    rows: usize,
    layout: Option<Layout>,
}

enum Layout {
    Strips(Strips),
    Channels(Channels),
}

impl<'a> Table<'a> {
    pub fn new(path: &'a Path, options: &'a ReadOptions) -> Self {
        Self { path, options, rows: 0, layout: None }
    }

    /// Takes the next row. Rows without any text are passed over.
    pub fn row(&mut self, cells: &[&str]) -> Result<(), FormatError> {
        self.rows += 1;
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        let row = self.rows;
        match &mut self.layout {
            None => self.layout = Some(first_row(self.path, cells, row)?),
            Some(Layout::Strips(strips)) => strips.row(self.path, self.options, cells)?,
            Some(Layout::Channels(channels)) => channels.row(self.path, self.options, cells, row)?,
        }
        Ok(())
    }

    /// The recordings.
    pub fn finish(self) -> Result<Read, FormatError> {
        match self.layout {
            None => Err(FormatError::damaged(self.path, "the table is empty")),
            Some(Layout::Strips(strips)) => Ok(strips.finish(self.options)),
            Some(Layout::Channels(channels)) => channels.finish(self.path, self.options).map(Into::into),
        }
    }
}

/// The layout by the first row.
fn first_row(path: &Path, cells: &[&str], row: usize) -> Result<Layout, FormatError> {
    let names: Vec<String> = cells.iter().map(|cell| normal(cell)).collect();
    let find = |known: &[&str]| known.iter().find_map(|k| names.iter().position(|n| n == k));
    if let Some(wave) = find(&WAVE) {
        let (label, patient) = (find(&LABEL), find(&PATIENT));
        return Ok(Layout::Strips(Strips { wave, label, patient, ..Strips::default() }));
    }
    let numbers = cells.iter().all(|cell| number(cell).is_some());
    let mut channels = Channels::new(cells, !numbers);
    if numbers {
        channels.samples(path, cells, row)?;
    }
    Ok(Layout::Channels(channels))
}

/// Lower case, `_` for spaces, without quotes.
fn normal(cell: &str) -> String {
    cell.trim().trim_matches('\'').to_lowercase().replace(' ', "_")
}

/// The value of a cell: NaN if missing, `None` if it is not a number. A comma may stand for the point.
fn number(cell: &str) -> Option<f64> {
    let cell = cell.trim();
    if MISSING.iter().any(|m| cell.eq_ignore_ascii_case(m)) {
        return Some(f64::NAN);
    }
    cell.parse().or_else(|_| cell.replacen(',', ".", 1).parse()).ok()
}

/// Seconds, or `h:mm:ss.s` with or without brackets.
fn time(cell: &str) -> Option<f64> {
    let cell = cell.trim().trim_matches(['\'', '[', ']', ' ']);
    cell.split(':').try_fold(0.0, |sum, field| Some(sum * 60.0 + number(field)?))
}

/// A recording in each row.
#[derive(Default)]
struct Strips {
    wave: usize,
    label: Option<usize>,
    patient: Option<usize>,
    recordings: Vec<Recording>,
    taken: usize,
    total: u64,
    unreadable: usize,
    short: usize,
}

impl Strips {
    fn row(&mut self, path: &Path, options: &ReadOptions, cells: &[&str]) -> Result<(), FormatError> {
        self.taken += 1;
        let wave = cells.get(self.wave).copied().unwrap_or_default();
        let tokens = wave.split(',').map(str::trim).filter(|token| !token.is_empty());
        let values: Option<Vec<f64>> = tokens.map(|token| token.parse().ok()).collect();
        let Some(values) = values else {
            self.unreadable += 1;
            return Ok(());
        };
        if values.len() < options.min_samples.max(1) {
            self.short += 1;
            return Ok(());
        }
        self.total += values.len() as u64;
        if self.total > options.max_samples {
            let samples = u128::from(self.total);
            return Err(FormatError::TooLarge { path: path.into(), samples, limit: options.max_samples });
        }
        let cell = |at: Option<usize>| {
            let text = at.and_then(|at| cells.get(at)).map(|text| text.trim()).unwrap_or_default();
            (!MISSING.iter().any(|m| text.eq_ignore_ascii_case(m))).then(|| text.to_owned())
        };
        let rate = options.rate_of(path, values.len())?;
        let channel =
            Channel { name: "ECG".into(), unit: String::new(), rate, samples: Samples::Double(values) };
        self.recordings.push(Recording {
            id: format!("{}-{}", stem(path), self.taken),
            patient: cell(self.patient),
            label: cell(self.label),
            channels: vec![channel],
            annotation_rate: rate,
            ..Recording::default()
        });
        Ok(())
    }

    fn finish(self, options: &ReadOptions) -> Read {
        let mut warnings = Vec::new();
        if self.unreadable > 0 {
            warnings.push(format!(
                "{} left out: the wave is not a list of numbers",
                many(self.unreadable, "row")
            ));
        }
        if self.short > 0 {
            let least = options.min_samples.max(1);
            warnings.push(format!(
                "{} left out: fewer than {}",
                many(self.short, "row"),
                many(least, "sample")
            ));
        }
        if self.patient.is_none() {
            warnings.push(
                "there is no column 'Patient ID'; strips of one patient cannot be kept together".into(),
            );
        }
        Read { recordings: self.recordings, warnings }
    }
}

/// A channel in each column.
struct Channels {
    names: Vec<(String, String)>,
    /// Whether the next row may hold units.
    expects_units: bool,
    clock: Option<Clock>,
    /// Columns before the first channel.
    skip: usize,
    columns: Vec<Vec<f64>>,
}

impl Channels {
    fn new(cells: &[&str], named: bool) -> Self {
        let first = split_unit(cells.first().copied().unwrap_or_default());
        let counts = named && cells.len() > 1 && INDEX.contains(&normal(&first.0).as_str());
        let times = named && cells.len() > 1 && TIME.contains(&normal(&first.0).as_str());
        let skip = usize::from(counts || times);
        let names = cells[skip..].iter().enumerate().map(|(i, cell)| match (named, cells.len()) {
            (true, _) => split_unit(cell),
            (false, 1) => ("signal".into(), String::new()),
            (false, _) => (format!("signal {}", i + 1), String::new()),
        });
        let names: Vec<_> = names.collect();
        Self {
            columns: vec![Vec::new(); names.len()],
            names,
            expects_units: named,
            clock: times.then(|| Clock::new(&first.1)),
            skip,
        }
    }

    fn row(
        &mut self,
        path: &Path,
        options: &ReadOptions,
        cells: &[&str],
        row: usize,
    ) -> Result<(), FormatError> {
        let units =
            self.expects_units && cells[self.skip.min(cells.len())..].iter().all(|c| number(c).is_none());
        self.expects_units = false;
        if units {
            for ((_, unit), cell) in self.names.iter_mut().zip(cells.iter().skip(self.skip)) {
                cell.trim().trim_matches('\'').clone_into(unit);
            }
            if let Some(clock) = &mut self.clock {
                clock.unit(cells[0]);
            }
            return Ok(());
        }
        let total = self.columns.first().map_or(0, Vec::len) as u64 * self.columns.len() as u64;
        if total > options.max_samples {
            let samples = u128::from(total);
            return Err(FormatError::TooLarge { path: path.into(), samples, limit: options.max_samples });
        }
        self.samples(path, cells, row)
    }

    fn samples(&mut self, path: &Path, cells: &[&str], row: usize) -> Result<(), FormatError> {
        let hint = "a table of samples has a number in every cell; a cell without value is empty or 'NaN'";
        let width = self.skip + self.columns.len();
        if cells.len() != width {
            let message = format!("row {row} has {}, the first has {width}", many(cells.len(), "cell"));
            return Err(FormatError::format(path, message, hint));
        }
        let refused = |name: &str, cell: &str| {
            let shown: String = cell.chars().take(40).collect();
            let message = format!("row {row}, column '{name}': '{}' is not a number", shown.escape_debug());
            FormatError::format(path, message, hint)
        };
        if let Some(clock) = &mut self.clock {
            clock.tick(time(cells[0]).ok_or_else(|| refused("time", cells[0]))?);
        }
        for ((column, cell), (name, _)) in self.columns.iter_mut().zip(&cells[self.skip..]).zip(&self.names) {
            column.push(number(cell).ok_or_else(|| refused(name, cell))?);
        }
        Ok(())
    }

    fn finish(self, path: &Path, options: &ReadOptions) -> Result<Recording, FormatError> {
        let samples = self.columns.first().map_or(0, Vec::len);
        let mut warnings = Vec::new();
        let asked = options.rate.is_some() || options.seconds.is_some();
        let rate =
            match self.clock.as_ref().filter(|_| !asked).map(|clock| clock.rate(path)).transpose()?.flatten()
            {
                Some(rate) => rate,
                None => options.rate_of(path, samples)?,
            };
        if let Some(Ok(Some(own))) = self.clock.as_ref().filter(|_| asked).map(|clock| clock.rate(path))
            && (own - rate).abs() > 0.01 * rate
        {
            warnings.push(format!("its times say {own:.3} Hz, {rate} Hz were asked for and taken"));
        }
        let channel = |((name, unit), values)| Channel { name, unit, rate, samples: Samples::Double(values) };
        Ok(Recording {
            id: stem(path),
            channels: self.names.into_iter().zip(self.columns).map(channel).collect(),
            annotation_rate: rate,
            warnings,
            ..Recording::default()
        })
    }
}

/// `II (mV)` or `II [mV]` is a name and a unit.
fn split_unit(cell: &str) -> (String, String) {
    let cell = cell.trim().trim_matches('\'');
    for (open, close) in [(" (", ')'), (" [", ']')] {
        if let Some((name, unit)) = cell.strip_suffix(close).and_then(|rest| rest.rsplit_once(open)) {
            return (name.into(), unit.into());
        }
    }
    (cell.into(), String::new())
}

/// A column of times, from which the sampling rate follows.
struct Clock {
    /// Seconds of its unit.
    unit: f64,
    count: usize,
    first: f64,
    last: f64,
    shortest: f64,
    longest: f64,
}

impl Clock {
    fn new(unit: &str) -> Self {
        let mut clock =
            Self { unit: 1.0, count: 0, first: 0.0, last: 0.0, shortest: f64::INFINITY, longest: 0.0 };
        clock.unit(unit);
        clock
    }

    fn unit(&mut self, unit: &str) {
        self.unit = match unit.trim().trim_matches('\'').to_lowercase().as_str() {
            "ms" | "msec" | "milliseconds" => 1e-3,
            "us" | "µs" | "microseconds" => 1e-6,
            "min" | "minutes" => 60.0,
            _ => 1.0,
        };
    }

    fn tick(&mut self, time: f64) {
        if self.count == 0 {
            self.first = time;
        } else {
            let step = time - self.last;
            self.shortest = self.shortest.min(step);
            // A missing time is not a step of any length.
            self.longest = if step.is_nan() { f64::INFINITY } else { self.longest.max(step) };
        }
        self.last = time;
        self.count += 1;
    }

    /// Samples per second; `None` for a single row. Times may be rounded, but not leave gaps.
    fn rate(&self, path: &Path) -> Result<Option<f64>, FormatError> {
        if self.count < 2 {
            return Ok(None);
        }
        let steps = (self.count - 1) as f64;
        let span = self.last - self.first;
        let mean = span / steps;
        if !(mean > 0.0 && self.shortest >= 0.0 && self.longest <= 1.5 * mean) {
            let message = "its times are not evenly spaced";
            return Err(FormatError::format(
                path,
                message,
                "resample it, or say the sampling rate to ignore the times",
            ));
        }
        let rate = steps / (span * self.unit);
        // Times that were rounded when written leave some doubt about the rate: a whole one is likelier.
        let whole = rate.round();
        let doubt = (self.longest - self.shortest) * self.unit;
        if whole > 0.0 && (steps / whole - span * self.unit).abs() <= doubt + 1e-12 * span * self.unit {
            return Ok(Some(whole));
        }
        let short: f64 = format!("{rate:.9e}").parse().unwrap_or(rate);
        Ok(Some(if (short - rate).abs() <= 1e-11 * rate { short } else { rate }))
    }
}
