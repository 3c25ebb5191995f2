//! Parquet and Excel files made by other programs (`tools/golden/data.py`), and our own Parquet files.

// The lints know test functions, not the helpers beside them.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use paucal_core::Advice;
use paucal_data::{
    Kind, Read, ReadOptions, Topic, UnknownLevels, read, read_bytes, read_like, write, write_csv,
    write_parquet,
};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn opened(name: &str) -> Read {
    read(&golden(name), &ReadOptions::default()).unwrap()
}

fn as_csv(read: &Read) -> String {
    let mut bytes = Vec::new();
    write_csv(&mut bytes, &read.table).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn rows(read: &Read) -> Vec<Vec<String>> {
    let text = as_csv(read);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|r| r.unwrap().iter().map(Into::into).collect()).collect()
}

#[test]
fn every_parquet_type() {
    for name in ["types.parquet", "types_old.parquet"] {
        let read = opened(name);
        assert_eq!(read.table.rows(), 5, "{name}");
        let cells = rows(&read);
        let row = |i: usize| cells[i].join("|");
        let zeros = "00000000-0000-0000-0000-000000000000";
        let dates =
            "2024-01-01|2024-07-19 21:53:46|2024-07-19 21:53:46|2024-07-19 21:53:46|2024-07-19 21:53:46";
        assert_eq!(
            row(0),
            format!("1|1|1|1|1|1.5|1.1|1.1|0.01|true|yes|yes|yes|001|{dates}|{zeros}|"),
            "{name}"
        );
        assert_eq!(row(2), "|".repeat(20), "{name}");
        let spec = |column: &str| &read.table.schema().spec(column).unwrap().kind;
        assert_eq!(*spec("decimal"), Kind::Numeric { decimals: Some(2) });
        assert_eq!(*spec("bool"), Kind::Boolean { levels: ["false".into(), "true".into()] });
        assert_eq!(spec("digits").levels().unwrap(), ["001", "2", "3", "4"]);
        assert_eq!(cells[4][4], "9007199254740991");
        assert_eq!(cells[4][3], "4294967295");
        assert_eq!(cells[1][16], "2024-07-19 21:53:46.25");
        assert_eq!(cells[4][10], "it is 'so'");
    }
}

#[test]
fn pandas_files() {
    let options = ReadOptions { target: Some("y".into()), ..ReadOptions::default() };
    let read = read(&golden("pandas.parquet"), &options).unwrap();
    assert_eq!(read.table.schema().columns[0].kind, Kind::Boolean { levels: ["0.0".into(), "1.0".into()] });
    assert_eq!(as_csv(&read), "y,name\n0.0,a\n1.0,\n1.0,c\n");
}

#[test]
fn what_parquet_cannot_be_read_says_why() {
    let nested = read(&golden("nested.parquet"), &ReadOptions::default()).unwrap_err();
    assert!(nested.to_string().contains("nested") && nested.hint().is_some(), "{nested}");
}

#[test]
fn zstandard_is_read_or_explained() {
    let read = read(&golden("zstd.parquet"), &ReadOptions::default());
    if cfg!(feature = "zstd") {
        assert_eq!(read.unwrap().table.rows(), 5);
    } else {
        assert!(read.unwrap_err().hint().unwrap().contains("Snappy"));
    }
}

#[test]
fn excel_sheets() {
    let patients = opened("book.xlsx");
    let expected = "id,age,bmi,smoker,seen,at,note\n\
        p0,50,22.5,TRUE,2024-03-01,2024-03-01 00:00:00,well\n\
        p1,51,,FALSE,2024-03-02,2024-03-02 12:30:00,\n\
        p2,52,24.5,TRUE,2024-03-03,2024-03-03 00:00:00,\n\
        p3,53,25.5,FALSE,2024-03-04,2024-03-04 12:30:00,well\n";
    assert_eq!(as_csv(&patients), expected);
    let about = |topic: Topic| patients.findings.iter().filter(|f| f.topic == topic).count();
    assert_eq!((about(Topic::Layout), about(Topic::Misfit)), (2, 1), "{:#?}", patients.findings);
    let name = |sheet: &str| PathBuf::from(format!("{}#{sheet}", golden("book.xlsx").display()));
    let values = read(&name("Values"), &ReadOptions::default()).unwrap();
    assert_eq!(as_csv(&values), "1,2.5\n3,4.5\n");
    let error = read(&name("Value"), &ReadOptions::default()).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("there are: 'Patients', 'Values'"));
}

#[test]
fn parquet_round_trip() {
    let text = "id,age,bmi,grade,sick,seen,at,outcome\n\
        p1,51,22.125,low,no,2024-01-02,2024-01-02 10:00:00,0.0\n\
        p2,,30.5,,yes,,2024-01-03 11:30:15,1.0\n\
        p3,44,,high,yes,1969-12-31,,1.0\n";
    let options = ReadOptions { target: Some("outcome".into()), ..ReadOptions::default() };
    let first = read_bytes("t.csv", text.as_bytes(), &options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write(&path, &first.table).unwrap();
    let again = read_like(&path, first.table.schema(), UnknownLevels::Refuse).unwrap();
    assert_eq!(again.table.schema(), first.table.schema());
    assert_eq!(as_csv(&again), text);
    // The same table gives the same bytes.
    let mut bytes = Vec::new();
    write_parquet(&mut bytes, &first.table).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn endings() {
    let table = opened("pandas.parquet").table;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.tsv");
    write(&path, &table).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "y\tname\n0.0\ta\n1.0\t\n1.0\tc\n");
    let error = write(&folder.path().join("t.docx"), &table).unwrap_err();
    assert!(error.hint().unwrap().contains(".parquet"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn no_bytes_make_the_readers_panic() {
    for name in ["types.parquet", "book.xlsx"] {
        let whole = std::fs::read(golden(name)).unwrap();
        for at in (0..whole.len()).step_by(97) {
            let _ = read_bytes(name, &whole[..at], &ReadOptions::default());
            let mut flipped = whole.clone();
            flipped[at] ^= 0x55;
            let _ = read_bytes(name, &flipped, &ReadOptions::default());
        }
    }
    // A page whose dictionary is gone: the library panics, the reader does not.
    let mut damaged = std::fs::read(golden("types.parquet")).unwrap();
    damaged[1896] ^= 1;
    let error = read_bytes("types.parquet", &damaged, &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}
