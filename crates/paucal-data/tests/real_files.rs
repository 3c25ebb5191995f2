//! The readers on real files with real dirt. Skipped, with a word, when `PAUCAL_DATA` is not set.

// The lints know test functions, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::PathBuf;

use paucal_data::{
    Finding, Header, Kind, Read, ReadOptions, Topic, UnknownLevels, read, read_bytes, read_like, write_csv,
};

/// The path of a file under `PAUCAL_DATA`.
fn data(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("PAUCAL_DATA") else {
        eprintln!("skipped: PAUCAL_DATA is not set");
        return None;
    };
    Some(PathBuf::from(folder).join(name))
}

fn target(name: &str, positive: &str) -> ReadOptions {
    ReadOptions { target: Some(name.into()), positive: Some(positive.into()), ..ReadOptions::default() }
}

fn kind<'a>(read: &'a Read, column: &str) -> &'a Kind {
    &read.table.schema().spec(column).unwrap().kind
}

fn kind_name<'a>(read: &'a Read, column: &str) -> &'a str {
    kind(read, column).name()
}

fn missing(read: &Read, column: &str) -> usize {
    read.table.column(column).unwrap().values.missing()
}

fn count(read: &Read, column: &str, level: &str) -> usize {
    let column = read.table.column(column).unwrap();
    let code = column.spec.kind.levels().unwrap().iter().position(|l| l == level).unwrap() as u32;
    column.codes().unwrap().iter().filter(|&&c| c == code).count()
}

fn shape(read: &Read) -> (usize, usize) {
    (read.table.rows(), read.table.columns().len())
}

fn finding<'a>(read: &'a Read, topic: Topic, column: &str) -> &'a Finding {
    let found = read.findings.iter().find(|f| f.topic == topic && f.column.as_deref() == Some(column));
    found.unwrap_or_else(|| panic!("no finding on {column}: {:#?}", read.findings))
}

/// Writing and reading again by the schema gives the same table.
fn round_trips(first: &Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_csv(&mut bytes, &first.table).unwrap();
    let options = ReadOptions { schema: Some(first.table.schema().clone()), ..ReadOptions::default() };
    let again = read_bytes("again.csv", &bytes, &options).unwrap();
    assert_eq!(again.table.schema(), first.table.schema());
    for (a, b) in first.table.columns().zip(again.table.columns()) {
        // NaN differs from itself, so values are compared by their debug text.
        assert_eq!(format!("{:?}", a.values), format!("{:?}", b.values), "{}", a.spec.name);
    }
    bytes
}

/// As [`round_trips`], and the text is that of the source.
fn reproduces(first: &Read, path: &std::path::Path) {
    let bytes = round_trips(first);
    let source = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let written = String::from_utf8(bytes).unwrap();
    for (i, (a, b)) in source.lines().zip(written.lines()).enumerate() {
        assert_eq!(a, b, "line {}", i + 1);
    }
    assert_eq!(source.trim_end().lines().count(), written.lines().count());
}

#[test]
fn wdbc() {
    let Some(path) = data("tabular/wdbc.data") else { return };
    let read = read(&path, &target("c1", "M")).unwrap();
    assert_eq!(shape(&read), (569, 32));
    assert_eq!((kind_name(&read, "c0"), count(&read, "c1", "M")), ("id", 212));
    assert!(!read.table.schema().layout.header);
    assert!(read.table.schema().columns[2..].iter().all(|c| c.kind.is_number()));
    assert_eq!(*kind(&read, "c2"), Kind::Numeric { decimals: Some(3) });
    reproduces(&read, &path);
}

#[test]
fn alzheimer() {
    let Some(path) = data("tabular/alzheimers_disease_data.csv") else { return };
    let read = read(&path, &target("Diagnosis", "1")).unwrap();
    assert_eq!(shape(&read), (2149, 35));
    assert_eq!(kind_name(&read, "PatientID"), "id");
    assert_eq!(kind_name(&read, "Age"), "integer");
    assert_eq!(*kind(&read, "BMI"), Kind::Numeric { decimals: None });
    assert_eq!(kind_name(&read, "EducationLevel"), "categorical");
    assert_eq!(*kind(&read, "Diagnosis"), Kind::Boolean { levels: ["0".into(), "1".into()] });
    assert_eq!(count(&read, "Diagnosis", "1"), 760);
    finding(&read, Topic::Constant, "DoctorInCharge");
    reproduces(&read, &path);
}

#[test]
fn adult() {
    let Some(path) = data("tabular/adult-train.csv") else { return };
    let train = read(&path, &target("c14", ">50K")).unwrap();
    assert_eq!(shape(&train), (32_561, 15));
    assert!(!train.table.schema().layout.header);
    assert_eq!(train.table.schema().layout.missing, ["?"]);
    assert_eq!(count(&train, "c14", ">50K"), 7841);
    assert_eq!([missing(&train, "c1"), missing(&train, "c6"), missing(&train, "c13")], [1836, 1843, 583]);
    assert_eq!(kind_name(&train, "c0"), "integer");
    assert_eq!(kind_name(&train, "c3"), "categorical");
    round_trips(&train);
    let test = data("tabular/adult-test.csv").unwrap();
    let schema = train.table.schema();
    // The hold-out's labels end in a full stop.
    let refused = read_like(&test, schema, UnknownLevels::Refuse).unwrap_err();
    assert!(refused.to_string().contains("'<=50K.'"), "{refused}");
    let test = read_like(&test, schema, UnknownLevels::Extend).unwrap();
    assert_eq!(test.table.rows(), 16_281);
    assert_eq!(kind(&test, "c14").levels().unwrap(), ["<=50K", ">50K", "<=50K.", ">50K."]);
}

#[test]
fn breast_cancer_wisconsin() {
    let Some(path) = data("tabular/breast-cancer-wisconsin.csv") else { return };
    let read = read(&path, &target("c9", "4")).unwrap();
    assert_eq!(shape(&read), (699, 10));
    assert_eq!(*kind(&read, "c9"), Kind::Categorical { levels: vec!["2".into(), "4".into()] });
    assert_eq!((count(&read, "c9", "4"), missing(&read, "c5")), (241, 16));
    reproduces(&read, &path);
}

#[test]
fn pima() {
    let Some(path) = data("tabular/pima-indians-diabetes.csv") else { return };
    let read = read(&path, &target("c8", "1")).unwrap();
    assert_eq!(shape(&read), (768, 9));
    assert_eq!(count(&read, "c8", "1"), 268);
    assert_eq!(*kind(&read, "c5"), Kind::Numeric { decimals: Some(1) });
    assert_eq!(*kind(&read, "c6"), Kind::Numeric { decimals: Some(3) });
    assert_eq!([kind_name(&read, "c0"), kind_name(&read, "c7")], ["integer"; 2]);
    // One cell is spelt 0.420, so the text is not the source's; the numbers are.
    round_trips(&read);
}

#[test]
fn heart_disease() {
    let Some(path) = data("tabular/heart_disease_uci.csv") else { return };
    let read = read(&path, &target("num", "1")).unwrap();
    assert_eq!(shape(&read), (920, 16));
    assert_eq!(kind_name(&read, "id"), "id");
    assert_eq!(kind_name(&read, "dataset"), "categorical");
    assert_eq!(*kind(&read, "fbs"), Kind::Boolean { levels: ["FALSE".into(), "TRUE".into()] });
    assert_eq!(*kind(&read, "oldpeak"), Kind::Numeric { decimals: Some(1) });
    assert_eq!((missing(&read, "ca"), missing(&read, "trestbps")), (611, 59));
    assert_eq!(count(&read, "num", "0"), 411);
    reproduces(&read, &path);
}

#[test]
fn cervical_risk_factors() {
    let Some(path) = data("tabular/kag_risk_factors_cervical_cancer.csv") else { return };
    let read = read(&path, &target("Biopsy", "1")).unwrap();
    assert_eq!(shape(&read), (858, 36));
    assert_eq!(count(&read, "Biopsy", "1"), 55);
    assert_eq!(*kind(&read, "Smokes"), Kind::Boolean { levels: ["0.0".into(), "1.0".into()] });
    assert_eq!(missing(&read, "STDs: Time since first diagnosis"), 787);
    assert_eq!(kind_name(&read, "STDs:AIDS"), "categorical");
    finding(&read, Topic::Constant, "STDs:AIDS");
    assert_eq!(kind_name(&read, "Age"), "integer");
    assert_eq!(*kind(&read, "First sexual intercourse"), Kind::Numeric { decimals: Some(0) });
    round_trips(&read);
}

#[test]
fn kidney_disease() {
    let Some(path) = data("tabular/kidney_disease.csv") else { return };
    let read = read(&path, &target("class", "ckd")).unwrap();
    assert_eq!(shape(&read), (400, 26));
    assert_eq!(kind(&read, "class").levels().unwrap(), ["ckd", "notckd"]);
    assert_eq!(count(&read, "class", "ckd"), 250);
    let sentence = &finding(&read, Topic::Whitespace, "class").sentence;
    assert_eq!(sentence, "column 'class': 2 values end in a tab ('ckd\\t'); read as 'ckd'");
    assert_eq!([kind_name(&read, "pcv"), kind_name(&read, "wbcc")], ["integer"; 2]);
    assert_eq!(*kind(&read, "dm"), Kind::Boolean { levels: ["no".into(), "yes".into()] });
    assert_eq!((kind_name(&read, "id"), missing(&read, "rbc")), ("id", 152));
    round_trips(&read);
}

#[test]
fn liver_disease() {
    let Some(path) = data("tabular/liver_disease_ilpd.csv") else { return };
    let read = read(&path, &target("Dataset", "2")).unwrap();
    assert_eq!(shape(&read), (583, 11));
    assert_eq!(count(&read, "Dataset", "2"), 167);
    assert_eq!((kind_name(&read, "Gender"), kind_name(&read, "Albumin")), ("boolean", "numeric"));
    reproduces(&read, &path);
}

#[test]
fn vital_signs() {
    let Some(path) = data("vitals/human_vital_signs_dataset_2024.head10649.csv") else { return };
    let read = read(&path, &target("Risk Category", "High Risk")).unwrap();
    assert_eq!(shape(&read), (10_649, 17));
    assert_eq!(kind_name(&read, "Patient ID"), "id");
    assert_eq!(*kind(&read, "Timestamp"), Kind::Datetime { format: "%Y-%m-%d %H:%M:%S".into() });
    assert_eq!(*kind(&read, "Body Temperature"), Kind::Numeric { decimals: Some(8) });
    assert_eq!(kind_name(&read, "Gender"), "categorical");
    round_trips(&read);
}

#[test]
fn without_header_everything_is_a_row() {
    let Some(path) = data("tabular/liver_disease_ilpd.csv") else { return };
    let read = read(&path, &ReadOptions { header: Header::None, ..ReadOptions::default() }).unwrap();
    assert_eq!(read.table.rows(), 584);
    assert_eq!(read.table.schema().columns[10].name, "c10");
}
