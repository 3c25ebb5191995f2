//! Timings, printed: `cargo test --release -p paucal-signal --test timing -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use paucal_signal::dsp::median::moving_median;
use paucal_signal::dsp::smooth::moving_mean;
use paucal_signal::dsp::{Band, Edge, Padding, butterworth, resample, resample_poly};
use paucal_signal::ecg::detect::{AnyDetector, METHODS};

/// Best of a few runs, in milliseconds.
fn best<T>(name: &str, mut work: impl FnMut() -> T) {
    let mut fastest = f64::INFINITY;
    for _ in 0..10 {
        let start = Instant::now();
        std::hint::black_box(work());
        fastest = fastest.min(start.elapsed().as_secs_f64() * 1e3);
    }
    println!("{name:30} {fastest:8.2} ms");
}

#[test]
#[ignore = "prints timings"]
fn half_an_hour_at_360_hz() {
    // A beat of 40 ms every 0.8 s, on a drift.
    let beat = |i: usize| if i % 288 < 14 { (i as f64 % 288.0 * 0.22).sin() } else { 0.0 };
    let lead: Vec<f64> = (0..650_000).map(|i| beat(i) + (i as f64 * 1e-3).sin()).collect();
    for method in METHODS {
        let detector = AnyDetector::named(method.name).unwrap();
        best(method.name, || detector.method().detect(&lead, 360.0).unwrap());
    }
    let band = butterworth(2, Band::Pass(8.0, 30.0), 360.0).unwrap();
    best("zero-phase, sections", || band.sos().filtfilt(&lead, Padding::Standard).unwrap());
    best("zero-phase, polynomials", || band.transfer().filtfilt(&lead, Padding::Standard).unwrap());
    best("moving mean", || moving_mean(&lead, 36).unwrap());
    best("moving median of 215", || moving_median(&lead, 215).unwrap());
    best("polyphase 360 -> 250 Hz", || resample_poly(&lead, 25, 36, Edge::Line).unwrap());
    best("Fourier 360 -> 250 Hz", || resample(&lead, 451_389).unwrap());
}
