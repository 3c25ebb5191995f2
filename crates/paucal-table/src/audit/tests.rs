use std::path::PathBuf;

use paucal_core::Silent;
use paucal_data::{ColumnSpec, Kind, ReadOptions, Schema, Values, read};

use super::*;

/// A table built column by column.
struct Build {
    columns: Vec<ColumnSpec>,
    values: Vec<Values>,
}

impl Build {
    fn new() -> Self {
        Self { columns: Vec::new(), values: Vec::new() }
    }

    fn number(self, name: &str, values: Vec<f64>) -> Self {
        self.column(name, Kind::Numeric { decimals: None }, Values::Number(values))
    }

    fn column(mut self, name: &str, kind: Kind, values: Values) -> Self {
        self.columns.push(ColumnSpec { name: name.into(), kind });
        self.values.push(values);
        self
    }

    fn labelled(self, name: &str, positive: impl Iterator<Item = bool>) -> Table {
        let codes = positive.map(u32::from).collect();
        let built =
            self.column(name, Kind::Boolean { levels: ["no".into(), "yes".into()] }, Values::Code(codes));
        let mut schema = Schema::new(built.columns);
        schema.target = Some(name.into());
        schema.positive = Some("yes".into());
        Table::new(schema, built.values).unwrap()
    }
}

fn uniform(purpose: &str, rows: usize, low: f64, high: f64) -> Vec<f64> {
    let mut stream = Seed(11).stream(purpose, 0);
    (0..rows).map(|_| stream.uniform_in(low, high)).collect()
}

fn run(table: &Table) -> AuditReport {
    audit(table, &[], &AuditOptions::default(), Seed(1), &Silent::new()).unwrap()
}

/// The sentences of a check.
fn said(report: &AuditReport, check: Check) -> Vec<&str> {
    report.findings.iter().filter(|f| f.check == check).map(|f| f.sentence.as_str()).collect()
}

#[test]
fn closed_forms_are_named() {
    let rows = 400;
    let (weight, height) = (uniform("w", rows, 50.0, 100.0), uniform("h", rows, 1.5, 2.0));
    let (systolic, diastolic) = (uniform("s", rows, 110.0, 139.0), uniform("d", rows, 70.0, 89.0));
    let noise = uniform("n", rows, -1.0, 1.0);
    let zip = |a: &[f64], b: &[f64], f: fn(f64, f64) -> f64| -> Vec<f64> {
        a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()
    };
    let table = Build::new()
        .number("weight", weight.clone())
        .number("height", height.clone())
        .number("systolic", systolic.clone())
        .number("diastolic", diastolic.clone())
        .number("pulse pressure", zip(&systolic, &diastolic, |s, d| s - d))
        .number("bmi", zip(&weight, &height, |w, h| (10.0 * w / h / h).round() / 10.0))
        .number("map", zip(&systolic, &diastolic, |s, d| (s + 2.0 * d) / 3.0))
        .number("odd", weight.iter().map(|w| (w / 20.0).sin()).collect())
        .number("noise", noise.clone())
        .number("shifted", zip(&noise, &systolic, |n, s| 2.0 * n * s - 7.0))
        .labelled("y", uniform("y", rows, 0.0, 1.0).into_iter().map(|u| u < 0.3));
    let report = run(&table);
    let found = said(&report, Check::Relation);
    assert_eq!(found.len(), 5, "{found:#?}");
    assert!(
        found.contains(&"'pulse pressure' is a function of 'systolic' and 'diastolic': systolic − diastolic")
    );
    assert!(found.iter().any(|s| s.contains("0.3333 × systolic + 0.6667 × diastolic")), "{found:#?}");
    assert!(found.iter().any(|s| s.contains("weight × height^-1.999 (R² 0.999")), "{found:#?}");
    assert!(found.iter().any(|s| s.ends_with("2 × noise × systolic − 7")), "{found:#?}");
    assert!(found.iter().any(|s| s.starts_with("'odd' is a function of 'weight'")), "{found:#?}");
    assert!(said(&report, Check::Label).is_empty());
}

#[test]
fn copies_renamings_and_bands_are_told_apart() {
    let rows = 300;
    let age = uniform("a", rows, 20.0, 90.0);
    let centimetres = uniform("c", rows, 150.0, 200.0);
    let site: Vec<u32> = uniform("t", rows, 0.0, 4.0).into_iter().map(|u| u as u32).collect();
    let levels = |names: [&str; 4]| Kind::Categorical { levels: names.map(str::to_owned).to_vec() };
    let band = Kind::Categorical { levels: vec!["young".into(), "middle".into(), "old".into()] };
    let table = Build::new()
        .number("age", age.clone())
        .number("age again", age.clone())
        .number("cm", centimetres.clone())
        .number("inch", centimetres.iter().map(|c| c / 2.54).collect())
        .column("site", levels(["a", "b", "c", "d"]), Values::Code(site.clone()))
        .column("town", levels(["w", "x", "y", "z"]), Values::Code(site.iter().map(|s| 3 - s).collect()))
        .column(
            "band",
            band,
            Values::Code(age.iter().map(|a| u32::from(*a > 40.0) + u32::from(*a > 65.0)).collect()),
        )
        .labelled("y", uniform("y", rows, 0.0, 1.0).into_iter().map(|u| u < 0.3));
    let report = run(&table);
    assert_eq!(
        said(&report, Check::DuplicateColumns),
        [
            "'age again' copies 'age'",
            "'inch' is 0.3937 × 'cm'",
            "'town' gives the values of 'site' other names"
        ]
    );
    let found = said(&report, Check::Relation);
    assert!(found.len() == 1 && found[0].starts_with("'band' follows from 'age' by cuts near"), "{found:?}");
}

#[test]
fn a_rule_a_key_a_constant_and_duplicates_are_found() {
    let rows = 400;
    let (rate, bmi) = (uniform("r", rows, 60.0, 100.0), uniform("b", rows, 15.0, 40.0));
    let label: Vec<bool> = rate.iter().zip(&bmi).map(|(r, b)| *r > 90.0 || *b >= 30.0 || *b < 18.5).collect();
    let half = |v: &[f64]| -> Vec<f64> { v.iter().chain(&v[..5]).copied().collect() };
    let mut serial: Vec<f64> = (0..405).map(f64::from).collect();
    serial.reverse();
    let table = Build::new()
        .column("serial", Kind::Integer, Values::Number(serial))
        .number("rate", half(&rate))
        .number("bmi", half(&bmi))
        .column("doctor", Kind::Categorical { levels: vec!["X".into()] }, Values::Code(vec![0; 405]))
        .labelled("risk", label.iter().chain(&label[..5]).copied());
    let report = run(&table);
    let rule = said(&report, Check::Label);
    assert!(rule.len() == 1 && rule[0].contains("'bmi'") && rule[0].contains("'rate'"), "{rule:?}");
    assert_eq!(report.findings[0].severity, Severity::Problem);
    assert_eq!(said(&report, Check::Key), ["'serial' has a different value in every row: a key"]);
    assert_eq!(said(&report, Check::Constant), ["'doctor' has the same value in every row"]);
    assert_eq!(said(&report, Check::DuplicateRows), ["5 rows repeat an earlier row, keys aside"]);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<AuditReport>(&text).unwrap(), report);
}

#[test]
fn missing_values_that_know_the_label_and_small_classes_are_told() {
    let rows = 200;
    let label: Vec<bool> = (0..rows).map(|row| row % 10 == 0).collect();
    let holes = |of: fn(usize, bool) -> bool| -> Vec<f64> {
        let values = uniform("x", rows, 0.0, 1.0);
        (0..rows).map(|row| if of(row, label[row]) { f64::NAN } else { values[row] }).collect()
    };
    let table = Build::new()
        .number("telling", holes(|row, ill| ill || row % 20 == 3))
        .number("silent", holes(|row, _| row % 7 == 0))
        .labelled("y", label.iter().copied());
    let report = run(&table);
    let missing: Vec<&AuditFinding> = report
        .findings
        .iter()
        .filter(|f| f.check == Check::Missing && f.severity == Severity::Caution)
        .collect();
    assert_eq!(missing.len(), 1, "{missing:#?}");
    assert_eq!(
        missing[0].sentence,
        "'telling' is missing in 100 % of the positive and 5.6 % of the other rows"
    );
    let balance = said(&report, Check::Balance);
    assert!(
        balance[0].contains("has 20 rows (10 % of the rows): no change of sensitivity below"),
        "{balance:?}"
    );
    let target = report.target.unwrap();
    assert_eq!((target.positives, target.positive.as_str()), (20, "yes"));
    assert!((0.3..0.4).contains(&target.detectable_paired.unwrap()));
}

#[test]
fn zeros_that_mean_missing_are_told_from_counts() {
    let rows = 200;
    let pressure = uniform("p", rows, 24.0, 120.0).into_iter().map(f64::round);
    let some = |row: usize, x: f64| if row.is_multiple_of(20) { 0.0 } else { x };
    let table = Build::new()
        .number("pressure", pressure.enumerate().map(|(row, x)| some(row, x)).collect())
        .column("pregnancies", Kind::Integer, Values::Number((0..rows).map(|row| (row % 9) as f64).collect()))
        .number("dose", uniform("d", rows, -80.0, 100.0).into_iter().map(|d| d.max(0.0)).collect())
        .labelled("y", uniform("y", rows, 0.0, 1.0).into_iter().map(|u| u < 0.3));
    let report = run(&table);
    let found = said(&report, Check::Missing);
    assert!(found.len() == 1 && found[0].starts_with("'pressure' is 0 in 10 rows"), "{found:?}");
}

#[test]
fn targets_that_cannot_be_used_are_findings() {
    let numbers =
        Build::new().number("a", uniform("a", 50, 0.0, 1.0)).number("b", uniform("b", 50, 0.0, 1.0));
    let one_class = numbers.labelled("y", (0..50).map(|_| false));
    let report = run(&one_class);
    assert!(report.target.is_none() && report.leak.is_none());
    assert_eq!(report.findings[0].severity, Severity::Problem);
    let one_case =
        Build::new().number("a", uniform("a", 50, 0.0, 1.0)).labelled("y", (0..50).map(|row| row == 0));
    let report = run(&one_case);
    assert!(said(&report, Check::Balance)[0].contains("no change of sensitivity could be shown"));
    assert!(report.limits.iter().any(|l| l.contains("too few")), "{:?}", report.limits);
    let mut schema = one_case.schema().clone();
    (schema.target, schema.positive) = (None, None);
    let unlabelled = Table::new(schema, one_case.columns().map(|c| c.values.clone()).collect()).unwrap();
    assert!(run(&unlabelled).limits.iter().any(|l| l.contains("no target")));
    let empty = one_case.take(&[]);
    assert_eq!(run(&empty).rows, 0);
}

/// The folder of real data, or `None` with a word when it is not there.
fn data(path: &str) -> Option<PathBuf> {
    let Ok(folder) = std::env::var("PAUCAL_DATA") else {
        println!("skipped: PAUCAL_DATA is not set");
        return None;
    };
    Some(PathBuf::from(folder).join(path))
}

fn audited(path: &str, target: &str) -> Option<AuditReport> {
    let options = ReadOptions { target: Some(target.into()), ..ReadOptions::default() };
    let read = read(&data(path)?, &options).unwrap();
    let begin = std::time::Instant::now();
    let report =
        audit(&read.table, &read.findings, &AuditOptions::default(), Seed(1), &Silent::new()).unwrap();
    println!("{path}: {:.2} s", begin.elapsed().as_secs_f64());
    for finding in &report.findings {
        println!("  {:?} {:?}: {} [{}]", finding.severity, finding.check, finding.sentence, finding.advice);
    }
    println!("  {:?}", report.limits);
    Some(report)
}

#[test]
fn the_alzheimer_table() {
    let Some(report) = audited("tabular/alzheimers_disease_data.csv", "Diagnosis") else { return };
    assert!(said(&report, Check::Key).iter().any(|s| s.starts_with("'PatientID'")));
    assert!(said(&report, Check::Constant).iter().any(|s| s.starts_with("'DoctorInCharge'")));
    assert!(said(&report, Check::Label).is_empty() && said(&report, Check::Relation).is_empty());
}

#[test]
fn the_kidney_table() {
    let Some(report) = audited("tabular/kidney_disease.csv", "class") else { return };
    assert!(report.findings.iter().any(|f| f.sentence.contains("ckd\\t")));
}

#[test]
fn the_vital_signs_table() {
    let path = "vitals/human_vital_signs_dataset_2024.head10649.csv";
    let Some(report) = audited(path, "Risk Category") else { return };
    let relations = said(&report, Check::Relation);
    let of = |name: &str| {
        relations.iter().find(|s| s.starts_with(&format!("'{name}'"))).copied().unwrap_or_default()
    };
    assert!(of("Derived_BMI").contains("'Weight (kg)' and 'Height (m)'"), "{relations:#?}");
    assert!(of("Derived_MAP").contains("Systolic") && of("Derived_Pulse_Pressure").contains("Diastolic"));
    let rule = said(&report, Check::Label);
    assert!(rule[0].contains("Derived_BMI") && rule[0].contains("Heart Rate"), "{rule:?}");
}

#[test]
fn the_breast_cancer_table_is_sound() {
    let table = paucal_data::datasets::wdbc().unwrap();
    let report = run(&table);
    assert!(report.of(Severity::Problem).next().is_none(), "{:#?}", report.findings);
    assert_eq!(said(&report, Check::Key), ["'id' has a different value in every row: a key"]);
    assert!(said(&report, Check::Relation).is_empty(), "{:#?}", report.findings);
}

#[test]
fn patients_on_both_sides_are_a_problem() {
    let mut stream = Seed(21).stream("patients", 0);
    let patients: Vec<(f64, bool)> = (0..60).map(|_| (stream.normal(), stream.uniform() < 0.3)).collect();
    let rows = || patients.iter().flat_map(|p| std::iter::repeat_n(p, 6));
    let build = || {
        Build::new()
            .number("fingerprint", rows().enumerate().map(|(i, p)| p.0 + 1e-4 * (i % 6) as f64).collect())
            .number("noise", uniform("n", 360, 0.0, 1.0))
            .column(
                "patient",
                Kind::Id,
                Values::Text((0..360).map(|i| Some(format!("P{}", i / 6))).collect()),
            )
            .labelled("y", rows().map(|p| p.1))
    };
    let mut table = build();
    let unnamed = run(&table);
    let leak = unnamed.findings.iter().find(|f| f.check == Check::Leak).unwrap();
    assert_eq!((leak.severity, leak.columns.as_slice()), (Severity::Caution, &["patient".to_owned()][..]));
    table.set_roles(None, None, Some("patient")).unwrap();
    let named = run(&table);
    let leak = named.findings.iter().find(|f| f.check == Check::Leak).unwrap();
    assert_eq!(leak.severity, Severity::Problem, "{leak:?}");
    assert!(leak.sentence.contains("with random and"), "{leak:?}");
}
