//! Beats as classifiers take them.

use crate::ecg::beats::{Beat, Window};
use crate::ecg::error::EcgError;
use crate::ecg::prepare::Prepared;

/// Where a recording lies among the beats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Its patient, as a number.
    pub patient: usize,
    /// Its first beat.
    pub first: usize,
    /// Its number of beats.
    pub beats: usize,
}

impl Extent {
    /// Its beats.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.beats
    }
}

/// Some beats of whole recordings.
#[derive(Debug, Clone)]
pub struct Beats<'a> {
    /// Sampling rate, in Hz.
    pub rate: f64,
    /// The samples of a beat.
    pub window: Window,
    /// All beats, recording by recording, in order of time.
    pub all: &'a [Beat],
    /// The waves of all, one after the other.
    pub waves: &'a [f32],
    /// The recordings, in order.
    pub records: Vec<Extent>,
    /// The beats that are meant, as positions in `all`.
    pub rows: Vec<usize>,
}

impl<'a> Beats<'a> {
    /// All beats of a preparation.
    pub fn of(prepared: &'a Prepared) -> Self {
        let extent = |record: &crate::ecg::prepare::PreparedRecord| Extent {
            patient: record.patient,
            first: record.first,
            beats: record.beats,
        };
        Self {
            rate: prepared.rate,
            window: prepared.window,
            all: &prepared.beats,
            waves: &prepared.waves,
            records: prepared.records.iter().map(extent).collect(),
            rows: (0..prepared.beats.len()).collect(),
        }
    }

    /// Other beats of the same recordings.
    pub fn select(&self, rows: Vec<usize>) -> Self {
        Self { rows, records: self.records.clone(), ..*self }
    }

    /// All beats of the recordings that have a beat which is meant, in order, and where those meant lie in them.
    pub(super) fn whole(&self) -> (Self, Vec<usize>) {
        let mut meant = vec![false; self.all.len()];
        self.rows.iter().for_each(|&row| meant[row] = true);
        let records = self.records.iter().filter(|record| meant[record.range()].contains(&true));
        let rows: Vec<usize> = records.flat_map(Extent::range).collect();
        let mut place = vec![0; self.all.len()];
        rows.iter().enumerate().for_each(|(at, &row)| place[row] = at);
        let places = self.rows.iter().map(|&row| place[row]).collect();
        (self.select(rows), places)
    }

    /// How many beats are meant.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The wave of a beat of `all`.
    pub fn wave(&self, beat: usize) -> &'a [f32] {
        let length = self.window.length();
        &self.waves[beat * length..(beat + 1) * length]
    }

    /// The patient of each beat of `all`.
    pub fn patients(&self) -> Vec<usize> {
        let mut of = vec![0; self.all.len()];
        for record in &self.records {
            of[record.range()].fill(record.patient);
        }
        of
    }

    /// Whether beats are cut out as those a model was fitted to: `length` samples at `rate` Hz, `before` of them
    /// before the peak.
    pub fn must_be(&self, rate: f64, before: usize, length: usize) -> Result<(), EcgError> {
        let window = &self.window;
        if (self.rate - rate).abs() <= 1e-6 && (window.before, window.length()) == (before, length) {
            return Ok(());
        }
        let message = format!(
            "the model takes beats of {length} samples at {rate} Hz, these have {} at {} Hz",
            window.length(),
            self.rate
        );
        Err(EcgError::beats(message, "prepare the recordings with the options of the model"))
    }

    /// Whether everything lies where it is said to lie.
    pub fn check(&self) -> Result<(), EcgError> {
        let refused = |message: String| {
            Err(EcgError::beats(message, "hand over whole recordings as the preparation made them"))
        };
        let (beats, length) = (self.all.len(), self.window.length());
        if self.waves.len() != beats * length {
            return refused(format!("{beats} beats of {length} samples have {} samples", self.waves.len()));
        }
        let mut next = 0;
        for record in &self.records {
            if record.first != next {
                return refused(format!("a recording begins at beat {}, not {next}", record.first));
            }
            next += record.beats;
        }
        if next != beats {
            return refused(format!("the recordings hold {next} of {beats} beats"));
        }
        match self.rows.iter().find(|&&row| row >= beats) {
            Some(row) => refused(format!("there is no beat {row}")),
            None => Ok(()),
        }
    }
}

/// Beats with a class, to learn from.
#[derive(Debug, Clone)]
pub struct TrainingBeats<'a> {
    /// The beats.
    pub beats: Beats<'a>,
    /// The class of each selected beat, as a position in `names`.
    pub classes: Vec<usize>,
    /// Names of the classes.
    pub names: Vec<String>,
}

impl<'a> TrainingBeats<'a> {
    /// Those of the selected beats that have a class among the first `names.len()` of the label map.
    pub fn new(beats: &Beats<'a>, names: &[String]) -> Result<Self, EcgError> {
        beats.check()?;
        let class = |row: &usize| {
            beats.all[*row].class.map(usize::from).filter(|&class| class < names.len()).map(|c| (*row, c))
        };
        let (rows, classes): (Vec<usize>, Vec<usize>) = beats.rows.iter().filter_map(class).unzip();
        if rows.is_empty() {
            let hint = "check the label map and the split: training needs annotated beats";
            return Err(EcgError::beats("no beat to learn from has a class", hint));
        }
        Ok(Self { beats: beats.select(rows), classes, names: names.to_vec() })
    }
}
