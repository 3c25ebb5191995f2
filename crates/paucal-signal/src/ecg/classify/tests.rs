use ndarray::Axis;
use paucal_core::{Seed, Silent};
use paucal_evidence::significance::Bootstrap;
use paucal_learn::Boosting;
use proptest::prelude::*;

use super::*;
use crate::ecg::beats::rr::intervals;
use crate::ecg::beats::{Beat, Window};
use crate::ecg::evaluate::{Judged, judge};
use crate::ecg::validate::{CrossValidation, Folds, cross_validate};

const WINDOW: Window = Window { before: 9, after: 10 };
const RATE: f64 = 36.0;

/// Recordings of patients whose normal beats differ, each with early beats (class 1) and wide, inverted ones
/// (class 2).
pub(super) struct Made {
    all: Vec<Beat>,
    waves: Vec<f32>,
    records: Vec<Extent>,
}

impl Made {
    pub(super) fn new(patients: usize, each: usize) -> Self {
        let mut made = Self { all: Vec::new(), waves: Vec::new(), records: Vec::new() };
        for patient in 0..patients {
            made.add(patient, each, &mut Seed(patient as u64).stream("made", 0));
        }
        made
    }

    fn add(&mut self, patient: usize, beats: usize, stream: &mut paucal_core::random::Stream) {
        self.records.push(Extent { patient, first: self.all.len(), beats });
        let (height, offset) = (1.0 + stream.uniform(), 0.3 * stream.normal());
        let classes: Vec<u16> = (0..beats).map(|i| [0, 0, 0, 1, 0, 0, 2, 0][i % 8]).collect();
        let mut at = 0;
        let peaks: Vec<usize> = classes
            .iter()
            .map(|&class| {
                at += if class == 1 { 20 } else { 30 + stream.index(3) };
                at
            })
            .collect();
        for ((i, rr), &class) in intervals(&peaks, &[], RATE).into_iter().enumerate().zip(&classes) {
            let beat = Beat {
                index: i as u32,
                position: peaks[i] as u32,
                symbol: None,
                class: Some(class),
                rr,
                noise_score: 0.0,
                reasons: 0,
                noise: false,
            };
            self.all.push(beat);
            let (width, sign) = if class == 2 { (4.0, -1.0) } else { (1.5, 1.0) };
            for k in 0..WINDOW.length() {
                let t = (k as f64 - 9.0) / width;
                let wave = sign * height * (-t * t).exp() + offset + 0.05 * stream.normal();
                self.waves.push(wave as f32);
            }
        }
    }

    pub(super) fn beats(&self) -> Beats<'_> {
        Beats {
            rate: RATE,
            window: WINDOW,
            all: &self.all,
            waves: &self.waves,
            records: self.records.clone(),
            rows: (0..self.all.len()).collect(),
        }
    }
}

pub(super) fn names() -> Vec<String> {
    ["N", "S", "V"].map(String::from).to_vec()
}

fn quick() -> Boost {
    let boosting = Boosting { rounds: 15, min_leaf: 3, ..Boost::default().boosting };
    Boost { boosting, ..Boost::default() }
}

fn fitted(made: &Made, classifier: &dyn BeatClassifier) -> Box<dyn FittedClassifier> {
    let training = TrainingBeats::new(&made.beats(), &names()).unwrap();
    classifier.fit(&training, Seed(1), &Silent::new()).unwrap()
}

#[test]
fn early_and_wide_beats_of_unseen_patients_are_found() {
    let made = Made::new(6, 80);
    let patients: Vec<String> = (0..6).map(|p| p.to_string()).collect();
    let options = CrossValidation { folds: 3, ..CrossValidation::default() };
    let validate = |options: &CrossValidation| {
        cross_validate(&quick(), &made.beats(), &names(), &patients, options, Seed(1), &Silent::new())
            .unwrap()
    };
    let by_patient = validate(&options);
    assert!(by_patient.evaluation.beats.macro_f1.value().unwrap() > 0.9, "{:?}", by_patient.evaluation);
    for (i, &fold) in by_patient.fold.iter().enumerate() {
        let same =
            by_patient.patient.iter().zip(&by_patient.fold).filter(|(p, _)| **p == by_patient.patient[i]);
        assert!(same.into_iter().all(|(_, other)| *other == fold), "a patient lies in one fold");
    }
    assert_eq!(validate(&options), by_patient, "the same seed, the same result");
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one_thread.install(|| validate(&options)), by_patient, "the threads do not matter");
    let leaky = validate(&CrossValidation { by: Folds::LeakyRandom, ..options });
    let first: Vec<usize> =
        leaky.fold.iter().zip(&leaky.patient).filter(|(_, p)| **p == 0).map(|(f, _)| *f).collect();
    assert!((0..3).all(|fold| first.contains(&fold)), "a leaky split divides patients");
}

#[test]
fn a_saved_model_predicts_the_same_and_holds_no_beat() {
    let made = Made::new(3, 48);
    let model = fitted(&made, &quick());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    model.save(&path).unwrap();
    let loaded = load(&path).unwrap();
    assert_eq!((loaded.name(), loaded.classes()), (Boost::NAME, &names()[..]));
    let beats = made.beats();
    assert_eq!(loaded.predict_proba(&beats).unwrap(), model.predict_proba(&beats).unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    let samples = made.waves.iter().filter(|v| text.contains(&f64::from(**v).to_string())).count();
    assert_eq!(samples, 0);

    for (from, to) in [("classifier/1", "classifier/9"), ("\"boost\"", "\"bost\""), ("\"S\",", "")] {
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        assert!(matches!(load(&path), Err(EcgError::Model { .. })), "{from}");
    }
}

#[test]
fn an_ensemble_averages_and_its_specialists_decide() {
    let made = Made::new(3, 48);
    let alone = Smoothing { strength: 0.0, ..Smoothing::default() };
    let ensemble = Ensemble { members: vec![quick(), quick()], specialists: Vec::new(), smoothing: alone };
    let beats = made.beats();
    let mean = fitted(&made, &ensemble).predict_proba(&beats).unwrap();
    assert!(mean.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12));

    let plain = Boost { boosting: quick().boosting, ..Boost::plain() };
    let specialists = ["V", "F"].map(|class| Specialist { class: class.into(), model: plain.clone() });
    let model = fitted(&made, &Ensemble { specialists: specialists.to_vec(), ..ensemble.clone() });
    let own = plain
        .fit(
            &TrainingBeats::new(&beats, &names()).unwrap(),
            Seed(1).child("ecg/classify/ensemble", 2),
            &Silent::new(),
        )
        .unwrap();
    let (p, own) = (model.predict_proba(&beats).unwrap(), own.predict_proba(&beats).unwrap());
    for (row, p) in p.rows().into_iter().enumerate() {
        assert!((p[2] - own[[row, 2]]).abs() < 1e-12 && (p.sum() - 1.0).abs() < 1e-12);
        let others = (p[0] * mean[[row, 1]] - p[1] * mean[[row, 0]]).abs();
        assert!(others < 1e-9, "the others keep their proportion");
    }
    assert!(Ensemble { members: Vec::new(), ..ensemble }.check().is_err());
}

#[test]
fn a_saved_ensemble_predicts_the_same() {
    let made = Made::new(3, 48);
    let model = fitted(&made, &Ensemble { members: vec![quick(), quick()], ..Ensemble::default() });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    model.save(&path).unwrap();
    let loaded = load(&path).unwrap();
    let beats = made.beats();
    let all = model.predict_proba(&beats).unwrap();
    assert_eq!(loaded.name(), Ensemble::NAME);
    assert_eq!(loaded.predict_proba(&beats).unwrap(), all);
    let some = vec![77, 3, 50];
    let few = loaded.predict_proba(&beats.select(some.clone())).unwrap();
    assert_eq!(few, all.select(Axis(0), &some), "a beat does not depend on which others are asked for");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"strength\":0.5", "\"strength\":5.0", 1)).unwrap();
    assert!(matches!(load(&path), Err(EcgError::Model { .. })));
}

#[test]
fn where_most_beats_are_early_the_long_intervals_say_so() {
    let made = Made::new(1, 160);
    let training = TrainingBeats::new(&made.beats(), &names()).unwrap();
    let runs = recompose::Runs::default().of(&training, 1, 5, Seed(1));
    let runs = runs.training(&training);
    let features = BeatFeatures::default().fit(&runs.beats).unwrap();
    let x = features.transform(&runs.beats).unwrap();
    let column = |name: &str| features.names().iter().position(|own| own == name).unwrap();
    let (median, high) = (column("rr_prev_over_median"), column("rr_prev_over_q90"));
    let early = runs.classes.iter().enumerate().filter(|(row, class)| **class == 1 && *row > 0);
    let early: Vec<usize> = early.map(|(row, _)| row).collect();
    assert!(early.len() > 200, "three of four are early");
    assert!(early.iter().all(|&row| x[[row, median]] > 0.99), "to the median they are usual");
    assert!(early.iter().all(|&row| x[[row, high]] < 0.6), "to the pauses they are not");
}

#[test]
fn abrupt_steps_are_counted() {
    let made = Made::new(1, 160);
    let irregular = Recompose { copies: 1, runs: 0.0, irregular: 1.0, ..Recompose::default() };
    let training = TrainingBeats::new(&made.beats(), &names()).unwrap();
    let irregular = irregular.of(&training, Seed(1));
    let irregular = irregular.training(&training);
    let share = |beats: &Beats<'_>| {
        let features = BeatFeatures::default().fit(beats).unwrap();
        let at = features.names().iter().position(|name| name == "rr_near_abrupt").unwrap();
        features.transform(beats).unwrap().column(at).mean().unwrap()
    };
    assert!(irregular.classes.iter().all(|&class| class == 0));
    assert!(share(&irregular.beats) > 0.5 && share(&made.beats()) < 0.35);
}

#[test]
fn another_window_or_rate_is_refused() {
    let made = Made::new(2, 48);
    let model = fitted(&made, &quick());
    let other = Beats { rate: 72.0, ..made.beats() };
    let error = model.predict_proba(&other).unwrap_err();
    assert_eq!(error.to_string(), "the model takes beats of 20 samples at 36 Hz, these have 20 at 72 Hz");
    let short = Beats { waves: &made.waves[1..], ..made.beats() };
    assert!(model.predict_proba(&short).is_err());
    assert!(made.beats().select(vec![9999]).check().is_err());
    assert!(model.predict_proba(&made.beats().select(Vec::new())).unwrap().is_empty());
}

#[test]
fn a_beat_does_not_depend_on_which_others_are_asked_for() {
    let made = Made::new(3, 40);
    let model = fitted(&made, &quick());
    let all = model.predict_proba(&made.beats()).unwrap();
    let some = vec![3, 50, 77];
    let few = model.predict_proba(&made.beats().select(some.clone())).unwrap();
    assert_eq!(few, all.select(Axis(0), &some));
}

#[test]
fn every_feature_has_a_name_and_every_wave_a_form() {
    let made = Made::new(2, 40);
    let beats = made.beats();
    for wave in [Wave::None, Wave::Components(5), Wave::Difference(4), Wave::Samples(3)] {
        let options = BeatFeatures { wave, without: vec!["kin".into()], ..BeatFeatures::default() };
        let fitted = options.fit(&beats).unwrap();
        let x = fitted.transform(&beats).unwrap();
        assert_eq!(x.ncols(), fitted.names().len());
        assert!(!fitted.names().contains(&"kin".to_owned()));
        assert!(x.iter().all(|v| !v.is_infinite()));
    }
    assert!(BeatFeatures { wave: Wave::Components(0), ..BeatFeatures::default() }.check().is_err());
}

#[test]
fn parameters_are_checked() {
    assert!(Boost { adjustment: 3.0, ..Boost::default() }.check().is_err());
    let weighting = Weighting { class_power: 1.5, ..Weighting::default() };
    assert!(Boost { weighting, ..Boost::default() }.check().is_err());
    assert!(toml::from_str::<Boost>("adjustmnet = 1.0").is_err());
    let text = toml::to_string(&Boost::default()).unwrap();
    assert_eq!(toml::from_str::<Boost>(&text).unwrap(), Boost::default());
    let none = TrainingBeats::new(&Made::new(1, 8).beats().select(Vec::new()), &names()).unwrap_err();
    assert_eq!(none.to_string(), "no beat to learn from has a class");
}

#[test]
fn adjustment_evens_out_the_classes() {
    let mut p = ndarray::array![[0.9, 0.1], [0.5, 0.5]];
    boost::adjust(&mut p, &[0.9, 0.1], 1.0);
    assert!((p[[0, 0]] - 0.5).abs() < 1e-12 && (p[[1, 1]] - 0.9).abs() < 1e-12);
}

#[test]
fn one_class_alone_can_be_learnt_and_judged() {
    let made = Made::new(2, 40);
    let beats = made.beats().select((0..made.all.len()).filter(|&b| made.all[b].class == Some(0)).collect());
    let training = TrainingBeats::new(&beats, &names()).unwrap();
    let model = quick().fit(&training, Seed(1), &Silent::new()).unwrap();
    let p = model.predict_proba(&beats).unwrap();
    assert!(p.column(0).iter().all(|&p| p == 1.0));
    let reference: Vec<Option<u16>> = vec![Some(0); beats.len()];
    let judged = Judged {
        classes: &names(),
        patients: &["a".to_owned()],
        patient: &vec![0; beats.len()],
        reference: &reference,
        predicted: &reference,
        probabilities: Some(p.view()),
    };
    let scores = judge(&judged, &Bootstrap::default(), Seed(1)).unwrap().beats;
    assert_eq!((scores.macro_f1.value(), scores.classes["V"].f1.value()), (Some(1.0), None));
}

proptest! {
    #[test]
    fn weights_keep_the_sums_they_promise(
        cells in prop::collection::vec((0_usize..3, 0_usize..4), 1..80), most in 0_usize..6,
    ) {
        let (classes, patients): (Vec<usize>, Vec<usize>) = cells.iter().copied().unzip();
        let even = Weighting { class_power: 1.0, patient_power: 1.0, most };
        let (rows, weights) = even.of(&classes, &patients);
        prop_assert!(rows.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!((weights.iter().sum::<f64>() - classes.len() as f64).abs() < 1e-9);
        let of_class = |class: usize| -> f64 {
            rows.iter().zip(&weights).filter(|(row, _)| classes[**row] == class).map(|(_, w)| w).sum()
        };
        let there: Vec<f64> = (0..3).filter(|c| classes.contains(c)).map(of_class).collect();
        prop_assert!(there.iter().all(|sum| (sum - there[0]).abs() < 1e-9), "all classes count alike");
        let plain = Weighting { most: 0, ..Weighting::default() }.of(&classes, &patients);
        prop_assert!(plain.1.iter().all(|w| (w - 1.0).abs() < 1e-12) && plain.0.len() == classes.len());
    }
}
