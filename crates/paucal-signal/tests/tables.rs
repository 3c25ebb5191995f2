//! Recordings in text, spreadsheets and arrays.

// The lints know test functions, not the helpers beside them.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use paucal_core::Advice;
use paucal_signal::formats::numpy::{self, Array, Values};
use paucal_signal::formats::{self, FormatError, Read, ReadOptions, csv, read, read_all};
use paucal_signal::recording::{Channel, Recording, Samples};
use proptest::prelude::*;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn at(rate: f64) -> ReadOptions {
    ReadOptions { rate: Some(rate), ..ReadOptions::default() }
}

fn parsed(bytes: &[u8], options: &ReadOptions) -> Result<Recording, FormatError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    fs::write(&path, bytes).unwrap();
    read(&path, options)
}

fn values(recording: &Recording) -> Vec<Vec<String>> {
    recording.channels.iter().map(|c| c.physical().iter().map(ToString::to_string).collect()).collect()
}

#[test]
fn names_units_and_times() {
    let recording =
        parsed(b"time (ms),II (mV),V5\n0,0.5,1\n4,NaN,2\n8,-1e-3,\n", &ReadOptions::default()).unwrap();
    assert_eq!(recording.rate(), Some(250.0));
    let names: Vec<_> = recording.channels.iter().map(|c| (c.name.as_str(), c.unit.as_str())).collect();
    assert_eq!(names, [("II", "mV"), ("V5", "")]);
    assert_eq!(values(&recording), [["0.5", "NaN", "-0.001"], ["1", "2", "NaN"]]);
}

/// What `rdsamp -c -v` prints: quoted names, a line of units, times of three digits.
#[test]
fn text_of_rdsamp() {
    let mut text = "'Elapsed time','MLII','V5'\n'hh:mm:ss.mmm','mV','mV'\n".to_owned();
    for i in 0..721 {
        text.push_str(&format!("'0:{:06.3}',{},-0.065\n", f64::from(i) / 360.0, f64::from(i) / 200.0));
    }
    let recording = parsed(text.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!((recording.rate(), recording.channels[0].unit.as_str()), (Some(360.0), "mV"));
    assert_eq!(recording.channels[0].physical()[720], 3.6);
    let samples = "'sample #','MLII'\n0,-0.145\n1,-0.150\n";
    assert_eq!(parsed(samples.as_bytes(), &at(360.0)).unwrap().channels[0].physical(), [-0.145, -0.15]);
}

#[test]
fn bare_numbers_of_any_separator() {
    for text in ["1;2,5\n3;-4\n", "1\t2.5\n3\t-4", " 1  2.5\n 3 -4\r\n\n", "# c\n1,2.5\n3,-4\n"] {
        let recording = parsed(text.as_bytes(), &at(2.0)).unwrap();
        assert_eq!(values(&recording), [["1", "3"], ["2.5", "-4"]], "{text}");
        assert_eq!(recording.channels[1].name, "signal 2");
    }
}

#[test]
fn the_rate_must_be_known() {
    let error = parsed(b"I\n1\n2\n", &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with("a.txt does not say its sampling rate"), "{error}");
    assert!(error.hint().unwrap().contains("Hz"));
    let by_length = ReadOptions { seconds: Some(0.5), ..ReadOptions::default() };
    assert_eq!(parsed(b"I\n1\n2\n", &by_length).unwrap().rate(), Some(4.0));
    assert!(parsed(b"I\n1\n2\n", &at(-1.0)).is_err());
    let contradicted = parsed(b"t,I\n0,1\n1,2\n", &at(360.0)).unwrap();
    assert_eq!((contradicted.rate(), contradicted.warnings.len()), (Some(360.0), 1));
}

#[test]
fn bad_tables_say_where() {
    for (text, word) in [
        ("I,II\n1,2\n3\n", "row 3 has 1 cell, the first has 2"),
        ("I,II\n1,2\n3,x\n", "row 3, column 'II': 'x' is not a number"),
        ("t,I\n0,1\n1,2\n5,3\n", "not evenly spaced"),
        ("t,I\n0,1\nNaN,2\n2,3\n", "not evenly spaced"),
    ] {
        let error = parsed(text.as_bytes(), &ReadOptions::default()).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

fn strips(read: &Read) {
    let ids: Vec<&str> = read.recordings.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["strips-1", "strips-2", "strips-5"]);
    let patients: Vec<_> = read.recordings.iter().map(|r| r.patient.as_deref()).collect();
    assert_eq!(patients, [Some("12"), Some("12"), None]);
    let labels: Vec<_> = read.recordings.iter().map(|r| r.label.as_deref()).collect();
    assert_eq!(labels, [Some("1"), Some("0"), Some("-1")]);
    let first = &read.recordings[0].channels[0];
    assert_eq!((first.len(), first.rate, first.physical()[1]), (260, 26.0, 0.0998));
    assert_eq!(read.recordings[2].rate(), Some(25.0));
    assert_eq!(
        read.warnings,
        ["1 row left out: the wave is not a list of numbers", "1 row left out: fewer than 200 samples"]
    );
}

#[test]
fn strips_of_a_spreadsheet_and_of_text() {
    let options = ReadOptions { seconds: Some(10.0), ..ReadOptions::default() };
    let path = golden("strips.xlsx");
    strips(&read_all(&path, &options).unwrap());
    assert!(matches!(read(&path, &options), Err(FormatError::Several { count: 3, .. })));
    // The ending does not matter; text holds the same.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("strips.csv");
    fs::copy(&path, &copy).unwrap();
    strips(&read_all(&copy, &options).unwrap());
    let wave: Vec<String> =
        (0..260).map(|i| ((f64::from(i) / 10.0).sin() * 1e4).round() / 1e4).map(|v| v.to_string()).collect();
    let count: Vec<String> = (0..250).map(|i| i.to_string()).collect();
    let (wave, count) = (wave.join(","), count.join(","));
    let text = format!(
        "patient,wave,label\n12,\"{wave}\",1\n12,\"{wave}\",0\n7,\"1,2,x\",0\n8,\"1,2,3\",0\n,\"{count}\",-1\n"
    );
    fs::write(&copy, text).unwrap();
    strips(&read_all(&copy, &options).unwrap());
}

#[test]
fn arrays_of_numpy() {
    let arrays = numpy::read_npz(&golden("arrays.npz"), 1 << 20).unwrap();
    let array = |name: &str| &arrays.iter().find(|(n, _)| n == name).unwrap().1;
    let grid: Vec<f64> = (0..12).map(|i| f64::from(i) / 4.0).collect();
    assert_eq!((array("f4").shape.as_slice(), array("f4").values.to_f64()), (&[4, 3][..], grid.clone()));
    assert_eq!(array("f8_fortran").values, Values::F64(grid));
    assert_eq!(array("i2_big").values, Values::I16(vec![1, -2, 300]));
    assert_eq!(array("i4").values, Values::I32(vec![1, -2, 3, 40_000]));
    assert_eq!(array("i8").values, Values::I64(vec![0, 1, 2]));
    assert_eq!(array("truth").values, Values::U8(vec![1, 0]));
    let cube = array("cube_fortran");
    assert_eq!(
        (cube.shape.as_slice(), cube.values.to_f64()),
        (&[2, 3, 4][..], (0..24).map(f64::from).collect())
    );
    assert_eq!((array("scalar").shape.len(), array("scalar").values.to_f64()), (0, vec![2.5]));
}

#[test]
fn arrays_as_recordings() {
    let read = read_all(&golden("arrays.npz"), &at(250.0)).unwrap();
    assert_eq!(
        read.warnings,
        ["'cube_fortran' has 3 dimensions and was left out", "'scalar' has 0 dimensions and was left out"]
    );
    let grid = &read.recordings[0];
    assert_eq!((grid.id.as_str(), grid.channels.len(), grid.channels[0].len()), ("f4", 3, 4));
    assert_eq!(grid.channels[1].physical(), [0.25, 1.0, 1.75, 2.5]);
    assert!(matches!(grid.channels[1].samples, Samples::Single(_)));
    // Channels by samples: the longer dimension is time.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.npy");
    numpy::write_npy(&path, &Array { shape: vec![2, 3], values: Values::I16(vec![1, 2, 3, 4, 5, 6]) })
        .unwrap();
    let wide = formats::read(&path, &at(250.0)).unwrap();
    assert_eq!((wide.channels.len(), wide.channels[1].physical()), (2, vec![4.0, 5.0, 6.0]));
}

#[test]
fn bad_arrays() {
    let good = Array { shape: vec![3], values: Values::F32(vec![1.0, 2.0, 3.0]) }.render();
    let path = Path::new("a.npy");
    let refused = |bytes: &[u8]| Array::parse(path, bytes).unwrap_err().to_string();
    assert!(refused(&good[..good.len() - 1]).contains("12 bytes of samples expected, 11 found"));
    assert!(refused(&good[..20]).contains("the header is cut off"));
    let text = |from: &str, to: &str| String::from_utf8_lossy(&good[8..128]).replace(from, to).into_bytes();
    let changed = |from: &str, to: &str| [&good[..8], &text(from, to)[..120], &good[128..]].concat();
    assert!(refused(&changed("(3,), }          ", "(99999999999,), }")).contains("cut off"));
    assert!(refused(&changed("<f4", "<c8")).contains("type 'c8'"));
    assert!(refused(&changed("descr", "wrong")).contains("makes no sense"));
    // A zip archive of something else.
    assert!(parsed(b"PK\x03\x04 and so on", &at(1.0)).unwrap_err().to_string().contains("without a sheet"));
}

/// The smallest spreadsheet: a sheet of numbers, and text where a cell is none.
fn spreadsheet(rows: &[Vec<String>]) -> Vec<u8> {
    let cell = |text: &String| match text.parse::<f64>() {
        Ok(_) => format!("<c><v>{text}</v></c>"),
        Err(_) => format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"),
    };
    let row = |cells: &Vec<String>| format!("<row>{}</row>", cells.iter().map(cell).collect::<String>());
    let body: String = rows.iter().map(row).collect();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let parts = [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{package}/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"r1\" \
                 Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets>\
                 <sheet name=\"s\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"r1\" \
                 Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{body}</sheetData></worksheet>"),
        ),
    ];
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn damaged_spreadsheets_are_refused() {
    let bytes = fs::read(golden("strips.xlsx")).unwrap();
    for at in (0..bytes.len()).step_by(37) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xFF;
        let _ = parsed(&damaged, &at_ten_seconds());
        let _ = parsed(&bytes[..at], &at_ten_seconds());
    }
}

fn at_ten_seconds() -> ReadOptions {
    ReadOptions { seconds: Some(10.0), ..ReadOptions::default() }
}

fn array() -> impl Strategy<Value = Array> {
    let shape = prop::collection::vec(0_usize..5, 0..4);
    (shape, any::<u64>(), 0_usize..6).prop_map(|(shape, seed, kind)| {
        let n = shape.iter().product::<usize>() as u64;
        let bits = move || (0..n).map(move |i| (seed ^ i).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let values = match kind {
            0 => Values::F32(bits().map(|b| b as f32).collect()),
            1 => Values::F64(bits().map(|b| b as f64).collect()),
            2 => Values::I16(bits().map(|b| b as i16).collect()),
            3 => Values::I32(bits().map(|b| b as i32).collect()),
            4 => Values::I64(bits().map(|b| b as i64).collect()),
            _ => Values::U8(bits().map(|b| b as u8).collect()),
        };
        Array { shape, values }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arrays_survive(arrays in prop::collection::vec(array(), 1..4)) {
        for array in &arrays {
            prop_assert_eq!(&Array::parse(Path::new("a.npy"), &array.render()).unwrap(), array);
        }
        let named: Vec<(String, Array)> = arrays.into_iter().enumerate().map(|(i, a)| (format!("a{i}"), a)).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        numpy::write_npz(&path, &named).unwrap();
        prop_assert_eq!(numpy::read_npz(&path, 1 << 20).unwrap(), named);
    }

    #[test]
    fn text_survives(
        columns in (1_usize..4, 2_usize..30).prop_flat_map(|(c, n)| {
            let value = prop_oneof![9 => any::<f64>().prop_filter("finite", |v| v.is_finite()), 1 => Just(f64::NAN)];
            prop::collection::vec(prop::collection::vec(value, n..=n), c..=c)
        }),
        rate in prop::sample::select(vec![0.5, 4.0, 125.0, 128.0, 260.4, 360.0, 999.56, 44_100.0]),
    ) {
        let channel = |(i, values)| Channel { name: format!("lead, \"{i}\""), unit: "mV".into(), rate, samples: Samples::Double(values) };
        let channels = columns.into_iter().enumerate().map(channel).collect();
        let recording = Recording { id: "a".into(), channels, annotation_rate: rate, ..Recording::default() };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        csv::write(&path, &recording).unwrap();
        let again = read(&path, &ReadOptions::default()).unwrap();
        prop_assert_eq!(again.rate(), Some(rate));
        prop_assert_eq!(values(&again), values(&recording));
        prop_assert_eq!(&again.channels[0].name, &recording.channels[0].name);
    }

    #[test]
    fn spreadsheets_survive(
        columns in prop::collection::vec(prop::collection::vec(-1e6..1e6_f64, 5..=5), 1..4),
        strip in prop::collection::vec(-1e3..1e3_f64, 200..260),
    ) {
        let mut rows = vec![(0..columns.len()).map(|i| format!("lead {i} (mV)")).collect::<Vec<_>>()];
        rows.extend((0..5).map(|row| columns.iter().map(|c| c[row].to_string()).collect()));
        let recording = parsed(&spreadsheet(&rows), &at(4.0)).unwrap();
        let read: Vec<Vec<f64>> = recording.channels.iter().map(Channel::physical).collect();
        prop_assert_eq!(read, columns);
        prop_assert_eq!(recording.channels[0].unit.as_str(), "mV");

        let wave = strip.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let rows = [vec!["ECG Wave".into(), "Label".into()], vec![wave, "2".into()]];
        let recording = parsed(&spreadsheet(&rows), &at_ten_seconds()).unwrap();
        prop_assert_eq!(recording.channels[0].physical(), strip);
        prop_assert_eq!(recording.label.as_deref(), Some("2"));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[0-9a ,;.\n\t\"'#:-]{0,80}") {
        let _ = parsed(&bytes, &at(1.0));
        let _ = parsed(text.as_bytes(), &at(1.0));
        let _ = parsed(text.as_bytes(), &ReadOptions::default());
        let _ = Array::parse(Path::new("a.npy"), &[&b"\x93NUMPY\x01\x00"[..], &bytes].concat());
    }
}

#[test]
fn the_first_seconds_of_record_100() {
    let Some(folder) = std::env::var_os("PAUCAL_DATA") else {
        println!("skipped: PAUCAL_DATA is not set");
        return;
    };
    let path = PathBuf::from(folder).join("golden/mitdb100_ch0_first3600_mV.csv");
    let recording = read(&path, &at(360.0)).unwrap();
    assert_eq!((recording.channels.len(), recording.seconds()), (1, 10.0));
    assert_eq!(recording.channels[0].physical()[0], -0.145);
}
