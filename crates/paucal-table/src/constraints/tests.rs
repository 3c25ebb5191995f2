use std::sync::Mutex;

use paucal_core::{Advice, Cancel, Event, Observer, Seed, Silent};
use paucal_data::constraints::{Constraints, Rules};
use paucal_data::{Kind, MISSING, Table, Values};
use proptest::prelude::*;

use super::recoding::Recoding;
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::{FitContext, FittedGenerator, method};
use crate::generators::METHODS;
use crate::testing::{condition, dirty, fit, levels, numeric, quick, table};

/// Remembers warnings.
#[derive(Default)]
struct Listener {
    heard: Mutex<Vec<String>>,
    silent: Silent,
}

impl Observer for Listener {
    fn event(&self, event: Event) {
        if let Event::Warning { message } = event {
            self.heard.lock().unwrap().push(message);
        }
    }

    fn cancel(&self) -> &Cancel {
        self.silent.cancel()
    }
}

fn constraints(text: &str) -> Constraints {
    toml::from_str(text).unwrap()
}

fn with(table: &Table, text: &str) -> Table {
    let mut schema = table.schema().clone();
    schema.constraints = constraints(text);
    schema.check().unwrap();
    Table::new(schema, table.columns().map(|column| column.values.clone()).collect()).unwrap()
}

const WARD: &str = r#"
order = ["diastolic < systolic", "onset <= admission <= discharge", "diastolic <= mean"]
combinations = [["city", "country"], ["grade", "sick"]]
range.age = { min = 18, max = 110 }
range.crp = { above = 0 }
range.bmi = { min = 10, below = 60 }
compute.bmi = "weight / (height / 100)^2"
compute.mean = "diastolic + (systolic - diastolic) / 3"
compute.obese = "bmi >= 30"
compute.score = "obese + 2 * (age >= 65)"
"#;

/// Patients of a ward: everything that constraints can speak of, with missing values and computed columns not yet
/// computed.
fn ward(rows: usize) -> Table {
    let mut s = Seed(3).stream("ward", 0);
    let day = 86_400.0;
    let (mut numbers, mut codes) = (vec![Vec::new(); 9], vec![Vec::new(); 4]);
    for _ in 0..rows {
        let sick = u32::from(s.uniform() < 0.25);
        let k = f64::from(sick);
        let height = (170.0 + 10.0 * s.normal()).round();
        let diastolic = (70.0 + 12.0 * s.normal()).round();
        let onset = 19_000.0 + (s.uniform() * 300.0).floor();
        let admission = onset + s.normal().exp().floor().min(40.0);
        let row = [
            (50.0 + 15.0 * s.normal() + 10.0 * k).round().clamp(18.0, 99.0),
            ((0.5 + k + s.normal()).exp() * 100.0).ceil() / 100.0,
            ((22.0 + 5.0 * s.uniform() + 6.0 * k) * (height / 100.0) * (height / 10.0)).round() / 10.0,
            height,
            diastolic,
            diastolic + 1.0 + (3.6 + 0.3 * s.normal()).exp().round(),
            onset * day,
            admission * day,
            (admission + (1.5 + s.normal()).exp().floor().min(60.0)) * day,
        ];
        for (at, (column, x)) in numbers.iter_mut().zip(row).enumerate() {
            let lost = [1, 3, 4, 5, 6, 8].contains(&at) && s.uniform() < 0.08;
            column.push(if lost { f64::NAN } else { x });
        }
        let city = s.index(5) as u32;
        let abroad = city == 4 && s.uniform() < 0.5;
        // Grade 3 is for the sick only, and grade 0 for the others.
        let row = [
            if s.uniform() < 0.05 { MISSING } else { city },
            if abroad { 0 } else { city / 2 },
            s.index(3) as u32 + sick,
            sick,
        ];
        codes.iter_mut().zip(row).for_each(|(column, x)| column.push(x));
    }
    let number = |at: usize| Values::Number(numbers[at].clone());
    let code = |at: usize| Values::Code(codes[at].clone());
    let date = || Kind::Datetime { format: "%Y-%m-%d".into() };
    let nothing = || Values::Number(vec![f64::NAN; rows]);
    let no_yes = || Kind::Boolean { levels: ["no".into(), "yes".into()] };
    let ids = (0..rows).map(|row| Some(format!("P{:03}", row / 2))).collect();
    let mut ward = table(vec![
        ("patient", Kind::Id, Values::Text(ids)),
        ("discharge", date(), number(8)),
        ("bmi", numeric(1), nothing()),
        ("age", Kind::Integer, number(0)),
        ("crp", numeric(2), number(1)),
        ("weight", numeric(1), number(2)),
        ("country", levels("k", 3), code(1)),
        ("height", Kind::Integer, number(3)),
        ("obese", no_yes(), Values::Code(vec![MISSING; rows])),
        ("systolic", Kind::Integer, number(5)),
        ("diastolic", Kind::Integer, number(4)),
        ("mean", numeric(0), nothing()),
        ("admission", date(), number(7)),
        ("onset", date(), number(6)),
        ("city", levels("c", 6), code(0)),
        ("grade", levels("g", 5), code(2)),
        ("score", Kind::Integer, nothing()),
        ("sick", no_yes(), code(3)),
    ]);
    ward.set_roles(Some("sick"), Some("yes"), Some("patient")).unwrap();
    let ward = with(&ward, WARD);
    let rules = Rules::of(ward.schema()).unwrap();
    super::compute(ward, &rules).unwrap()
}

/// What a table breaks, with the combinations of another one.
fn broken(drawn: &Table, train: &Table) -> Vec<String> {
    let mut rules = Rules::of(train.schema()).unwrap();
    rules.learn_combinations(train);
    rules.violations(drawn).iter().map(|v| super::describe(v, "is broken by", drawn.rows())).collect()
}

/// Comparable form: NaN breaks `==`.
fn text(table: &Table) -> String {
    table.columns().map(|column| format!("{:?}", column.values)).collect()
}

fn fitted_to(train: &Table) -> impl Iterator<Item = Box<dyn FittedGenerator>> {
    METHODS.iter().map(move |method| fit(method.name, quick(method), train))
}

#[test]
fn every_generator_keeps_every_constraint() {
    let train = ward(500);
    assert_eq!(broken(&train, &train), [""; 0]);
    for fitted in fitted_to(&train) {
        let name = fitted.name();
        let drawn = fitted.sample(3000, &[], Seed(4)).unwrap();
        assert_eq!((drawn.rows(), drawn.schema()), (3000, train.schema()), "{name}");
        assert_eq!(fitted.schema(), train.schema());
        assert_eq!(broken(&drawn, &train), [""; 0], "{name}");
        for column in ["crp", "height", "diastolic", "systolic", "discharge"] {
            let missing = drawn.column(column).unwrap().values.missing();
            // Networks that took five steps know nothing yet.
            let most = if quick(method(name).unwrap()).contains("steps") { 3000 } else { 600 };
            assert!(missing < most, "{name}: {column} is missing in {missing}");
        }
        // Every row has an id of its own, although some were drawn more than once.
        let Values::Text(ids) = drawn.column("patient").unwrap().values else { panic!() };
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), 3000, "{name}");
        assert_eq!(fitted.sample(0, &[], Seed(4)).unwrap().rows(), 0);
    }
}

#[test]
fn every_generator_keeps_constraints_and_conditions_together() {
    let train = ward(500);
    let requests = [
        condition("sick", "yes"),
        condition("city", "c4"),
        condition("city", ""),
        vec![Condition::new("city", "c4"), Condition::new("country", "k0"), Condition::new("sick", "no")],
        condition("country", "k1"),
        condition("grade", "g3"),
        condition("obese", "yes"),
    ];
    for fitted in fitted_to(&train) {
        for given in &requests {
            let drawn = fitted.sample(150, given, Seed(5));
            let drawn = match drawn {
                Ok(drawn) => drawn,
                // A generator that learns no relation may find too few rows to wait for, and says so.
                Err(TableError::NeverKept(what)) if given[0].column == "obese" => {
                    assert!(what.contains("obese"));
                    continue;
                }
                Err(error) => panic!("{} {given:?}: {error}", fitted.name()),
            };
            assert_eq!(broken(&drawn, &train), [""; 0], "{} {given:?}", fitted.name());
            for wanted in given {
                let column = drawn.column(&wanted.column).unwrap();
                let code = column.spec.kind.levels().unwrap().iter().position(|level| *level == wanted.level);
                let code = code.map_or(MISSING, |code| code as u32);
                assert_eq!(column.codes().unwrap(), [code; 150], "{} {given:?}", fitted.name());
            }
        }
        assert_eq!(fitted.sample(0, &requests[1], Seed(5)).unwrap().rows(), 0);
    }
}

#[test]
fn impossible_conditions_are_refused_with_the_names_of_the_user() {
    let fitted = fit("independent", "", &ward(300));
    let refused = |given: &[Condition]| {
        let error = fitted.sample(5, given, Seed(0)).unwrap_err();
        assert!(error.hint().is_some());
        error.to_string()
    };
    assert!(refused(&condition("city", "c5")).contains("no training row has city = 'c5'"));
    assert!(refused(&condition("grade", "g4")).contains("no training row"));
    let never = [Condition::new("city", "c0"), Condition::new("country", "k2")];
    assert!(refused(&never).contains("city = c0") || refused(&never).contains("country = k2"));
    assert!(refused(&condition("systolic", "120")).contains("integer"));
    assert!(refused(&condition("bmi", "30")).contains("numeric"));
    assert!(refused(&condition("citty", "c1")).contains("no column 'citty'"));
    assert!(refused(&condition("city", "Paris")).contains("no level 'Paris'"));
    let both = [Condition::new("city", "c0"), Condition::new("city", "c1")];
    assert!(matches!(fitted.sample(5, &both, Seed(0)), Err(TableError::Contradiction { .. })));
}

#[test]
fn without_constraints_nothing_changes() {
    let train = dirty(200);
    let silent = Silent::new();
    let context = || FitContext::new(Seed(1), &silent);
    for method in METHODS {
        let parameters: toml::Table = quick(method).parse().unwrap();
        let plain = (method.build)(&parameters).unwrap().fit(&train, &context()).unwrap();
        let around = method.generator(&parameters).unwrap().fit(&train, &context()).unwrap();
        for given in [vec![], condition("sick", "yes")] {
            let draw = |fitted: &dyn FittedGenerator| text(&fitted.sample(60, &given, Seed(2)).unwrap());
            assert!(draw(&*plain) == draw(&*around), "{}", method.name);
        }
        assert_eq!(plain.save().ok(), around.save().ok(), "{}", method.name);
    }
}

#[test]
fn a_saved_model_keeps_its_constraints() {
    let train = ward(300);
    for (name, settings) in [
        ("independent", ""),
        ("gaussian-copula", ""),
        ("arf", ""),
        ("cart", ""),
        ("smote-nc", "keep_rows = true"),
        ("tvae", "steps = 5"),
    ] {
        let fitted = fit(name, settings, &train);
        let artefact = fitted.save().unwrap();
        let loaded = method(name).unwrap().restore(&artefact).unwrap();
        assert_eq!(loaded.schema(), train.schema());
        for given in [vec![], condition("city", "c4"), condition("sick", "yes")] {
            let draw = |model: &dyn FittedGenerator| text(&model.sample(300, &given, Seed(8)).unwrap());
            assert!(draw(&*fitted) == draw(&*loaded), "{name}");
        }
        let json = artefact.json.to_string();
        assert!(name == "smote-nc" || !json.contains("P001"), "{name} holds an id");
        let damaged = |from: &str, to: &str| {
            assert!(json.contains(from), "{from}");
            let json = serde_json::from_str(&json.replacen(from, to, 1)).unwrap();
            method(name)
                .unwrap()
                .restore(&crate::Artefact { json, ..artefact.clone() })
                .err()
                .unwrap()
                .to_string()
        };
        assert!(damaged("\"diastolic < systolic\"", "\"diastolic < sistolic\"").contains("sistolic"));
        assert!(damaged("{\"joined\":0}", "{\"joined\":9}").contains("fit together"));
        assert!(damaged("\"same\"", "\"computed\"").contains("damaged"));
    }
}

#[test]
fn the_same_seed_draws_the_same_rows_on_any_number_of_threads() {
    let train = ward(300);
    for name in ["independent", "gaussian-copula", "arf"] {
        let draw = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let fitted = fit(name, "", &train);
                text(&fitted.sample(400, &[], Seed(seed)).unwrap())
                    + &text(&fitted.sample(100, &condition("city", "c4"), Seed(seed)).unwrap())
            })
        };
        let one = draw(1, 9);
        assert!(one == draw(2, 9) && one != draw(2, 10), "{name}");
    }
}

#[test]
fn the_classes_are_drawn_as_often_as_without_constraints() {
    let train = ward(1000);
    let share = |table: &Table| {
        let codes = table.column("sick").unwrap().codes().unwrap();
        codes.iter().map(|&code| f64::from(code)).sum::<f64>() / codes.len() as f64
    };
    // Grade and sickness are independent here, so that a quarter of the rows has to be drawn again.
    let drawn = fit("independent", "", &train).sample(4000, &[], Seed(1)).unwrap();
    assert!((share(&drawn) - share(&train)).abs() < 0.02, "{} {}", share(&drawn), share(&train));
}

#[test]
fn a_condition_on_a_part_of_a_combination_keeps_the_shares_of_the_other_parts() {
    let train = ward(2000);
    let drawn = fit("gaussian-copula", "", &train).sample(2000, &condition("city", "c4"), Seed(1)).unwrap();
    let abroad = drawn.column("country").unwrap().codes().unwrap().iter().filter(|&&code| code == 0).count();
    assert!((800..1200).contains(&abroad), "{abroad}");
}

#[test]
fn the_gap_keeps_a_relation_that_the_columns_have() {
    let train = ward(1000);
    let drawn = fit("gaussian-copula", "", &train).sample(1000, &[], Seed(1)).unwrap();
    let stay = |table: &Table| {
        let days = |name: &str| table.column(name).unwrap().numbers().unwrap().to_vec();
        let mut stays: Vec<f64> = days("discharge")
            .iter()
            .zip(days("admission"))
            .map(|(d, a)| (d - a) / 86_400.0)
            .filter(|d| !d.is_nan())
            .collect();
        stays.sort_unstable_by(f64::total_cmp);
        (stays[stays.len() / 2], stays.iter().filter(|&&d| d == 0.0).count() as f64 / stays.len() as f64)
    };
    let ((real, real_zero), (fake, fake_zero)) = (stay(&train), stay(&drawn));
    assert!((real - fake).abs() <= 1.0, "{real} {fake}");
    assert!((real_zero - fake_zero).abs() < 0.05, "{real_zero} {fake_zero}");
}

#[test]
fn training_rows_that_break_something_are_named_and_left_out() {
    let mut values: Vec<Values> = ward(100).columns().map(|column| column.values.clone()).collect();
    let schema = ward(100).schema().clone();
    let at = |name: &str| schema.index(name).unwrap();
    let set = |values: &mut Vec<Values>, name: &str, row: usize, x: f64| {
        let Values::Number(numbers) = &mut values[at(name)] else { panic!() };
        numbers[row] = x;
    };
    set(&mut values, "age", 6, 7.0);
    set(&mut values, "age", 8, 150.0);
    set(&mut values, "systolic", 9, 10.0);
    set(&mut values, "diastolic", 9, 70.0);
    set(&mut values, "bmi", 3, 99.0);
    let train = Table::new(schema.clone(), values.clone()).unwrap();
    let listener = Listener::default();
    let generator = method("independent").unwrap().generator(&toml::Table::new()).unwrap();
    let fitted = generator.fit(&train, &FitContext::new(Seed(1), &listener)).unwrap();
    let heard = listener.heard.lock().unwrap().join("\n");
    for part in [
        "'age >= 18 and age <= 110' is broken by 2 of 100 rows (rows 7, 9)",
        "'diastolic < systolic' is broken by 1 of 100 rows (row 10)",
        "does not give what stands in 1 of 100 rows (row 4)",
    ] {
        assert!(heard.contains(part), "{part} in {heard}");
    }
    assert_eq!(broken(&fitted.sample(2000, &[], Seed(2)).unwrap(), &train), [""; 0]);
    for row in 0..100 {
        set(&mut values, "age", row, 5.0);
    }
    let train = Table::new(schema, values).unwrap();
    let error = generator.fit(&train, &FitContext::new(Seed(1), &Silent::new())).err().unwrap();
    assert!(matches!(error, TableError::NothingKeeps { rows: 100, left: 0 }) && error.hint().is_some());
}

#[test]
fn small_and_lopsided_tables_with_constraints_work() {
    let numbers = |v: &[f64]| Values::Number(v.to_vec());
    let nan = f64::NAN;
    let pair = |a: &[f64], b: &[f64]| {
        let columns = vec![
            ("a", Kind::Integer, numbers(a)),
            ("b", numeric(1), numbers(b)),
            ("c", numeric(1), numbers(b)),
        ];
        with(&table(columns), "order = ['a <= b']\ncompute.c = 'a + b'\nnear_deterministic = true")
    };
    let tables = [
        pair(&[1.0, 2.0], &[1.0, 2.0]),
        pair(&[nan, nan, nan], &[1.0, 2.0, nan]),
        pair(&[1.0, 2.0, 3.0], &[nan, nan, nan]),
        pair(&[nan, 5.0, nan, 9.0], &[1.0, nan, 2.0, nan]),
        pair(&[1.0, 1.0], &[1.0, 1.0]),
        pair(&[9.0, 9.0, nan], &[nan, nan, 1.0]),
    ];
    for (train, method) in tables.iter().flat_map(|train| METHODS.iter().map(move |method| (train, method))) {
        let generator = method.generator(&quick(method).parse().unwrap()).unwrap();
        match generator.fit(train, &FitContext::new(Seed(1), &Silent::new())) {
            Ok(fitted) => {
                let drawn = fitted.sample(50, &[], Seed(3)).unwrap();
                assert_eq!((drawn.rows(), drawn.schema()), (50, train.schema()));
                assert_eq!(broken(&drawn, train), [""; 0], "{}", method.name);
            }
            Err(error) => assert!(matches!(error, TableError::NothingToLearn), "{error}"),
        }
    }
}

#[test]
fn nearly_determined_columns_stay_tight() {
    let mut s = Seed(11).stream("cells", 0);
    let radius: Vec<f64> =
        (0..400).map(|_| ((2.6 + 0.25 * s.normal()).exp() * 100.0).round() / 100.0).collect();
    let mut noisy = |f: &dyn Fn(f64) -> f64, noise: f64| {
        Values::Number(
            radius.iter().map(|&r| (f(r) * (1.0 + noise * s.normal()) * 10.0).round() / 10.0).collect(),
        )
    };
    let (perimeter, area) = (noisy(&|r| 6.3 * r + 2.0, 0.005), noisy(&|r| 3.0 * r * r, 0.02));
    let train = table(vec![
        ("radius", numeric(2), Values::Number(radius.clone())),
        ("perimeter", numeric(1), perimeter),
        ("area", numeric(1), area),
    ]);
    let spread = |table: &Table| {
        let [r, p] =
            ["radius", "perimeter"].map(|name| table.column(name).unwrap().numbers().unwrap().to_vec());
        let misses: Vec<f64> = r.iter().zip(&p).map(|(r, p)| (p / (6.3 * r + 2.0) - 1.0).abs()).collect();
        misses.iter().sum::<f64>() / misses.len() as f64
    };
    let draw = |train: &Table| fit("tvae", "steps = 60", train).sample(500, &[], Seed(1)).unwrap();
    let near = with(&train, "near_deterministic = true");
    assert!(spread(&draw(&near)) < 3.0 * spread(&train), "{} {}", spread(&draw(&near)), spread(&train));
    assert!(spread(&draw(&near)) < spread(&draw(&train)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn coding_and_decoding_give_the_table_back(rows in proptest::collection::vec(
        (0.0..100.0_f64, 0.0..50.0_f64, 0.0..50.0_f64, 0_u8..16, 0_u32..4, 0_u32..4), 2..40), decimals in 0_u32..4, near: bool)
    {
        let scale = 10_f64.powi(decimals as i32);
        let grid = |x: f64| (x * scale).round() / scale;
        let lost = |x: f64, mask: u8, bit: u8| if mask & (1 << bit) != 0 { f64::NAN } else { x };
        let column = |f: &dyn Fn(&(f64, f64, f64, u8, u32, u32)) -> f64| Values::Number(rows.iter().map(f).collect());
        let train = table(vec![
            ("z", numeric(decimals), column(&|r| lost(grid(grid(r.0 + r.1) + r.2), r.3, 0))),
            ("x", numeric(decimals), column(&|r| lost(grid(r.0), r.3, 1))),
            ("y", numeric(decimals), column(&|r| lost(grid(r.0 + r.1), r.3, 2))),
            ("w", Kind::Numeric { decimals: None }, column(&|r| 3.0 * r.0 + 1.0)),
            ("v", Kind::Numeric { decimals: None }, column(&|r| r.0)),
            ("a", levels("a", 4), Values::Code(rows.iter().map(|r| if r.3 > 12 { MISSING } else { r.4 }).collect())),
            ("b", levels("b", 4), Values::Code(rows.iter().map(|r| r.5).collect())),
            ("s", Kind::Numeric { decimals: None }, column(&|r| lost(grid(r.0), r.3, 1) + r.0)),
        ]);
        let text = format!("order = ['x <= y', 'z >= y', 'x <= z']\ncombinations = [['a', 'b']]\n\
            compute.s = 'x + v'\nnear_deterministic = {near}");
        let train = with(&train, &text);
        let mut rules = Rules::of(train.schema()).unwrap();
        let kept = super::keep(&train, &rules, &Silent::new()).unwrap();
        prop_assert_eq!(kept.rows(), train.rows());
        rules.learn_combinations(&kept);
        let recoding = Recoding::learn(&kept, rules, &Silent::new()).unwrap();
        let coded = recoding.encode(&kept).unwrap();
        prop_assert!(coded.schema().constraints.is_empty());
        let back = recoding.decode(&coded).unwrap();
        for (column, back) in train.columns().zip(&back) {
            match (column.values, back) {
                (Values::Number(a), Values::Number(b)) => for (a, b) in a.iter().zip(b) {
                    let exact = matches!(column.spec.kind, Kind::Numeric { decimals: Some(_) });
                    let same = if exact { a == b } else { (a - b).abs() <= 1e-9 * a.abs().max(1.0) };
                    prop_assert!(same || (a.is_nan() && b.is_nan()), "{} {} {}", column.spec.name, a, b);
                },
                (a, b) => prop_assert_eq!(a, b),
            }
        }
    }
}
