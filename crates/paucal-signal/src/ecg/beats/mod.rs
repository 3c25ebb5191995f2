//! The beats of a recording, cut out around their R peaks.
//!
//! [`extract`] takes the steps in this order:
//!
//! 1. choose a lead ([`lead`]), in mV where the unit is known, at a common sampling rate;
//! 2. find the beats ([`peaks`]): annotations, or a detector;
//! 3. remove the baseline ([`condition`]);
//! 4. move each peak to the largest deflection nearby;
//! 5. take the RR intervals of *all* peaks ([`rr`]);
//! 6. judge the signal of each beat ([`quality`](super::quality));
//! 7. cut the beats out; those that reach over an end are dropped, which changes no RR interval.

pub mod condition;
mod cut;
pub mod lead;
pub mod peaks;
pub mod rr;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::condition::{Conditioning, Filter, Scale};
pub use self::cut::extract;
pub use self::peaks::PeakSource;
pub use self::rr::{Rr, RrScaler};

use super::detect::{AnyDetector, METHODS, NeuroKit};
use super::error::{EcgError, require, suggest};
use super::quality::RecordQuality;

/// Whether to do as is right or as the first description of this pipeline did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compat {
    /// As is right.
    #[default]
    Corrected,
    /// Literally: RR intervals of the kept peaks only, noise scores over all patients, small clusters thrown
    /// away, everything fitted before the split, noise left out of the context windows. For comparison.
    Spec,
}

/// How beats are found and cut out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BeatOptions {
    /// Names of leads, the most wanted first; of a recording with none of them the first lead is taken.
    pub leads: Vec<String>,
    /// Sampling rate of the beats, in Hz; 0 keeps that of the recordings, which then must all be the same.
    pub rate_hz: f64,
    /// Where the beats come from.
    pub peaks: PeakSource,
    /// The detector, where one is needed: its name, or a table with its parameters.
    #[serde(deserialize_with = "detector")]
    pub detector: AnyDetector,
    /// Peaks are moved to the largest deflection within this time on either side, in ms; 0 leaves them.
    pub recentre_ms: f64,
    /// Start of a beat before its peak, in ms.
    pub before_ms: f64,
    /// End of a beat after its peak, in ms; the last sample is included.
    pub after_ms: f64,
    /// Baseline and scale.
    pub conditioning: Conditioning,
    /// Corrected or literal.
    pub compat: Compat,
}

/// A detector by its name, with its default parameters, or as a table.
fn detector<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AnyDetector, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Name(String),
        Table(AnyDetector),
    }
    match Given::deserialize(deserializer)? {
        Given::Table(detector) => Ok(detector),
        Given::Name(name) => AnyDetector::named(&name).ok_or_else(|| {
            let hint = suggest(&name, METHODS.iter().map(|method| method.name));
            serde::de::Error::custom(format!("there is no detector '{name}': {hint}"))
        }),
    }
}

impl Default for BeatOptions {
    /// 200 samples at 360 Hz, 90 before the peak and 109 after it, as Wang et al. (2020, *PeerJ Computer
    /// Science* 6:e324); peaks moved by up to 18 samples.
    fn default() -> Self {
        let leads = ["MLII", "II", "I", "V5", "V2", "V1", "V4", "V3", "V6", "III", "aVF", "ECG"];
        Self {
            leads: leads.map(Into::into).to_vec(),
            rate_hz: 360.0,
            peaks: PeakSource::Auto,
            detector: AnyDetector::default(),
            recentre_ms: 50.0,
            before_ms: 250.0,
            after_ms: 302.8,
            conditioning: Conditioning::default(),
            compat: Compat::Corrected,
        }
    }
}

impl BeatOptions {
    /// The literal steps of the first description: 0.5 to 45 Hz as polynomials, z-scores, NeuroKit's peaks,
    /// 250 ms before to 400 ms after, at the rate of the recording.
    pub fn spec() -> Self {
        Self {
            rate_hz: 0.0,
            peaks: PeakSource::Detector,
            detector: AnyDetector::NeuroKit(NeuroKit::default()),
            recentre_ms: 0.0,
            before_ms: 250.0,
            after_ms: 400.0,
            conditioning: Conditioning {
                filter: Filter::BandPass,
                scale: Scale::ZScore,
                ..Conditioning::default()
            },
            compat: Compat::Spec,
            ..Self::default()
        }
    }

    /// Whether the options are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        let rate = self.rate_hz == 0.0 || (50.0..=2000.0).contains(&self.rate_hz);
        require(rate, "rate_hz", self.rate_hz, "0 (as recorded) or between 50 and 2000")?;
        let ms = |v: f64| (0.0..=2000.0).contains(&v);
        require(
            ms(self.before_ms) && self.before_ms > 0.0,
            "before_ms",
            self.before_ms,
            "above 0 and at most 2000",
        )?;
        require(
            ms(self.after_ms) && self.after_ms > 0.0,
            "after_ms",
            self.after_ms,
            "above 0 and at most 2000",
        )?;
        require(
            (0.0..=150.0).contains(&self.recentre_ms),
            "recentre_ms",
            self.recentre_ms,
            "between 0 and 150",
        )?;
        self.conditioning.check()?;
        Ok(self.detector.method().check()?)
    }

    /// The window at `rate` Hz.
    pub fn window(&self, rate: f64) -> Window {
        let samples = |ms: f64| (ms / 1000.0 * rate).round_ties_even().max(1.0) as usize;
        Window { before: samples(self.before_ms), after: samples(self.after_ms) }
    }
}

/// The samples of a beat around its peak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Samples before the peak.
    pub before: usize,
    /// Samples after the peak.
    pub after: usize,
}

impl Window {
    /// Samples of a beat, its peak included.
    pub fn length(self) -> usize {
        self.before + 1 + self.after
    }
}

/// What is known of one beat besides its wave.
#[derive(Debug, Clone, PartialEq)]
pub struct Beat {
    /// Position among the beats of its recording that were kept.
    pub index: u32,
    /// Sample of the peak, at the rate of the beats.
    pub position: u32,
    /// Symbol of its annotation.
    pub symbol: Option<char>,
    /// Position of its class in the label map.
    pub class: Option<u16>,
    /// RR intervals around it.
    pub rr: Rr,
    /// How doubtful its signal is: at 1 and above it is flagged.
    pub noise_score: f32,
    /// What the score was given for, see [`Reasons`](super::quality::Reasons).
    pub reasons: u8,
    /// Whether it is flagged as noise.
    pub noise: bool,
}

impl Beat {
    /// Quality of the signal from 1 (perfect) to 0; a flagged beat has 0.5 or less.
    pub fn quality(&self) -> f32 {
        1.0 / (1.0 + self.noise_score)
    }
}

/// The beats of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordBeats {
    /// Name of the recording.
    pub record: String,
    /// The lead that was used.
    pub lead: String,
    /// Sampling rate of the recording, in Hz.
    pub source_rate: f64,
    /// Sampling rate of the beats, in Hz.
    pub rate: f64,
    /// Length in seconds.
    pub seconds: f64,
    /// The samples of a beat.
    pub window: Window,
    /// Peaks found, at the rate of the beats; more than beats, because windows can reach over the ends.
    pub peaks: Vec<usize>,
    /// The beats in order of time.
    pub beats: Vec<Beat>,
    /// Their waves, one after the other.
    pub waves: Vec<f32>,
    /// Whether classes come from the recording's label.
    pub weak: bool,
    /// Share of beats annotated as paced, or as fusion with paced ones.
    pub paced: f64,
    /// What is to be said of the signal as a whole.
    pub quality: RecordQuality,
    /// What somebody should look at, in plain sentences.
    pub warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_those_of_the_paper_and_of_the_first_description() {
        assert_eq!(BeatOptions::default().window(360.0), Window { before: 90, after: 109 });
        assert_eq!(BeatOptions::default().window(360.0).length(), 200);
        assert_eq!(BeatOptions::spec().window(260.4).length(), 170);
        assert_eq!(BeatOptions::spec().window(360.0).length(), 235);
    }

    #[test]
    fn a_detector_is_a_name_or_a_table() {
        let parse = |text: &str| toml::from_str::<BeatOptions>(text);
        assert_eq!(
            parse("detector = \"hamilton\"").unwrap().detector,
            AnyDetector::named("hamilton").unwrap()
        );
        let table = parse("[detector]\nmethod = \"pan-tompkins\"\nhigh_hz = 18.0").unwrap();
        assert!(matches!(table.detector, AnyDetector::PanTompkins(_)));
        let error = parse("detector = \"hamiltn\"").unwrap_err().to_string();
        assert!(error.contains("did you mean 'hamilton'"), "{error}");
        assert!(parse("rate = 360").is_err());
        let written = toml::to_string(&BeatOptions::spec()).unwrap();
        assert_eq!(parse(&written).unwrap(), BeatOptions::spec());
    }

    #[test]
    fn options_out_of_range_are_refused() {
        let refused = |change: fn(&mut BeatOptions)| {
            let mut options = BeatOptions::default();
            change(&mut options);
            options.check().is_err()
        };
        assert!(refused(|o| o.rate_hz = 10.0));
        assert!(refused(|o| o.before_ms = 0.0));
        assert!(refused(|o| o.after_ms = f64::NAN));
        assert!(refused(|o| o.recentre_ms = 500.0));
        assert!(BeatOptions::spec().check().is_ok());
    }
}
