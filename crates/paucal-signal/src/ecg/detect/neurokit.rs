//! NeuroKit's gradient detector, to the sample.
//!
//! Makowski et al. (2021). NeuroKit2. *Behavior Research Methods* 53.
//!
//! With s the moving mean of |gradient| over 0.1 s and m that of s over 0.75 s, QRS complexes are
//! the runs with s > 1.5 m that last at least 0.4 of their mean length; the beat is the most
//! prominent maximum within the run, unless another lies less than 0.3 s before.
//!
//! Three properties are kept because they belong to the method: maxima only (a negative QRS is marked on a
//! shoulder), no beat in the first 0.3 s, and complexes that are cut by either end are not seen. The signal
//! is taken as it comes; filter it before ([`Gradient`](super::Gradient) does).

use serde::{Deserialize, Serialize};

use super::{Detector, Prepared, require_duration, runs, samples};
use crate::dsp::DspError;
use crate::dsp::error::require;
use crate::dsp::peaks::{local_maxima, prominence};

/// Parameters of NeuroKit's detector; the defaults are those of `ecg_peaks(method="neurokit")`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NeuroKit {
    /// Window of the activity, in seconds.
    pub smooth_s: f64,
    /// Window of the mean activity, in seconds.
    pub average_s: f64,
    /// How many times the mean the activity must reach.
    pub weight: f64,
    /// Shortest run, as a share of the mean length.
    pub min_length: f64,
    /// Shortest distance of two beats, in seconds.
    pub refractory_s: f64,
}

impl NeuroKit {
    /// Name in the registry.
    pub const NAME: &'static str = "neurokit";
}

impl Default for NeuroKit {
    fn default() -> Self {
        Self { smooth_s: 0.1, average_s: 0.75, weight: 1.5, min_length: 0.4, refractory_s: 0.3 }
    }
}

impl Detector for NeuroKit {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Result<(), DspError> {
        require_duration(Self::NAME, "smooth_s", self.smooth_s)?;
        require_duration(Self::NAME, "average_s", self.average_s)?;
        require_duration(Self::NAME, "refractory_s", self.refractory_s)?;
        require((1.0..=10.0).contains(&self.weight), Self::NAME, "weight", self.weight, "from 1 to 10")?;
        let share = (0.0..=1.0).contains(&self.min_length);
        require(share, Self::NAME, "min_length", self.min_length, "from 0 to 1")
    }

    fn detect(&self, signal: &[f64], fs: f64) -> Result<Vec<usize>, DspError> {
        self.check()?;
        let prepared = Prepared::new(Self::NAME, signal, fs)?;
        let signal = &prepared.signal;
        let activity = runs::activity(signal.clone(), samples(self.smooth_s, fs));
        let found =
            runs::above_mean(&activity, 0..signal.len(), samples(self.average_s, fs), self.weight, 0.0);
        let refractory = samples(self.refractory_s, fs);
        let mut last = 0;
        let mut beats = Vec::new();
        for run in runs::drop_short(found, self.min_length) {
            let Some(within) = most_prominent(&signal[run.begin..run.end]) else { continue };
            let peak = run.begin + within;
            if peak - last > refractory {
                beats.push(peak);
                last = peak;
            }
        }
        Ok(prepared.outside_gaps(beats))
    }
}

/// The first of the most prominent maxima of a stretch.
fn most_prominent(stretch: &[f64]) -> Option<usize> {
    let mut best: Option<(f64, usize)> = None;
    for peak in local_maxima(stretch) {
        let prominence = prominence(stretch, peak);
        if best.is_none_or(|(most, _)| prominence > most) {
            best = Some((prominence, peak));
        }
    }
    best.map(|(_, peak)| peak)
}
