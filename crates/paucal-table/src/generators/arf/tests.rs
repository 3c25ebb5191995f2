use ndarray::Array2;
use paucal_data::Values;
use paucal_learn::RandomForest;

use super::leaves::{Content, Region, regions};
use super::*;
use crate::testing::{condition, correlation, dirty, fit, levels, numeric, table};

fn fitted(settings: &str, train: &Table) -> FittedArf {
    let arf = Arf::parse(&settings.parse().unwrap()).unwrap();
    let silent = paucal_core::Silent::new();
    let plan = Plan::new(train, &silent).unwrap();
    let leaves = fit::fit(&arf, &plan, train, &FitContext::new(Seed(1), &silent)).unwrap();
    FittedArf { plan, leaves }
}

#[test]
fn no_leaf_describes_fewer_real_rows_than_asked() {
    let train = dirty(600);
    for min_leaf in [5, 20] {
        let model = fitted(&format!("min_leaf = {min_leaf}"), &train);
        assert!(model.leaves.rows.iter().all(|&rows| rows >= min_leaf));
        // Every real row is in one leaf of every tree.
        assert_eq!(model.leaves.rows.iter().sum::<usize>(), 600 * 30);
        assert!(model.leaves.rows.len() > 100);
    }
}

#[test]
fn cuts_that_leave_too_few_real_rows_are_undone() {
    // Real rows at 0, 1, …, 9 against a crowd at 20: the forest cuts between, and there is nothing to undo;
    // with min_leaf 20 no cut among the ten can stay.
    let x = Array2::from_shape_fn((60, 1), |(row, _)| if row < 10 { row as f64 } else { 20.0 });
    let y: Vec<usize> = (0..60).map(|row| usize::from(row < 10)).collect();
    let forest = RandomForest { trees: 3, ..RandomForest::default() };
    let forest = forest.grow(x.view(), &y, 2, None, Seed(3)).unwrap();
    let real = x.slice(ndarray::s![..10, ..]).to_owned();
    for tree in forest.splits() {
        let found = regions(tree, &real, 20);
        assert_eq!(found.len(), 1);
        let Region { rows, bounds } = &found[0];
        assert_eq!(rows.len(), 10);
        assert!(bounds[0].1 > 5.0 && bounds[0].1 < 20.0, "the empty side is cut off: {bounds:?}");
    }
}

#[test]
fn numbers_stay_within_the_cuts_and_keep_their_relation() {
    let mut stream = Seed(4).stream("line", 0);
    let x: Vec<f64> = (0..1500).map(|_| stream.normal()).collect();
    let y = x.iter().map(|x| 0.9 * x + 0.436 * stream.normal()).collect();
    let kind = || numeric(4);
    let train = table(vec![("x", kind(), Values::Number(x)), ("y", kind(), Values::Number(y))]);
    let model = fitted("", &train);
    for content in &model.leaves.contents {
        let Content::Numbers { normals, .. } = content else { panic!("two numbers") };
        assert!(normals.iter().all(|n| n.low <= n.mean && n.mean <= n.high && n.is_sound()));
    }
    let drawn = model.sample(6000, &[], Seed(2)).unwrap();
    let r = correlation(drawn.at(0).numbers().unwrap(), drawn.at(1).numbers().unwrap());
    assert!(r > 0.75, "{r}");
}

#[test]
fn relations_of_levels_and_missing_values_survive() {
    let train = dirty(900);
    let drawn = fit(NAME, "", &train).sample(9000, &[], Seed(5)).unwrap();
    let missing_lab = |table: &Table, sick: u32| {
        let codes = table.column("sick").unwrap().codes().unwrap();
        let lab = table.column("lab").unwrap().numbers().unwrap();
        let rows: Vec<f64> =
            lab.iter().zip(codes).filter(|(_, code)| **code == sick).map(|(x, _)| *x).collect();
        rows.iter().filter(|x| x.is_nan()).count() as f64 / rows.len() as f64
    };
    for sick in [0, 1] {
        let (real, fake) = (missing_lab(&train, sick), missing_lab(&drawn, sick));
        assert!((real - fake).abs() < 0.12, "{sick}: {real} {fake}");
    }
}

#[test]
fn conditions_are_those_that_rejection_would_keep() {
    let train = dirty(900);
    let model = fit(NAME, "", &train);
    let free = model.sample(60_000, &[], Seed(3)).unwrap();
    let direct = model.sample(6000, &condition("sick", "yes"), Seed(4)).unwrap();
    let sick = free.column("sick").unwrap().codes().unwrap().to_vec();
    let kept: Vec<usize> = (0..free.rows()).filter(|&row| sick[row] == 1).collect();
    let age = |table: &Table| {
        let ages = table.column("age").unwrap().numbers().unwrap();
        ages.iter().sum::<f64>() / ages.len() as f64
    };
    assert!((age(&direct) - age(&free.take(&kept))).abs() < 0.8);
}

#[test]
fn levels_that_share_no_leaf_are_given_all_the_same() {
    let given = [Condition::new("a", "a0"), Condition::new("b", "b1")];
    let codes = || Values::Code((0..60).map(|row| row / 30).collect());
    let train = table(vec![("a", levels("a", 2), codes()), ("b", levels("b", 2), codes())]);
    let drawn = fit(NAME, "", &train).sample(40, &given, Seed(1)).unwrap();
    assert_eq!((drawn.at(0).codes().unwrap(), drawn.at(1).codes().unwrap()), (&[0; 40][..], &[1; 40][..]));
}
