//! WFDB records made in the test: round trips, damage, and everything a header can ask for.

// The lints know test functions, not the helpers beside them.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use paucal_core::Advice;
use paucal_signal::formats::wfdb::{self, AnnotationFile, Format, WriteOptions};
use paucal_signal::formats::{FormatError, ReadOptions, discover, read};
use paucal_signal::recording::{Annotation, AnnotationType, Channel, Codes, Converter, Recording, Samples};
use proptest::prelude::*;
use tempfile::TempDir;

/// A folder with files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn little(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

fn default() -> ReadOptions {
    ReadOptions::default()
}

fn partial() -> ReadOptions {
    ReadOptions { partial: true, ..default() }
}

fn record(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

fn codes(channel: &Channel) -> Vec<i32> {
    match &channel.samples {
        Samples::Codes(codes, _) => codes.iter().collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_has_many_names() {
    let files =
        folder(&[("a.hea", b"a 1 4 3\na.dat 16 100/mV\n"), ("a.dat", &little(&[100, -200, i16::MIN]))]);
    for name in ["a", "a.hea", "a.dat"] {
        let recording = read(&record(&files, name), &default()).unwrap();
        assert_eq!(recording.id, "a");
        let values = recording.channels[0].physical();
        assert_eq!(&values[..2], [1.0, -2.0]);
        assert!(values[2].is_nan());
        assert_eq!(recording.seconds(), 0.75);
    }
}

#[test]
fn lists_of_records() {
    let files = folder(&[
        ("a.hea", b"a 1 4 1\na.dat 16\n"),
        ("a.dat", &[0, 0]),
        ("b.hea", b"b 1 4 1\nb.dat 16\n"),
        ("b.dat", &[0, 0]),
        ("RECORDS", b"b\na\n"),
        ("README.md", b"About these records\n"),
    ]);
    let path = |name: &str| record(&files, name);
    let names = |paths: &[PathBuf]| -> Vec<String> {
        let found = discover(paths).unwrap();
        found.iter().map(|s| s.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(&[path("RECORDS")]), ["b.hea", "a.hea"]);
    assert_eq!(names(&[files.path().into()]), ["a.hea", "b.hea"]);
    assert_eq!(names(&[path("b"), path("b.dat"), path("a.hea")]), ["b.hea", "a.hea"]);
    assert!(discover(&[path("c")]).is_err());
}

#[test]
fn samples_per_frame_skew_and_offset() {
    // Two bytes in front; in a frame two samples of the first signal and one of the second, which lags by one.
    let bytes = [&[9, 9][..], &little(&[1, 2, 0, 3, 4, 10, 5, 6, 20])].concat();
    let files = folder(&[("a.hea", b"a 2 10 3\na.dat 16x2+2 1\na.dat 16:1+2 1\n"), ("a.dat", &bytes)]);
    let recording = read(&record(&files, "a.hea"), &default()).unwrap();
    assert_eq!(codes(&recording.channels[0]), [1, 2, 3, 4, 5, 6]);
    assert_eq!(codes(&recording.channels[1]), [10, 20, i32::from(i16::MIN)]);
    assert!(recording.channels[1].physical()[2].is_nan());
    assert_eq!((recording.channels[0].rate, recording.channels[1].rate), (20.0, 10.0));
}

#[test]
fn a_gain_of_zero_is_200() {
    let files = folder(&[("a.hea", b"a 1\na.dat 16 0 12 0\n"), ("a.dat", &little(&[200]))]);
    let recording = read(&record(&files, "a.hea"), &default()).unwrap();
    assert_eq!((recording.channels[0].physical(), recording.channels[0].rate), (vec![1.0], 250.0));
}

#[test]
fn a_header_without_data_says_what_is_absent() {
    let files = folder(&[("a.hea", b"a 1 4 3\na.dat 16\n")]);
    let error = read(&record(&files, "a.hea"), &default()).unwrap_err();
    assert!(error.to_string().ends_with("a.hea names the file 'a.dat', which is not there"), "{error}");
    assert!(error.hint().unwrap().contains("same folder"));
}

#[test]
fn a_file_that_is_cut_off_is_refused_or_read_to_its_end() {
    let files = folder(&[("a.hea", b"a 2 4 1000\na.dat 212\na.dat 212\n"), ("a.dat", &[0; 200])]);
    let error = read(&record(&files, "a.hea"), &default()).unwrap_err();
    let message = "a.dat is cut off: 3000 bytes of samples expected, 200 found (6.7 %)";
    assert!(error.to_string().ends_with(message), "{error}");
    let recording = read(&record(&files, "a.hea"), &partial()).unwrap();
    assert_eq!(recording.channels[1].len(), 66);
    assert!(recording.warnings[0].contains("200 found"), "{:?}", recording.warnings);
}

#[test]
fn a_wrong_checksum_is_a_warning_or_an_error() {
    let files = folder(&[("a.hea", b"a 1 4 2\na.dat 16 200 12 0 1 4 0 MLII\n"), ("a.dat", &little(&[1, 2]))]);
    let recording = read(&record(&files, "a.hea"), &default()).unwrap();
    let warning = "MLII: the checksum of the samples in a.dat is 3, the header says 4; the file or its header was changed";
    assert_eq!(recording.warnings, [warning]);
    assert!(read(&record(&files, "a.hea"), &ReadOptions { strict: true, ..default() }).is_err());
}

#[test]
fn numbers_in_a_header_allocate_nothing() {
    let huge = u64::MAX;
    for (header, word) in [
        (format!("a 1 4 {huge}\na.dat 16\n"), "is cut off"),
        (format!("a 1 4 {huge}\na.dat 212x1000000\n"), "is cut off"),
        (format!("a 1 4 {huge}\n~ 0\n"), "more than the limit"),
        (format!("a/1 1 4 {huge}\n~ {huge}\n"), "no segment says"),
        (format!("a/2 1 4\nb 0\n~ {huge}\n"), "more than the limit"),
        (format!("a/3 1 4\nb 0\n~ {huge}\n~ {huge}\n"), "more than the limit"),
        (format!("a {huge} 4 1\na.dat 16\n"), "describes 1"),
        ("a 1 4 1\n../a.dat 16\n".into(), "outside the folder"),
        ("a 1 4 1\n/etc/passwd 16\n".into(), "outside the folder"),
        ("a/1 1 4 1\n../b 16\n".into(), "not the name of a segment"),
        ("a/1 1 4 1\na 1\n".into(), "has several segments"),
    ] {
        let files = folder(&[
            ("a.hea", header.as_bytes()),
            ("b.hea", b"b 1 4 0\n~ 0 200/mV 12 0 0 0 0 I\n"),
            ("a.dat", &[0; 64]),
        ]);
        let error = wfdb::read(&record(&files, "a.hea"), &default()).unwrap_err();
        assert!(error.to_string().contains(word), "{header}: {error}");
    }
}

#[test]
fn segments_with_gaps_and_other_formats() {
    let files = folder(&[
        ("r.hea", b"r/4 2 10 9 1:02:03\nlay 0\ns1 3\n~ 2\ns2 4\n# note\n"),
        ("lay.hea", b"lay 2 10 0\n~ 0 100/mV 12 0 0 0 0 I\n~ 0 1/mmHg 8 0 0 0 0 ABP\n"),
        ("s1.hea", b"s1 1 10 3\ns1.dat 212 100/mV 12 0 1 0 0 I\n"),
        ("s1.dat", &[1, 0, 2, 0, 8]),
        ("s2.hea", b"s2 2 10 4\ns2.dat 80 1/mmHg 8 0 0 0 0 ABP\ns2b.dat 16 100/mV 12 0 0 0 0 I\n"),
        ("s2.dat", &[0, 128, 129, 130]),
        ("s2b.dat", &little(&[5, 6, 7, i16::MIN])),
    ]);
    let recording = read(&record(&files, "r.hea"), &default()).unwrap();
    let text =
        |c: usize| recording.channels[c].physical().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(text(0), ["0.01", "0.02", "NaN", "NaN", "NaN", "0.05", "0.06", "0.07", "NaN"]);
    assert_eq!(text(1), ["NaN", "NaN", "NaN", "NaN", "NaN", "NaN", "0", "1", "2"]);
    assert_eq!((recording.start.as_deref(), recording.comments.len()), (Some("01:02:03"), 1));
    // The record is listed, its segments are not.
    let listed = discover(&[files.path()]).unwrap();
    assert_eq!(
        listed.iter().map(|s| s.path.file_name().unwrap().to_str().unwrap()).collect::<Vec<_>>(),
        ["r.hea"]
    );
    fs::remove_file(record(&files, "s2.hea")).unwrap();
    assert!(matches!(read(&record(&files, "r.hea"), &default()), Err(FormatError::Absent { .. })));
    assert_eq!(read(&record(&files, "r.hea"), &partial()).unwrap().channels[0].missing(), 7);
}

/// Two leads of one name stay two, in each segment.
#[test]
fn segments_with_leads_of_one_name() {
    let line = |name: &str| format!("{name}.dat 16 1 0 0 0 0 0 ECG\n");
    let header = |name: &str| format!("{name} 2 10 1\n{}", line(name).repeat(2));
    let files = folder(&[
        ("r.hea", b"r/2 2 10 2\ns 1\nt 1\n"),
        ("s.hea", header("s").as_bytes()),
        ("s.dat", &little(&[1, 2])),
        ("t.hea", header("t").as_bytes()),
        ("t.dat", &little(&[3, 4])),
    ]);
    let recording = read(&record(&files, "r.hea"), &default()).unwrap();
    assert_eq!((codes(&recording.channels[0]), codes(&recording.channels[1])), (vec![1, 3], vec![2, 4]));
}

#[test]
fn annotations_beside_a_record() {
    let marks =
        AnnotationFile::new(vec![Annotation { sample: 5, code: 1, ..Annotation::default() }], Some(8.0), &[]);
    let bytes = marks.render("a").unwrap();
    let files = folder(&[("a.hea", b"a 0 4 100\n"), ("a.atr", &bytes), ("a.qrs", &bytes[..bytes.len() - 3])]);
    let recording = read(&record(&files, "a.hea"), &default()).unwrap();
    assert_eq!((recording.annotations[0].symbol(), recording.annotation_rate), ("N", 8.0));
    assert_eq!(recording.seconds_of(&recording.annotations[0]), 0.625);
    let asked = |name: &str| ReadOptions { annotator: Some(name.into()), ..default() };
    assert!(read(&record(&files, "a.hea"), &asked("")).unwrap().annotations.is_empty());
    assert!(read(&record(&files, "a.hea"), &asked("ecg")).unwrap_err().to_string().contains("a.ecg"));
    assert!(read(&record(&files, "a.hea"), &asked("qrs")).unwrap_err().to_string().contains("no end mark"));
    let cut = read(&record(&files, "a.hea"), &ReadOptions { partial: true, ..asked("qrs") }).unwrap();
    assert!(cut.warnings[0].contains("no end mark"), "{:?}", cut.warnings);
    fs::write(record(&files, "a.atr"), b"this is no annotation file").unwrap();
    assert!(read(&record(&files, "a.hea"), &default()).unwrap_err().to_string().contains("a.atr"));
}

/// Two seconds are a recording like any other.
#[test]
fn a_short_record() {
    let files = folder(&[("a.hea", b"a 1 360 720\na.dat 16\n"), ("a.dat", &[0; 1440])]);
    assert_eq!(read(&record(&files, "a.hea"), &default()).unwrap().seconds(), 2.0);
    let empty = folder(&[("a.hea", b"a 1 360\na.dat 16\n"), ("a.dat", &[])]);
    assert!(read(&record(&empty, "a.hea"), &default()).unwrap().channels[0].is_empty());
}

/// A day of two leads at 360 Hz in format 212: 93 MB. Run with `--ignored --nocapture` to see how long it takes.
#[test]
#[ignore = "a measurement"]
fn a_day() {
    let samples = 24 * 3600 * 360;
    let files = folder(&[("a.hea", format!("a 2 360 {samples}\na.dat 212\na.dat 212\n").as_bytes())]);
    fs::write(record(&files, "a.dat"), vec![0x35; 3 * samples]).unwrap();
    let start = std::time::Instant::now();
    let recording = read(&record(&files, "a.hea"), &default()).unwrap();
    println!("a day of two leads: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    assert_eq!((recording.channels[1].len(), recording.seconds()), (samples, 86_400.0));
}

/// A converter and codes of `bits` bits, some of them missing.
fn channel(bits: u32) -> impl Strategy<Value = Channel> {
    let half = 1_i32 << (bits - 1);
    let code = prop_oneof![1 => Just(-half), 9 => (1 - half)..half];
    (prop::collection::vec(code, 1..40), 1_i32..5000, -100_i32..100, 1_u32..4).prop_map(
        move |(codes, gain, baseline, per_frame)| {
            let whole = codes.len() - codes.len() % per_frame as usize;
            let converter = Converter {
                gain: f64::from(gain) / 7.0,
                baseline: f64::from(baseline),
                bits,
                zero: 3,
                missing: Some(-half),
            };
            let codes = codes[..whole].to_vec();
            let codes = if bits <= 16 {
                Codes::Short(codes.into_iter().map(|c| c as i16).collect())
            } else {
                Codes::Long(codes)
            };
            let samples = Samples::Codes(codes, converter);
            Channel {
                name: format!("lead {gain}"),
                unit: "mV".into(),
                rate: 50.0 * f64::from(per_frame),
                samples,
            }
        },
    )
}

fn recording() -> impl Strategy<Value = Recording> {
    let channels = (2_u32..=24).prop_flat_map(|bits| prop::collection::vec(channel(bits), 1..4));
    let marks = prop::collection::vec((0_i64..5000, 1_u8..50, -5_i16..5, "[a-z(]{0,9}"), 0..9);
    (channels, marks, "[a-z0-9_]{1,8}").prop_map(|(channels, marks, id)| {
        let mut annotations: Vec<Annotation> = marks
            .into_iter()
            .map(|(sample, code, number, text)| {
                let aux = text.into_bytes();
                Annotation { sample, code, number, aux, ..Annotation::default() }
            })
            .collect();
        annotations.sort_by_key(|a| a.sample);
        let annotation_types =
            vec![AnnotationType { code: 42, symbol: "c".into(), description: "calibration pulse".into() }];
        let annotation_types = if annotations.is_empty() { Vec::new() } else { annotation_types };
        Recording {
            id,
            start: Some("1994-08-15T17:27:45.757".into()),
            channels,
            annotations,
            annotation_rate: 360.0,
            annotation_types,
            comments: vec![" <age>: 60".into(), "two".into()],
            ..Recording::default()
        }
    })
}

/// Written and read again, with the rate of annotations as it is.
fn round_trip(
    folder: &Path,
    recording: &Recording,
    format: Option<Format>,
) -> Result<Recording, FormatError> {
    wfdb::write(folder, recording, &WriteOptions { format, ..WriteOptions::default() })?;
    read(&folder.join(format!("{}.hea", recording.id)), &default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(recording in recording()) {
        let folder = tempfile::tempdir().unwrap();
        let again = round_trip(folder.path(), &recording, None).unwrap();
        prop_assert_eq!(&again.warnings, &Vec::<String>::new());
        prop_assert_eq!((&again.id, &again.start, &again.comments), (&recording.id, &recording.start, &recording.comments));
        prop_assert_eq!(&again.annotations, &recording.annotations);
        prop_assert_eq!(&again.annotation_types, &recording.annotation_types);
        for (a, b) in recording.channels.iter().zip(&again.channels) {
            prop_assert_eq!((&a.name, &a.unit, a.rate), (&b.name, &b.unit, b.rate));
            // Shorter channels are filled up.
            let (a, b) = (a.physical(), b.physical());
            prop_assert!(a.iter().zip(&b).all(|(x, y)| x == y || x.is_nan() && y.is_nan()));
            prop_assert!(b[a.len()..].iter().all(|x| x.is_nan()));
        }
    }

    #[test]
    fn every_format_holds_what_fits(format in 0_usize..10, samples in prop::collection::vec(-63_i16..64, 1..40)) {
        let numbers = [8, 16, 24, 32, 61, 80, 160, 212, 310, 311];
        let format = Format::from_number(numbers[format]).unwrap();
        let converter = Converter { gain: 1.0, baseline: 0.0, bits: 8, zero: 0, missing: None };
        let samples = Samples::Codes(Codes::Short(samples), converter);
        let channel = Channel { name: "I".into(), unit: "mV".into(), rate: 250.0, samples };
        let recording = Recording { id: "a".into(), channels: vec![channel.clone(), channel], annotation_rate: 250.0, ..Recording::default() };
        let folder = tempfile::tempdir().unwrap();
        let again = round_trip(folder.path(), &recording, Some(format)).unwrap();
        prop_assert_eq!(&again.warnings, &Vec::<String>::new());
        for (a, b) in recording.channels.iter().zip(&again.channels) {
            prop_assert_eq!(a.physical(), b.physical());
        }
    }

    #[test]
    fn values_are_rounded_finely(values in prop::collection::vec(prop_oneof![Just(f64::NAN), -1e3..1e3_f64], 1..50), shift in -1e5..1e5_f64) {
        let values: Vec<f64> = values.iter().map(|v| v + shift).collect();
        let channel = Channel { name: "I".into(), unit: String::new(), rate: 0.1, samples: Samples::Double(values.clone()) };
        let recording = Recording { id: "a".into(), channels: vec![channel], annotation_rate: 0.1, ..Recording::default() };
        let folder = tempfile::tempdir().unwrap();
        let again = round_trip(folder.path(), &recording, None).unwrap().channels[0].physical();
        for (a, b) in values.iter().zip(again) {
            prop_assert!((a - b).abs() < 0.05 || a.is_nan() && b.is_nan(), "{} {}", a, b);
        }
    }

    #[test]
    fn damage_never_panics(at in 0_usize..200, byte: u8, cut in 0_usize..200) {
        let mut header = b"a 2 250/500(1) 20 1:2:3 1/2/1999\na.dat 212x2:1+1 200(3)/mV 12 0 5 77 0 I\na.dat 212+1 1 1 1 1 1 0 II\n# c\n".to_vec();
        if let Some(slot) = header.get_mut(at) {
            *slot = byte;
        }
        header.truncate(cut.max(1));
        let files = folder(&[("a.hea", &header), ("a.dat", &[7; 91])]);
        let _ = wfdb::read(&files.path().join("a.hea"), &default());
        let _ = wfdb::read(&files.path().join("a.hea"), &partial());
        let _ = discover(&[files.path()]);
    }
}
