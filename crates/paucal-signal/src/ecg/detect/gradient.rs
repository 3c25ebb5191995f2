//! The default detector: gradient activity in the QRS band, with search-back and free polarity.
//!
//! It takes the idea of NeuroKit's detector ([`NeuroKit`](super::NeuroKit)), activity against its own slow
//! mean, and changes what fails on hard records:
//!
//! 1. Detection sees the lead between 8 and 30 Hz (Butterworth of order 2, zero phase), where a QRS complex
//!    stands out from P and T waves (Elgendi et al., 2010, *BIOSIGNALS*); the slow mean spans 2 s.
//! 2. A run counts as a beat if its greatest activity reaches a share of the median of its 17 neighbours:
//!    noise in pauses does not.
//! 3. Where two beats lie more than 1.66 typical intervals apart (Pan, Tompkins, 1985), the strongest
//!    activity between them is tried with half the weight, and so on in both parts.
//! 4. A beat is marked where the lead between 3 and 30 Hz is farthest from zero, up or down.
//! 5. Of two beats within the refractory time the more active stays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::runs::{self, Run};
use super::{Detector, Prepared, band, largest_magnitude, median, require_duration, samples};
use crate::dsp::error::require;
use crate::dsp::median::moving_median;
use crate::dsp::{DspError, Padding};

/// Parameters of the default detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gradient {
    /// Lower edge of the band of detection, in Hz.
    pub low_hz: f64,
    /// Upper edge of both bands, in Hz; lowered to 0.45 of the sampling rate where that is less.
    pub high_hz: f64,
    /// Lower edge of the band in which the peak is marked, in Hz.
    pub mark_low_hz: f64,
    /// Window of the activity, in seconds.
    pub smooth_s: f64,
    /// Window of the mean activity, in seconds.
    pub average_s: f64,
    /// How many times the mean the activity must reach.
    pub weight: f64,
    /// Shortest run, as a share of the mean length.
    pub min_length: f64,
    /// Least activity of a beat, as a share of its neighbours' median; 0 for any.
    pub min_activity: f64,
    /// Intervals this many times the typical one are searched again; infinite for never.
    pub search_back: f64,
    /// Shortest distance of two beats, in seconds.
    pub refractory_s: f64,
}

impl Gradient {
    /// Name in the registry.
    pub const NAME: &'static str = "gradient";

    /// Beats whose median is taken for typical.
    const NEIGHBOURS: usize = 17;
}

impl Default for Gradient {
    fn default() -> Self {
        Self {
            low_hz: 8.0,
            high_hz: 30.0,
            mark_low_hz: 3.0,
            smooth_s: 0.1,
            average_s: 2.0,
            weight: 1.8,
            min_length: 0.4,
            min_activity: 0.2,
            search_back: 1.66,
            refractory_s: 0.2,
        }
    }
}

impl Detector for Gradient {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Result<(), DspError> {
        const NAME: &str = Gradient::NAME;
        let low = |hz: f64| hz > 0.0 && hz <= 20.0;
        require(low(self.low_hz), NAME, "low_hz", self.low_hz, "above 0 and at most 20 Hz")?;
        require(low(self.mark_low_hz), NAME, "mark_low_hz", self.mark_low_hz, "above 0 and at most 20 Hz")?;
        let high = self.high_hz > 20.0 && self.high_hz <= 200.0;
        require(high, NAME, "high_hz", self.high_hz, "above 20 and at most 200 Hz")?;
        require_duration(NAME, "smooth_s", self.smooth_s)?;
        require_duration(NAME, "average_s", self.average_s)?;
        require_duration(NAME, "refractory_s", self.refractory_s)?;
        require((1.0..=10.0).contains(&self.weight), NAME, "weight", self.weight, "from 1 to 10")?;
        let share = |value: f64| (0.0..=1.0).contains(&value);
        require(share(self.min_length), NAME, "min_length", self.min_length, "from 0 to 1")?;
        require(share(self.min_activity), NAME, "min_activity", self.min_activity, "from 0 to 1")?;
        require(self.search_back > 1.0, NAME, "search_back", self.search_back, "above 1")
    }

    fn detect(&self, signal: &[f64], fs: f64) -> Result<Vec<usize>, DspError> {
        self.check()?;
        let mut prepared = Prepared::new(Self::NAME, signal, fs)?;
        let floor = prepared.rounding();
        let marked =
            band(self.mark_low_hz, self.high_hz, fs)?.filtfilt(&prepared.signal, Padding::Reduced)?;
        let mut filtered = std::mem::take(&mut prepared.signal);
        band(self.low_hz, self.high_hz, fs)?.filtfilt_in_place(&mut filtered, Padding::Reduced)?;
        let activity = runs::activity(filtered, samples(self.smooth_s, fs));

        let average = samples(self.average_s, fs);
        let refractory = samples(self.refractory_s, fs);
        let runs = runs::above_mean(&activity, 0..signal.len(), average, self.weight, floor);
        let shortest = self.min_length * runs::mean_length(&runs);
        let lead = Lead { activity, marked, average, refractory, shortest };
        let candidates =
            runs::drop_short(runs, self.min_length).into_iter().map(|run| lead.beat(run)).collect();
        let beats = without_crowding(self.strong(candidates)?, refractory);
        let beats = self.search_back(&lead, beats)?;
        Ok(prepared.outside_gaps(beats.into_iter().map(|beat| beat.peak).collect()))
    }
}

/// A beat and the run of activity it was found in.
#[derive(Debug, Clone, Copy)]
struct Beat {
    run: Run,
    peak: usize,
    activity: f64,
}

/// What the steps after filtering look at; distances in samples.
struct Lead {
    /// Short-term activity in the band of detection.
    activity: Vec<f64>,
    /// The lead in the band in which peaks are marked.
    marked: Vec<f64>,
    average: usize,
    refractory: usize,
    shortest: f64,
}

impl Lead {
    fn beat(&self, run: Run) -> Beat {
        let stretch = run.begin..run.end.max(run.begin + 1);
        Beat {
            run,
            peak: largest_magnitude(&self.marked, stretch.clone()),
            activity: self.activity[largest_magnitude(&self.activity, stretch)],
        }
    }
}

impl Gradient {
    /// The candidates whose activity reaches its share of what is typical around them; typical is at least
    /// a quarter of what it is in the whole record, so that a stretch of noise does not become its own
    /// standard.
    fn strong(&self, mut candidates: Vec<Beat>) -> Result<Vec<Beat>, DspError> {
        let typical = typical(&candidates, |beat| beat.activity)?;
        let overall = median(candidates.iter().map(|beat| beat.activity).collect());
        let mut typical = typical.into_iter().map(|around| self.min_activity * around.max(overall / 4.0));
        candidates.retain(|beat| typical.next().is_some_and(|least| beat.activity >= least));
        Ok(candidates)
    }

    /// Adds the beats that half the weight finds in long intervals, before the first beat and after the last.
    fn search_back(&self, lead: &Lead, beats: Vec<Beat>) -> Result<Vec<Beat>, DspError> {
        let intervals: Vec<f64> = beats.windows(2).map(|two| (two[1].peak - two[0].peak) as f64).collect();
        let intervals = moving_median(&intervals, Self::NEIGHBOURS)?;
        let (Some(&first), Some(&last)) = (intervals.first(), intervals.last()) else { return Ok(beats) };
        let activity = typical(&beats, |beat| beat.activity)?;
        let mut complete = Vec::with_capacity(beats.len());
        for i in 0..=beats.len() {
            let pause = Pause {
                before: i.checked_sub(1).map(|k| beats[k]),
                after: beats.get(i).copied(),
                longest: self.search_back
                    * if i == 0 { first } else { *intervals.get(i - 1).unwrap_or(&last) },
            };
            let least = self.min_activity * activity[i.min(beats.len() - 1)];
            complete.extend(self.fill(lead, &pause, least));
            complete.extend(pause.after);
        }
        Ok(complete)
    }

    /// The beats in a pause, the most active first as long as the interval around it is too long.
    fn fill(&self, lead: &Lead, pause: &Pause, least: f64) -> Vec<Beat> {
        let end = lead.activity.len();
        let mut found: BTreeMap<usize, Beat> = BTreeMap::new();
        let around = |found: &BTreeMap<usize, Beat>, sample: usize| {
            let before = found.range(..sample).next_back().map(|(&peak, _)| peak);
            let after = found.range(sample..).next().map(|(&peak, _)| peak);
            (before.or(pause.before.map(|beat| beat.peak)), after.or(pause.after.map(|beat| beat.peak)))
        };
        let too_long = |(before, after): (Option<usize>, Option<usize>)| {
            (after.unwrap_or(end) - before.unwrap_or(0)) as f64 > pause.longest
        };
        if !too_long(around(&found, 0)) {
            return Vec::new();
        }
        let from = pause.before.map_or(0, |beat| beat.run.end + lead.refractory);
        let to = pause.after.map_or(end, |beat| beat.run.begin.saturating_sub(lead.refractory));
        let runs =
            runs::above_mean(&lead.activity, from..to.max(from), lead.average, self.weight / 2.0, least);
        let long_enough = runs.into_iter().filter(|run| run.length() as f64 >= lead.shortest);
        let mut candidates: Vec<Beat> = long_enough.map(|run| lead.beat(run)).collect();
        candidates.sort_by(|a, b| b.activity.total_cmp(&a.activity));
        for beat in candidates {
            let (before, after) = around(&found, beat.peak);
            let clear = before.is_none_or(|peak| peak + lead.refractory < beat.peak)
                && after.is_none_or(|peak| beat.peak + lead.refractory < peak);
            if clear && too_long((before, after)) {
                found.insert(beat.peak, beat);
            }
        }
        found.into_values().collect()
    }
}

/// Two neighbouring beats (or an end of the record) that may lie too far apart.
struct Pause {
    before: Option<Beat>,
    after: Option<Beat>,
    /// The longest interval that is not searched.
    longest: f64,
}

/// The median of a quantity over the neighbours of each beat.
fn typical(beats: &[Beat], quantity: impl Fn(&Beat) -> f64) -> Result<Vec<f64>, DspError> {
    moving_median(&beats.iter().map(quantity).collect::<Vec<_>>(), Gradient::NEIGHBOURS)
}

/// Of beats not more than `refractory` apart the more active, the earlier if equal.
fn without_crowding(beats: Vec<Beat>, refractory: usize) -> Vec<Beat> {
    let mut kept: Vec<Beat> = Vec::with_capacity(beats.len());
    for beat in beats {
        match kept.last_mut() {
            Some(last) if beat.peak - last.peak <= refractory => {
                if beat.activity > last.activity {
                    *last = beat;
                }
            }
            _ => kept.push(beat),
        }
    }
    kept
}
