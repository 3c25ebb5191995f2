//! What the generators made of trees promise beyond the contract of all generators.

use paucal_core::observe::Event;
use paucal_core::{Cancel, Observer, Seed};
use paucal_data::Table;

use crate::error::TableError;
use crate::generator::{FitContext, method};
use crate::testing::{check_crossed_conditions, check_rare_share, correlation, crossed, dirty, fit};

const TREES: [&str; 3] = ["arf", "cart", "forest-flow"];

#[test]
fn conditions_on_two_columns_hold_together() {
    let train = crossed(600);
    for name in TREES {
        check_crossed_conditions(&*fit(name, "", &train), 2.0);
    }
}

#[test]
fn free_rows_have_the_frequencies_and_the_relations_of_the_data() {
    let train = crossed(600);
    let relation = |table: &Table| {
        let a: Vec<f64> = table.at(0).codes().unwrap().iter().map(|&a| f64::from(a)).collect();
        correlation(&a, table.at(2).numbers().unwrap())
    };
    for name in TREES {
        let model = fit(name, "", &train);
        check_rare_share(&*model, &train);
        let (real, fake) = (relation(&train), relation(&model.sample(4000, &[], Seed(3)).unwrap()));
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
