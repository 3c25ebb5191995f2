//! Cross-validation of the beat classifiers on the records of the MIT-BIH Arrhythmia Database that PAUCAL_DATA
//! holds: the table of the documentation. Run with
//! `cargo test -p paucal-signal --test ecg_classify -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::path::Path;
use std::time::Instant;

use paucal_core::{Seed, Silent};
use paucal_signal::ecg::classify::{BeatClassifier, BeatFeatures, Beats, Boost, Wave, Weighting};
use paucal_signal::ecg::evaluate::Evaluation;
use paucal_signal::ecg::labels::LabelMap;
use paucal_signal::ecg::prepare::{PrepareOptions, Prepared, Sources, prepare};
use paucal_signal::ecg::validate::{CrossValidation, Folds, cross_validate};
use paucal_signal::formats::discover;

const SEED: Seed = Seed(1);

fn prepared(folder: &Path) -> Prepared {
    let sources =
        Sources { files: discover(&[folder]).unwrap(), labels: LabelMap::aami_4(), ..Sources::default() };
    prepare(&sources, &PrepareOptions::default(), SEED, &Silent::new()).unwrap()
}

fn line(name: &str, evaluation: &Evaluation, seconds: f64) {
    let beats = &evaluation.beats;
    let f1 = |class: &str| {
        let scores = &beats.classes[class];
        let ends = scores.f1_interval.as_ref().map_or([f64::NAN; 2], |i| [i.low, i.high]);
        let percent = |v: Option<f64>| 100.0 * v.unwrap_or(f64::NAN);
        format!(
            "{:.1}/{:.1} F1 {:.1} ({:.0}-{:.0})",
            percent(scores.sensitivity.value()),
            percent(scores.ppv.value()),
            percent(scores.f1.value()),
            100.0 * ends[0],
            100.0 * ends[1]
        )
    };
    let interval = beats.macro_f1_interval.as_ref().map_or([f64::NAN; 2], |i| [i.low, i.high]);
    println!(
        "| {name} | {:.1} ({:.0}-{:.0}) | {} | {} | {} | acc {:.1} jk {:.3} | {seconds:.0} s |",
        100.0 * beats.macro_f1.value().unwrap(),
        100.0 * interval[0],
        100.0 * interval[1],
        f1("S"),
        f1("V"),
        f1("F"),
        100.0 * beats.accuracy.value().unwrap(),
        beats.j_kappa.value().unwrap_or(f64::NAN),
    );
}

#[test]
#[ignore = "takes minutes"]
fn the_table_of_variants() {
    let Some(folder) = support::folder() else { return };
    let prepared = prepared(&folder);
    let classes: Vec<String> = prepared.labels.classes.iter().map(|class| class.name.clone()).collect();
    let beats = Beats::of(&prepared);
    let wanted = std::env::var("PAUCAL_VARIANTS").ok();
    // A file of one's own: a table of the parameters under each name.
    let given = std::env::var_os("PAUCAL_VARIANT_FILE").map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        toml::from_str::<std::collections::BTreeMap<String, Boost>>(&text).unwrap()
    });
    let all = given.map_or_else(variants, |given| given.into_iter().collect());
    for (name, boost) in all {
        let name = name.as_str();
        if wanted.as_ref().is_some_and(|wanted| !wanted.split(',').any(|w| name.contains(w))) {
            continue;
        }
        let start = Instant::now();
        let by = if name.starts_with("leaky_random") { Folds::LeakyRandom } else { Folds::Patients };
        let options = CrossValidation { folds: 11, by, ..CrossValidation::default() };
        let classifier: &dyn BeatClassifier = &boost;
        let validated =
            cross_validate(classifier, &beats, &classes, &prepared.patients, &options, SEED, &Silent::new())
                .unwrap();
        line(name, &validated.evaluation, start.elapsed().as_secs_f64());
        if std::env::var_os("PAUCAL_PATIENTS").is_some() {
            println!("{:?}", validated.evaluation.beats.confusion.counts);
            for patient in &validated.evaluation.beats.patients {
                let of = |c: &str| {
                    let c = &patient.classes[c];
                    let hits = c.sensitivity.value().unwrap_or(0.0) * c.support as f64;
                    format!("{:.0} of {} ({} called)", hits, c.support, c.predicted)
                };
                println!("{} N {} S {} V {} F {}", patient.patient, of("N"), of("S"), of("V"), of("F"));
            }
        }
    }
}

fn variants() -> Vec<(String, Boost)> {
    let plain = Boost::plain();
    let with = |change: &dyn Fn(&mut BeatFeatures)| {
        let mut features = plain.features.clone();
        change(&mut features);
        Boost { features, ..plain.clone() }
    };
    let chosen = |change: &dyn Fn(&mut Boost)| {
        let mut boost = Boost::default();
        change(&mut boost);
        boost
    };
    let weighted = |class_power: f64, patient_power: f64| {
        chosen(&|boost| boost.weighting = Weighting { class_power, patient_power, ..boost.weighting })
    };
    let all = vec![
        ("plain", plain.clone()),
        ("plain + around", with(&|f| f.around = true)),
        ("plain + dominant", with(&|f| f.dominant = true)),
        ("default", Boost::default()),
        ("default, without in_record", chosen(&|b| b.features.in_record = false)),
        ("default, rhythm by mean", chosen(&|b| b.features.rhythm_by_mean = true)),
        ("default, with in_kind", chosen(&|b| b.features.in_kind = true)),
        ("default, with PCA-24", chosen(&|b| b.features.wave = Wave::Components(24))),
        ("default, no weights", weighted(0.0, 0.0)),
        ("default, patients alike", weighted(0.0, 1.0)),
        ("default, classes alike", weighted(1.0, 0.0)),
        ("default, adjustment 0.3", chosen(&|b| b.adjustment = 0.3)),
        ("leaky_random: plain", plain.clone()),
        ("leaky_random: default", Boost::default()),
    ];
    all.into_iter().map(|(name, boost)| (name.to_owned(), boost)).collect()
}
