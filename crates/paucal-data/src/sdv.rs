//! SDV metadata in and out: the single-table form (`SINGLE_TABLE_V1`) and the form with a `tables` map, of
//! one table.
//!
//! | Kind | sdtype |
//! |---|---|
//! | numeric, integer | `numerical` with `computer_representation` `Float`, `Int64` |
//! | boolean | `boolean` when spelt true and false, otherwise `categorical` |
//! | categorical | `categorical` |
//! | datetime | `datetime` with `datetime_format` |
//! | id | `id` |
//! | text | `unknown` |
//!
//! SDV has no place for levels, decimals, the target, the group and the layout of the file; other sdtypes
//! (names, addresses, phone numbers, …) become text, which is never modelled.

use serde_json::{Map, Value, json};

use crate::error::DataError;
use crate::finding::{Finding, Topic, quoted};
use crate::schema::{ColumnSpec, Kind, Schema};
use crate::table::{Table, Values};

/// SDV metadata (single-table form) that describes a table, with what it cannot express. The first id whose
/// values all differ is the primary key.
pub fn to_sdv(table: &Table) -> (Value, Vec<Finding>) {
    let schema = table.schema();
    let columns: Map<String, Value> =
        schema.columns.iter().map(|spec| (spec.name.clone(), described(&spec.kind))).collect();
    let mut metadata = json!({ "METADATA_SPEC_VERSION": "SINGLE_TABLE_V1" });
    if let Some(key) = table.columns().find(|c| c.spec.kind == Kind::Id && all_differ(c.values)) {
        metadata["primary_key"] = key.spec.name.clone().into();
    }
    metadata["columns"] = columns.into();
    (metadata, lost(schema))
}

fn described(kind: &Kind) -> Value {
    match kind {
        Kind::Numeric { .. } => json!({ "sdtype": "numerical", "computer_representation": "Float" }),
        Kind::Integer => json!({ "sdtype": "numerical", "computer_representation": "Int64" }),
        Kind::Boolean { levels } if is_truth(levels) => json!({ "sdtype": "boolean" }),
        Kind::Boolean { .. } | Kind::Categorical { .. } => json!({ "sdtype": "categorical" }),
        Kind::Datetime { format } => {
            json!({ "sdtype": "datetime", "datetime_format": python_format(format) })
        }
        Kind::Id => json!({ "sdtype": "id" }),
        Kind::Text => json!({ "sdtype": "unknown", "pii": true }),
    }
}

fn is_truth(levels: &[String; 2]) -> bool {
    levels[0].eq_ignore_ascii_case("false") && levels[1].eq_ignore_ascii_case("true")
}

/// What of a schema has no place in the metadata.
fn lost(schema: &Schema) -> Vec<Finding> {
    let has = |test: fn(&Kind) -> bool| schema.columns.iter().any(|c| test(&c.kind));
    let mut lost: Vec<String> = Vec::new();
    if has(Kind::is_discrete) {
        lost.push("the lists of levels".into());
    }
    if has(|kind| matches!(kind, Kind::Numeric { decimals: Some(_) })) {
        lost.push("the decimals".into());
    }
    for (role, column) in [("target", &schema.target), ("group", &schema.group)] {
        lost.extend(column.iter().map(|name| format!("the {role} '{name}'")));
    }
    lost.extend(schema.positive.iter().map(|level| format!("the positive class '{level}'")));
    if !schema.constraints.is_empty() {
        lost.push("the constraints".into());
    }
    lost.push("the layout of the file".into());
    let sentence = format!("SDV metadata cannot express {}; the schema in TOML can", lost.join(", "));
    vec![Finding::note(Topic::Metadata, sentence)]
}

fn all_differ(values: &Values) -> bool {
    let Values::Text(texts) = values else { return false };
    let mut sorted: Vec<&Option<String>> = texts.iter().collect();
    sorted.sort_unstable();
    sorted.iter().all(|text| text.is_some()) && sorted.windows(2).all(|pair| pair[0] != pair[1])
}

/// Puts the types of SDV metadata into a schema that was inferred from the same data; what the metadata
/// does not say (decimals, layout, spelling) stays as inferred. Where it makes a column categorical, the list
/// of levels is empty, to be filled when the file is read by the schema.
pub fn from_sdv(json: &str, inferred: &Schema) -> Result<(Schema, Vec<Finding>), DataError> {
    let metadata: Value =
        serde_json::from_str(json).map_err(|e| DataError::Schema(format!("SDV metadata: {e}")))?;
    let mut findings = Vec::new();
    let described = columns(&metadata, &mut findings)?;
    let mut schema = inferred.clone();
    for column in &mut schema.columns {
        match described.get(&column.name) {
            Some(description) => apply(description, column, &mut findings),
            None => findings.push(
                Finding::warning(Topic::Metadata, "not in the SDV metadata; kept as inferred")
                    .of(&column.name),
            ),
        }
    }
    let absent: Vec<&str> =
        described.keys().map(String::as_str).filter(|name| inferred.index(name).is_err()).collect();
    if !absent.is_empty() {
        let sentence =
            format!("the SDV metadata describes columns that the data do not have: {}", quoted(absent));
        findings.push(Finding::warning(Topic::Metadata, sentence));
    }
    schema.check()?;
    Ok((schema, findings))
}

/// The column descriptions of either form.
fn columns<'a>(
    metadata: &'a Value,
    findings: &mut Vec<Finding>,
) -> Result<&'a Map<String, Value>, DataError> {
    let refused = |message: &str| Err(DataError::Schema(format!("SDV metadata: {message}")));
    let table = match metadata.get("tables").and_then(Value::as_object) {
        None => metadata,
        Some(tables) if tables.len() == 1 => tables.values().next().unwrap_or(metadata),
        Some(tables) => return refused(&format!("{} tables are described, not one", tables.len())),
    };
    let ignored = ["sequence_key", "sequence_index", "alternate_keys", "column_relationships"];
    let ignored = ignored.into_iter().filter(|key| match table.get(key) {
        Some(Value::Null) | None => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    });
    for key in ignored {
        findings.push(Finding::warning(Topic::Metadata, format!("'{key}' of the SDV metadata is not used")));
    }
    match table.get("columns").and_then(Value::as_object) {
        Some(columns) => Ok(columns),
        None => refused("there is no 'columns'"),
    }
}

/// Gives a column the type of its description.
fn apply(description: &Value, column: &mut ColumnSpec, findings: &mut Vec<Finding>) {
    let said = |key: &str| description.get(key).and_then(Value::as_str);
    let empty = || Kind::Categorical { levels: Vec::new() };
    let kind = match said("sdtype").unwrap_or_default() {
        "numerical" => match &column.kind {
            Kind::Numeric { .. } | Kind::Integer => column.kind.clone(),
            _ if said("computer_representation").is_some_and(|r| r.contains("Int")) => Kind::Integer,
            _ => Kind::Numeric { decimals: None },
        },
        "categorical" if column.kind.is_discrete() => column.kind.clone(),
        "boolean" if matches!(column.kind, Kind::Boolean { .. }) => column.kind.clone(),
        "categorical" | "boolean" => empty(),
        "datetime" => match (said("datetime_format"), &column.kind) {
            (_, Kind::Datetime { .. }) => column.kind.clone(),
            (Some(format), _) => Kind::Datetime { format: jiff_format(format) },
            (None, kind) => {
                let sentence = "a datetime without datetime_format in the SDV metadata; kept as inferred";
                findings.push(Finding::warning(Topic::Metadata, sentence).of(&column.name));
                kind.clone()
            }
        },
        "id" => Kind::Id,
        other => {
            let sentence = format!("sdtype '{other}' of the SDV metadata is read as text and never modelled");
            findings.push(Finding::note(Topic::Metadata, sentence).of(&column.name));
            Kind::Text
        }
    };
    column.kind = kind;
}

/// Our format in Python's `strftime`, which has neither an optional fraction nor `%:z`.
fn python_format(format: &str) -> String {
    format.replace("%.f", ".%f").replace("%:z", "%z")
}

/// Python's `strftime` in ours: a fraction of any length.
fn jiff_format(format: &str) -> String {
    format.replace(".%f", "%.f")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{ReadOptions, read_bytes};

    const TEXT: &[u8] = b"id,age,bmi,sex,sick,seen\n\
        p1,51,22.5,f,True,2024-01-02\np2,61,27.5,m,False,2024-02-03\np3,44,25.0,f,True,2024-03-04\n";

    fn table() -> Table {
        read_bytes("t.csv", TEXT, &ReadOptions::default()).unwrap().table
    }

    #[test]
    fn there_and_back() {
        let table = table();
        let (metadata, findings) = to_sdv(&table);
        assert_eq!(metadata["primary_key"], "id");
        assert_eq!(metadata["columns"]["age"]["computer_representation"], "Int64");
        assert_eq!(metadata["columns"]["sick"]["sdtype"], "boolean");
        assert_eq!(metadata["columns"]["seen"]["datetime_format"], "%Y-%m-%d");
        assert!(findings[0].sentence.contains("the decimals"), "{findings:?}");
        let (schema, findings) = from_sdv(&metadata.to_string(), table.schema()).unwrap();
        assert_eq!((&schema, findings), (table.schema(), vec![]));
    }

    #[test]
    fn other_types_win_over_inferred_ones_and_are_filled_on_reading() {
        let json = r#"{"tables": {"t": {"columns": {
            "id": {"sdtype": "ssn", "pii": true}, "age": {"sdtype": "categorical"}, "more": {"sdtype": "id"},
            "bmi": {"sdtype": "numerical", "computer_representation": "Float"}}}}, "relationships": []}"#;
        let (schema, findings) = from_sdv(json, table().schema()).unwrap();
        assert_eq!(schema.columns[0].kind, Kind::Text);
        let said: Vec<&str> = findings.iter().map(|f| f.sentence.as_str()).collect();
        assert!(
            said.iter().any(|s| s.contains("'ssn'")) && said.iter().any(|s| s.contains("'more'")),
            "{said:?}"
        );
        let options = ReadOptions { schema: Some(schema), ..ReadOptions::default() };
        let table = read_bytes("t.csv", TEXT, &options).unwrap().table;
        assert_eq!(table.column("age").unwrap().spec.kind.levels().unwrap(), ["51", "61", "44"]);
    }

    #[test]
    fn what_is_no_metadata_is_refused() {
        for json in ["", "{}", "[]", r#"{"tables": {}}"#, r#"{"tables": {"a": {}, "b": {}}}"#] {
            assert!(from_sdv(json, table().schema()).is_err(), "{json}");
        }
    }
}
