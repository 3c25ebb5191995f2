//! How much the signal of a beat can be trusted, without looking at its label.
//!
//! A rare beat must not be called noise for being rare. So every measure is taken where beats of different
//! kinds are alike (missing samples, flat and clipped stretches, high frequencies *between* the QRS complexes,
//! jumps of the baseline), thresholds are relative to the recording itself and not to other patients, and a
//! beat that resembles none of its neighbours is flagged only if its signal is poor as well.
//!
//! | reason | flagged when |
//! |---|---|
//! | [`MISSING`](Reasons::MISSING) | more than 10 % of its samples are missing |
//! | [`FLAT`](Reasons::FLAT) | more than half of it lies in exactly flat stretches of 0.2 s or more |
//! | [`CLIPPED`](Reasons::CLIPPED) | more than 5 % of it stays at the highest or lowest value of the recording |
//! | [`LOUD`](Reasons::LOUD) | the noise between QRS complexes is 5 times that of the recording *and* 10 % of its usual QRS, or 30 % of its usual QRS at any rate |
//! | [`JUMP`](Reasons::JUMP) | the baseline jumps by 2 usual QRS and 6 times the usual step |
//! | [`UNLIKE`](Reasons::UNLIKE) | it correlates below 0.4 with each of 20 neighbours *and* is half way to `LOUD` or `JUMP` |
//! | [`UNREADABLE`](Reasons::UNREADABLE) | the recording as a whole is noise: half of its beats resemble no neighbour and are loud |
//! | [`SPEC`](Reasons::SPEC) | the literal score of the first description ([`spec`]) |
//!
//! The score of a beat is the largest ratio of a measure to its threshold; at 1 it is flagged.
//!
//! Share of beats flagged on the 26 records of the MIT-BIH Arrhythmia Database that the thresholds were
//! looked at on (101 to 124 and 201 to 230 of the training set of de Chazal, and the paced ones), as recorded and
//! where white noise was added, its deviation a share of the record's usual QRS:
//!
//! | noise | N | S | V | F |
//! |---|---|---|---|---|
//! | none | 0.1 % | 0.0 % | 0.03 % | 0.0 % |
//! | 5 % | 0.2 % | 0.6 % | 2.3 % | 0.0 % |
//! | 10 % | 38 % | 38 % | 38 % | 51 % |
//! | 20 % | 99 % | 99 % | 99 % | 99 % |

mod measures;
pub mod spec;

use serde::{Deserialize, Serialize};

use super::beats::Window;
use super::error::{EcgError, require};
pub(crate) use measures::Faults;
use measures::{best_correlations, median, noise_between_beats, steps};

/// Why a beat is doubtful: a set of bits, one for each measure that reached half of its threshold or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reasons;

impl Reasons {
    /// Missing samples.
    pub const MISSING: u8 = 1;
    /// Flat line.
    pub const FLAT: u8 = 2;
    /// Clipping.
    pub const CLIPPED: u8 = 4;
    /// High-frequency noise.
    pub const LOUD: u8 = 8;
    /// Jump of the baseline.
    pub const JUMP: u8 = 16;
    /// Unlike its neighbours, in a poor signal.
    pub const UNLIKE: u8 = 32;
    /// The recording is noise.
    pub const UNREADABLE: u8 = 64;
    /// The literal score.
    pub const SPEC: u8 = 128;

    /// Bits and their words.
    pub const WORDS: [(u8, &'static str); 8] = [
        (Self::MISSING, "missing samples"),
        (Self::FLAT, "flat line"),
        (Self::CLIPPED, "clipping"),
        (Self::LOUD, "high-frequency noise"),
        (Self::JUMP, "jump of the baseline"),
        (Self::UNLIKE, "unlike its neighbours"),
        (Self::UNREADABLE, "unreadable recording"),
        (Self::SPEC, "literal score"),
    ];

    /// The words of a set, in order.
    pub fn words(set: u8) -> Vec<&'static str> {
        Self::WORDS.iter().filter(|(bit, _)| set & bit != 0).map(|(_, word)| *word).collect()
    }
}

/// Thresholds; see the table of the [module](self).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityOptions {
    /// Share of missing samples.
    pub missing: f64,
    /// Share of flat samples.
    pub flat: f64,
    /// Share of clipped samples.
    pub clipped: f64,
    /// Noise, as a multiple of the recording's median.
    pub noise_times: f64,
    /// Least noise that counts, as a share of the usual QRS.
    pub noise_floor: f64,
    /// Noise that counts at any rate, as a share of the usual QRS.
    pub noise_ceiling: f64,
    /// Step of the baseline, in usual QRS.
    pub jump: f64,
    /// Step of the baseline, as a multiple of the recording's median step.
    pub jump_times: f64,
    /// Correlation with the most similar neighbour.
    pub correlation: f64,
}

impl Default for QualityOptions {
    fn default() -> Self {
        Self {
            missing: 0.1,
            flat: 0.5,
            clipped: 0.05,
            noise_times: 5.0,
            noise_floor: 0.1,
            noise_ceiling: 0.3,
            jump: 2.0,
            jump_times: 6.0,
            correlation: 0.4,
        }
    }
}

impl QualityOptions {
    /// Whether the thresholds are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        let shares = [
            ("missing", self.missing),
            ("flat", self.flat),
            ("clipped", self.clipped),
            ("noise_times", self.noise_times),
            ("noise_floor", self.noise_floor),
            ("noise_ceiling", self.noise_ceiling),
            ("jump", self.jump),
            ("jump_times", self.jump_times),
        ];
        for (name, value) in shares {
            require(value > 0.0 && value.is_finite(), name, value, "above 0")?;
        }
        require(
            (-1.0..1.0).contains(&self.correlation),
            "correlation",
            self.correlation,
            "from -1 to below 1",
        )
    }
}

/// What is to be said of a recording as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct RecordQuality {
    /// Share of missing samples.
    pub missing: f64,
    /// Share of samples in flat stretches.
    pub flat: f64,
    /// Share of clipped samples.
    pub clipped: f64,
    /// Median deflection at the peaks, in the unit of the beats.
    pub deflection: f64,
    /// Median noise between QRS complexes, as a share of the deflection.
    pub noise: f64,
    /// Median correlation of a beat with its most similar neighbour.
    pub correlation: f64,
    /// Share of flagged beats.
    pub flagged: f64,
    /// Whether the recording is nothing but noise.
    pub unreadable: bool,
}

/// The score of a beat and what it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Verdict {
    /// At 1 and above the beat is flagged.
    pub score: f32,
    /// [`Reasons`] that reached half of their threshold.
    pub reasons: u8,
}

impl Verdict {
    /// Takes a measure as a share of its threshold.
    fn take(&mut self, reason: u8, score: f64) {
        let score = if score.is_finite() { score as f32 } else { f32::MAX };
        if score >= 0.5 {
            self.reasons |= reason;
        }
        self.score = self.score.max(score);
    }

    /// Whether the beat is flagged.
    pub fn flagged(&self) -> bool {
        self.score >= 1.0
    }
}

/// A lead and its beats, as [`judge`] needs them.
pub(crate) struct Judged<'a> {
    /// Missing, flat and clipped samples as recorded.
    pub faults: &'a Faults,
    /// The lead before its baseline was removed, without gaps.
    pub lead: &'a [f64],
    /// The lead as the beats are cut from it.
    pub conditioned: &'a [f64],
    /// Sampling rate of both, in Hz.
    pub rate: f64,
    /// All peaks.
    pub peaks: &'a [usize],
    /// Those whose beats are kept.
    pub kept: std::ops::Range<usize>,
    /// The samples of a beat.
    pub window: Window,
    /// Waves of the kept beats.
    pub waves: &'a [f32],
}

/// Judges every kept beat and the recording.
pub(crate) fn judge(of: &Judged<'_>, options: &QualityOptions) -> (Vec<Verdict>, RecordQuality) {
    // The lead before conditioning is in mV; the beats can be z-scores. What is compared with the noise of the
    // lead must be in its unit, so the usual deflection is that of the lead from its own surroundings.
    let usual = median(measures::deflections(of.lead, of.peaks, of.rate));
    let noise = noise_between_beats(of.lead, of.peaks, of.kept.clone(), of.window, of.rate);
    let step = steps(of.lead, of.peaks, of.kept.clone(), of.rate);
    let similar = best_correlations(of.waves, of.window.length());
    let (usual_noise, usual_step) = (median(noise.clone()), median(step.clone()));
    let relative = |value: f64| if usual > 0.0 { value / usual } else { f64::INFINITY };
    let over = |value: f64, threshold: f64| if threshold > 0.0 { value / threshold } else { 0.0 };

    let mut verdicts = vec![Verdict::default(); of.kept.len()];
    for (i, verdict) in verdicts.iter_mut().enumerate() {
        let peak = of.peaks[of.kept.start + i];
        let [missing, flat, clipped] =
            of.faults.shares(peak - of.window.before, peak + of.window.after, of.rate);
        verdict.take(Reasons::MISSING, missing / options.missing);
        verdict.take(Reasons::FLAT, flat / options.flat);
        verdict.take(Reasons::CLIPPED, clipped / options.clipped);
        let floor = relative(noise[i]) / options.noise_floor;
        let louder = over(noise[i], options.noise_times * usual_noise).min(floor);
        let loud = louder.max(relative(noise[i]) / options.noise_ceiling);
        let jump = over(step[i], options.jump_times * usual_step).min(relative(step[i]) / options.jump);
        verdict.take(Reasons::LOUD, loud);
        verdict.take(Reasons::JUMP, jump);
        let unlike = (1.0 - f64::from(similar[i])) / (1.0 - options.correlation);
        verdict.take(Reasons::UNLIKE, unlike.min(2.0 * loud.max(jump)));
    }

    let [missing, flat, clipped] = of.faults.shares_of_all();
    let correlation = median(similar.iter().map(|&c| f64::from(c)).collect());
    let noise = relative(usual_noise);
    // Without a second beat there is nothing to compare with, and the beat's own noise decides.
    let unreadable = verdicts.len() > 1 && correlation < options.correlation && noise > options.noise_floor;
    if unreadable {
        verdicts
            .iter_mut()
            .for_each(|verdict| verdict.take(Reasons::UNREADABLE, verdict.score.max(1.0).into()));
    }
    let flagged = verdicts.iter().filter(|v| v.flagged()).count() as f64 / verdicts.len().max(1) as f64;
    let deflections: Vec<f64> =
        of.peaks.iter().filter_map(|&p| of.conditioned.get(p)).map(|v| v.abs()).collect();
    let quality = RecordQuality {
        missing,
        flat,
        clipped,
        deflection: median(deflections),
        noise: if noise.is_finite() { noise } else { 0.0 },
        correlation,
        flagged,
        unreadable,
    };
    (verdicts, quality)
}

#[cfg(test)]
mod tests;
