//! The networks that classify beats, on made-up recordings.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use paucal_core::{Cancel, Event, ExitKind, Observer, Seed, Silent};
use paucal_signal::ecg::EcgError;
use paucal_signal::ecg::beats::rr::intervals;
use paucal_signal::ecg::beats::{Beat, Window};
use paucal_signal::ecg::classify::network::{Augment, Course, Goal, Loss};
use paucal_signal::ecg::classify::{
    Bank, BankOptions, BeatClassifier, Beats, Boost, Cnn, Extent, FittedClassifier, Hybrid, TrainingBeats,
    load,
};

use paucal_signal::ecg::gate::Similarity as _;
use paucal_signal::ecg::labels::LabelMap;
use paucal_signal::ecg::prepare::{PrepareOptions, Sources, prepare};
use paucal_signal::ecg::validate::{CrossValidation, cross_validate};
use paucal_signal::formats::discover;

const RATE: f64 = 180.0;

/// Recordings of patients whose normal beats differ, each with early beats (class 1) and wide, inverted ones (class 2).
struct Made {
    window: Window,
    all: Vec<Beat>,
    waves: Vec<f32>,
    records: Vec<Extent>,
}

impl Made {
    fn new(patients: usize, each: usize) -> Self {
        let window = Window { before: 50, after: 59 };
        let mut made = Self { window, all: Vec::new(), waves: Vec::new(), records: Vec::new() };
        for patient in 0..patients {
            made.add(patient, each);
        }
        made
    }

    fn add(&mut self, patient: usize, beats: usize) {
        let stream = &mut Seed(patient as u64).stream("made", 0);
        self.records.push(Extent { patient, first: self.all.len(), beats });
        let (height, offset) = (1.0 + stream.uniform(), 0.1 * stream.normal());
        let classes: Vec<u16> = (0..beats).map(|i| [0, 0, 0, 1, 0, 0, 2, 0][i % 8]).collect();
        let mut at = 0;
        let peaks: Vec<usize> = classes
            .iter()
            .map(|&class| {
                at += if class == 1 { 90 } else { 145 + stream.index(10) };
                at
            })
            .collect();
        for ((i, rr), &class) in intervals(&peaks, &[], RATE).into_iter().enumerate().zip(&classes) {
            let noise = i % 16 == 9;
            let beat = Beat {
                index: i as u32,
                position: peaks[i] as u32,
                symbol: None,
                class: Some(class),
                rr,
                noise_score: f32::from(u8::from(noise)),
                reasons: 0,
                noise,
            };
            self.all.push(beat);
            let (width, sign) = if class == 2 { (12.0, -1.0) } else { (4.0, 1.0) };
            let level = if noise { 0.6 } else { 0.03 };
            for k in 0..self.window.length() {
                let t = (k as f64 - 50.0) / width;
                let wave = sign * height * (-t * t).exp() + offset + level * stream.normal();
                self.waves.push(wave as f32);
            }
        }
    }

    fn beats(&self) -> Beats<'_> {
        Beats {
            rate: RATE,
            window: self.window,
            all: &self.all,
            waves: &self.waves,
            records: self.records.clone(),
            rows: (0..self.all.len()).collect(),
        }
    }

    fn training(&self) -> TrainingBeats<'_> {
        TrainingBeats::new(&self.beats(), &names(3)).unwrap()
    }
}

fn names(count: usize) -> Vec<String> {
    ["N", "S", "V", "F"].into_iter().take(count).map(String::from).collect()
}

fn cnn() -> Cnn {
    let course =
        Course { epochs: 30, batch: 64, validation: 0.0, learning_rate: 3e-3, ..Cnn::default().course };
    Cnn { course: Course { rate_every: 0, weight_decay: 0.0, ..course }, ..Cnn::default() }
}

fn hybrid() -> Hybrid {
    let course =
        Course { epochs: 12, batch: 48, validation: 0.0, learning_rate: 3e-3, ..Hybrid::default().course };
    Hybrid { course, bank: BankOptions { clusters: 6, ..BankOptions::default() }, ..Hybrid::default() }
}

fn both() -> [Box<dyn BeatClassifier>; 2] {
    [Box::new(cnn()), Box::new(hybrid())]
}

fn right(model: &dyn FittedClassifier, made: &Made) -> f64 {
    let top = paucal_learn::most_probable(model.predict_proba(&made.beats()).unwrap().view());
    let hits = top.iter().zip(&made.all).filter(|(top, beat)| beat.class == Some(**top as u16)).count();
    hits as f64 / top.len() as f64
}

fn weights(model: &dyn FittedClassifier) -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    model.save(&path).unwrap();
    (std::fs::read(&path).unwrap(), std::fs::read(path.with_extension("safetensors")).unwrap())
}

#[test]
fn what_is_seen_is_learnt_and_unseen_patients_are_understood() {
    let (made, unseen) = (Made::new(4, 48), Made::new(6, 48));
    for method in both() {
        let model = method.fit(&made.training(), Seed(1), &Silent::new()).unwrap();
        let seen = right(model.as_ref(), &made);
        assert!(seen > 0.97, "{}: {seen}", method.name());
        let all = right(model.as_ref(), &unseen);
        assert!(all > 0.9, "{}: {all}", method.name());
        let said = model.predict(&made.beats()).unwrap();
        assert!(said.classes.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-9));
        assert_eq!(model.bank().is_some(), method.name() == "hybrid");
        if let Some(noise) = said.noise {
            let mean = |wanted: bool| {
                let of: Vec<f64> =
                    noise.iter().zip(&made.all).filter(|(_, b)| b.noise == wanted).map(|(p, _)| *p).collect();
                of.iter().sum::<f64>() / of.len() as f64
            };
            assert!(mean(true) > mean(false) + 0.3, "{} {}", mean(true), mean(false));
        }
    }
}

#[test]
fn a_saved_network_predicts_the_same_and_holds_no_beat() {
    let made = Made::new(3, 48);
    for method in both() {
        let model = method.fit(&made.training(), Seed(1), &Silent::new()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.json");
        model.save(&path).unwrap();
        let loaded = load(&path).unwrap();
        assert_eq!((loaded.name(), loaded.classes()), (method.name(), &names(3)[..]));
        let (a, b) = (loaded.predict_proba(&made.beats()), model.predict_proba(&made.beats()));
        assert_eq!(a.unwrap(), b.unwrap());
        let bank = loaded.bank().map_or(&[][..], |bank| bank.prototypes());
        let length = made.window.length();
        assert!(made.waves.chunks(length).all(|wave| bank.iter().all(|known| known.wave != wave)));

        let tensors = path.with_extension("safetensors");
        let bytes = std::fs::read(&tensors).unwrap();
        std::fs::write(&tensors, &bytes[..bytes.len() - 1]).unwrap();
        assert!(matches!(load(&path), Err(EcgError::Model { .. })));
        std::fs::remove_file(&tensors).unwrap();
        assert!(matches!(load(&path), Err(EcgError::File(_))));
        std::fs::write(&tensors, bytes).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"S\",", "", 1)).unwrap();
        assert!(load(&path).is_err());
    }
}

#[test]
fn nothing_depends_on_the_number_of_threads() {
    let made = Made::new(4, 40);
    let mut hybrid = hybrid();
    hybrid.course = Course { epochs: 2, validation: 0.3, ..hybrid.course };
    let mut cnn = cnn();
    cnn.course = Course { epochs: 3, validation: 0.3, ..cnn.course };
    let methods: [Box<dyn BeatClassifier>; 2] = [Box::new(cnn), Box::new(hybrid)];
    for method in methods {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let model = method.fit(&made.training(), Seed(7), &Silent::new()).unwrap();
                (weights(model.as_ref()), model.predict_proba(&made.beats()).unwrap())
            })
        };
        assert!(with(1) == with(2), "{}", method.name());
    }
}

#[test]
fn a_class_that_nobody_has_is_never_said() {
    let made = Made::new(3, 48);
    let training = TrainingBeats::new(&made.beats(), &names(4)).unwrap();
    let losses = [Loss::CrossEntropy, Loss::ClassBalanced { beta: 0.99 }, Loss::LogitAdjusted { tau: 1.0 }];
    for loss in losses {
        let mut hybrid = hybrid();
        hybrid.course = Course { loss, epochs: 4, validation: 0.3, ..hybrid.course };
        let model = hybrid.fit(&training, Seed(1), &Silent::new()).unwrap();
        let p = model.predict_proba(&made.beats()).unwrap();
        assert_eq!(p.ncols(), 4);
        assert!(p.iter().all(|p| p.is_finite()));
        assert!(paucal_learn::most_probable(p.view()).iter().all(|&class| class < 3), "{loss:?}");
    }
    let ones: Vec<usize> = (0..made.all.len()).filter(|&b| made.all[b].class == Some(0)).collect();
    let alone = TrainingBeats::new(&made.beats().select(ones), &names(3)).unwrap();
    let model = cnn().fit(&alone, Seed(1), &Silent::new()).unwrap();
    let p = model.predict_proba(&made.beats()).unwrap();
    assert!(p.column(0).iter().sum::<f64>() > 0.9 * p.nrows() as f64);
}

/// Asks for a stop after so many events.
struct Impatient {
    left: AtomicUsize,
    cancel: Cancel,
}

impl Observer for Impatient {
    fn event(&self, _: Event) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.cancel.request();
        }
    }

    fn cancel(&self) -> &Cancel {
        &self.cancel
    }
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_end() {
    let made = Made::new(4, 40);
    let mut hybrid = hybrid();
    hybrid.course = Course { epochs: 3, validation: 0.3, batch: 32, ..hybrid.course };
    let training = made.training();
    let whole = hybrid.fit(&training, Seed(3), &Silent::new()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let state = |phase: &str| folder.path().join(phase).join("checkpoint.json");
    // The first stop falls into the choice of epochs, the second into the last training.
    for (events, phase) in [(8, "choose"), (30, "fit")] {
        let observer = Impatient { left: AtomicUsize::new(events), cancel: Cancel::default() };
        let error = hybrid.fit_in(folder.path(), &training, Seed(3), &observer).map(|_| ()).unwrap_err();
        assert_eq!(paucal_core::Advice::exit_kind(&error), ExitKind::Interrupted);
        assert!(state(phase).exists(), "{phase}");
    }
    let resumed = hybrid.fit_in(folder.path(), &training, Seed(3), &Silent::new()).unwrap();
    assert!(weights(resumed.as_ref()) == weights(whole.as_ref()));
    assert!(!state("choose").exists() && !state("fit").exists(), "a finished training leaves nothing");
}

#[test]
fn the_network_of_the_best_epoch_can_be_kept() {
    let made = Made::new(4, 40);
    for goal in [Goal::MacroF1, Goal::ClassF1 { class: "S".into() }, Goal::ClassF1 { class: "?".into() }] {
        let mut cnn = cnn();
        cnn.course = Course { epochs: 6, validation: 0.3, refit: false, goal, ..cnn.course };
        let model = cnn.fit(&made.training(), Seed(1), &Silent::new()).unwrap();
        assert!(right(model.as_ref(), &made) > 0.7);
    }
}

#[test]
fn a_beat_does_not_depend_on_which_others_are_asked_for() {
    let made = Made::new(3, 40);
    for method in both() {
        let model = method.fit(&made.training(), Seed(1), &Silent::new()).unwrap();
        let all = model.predict_proba(&made.beats()).unwrap();
        let some = vec![0, 3, 39, 40, 77];
        let few = model.predict_proba(&made.beats().select(some.clone())).unwrap();
        for (row, &beat) in few.rows().into_iter().zip(&some) {
            assert!(row.iter().zip(all.row(beat)).all(|(a, b)| (a - b).abs() < 1e-5));
        }
        assert_eq!(model.predict_proba(&made.beats().select(Vec::new())).unwrap().dim(), (0, 3));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let made = Made::new(2, 24);
    let short = Window { before: 20, after: 19 };
    let beats = Beats { window: short, waves: &made.waves[..40 * made.all.len()], ..made.beats() };
    let training = TrainingBeats::new(&beats, &names(3)).unwrap();
    let error = cnn().fit(&training, Seed(1), &Silent::new()).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "beats of 40 samples are too short for this network");
    let model = hybrid().fit(&training, Seed(1), &Silent::new()).unwrap();
    assert!(model.predict_proba(&made.beats()).is_err());

    let wrong = |course: Course| BeatClassifier::check(&Cnn { course, ..Cnn::default() }).is_err();
    assert!(wrong(Course { epochs: 0, ..Course::default() }));
    assert!(wrong(Course { loss: Loss::ClassBalanced { beta: 1.0 }, ..Course::default() }));
    assert!(wrong(Course { augment: Augment { share: 2.0, ..Augment::none() }, ..Course::default() }));
    assert!(wrong(Course { validation: 0.9, ..Course::default() }));
    assert!(!wrong(Course::default()));
    let (cnn, hybrid) = (Cnn::default(), Hybrid::default());
    assert_eq!(toml::from_str::<Cnn>(&toml::to_string(&cnn).unwrap()).unwrap(), cnn);
    assert_eq!(toml::from_str::<Hybrid>(&toml::to_string(&hybrid).unwrap()).unwrap(), hybrid);
    assert!(toml::from_str::<Hybrid>("radios = 1").is_err());
    assert!(!Path::new("model.safetensors").exists());
}

#[test]
fn a_bank_knows_every_class_of_the_training_patients() {
    let made = Made::new(4, 80);
    let (beats, training) = (made.beats(), made.training());
    for clusters in [2, 8] {
        let options = BankOptions { clusters, most: 40, ..BankOptions::default() };
        let bank = options.fit(&training, Seed(1)).unwrap();
        let classes: Vec<usize> = bank.prototypes().iter().map(|known| known.class).collect();
        assert!((0..3).all(|class| classes.contains(&class)), "{classes:?}");
        assert!(bank.prototypes().iter().all(|known| known.beats >= 3));
        assert!(bank.consistent(3) && !bank.consistent(2));
        let similarities = bank.similarities(&beats).unwrap();
        let best = bank.best(&beats).unwrap();
        assert!(best.iter().all(|v| (-1.0..=1.000_001).contains(v)));
        let strange = best.iter().zip(&made.all).filter(|(best, beat)| !beat.noise && **best < 0.8).count();
        assert!(strange * 10 < best.len(), "nearly all clean beats are like a prototype, not {strange}");
        let x = bank.features(&similarities, 3, 3);
        assert_eq!(x.dim(), (beats.len(), 6));
        for (i, row) in x.rows().into_iter().enumerate() {
            let top = row[0].max(row[1]).max(row[2]);
            assert!(row[0] == top && f64::from(top) == best[i] && row[1] >= row[2]);
            assert_eq!(row[3].max(row[4]).max(row[5]), top);
        }
        let wide: Vec<usize> = (0..beats.len()).filter(|&b| made.all[b].class == Some(2)).collect();
        let own = wide.iter().filter(|&&b| x[[b, 5]] > x[[b, 3]]).count();
        assert!(own * 10 >= wide.len() * 9, "inverted beats are like their own class: {own}");
    }
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let fit = || Bank::fit(&training, Seed(1)).unwrap();
    assert!(one.install(fit) == fit());
    let other = Beats { rate: 72.0, ..made.beats() };
    assert!(fit().similarities(&other).is_err());
    assert!(BankOptions { clusters: 1, ..BankOptions::default() }.check().is_err());
    let two = TrainingBeats::new(&made.beats().select(vec![0, 1]), &names(3)).unwrap();
    assert_eq!(
        Bank::fit(&two, Seed(1)).unwrap_err().to_string(),
        "no three beats of a class make a prototype"
    );
}

/// Beats per second on one thread; run with `-- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed_of_prediction() {
    let (made, many) = (Made::new(3, 48), Made::new(10, 1000));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for method in both() {
        let model = method.fit(&made.training(), Seed(1), &Silent::new()).unwrap();
        let start = std::time::Instant::now();
        let p = pool.install(|| model.predict_proba(&many.beats()).unwrap());
        let rate = p.nrows() as f64 / start.elapsed().as_secs_f64();
        println!("{}: {rate:.0} beats of {} samples a second", method.name(), many.window.length());
        assert!(rate > 5000.0);
    }
}

/// Networks and boosting on the records of the MIT-BIH database that PAUCAL_DATA holds, three folds of patients; run with
/// `-- --ignored --nocapture the_table`. PAUCAL_EPOCHS epochs, or 8, without a choice of them.
#[test]
#[ignore = "takes minutes"]
fn the_table_of_networks() {
    let Some(folder) = support::folder() else { return };
    let files = discover(&[folder]).unwrap();
    let sources = Sources { files, labels: LabelMap::aami_4(), ..Sources::default() };
    let prepared = prepare(&sources, &PrepareOptions::default(), Seed(1), &Silent::new()).unwrap();
    let classes: Vec<String> = prepared.labels.classes.iter().map(|class| class.name.clone()).collect();
    let epochs = std::env::var("PAUCAL_EPOCHS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let course = |course: Course| Course { epochs, validation: 0.0, ..course };
    let (cnn, hybrid) = (Cnn::default(), Hybrid::default());
    let methods: [(&str, Box<dyn BeatClassifier>); 4] = [
        ("boost", Box::new(Boost::default())),
        ("cnn", Box::new(Cnn { course: course(cnn.course.clone()), ..cnn.clone() })),
        (
            "cnn, features of boost",
            Box::new(Cnn { course: course(cnn.course), features: hybrid.features.clone() }),
        ),
        ("hybrid", Box::new(Hybrid { course: course(hybrid.course.clone()), ..hybrid })),
    ];
    let options = CrossValidation { folds: 3, ..CrossValidation::default() };
    for (name, method) in methods {
        let start = std::time::Instant::now();
        let beats = Beats::of(&prepared);
        let (names, silent) = (&prepared.patients, Silent::new());
        let validated =
            cross_validate(method.as_ref(), &beats, &classes, names, &options, Seed(1), &silent).unwrap();
        let scores = &validated.evaluation.beats;
        let f1: Vec<String> = classes
            .iter()
            .map(|class| format!("{class} {:.1}", 100.0 * scores.classes[class].f1.value().unwrap_or(0.0)))
            .collect();
        let macro_f1 = 100.0 * scores.macro_f1.value().unwrap_or(0.0);
        println!("{name}: macro F1 {macro_f1:.1}, {}; {:.0} s", f1.join(", "), start.elapsed().as_secs_f64());
    }
}
