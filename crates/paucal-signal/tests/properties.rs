//! Properties of filters that hold for any signal.
#![allow(clippy::unwrap_used)]

use paucal_signal::dsp::{Band, DspError, Edge, Padding, Sos, butterworth, notch, resample, resample_poly};
use proptest::prelude::*;

fn signals(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-10.0..10.0_f64, length)
}

/// Filters of every kind and order 1 to 5 at 250 Hz.
fn filters() -> impl Strategy<Value = Sos> {
    (1_usize..=5, 0_usize..4, 2.0..20.0_f64, 25.0..110.0_f64).prop_map(|(order, kind, low, high)| {
        let band = match kind {
            0 => Band::Low(high),
            1 => Band::High(low),
            2 => Band::Pass(low, high),
            _ => Band::Stop(low, high),
        };
        butterworth(order, band, 250.0).unwrap().sos()
    })
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |most, v| most.max(v.abs()))
}

proptest! {
    #[test]
    fn zero_phase_filters_are_linear(sos in filters(), x in signals(80..200), y in signals(200..201), c in -3.0..3.0_f64) {
        let filtered = |x: &[f64]| sos.filtfilt(x, Padding::Standard).unwrap();
        let mixed: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x + c * y).collect();
        let (a, b) = (filtered(&x), filtered(&y[..x.len()]));
        let apart = filtered(&mixed).into_iter().zip(a.iter().zip(&b)).map(|(m, (a, b))| m - (a + c * b));
        prop_assert!(largest(apart) < 1e-9);
    }

    #[test]
    fn time_can_run_backwards_away_from_the_ends(sos in filters(), x in signals(60..100)) {
        // With zeros around, the ends do not matter: the filters forget within 2,000 samples.
        let mut padded = vec![0.0; 2000];
        padded.extend(&x);
        padded.extend(vec![0.0; 2000]);
        let there = sos.filtfilt(&padded, Padding::Standard).unwrap();
        padded.reverse();
        let mut back = sos.filtfilt(&padded, Padding::Standard).unwrap();
        back.reverse();
        prop_assert!(largest(there.iter().zip(&back).map(|(a, b)| a - b)) < 1e-9);
    }

    #[test]
    fn pieces_come_out_as_the_whole(sos in filters(), x in signals(1..200), cut in 0_usize..200) {
        let cut = cut.min(x.len());
        let mut pieces = x.clone();
        let mut stream = sos.streaming();
        let (first, second) = pieces.split_at_mut(cut);
        stream.filter(first);
        stream.filter(second);
        prop_assert_eq!(pieces, sos.filter(&x));
    }

    #[test]
    fn butterworth_filters_have_their_magnitude(order in 1_usize..=8, edge in 5.0..120.0_f64) {
        let low = butterworth(order, Band::Low(edge), 250.0).unwrap().sos();
        let high = butterworth(order, Band::High(edge), 250.0).unwrap().sos();
        let power = |sos: &Sos, hz| sos.response(hz, 250.0).norm_sqr();
        prop_assert!((power(&low, edge) - 0.5).abs() < 1e-9 && (power(&high, edge) - 0.5).abs() < 1e-9);
        prop_assert!((power(&low, 0.0) - 1.0).abs() < 1e-9 && power(&high, 0.0) < 1e-20);
        // The two halves share the power, by the formula of the prototype.
        for hz in [1.0, 30.0, 60.0, 100.0] {
            prop_assert!((power(&low, hz) + power(&high, hz) - 1.0).abs() < 1e-8);
        }
    }

    #[test]
    fn bands_reach_half_the_power_at_both_edges(order in 1_usize..=6, low in 1.0..40.0_f64, width in 5.0..60.0_f64) {
        let (pass, stop) = (Band::Pass(low, low + width), Band::Stop(low, low + width));
        for band in [pass, stop] {
            let sos = butterworth(order, band, 250.0).unwrap().sos();
            for edge in [low, low + width] {
                prop_assert!((sos.response(edge, 250.0).norm_sqr() - 0.5).abs() < 1e-7);
            }
        }
    }

    #[test]
    fn there_and_back_is_the_same_signal(x in signals(20..80), factor in 2_usize..5) {
        let finer = resample(&x, x.len() * factor).unwrap();
        let back = resample(&finer, x.len()).unwrap();
        // Of an even length, the component at half the rate is shared between two signs and comes back whole.
        prop_assert!(largest(back.iter().zip(&x).map(|(a, b)| a - b)) < 1e-12);
    }

    #[test]
    fn resampling_is_local_and_has_the_right_length(
        x in signals(0..80), up in 1_usize..40, down in 1_usize..40, line in any::<bool>(),
    ) {
        let edge = if line { Edge::Line } else { Edge::Zero };
        let y = resample_poly(&x, up, down, edge).unwrap();
        prop_assert_eq!(y.len(), (x.len() * up).div_ceil(down));
        prop_assert!(y.iter().all(|v| v.abs() < 60.0));
    }
}

#[test]
fn a_sine_keeps_its_phase() {
    let sine = |fs: f64, n: usize| {
        (0..n).map(|i| (i as f64 / fs * 10.0 * std::f64::consts::TAU).sin()).collect::<Vec<_>>()
    };
    let x = sine(250.0, 2500);
    let y =
        butterworth(2, Band::Pass(0.5, 40.0), 250.0).unwrap().sos().filtfilt(&x, Padding::Standard).unwrap();
    let z = resample_poly(&x, 36, 25, Edge::Line).unwrap();
    let apart = |a: &[f64], b: &[f64]| largest(a[1000..1500].iter().zip(&b[1000..1500]).map(|(a, b)| a - b));
    assert!(apart(&x, &y) < 0.01);
    assert!(apart(&sine(360.0, 3600), &z) < 0.005);
}

#[test]
fn notches_remove_one_frequency() {
    let sos = notch(50.0, 30.0, 360.0).unwrap();
    assert!(sos.response(50.0, 360.0).norm() < 1e-12);
    assert!((sos.response(10.0, 360.0).norm() - 1.0).abs() < 1e-3);
    for edge in [50.0 * (1.0 - 0.5 / 30.0), 50.0 * (1.0 + 0.5 / 30.0)] {
        assert!((sos.response(edge, 360.0).norm_sqr() - 0.5).abs() < 0.01);
    }
}

#[test]
fn bad_designs_are_refused() {
    let refused = |order, band, fs| matches!(butterworth(order, band, fs), Err(DspError::Parameter { .. }));
    assert!(refused(0, Band::Low(10.0), 250.0) && refused(17, Band::Low(10.0), 250.0));
    assert!(refused(2, Band::Low(0.0), 250.0) && refused(2, Band::High(125.0), 250.0));
    assert!(refused(2, Band::Low(f64::NAN), 250.0) && refused(2, Band::Low(10.0), f64::INFINITY));
    assert!(refused(2, Band::Pass(20.0, 10.0), 250.0) && refused(2, Band::Stop(10.0, 10.0), 250.0));
    assert!(
        notch(50.0, 0.0, 360.0).is_err()
            && notch(200.0, 30.0, 360.0).is_err()
            && notch(50.0, 0.2, 360.0).is_err()
    );
}

#[test]
fn short_signals_are_an_error_or_padded_less() {
    let sos = butterworth(4, Band::Pass(0.5, 45.0), 360.0).unwrap().sos();
    let refused = sos.filtfilt(&[1.0; 27], Padding::Standard);
    assert_eq!(refused, Err(DspError::TooShort { method: "zero-phase filter", needed: 28, found: 27 }));
    assert!(sos.filtfilt(&[1.0; 28], Padding::Standard).is_ok());
    for length in 1..28 {
        let output = sos.filtfilt(&vec![1.0; length], Padding::Reduced).unwrap();
        assert!(output.iter().all(|v| v.abs() < 1e-9), "a constant vanishes, whatever the length");
    }
    assert!(sos.filtfilt(&[], Padding::Reduced).is_err());
}

#[test]
fn a_long_silence_costs_no_more_than_sound() {
    let sos = butterworth(4, Band::Pass(20.0, 60.0), 250.0).unwrap().sos();
    let mut x = vec![0.0; 60_000];
    x[0] = 1.0;
    let y = sos.filter(&x);
    assert!(y[20_000..].iter().all(|v| *v == 0.0));
}
