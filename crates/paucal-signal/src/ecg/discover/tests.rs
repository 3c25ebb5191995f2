//! Patterns among beats that were held back.

use std::path::Path;

use ndarray::Array2;
use paucal_core::{Advice, Seed, Silent};

use super::*;
use crate::formats::numpy::{Array, Values, read_npy, write_npz};

/// Three kinds of beats: 60 of five patients, 30 of one, 10 of two.
fn held() -> HeldBack {
    let kind = |row: usize| usize::from(row >= 60) + usize::from(row >= 90);
    let patient = |row: usize| match kind(row) {
        0 => row % 5,
        1 => 7,
        _ => row % 2,
    };
    let value =
        |row: usize, k: usize| (kind(row) * (k + 1)) as f32 * 8.0 + ((row * 13 + k * 5) % 7) as f32 / 7.0;
    HeldBack {
        beats_in_all: 1000,
        ids: (0..100).map(|row| 10 * row).collect(),
        records: (0..100).map(|row| format!("r{}", patient(row))).collect(),
        patients: (0..100).map(|row| format!("p{}", patient(row))).collect(),
        length: 5,
        waves: (0..100).flat_map(|row| (0..5).map(move |k| value(row, k))).collect(),
        features: Array2::from_shape_fn((100, 3), |(row, k)| value(row, k)),
        rate_hz: 360.0,
        peak: Some(2),
        unit: "mV".into(),
    }
}

/// Enough clusters for the three kinds.
fn options() -> DiscoverOptions {
    DiscoverOptions { cluster_scale: 10, min_alert_size: 50, ..DiscoverOptions::default() }
}

fn found(held: &HeldBack, options: &DiscoverOptions) -> DiscoverReport {
    discover(held, options, Seed(1), &Silent::new()).unwrap()
}

#[test]
fn kinds_are_found_with_their_patients() {
    let report = found(&held(), &options());
    let seen: Vec<_> = report.clusters.iter().map(|c| (c.size, c.patients, c.alert)).collect();
    assert_eq!(seen, [(60, 5, true), (30, 1, false), (10, 2, false)]);
    assert_eq!((report.alerts, report.single_patient, report.patients), (1, 1, 6));
    assert_eq!(report.clusters[0].reasons, ["60 beats", "5 patients"]);
    assert_eq!(
        (report.clusters[1].largest_patient.as_str(), report.clusters[1].largest_patient_share),
        ("p7", 1.0)
    );
    assert_eq!((report.stability.mean, report.stability.stable()), (Some(1.0), 3));
    assert_eq!((report.map.len(), report.clusters[0].members.len()), (100, 16));
    assert!(report.clusters[2].example_beat_ids.iter().all(|id| *id >= 900));
}

#[test]
fn the_literal_rule_counts_beats_only() {
    let few = DiscoverOptions { min_alert_size: 61, ..options() };
    assert_eq!(found(&held(), &few).alerts, 1);
    let literal = DiscoverOptions { compat: Compat::Spec, ..few };
    assert_eq!(found(&held(), &literal).alerts, 0);
    assert_eq!(found(&held(), &literal).clusters[0].example_beat_ids[..3], [0, 10, 20]);
}

#[test]
fn the_number_of_clusters_follows_the_first_description() {
    let k = |beats| DiscoverOptions::default().clusters(beats);
    assert_eq!([1, 2, 100, 360, 1000, 100_000].map(k), [1, 2, 2, 3, 5, 20]);
}

#[test]
fn one_beat_or_none_is_no_fault() {
    let none = HeldBack { beats_in_all: 9, ..HeldBack::default() };
    let report = found(&none, &options());
    assert_eq!((report.beats, report.unknown_count, report.clusters_found), (9, 0, 0));
    let one = HeldBack {
        ids: vec![4],
        records: vec!["r".into()],
        patients: vec!["p".into()],
        waves: vec![1.0; 5],
        features: Array2::zeros((1, 3)),
        ..held()
    };
    let report = found(&one, &options());
    assert_eq!((report.clusters_found, report.clusters[0].centroid.clone()), (1, vec![1.0; 5]));
    assert_eq!(report.stability.mean, None);
}

fn write_folder(folder: &Path, held: &HeldBack, list: &str) {
    let array = |values: Values, shape: &[usize]| Array { shape: shape.to_vec(), values };
    let n = held.ids.len();
    let ids = held.ids.iter().map(|id| *id as i32).collect();
    let arrays = [
        ("beat_global_id", array(Values::I32(ids), &[n])),
        ("waves", array(Values::F32(held.waves.clone()), &[n, held.length])),
        (
            "features",
            array(Values::F32(held.features.iter().copied().collect()), &[n, held.features.ncols()]),
        ),
        ("rate", array(Values::F64(vec![held.rate_hz]), &[1])),
        ("peak", array(Values::I32(vec![2]), &[1])),
        ("millivolts", array(Values::I32(vec![1]), &[1])),
    ];
    write_npz(&folder.join("review_beats.npz"), &arrays.map(|(name, a)| (name.to_owned(), a))).unwrap();
    std::fs::write(folder.join("beat_predictions.csv"), list).unwrap();
}

/// A list in which the beats that were held back stand in reverse order among others.
fn list(held: &HeldBack) -> String {
    let rows = (0..held.ids.len()).rev().map(|row| {
        let id = held.ids[row];
        format!("{id},{},{},1.5,-99,1\n{},x,y,2.0,0,0\n", held.records[row], held.patients[row], id + 1)
    });
    std::iter::once("beat_global_id,record,patient,time_s,final_label,review_flag\n".to_owned())
        .chain(rows)
        .collect()
}

#[test]
fn a_folder_is_read_by_the_numbers_of_its_beats() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &held(), &list(&held()));
    let read = HeldBack::open(folder.path()).unwrap();
    assert_eq!(read, HeldBack { beats_in_all: 200, ..held() });
    let report = found(&read, &options());
    let out = tempfile::tempdir().unwrap();
    report.write(out.path()).unwrap();
    let text = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    assert!(
        text("new_pattern_clusters.csv")
            .starts_with("cluster_id,size,size_ratio,example_beat_ids,alert_flag,")
    );
    assert_eq!(text("new_pattern_clusters.csv").lines().count(), 4);
    assert_eq!(text("new_pattern_alerts.csv").lines().count(), 2);
    let id = report.clusters[0].cluster_id;
    let centroid = read_npy(&out.path().join(format!("cluster_{id}_centroid.npy"))).unwrap();
    assert_eq!(centroid.values, Values::F32(report.clusters[0].centroid.clone()));
    assert!(text("new_pattern_summary.json").contains("\"unknown_count\": 100"));
}

#[test]
fn a_folder_that_does_not_hold_together_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(HeldBack::open(folder.path()).is_err());
    let refused = |list: String| {
        write_folder(folder.path(), &held(), &list);
        HeldBack::open(folder.path()).unwrap_err()
    };
    let error = refused(list(&held()).replace("review_flag", "flag"));
    assert!(error.to_string().contains("no column 'review_flag'") && error.hint().is_some());
    assert!(refused(list(&held()).replace("\n990,r1,p1,1.5,-99,1", "")).to_string().contains("beat 990"));
    let more = list(&held()) + "5000,x,y,1.0,-99,1\n";
    assert!(refused(more).to_string().contains("1 beats that"));
    // Nothing held back needs no arrays.
    std::fs::remove_file(folder.path().join("review_beats.npz")).unwrap();
    std::fs::write(
        folder.path().join("beat_predictions.csv"),
        "beat_global_id,record,patient,review_flag\n1,a,b,0\n",
    )
    .unwrap();
    assert_eq!(HeldBack::open(folder.path()).unwrap().beats_in_all, 1);
}
