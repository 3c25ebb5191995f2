use paucal_core::{Seed, Silent};
use paucal_data::{Table, Values};

use super::sample::births_for_tests;
use super::*;
use crate::testing::{condition, dirty, levels, numeric, table};

fn fitted(parameters: SmoteNc, train: &Table) -> FittedSmote {
    let plan = Plan::new(train, &Silent::new()).unwrap();
    let class = train.schema().target.as_deref().map(|name| train.schema().index(name).unwrap());
    let features = Features::new(train, &plan, class);
    FittedSmote { parameters, plan, train: train.clone(), class, features }
}

#[test]
fn new_rows_lie_between_a_case_and_a_neighbour_of_its_class() {
    let train = dirty(600);
    let model = fitted(SmoteNc::default(), &train);
    let given = model.plan.resolve(&condition("sick", "yes")).unwrap();
    let drawn = model.sample(300, &condition("sick", "yes"), Seed(2)).unwrap();
    let births = births_for_tests(&model, 300, &given, Seed(2));
    let (ages, labs) =
        (train.column("age").unwrap().numbers().unwrap(), train.column("lab").unwrap().numbers().unwrap());
    let sick = train.column("sick").unwrap().codes().unwrap();
    let (age, lab) =
        (drawn.column("age").unwrap().numbers().unwrap(), drawn.column("lab").unwrap().numbers().unwrap());
    for (row, birth) in births.iter().enumerate() {
        assert_ne!(birth.case, birth.neighbour);
        assert_eq!((sick[birth.case], sick[birth.neighbour]), (1, 1));
        let (a, b) = (ages[birth.case], ages[birth.neighbour]);
        assert!(age[row] >= a.min(b) && age[row] <= a.max(b));
        assert_eq!(age[row], (a + birth.gap * (b - a)).round());
        assert_eq!(lab[row].is_nan(), labs[birth.case].is_nan());
    }
}

#[test]
fn neighbours_are_the_nearest_with_the_papers_penalty() {
    // Scaled x: sd of [0, 1, 2, 3] is 1.118; within the class the scaled sd is 1, so the penalty is 1.
    let mut train = table(vec![
        ("x", numeric(1), Values::Number(vec![0.0, 1.0, 2.0, 3.0])),
        ("c", levels("c", 2), Values::Code(vec![0, 1, 0, 0])),
        ("y", levels("y", 1), Values::Code(vec![0; 4])),
    ]);
    train.set_roles(Some("y"), None, None).unwrap();
    let model = fitted(SmoteNc::default(), &train);
    // From row 0: row 1 at √(0.8 + 1) = 1.342, row 2 at √3.2 = 1.789, row 3 at √7.2.
    assert_eq!(model.features.nearest(0, &[0, 1, 2, 3], 2), [1, 2]);
    // From row 3: row 2 at 0.894, then row 1 at √(3.2 + 1) = 2.05, row 0 at √7.2 = 2.68.
    assert_eq!(model.features.nearest(3, &[0, 1, 2, 3], 3), [2, 1, 0]);
}

#[test]
fn parents_keep_rare_levels_and_the_majority_loses_them() {
    let train = dirty(900);
    let share = |nominal| {
        let model = fitted(SmoteNc { nominal, ..SmoteNc::default() }, &train);
        let drawn = model.sample(60_000, &[], Seed(3)).unwrap();
        let codes = drawn.column("grade").unwrap().codes().unwrap();
        codes.iter().filter(|&&code| code == 3).count() as f64 / 60_000.0
    };
    let real = 2.0 / 900.0;
    assert!(share(Nominal::Parent) > 0.4 * real);
    assert!(share(Nominal::Majority) < 0.4 * real);
}

#[test]
fn a_class_of_one_or_two_still_gives_what_was_asked() {
    let codes = |single: bool| {
        Values::Code((0..20).map(|row| u32::from(row == 0 || (!single && row == 1))).collect())
    };
    for single in [true, false] {
        let mut train = table(vec![
            ("x", numeric(3), Values::Number((0..20).map(|row| f64::from(row * row)).collect())),
            ("y", levels("y", 2), codes(single)),
        ]);
        train.set_roles(Some("y"), None, None).unwrap();
        let drawn = fitted(SmoteNc::default(), &train).sample(40, &condition("y", "y1"), Seed(3)).unwrap();
        assert_eq!(drawn.at(1).codes().unwrap(), [1; 40]);
        let x = drawn.at(0).numbers().unwrap();
        let farthest = x.iter().copied().fold(0.0, f64::max);
        // Alone: half-way to one of the five nearest at most; two: between 0 and 1.
        assert!(farthest <= if single { 12.5 } else { 1.0 }, "{farthest}");
        assert!(x.iter().any(|&v| v > 0.0));
    }
}

#[test]
fn conditions_without_a_common_row_are_refused() {
    let train = table(vec![
        ("a", levels("a", 2), Values::Code(vec![0, 0, 1, 1])),
        ("b", levels("b", 2), Values::Code(vec![0, 0, 1, 1])),
    ]);
    let given = [Condition::new("a", "a0"), Condition::new("b", "b1")];
    let error = fitted(SmoteNc::default(), &train).sample(3, &given, Seed(0)).unwrap_err();
    assert!(error.to_string().contains("a = a0 and b = b1"), "{error}");
}
