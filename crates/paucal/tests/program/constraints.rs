//! Constraints in a schema file, from the audit to the synthetic rows.

use std::fmt::Write as _;

use paucal_core::Seed;

use crate::support::Place;

/// A ward: BMI follows from weight and height, inches from centimetres, pressures and dates have an order, and each city
/// lies in one country.
fn ward(rows: usize) -> String {
    let mut draws = Seed(5).stream("ward", 0);
    let mut csv = String::from(
        "weight,height,inches,bmi,diastolic,systolic,admission,discharge,city,country,outcome\n",
    );
    for _ in 0..rows {
        let ill = draws.uniform() < 0.3;
        let (height, weight) = (150 + draws.index(45), 50.0 + draws.index(500) as f64 / 10.0);
        let bmi = weight / (height as f64 / 100.0).powi(2);
        let diastolic = 60 + draws.index(30) + if ill { 8 } else { 0 };
        let systolic = diastolic + 20 + draws.index(40);
        let (day, stay) = (1 + draws.index(20), draws.index(9));
        let (city, country) = [("Ulm", "DE"), ("Bonn", "DE"), ("Graz", "AT"), ("Wien", "AT")][draws.index(4)];
        let inches = height as f64 / 2.54;
        let _ = writeln!(
            csv,
            "{weight:.1},{height},{inches:.2},{bmi:.1},{diastolic},{systolic},2024-03-{day:02},2024-03-{:02},{city},{country},{}",
            day + stay,
            if ill { "ill" } else { "well" }
        );
    }
    csv
}

const SECTION: &str = r#"
[constraints]
order = ["diastolic < systolic", "admission <= discharge"]
combinations = [["city", "country"]]
range.height = { min = 120, max = 220 }
compute.bmi = "weight / (height / 100)^2"
"#;

const FAST: &str = "--set judge.trees=20 --set judge.resamples=50";

/// Checks every row of a synthetic file.
fn check(csv: &str, rows: usize) {
    assert_eq!(csv.lines().count(), rows + 1);
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells[at].parse::<f64>().unwrap();
        assert!((number(3) - number(0) / (number(1) / 100.0).powi(2)).abs() <= 0.05 + 1e-9, "{line}");
        assert!(number(4) < number(5), "{line}");
        assert!(cells[6] <= cells[7], "{line}");
        assert!(
            ["Ulm,DE", "Bonn,DE", "Graz,AT", "Wien,AT"].contains(&cells[8..10].join(",").as_str()),
            "{line}"
        );
    }
}

#[test]
fn what_the_schema_demands_holds_in_every_row() {
    let place = Place::new();
    place.write("ward.csv", ward(300));
    let audit = place.done("table audit ward.csv --target outcome --out audit");
    assert!(audit.out.contains("compute.inches = \"height / 2.54\""), "{}", audit.out);
    place.write("ward.toml", place.read("audit/schema.toml") + SECTION);
    for model in ["independent", "gaussian-copula", "cart"] {
        place.done(&format!(
            "table fit ward.csv --schema ward.toml --model {model} --target outcome --out {model}"
        ));
        place.done(&format!("table sample {model} -n 1000 -o free.csv"));
        check(&place.read("free.csv"), 1000);
        place.done(&format!(
            "table sample {model} -n 200 --where outcome=ill --where country=AT -o given.csv"
        ));
        let given = place.read("given.csv");
        check(&given, 200);
        assert!(given.lines().skip(1).all(|line| line.ends_with(",AT,ill")), "{model}");
        place.done(&format!("table sample {model} -n 1000 -o again.csv"));
        assert_eq!(place.read("free.csv"), place.read("again.csv"));
        assert!(place.read(&format!("{model}/schema.toml")).contains("diastolic < systolic"));
    }
    place.done(&format!(
        "table judge --real ward.csv --synthetic free.csv --schema ward.toml --target outcome --out judged --quiet {FAST}"
    ));
    assert_eq!(place.json("judged/result.json")["validity"]["kept"], 1.0);
    assert!(place.read("judged/report.html").contains("keep every constraint"));

    place.done("table fit ward.csv --model independent --target outcome --out loose");
    place.done("table sample loose -n 500 -o loose.csv");
    let judged = place.done(&format!(
        "table judge --real ward.csv --synthetic loose.csv --schema ward.toml --target outcome --out broken {FAST}"
    ));
    assert!(judged.out.contains("combinations of city, country is broken by"), "{}", judged.out);
    assert!(place.json("broken/result.json")["validity"]["kept"].as_f64().unwrap() < 0.9);
}

#[test]
fn wrong_constraints_are_usage_errors_and_broken_rows_are_named() {
    let place = Place::new();
    place.write("ward.csv", ward(100));
    place.done("table audit ward.csv --out audit --quiet");
    let schema = place.read("audit/schema.toml");
    for (section, said) in [
        ("order = [\"diastolc < systolic\"]", "did you mean 'diastolic'?"),
        ("order = [\"city < systolic\"]", "'city' is categorical"),
        ("compute.bmi = \"weight / (height\"", "a ')' is missing"),
        ("range.height = { min = 200, max = 100 }", "no value"),
        ("rnge.height = { min = 200 }", "rnge"),
    ] {
        place.write("bad.toml", format!("{schema}\n[constraints]\n{section}\n"));
        let ended = place.refused("table fit ward.csv --schema bad.toml --model independent --out run", 2);
        assert!(ended.err.contains(said) && ended.err.contains("hint: "), "{section}: {}", ended.err);
        assert!(!place.exists("run"), "{section}");
    }
    place.write("tight.toml", format!("{schema}\n[constraints]\nrange.diastolic = {{ min = 70 }}\n"));
    let audit = place.done("table audit ward.csv --schema tight.toml");
    assert!(audit.out.contains("'diastolic >= 70' is broken by"), "{}", audit.out);
    let fit = place.done("table fit ward.csv --schema tight.toml --model independent --out run");
    assert!(fit.err.contains("which the fit leaves out"), "{}", fit.err);
}
