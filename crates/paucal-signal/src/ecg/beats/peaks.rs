//! Where the beats are, and what their annotations call them.

use serde::{Deserialize, Serialize};

use crate::ecg::detect::AnyDetector;
use crate::ecg::error::EcgError;
use crate::ecg::matching::{Tolerance, match_beats};
use crate::ecg::symbols::{FLUTTER_BEGINS, is_beat};
use crate::recording::Recording;

/// Where beats come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeakSource {
    /// The annotations where there are annotated beats, else the detector.
    #[default]
    Auto,
    /// The annotations; a recording without them is left out.
    Annotations,
    /// The detector; a beat takes the symbol of the annotation within 150 ms, if there is one.
    Detector,
}

/// The peaks of a lead.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Peaks {
    /// Their samples, rising.
    pub positions: Vec<usize>,
    /// Their symbols, where annotated.
    pub symbols: Vec<Option<char>>,
    /// Samples at which the row of beats is broken: ventricular flutter begins there, or signal is missing.
    pub breaks: Vec<usize>,
}

/// The peaks of a lead (without gaps) at `rate` Hz.
pub fn find(
    recording: &Recording,
    lead: &[f64],
    rate: f64,
    source: PeakSource,
    detector: &AnyDetector,
    warnings: &mut Vec<String>,
) -> Result<Peaks, EcgError> {
    let (annotated, breaks) = annotated(recording, lead.len(), rate, warnings);
    let use_annotations = match source {
        PeakSource::Auto => !annotated.is_empty(),
        PeakSource::Annotations => true,
        PeakSource::Detector => false,
    };
    if use_annotations {
        if annotated.is_empty() {
            let hint = "put the annotation file beside the header, or let a detector find the beats";
            return Err(EcgError::recording("it has no annotated beats", hint));
        }
        let (positions, symbols) = annotated.into_iter().map(|(at, symbol)| (at, Some(symbol))).unzip();
        return Ok(Peaks { positions, symbols, breaks });
    }
    let positions = detector.method().detect(lead, rate)?;
    let known: Vec<usize> = annotated.iter().map(|(at, _)| *at).collect();
    let mut symbols = vec![None; positions.len()];
    for (reference, found) in match_beats(&known, &positions, Tolerance::STANDARD.samples(rate)) {
        symbols[found] = Some(annotated[reference].1);
    }
    Ok(Peaks { positions, symbols, breaks })
}

/// Annotated beats within the lead, and where flutter begins.
fn annotated(
    recording: &Recording,
    samples: usize,
    rate: f64,
    warnings: &mut Vec<String>,
) -> (Vec<(usize, char)>, Vec<usize>) {
    let factor = rate / recording.annotation_rate;
    let (mut beats, mut breaks, mut outside): (Vec<(usize, char)>, _, _) = (Vec::new(), Vec::new(), 0_usize);
    for mark in &recording.annotations {
        let Some(symbol) = mark.symbol().chars().next() else { continue };
        let at = (mark.sample as f64 * factor).round();
        let inside = at >= 0.0 && at < samples as f64;
        if symbol == FLUTTER_BEGINS && inside {
            breaks.push(at as usize);
        } else if is_beat(symbol) {
            if inside { beats.push((at as usize, symbol)) } else { outside += 1 }
        }
    }
    if outside > 0 {
        warnings.push(format!("{outside} annotated beats lie outside the signal and were left out"));
    }
    let count = beats.len();
    beats.sort_by_key(|(at, _)| *at);
    beats.dedup_by_key(|(at, _)| *at);
    if beats.len() < count {
        warnings.push(format!("{} beats are annotated twice; the first counts", count - beats.len()));
    }
    breaks.sort_unstable();
    (beats, breaks)
}

/// Moves each peak to the largest deflection of a conditioned lead (whose baseline is zero) within `reach`
/// samples. Peaks that would meet or pass each other stay where they were.
pub fn recentre(lead: &[f64], peaks: &mut [usize], reach: usize) {
    let largest = |&peak: &usize| {
        let range = peak.saturating_sub(reach)..(peak + reach + 1).min(lead.len());
        range.fold(peak, |best, i| if lead[i].abs() > lead[best].abs() { i } else { best })
    };
    let moved: Vec<usize> = peaks.iter().map(largest).collect();
    let original = peaks.to_vec();
    let gap = |i: usize| original[i + 1] - original[i] > 2 * reach;
    for i in 0..peaks.len() {
        // Peaks more than twice the reach apart cannot meet; of closer ones both must keep their order.
        let free_before = i == 0 || gap(i - 1) || moved[i] > original[i - 1].max(moved[i - 1]);
        let free_after = i + 1 == peaks.len() || gap(i) || moved[i] < original[i + 1].min(moved[i + 1]);
        if free_before && free_after {
            peaks[i] = moved[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn peaks_move_to_the_largest_deflection_either_way_up() {
        let mut lead = vec![0.0; 100];
        (lead[20], lead[52], lead[80]) = (1.0, -2.0, 0.5);
        let mut peaks = [18, 55, 99];
        recentre(&lead, &mut peaks, 5);
        assert_eq!(peaks, [20, 52, 99]);
    }

    proptest! {
        #[test]
        fn moved_peaks_keep_their_order(
            lead in proptest::collection::vec(-1.0_f64..1.0, 50..300),
            steps in proptest::collection::vec(1_usize..30, 1..20),
            reach in 0_usize..20,
        ) {
            let rising = steps.iter().scan(0, |at, s| { *at += s; Some(*at) });
            let mut peaks: Vec<usize> = rising.filter(|&p| p < lead.len()).collect();
            let before = peaks.clone();
            recentre(&lead, &mut peaks, reach);
            prop_assert!(peaks.windows(2).all(|pair| pair[0] < pair[1]), "{before:?} {peaks:?}");
            prop_assert!(peaks.iter().zip(&before).all(|(a, b)| a.abs_diff(*b) <= reach));
        }
    }
}
