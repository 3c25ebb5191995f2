use paucal_data::Values;

use super::steps::Leaf;
use super::*;
use crate::generators::trees::Columns;
use crate::testing::{condition, correlation, dirty, fit, levels, numeric, table};

fn fitted(train: &Table) -> FittedCart {
    let silent = paucal_core::Silent::new();
    let plan = Plan::new(train, &silent).unwrap();
    let steps = fit::fit(Cart::default(), &plan, train, &FitContext::new(Seed(1), &silent)).unwrap();
    FittedCart { plan, steps }
}

#[test]
fn the_target_comes_first_then_levels_then_numbers() {
    let model = fitted(&dirty(600));
    let names: Vec<&str> = model
        .steps
        .iter()
        .map(|step| model.schema().columns[Columns::new(&model.plan).places[step.column]].name.as_str())
        .collect();
    assert_eq!(names, ["sick", "sex", "grade", "site", "age", "lab", "lab", "spike", "seen"]);
    assert!(matches!(model.steps[5].leaf, Leaf::Missing(_)));
}

#[test]
fn every_leaf_holds_enough_rows() {
    for step in &fitted(&dirty(600)).steps {
        let rows: Vec<usize> = match &step.leaf {
            Leaf::Level(tables) | Leaf::Missing(tables) => {
                (0..tables.leaves()).map(|leaf| tables.rows(leaf)).collect()
            }
            Leaf::Number(cells) => cells.starts[1..].iter().map(|&end| cells.running[end - 1]).collect(),
        };
        assert!(rows.iter().all(|&rows| rows >= 5), "{rows:?}");
    }
}

#[test]
fn numbers_are_blurred_and_keep_their_relations() {
    let mut stream = Seed(4).stream("line", 0);
    let x: Vec<f64> = (0..1500).map(|_| stream.normal()).collect();
    let y: Vec<f64> = x.iter().map(|x| 0.9 * x + 0.436 * stream.normal()).collect();
    let kind = || paucal_data::Kind::Numeric { decimals: None };
    let train = table(vec![("x", kind(), Values::Number(x)), ("y", kind(), Values::Number(y.clone()))]);
    let drawn = fitted(&train).sample(6000, &[], Seed(2)).unwrap();
    let (x, fake) = (drawn.at(0).numbers().unwrap(), drawn.at(1).numbers().unwrap());
    let r = correlation(x, fake);
    assert!((r - 0.9).abs() < 0.04, "{r}");
    let range = |v: &[f64]| v.iter().fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
    let (low, high) = range(&y);
    let copies = fake.iter().filter(|x| **x != low && **x != high && y.contains(x)).count();
    assert!(copies == 0, "{copies} numbers are those of patients");
}

#[test]
fn informative_missing_values_and_spikes_survive() {
    let train = dirty(900);
    let drawn = fit(NAME, "", &train).sample(9000, &[], Seed(5)).unwrap();
    let missing = |table: &Table, sick: u32| {
        let codes = table.column("sick").unwrap().codes().unwrap();
        let lab = table.column("lab").unwrap().numbers().unwrap();
        let of: Vec<f64> =
            lab.iter().zip(codes).filter(|(_, code)| **code == sick).map(|(x, _)| *x).collect();
        of.iter().filter(|x| x.is_nan()).count() as f64 / of.len() as f64
    };
    for sick in [0, 1] {
        let (real, fake) = (missing(&train, sick), missing(&drawn, sick));
        assert!((real - fake).abs() < 0.05, "{sick}: {real} {fake}");
    }
    let zeros = |table: &Table| {
        let spike = table.column("spike").unwrap().numbers().unwrap();
        spike.iter().filter(|x| **x == 0.0).count() as f64 / spike.len() as f64
    };
    assert!((zeros(&train) - zeros(&drawn)).abs() < 0.05, "{} {}", zeros(&train), zeros(&drawn));
}

#[test]
fn conditional_rows_are_those_that_rejection_would_keep() {
    let model = fit(NAME, "", &dirty(900));
    let free = model.sample(80_000, &[], Seed(3)).unwrap();
    let code = |table: &Table, name: &str| table.column(name).unwrap().codes().unwrap().to_vec();
    let (site, grade) = (code(&free, "site"), code(&free, "grade"));
    let kept: Vec<usize> = (0..free.rows()).filter(|&row| site[row] == 3 && grade[row] == 2).collect();
    let given = [Condition::new("site", "s3"), Condition::new("grade", "g2")];
    let direct = model.sample(4000, &given, Seed(4)).unwrap();
    let kept = free.take(&kept);
    assert!(kept.rows() > 500);
    let sick = |table: &Table| f64::from(code(table, "sick").iter().sum::<u32>()) / table.rows() as f64;
    let age = |table: &Table| {
        table.column("age").unwrap().numbers().unwrap().iter().sum::<f64>() / table.rows() as f64
    };
    assert!((sick(&direct) - sick(&kept)).abs() < 0.06, "{} {}", sick(&direct), sick(&kept));
    assert!((age(&direct) - age(&kept)).abs() < 2.0, "{} {}", age(&direct), age(&kept));
    assert_eq!(model.sample(9, &condition("site", "s11"), Seed(4)).unwrap().rows(), 9);
}

#[test]
fn levels_never_seen_together_are_given_all_the_same() {
    let given = [Condition::new("a", "a0"), Condition::new("b", "b1")];
    let codes = || Values::Code((0..60).map(|row| row / 30).collect());
    let x = Values::Number((0..60).map(f64::from).collect());
    let train =
        table(vec![("x", numeric(0), x), ("a", levels("a", 2), codes()), ("b", levels("b", 2), codes())]);
    let drawn = fit(NAME, "", &train).sample(40, &given, Seed(1)).unwrap();
    assert_eq!((drawn.at(1).codes().unwrap(), drawn.at(2).codes().unwrap()), (&[0; 40][..], &[1; 40][..]));
}
