//! Baseline and scale of a lead.

use serde::{Deserialize, Serialize};

use crate::dsp::median::moving_median;
use crate::dsp::smooth::standardise;
use crate::dsp::{Band, DspError, Padding, butterworth};
use crate::ecg::error::{EcgError, require};

use super::Compat;

/// How the baseline is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// The signal less two moving medians, one after the other: the baseline of de Chazal et al. (2004, *IEEE
    /// Trans. Biomedical Engineering* 51). Leaves the QRS complex as it is.
    #[default]
    Medians,
    /// A zero-phase Butterworth band-pass.
    BandPass,
    /// Nothing but the mean.
    None,
}

/// How the lead is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// In mV, as recorded.
    #[default]
    Millivolts,
    /// Mean 0 and standard deviation 1 over the recording.
    ZScore,
}

/// Baseline and scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditioning {
    /// How the baseline is removed.
    pub filter: Filter,
    /// Window of the first median, in ms: 71 samples at 360 Hz.
    pub short_ms: f64,
    /// Window of the second median, in ms: 215 samples at 360 Hz.
    pub long_ms: f64,
    /// Lower edge of the band, in Hz.
    pub low_hz: f64,
    /// Upper edge of the band, in Hz; at low rates 0.45 of the rate.
    pub high_hz: f64,
    /// Order of the band-pass.
    pub order: usize,
    /// How the lead is scaled.
    pub scale: Scale,
}

impl Default for Conditioning {
    fn default() -> Self {
        Self {
            filter: Filter::Medians,
            short_ms: 197.2,
            long_ms: 597.2,
            low_hz: 0.5,
            high_hz: 45.0,
            order: 4,
            scale: Scale::Millivolts,
        }
    }
}

impl Conditioning {
    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        let window = |v: f64| v > 0.0 && v <= 5000.0;
        require(window(self.short_ms), "short_ms", self.short_ms, "above 0 and at most 5000")?;
        require(window(self.long_ms), "long_ms", self.long_ms, "above 0 and at most 5000")?;
        require(self.low_hz > 0.0, "low_hz", self.low_hz, "above 0")?;
        require(self.high_hz > self.low_hz, "high_hz", self.high_hz, "above low_hz")?;
        require((1..=8).contains(&self.order), "order", self.order, "from 1 to 8")
    }

    /// The lead (without gaps) with its baseline removed, scaled.
    pub fn apply(&self, signal: &[f64], rate: f64, compat: Compat) -> Result<Vec<f64>, DspError> {
        let filtered = match self.filter {
            Filter::Medians => {
                // A day of ECG is long: each step lets go of the one before.
                let mut lead = moving_median(signal, odd(self.short_ms, rate))?;
                lead = moving_median(&lead, odd(self.long_ms, rate))?;
                lead.iter_mut().zip(signal).for_each(|(baseline, v)| *baseline = v - *baseline);
                lead
            }
            Filter::BandPass => self.band_pass(signal, rate, compat)?,
            Filter::None => crate::dsp::smooth::remove_mean(signal),
        };
        Ok(match self.scale {
            Scale::Millivolts => filtered,
            Scale::ZScore => standardise(&filtered),
        })
    }

    fn band_pass(&self, signal: &[f64], rate: f64, compat: Compat) -> Result<Vec<f64>, DspError> {
        if compat == Compat::Spec {
            let high = self.high_hz.min(rate / 2.0 - 1e-3);
            let band = butterworth(self.order, Band::Pass(self.low_hz, high), rate)?;
            return band.transfer().filtfilt(signal, Padding::Standard);
        }
        let high = self.high_hz.min(0.45 * rate);
        butterworth(self.order, Band::Pass(self.low_hz, high), rate)?.sos().filtfilt(signal, Padding::Reduced)
    }
}

/// The odd number of samples nearest to a time.
fn odd(ms: f64, rate: f64) -> usize {
    2 * ((ms / 1000.0 * rate - 1.0) / 2.0).round().max(0.0) as usize + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_windows_are_those_of_the_paper_at_its_rate() {
        let default = Conditioning::default();
        assert_eq!((odd(default.short_ms, 360.0), odd(default.long_ms, 360.0)), (71, 215));
        assert_eq!(odd(default.short_ms, 250.0), 49);
        assert_eq!(odd(0.1, 50.0), 1);
    }

    #[test]
    fn drift_goes_and_spikes_stay() {
        let lead: Vec<f64> = (0..3600)
            .map(|i| (f64::from(i) * 1e-3).sin() * 2.0 + if i % 300 == 150 { 1.0 } else { 0.0 })
            .collect();
        let clean = Conditioning::default().apply(&lead, 360.0, Compat::Corrected).unwrap();
        assert!((clean[1350] - 1.0).abs() < 0.01 && clean[1500].abs() < 0.01);
        let scaled = Conditioning { scale: Scale::ZScore, ..Conditioning::default() };
        let scaled = scaled.apply(&lead, 360.0, Compat::Corrected).unwrap();
        assert!((scaled.iter().map(|v| v * v).sum::<f64>() / 3600.0 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn bands_are_checked() {
        assert!(Conditioning { high_hz: 0.1, ..Conditioning::default() }.check().is_err());
        assert!(Conditioning { long_ms: f64::NAN, ..Conditioning::default() }.check().is_err());
    }
}
