//! The WFDB readers and writers on real files, against wfdb-python. Skipped, with a word, when `PAUCAL_DATA`
//! is not set. Golden numbers by `tools/golden/wfdb_records.py`.

// The lints know test functions, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use paucal_signal::formats::wfdb::{self, AnnotationFile, Format, Record, WriteOptions, symbols};
use paucal_signal::formats::{self, FormatError, ReadOptions};
use paucal_signal::recording::{Annotation, Codes, Recording, Samples};
use serde_json::Value;

/// A folder under `PAUCAL_DATA`.
fn data(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("PAUCAL_DATA") else {
        eprintln!("skipped: PAUCAL_DATA is not set");
        return None;
    };
    Some(PathBuf::from(folder).join(name))
}

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn integers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect()
}

fn reals(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn names(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap_or("mV")).collect()
}

/// Every file of a folder and its folders.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn find(folder: &Path, name: &str) -> PathBuf {
    files(folder).into_iter().find(|path| path.file_name().unwrap() == name).unwrap()
}

fn codes(recording: &Recording, channel: usize) -> &Codes {
    match &recording.channels[channel].samples {
        Samples::Codes(codes, _) => codes,
        other => panic!("{other:?}"),
    }
}

fn sum(codes: &Codes) -> i64 {
    codes.iter().map(i64::from).sum()
}

/// Reads all records of a database, compares them with wfdb-python, and writes them to the same bytes.
fn database(name: &str, expected: usize) {
    let Some(folder) = data(name) else { return };
    let golden = &golden("wfdb_databases.json")[name];
    let sources = formats::discover(&[&folder]).unwrap();
    let headers: Vec<PathBuf> = sources.into_iter().filter(|s| s.format == "wfdb").map(|s| s.path).collect();
    assert_eq!(headers.len(), expected);
    let out = tempfile::tempdir().unwrap();
    for header in headers {
        let id = header.file_stem().unwrap().to_str().unwrap();
        let record = Record::read(&header, &ReadOptions::default()).unwrap();
        assert_eq!(record.warnings, Vec::<String>::new(), "{id}");
        let lines = golden[id].as_array().unwrap();
        assert_eq!(record.codes.len(), lines.len());
        for (codes, line) in record.codes.iter().zip(lines) {
            let line = integers(line);
            let first: Vec<i64> = codes.iter().take(4).map(i64::from).collect();
            assert_eq!(
                (codes.len() as i64, sum(codes), first),
                (line[0], line[1], line[2..].to_vec()),
                "{id}"
            );
        }
        record.write(out.path()).unwrap();
        let written = fs::read(out.path().join(format!("{id}.dat"))).unwrap();
        assert!(written == fs::read(header.with_extension("dat")).unwrap(), "{id}: other bytes");
        // As a recording, the codes and what they mean survive, too.
        let recording = formats::read(&header, &ReadOptions::default()).unwrap();
        wfdb::write(out.path(), &recording, &WriteOptions::default()).unwrap();
        let again = formats::read(&out.path().join(format!("{id}.hea")), &ReadOptions::default()).unwrap();
        assert_eq!(again.warnings, Vec::<String>::new(), "{id}");
        assert_eq!(again.comments, recording.comments);
        assert_eq!(again.annotations, recording.annotations);
        for (a, b) in recording.channels.iter().zip(&again.channels) {
            assert_eq!((&a.name, &a.unit, a.rate), (&b.name, &b.unit, b.rate));
            let same = a.physical().iter().zip(b.physical()).all(|(x, y)| x.to_bits() == y.to_bits());
            assert!(same && a.len() == b.len(), "{id}: other values");
        }
        for entry in fs::read_dir(out.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
}

#[test]
fn mit_bih() {
    database("mitdb", 26);
}

#[test]
fn ctu_uhb() {
    database("ctu-uhb", 414);
}

#[test]
fn sample_records_are_those_of_wfdb_python() {
    let Some(folder) = data("wfdb-samples") else { return };
    for (name, golden) in golden("wfdb_samples.json")["records"].as_object().unwrap() {
        let recording = wfdb::read(&find(&folder, name), &ReadOptions::default()).unwrap();
        let rate = golden["rate"].as_f64().unwrap();
        let units: Vec<&str> = recording.channels.iter().map(|c| c.unit.as_str()).collect();
        let labels: Vec<&str> = recording.channels.iter().map(|c| c.name.as_str()).collect();
        assert_eq!((labels, units), (names(&golden["names"]), names(&golden["units"])), "{name}");
        // A sample that belongs to another moment by its skew is not in the sum of all stored ones.
        for (c, edges) in golden["codes"].as_array().unwrap().iter().enumerate() {
            let codes = codes(&recording, c);
            let first: Vec<i64> = codes.iter().take(8).map(i64::from).collect();
            let last: Vec<i64> = codes.iter().skip(codes.len().saturating_sub(3)).map(i64::from).collect();
            assert_eq!(codes.len() as i64, edges["length"].as_i64().unwrap(), "{name} {c}");
            assert_eq!(first, integers(&edges["first"]), "{name} {c}");
            assert_eq!(last, integers(&edges["last"]), "{name} {c}");
            assert_eq!(sum(codes), edges["sum"].as_i64().unwrap(), "{name} {c}");
            let per_frame = recording.channels[c].rate / rate;
            assert_eq!(per_frame, per_frame.round(), "{name}");
            let Samples::Codes(_, converter) = recording.channels[c].samples else { panic!() };
            assert_eq!(converter.gain, reals(&golden["gains"])[c], "{name}");
            assert_eq!(converter.baseline, reals(&golden["baselines"])[c], "{name}");
        }
    }
}

#[test]
fn checksums_of_all_sample_records_hold() {
    let Some(folder) = data("wfdb-samples") else { return };
    let (mut read, mut absent) = (0, 0);
    for header in files(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "hea")) {
        let options = ReadOptions { strict: true, ..ReadOptions::default() };
        match wfdb::read(&header, &options) {
            Ok(recording) => {
                assert_eq!(recording.warnings, Vec::<String>::new(), "{}", header.display());
                read += 1;
            }
            Err(FormatError::Absent { .. }) => absent += 1,
            Err(error) => panic!("{}: {error}", header.display()),
        }
    }
    assert!(read >= 40 && absent > 10, "{read} read, {absent} without their files");
}

#[test]
fn samples_are_written_to_the_same_bytes() {
    let Some(folder) = data("wfdb-samples") else { return };
    let out = tempfile::tempdir().unwrap();
    let mut formats_seen = Vec::new();
    for header in files(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "hea")) {
        let Ok(record) = Record::read(&header, &ReadOptions::default()) else { continue };
        if record.header.signals.iter().any(|s| s.format.is_flac()) {
            let refused = record.write(out.path()).unwrap_err().to_string();
            assert!(refused.contains("FLAC (format 5"), "{refused}");
            continue;
        }
        record.write(out.path()).unwrap();
        for signal in record.header.signals.iter().filter(|s| s.format != Format::Null) {
            let written = fs::read(out.path().join(&signal.file)).unwrap();
            let source = fs::read(header.with_file_name(&signal.file)).unwrap();
            // A file may hold more than its header tells of, and a last group that is not full anything.
            let whole =
                written.len() - if matches!(signal.format, Format::F310 | Format::F311) { 4 } else { 0 };
            assert!(source.starts_with(&written[..whole]), "{} of {}", signal.file, header.display());
            assert!(
                source.len() - written.len() < 8 || record.header.name.contains("frame"),
                "{}",
                signal.file
            );
            formats_seen.push(signal.format.number());
        }
        let again =
            Record::read(&out.path().join(header.file_name().unwrap()), &ReadOptions::default()).unwrap();
        assert_eq!(again.codes, record.codes);
    }
    formats_seen.sort_unstable();
    formats_seen.dedup();
    assert_eq!(formats_seen, [8, 16, 24, 32, 61, 80, 160, 212, 310, 311]);
}

#[test]
fn segments_are_those_of_wfdb_python() {
    let Some(folder) = data("wfdb-samples") else { return };
    for (name, golden) in golden("wfdb_samples.json")["segmented"].as_object().unwrap() {
        let recording = formats::read(&find(&folder, name), &ReadOptions::default()).unwrap();
        let labels: Vec<&str> = recording.channels.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(labels, names(&golden["names"]), "{name}");
        for (channel, column) in recording.channels.iter().zip(golden["columns"].as_array().unwrap()) {
            // wfdb-python averages the samples of a frame.
            let width = (channel.rate / recording.annotation_rate).round() as usize;
            let frames: Vec<f64> =
                channel.physical().chunks(width).map(|f| f.iter().sum::<f64>() / width as f64).collect();
            assert_eq!(frames.len() as i64, column["length"].as_i64().unwrap(), "{name}");
            // … also over missing ones.
            if width == 1 {
                let valid = frames.iter().filter(|v| !v.is_nan()).count() as i64;
                assert_eq!(valid, column["valid"].as_i64().unwrap(), "{name} {}", channel.name);
                for (at, value) in integers(&column["at"]).into_iter().zip(reals(&column["values"])) {
                    assert!((frames[at as usize] - value).abs() < 1e-9, "{name} {} at {at}", channel.name);
                }
                let sum: f64 = frames.iter().filter(|v| !v.is_nan()).sum();
                let expected = column["sum"].as_f64().unwrap();
                assert!((sum - expected).abs() < 1e-6 * expected.abs().max(1.0), "{name} {}", channel.name);
            }
        }
    }
}

#[test]
fn absent_segments_can_be_left_out() {
    let Some(folder) = data("wfdb-samples") else { return };
    let header = find(&folder, "s25047-2704-05-04-10-44.hea");
    let refused = formats::read(&header, &ReadOptions::default()).unwrap_err();
    assert!(refused.to_string().contains("3234460_0016.dat"), "{refused}");
    let partial = ReadOptions { partial: true, ..ReadOptions::default() };
    let recording = formats::read(&header, &partial).unwrap();
    assert_eq!(recording.channels[0].len(), 543_240);
    assert!(recording.channels[0].missing() > 322_111 && recording.channels[0].missing() < 543_240);
    assert!(recording.warnings[0].starts_with("1 segment absent"), "{:?}", recording.warnings);
}

/// Damaged streams are refused, whatever was hit.
#[test]
fn damaged_flac() {
    let Some(folder) = data("wfdb-samples") else { return };
    let out = tempfile::tempdir().unwrap();
    let header = "a 1 200 499\na.dat 516 200/mV 16 0 -32766 -750 0 I\n";
    fs::write(out.path().join("a.hea"), header).unwrap();
    let bytes = fs::read(folder.join("flacformats.d1")).unwrap();
    let options = ReadOptions { strict: true, ..ReadOptions::default() };
    for at in 0..bytes.len().min(400) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        if at % 7 == 0 {
            damaged.truncate(at);
        }
        fs::write(out.path().join("a.dat"), &damaged).unwrap();
        if let Ok(recording) = wfdb::read(&out.path().join("a.hea"), &options) {
            assert_eq!(sum(codes(&recording, 0)) as i16, -750);
        }
    }
}

/// The gains of its segments differ from each other.
#[test]
fn segments_of_several_gains_become_values() {
    let Some(folder) = data("wfdb-samples") else { return };
    let partial = ReadOptions { partial: true, ..ReadOptions::default() };
    let recording = formats::read(&find(&folder, "s25047-2704-05-04-10-44.hea"), &partial).unwrap();
    assert!(matches!(recording.channels[0].samples, Samples::Double(_)));
    assert_eq!(recording.start.as_deref(), Some("2704-05-04T10:44:18.529"));
}

#[test]
fn annotations_are_written_to_the_same_bytes() {
    for (folder, endings) in [
        ("mitdb", &["atr"][..]),
        ("wfdb-samples", &["atr", "qrs", "gqrsh", "gqrsl", "sqrs", "wabp", "wqrs", "anI"]),
    ] {
        let Some(folder) = data(folder) else { return };
        let marked = |p: &PathBuf| p.extension().is_some_and(|e| endings.iter().any(|x| e == *x));
        let found: Vec<PathBuf> = files(&folder).into_iter().filter(marked).collect();
        assert!(found.len() > 8);
        for path in found {
            let bytes = fs::read(&path).unwrap();
            let file = AnnotationFile::parse(&path, &bytes).unwrap();
            assert!(file.render("a").unwrap() == bytes, "{}", path.display());
            // The leading notes are made anew from what they mean.
            let composed = AnnotationFile::new(file.events().to_vec(), file.resolution(), &file.types());
            assert!(composed.render("a").unwrap() == bytes, "{}: composed", path.display());
        }
    }
}

#[test]
fn annotations_are_those_of_wfdb_python() {
    let (Some(samples), Some(mitdb)) = (data("wfdb-samples"), data("mitdb")) else { return };
    let (small, whole) = (golden("wfdb_samples.json"), golden("wfdb_databases.json"));
    let of_samples =
        small["annotations"].as_object().unwrap().iter().map(|(name, g)| (samples.join(name), g));
    let of_mitdb = whole["mitdb annotations"].as_object().unwrap().iter();
    let of_mitdb = of_mitdb.map(|(name, g)| (mitdb.join(name).with_extension("atr"), g));
    for (path, golden) in of_samples.chain(of_mitdb) {
        let name = path.display();
        let file = AnnotationFile::parse(&path, &fs::read(&path).unwrap()).unwrap();
        // wfdb-python leaves out all notes at time 0.
        let leading = |a: &&Annotation| a.sample == 0 && a.code == symbols::NOTE;
        let events: Vec<&Annotation> = file.events().iter().skip_while(leading).collect();
        assert_eq!(events.len() as i64, golden["count"].as_i64().unwrap(), "{name}");
        let times: Vec<i64> = events.iter().take(10).map(|a| a.sample).collect();
        assert_eq!(times, integers(&golden["samples"]), "{name}");
        let total: i64 = events.iter().map(|a| a.sample).sum();
        assert_eq!(total, golden["sum"].as_i64().unwrap(), "{name}");
        let subtypes: i64 = events.iter().map(|a| i64::from(a.subtype)).sum();
        assert_eq!(subtypes, golden["subtypes"].as_i64().unwrap(), "{name}");
        let numbers: i64 = events.iter().map(|a| i64::from(a.number)).sum();
        assert_eq!(numbers, golden["numbers"].as_i64().unwrap(), "{name}");
        if file.types().is_empty() {
            let symbols: String = events.iter().take(40).map(|a| a.symbol()).collect();
            assert_eq!(symbols, golden["symbols"].as_str().unwrap(), "{name}");
        }
        let texts = events.iter().map(|a| a.text().into_owned()).filter(|t| !t.is_empty()).take(4);
        let expected: Vec<&str> = names(&golden["texts"]).into_iter().map(str::trim_end).collect();
        assert_eq!(texts.collect::<Vec<_>>(), expected, "{name}");
    }
}

#[test]
fn edf_annotations() {
    let Some(folder) = data("wfdb-samples") else { return };
    let recording = formats::read(&folder.join("test_edfann.edf"), &ReadOptions::default()).unwrap();
    assert!(recording.channels.is_empty());
    assert_eq!(recording.patient.as_deref(), Some("SN001"));
    assert_eq!(recording.start.as_deref(), Some("2001-01-01T23:59:30"));
    let second = &recording.annotations[2];
    assert_eq!((recording.seconds_of(second), second.text().as_ref()), (33.43, "Lights off@@EEG F4-A1"));
    assert_eq!(recording.annotations[0].text(), "Sleep stage W");
    assert!(recording.annotations.len() > 800, "{}", recording.annotations.len());
}

/// Run with `--ignored --nocapture` to see how long a record takes.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let Some(folder) = data("mitdb") else { return };
    let path = folder.join("101.hea");
    let time = |what: &str, work: &dyn Fn() -> usize| {
        let mut best = f64::INFINITY;
        for _ in 0..20 {
            let start = Instant::now();
            assert!(work() > 0);
            best = best.min(start.elapsed().as_secs_f64());
        }
        eprintln!("{what}: {:.2} ms", best * 1e3);
    };
    let options = ReadOptions { annotator: Some(String::new()), ..ReadOptions::default() };
    time("30 min of two leads, format 212", &|| wfdb::read(&path, &options).unwrap().channels[0].len());
    let recording = wfdb::read(&path, &ReadOptions::default()).unwrap();
    time("one lead in mV", &|| recording.channels[0].physical().len());
    let marks = fs::read(path.with_extension("atr")).unwrap();
    time("annotations", &|| AnnotationFile::parse(&path, &marks).unwrap().annotations.len());
}
