//! Detectors on the records of the MIT-BIH Arrhythmia Database that PAUCAL_DATA holds.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::time::{Duration, Instant};

use paucal_signal::ecg::detect::{AnyDetector, Detector, METHODS, NeuroKit};
use paucal_signal::ecg::matching::{BeatScore, Tolerance, compare, excluded};
use paucal_signal::ecg::symbols::is_beat;
use serde_json::Value;

/// Scores of one record at 150 and at 75 ms, and how long the detection took.
struct Row {
    record: String,
    scores: [BeatScore; 2],
    time: Duration,
}

/// A detector on the first lead of every record; flutter counts only if `flutter`.
fn rows(detector: &dyn Detector, flutter: bool) -> Option<Vec<Row>> {
    let folder = support::folder()?;
    let row = |record: String| {
        let lead = support::lead(&folder, &record, 0);
        let annotations = support::annotations(&folder, &record);
        let beats: Vec<usize> = annotations.iter().filter(|(_, s)| is_beat(*s)).map(|(b, _)| *b).collect();
        let left_out = if flutter { vec![] } else { excluded(annotations, lead.len(), 0) };
        let start = Instant::now();
        let found = detector.detect(&lead, support::FS).unwrap();
        let time = start.elapsed();
        let score = |tolerance| compare(&beats, &found, support::FS, tolerance, &left_out).score();
        Row { record, scores: [Tolerance::STANDARD, Tolerance::STRICT].map(score), time }
    };
    Some(support::records(&folder).into_iter().map(row).collect())
}

fn gross(rows: &[Row], tolerance: usize) -> BeatScore {
    rows.iter().map(|row| row.scores[tolerance]).sum()
}

/// Se, +P and F1 in percent, bias and jitter in ms.
fn line(score: &BeatScore) -> String {
    let percent = |value: Option<f64>| 100.0 * value.unwrap_or(f64::NAN);
    format!(
        "Se {:7.3} +P {:7.3} F1 {:7.3} bias {:6.2} ± {:5.2} ms",
        percent(score.sensitivity()),
        percent(score.positive_predictivity()),
        percent(score.f1()),
        score.bias_ms().unwrap_or(f64::NAN),
        score.jitter_ms().unwrap_or(f64::NAN),
    )
}

#[test]
fn the_default_detector_keeps_its_word() {
    let default = AnyDetector::default();
    let Some(rows) = rows(default.method(), true) else { return };
    for row in &rows {
        println!(
            "{} missed {:3} extra {:3}  {}",
            row.record,
            row.scores[0].missed,
            row.scores[0].extra,
            line(&row.scores[1])
        );
    }
    let f1 = [0, 1].map(|tolerance| gross(&rows, tolerance).f1().unwrap());
    assert!(f1[0] >= 0.995 && f1[1] >= 0.994, "F1 {f1:?}");
    assert!(gross(&rows, 1).jitter_ms().unwrap() < 10.0);
}

#[test]
fn neurokits_peaks_are_found_on_every_record() {
    let Some(folder) = support::folder() else { return };
    let golden: Value = serde_json::from_str(include_str!("golden/neurokit.json")).unwrap();
    for (record, expected) in golden["records"].as_object().unwrap() {
        let found = NeuroKit::default().detect(&support::lead(&folder, record, 0), support::FS).unwrap();
        let weighted: usize = (1..).zip(&found).map(|(rank, peak)| rank * peak).sum();
        let [count, sum] = ["count", "weighted"].map(|key| expected[key].as_u64().unwrap());
        assert_eq!((found.len() as u64, weighted as u64), (count, sum), "{record}");
    }
}

/// `cargo test -p paucal-signal --test mitdb -- --ignored --nocapture`
#[test]
#[ignore = "prints a table of all detectors"]
fn table_of_detectors() {
    for method in METHODS {
        let detector = AnyDetector::named(method.name).unwrap();
        for (flutter, what) in [(true, "all"), (false, "flutter excluded")] {
            let Some(rows) = rows(detector.method(), flutter) else { return };
            let fastest = rows.iter().map(|row| row.time).min().unwrap_or_default();
            let total: Duration = rows.iter().map(|row| row.time).sum();
            println!(
                "{} ({what}), ms per record: fastest {:.1}, mean {:.1}",
                method.name,
                fastest.as_secs_f64() * 1e3,
                total.as_secs_f64() * 1e3 / rows.len() as f64
            );
            for (tolerance, ms) in [(0, 150), (1, 75)] {
                println!("  {ms:3} ms: {}", line(&gross(&rows, tolerance)));
            }
        }
    }
}
