//! The preparation of beats: on a minute of a real record, and on recordings that are hard to use.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use paucal_core::{Advice, Cancel, Seed, Silent};
use paucal_signal::ecg::EcgError;
use paucal_signal::ecg::beats::{BeatOptions, Compat, extract};
use paucal_signal::ecg::context::EMPTY;
use paucal_signal::ecg::labels::LabelMap;
use paucal_signal::ecg::mine::{MineOptions, SeedBeat, mine, read_seeds};
use paucal_signal::ecg::patients::Patients;
use paucal_signal::ecg::prepare::{PrepareOptions, Prepared, Sources, Summary, prepare};
use paucal_signal::ecg::quality::QualityOptions;
use paucal_signal::ecg::split::{Side, SplitFile};
use paucal_signal::formats::numpy::{Values, read_npy, read_npz};
use paucal_signal::formats::{ReadOptions, discover, edf, wfdb};
use paucal_signal::recording::{Annotation, Channel, Recording, Samples};
use proptest::prelude::*;

/// A minute of record 223 of the MIT-BIH Arrhythmia Database.
fn minute() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mitdb-minute")
}

/// Beats of `height` mV, one every 0.8 s more or less, each with a T wave, on a little noise.
fn strip(id: &str, rate: f64, seconds: f64, height: f64) -> Recording {
    let mut stream = Seed(id.bytes().map(u64::from).sum()).stream("test/strip", 0);
    let (mut peaks, mut at) = (Vec::new(), 0.5);
    while at < seconds {
        peaks.push(at);
        at += 0.8 + 0.05 * stream.normal();
    }
    let wave = |t: f64| (-(t / 0.012).powi(2)).exp() + 0.25 * (-((t - 0.25) / 0.05).powi(2)).exp();
    let value = |i: usize| {
        let t = i as f64 / rate;
        let near = peaks.iter().filter(|p| (t - **p).abs() < 0.6);
        height * (near.map(|p| wave(t - p)).sum::<f64>() + 0.3 * (0.7 * t).sin()) + 0.004 * stream.normal()
    };
    let samples: Vec<f64> = (0..(seconds * rate) as usize).map(value).collect();
    let mark = |p: &f64| Annotation { sample: (p * rate).round() as i64, code: 1, ..Annotation::default() };
    Recording {
        id: id.into(),
        channels: vec![Channel {
            name: "II".into(),
            unit: "mV".into(),
            rate,
            samples: Samples::Double(samples),
        }],
        annotations: peaks.iter().map(mark).filter(|m| (m.sample as f64) < seconds * rate).collect(),
        annotation_rate: rate,
        ..Recording::default()
    }
}

/// A folder of recordings.
fn folder(recordings: &[Recording]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for recording in recordings {
        wfdb::write(folder.path(), recording, &wfdb::WriteOptions::default()).unwrap();
    }
    folder
}

fn sources(folder: &Path) -> Sources {
    Sources { files: discover(&[folder]).unwrap(), ..Sources::default() }
}

fn run(sources: &Sources, options: &PrepareOptions) -> Result<Prepared, EcgError> {
    prepare(sources, options, Seed(3), &Silent::new())
}

#[test]
fn a_real_minute_is_cut_into_its_beats() {
    let prepared = run(&sources(&minute()), &PrepareOptions::default()).unwrap();
    let record = &prepared.records[0];
    assert_eq!((prepared.records.len(), record.name.as_str(), record.lead.as_str()), (1, "223m13", "MLII"));
    assert_eq!(record.peaks, 87);
    assert!((86..=87).contains(&record.beats), "{}", record.beats);
    let counts = prepared.class_counts(None, |_| true);
    assert_eq!(&counts[1..], [5, 7, 4, 0]);
    assert_eq!((prepared.window.length(), prepared.window.before, prepared.rate), (200, 90, 360.0));
    assert!(prepared.beats.iter().all(|beat| !beat.noise));
    assert_eq!(record.side, Side::Train, "one patient can only train");
    for (i, beat) in prepared.beats.iter().enumerate() {
        // The peak is the largest deflection within 18 samples, unless a neighbour was too near.
        let wave = prepared.wave(i);
        let largest = wave[72..=108].iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        assert_eq!(wave[90].abs(), largest);
        assert_eq!(beat.index as usize, i);
    }
    for pair in prepared.beats.windows(2) {
        assert_eq!(pair[0].rr.next, pair[1].rr.previous);
        let seconds = f64::from(pair[1].position - pair[0].position) / prepared.rate;
        assert!((f64::from(pair[0].rr.next.unwrap()) - seconds).abs() < 1e-6);
    }
    assert!(prepared.warnings.iter().any(|w| w.contains("only patient 223m13")), "{:?}", prepared.warnings);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let strips: Vec<Recording> = ["a", "b", "c", "d"].map(|id| strip(id, 360.0, 40.0, 1.0)).into();
    let folder = folder(&strips);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&sources(folder.path()), &PrepareOptions::default()).unwrap())
    };
    let (one, two) = (with(1), with(2));
    assert!(one == two);
    let [first, second] = [one, two].map(|prepared| {
        let out = tempfile::tempdir().unwrap();
        prepared.write(out.path()).unwrap();
        let mut files: Vec<_> = fs::read_dir(out.path()).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        let content = |p: PathBuf| (p.file_name().unwrap().to_owned(), fs::read(p).unwrap());
        files.into_iter().map(content).collect::<Vec<_>>()
    });
    assert!(first == second, "the same bytes");
}

#[test]
fn a_folder_is_read_back_as_it_was_written() {
    let mut prepared = run(&sources(&minute()), &PrepareOptions::default()).unwrap();
    let seeds = [SeedBeat { beat: 3, label: "mine".into() }, SeedBeat { beat: 999, label: "nowhere".into() }];
    let mined = mine(&prepared, &seeds, &MineOptions { top: 5, ..MineOptions::default() }).unwrap();
    assert_eq!((mined.candidates.len(), mined.unknown.as_slice()), (5, &[999][..]));
    assert!(mined.candidates.is_sorted_by(|a, b| a.similarity >= b.similarity));
    assert!(mined.candidates.iter().all(|c| c.candidate_beat_global_id != 3 && c.similarity <= 1.0001));
    prepared.mined = Some(mined);
    let out = tempfile::tempdir().unwrap();
    prepared.write(out.path()).unwrap();
    for name in [
        "beats.npy",
        "labels.npy",
        "noise_flags.npy",
        "features.npy",
        "global_cluster_ids.npy",
        "beat_metadata.csv",
        "beats.parquet",
        "context_windows.npz",
        "class_templates.npz",
        "prototype_library.csv",
        "prototype_library_waves.npz",
        "seed_mined_candidates.csv",
        "feature_map.npz",
        "split.toml",
        "labels.toml",
        "summary.json",
        "prepared.json",
    ] {
        assert!(out.path().join(name).is_file(), "{name}");
    }
    assert!(Prepared::open(out.path()).unwrap() == prepared);
    let summary: Summary =
        serde_json::from_str(&fs::read_to_string(out.path().join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary, prepared.summary());
    assert_eq!(summary.beats_extracted, prepared.beats.len());
    assert_eq!(summary.class_counts_raw["2"], 7);

    // Windows are about the beat of their row; all rows of all files are.
    let n = prepared.beats.len();
    let windows = read_npz(&out.path().join("context_windows.npz"), 1 << 20).unwrap();
    let names: Vec<&str> = windows.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["y", "mask", "beat_global_id", "patient"]);
    let Values::I32(slots) = &windows[2].1.values else { panic!("numbers of beats") };
    assert!(slots.chunks(5).enumerate().all(|(i, window)| window[2] == i as i32));
    assert_eq!(slots[..5], [EMPTY, EMPTY, 0, 1, 2]);
    assert_eq!(read_npy(&out.path().join("beats.npy")).unwrap().shape, [n, 200]);
    let table = paucal_data::read(&out.path().join("beats.parquet"), &paucal_data::ReadOptions::default());
    assert_eq!(table.unwrap().table.rows(), n);

    // Files of an earlier preparation do not stay.
    prepared.mined = None;
    prepared.write(out.path()).unwrap();
    assert!(!out.path().join("seed_mined_candidates.csv").exists());

    fs::remove_file(out.path().join("prepared.json")).unwrap();
    let error = Prepared::open(out.path()).unwrap_err();
    assert!(error.to_string().contains("no finished preparation"), "{error}");
}

#[test]
fn damaged_folders_are_refused() {
    let prepared = run(&sources(&minute()), &PrepareOptions::default()).unwrap();
    let out = tempfile::tempdir().unwrap();
    let refuse = |name: &str, content: &[u8], word: &str| {
        prepared.write(out.path()).unwrap();
        fs::write(out.path().join(name), content).unwrap();
        let error = Prepared::open(out.path()).unwrap_err().to_string();
        assert!(error.contains(word), "{name}: {error}");
    };
    refuse("prepared.json", b"{\"schema\": \"paucal.ecg.prepare/9\"}", "paucal.ecg.prepare/9");
    refuse("prepared.json", b"{", "EOF");
    refuse("beat_metadata.csv", b"r_index\n1\n", "no column");
    refuse("beats.npy", b"", "beats.npy");
    let cut = paucal_signal::formats::numpy::Array { shape: vec![1, 2], values: Values::F32(vec![0.0; 2]) };
    refuse("features.npy", &cut.render(), "shape");
}

/// A recording with its samples changed.
fn changed(mut recording: Recording, change: impl Fn(&mut Vec<f64>)) -> Recording {
    if let Samples::Double(values) = &mut recording.channels[0].samples {
        change(values);
    }
    recording
}

#[test]
fn recordings_that_are_hard_to_use_do_not_stop_the_others() {
    let mut noise = Seed(1).stream("test/noise", 0);
    let random: Vec<f64> = (0..14_400).map(|_| noise.normal()).collect();
    let bare = |recording: Recording| Recording { annotations: Vec::new(), ..recording };
    let lead = |mut recording: Recording, name: &str| {
        recording.channels[0].name = name.into();
        recording
    };
    let slow = Recording { annotations: Vec::new(), ..strip("slow", 4.0, 60.0, 1.0) };
    let strips = [
        strip("good", 360.0, 40.0, 1.0),
        bare(changed(strip("flat", 360.0, 40.0, 1.0), |v| v.fill(0.0))),
        bare(changed(strip("missing", 360.0, 40.0, 1.0), |v| v.fill(f64::NAN))),
        bare(changed(strip("random", 360.0, 40.0, 1.0), |v| v.clone_from(&random))),
        bare(strip("second", 360.0, 1.0, 1.0)),
        strip("short", 360.0, 2.0, 1.0),
        lead(strip("odd", 360.0, 20.0, 1.0), "X9"),
        strip("gain", 360.0, 20.0, 900.0),
        strip("cut", 360.0, 20.0, 1.0),
        changed(strip("gap", 360.0, 40.0, 1.0), |v| v[3000..5000].fill(f64::NAN)),
        slow,
    ];
    let folder = folder(&strips);
    let data = folder.path().join("cut.dat");
    fs::write(&data, &fs::read(&data).unwrap()[..500]).unwrap();
    let prepared = run(&sources(folder.path()), &PrepareOptions::default()).unwrap();

    let reason = |name: &str| {
        let found = prepared.left_out.iter().find(|l| l.record == name);
        found.map(|l| (l.reason.clone(), l.hint.clone().unwrap())).unwrap_or_default().0
    };
    assert!(reason("flat").contains("no beat was found"), "{}", reason("flat"));
    assert!(reason("missing").contains("are missing"), "{}", reason("missing"));
    assert!(reason("second").contains("needs at least"), "{}", reason("second"));
    assert!(reason("cut").contains("cut off"), "{}", reason("cut"));
    assert!(reason("slow").contains("4 Hz"), "{}", reason("slow"));
    assert_eq!(prepared.left_out.len(), 5, "{:?}", prepared.left_out);
    let record = |name: &str| prepared.records.iter().find(|r| r.name == name).unwrap();
    let beats = |name: &str| {
        let record = record(name);
        &prepared.beats[record.first..record.first + record.beats]
    };
    assert!(record("random").quality.unreadable && beats("random").iter().all(|beat| beat.noise));
    assert!((1..=2).contains(&record("short").beats));
    assert!(record("odd").warnings[0].contains("'X9' was taken"), "{:?}", record("odd").warnings);
    assert!(record("gain").warnings[0].contains("check the gain"), "{:?}", record("gain").warnings);
    assert!(beats("gap").iter().any(|beat| beat.noise) && beats("gap").iter().any(|beat| !beat.noise));
    let unknown = beats("gap").windows(2).filter(|pair| pair[0].rr.next.is_none()).count();
    assert_eq!(unknown, 1, "the interval over the middle of the gap");
    assert!(beats("good").iter().all(|beat| !beat.noise));
    for sentence in ["left out cut: ", "odd: none of the leads", "gain: its QRS complexes measure"] {
        assert!(
            prepared.warnings.iter().any(|w| w.contains(sentence)),
            "{sentence}: {:?}",
            prepared.warnings
        );
    }
    assert!(prepared.features.iter().all(|v| v.is_finite()));
}

#[test]
fn beats_that_are_dropped_at_the_ends_still_count_in_the_intervals() {
    let folder = folder(&[strip("a", 360.0, 20.0, 1.0)]);
    let mut options = PrepareOptions::default();
    options.beats.before_ms = 600.0;
    let prepared = run(&sources(folder.path()), &options).unwrap();
    // The first peak is 0.5 s from the start.
    assert!(prepared.records[0].beats < prepared.records[0].peaks);
    assert!((0.6..1.0).contains(&prepared.beats[0].rr.previous.unwrap()));
    options.beats.compat = Compat::Spec;
    let literal = run(&sources(folder.path()), &options).unwrap();
    assert_eq!(literal.beats[0].rr.previous, literal.beats[0].rr.next, "copied");
}

#[test]
fn recordings_of_one_patient_stay_together() {
    let folder = tempfile::tempdir().unwrap();
    for (id, patient) in [("a", "p1"), ("b", "p2"), ("c", "p1"), ("d", "p3")] {
        let recording = Recording { patient: Some(patient.into()), ..strip(id, 360.0, 20.0, 1.0) };
        edf::write(&folder.path().join(format!("{id}.edf")), &recording).unwrap();
    }
    let prepared = run(&sources(folder.path()), &PrepareOptions::default()).unwrap();
    assert_eq!(prepared.patients, ["p1", "p2", "p3"]);
    assert_eq!(prepared.records[0].side, prepared.records[2].side);
    let torn = SplitFile { train: vec!["a".into()], test: vec!["c".into()], ..SplitFile::default() };
    let torn = Sources { split: Some(torn.clone()), ..sources(folder.path()) };
    let error = run(&torn, &PrepareOptions::default()).unwrap_err();
    assert!(error.to_string().contains("patient 'p1' is on two sides"), "{error}");
    // A table of patients wins over the file.
    let patients = Patients::from_csv("record,patient\na,x\nc,y\n").unwrap();
    assert!(run(&Sources { patients, ..torn }, &PrepareOptions::default()).is_ok());
}

#[test]
fn a_set_of_nothing_but_noise_is_still_a_set() {
    let mut noise = Seed(1).stream("test/noise", 0);
    let random: Vec<f64> = (0..14_400).map(|_| noise.normal()).collect();
    let folder = folder(&[changed(strip("random", 360.0, 40.0, 1.0), |v| v.clone_from(&random))]);
    fs::remove_file(folder.path().join("random.atr")).unwrap();
    let prepared = run(&sources(folder.path()), &PrepareOptions::default()).unwrap();
    assert!(prepared.beats.iter().all(|beat| beat.noise && beat.class.is_none()));
    assert_eq!((prepared.prototypes.len(), prepared.templates.len(), prepared.features.ncols()), (0, 0, 4));
    assert!(prepared.plane().unwrap().is_empty() && prepared.usable(Side::Train).count() == 0);
    let out = tempfile::tempdir().unwrap();
    prepared.write(out.path()).unwrap();
    assert!(Prepared::open(out.path()).unwrap() == prepared);
}

#[test]
fn nothing_to_prepare_is_an_error_with_its_reason() {
    let folder = folder(&[changed(strip("flat", 360.0, 10.0, 1.0), |v| v.fill(0.5))]);
    fs::remove_file(folder.path().join("flat.atr")).unwrap();
    let error = run(&sources(folder.path()), &PrepareOptions::default()).unwrap_err();
    assert!(error.to_string().contains("flat: no beat was found"), "{error}");
    assert!(error.hint().is_some());
    assert!(run(&Sources::default(), &PrepareOptions::default()).is_err());

    let cancel = Cancel::new();
    cancel.request();
    let silent = Silent::with_cancel(cancel);
    let stopped = prepare(&sources(&minute()), &PrepareOptions::default(), Seed(1), &silent);
    assert!(matches!(stopped, Err(EcgError::Interrupted)));
}

#[test]
fn what_is_fitted_knows_nothing_of_the_test_patients() {
    let split =
        SplitFile { train: vec!["a".into(), "b".into()], test: vec!["c".into()], ..SplitFile::default() };
    let fitted = |height: f64| {
        let folder = folder(&[
            strip("a", 360.0, 60.0, 1.0),
            strip("b", 360.0, 60.0, 1.2),
            strip("c", 360.0, 60.0, height),
        ]);
        let sources = Sources { split: Some(split.clone()), ..sources(folder.path()) };
        run(&sources, &PrepareOptions::default()).unwrap()
    };
    let (one, other) = (fitted(1.0), fitted(3.0));
    assert!(one.waves != other.waves && one.features != other.features);
    assert!(one.map == other.map && one.templates == other.templates && one.prototypes == other.prototypes);
    assert_eq!(one.records[2].side, Side::Test);
    assert!(one.of_side(Side::Test).all(|beat| one.local_clusters[beat] == -1));

    let unknown = SplitFile { train: vec!["aa".into()], ..SplitFile::default() };
    let folder = folder(&[strip("a", 360.0, 20.0, 1.0)]);
    let error = run(&Sources { split: Some(unknown), ..sources(folder.path()) }, &PrepareOptions::default());
    assert!(error.unwrap_err().hint().unwrap().contains('a'));
}

#[test]
fn rates_that_differ_meet_at_one() {
    let folder = folder(&[strip("fast", 360.0, 40.0, 1.0), strip("slow", 250.0, 40.0, 1.0)]);
    let prepared = run(&sources(folder.path()), &PrepareOptions::default()).unwrap();
    assert_eq!(prepared.records.iter().map(|r| r.source_rate).collect::<Vec<_>>(), [360.0, 250.0]);
    let of = |record: usize| prepared.wave(prepared.records[record].first + 5);
    let difference = of(0).iter().zip(of(1)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference < 0.12, "{difference}");

    let mut options = PrepareOptions::default();
    options.beats.rate_hz = 0.0;
    let prepared = run(&sources(folder.path()), &options).unwrap();
    assert_eq!((prepared.rate, prepared.left_out[0].record.as_str()), (360.0, "slow"));
}

/// A table of strips of ten seconds: five of each of two labels, and one of a third.
fn table_of_strips() -> String {
    let mut text = String::from("ECG Wave,Label,Patient ID\n");
    for i in 0..11 {
        let recording = strip(&format!("{i}"), 260.4, 10.0, 1.0 + 0.05 * f64::from(i));
        let wave: Vec<String> = recording.channels[0].physical().iter().map(|v| format!("{v:.3}")).collect();
        let label = if i == 10 { 5 } else { i % 2 };
        text += &format!("\"{}\",{label},{}\n", wave.join(","), i / 2);
    }
    text
}

#[test]
fn the_literal_variant_does_as_it_says_and_erases_what_is_rare() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("strips.csv"), table_of_strips()).unwrap();
    let read = ReadOptions { seconds: Some(10.0), ..ReadOptions::default() };
    let sources = Sources { read, labels: LabelMap::strips(), ..sources(folder.path()) };
    let literal = run(&sources, &PrepareOptions::spec()).unwrap();
    assert_eq!((literal.window.length(), literal.records.len(), literal.patients.len()), (170, 11, 6));
    // About ten beats of class 5 are too few for a cluster of twelve: the literal variant throws them away.
    let rare = literal.labels.classes.iter().position(|class| class.id == 5).unwrap();
    assert!(literal.class_counts(None, |_| true)[rare] > 5);
    assert_eq!(literal.class_counts(None, |beat| !beat.noise)[rare], 0);
    assert!(literal.windows.len() < literal.beats.len());
    assert!(literal.prototypes.iter().all(|p| !p.admitted), "none has 120 beats");
    assert_eq!(literal.map.names().last().unwrap(), "rr_ratio");
    let out = tempfile::tempdir().unwrap();
    literal.write(out.path()).unwrap();
    assert!(Prepared::open(out.path()).unwrap() == literal);
    let windows = read_npz(&out.path().join("context_windows.npz"), 1 << 24).unwrap();
    assert_eq!(windows[0].0, "X");
    assert_eq!(windows[0].1.shape, [literal.windows.len(), 5, 170]);

    // The same strips, corrected: the rare class stays, and the labels are said to be weak.
    let corrected = run(&sources, &PrepareOptions::default()).unwrap();
    let counts = corrected.class_counts(None, |beat| !beat.noise);
    assert!(counts[rare] > 5 && corrected.records.iter().all(|record| record.weak), "{counts:?}");
    assert!(corrected.warnings.iter().any(|w| w.contains("weak")), "{:?}", corrected.warnings);
    assert_eq!(corrected.windows.len(), corrected.beats.len());
    assert!(corrected.prototypes.iter().all(|p| p.admitted));
}

#[test]
fn seeds_are_read_from_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seeds.csv");
    fs::write(&path, "beat_global_id,label_name\n123,PVC\n,PVC\n7.0,Normal\n").unwrap();
    let seeds = read_seeds(&path).unwrap();
    assert_eq!(
        seeds.iter().map(|s| (s.beat, s.label.as_str())).collect::<Vec<_>>(),
        [(123, "PVC"), (7, "Normal")]
    );
    for text in ["beat,label_name\n1,a\n", "beat_global_id,label_name\n-1,a\n"] {
        fs::write(&path, text).unwrap();
        assert!(read_seeds(&path).unwrap_err().hint().is_some(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_signal_and_no_option_makes_the_cutting_panic(
        values in proptest::collection::vec(
            prop_oneof![Just(f64::NAN), Just(f64::INFINITY), -1e6_f64..1e6, Just(1e300), Just(0.0)], 0..1500),
        marks in proptest::collection::vec(-100_i64..2000, 0..20),
        rate in prop_oneof![Just(0.0), Just(4.0), Just(100.0), Just(360.0), Just(257.3)],
        before in 1.0_f64..600.0, after in 1.0_f64..600.0, recentre in 0.0_f64..150.0, literal: bool,
    ) {
        let channel = Channel { name: "I".into(), unit: "uV".into(), rate, samples: Samples::Double(values) };
        let mark = |&sample: &i64| Annotation { sample, code: 5, ..Annotation::default() };
        let recording = Recording {
            channels: vec![channel],
            annotations: marks.iter().map(mark).collect(),
            annotation_rate: rate,
            ..Recording::default()
        };
        let options = BeatOptions {
            before_ms: before,
            after_ms: after,
            recentre_ms: recentre,
            compat: if literal { Compat::Spec } else { Compat::Corrected },
            ..BeatOptions::default()
        };
        if let Ok(cut) = extract(&recording, &LabelMap::aami(), &options, &QualityOptions::default()) {
            prop_assert_eq!(cut.waves.len(), cut.beats.len() * cut.window.length());
            prop_assert!(cut.waves.iter().all(|v| v.is_finite()));
            prop_assert!(cut.beats.windows(2).all(|pair| pair[0].position < pair[1].position));
        }
    }
}
