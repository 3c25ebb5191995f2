//! What the generators made of trees promise beyond the contract of all generators.

use paucal_core::observe::Event;
use paucal_core::{Cancel, Observer, Seed};
use paucal_data::Table;

use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::{FitContext, method};
use crate::testing::{correlation, crossed, dirty, fit};

const TREES: [&str; 3] = ["arf", "cart", "forest-flow"];

#[test]
fn conditions_on_two_columns_hold_together() {
    let train = crossed(600);
    for name in TREES {
        let model = fit(name, "", &train);
        for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let given = [Condition::new("a", format!("a{a}")), Condition::new("b", format!("b{b}"))];
            let drawn = model.sample(500, &given, Seed(3)).unwrap();
            assert_eq!(drawn.at(0).codes().unwrap(), [a; 500]);
            assert_eq!(drawn.at(1).codes().unwrap(), [b; 500]);
            let mut x = drawn.at(2).numbers().unwrap().to_vec();
            x.sort_by(f64::total_cmp);
            let want = 10.0 + 20.0 * f64::from(a) + 10.0 * f64::from(b);
            assert!((x[250] - want).abs() < 2.0, "{name} a{a} b{b}: median {} not {want}", x[250]);
        }
    }
}

#[test]
fn free_rows_have_the_frequencies_and_the_relations_of_the_data() {
    let train = crossed(600);
    let share = |table: &Table| {
        let codes = table.at(0).codes().unwrap();
        codes.iter().filter(|&&code| code == 1).count() as f64 / codes.len() as f64
    };
    let relation = |table: &Table| {
        let a: Vec<f64> = table.at(0).codes().unwrap().iter().map(|&a| f64::from(a)).collect();
        correlation(&a, table.at(2).numbers().unwrap())
    };
    for name in TREES {
        let drawn = fit(name, "", &train).sample(4000, &[], Seed(3)).unwrap();
        assert!((share(&drawn) - share(&train)).abs() < 0.03, "{name}: {} {}", share(&drawn), share(&train));
        let (real, fake) = (relation(&train), relation(&drawn));
        assert!((real - fake).abs() < 0.1, "{name}: {real} {fake}");
    }
}

/// An observer whose flag is set from the start, and which counts what it is told.
#[derive(Default)]
struct Stopped(Cancel);

impl Observer for Stopped {
    fn event(&self, _: Event) {}

    fn cancel(&self) -> &Cancel {
        &self.0
    }
}

#[test]
fn a_stop_is_honoured() {
    let observer = Stopped::default();
    observer.0.request();
    for name in TREES {
        let generator = method(name).unwrap().generator(&toml::Table::new()).unwrap();
        let stopped = generator.fit(&dirty(60), &FitContext::new(Seed(1), &observer)).err().unwrap();
        assert!(matches!(stopped, TableError::Interrupted), "{name}: {stopped}");
    }
}
