//! Pan, Tompkins (1985). A Real-Time QRS Detection Algorithm. *IEEE Trans. Biomedical Engineering* 32.
//!
//! Band-pass, derivative, square, moving integration over 150 ms; then thresholds T = NPK + ¼ (SPK − NPK)
//! on the integrated and on the filtered signal, where SPK and NPK follow the peaks of beats and noise: SPK
//! ← ⅛ peak + ⅞ SPK (¼ and ¾ for a beat that was overdue).
//!
//! Three things differ from the paper: all filters have zero phase (the paper's ran in real time on an
//! eight-bit processor, and delay every beat); the beat is marked as [`Gradient`](super::Gradient) marks it;
//! and an overdue beat is looked for after 1.66 times the mean of the last eight intervals (the paper's
//! first average, not its second).

use serde::{Deserialize, Serialize};

use super::follow::{self, Candidate, Thresholds, first_levels};
use super::{Detector, Prepared, band, deflections, require_duration, samples};
use crate::dsp::error::require;
use crate::dsp::smooth::moving_mean_in_place;
use crate::dsp::{DspError, Padding};

/// Parameters of Pan and Tompkins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PanTompkins {
    /// Lower edge of the band, in Hz.
    pub low_hz: f64,
    /// Upper edge of the band, in Hz.
    pub high_hz: f64,
    /// Window of integration, in seconds.
    pub integrate_s: f64,
    /// Intervals this many times the mean are searched again; infinite for never.
    pub search_back: f64,
}

impl PanTompkins {
    /// Name in the registry.
    pub const NAME: &'static str = "pan-tompkins";
}

impl Default for PanTompkins {
    fn default() -> Self {
        Self { low_hz: 5.0, high_hz: 15.0, integrate_s: 0.15, search_back: 1.66 }
    }
}

impl Detector for PanTompkins {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Result<(), DspError> {
        const NAME: &str = PanTompkins::NAME;
        let low = self.low_hz > 0.0 && self.low_hz < self.high_hz;
        require(low, NAME, "low_hz", self.low_hz, "above 0 and below high_hz")?;
        require(self.high_hz <= 22.0, NAME, "high_hz", self.high_hz, "at most 22 Hz")?;
        require_duration(NAME, "integrate_s", self.integrate_s)?;
        require(self.search_back > 1.0, NAME, "search_back", self.search_back, "above 1")
    }

    fn detect(&self, signal: &[f64], fs: f64) -> Result<Vec<usize>, DspError> {
        self.check()?;
        let mut prepared = Prepared::new(Self::NAME, signal, fs)?;
        let floor = prepared.rounding();
        let deflections = deflections(&prepared.signal, fs)?;
        let band = band(self.low_hz, self.high_hz, fs)?;
        band.filtfilt_in_place(&mut prepared.signal, Padding::Reduced)?;
        let filtered = &prepared.signal;
        // The paper's derivative spans four samples of 5 ms.
        let step = samples(0.005, fs);
        let mut activity: Vec<f64> =
            (0..filtered.len()).map(|i| derivative(filtered, i, step).powi(2)).collect();
        let window = samples(self.integrate_s, fs);
        moving_mean_in_place(&mut activity, window);
        let reach = window.div_ceil(2);
        let candidates = follow::candidates(&activity, filtered, reach, floor * floor, fs);
        let beats = follow::follow(&mut Levels::default(), &candidates, self.search_back, fs);
        let marks = follow::mark(&deflections, &beats, reach);
        Ok(prepared.outside_gaps(marks))
    }
}

/// (2 x[i+2] + x[i+1] − x[i−1] − 2 x[i−2]) / 8 in steps of `step` samples, the ends repeated.
fn derivative(signal: &[f64], i: usize, step: usize) -> f64 {
    let before = |k: usize| signal[i.saturating_sub(k * step)];
    let after = |k: usize| signal[(i + k * step).min(signal.len() - 1)];
    (2.0 * (after(2) - before(2)) + after(1) - before(1)) / 8.0
}

/// SPK and NPK of one signal.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    beats: f64,
    noise: f64,
}

impl Level {
    fn threshold(self) -> f64 {
        self.noise + 0.25 * (self.beats - self.noise)
    }
}

fn towards(level: &mut f64, peak: f64, share: f64) {
    *level += share * (peak - *level);
}

/// The levels of both signals.
#[derive(Debug, Default)]
struct Levels {
    integrated: Level,
    filtered: Level,
}

impl Thresholds for Levels {
    fn learn(&mut self, candidates: &[Candidate], fs: f64) {
        let level = |(beats, noise)| Level { beats, noise };
        self.integrated = level(first_levels(candidates, fs, |c| c.height));
        self.filtered = level(first_levels(candidates, fs, |c| c.amplitude));
    }

    fn reached(&self, candidate: &Candidate, share: f64) -> bool {
        candidate.height > share * self.integrated.threshold()
            && candidate.amplitude > share * self.filtered.threshold()
    }

    fn beat(&mut self, candidate: &Candidate, overdue: bool) {
        let share = if overdue { 0.25 } else { 0.125 };
        towards(&mut self.integrated.beats, candidate.height, share);
        towards(&mut self.filtered.beats, candidate.amplitude, share);
    }

    fn noise(&mut self, candidate: &Candidate) {
        towards(&mut self.integrated.noise, candidate.height, 0.125);
        towards(&mut self.filtered.noise, candidate.amplitude, 0.125);
    }
}
