use paucal_core::Advice;
use proptest::prelude::*;

use super::*;
use crate::error::DataError;
use crate::read::{ReadOptions, read_bytes};
use crate::schema::{ColumnSpec, Kind};
use crate::table::{MISSING, Table, Values};

const COLUMNS: &str = r#"
version = 1
target = "sick"
group = "patient"
columns = [
  { name = "patient", kind = "id" },
  { name = "age", kind = "integer" },
  { name = "weight", kind = "numeric", decimals = 1 },
  { name = "height", kind = "integer" },
  { name = "bmi", kind = "numeric", decimals = 1 },
  { name = "obese", kind = "boolean", levels = ["no", "yes"] },
  { name = "diastolic", kind = "integer" },
  { name = "systolic", kind = "integer" },
  { name = "mean pressure", kind = "numeric", decimals = 0 },
  { name = "admission", kind = "datetime", format = "%Y-%m-%d" },
  { name = "discharge", kind = "datetime", format = "%Y-%m-%d" },
  { name = "city", kind = "categorical", levels = ["Ulm", "Graz", "Wien"] },
  { name = "country", kind = "categorical", levels = ["DE", "AT"] },
  { name = "note", kind = "text" },
  { name = "sick", kind = "boolean", levels = ["no", "yes"] },
]
"#;

fn schema(constraints: &str) -> Result<Schema, DataError> {
    Schema::from_toml(&format!("{COLUMNS}\n{constraints}"))
}

const ALL: &str = r#"
[constraints]
order = ["diastolic < systolic", "admission <= discharge", "diastolic <= 'mean pressure' <= systolic"]
combinations = [["city", "country"]]
[constraints.range]
age = { min = 18, max = 110 }
weight = { above = 0.5 }
admission = { min = "2019-01-01", below = "2025-01-01" }
[constraints.compute]
bmi = "weight / (height / 100)^2"
obese = "bmi >= 30"
"mean pressure" = "diastolic + (systolic - diastolic) / 3"
"#;

#[test]
fn a_section_is_kept_through_toml_and_json() {
    let schema = schema(ALL).unwrap();
    assert_eq!(Schema::from_toml(&schema.to_toml().unwrap()).unwrap(), schema);
    let json = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
    let without = Schema::new(schema.columns.clone());
    assert!(!without.to_toml().unwrap().contains("constraints"));
    assert!(!serde_json::to_string(&without).unwrap().contains("constraints"));
    let rules = Rules::of(&schema).unwrap();
    assert_eq!((rules.limits.len(), rules.orders.len(), rules.combinations.len()), (3, 4, 1));
    // bmi stands before obese, which is computed from it.
    let computed: Vec<usize> = rules.computed.iter().map(|c| c.column).collect();
    assert!(computed.iter().position(|&c| c == 4) < computed.iter().position(|&c| c == 5), "{computed:?}");
}

#[test]
fn dropped_columns_take_their_constraints_with_them() {
    let schema = schema(ALL).unwrap();
    let values = schema.columns.iter().map(|spec| match &spec.kind {
        kind if kind.is_number() => Values::Number(vec![1.0]),
        kind if kind.is_discrete() => Values::Code(vec![0]),
        _ => Values::Text(vec![None]),
    });
    let table = Table::new(schema.clone(), values.collect()).unwrap();
    let kept = table.keep_columns(|c| !["height", "city", "systolic"].contains(&c.name.as_str()));
    let left = &kept.schema().constraints;
    assert!(kept.schema().check().is_ok());
    assert_eq!(left.order.iter().map(ToString::to_string).collect::<Vec<_>>(), ["admission <= discharge"]);
    assert!(left.combinations.is_empty());
    assert_eq!(left.compute.keys().collect::<Vec<_>>(), ["obese"]);
}

#[test]
fn wrong_constraints_are_refused_with_a_reason_and_a_hint() {
    let refused = |constraints: &str| {
        let error = schema(&format!("[constraints]\n{constraints}")).unwrap_err();
        assert_eq!(error.exit_kind(), paucal_core::ExitKind::Usage);
        format!("{error}; {}", error.hint().unwrap())
    };
    for (constraints, part) in [
        ("order = ['diastolc < systolic']", "did you mean 'diastolic'?"),
        ("order = ['18 <= age']", "[constraints.range]"),
        ("order = ['city < country']", "'city' is categorical"),
        ("order = ['note < age']", "'note' is text"),
        ("order = ['age < admission']", "a moment, the other a number"),
        ("order = ['age = weight']", "[constraints.compute]"),
        ("order = ['age < ']", "a column is missing"),
        ("order = ['age']", "'<' or '<='"),
        ("order = ['age < weight > height']", "one chain"),
        ("order = ['age < weight', 'weight < height', 'height <= age']", "in a circle"),
        ("combinations = [['city', 'contry']]", "did you mean 'country'?"),
        ("combinations = [['city', 'age']]", "'age' is integer"),
        ("combinations = [['city']]", "at least two"),
        ("combinations = [['city', 'country'], ['country', 'sick']]", "put the lists"),
        ("range.age = { min = 20, max = 10 }", "no value can be"),
        ("range.age = { above = 20, max = 20 }", "no value can be"),
        ("range.age = { min = 20, above = 20 }", "exclude each other"),
        ("range.age = { minimum = 20 }", "unknown field `minimum`"),
        ("range.age = {}", "needs 'min'"),
        ("range.age = { min = 'ten' }", "without quotes"),
        ("range.age = { min = nan }", "no finite number"),
        ("range.city = { min = 1 }", "is categorical"),
        ("range.admission = { min = 2020 }", "in quotes"),
        ("range.admission = { min = '01/02/2020' }", "of the form %Y-%m-%d"),
        (
            "order = ['diastolic < systolic']\nrange.diastolic = { min = 90 }\nrange.systolic = { max = 80 }",
            "no value",
        ),
        ("compute.bmi = 'weight / hight'", "did you mean 'height'?"),
        ("compute.bmi = 'weight / (height'", "')' is missing"),
        ("compute.bmi = 'weight /'", "ends too early"),
        ("compute.bmi = 'weight height'", "'height' does not fit"),
        ("compute.bmi = 'mean pressure * 2'", "'pressure' does not fit"),
        ("compute.bmi = 'sin(weight)'", "no function 'sin'"),
        ("compute.bmi = 'min(weight)'", "takes 2 values"),
        ("compute.bmi = 'city * 2'", "'city' is categorical"),
        ("compute.city = 'age'", "'city' is categorical"),
        ("compute.bmi = 'bmi + 1'", "in a circle"),
        ("compute.bmi = 'weight + age'\ncompute.age = 'bmi'", "in a circle"),
        ("ordering = ['age < weight']", "unknown field `ordering`"),
    ] {
        let said = refused(constraints);
        assert!(said.contains(part), "{constraints}: {said}");
    }
    let group = COLUMNS.replace("group = \"patient\"", "group = \"age\"");
    let error = Schema::from_toml(&format!("{group}[constraints.range]\nage = {{ min = 1 }}")).unwrap_err();
    assert!(error.to_string().contains("group column"), "{error}");
}

#[test]
fn deep_and_long_formulae_are_refused_and_do_not_overflow() {
    for text in ["(".repeat(100_000), "-".repeat(1_500), "(".repeat(900), "2^".repeat(900)] {
        assert!(Expression::parse(&text).is_err());
    }
}

#[test]
fn formulae_are_computed_as_on_paper() {
    let value = |text: &str| Expression::parse(text).unwrap().value(&[3.0, f64::NAN]);
    for (text, expected) in [
        ("1 + 2 * 3^2", 19.0),
        ("-2^2", -4.0),
        ("2^-1", 0.5),
        ("2^3^2", 512.0),
        ("8 / 4 / 2", 1.0),
        ("7 - 4 - 2", 1.0),
        ("x * 2 − 1", 5.0),
        ("(x >= 3) + (x > 3) + (x == 3) + (x != 3)", 2.0),
        ("round(2.345 * x, 1)", 7.0),
        ("round(2.5)", 3.0),
        ("max(x, 10) - min(x, 10)", 7.0),
        ("days(2 * 86400)", 2.0),
        ("sqrt(abs(-16)) + floor(1.9) + ceil(0.1) + ln(exp(1))", 7.0),
        ("1e2 + .5", 100.5),
        ("'x' + `x`", 6.0),
    ] {
        assert!((value(text) - expected).abs() < 1e-12, "{text} = {}", value(text));
    }
    for undefined in ["x / 0", "ln(-x)", "x + y", "max(x, y)", "y^0 + x", "(y > 1) + x"] {
        let both = Expression::parse(undefined).unwrap();
        let values: Vec<f64> =
            both.columns().iter().map(|name| if name == "x" { 3.0 } else { f64::NAN }).collect();
        assert!(both.value(&values).is_nan(), "{undefined}");
    }
}

#[test]
fn violations_name_the_rule_and_the_rows_and_missing_values_are_fine() {
    let csv = "\
age,weight,height,bmi,obese,city,country
40,80,200,20,no,Ulm,DE
17,80,200,20.1,no,Graz,AT
,,200,20,yes,Ulm,AT
50,120,200,30,no,,DE
";
    let text = r#"
version = 1
columns = [
  { name = "age", kind = "integer" },
  { name = "weight", kind = "numeric", decimals = 1 },
  { name = "height", kind = "integer" },
  { name = "bmi", kind = "numeric", decimals = 1 },
  { name = "obese", kind = "boolean", levels = ["no", "yes"] },
  { name = "city", kind = "categorical", levels = ["Ulm", "Graz"] },
  { name = "country", kind = "categorical", levels = ["DE", "AT"] },
]
[constraints]
order = ["age < weight"]
combinations = [["city", "country"]]
range.age = { min = 18 }
compute.bmi = "weight / (height / 100)^2"
compute.obese = "weight >= 120"
"#;
    let schema = Schema::from_toml(text).unwrap();
    let options = ReadOptions { schema: Some(schema.clone()), ..ReadOptions::default() };
    let table = read_bytes("t.csv", csv.as_bytes(), &options).unwrap().table;
    let mut rules = Rules::of(&schema).unwrap();
    let found = |rules: &Rules| {
        let all = rules.violations(&table).into_iter();
        all.map(|v| (v.rule, v.rows)).collect::<Vec<_>>()
    };
    let numbers = vec![
        ("age >= 18".to_owned(), vec![1]),
        ("bmi = weight / (height / 100)^2".to_owned(), vec![1]),
        ("obese = weight >= 120".to_owned(), vec![3]),
    ];
    assert_eq!(found(&rules), numbers);
    rules.learn_combinations(&table.take(&[0, 1, 3]));
    assert_eq!(rules.combinations[0].seen[&vec![MISSING, 0]], 1);
    let last = found(&rules).pop().unwrap();
    assert_eq!(last, ("combinations of city, country".to_owned(), vec![2]));
}

#[test]
fn names_are_quoted_where_they_must_be() {
    assert_eq!(
        ["age", "mean pressure", "2h", "a'b"].map(written),
        ["age", "'mean pressure'", "'2h'", "`a'b`"]
    );
}

#[test]
fn columns_of_tables_without_constraints_stay_as_they_are() {
    let column = ColumnSpec { name: "x".into(), kind: Kind::Integer };
    assert!(Rules::of(&Schema::new(vec![column])).unwrap().is_empty());
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in ".{0,40}") {
        let _ = Expression::parse(&text);
        let _ = Chain::parse(&text);
    }

    #[test]
    fn anything_made_of_the_signs_is_read_without_panic(text in "[a-c0-9 .()<>=!+*/^,'`-]{0,40}") {
        if let Ok(expression) = Expression::parse(&text) {
            let value = expression.value(&vec![1.5; expression.columns().len()]);
            prop_assert!(!value.is_infinite());
            prop_assert_eq!(Expression::parse(&expression.to_string()).unwrap(), expression);
        }
        let _ = Chain::parse(&text);
    }
}
