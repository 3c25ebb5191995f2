//! Every kind of dirt, in small: what is read, what is said about it, and that nothing panics.

// The lints know test functions, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use paucal_core::Advice;
use paucal_data::{DataError, Header, Kind, Read, ReadOptions, Topic, Values, Weight, read_bytes, write_csv};
use proptest::prelude::*;

fn read_with(text: &[u8], options: &ReadOptions) -> Result<Read, DataError> {
    read_bytes("small.csv", text, options)
}

fn read(text: &str) -> Read {
    read_with(text.as_bytes(), &ReadOptions::default()).unwrap()
}

fn refused(text: &[u8]) -> String {
    let error = read_with(text, &ReadOptions::default()).unwrap_err();
    assert!(error.hint().is_some(), "{error}");
    error.to_string()
}

fn kinds(read: &Read) -> Vec<&'static str> {
    read.table.schema().columns.iter().map(|c| c.kind.name()).collect()
}

fn names(read: &Read) -> Vec<&str> {
    read.table.schema().names().collect()
}

fn numbers<'a>(read: &'a Read, column: &str) -> &'a [f64] {
    read.table.column(column).unwrap().numbers().unwrap()
}

fn said(read: &Read, topic: Topic) -> &str {
    let found = read.findings.iter().find(|f| f.topic == topic);
    found.map_or_else(|| panic!("nothing on {topic:?}: {:#?}", read.findings), |f| &f.sentence)
}

fn written(read: &Read) -> String {
    let mut bytes = Vec::new();
    write_csv(&mut bytes, &read.table).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn separators() {
    for separator in [",", ";", "|", "\t"] {
        let text = "age,sex,bmi\n51,f,22.5\n62,m,31.0\n".replace(',', separator);
        let read = read(&text);
        assert_eq!(names(&read), ["age", "sex", "bmi"]);
        assert_eq!(numbers(&read, "bmi"), [22.5, 31.0]);
        assert_eq!(written(&read), text);
    }
}

#[test]
fn decimal_commas() {
    let text = "a;b\n1,5;2\n22,25;3\n-0,5;1000\n";
    let read = read(text);
    assert_eq!(numbers(&read, "a"), [1.5, 22.25, -0.5]);
    assert!(said(&read, Topic::Numbers).contains("decimal comma ('1,5', '22,25', '-0,5')"));
    assert_eq!(written(&read), text);
}

#[test]
fn thousands() {
    let read = read("a,b\n\"1,234\",x\n\"12,345,678\",y\n");
    assert_eq!(numbers(&read, "a"), [1234.0, 12_345_678.0]);
    assert!(said(&read, Topic::Numbers).contains("thousands"));
    assert_eq!(written(&read), "a,b\n1234,x\n12345678,y\n");
}

#[test]
fn missing_markers() {
    let read = read("a,b,c\n1.5,?,-\n?,x,-\nNA,y,1\n2.5,,2\n");
    assert_eq!(read.table.columns().map(|c| c.values.missing()).collect::<Vec<_>>(), [2, 2, 2]);
    assert_eq!(read.table.schema().layout.missing, ["?", "NA", "", "-"]);
    let sentence = said(&read, Topic::Missing);
    assert_eq!(sentence, "column 'a': 2 of 4 values missing (1 '?', 1 'NA')");
    assert_eq!(written(&read), "a,b,c\n1.5,?,?\n?,x,?\n?,y,1\n2.5,?,2\n");
}

#[test]
fn a_dash_among_words_is_a_level_and_markers_can_be_chosen() {
    let read = read("a\nx\n-\nx\n");
    assert_eq!(read.table.schema().columns[0].kind.levels().unwrap(), ["x", "-"]);
    let options = ReadOptions { missing: Some(vec!["-999".into()]), ..ReadOptions::default() };
    let read = read_with(b"a,b\n-999.0,None\n1.5,x\n", &options).unwrap();
    assert_eq!(read.table.columns().map(|c| c.values.missing()).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn text_among_numbers() {
    let rows: String = (0..40).map(|i| format!("{}.5,x\n", i * 3)).collect();
    let read = read(&format!("a,b\n<0.5,y\n{rows}haemolysed,y\n"));
    assert_eq!(kinds(&read), ["numeric", "categorical"]);
    let sentence = said(&read, Topic::Misfit);
    assert_eq!(sentence, "column 'a': 2 values are not a number ('<0.5', 'haemolysed'); read as missing");
    assert_eq!(read.table.column("a").unwrap().values.missing(), 2);
}

#[test]
fn headers() {
    assert_eq!(names(&read("1,2\n3,4\n")), ["c0", "c1"]);
    assert_eq!(names(&read("a,b\n3,4\n")), ["a", "b"]);
    assert_eq!(names(&read("name,town\nann,ulm\nben,bonn\n")), ["name", "town"]);
    assert!(said(&read("name,town\nann,ulm\nben,bonn\n"), Topic::Layout).contains("--header none"));
    assert_eq!(names(&read("x,y\nx,z\n")), ["c0", "c1"]);
    let none = ReadOptions { header: Header::None, ..ReadOptions::default() };
    let read = read_with(b"a,b\nc,d\n", &none).unwrap();
    assert_eq!((names(&read), read.table.rows()), (vec!["c0", "c1"], 2));
    assert_eq!(written(&read), "a,b\nc,d\n");
}

#[test]
fn empty_and_repeated_names() {
    let read = read(",x,x\n0,1.5,2.5\n1,2.5,3.5\n");
    assert_eq!(names(&read), ["c0", "x", "x_2"]);
    assert!(said(&read, Topic::Names).contains("called 'c0'"));
}

#[test]
fn ragged_rows() {
    let message = refused(b"a,b,c\n1,2,3\n1,2\n");
    assert_eq!(message, "small.csv: line 3 has 2 fields but the first line has 3");
    assert!(refused(b"a,b\n1,\"2\n3,4\n").contains("never closed"));
}

#[test]
fn nothing_to_read() {
    for nothing in [&b""[..], b"\n\n", b"a,b\n", b"\xef\xbb\xbf", b"  \n"] {
        assert!(refused(nothing).contains("holds no rows"), "{nothing:?}");
    }
}

#[test]
fn one_row() {
    let read = read("a,b,c\n1,x,2024-01-02\n");
    assert_eq!(kinds(&read), ["integer", "categorical", "datetime"]);
    assert_eq!(written(&read), "a,b,c\n1,x,2024-01-02\n");
    assert_eq!(read.table.rows(), 1);
}

#[test]
fn columns_without_information() {
    let read = read("a,b\n,5\n,5\n,5\n");
    assert_eq!(kinds(&read), ["numeric", "integer"]);
    assert!(said(&read, Topic::Missing).contains("all values are missing"));
    assert!(said(&read, Topic::Constant).contains("every value is '5'"));
}

#[test]
fn quotes_line_ends_and_odd_bytes() {
    let text = "a,b\n\"x, \"\"y\"\"\nz\",1.5\nplain,2.5\n";
    let quoted = read(text);
    assert_eq!(quoted.table.schema().columns[0].kind.levels().unwrap()[0], "x, \"y\"\nz");
    assert_eq!(written(&quoted), text);
    let odd = read_with(b"a,b\nx\0y,1.5\n\0,2.5\n", &ReadOptions::default()).unwrap();
    assert_eq!(odd.table.schema().columns[0].kind.levels().unwrap(), ["x\0y", "\0"]);
    let huge = "x".repeat(3_000_000);
    assert_eq!(read(&format!("a,b\n{huge},1.5\nz,2\n")).table.rows(), 2);
}

#[test]
fn old_windows_files() {
    let read = read_with(b"town,n\r\nM\xfcnchen,1.5\r\nK\xf6ln,2.5\r\n", &ReadOptions::default()).unwrap();
    assert_eq!(read.table.schema().columns[0].kind.levels().unwrap(), ["München", "Köln"]);
    let finding = &read.findings[0];
    assert_eq!((finding.topic, finding.weight), (Topic::Encoding, Weight::Warning));
    assert!(finding.sentence.contains("windows-1252"));
}

#[test]
fn codes_with_leading_zeros_and_long_numbers_stay_text() {
    let codes: String =
        (0..30).map(|i| format!("{i:03},{}\n", 90_000_000_000_000_000_001_i128 + i)).collect();
    let read = read(&format!("ward,number\n{codes}"));
    assert_eq!(kinds(&read), ["id", "id"]);
    assert_eq!(written(&read), format!("ward,number\n{codes}"));
}

#[test]
fn keys_and_groups() {
    let rows: String = (0..60).map(|i| format!("{},{}.5,{}\n", 1000 + i / 2, i, i % 2)).collect();
    let text = format!("patient_id,x,sick\n{rows}");
    let read = read(&text);
    assert_eq!(kinds(&read), ["id", "numeric", "boolean"]);
    assert!(said(&read, Topic::Keys).contains("--group 'patient_id'"));
    let options = ReadOptions {
        group: Some("patient_id".into()),
        target: Some("sick".into()),
        positive: Some("1".into()),
        ..ReadOptions::default()
    };
    let read = read_with(text.as_bytes(), &options).unwrap();
    assert_eq!(read.table.schema().group.as_deref(), Some("patient_id"));
    assert_eq!(kinds(&read)[0], "id");
    let wrong = ReadOptions { target: Some("sik".into()), ..ReadOptions::default() };
    let error = read_with(text.as_bytes(), &wrong).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("did you mean 'sick'?"));
}

#[test]
fn float_outcomes_keep_their_spelling() {
    let text = "x,y\n1.5,1.0\n2.5,0.0\n3.5,1.0\n";
    let options =
        ReadOptions { target: Some("y".into()), positive: Some("1".into()), ..ReadOptions::default() };
    let read = read_with(text.as_bytes(), &options).unwrap();
    assert_eq!(read.table.schema().columns[1].kind, Kind::Boolean { levels: ["0.0".into(), "1.0".into()] });
    assert_eq!(read.table.schema().positive.as_deref(), Some("1.0"));
    assert_eq!(written(&read), text);
}

#[test]
fn many_levels() {
    let half: String = (0..4000).map(|i| format!("town{},{}.5\n", i % 2000, i)).collect();
    let towns = read(&format!("town,x\n{half}"));
    assert_eq!(kinds(&towns), ["categorical", "numeric"]);
    assert!(said(&towns, Topic::Levels).contains("2000 levels"));
    let unique: String = (0..400).map(|i| format!("seen on day {i} and again,{i}.5\n")).collect();
    assert_eq!(kinds(&read(&format!("note,x\n{unique}"))), ["text", "numeric"]);
}

#[test]
fn case_is_kept_apart_and_said() {
    let read = read("a,x\nMale,1.5\nmale,2.5\nFemale,3.5\n");
    assert_eq!(read.table.schema().columns[0].kind.levels().unwrap().len(), 3);
    assert!(said(&read, Topic::Levels).contains("'Male', 'male'"));
}

#[test]
fn a_schema_is_obeyed() {
    let first = read("a,b\n1,x\n2,y\n");
    let mut schema = first.table.schema().clone();
    schema.columns[0].kind = Kind::Categorical { levels: vec![] };
    let options = ReadOptions { schema: Some(schema.clone()), ..ReadOptions::default() };
    let second = read_with(b"b,a\nx,1\ny,1.0\n", &options).unwrap();
    assert_eq!(second.table.schema().columns[0].kind.levels().unwrap(), ["1"]);
    assert_eq!(second.table.column("a").unwrap().codes().unwrap(), [0, 0]);
    let error = read_with(b"b,a\nz,1\n", &options).unwrap_err();
    assert!(error.to_string().contains("no level 'z'"), "{error}");
    assert!(read_with(b"a,c\n1,x\n", &options).unwrap_err().to_string().contains("no column 'b'"));
    schema.columns[0].kind = Kind::Integer;
    let options = ReadOptions { schema: Some(schema), ..ReadOptions::default() };
    assert!(read_with(b"a,b\nten,x\n", &options).unwrap_err().to_string().contains("not a number"));
}

/// A cell of any of the sorts that tables hold.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,3}",
        "-?[0-9]{1,4}",
        "-?[0-9]{1,3}\\.[0-9]{1,4}",
        Just(String::new()),
        Just("NA".to_owned()),
        "[ -~äöüß\n\"]{0,6}",
        "20[0-9]{2}-0[1-9]-1[0-9]",
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_with(&bytes, &ReadOptions::default());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[-0-9a-c.,;\t\"\n ?]{0,200}") {
        if let Ok(read) = read_with(text.as_bytes(), &ReadOptions::default()) {
            let _ = written(&read);
        }
    }

    #[test]
    fn written_tables_read_back_equal(
        rows in (1_usize..5).prop_flat_map(|width| {
            prop::collection::vec(prop::collection::vec(cell(), width), 1..40)
        }),
        header: bool,
    ) {
        let mut bytes = Vec::new();
        let mut writer = csv::WriterBuilder::new().from_writer(&mut bytes);
        if header {
            writer.write_record((0..rows[0].len()).map(|i| format!("name {i}"))).unwrap();
        }
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        drop(writer);
        let header = if header { Header::Present } else { Header::None };
        let options = ReadOptions { header, delimiter: Some(','), ..ReadOptions::default() };
        let Ok(first) = read_with(&bytes, &options) else { return Ok(()) };
        let schema = first.table.schema().clone();
        let by_schema = ReadOptions { schema: Some(schema.clone()), ..ReadOptions::default() };
        let second = read_with(written(&first).as_bytes(), &by_schema).unwrap();
        prop_assert_eq!(second.table.schema(), &schema);
        for (a, b) in first.table.columns().zip(second.table.columns()) {
            let same = match (a.values, b.values) {
                (Values::Number(x), Values::Number(y)) => {
                    x.iter().zip(y).all(|(x, y)| x == y || (x.is_nan() && y.is_nan()))
                }
                (x, y) => x == y,
            };
            prop_assert!(same, "{:?} became {:?}", a, b);
        }
        prop_assert_eq!(written(&first), written(&second));
    }
}
