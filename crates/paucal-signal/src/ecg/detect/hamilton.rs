//! Hamilton (2002). Open Source ECG Analysis. *Computers in Cardiology* 29.
//!
//! Band-pass 8–16 Hz, absolute slope, moving mean over 80 ms. A peak is a beat above T = N + 0.475 (Q − N),
//! with Q and N the medians of the last eight beats and of the last eight peaks that were not; one that is
//! overdue (1.5 mean intervals) needs half of that. A peak whose lead does not both rise and fall is a
//! shift of the baseline.
//!
//! Three things differ from the program of the paper: the filters have zero phase, where it delays every
//! beat; the beat is marked as [`Gradient`](super::Gradient) marks it; and the threshold is the upper end
//! of the usual range from 0.3125, its own, to 0.475. Of 0.3125, 0.4 and 0.475, tried on 26 records of the
//! MIT-BIH Arrhythmia Database, the last was best (F1 98.8, 99.3 and 99.5): it tells more T waves from
//! beats.

use serde::{Deserialize, Serialize};

use super::follow::{self, Candidate, LastEight, Thresholds, first_levels};
use super::{Detector, Prepared, band, deflections, require_duration, runs, samples};
use crate::dsp::error::require;
use crate::dsp::smooth::slope;
use crate::dsp::{DspError, Padding};

/// Parameters of Hamilton's detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hamilton {
    /// Lower edge of the band, in Hz.
    pub low_hz: f64,
    /// Upper edge of the band, in Hz.
    pub high_hz: f64,
    /// Window of the activity, in seconds.
    pub smooth_s: f64,
    /// Place of the threshold between noise (0) and beats (1).
    pub threshold: f64,
    /// Intervals this many times the mean are searched again; infinite for never.
    pub search_back: f64,
}

impl Hamilton {
    /// Name in the registry.
    pub const NAME: &'static str = "hamilton";
}

impl Default for Hamilton {
    fn default() -> Self {
        Self { low_hz: 8.0, high_hz: 16.0, smooth_s: 0.08, threshold: 0.475, search_back: 1.5 }
    }
}

impl Detector for Hamilton {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Result<(), DspError> {
        const NAME: &str = Hamilton::NAME;
        let low = self.low_hz > 0.0 && self.low_hz < self.high_hz;
        require(low, NAME, "low_hz", self.low_hz, "above 0 and below high_hz")?;
        require(self.high_hz <= 22.0, NAME, "high_hz", self.high_hz, "at most 22 Hz")?;
        require_duration(NAME, "smooth_s", self.smooth_s)?;
        let inside = self.threshold > 0.0 && self.threshold < 1.0;
        require(inside, NAME, "threshold", self.threshold, "between 0 and 1")?;
        require(self.search_back > 1.0, NAME, "search_back", self.search_back, "above 1")
    }

    fn detect(&self, signal: &[f64], fs: f64) -> Result<Vec<usize>, DspError> {
        self.check()?;
        let prepared = Prepared::new(Self::NAME, signal, fs)?;
        let band = band(self.low_hz, self.high_hz, fs)?;
        let filtered = band.filtfilt(&prepared.signal, Padding::Reduced)?;
        let activity = runs::activity(filtered.clone(), samples(self.smooth_s, fs));
        let reach = samples(0.1, fs);
        let mut candidates = follow::candidates(&activity, &filtered, reach, prepared.rounding(), fs);
        candidates.retain(|candidate| rises_and_falls(&prepared.signal, candidate.sample, reach));
        let mut medians = Medians { threshold: self.threshold, ..Medians::default() };
        let beats = follow::follow(&mut medians, &candidates, self.search_back, fs);
        let marks = follow::mark(&deflections(&prepared.signal, fs)?, &beats, reach);
        Ok(prepared.outside_gaps(marks))
    }
}

/// Whether the steepest rise and the steepest fall around a sample are within a factor of eight.
fn rises_and_falls(signal: &[f64], sample: usize, reach: usize) -> bool {
    let around = sample.saturating_sub(reach)..(sample + reach + 1).min(signal.len());
    let (rise, fall) = around
        .map(|i| slope(signal, i))
        .fold((0.0, 0.0), |(rise, fall): (f64, f64), slope| (rise.max(slope), fall.max(-slope)));
    rise > fall / 8.0 && fall > rise / 8.0
}

/// The last eight heights of beats and of noise.
#[derive(Debug, Default)]
struct Medians {
    beats: LastEight,
    noise: LastEight,
    threshold: f64,
}

impl Thresholds for Medians {
    fn learn(&mut self, candidates: &[Candidate], fs: f64) {
        let (beats, noise) = first_levels(candidates, fs, |c| c.height);
        (self.beats, self.noise) = (LastEight::all(beats), LastEight::all(noise));
    }

    fn reached(&self, candidate: &Candidate, share: f64) -> bool {
        let (beats, noise) = (self.beats.median(), self.noise.median());
        candidate.height > share * (noise + self.threshold * (beats - noise))
    }

    fn beat(&mut self, candidate: &Candidate, _overdue: bool) {
        self.beats.push(candidate.height);
    }

    fn noise(&mut self, candidate: &Candidate) {
        self.noise.push(candidate.height);
    }
}
