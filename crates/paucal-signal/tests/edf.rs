//! EDF files made in the test.

// The lints know test functions, not the helpers beside them.
#![allow(clippy::unwrap_used)]

use std::fs;

use paucal_signal::formats::{FormatError, ReadOptions, edf, read};
use paucal_signal::recording::{Annotation, Channel, Codes, Converter, Recording, Samples};
use proptest::prelude::*;

/// A header and the bytes behind it. Signals: label, unit, physical and digital extremes, samples per record.
fn file(
    version: &[u8],
    kind: &str,
    records: &str,
    signals: &[(&str, &str, [&str; 4], &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut out = version.to_vec();
    let mut put = |text: &str, width: usize| out.extend(format!("{text:<width$}").into_bytes());
    put("MCH-0234567 F 02-MAY-1951 Haagse_Harry", 80);
    put("Startdate 02-MAR-2002 EMG561 BK/JOP Sony.", 80);
    put("17.04.01", 8);
    put("11.25.00", 8);
    put(&(256 * (1 + signals.len())).to_string(), 8);
    put(kind, 44);
    put(records, 8);
    put("2", 8);
    put(&signals.len().to_string(), 4);
    signals.iter().for_each(|s| put(s.0, 16));
    signals.iter().for_each(|_| put("", 80));
    signals.iter().for_each(|s| put(s.1, 8));
    (0..4).for_each(|i| signals.iter().for_each(|s| put(s.2[i], 8)));
    signals.iter().for_each(|_| put("", 80));
    signals.iter().for_each(|s| put(s.3, 8));
    signals.iter().for_each(|_| put("", 32));
    out.extend_from_slice(body);
    out
}

const EDF: &[u8] = b"0       ";
const MILLIVOLT: [&str; 4] = ["-10", "10", "-1000", "1000"];
const TEXT: [&str; 4] = ["-1", "1", "-32768", "32767"];

fn parsed(bytes: &[u8], options: &ReadOptions) -> Result<Recording, FormatError> {
    let folder = tempfile::tempdir().unwrap();
    // The ending does not matter.
    let path = folder.path().join("night.dat");
    fs::write(&path, bytes).unwrap();
    read(&path, options)
}

fn little(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

#[test]
fn two_signals_of_two_rates() {
    let signals = [("ECG", "mV", MILLIVOLT, "4"), ("Temp", "degC", ["34", "40", "0", "600"], "1")];
    let body = little(&[100, 200, 300, 400, 0, -100, -200, -300, -1000, 300]);
    let recording = parsed(&file(EDF, "", "2", &signals, &body), &ReadOptions::default()).unwrap();
    assert_eq!((recording.channels[0].rate, recording.channels[1].rate), (2.0, 0.5));
    assert_eq!(recording.channels[0].physical(), [1.0, 2.0, 3.0, 4.0, -1.0, -2.0, -3.0, -10.0]);
    assert_eq!(recording.channels[1].physical(), [34.0, 37.0]);
    assert_eq!(recording.start.as_deref(), Some("2001-04-17T11:25:00"));
    assert_eq!((recording.id.as_str(), recording.channels[1].unit.as_str()), ("night", "degC"));
}

#[test]
fn gaps_are_missing_samples_and_annotations_have_times() {
    let signals = [("ECG", "mV", MILLIVOLT, "2"), ("EDF Annotations", "", TEXT, "16")];
    let list = |text: &[u8]| {
        let mut list = text.to_vec();
        list.resize(32, 0);
        list
    };
    let body = [
        little(&[100, 200]),
        list(b"+0.5\x14\x14\0+1.5\x151\x14Lights off\x14\0"),
        little(&[300, 400]),
        list(b"+5.5\x14\x14\0"),
    ]
    .concat();
    let recording = parsed(&file(EDF, "EDF+D", "2", &signals, &body), &ReadOptions::default()).unwrap();
    let values: Vec<String> = recording.channels[0].physical().iter().map(ToString::to_string).collect();
    assert_eq!(values, ["1", "2", "NaN", "NaN", "NaN", "3", "4"]);
    assert_eq!(recording.patient.as_deref(), Some("MCH-0234567"));
    let mark = &recording.annotations[0];
    assert_eq!((mark.sample, mark.duration, mark.text().as_ref()), (1, 1, "Lights off"));
}

/// The first sample may lie within a second; times of annotations count from the second.
#[test]
fn a_start_within_a_second() {
    let signals = [("ECG", "mV", MILLIVOLT, "8"), ("EDF Annotations", "", TEXT, "10")];
    let body = [&little(&[0; 8])[..], b"+0.25\x14\x14\0+1\x14x\x14\0\0\0\0\0\0\0\0"].concat();
    let recording = parsed(&file(EDF, "EDF+C", "1", &signals, &body), &ReadOptions::default()).unwrap();
    assert_eq!((recording.annotation_rate, recording.annotations[0].sample), (4.0, 3));
}

#[test]
fn odd_recordings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let channel = |rate| {
        let samples = Samples::Double(vec![1.0]);
        Channel { name: "I".into(), unit: "mV".into(), rate, samples }
    };
    for rates in [&[][..], &[0.0], &[f64::NAN], &[100.0, 100.123_456]] {
        let channels = rates.iter().map(|&rate| channel(rate)).collect();
        let recording = Recording { id: "a".into(), channels, ..Recording::default() };
        assert!(matches!(edf::write(&path, &recording), Err(FormatError::Unwritable { .. })), "{rates:?}");
        assert!(!path.exists());
    }
    let channels = vec![channel(4.0)];
    let marked = Recording { channels, annotations: vec![Annotation::default()], ..Recording::default() };
    assert!(edf::write(&path, &marked).is_err());
}

#[test]
fn bdf_has_24_bits() {
    let signals = [("ECG", "uV", ["-8388608", "8388607", "-8388608", "8388607"], "2")];
    let bytes = file(b"\xFFBIOSEMI", "24BIT", "1", &signals, &[0xFF, 0xFF, 0xFF, 0, 0, 0x80]);
    let recording = parsed(&bytes, &ReadOptions::default()).unwrap();
    assert_eq!(recording.channels[0].physical(), [-1.0, -8_388_608.0]);
}

#[test]
fn bad_files() {
    let signals = [("ECG", "mV", MILLIVOLT, "4")];
    let good = file(EDF, "", "2", &signals, &little(&[0; 8]));
    let refused = |bytes: &[u8]| parsed(bytes, &ReadOptions::default()).unwrap_err().to_string();
    assert!(refused(&good[..good.len() - 6]).contains("16 bytes of samples expected, 10 found"));
    assert!(refused(&good[..300]).contains("ends within its header"));
    let huge = file(EDF, "", "99999999", &[("ECG", "mV", MILLIVOLT, "99999999")], &[]);
    assert!(refused(&huge).contains("is cut off"));
    assert!(
        refused(&file(EDF, "", "two", &signals, &[]))
            .contains("'two' where a number of data records belongs")
    );
    let partial = ReadOptions { partial: true, ..ReadOptions::default() };
    assert_eq!(parsed(&good[..good.len() - 6], &partial).unwrap().channels[0].len(), 4);
    assert_eq!(parsed(&huge, &partial).unwrap().channels[0].len(), 0);
    // A count of −1 says that the recording was not closed.
    let open = parsed(&file(EDF, "", "-1", &signals, &little(&[0; 8])), &ReadOptions::default()).unwrap();
    assert_eq!((open.channels[0].len(), open.warnings.len()), (8, 1));
    // No physical range: codes are all there is.
    let flat = file(EDF, "", "1", &[("ECG", "mV", ["0", "0", "-1000", "1000"], "1")], &little(&[7]));
    assert_eq!(parsed(&flat, &ReadOptions::default()).unwrap().channels[0].physical(), [7.0]);
}

fn written(recording: &Recording) -> (edf::Written, Recording) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let written = edf::write(&path, recording).unwrap();
    (written, read(&path, &ReadOptions::default()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn codes_survive(codes in prop::collection::vec(-32_767_i16..=32_767, 1..400), rate in 1_u32..500, gain in 1_u32..5000, baseline in -2000_i32..2000) {
        let gain = f64::from(gain) / 3.0;
        let converter = Converter { gain, baseline: f64::from(baseline), bits: 16, zero: 0, missing: None };
        let samples = Samples::Codes(Codes::Short(codes.clone()), converter);
        let channel = Channel { name: "MLII".into(), unit: "mV".into(), rate: f64::from(rate), samples };
        let mark = Annotation { sample: 3, duration: 2, code: 22, aux: "Wehe ä".into(), ..Annotation::default() };
        let recording = Recording {
            id: "a".into(),
            patient: Some("P 1".into()),
            start: Some("1994-08-15T17:27:45".into()),
            channels: vec![channel],
            annotations: vec![mark.clone()],
            annotation_rate: f64::from(rate),
            ..Recording::default()
        };
        let (written, again) = written(&recording);
        let Samples::Codes(Codes::Short(read), _) = &again.channels[0].samples else { panic!() };
        prop_assert_eq!(&read[..codes.len()], &codes[..]);
        prop_assert_eq!(read.len(), codes.len() + written.padded);
        prop_assert_eq!(again.channels[0].rate, f64::from(rate));
        prop_assert_eq!((&again.annotations, &again.start), (&vec![mark], &recording.start));
        prop_assert_eq!(again.patient.as_deref(), Some("P_1"));
        for (a, b) in recording.channels[0].physical().iter().zip(again.channels[0].physical()) {
            prop_assert!((a - b).abs() <= 1e-5 * (65_536.0 / gain), "{} {}", a, b);
        }
    }

    #[test]
    fn values_are_rounded_finely(values in prop::collection::vec(-1e3..1e3_f64, 1..100), rate in prop::sample::select(vec![0.5, 4.0, 260.4, 333.3, 1000.0, 62.4725])) {
        let channel = Channel { name: "a".into(), unit: "µV".into(), rate, samples: Samples::Double(values.clone()) };
        let recording = Recording { id: "a".into(), channels: vec![channel], annotation_rate: 1.0, ..Recording::default() };
        let (_, again) = written(&recording);
        prop_assert!((again.channels[0].rate - rate).abs() <= 1e-6 * rate);
        prop_assert_eq!(&again.channels[0].unit, "uV");
        for (a, b) in values.iter().zip(again.channels[0].physical()) {
            prop_assert!((a - b).abs() < 0.05, "{} {}", a, b);
        }
    }

    #[test]
    fn damage_never_panics(at in 0_usize..900, byte: u8, cut in 0_usize..900) {
        let signals = [("ECG", "mV", MILLIVOLT, "4"), ("EDF Annotations", "", TEXT, "8")];
        let mut body = little(&[1, 2, 3, 4]);
        body.extend(b"+0\x14\x14\0+1\x14x\x14\0\0\0\0\0");
        let mut bytes = file(EDF, "EDF+D", "1", &signals, &body);
        if let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
        bytes.truncate(cut.max(1));
        let _ = parsed(&bytes, &ReadOptions::default());
        let _ = parsed(&bytes, &ReadOptions { partial: true, ..ReadOptions::default() });
    }
}

#[test]
fn missing_samples_are_counted() {
    let values = vec![1.0, f64::NAN, 3.0];
    let channel =
        Channel { name: "FHR".into(), unit: "bpm".into(), rate: 4.0, samples: Samples::Double(values) };
    let recording =
        Recording { id: "a".into(), channels: vec![channel], annotation_rate: 4.0, ..Recording::default() };
    let (written, again) = written(&recording);
    assert_eq!((written.missing, written.padded), (1, 0));
    assert_eq!(again.channels[0].len(), 3);
}
