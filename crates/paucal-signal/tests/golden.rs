//! Golden values of SciPy and NeuroKit2, made by tools/golden/dsp.py on ten seconds of MIT-BIH record 100.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use paucal_signal::dsp::median::moving_median;
use paucal_signal::dsp::peaks::{keep_highest, local_maxima, prominence};
use paucal_signal::dsp::smooth::{gradient, moving_mean, remove_line, standardise};
use paucal_signal::dsp::{Band, Edge, Padding, ZeroPoleGain, butterworth, notch, resample, resample_poly};
use paucal_signal::ecg::detect::{Detector, NeuroKit};
use serde_json::Value;

fn golden(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// The ten seconds, in mV.
fn lead() -> Vec<f64> {
    let lead = golden(include_str!("golden/lead.json"));
    numbers(&lead["samples"]).into_iter().map(|units| units / 200.0).collect()
}

/// The samples that the script stores.
fn thin(signal: &[f64], family: &Value) -> Vec<f64> {
    let every = signal.iter().step_by(count(&family["every"]));
    every.chain(signal.last()).copied().collect()
}

/// Asserts equality within `tolerance`, relative above 1, and gives the largest difference.
fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) -> f64 {
    assert_eq!(found.len(), expected.len(), "{what}");
    let difference = |(a, b): (&f64, &f64)| (a - b).abs() / b.abs().max(1.0);
    let largest = found.iter().zip(expected).map(difference).fold(0.0, f64::max);
    assert!(largest <= tolerance, "{what}: {largest:e} apart");
    largest
}

fn design(case: &Value) -> ZeroPoleGain {
    let edges = numbers(&case["edges"]);
    let band = match case["kind"].as_str().unwrap() {
        "low" => Band::Low(edges[0]),
        "high" => Band::High(edges[0]),
        "pass" => Band::Pass(edges[0], edges[1]),
        _ => Band::Stop(edges[0], edges[1]),
    };
    butterworth(count(&case["order"]), band, number(&case["fs"])).unwrap()
}

#[test]
fn sections_are_scipys() {
    let family = golden(include_str!("golden/filters.json"));
    let x = lead();
    let mut worst = [0.0_f64; 4];
    for case in family["sections"].as_array().unwrap() {
        let what = format!("{} {} {} at {}", case["order"], case["kind"], case["edges"], case["fs"]);
        let sos = design(case).sos();
        let rows = sos.sections().iter().map(|s| [s.b[0], s.b[1], s.b[2], 1.0, s.a[0], s.a[1]]);
        let expected: Vec<f64> = case["sos"].as_array().unwrap().iter().flat_map(numbers).collect();
        let compared = |worst: &mut f64, found: &[f64], expected: &[f64], tolerance| {
            *worst = worst.max(assert_near(found, expected, tolerance, &what));
        };
        compared(&mut worst[0], &rows.flatten().collect::<Vec<_>>(), &expected, 1e-12);
        if case["zi"].is_null() {
            continue;
        }
        let states: Vec<f64> = case["zi"].as_array().unwrap().iter().flat_map(numbers).collect();
        compared(&mut worst[1], &sos.steady_state().concat(), &states, 1e-9);
        compared(&mut worst[2], &thin(&sos.filter(&x), &family), &numbers(&case["filter"]), 1e-10);
        let both = sos.filtfilt(&x, Padding::Standard).unwrap();
        compared(&mut worst[3], &thin(&both, &family), &numbers(&case["filtfilt"]), 1e-10);
        let short = sos.filtfilt(&x[..24], Padding::Samples(11)).unwrap();
        compared(&mut worst[3], &short, &numbers(&case["filtfilt_short"]), 1e-10);
    }
    println!(
        "largest differences: coefficients, steady state, filter, filtfilt: {}",
        worst.map(|w| format!("{w:.1e}")).join(" ")
    );
}

#[test]
fn polynomials_are_scipys() {
    let family = golden(include_str!("golden/filters.json"));
    let x = lead();
    for case in family["polynomials"].as_array().unwrap() {
        let filter = butterworth(4, Band::Pass(0.5, 45.0), number(&case["fs"])).unwrap().transfer();
        assert_near(&filter.b, &numbers(&case["b"]), 1e-15, "b");
        assert_near(&filter.a, &numbers(&case["a"]), 1e-13, "a");
        let settled =
            assert_near(&filter.steady_state().unwrap(), &numbers(&case["zi"]), 1e-6, "steady state");
        let once = assert_near(
            &thin(&filter.filter(&x).unwrap(), &family),
            &numbers(&case["filter"]),
            1e-6,
            "filter",
        );
        let y = filter.filtfilt(&x, Padding::Standard).unwrap();
        let both = assert_near(&thin(&y, &family), &numbers(&case["filtfilt"]), 1e-6, "filtfilt");
        assert_near(&thin(&standardise(&y), &family), &numbers(&case["standardised"]), 1e-6, "standardised");
        println!(
            "{} Hz, differences of steady state, filter, filtfilt: {settled:e} {once:e} {both:e}",
            case["fs"]
        );
    }
    for case in family["notches"].as_array().unwrap() {
        let sos = notch(number(&case["frequency"]), number(&case["quality"]), number(&case["fs"])).unwrap();
        let section = sos.sections()[0];
        assert_near(&section.b, &numbers(&case["b"]), 1e-15, "notch");
        assert_near(&[1.0, section.a[0], section.a[1]], &numbers(&case["a"]), 1e-15, "notch");
    }
}

#[test]
fn the_filter_of_the_beat_pipeline_has_its_known_values() {
    // Measured apart from the script, from single precision input.
    let filter = butterworth(4, Band::Pass(0.5, 45.0), 360.0).unwrap().transfer();
    let y = filter.filtfilt(&lead(), Padding::Standard).unwrap();
    let known = [0.033_328_7, 0.032_957_5, -0.053_735_8, -0.213_917_2, -0.031_385_3];
    assert_near(&[0, 1, 1000, 1800, 3599].map(|i| y[i]), &known, 1e-6, "y");
    let z = standardise(&y);
    assert_near(&[0, 1000, 3599].map(|i| z[i]), &[0.205_317_9, -0.317_005_9, -0.182_918_9], 1e-6, "z");
}

#[test]
fn windows_trends_and_peaks_are_scipys() {
    let family = golden(include_str!("golden/shapes.json"));
    let x = lead();
    for case in family["means"].as_array().unwrap().iter().chain(family["boxcar"].as_array().unwrap()) {
        let mean = moving_mean(&x, count(&case["size"])).unwrap();
        assert_near(&thin(&mean, &family), &numbers(&case["output"]), 1e-15, "moving mean");
    }
    for case in family["medians"].as_array().unwrap() {
        let median = moving_median(&x, count(&case["size"])).unwrap();
        assert_eq!(thin(&median, &family), numbers(&case["output"]));
    }
    assert_eq!(thin(&gradient(&x), &family), numbers(&family["gradient"]));
    assert_near(&thin(&remove_line(&x), &family), &numbers(&family["line_removed"]), 1e-12, "line");

    let peaks = &family["peaks"];
    let part = &x[count(&peaks["from"])..count(&peaks["to"])];
    let positions = |value: &Value| value.as_array().unwrap().iter().map(count).collect::<Vec<_>>();
    let maxima = local_maxima(part);
    assert_eq!(maxima, positions(&peaks["peaks"]));
    let prominences: Vec<f64> = maxima.iter().map(|&peak| prominence(part, peak)).collect();
    assert_eq!(prominences, numbers(&peaks["prominences"]));
    let tilted: Vec<f64> = part.iter().enumerate().map(|(i, v)| v + 1e-7 * i as f64).collect();
    assert_eq!(keep_highest(&tilted, &local_maxima(&tilted), 12), positions(&peaks["apart_12"]));
}

#[test]
fn other_rates_are_scipys() {
    let family = golden(include_str!("golden/resample.json"));
    let x = lead();
    for case in family["fourier"].as_array().unwrap() {
        let (input, length) = (count(&case["input"]), count(&case["length"]));
        let found = resample(&x[..input], length).unwrap();
        assert_near(&found, &numbers(&case["output"]), 1e-13, &format!("{input} to {length}"));
    }
    for case in family["poly"].as_array().unwrap() {
        let (input, up, down) = (count(&case["input"]), count(&case["up"]), count(&case["down"]));
        // SciPy filters the line with the rest, so that the ripple of the filter shows.
        for (edge, name, tolerance) in [(Edge::Zero, "zero", 1e-13), (Edge::Line, "line", 1e-3)] {
            let found = resample_poly(&x[..input], up, down, edge).unwrap();
            assert_near(&found, &numbers(&case[name]), tolerance, &format!("{input} by {up}/{down}, {name}"));
        }
    }
}

#[test]
fn neurokits_peaks_are_found_to_the_sample() {
    let family = golden(include_str!("golden/neurokit.json"));
    let positions = |value: &Value| value.as_array().unwrap().iter().map(count).collect::<Vec<_>>();
    let x = lead();
    let detect = |x: &[f64]| NeuroKit::default().detect(x, 360.0).unwrap();
    assert_eq!(detect(&x), positions(&family["raw"]));
    assert_eq!(detect(&x), [370, 663, 947, 1231, 1515, 1809, 2045, 2403, 2706, 2998, 3283, 3560]);
    let band = butterworth(4, Band::Pass(0.5, 45.0), 360.0).unwrap();
    let filtered = band.transfer().filtfilt(&x, Padding::Standard).unwrap();
    assert_eq!(detect(&filtered), positions(&family["filtered"]));
    assert_eq!(detect(&standardise(&filtered)), positions(&family["filtered"]));
    assert_eq!(detect(&band.sos().filtfilt(&x, Padding::Standard).unwrap()), positions(&family["filtered"]));
}
