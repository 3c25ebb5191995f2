//! What networks are worth on the Wisconsin diagnostic data after a short training: rows that a forest can learn the
//! diagnosis of real, unseen patients from, and that are closer to real ones than independent columns are.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use paucal_core::{Seed, Silent};
use paucal_data::datasets::wdbc;
use paucal_table::hold_out::{Parts, hold_out};
use paucal_table::judge::{JudgeOptions, Ruler};
use paucal_table::{FitContext, method};

/// Macro-F1 on held-out patients of a forest trained on generated rows, and similarity of those to the training rows.
fn judged(name: &str, settings: &str) -> (f64, f64) {
    let Parts { train, test } = hold_out(&wdbc().unwrap(), 0.3, Seed(1)).unwrap();
    let generator = method(name).unwrap().generator(&settings.parse().unwrap()).unwrap();
    let silent = Silent::new();
    let fitted = generator.fit(&train, &FitContext::new(Seed(1), &silent)).unwrap();
    let drawn = fitted.sample(train.rows(), &[], Seed(1)).unwrap();
    let options = JudgeOptions { trees: 50, resamples: 20, ..JudgeOptions::default() };
    let ruler = Ruler::new(&train, Some(&test), &options, Seed(3), &silent).unwrap();
    let scores = ruler.judge(&drawn).unwrap().scores;
    let found = (
        scores.utility.headline.tstr.macro_f1.value().unwrap(),
        scores.objective.similarity.value().unwrap(),
    );
    println!("{name} {settings}: {found:.4?} (macro-F1, similarity)");
    found
}

#[test]
fn diffusion_is_nearly_as_good_as_real_patients() {
    let (f1, similarity) = judged("tabddpm", "steps = 1500");
    assert!(f1 >= 0.91 && similarity >= 0.965, "{f1} {similarity}");
}

#[test]
fn copulagan_beats_independent_columns_by_far() {
    let (f1, similarity) = judged("copulagan", "steps = 1500\naverage = 0.995");
    assert!(f1 >= 0.8 && similarity >= 0.9, "{f1} {similarity}");
}

#[test]
fn sets_of_rows_show_the_class() {
    // Half the budget at higher rates: the class is there early, the shapes of the columns come late.
    let settings = "steps = 1200\ngenerator_rate = 0.0005\ncritic_rate = 0.0005\naverage = 0.99";
    let (f1, _) = judged("ganeraid", settings);
    assert!(f1 >= 0.7, "{f1}");
}

#[test]
fn rows_as_images_show_the_class() {
    let (f1, similarity) = judged("tablegan", "steps = 300\naverage = 0.98");
    assert!(f1 >= 0.7 && similarity >= 0.885, "{f1} {similarity}");
}
