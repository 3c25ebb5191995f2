//! The literal variant against the program it describes (`tools/golden/ecg_spec.py`), on a minute of a real
//! record.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use paucal_core::Seed;
use paucal_signal::ecg::beats::{BeatOptions, Compat, PeakSource, RecordBeats, Rr, extract};
use paucal_signal::ecg::context::{ContextWindows, EMPTY};
use paucal_signal::ecg::labels::LabelMap;
use paucal_signal::ecg::prepare::{FeatureMap, PrepareOptions, Shapes};
use paucal_signal::ecg::quality::{QualityOptions, spec};
use paucal_signal::formats::{ReadOptions, wfdb};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/ecg_spec.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what} {i}: {a} {b}");
    }
}

/// The literal beats around the annotated peaks.
fn beats() -> RecordBeats {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mitdb-minute/223m13");
    let recording = wfdb::read(&path, &ReadOptions::default()).unwrap();
    let options = BeatOptions { peaks: PeakSource::Annotations, ..BeatOptions::spec() };
    extract(&recording, &LabelMap::aami(), &options, &QualityOptions::default()).unwrap()
}

#[test]
fn beats_intervals_and_noise_are_those_of_the_program() {
    let (golden, cut) = (golden(), beats());
    let length = cut.window.length();
    assert_eq!(length as u64, golden["length"].as_u64().unwrap());
    let kept: Vec<f64> = cut.beats.iter().map(|b| f64::from(b.position)).collect();
    close(&kept, &numbers(&golden["kept"]), 0.0, "peaks");
    for (row, expected) in golden["beats"].as_array().unwrap().iter().enumerate() {
        let wave = &cut.waves[row * 10 * length..(row * 10 + 1) * length];
        let shown: Vec<f64> = wave.iter().step_by(20).map(|&v| f64::from(v)).collect();
        close(&shown, &numbers(expected), 2e-5, "wave");
    }
    let rr: Vec<Rr> = cut.beats.iter().map(|b| b.rr).collect();
    let seconds = |of: fn(&Rr) -> Option<f32>| rr.iter().map(|r| of(r).unwrap().into()).collect::<Vec<f64>>();
    close(&seconds(|r| r.previous), &numbers(&golden["rr_prev"]), 1e-6, "previous");
    close(&seconds(|r| r.next), &numbers(&golden["rr_next"]), 1e-6, "next");
    let scored = spec::score(&cut.waves, length, &rr);
    let scores: Vec<f64> = scored.iter().map(|s| s.0.into()).collect();
    close(&scores, &numbers(&golden["score"]), 1e-3, "score");
    let noise: Vec<f64> = (0..scored.len()).filter(|&i| scored[i].1).map(|i| i as f64).collect();
    close(&noise, &numbers(&golden["noise"]), 0.0, "noise");
    // What it calls noise: 2 of 70 N, but 2 of 5 S, 4 of 7 V and 3 of 4 F. The corrected score flags none of them.
    let of_class = |class| noise.iter().filter(|&&i| cut.beats[i as usize].class == Some(class)).count();
    assert_eq!([0, 1, 2, 3].map(of_class), [2, 2, 4, 3]);

    let windows = ContextWindows::over(&[scored.len()], 2, |beat| !scored[beat].1);
    let filled: Vec<f64> = (0..windows.len())
        .map(|i| windows.window(i).iter().filter(|&&slot| slot != EMPTY).count() as f64)
        .collect();
    close(&filled, &numbers(&golden["mask"]), 0.0, "mask");
    let centres: Vec<f64> = windows.centres().map(|beat| beat as f64).collect();
    close(&centres, &numbers(&golden["centres"]), 0.0, "centres");
}

#[test]
fn features_are_those_of_the_program() {
    let (golden, cut) = (golden(), beats());
    let rr: Vec<Rr> = cut.beats.iter().map(|b| b.rr).collect();
    let shapes = Shapes { waves: &cut.waves, length: cut.window.length(), rr: &rr };
    let mut options = PrepareOptions { components: 8, ..PrepareOptions::spec() };
    (options.beats.compat, options.clusters, options.restarts) = (Compat::Spec, 2, 1);
    let rows: Vec<usize> = (0..rr.len()).collect();
    let map = FeatureMap::fit(shapes, &rows, |_| true, &options, Seed(0)).unwrap();
    let features = map.transform(shapes);
    for (row, expected) in golden["features"].as_array().unwrap().iter().enumerate() {
        let found: Vec<f64> = features.row(row * 10).iter().map(|&v| v.into()).collect();
        close(&found, &numbers(expected), 2e-3, "features");
    }
}
