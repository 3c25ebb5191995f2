//! What CTGAN and TVAE promise beyond the contract of all generators.

use paucal_core::observe::Event;
use paucal_core::{Cancel, Observer, Seed, Silent};
use paucal_data::Table;

use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::{Checkpoint, FitContext, FittedGenerator, method};
use crate::testing::{check_crossed_conditions, check_rare_share, crossed, dirty, fit};

const NETWORKS: [&str; 6] = ["ctgan", "copulagan", "tvae", "tabddpm", "ganeraid", "tablegan"];

/// Stops the fit as soon as the first step has been reported.
#[derive(Default)]
struct StopAtOnce(Cancel);

impl Observer for StopAtOnce {
    fn event(&self, event: Event) {
        if matches!(event, Event::Scalar { .. }) {
            self.0.request();
        }
    }

    fn cancel(&self) -> &Cancel {
        &self.0
    }
}

fn saved(model: &dyn FittedGenerator) -> String {
    format!("{:?}", model.save().unwrap())
}

#[test]
fn a_fit_that_was_stopped_and_resumed_gives_the_same_model() {
    let train = dirty(300);
    for name in NETWORKS {
        let settings = "steps = 4\nhold_out = 0.2\njudge_every = 2";
        let generator = method(name).unwrap().generator(&settings.parse().unwrap()).unwrap();
        let straight = generator.fit(&train, &FitContext::new(Seed(1), &Silent::new())).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let fit = |train: &Table, observer: &dyn Observer, resume| {
            let checkpoint = Some(Checkpoint { folder: folder.path().into(), resume });
            generator.fit(train, &FitContext { checkpoint, ..FitContext::new(Seed(1), observer) })
        };
        let stopped = fit(&train, &StopAtOnce::default(), false).err().unwrap();
        assert!(matches!(stopped, TableError::Interrupted), "{name}: {stopped}");
        let resumed = fit(&train, &Silent::new(), true).unwrap();
        assert_eq!(saved(resumed.as_ref()), saved(straight.as_ref()), "{name}");

        // The same folder without `resume` begins anew; with other rows there is nothing to resume.
        let anew = fit(&train, &Silent::new(), false).unwrap();
        assert_eq!(saved(anew.as_ref()), saved(straight.as_ref()), "{name}");
        let other = fit(&dirty(301), &Silent::new(), true).err().unwrap();
        assert!(other.to_string().contains("other settings"), "{name}: {other}");
    }
}

#[test]
fn conditions_on_two_columns_are_learnt_together() {
    let train = crossed(600);
    let trained = [
        ("ctgan", "steps = 1200\naverage = 0.99"),
        ("copulagan", "steps = 2500\naverage = 0.99"),
        ("tvae", "steps = 500"),
        ("tabddpm", "steps = 1000"),
    ];
    for (name, settings) in trained {
        check_crossed_conditions(&*fit(name, settings, &train), 5.0);
    }
}

#[test]
fn free_rows_have_the_frequencies_of_the_data() {
    let train = crossed(600);
    for (name, settings) in [("tvae", "steps = 500"), ("tabddpm", "steps = 1000")] {
        check_rare_share(&*fit(name, settings, &train), &train);
    }
}

#[test]
fn batch_statistics_draw_exact_counts_too() {
    let model = fit("ctgan", "steps = 5\nbatch_statistics = true", &crossed(200));
    let drawn = model.sample(137, &[Condition::new("a", "a1")], Seed(3)).unwrap();
    assert_eq!(drawn.at(0).codes().unwrap(), [1; 137]);
}
