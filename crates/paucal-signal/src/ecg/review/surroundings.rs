//! The signal around a beat, put together again from the beats that were cut out.

use crate::ecg::beats::Scale;
use crate::ecg::prepare::Prepared;

/// A stretch of a recording as far as its beats cover it.
#[derive(Debug, Clone, PartialEq)]
pub struct Surroundings {
    /// When it starts, in seconds from the start of the recording.
    pub start_s: f64,
    /// The samples at [`Prepared::rate`], NaN where no beat covers them.
    pub samples: Vec<f32>,
    /// `beat_global_id` of the beats whose R peak lies within, that in the middle included.
    pub beats: Vec<usize>,
}

/// What lies up to `seconds` before and after the R peak of a beat. Nothing has to be read again: waves of
/// neighbours are put where they were cut out, and what lies between them stays unknown.
pub fn surroundings(prepared: &Prepared, beat: usize, seconds: f64) -> Surroundings {
    let record = prepared.record_of(beat);
    let reach = (seconds * prepared.rate).round().clamp(0.0, 1e9) as usize;
    let middle = prepared.beats[beat].position as usize;
    let end = (record.seconds * prepared.rate).round() as usize;
    let (from, to) = (middle.saturating_sub(reach), (middle + reach + 1).min(end.max(middle + 1)));
    let mut samples = vec![f32::NAN; to - from];
    let mut beats = Vec::new();
    for other in record.first..record.first + record.beats {
        let position = prepared.beats[other].position as usize;
        if (from..to).contains(&position) {
            beats.push(other);
        }
        let Some(start) = position.checked_sub(prepared.window.before) else { continue };
        let covered = start.max(from)..(start + prepared.window.length()).min(to);
        if !covered.is_empty() {
            let wave = &prepared.wave(other)[covered.start - start..covered.end - start];
            samples[covered.start - from..covered.end - from].copy_from_slice(wave);
        }
    }
    Surroundings { start_s: from as f64 / prepared.rate, samples, beats }
}

/// The unit of the prepared waves: `mV`, or `z` for standard deviations of each recording.
pub fn unit(prepared: &Prepared) -> &'static str {
    match prepared.options.beats.conditioning.scale {
        Scale::Millivolts => "mV",
        Scale::ZScore => "z",
    }
}
