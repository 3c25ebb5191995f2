//! Properties that every detector has, on a made-up lead.

use super::*;
use crate::dsp::{Edge, resample_poly};
use proptest::prelude::*;

/// Beats of 1 mV at the given times (s), each a narrow spike between two small dips, before a T wave.
fn lead(times: &[f64], seconds: f64, fs: f64) -> Vec<f64> {
    let bump = |t: f64, width: f64| (-(t / width).powi(2) / 2.0).exp();
    let beat = |t: f64| {
        bump(t, 0.010) - 0.2 * bump(t + 0.03, 0.012) - 0.25 * bump(t - 0.03, 0.012)
            + 0.25 * bump(t - 0.28, 0.05)
    };
    let at = |i: usize| {
        let t = i as f64 / fs;
        let near = times.iter().filter(|&&time| (t - time).abs() < 1.0);
        near.map(|time| beat(t - time)).sum::<f64>() + 0.05 * (t * 1.7).sin()
    };
    (0..(seconds * fs) as usize).map(at).collect()
}

/// A rhythm between 60 and 75 beats per minute.
fn rhythm(seconds: f64) -> Vec<f64> {
    let mut times = vec![0.6];
    while let Some(next) = times.last().map(|t: &f64| t + 0.9 + 0.1 * (3.0 * t).sin()) {
        if next > seconds - 0.6 {
            break;
        }
        times.push(next);
    }
    times
}

fn detectors() -> impl Iterator<Item = AnyDetector> {
    METHODS.iter().map(|method| AnyDetector::named(method.name).unwrap())
}

/// Whether the beats are those expected, each within 15 ms.
fn agree(found: &[usize], times: &[f64], fs: f64) -> bool {
    found.len() == times.len()
        && found.iter().zip(times).all(|(&beat, time)| (beat as f64 / fs - time).abs() <= 0.015 + 1.0 / fs)
}

#[test]
fn all_find_every_beat_at_every_rate() {
    let times = rhythm(20.0);
    for fs in [50.0, 100.0, 128.0, 257.4, 360.0, 1000.0, 2000.0] {
        let lead = lead(&times, 20.0, fs);
        for detector in detectors() {
            let found = detector.method().detect(&lead, fs).unwrap();
            assert!(agree(&found, &times, fs), "{detector:?} at {fs} Hz: {found:?}");
        }
    }
}

#[test]
fn inverted_leads_have_the_same_beats() {
    let times = rhythm(20.0);
    let upright = lead(&times, 20.0, 250.0);
    let inverted: Vec<f64> = upright.iter().map(|v| -v).collect();
    for detector in detectors().filter(|detector| detector.method().name() != NeuroKit::NAME) {
        let found = |lead: &[f64]| detector.method().detect(lead, 250.0).unwrap();
        assert_eq!(found(&upright), found(&inverted), "{detector:?}");
    }
}

#[test]
fn flat_lines_and_nothing_have_no_beats() {
    for detector in detectors() {
        for flat in [vec![0.0; 5000], vec![-3.7e5; 5000], vec![f64::NAN; 5000], vec![f64::INFINITY; 5000]] {
            assert_eq!(detector.method().detect(&flat, 360.0), Ok(vec![]), "{detector:?}");
        }
    }
}

#[test]
fn gaps_and_lost_leads_take_no_other_beats_with_them() {
    let times = rhythm(60.0);
    let mut lead = lead(&times, 60.0, 250.0);
    // Eight seconds without samples, then five of an open electrode.
    let (gap, open) = (15.0..23.0, 40.0..45.0);
    for (i, value) in lead.iter_mut().enumerate() {
        let t = i as f64 / 250.0;
        if gap.contains(&t) {
            *value = f64::NAN;
        } else if open.contains(&t) {
            *value = 4.0;
        }
    }
    let inside = |t: f64, margin: f64| {
        [&gap, &open].iter().any(|stretch| t > stretch.start - margin && t < stretch.end + margin)
    };
    for detector in detectors() {
        let found = detector.method().detect(&lead, 250.0).unwrap();
        let clear = |t: f64| !inside(t, 1.2);
        let found_clear: Vec<usize> = found.iter().copied().filter(|&b| clear(b as f64 / 250.0)).collect();
        let times_clear: Vec<f64> = times.iter().copied().filter(|&t| clear(t)).collect();
        assert!(agree(&found_clear, &times_clear, 250.0), "{detector:?}: {found:?}");
        assert!(!found.iter().any(|&b| gap.contains(&(b as f64 / 250.0))), "{detector:?}: {found:?}");
    }
}

#[test]
fn small_beats_and_early_ones_are_found_in_the_end() {
    // A beat of a third of the height in the middle, and beats that lie 0.1 s from either end.
    let (fs, times) = (250.0, [0.1, 1.0, 1.9, 2.8, 3.7, 4.6, 5.5, 6.4, 7.3, 8.2, 9.1, 9.9]);
    let mut lead = lead(&times, 10.0, fs);
    for value in &mut lead[(4.3 * fs) as usize..(5.1 * fs) as usize] {
        *value *= 0.33;
    }
    let found = Gradient::default().detect(&lead, fs).unwrap();
    assert!(agree(&found, &times, fs), "{found:?}");
}

#[test]
fn requests_are_checked() {
    for detector in detectors() {
        let method = detector.method();
        for fs in [0.0, 49.0, 2001.0, f64::NAN, f64::INFINITY, -360.0] {
            assert!(matches!(method.detect(&vec![0.0; 9000], fs), Err(DspError::Parameter { .. })));
        }
        assert!(matches!(method.detect(&[0.0; 719], 360.0), Err(DspError::TooShort { needed: 720, .. })));
        assert!(method.detect(&[], 360.0).is_err());
    }
    assert!(Gradient { weight: f64::NAN, ..Gradient::default() }.check().is_err());
    assert!(Gradient { low_hz: 25.0, ..Gradient::default() }.check().is_err());
    assert!(NeuroKit { smooth_s: 0.0, ..NeuroKit::default() }.check().is_err());
    assert!(PanTompkins { high_hz: 4.0, ..PanTompkins::default() }.check().is_err());
    assert!(Hamilton { threshold: 1.0, ..Hamilton::default() }.check().is_err());
}

#[test]
fn refinement_finds_the_peak_in_either_direction() {
    let mut lead = lead(&[1.0, 2.0], 3.0, 250.0);
    lead[252] = f64::NAN;
    let inverted: Vec<f64> = lead.iter().map(|v| -v).collect();
    let moved = |lead: &[f64], polarity| refine_peaks(lead, &[245, 248, 510, 9999], 250.0, 0.05, polarity);
    assert_eq!(moved(&lead, Polarity::Either), [250, 500]);
    assert_eq!(moved(&inverted, Polarity::Either), [250, 500]);
    assert_eq!(moved(&lead, Polarity::Positive), [250, 500]);
    assert_eq!(moved(&inverted, Polarity::Negative), [250, 500]);
    assert_eq!(refine_peaks(&[f64::NAN; 50], &[25], 250.0, 0.05, Polarity::Either), [25]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn gain_and_offset_do_not_matter(exponent in -30_i32..30, gain in 1.0..2.0_f64, offset in -2.0..2.0_f64) {
        let times = rhythm(12.0);
        let lead = lead(&times, 12.0, 250.0);
        let other: Vec<f64> = lead.iter().map(|v| (v + offset) * gain * 2.0_f64.powi(exponent)).collect();
        for detector in detectors() {
            let found = detector.method().detect(&other, 250.0).unwrap();
            prop_assert!(agree(&found, &times, 250.0), "{:?}: {:?}", detector, found);
        }
    }

    #[test]
    fn resampling_moves_beats_by_a_sample(up in 1_usize..8, down in 1_usize..5) {
        let fs = 250.0 * up as f64 / down as f64;
        prop_assume!((100.0..=2000.0).contains(&fs));
        let times = rhythm(12.0);
        let other = resample_poly(&lead(&times, 12.0, 250.0), up, down, Edge::Line).unwrap();
        for detector in detectors() {
            let found = detector.method().detect(&other, fs).unwrap();
            prop_assert!(agree(&found, &times, fs), "{:?} at {} Hz: {:?}", detector, fs, found);
        }
    }

    #[test]
    fn anything_is_answered(
        values in proptest::collection::vec(
            prop_oneof![8 => -1e3..1e3_f64, 1 => Just(f64::NAN), 1 => Just(0.0), 1 => Just(1e300), 1 => Just(-f64::INFINITY)],
            0..900,
        ),
        fs in 50.0..300.0_f64,
    ) {
        for detector in detectors() {
            if let Ok(beats) = detector.method().detect(&values, fs) {
                prop_assert!(beats.is_sorted_by(|a, b| a < b) && beats.iter().all(|&beat| values[beat].is_finite()));
            }
        }
    }
}
