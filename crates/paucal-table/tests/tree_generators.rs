//! The generators made of trees on the Wisconsin diagnostic data: what a classifier learns from their rows, and how
//! close they come.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use paucal_core::{Seed, Silent};
use paucal_data::datasets::wdbc;
use paucal_table::hold_out::hold_out;
use paucal_table::judge::{JudgeOptions, Ruler};
use paucal_table::{FitContext, method};

/// Settings that are quick enough for a test.
const QUICK_FLOW: &str = "noise_levels = 15\nreplications = 15\nrounds = 20";

/// Means over stratified 70/30 splits: macro-F1 of a forest trained on synthetic rows and tested on held-out
/// patients, and similarity to the training part.
fn judged(name: &str, settings: &str, seeds: u64) -> (f64, f64) {
    let all = wdbc().unwrap();
    let (mut f1, mut similarity) = (0.0, 0.0);
    for seed in 1..=seeds {
        let parts = hold_out(&all, 0.3, Seed(seed)).unwrap();
        let generator = method(name).unwrap().generator(&settings.parse().unwrap()).unwrap();
        let observer = Silent::new();
        let start = Instant::now();
        let fitted = generator.fit(&parts.train, &FitContext::new(Seed(seed), &observer)).unwrap();
        let fit = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let drawn = fitted.sample(parts.train.rows(), &[], Seed(seed)).unwrap();
        let sample = start.elapsed().as_secs_f64();
        let options = JudgeOptions { resamples: 20, ..JudgeOptions::default() };
        let ruler = Ruler::new(&parts.train, Some(&parts.test), &options, Seed(seed), &observer).unwrap();
        let scores = ruler.judge(&drawn).unwrap().scores;
        let (f, s) = (
            scores.utility.headline.tstr.macro_f1.value().unwrap(),
            scores.objective.similarity.value().unwrap(),
        );
        println!(
            "{name} {settings:?} seed {seed}: fit {fit:.2} s, sample {sample:.2} s, TSTR {f:.4}, similarity {s:.4}, \
             C2ST {:.3}, DCR closer {:.3}, membership {:.3}, copies {:?}",
            scores.fidelity.c2st.value().unwrap(),
            scores.privacy.dcr_closer_to_train.value().unwrap(),
            scores.privacy.membership_auc.value().unwrap(),
            scores.privacy.exact_copies.value(),
        );
        f1 += f / seeds as f64;
        similarity += s / seeds as f64;
    }
    println!("{name} {settings:?}: TSTR {f1:.4}, similarity {similarity:.4}");
    (f1, similarity)
}

#[test]
fn forest_flow_teaches_nearly_what_patients_teach() {
    let (f1, similarity) = judged("forest-flow", QUICK_FLOW, 1);
    assert!(f1 >= 0.9 && similarity >= 0.95, "{f1} {similarity}");
}

#[test]
fn arf_and_cart_are_clearly_above_the_floor() {
    let (floor, floor_similarity) = judged("independent", "", 3);
    for name in ["arf", "cart"] {
        let (f1, similarity) = judged(name, "", 3);
        assert!(f1 > floor + 0.1, "{name}: {f1} {floor}");
        assert!(similarity > floor_similarity + 0.05, "{name}: {similarity} {floor_similarity}");
    }
}

/// Settings to try, one a line as `method: settings` with `;` between settings.
#[test]
fn settings_from_outside() {
    let Ok(lines) = std::env::var("PAUCAL_TRY") else { return };
    for line in lines.lines() {
        let (name, settings) = line.split_once(':').unwrap();
        judged(name.trim(), &settings.replace(';', "\n"), 3);
    }
}
