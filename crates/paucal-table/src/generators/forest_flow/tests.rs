use paucal_data::Values;

use super::coding::{Coding, Part};
use super::*;
use crate::generators::trees::Columns;
use crate::testing::{dirty, fit, levels, numeric, table};

const QUICK: &str = "noise_levels = 10\nreplications = 20\nrounds = 20";

#[test]
fn points_turn_back_into_their_rows() {
    let train = dirty(600);
    let plan = Plan::new(&train, &paucal_core::Silent::new()).unwrap();
    let columns = Columns::new(&plan);
    let cells: Vec<Vec<f64>> = (0..columns.len()).map(|at| columns.cells(&train, at)).collect();
    let coding = Coding::new(&columns, &cells);
    let mut stream = Seed(3).stream("coding", 0);
    let (mut point, mut back) = (vec![0.0; coding.width()], vec![0.0; columns.len()]);
    for row in 0..600 {
        for (start, part) in coding.places() {
            part.encode(cells[part.column()][row], &mut point[start..start + part.width()], &mut stream);
        }
        coding.decode(&point, &mut back);
        for (&cell, column) in back.iter().zip(&cells) {
            let real = column[row];
            assert!((cell - real).abs() <= 1e-6 * real.abs() || real.is_nan(), "{cell} {real}");
        }
    }
}

#[test]
fn many_levels_share_one_coordinate() {
    let code = (0..900).map(|row| row % 30).collect();
    let train = table(vec![
        ("code", levels("c", 40), Values::Code(code)),
        ("x", numeric(1), Values::Number((0..900).map(|row| f64::from(row % 7)).collect())),
    ]);
    let plan = Plan::new(&train, &paucal_core::Silent::new()).unwrap();
    let columns = Columns::new(&plan);
    let cells: Vec<Vec<f64>> = (0..columns.len()).map(|at| columns.cells(&train, at)).collect();
    let coding = Coding::new(&columns, &cells);
    assert_eq!(coding.width(), 2);
    assert!(matches!(&coding.parts[0], Part::Intervals { levels, .. } if levels.len() == 30));
    let drawn = fit(NAME, QUICK, &train).sample(3000, &[], Seed(1)).unwrap();
    let mut counts = [0; 40];
    drawn.at(0).codes().unwrap().iter().for_each(|&code| counts[code as usize] += 1);
    assert!(counts[..30].iter().all(|&n| n > 20) && counts[30..].iter().all(|&n| n == 0), "{counts:?}");
}

#[test]
fn relations_to_the_class_and_missing_values_survive() {
    let train = dirty(900);
    let drawn = fit(NAME, QUICK, &train).sample(6000, &[], Seed(5)).unwrap();
    let of = |table: &Table, sick: u32, value: &dyn Fn(f64) -> f64, name: &str| {
        let codes = table.column("sick").unwrap().codes().unwrap();
        let numbers = table.column(name).unwrap().numbers().unwrap();
        let of: Vec<f64> =
            numbers.iter().zip(codes).filter(|(_, c)| **c == sick).map(|(x, _)| value(*x)).collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    for sick in [0, 1] {
        let missing = |x: f64| f64::from(u8::from(x.is_nan()));
        let (real, fake) = (of(&train, sick, &missing, "lab"), of(&drawn, sick, &missing, "lab"));
        assert!((real - fake).abs() < 0.1, "missing {sick}: {real} {fake}");
        let (real, fake) = (of(&train, sick, &|x| x, "age"), of(&drawn, sick, &|x| x, "age"));
        assert!((real - fake).abs() < 2.0, "age {sick}: {real} {fake}");
    }
}

#[test]
fn small_classes_share_trees_and_say_so() {
    let y = (0..300).map(|row| if row < 4 { 2 } else { row % 2 }).collect();
    let mut train = table(vec![
        (
            "x",
            numeric(2),
            Values::Number((0..300).map(|row| f64::from(row % 2) + f64::from(row) / 600.0).collect()),
        ),
        ("y", levels("y", 3), Values::Code(y)),
    ]);
    train.set_roles(Some("y"), None, None).unwrap();
    let plan = Plan::new(&train, &paucal_core::Silent::new()).unwrap();
    let generator = ForestFlow::parse(&QUICK.parse().unwrap()).unwrap();
    let groups =
        fit::fit(&generator, &plan, &train, &FitContext::new(Seed(1), &paucal_core::Silent::new())).unwrap();
    let shared: Vec<_> = groups.iter().map(|group| group.shared.clone()).collect();
    assert_eq!(shared, [vec![], vec![], vec![(2, 4)]]);
    let model = FittedForestFlow { plan, groups };
    let given = [Condition::new("y", "y2")];
    assert_eq!(model.sample(30, &given, Seed(2)).unwrap().at(1).codes().unwrap(), [2; 30]);
    let free = model.sample(6000, &[], Seed(2)).unwrap();
    let share = free.at(1).codes().unwrap().iter().filter(|&&code| code == 2).count() as f64 / 6000.0;
    assert!((share - 4.0 / 300.0).abs() < 0.006, "{share}");
}
