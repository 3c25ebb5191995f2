//! Classifiers of beats, cross-validated patient by patient and tried on rhythms that the data hardly have.
//!
//! ```text
//! cargo run --release -p paucal-signal --example ecg_cv -- FOLDER SEEDS [CONFIGURATION …]
//! ```
//!
//! FOLDER holds records with annotated beats; paced ones are left out. Every configuration prints one row: means
//! over the seeds of the scores of the cross-validation, the interval of the macro-F1 with the first seed, and two
//! trials of the very models of the folds on the patients they have not seen: *cut*, every 150 seconds a
//! recording of its own; *runs*, recordings made up of early beats in runs (`classify::recompose::Runs`), for
//! which sensitivity and positive predictivity of S are given. See `docs/ecg-classification.md`.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use paucal_core::{Seed, Silent};
use paucal_evidence::significance::Bootstrap;
use paucal_signal::ecg::beats::{Beat, rr};
use paucal_signal::ecg::classify::recompose::{Recompose, Runs};
use paucal_signal::ecg::classify::{
    BeatClassifier, BeatFeatures, Beats, Boost, Ensemble, Extent, FittedClassifier, Smoothing, TrainingBeats,
    Weighting,
};
use paucal_signal::ecg::evaluate::{BeatScores, Judged, judge};
use paucal_signal::ecg::labels::LabelMap;
use paucal_signal::ecg::prepare::{PrepareOptions, Prepared, Sources, prepare};
use paucal_signal::ecg::split::{Counted, folds};
use paucal_signal::formats::discover;
use rayon::prelude::*;

const FOLDS: usize = 11;
/// Seconds of a recording that is cut.
const CUT: f64 = 150.0;
/// Fewest S beats of a recording that is put into runs.
const FEWEST: usize = 20;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, seeds, wanted @ ..] = &arguments[..] else {
        return Err("usage: ecg_cv FOLDER SEEDS [CONFIGURATION …]".into());
    };
    let sources = Sources { files: discover(&[folder])?, labels: LabelMap::aami_4(), ..Sources::default() };
    let prepared = prepare(&sources, &PrepareOptions::default(), Seed(1), &Silent::new())?;
    let trial = Trial::new(&prepared);
    let mut out = std::io::stdout().lock();
    writeln!(out, "| configuration | macro-F1 | S F1 | V F1 | F F1 | jκ | cut: S, V | runs: Se, +P | s |")?;
    writeln!(out, "|---|---|---|---|---|---|---|---|---|")?;
    let chosen = configurations()
        .into_iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name));
    for (name, classifier) in chosen {
        let start = Instant::now();
        let rows = (1..=seeds.parse()?).map(|seed| trial.run(&*classifier, Seed(seed)));
        let rows: Vec<Scores> = rows.collect::<Outcome<_>>()?;
        writeln!(out, "| {name} | {} | {:.0} |", summary(&rows), start.elapsed().as_secs_f64())?;
    }
    Ok(())
}

/// What is compared, by name.
fn configurations() -> Vec<(&'static str, Box<dyn BeatClassifier>)> {
    let boost = Boost::default;
    let paceless = BeatFeatures { pace: false, ..BeatFeatures::default() };
    let even = Weighting { patient_power: 1.0, ..boost().weighting };
    let before =
        Boost { features: paceless.clone(), weighting: even, recompose: Recompose::none(), ..boost() };
    let unweighted =
        Boost { weighting: Weighting { most: 500, ..Weighting::default() }, ..Boost::with_wave() };
    let unweighted = Ensemble { members: vec![boost(), unweighted], ..Ensemble::default() };
    let runs_only = Recompose { runs: 0.4, irregular: 0.0, ..Recompose::default() };
    vec![
        ("plain", Box::new(Boost::plain())),
        ("before", Box::new(before)),
        ("pace", Box::new(Boost { weighting: even, recompose: Recompose::none(), ..boost() })),
        ("pace-recompose", Box::new(Boost { weighting: even, ..boost() })),
        ("boost", Box::new(boost())),
        ("no-pace", Box::new(Boost { features: paceless, ..boost() })),
        ("no-recompose", Box::new(Boost { recompose: Recompose::none(), ..boost() })),
        ("runs-only", Box::new(Boost { recompose: runs_only, ..boost() })),
        ("with-wave", Box::new(Boost::with_wave())),
        ("unweighted-wave", Box::new(unweighted)),
        ("ensemble", Box::new(Ensemble::default())),
        ("no-specialist", Box::new(Ensemble { specialists: Vec::new(), ..Ensemble::default() })),
        (
            "no-smoothing",
            Box::new(Ensemble {
                smoothing: Smoothing { strength: 0.0, ..Smoothing::default() },
                ..Ensemble::default()
            }),
        ),
    ]
}

/// The beats, whole and cut.
struct Trial<'a> {
    beats: Beats<'a>,
    cut: Vec<Beat>,
    pieces: Vec<Extent>,
    names: Vec<String>,
    patients: &'a [String],
}

/// The scores of one seed.
struct Scores {
    whole: BeatScores,
    cut: BeatScores,
    runs: BeatScores,
}

/// Beats with what was said of them.
#[derive(Default)]
struct Said {
    patient: Vec<usize>,
    reference: Vec<Option<u16>>,
    predicted: Vec<Option<u16>>,
}

impl<'a> Trial<'a> {
    fn new(prepared: &'a Prepared) -> Self {
        let beats = Beats::of(prepared);
        let (mut cut, mut pieces) = (beats.all.to_vec(), Vec::new());
        for record in &beats.records {
            let piece = |beat: &Beat| (f64::from(beat.position) / beats.rate / CUT) as usize;
            for part in cut[record.range()].chunk_by_mut(|a, b| piece(a) == piece(b)) {
                let first = pieces.last().map_or(0, |last: &Extent| last.first + last.beats);
                pieces.push(Extent { patient: record.patient, first, beats: part.len() });
                let previous: Vec<Option<f32>> = part.iter().map(|beat| beat.rr.previous).collect();
                part.iter_mut().zip(rr::from_previous(&previous)).for_each(|(beat, rr)| beat.rr = rr);
            }
        }
        let names = prepared.labels.classes.iter().take(4).map(|class| class.name.clone()).collect();
        Self { beats, cut, pieces, names, patients: &prepared.patients }
    }

    fn run(&self, classifier: &dyn BeatClassifier, seed: Seed) -> Outcome<Scores> {
        let all = TrainingBeats::new(&self.beats, &self.names)?;
        let patient_of = self.beats.patients();
        let mut counted: Vec<Counted> = (0..self.patients.len())
            .map(|patient| Counted { patient, counts: vec![0; self.names.len()] })
            .collect();
        for (&row, &class) in all.beats.rows.iter().zip(&all.classes) {
            counted[patient_of[row]].counts[class] += 1;
        }
        let fold = folds(&counted, FOLDS, seed)?;
        let parts = (0..FOLDS).into_par_iter().map(|held| {
            let (test, train): (Vec<usize>, Vec<usize>) =
                all.beats.rows.iter().partition(|&&row| fold[patient_of[row]] == held);
            let training = TrainingBeats::new(&self.beats.select(train), &self.names)?;
            let fitted = classifier.fit(&training, seed.child("fold", held as u64), &Silent::new())?;
            let test = TrainingBeats::new(&self.beats.select(test), &self.names)?;
            self.try_out(&*fitted, &test, seed)
        });
        let parts: Vec<[Said; 3]> = parts.collect::<Outcome<_>>()?;
        let [mut whole, mut cut, mut runs] = [const { Vec::new() }; 3];
        for [a, b, c] in parts {
            whole.push(a);
            cut.push(b);
            runs.push(c);
        }
        let judged = |said| self.judge(said, seed);
        Ok(Scores { whole: judged(whole)?, cut: judged(cut)?, runs: judged(runs)? })
    }

    /// What a model says of some patients: of their recordings whole, cut, and in runs.
    fn try_out(
        &self,
        fitted: &dyn FittedClassifier,
        test: &TrainingBeats<'_>,
        seed: Seed,
    ) -> Outcome<[Said; 3]> {
        let cut = Beats { all: &self.cut, records: self.pieces.clone(), ..test.beats.clone() };
        let cut = TrainingBeats { beats: cut, classes: test.classes.clone(), names: test.names.clone() };
        let runs = Runs::default().of(test, 1, FEWEST, seed);
        Ok([said(fitted, test)?, said(fitted, &cut)?, said(fitted, &runs.training(test))?])
    }

    fn judge(&self, parts: Vec<Said>, seed: Seed) -> Outcome<BeatScores> {
        let mut all = Said::default();
        for part in parts {
            all.patient.extend(part.patient);
            all.reference.extend(part.reference);
            all.predicted.extend(part.predicted);
        }
        let judged = Judged {
            classes: &self.names,
            patients: self.patients,
            patient: &all.patient,
            reference: &all.reference,
            predicted: &all.predicted,
            probabilities: None,
        };
        Ok(judge(&judged, &Bootstrap::default(), seed)?.beats)
    }
}

fn said(fitted: &dyn FittedClassifier, test: &TrainingBeats<'_>) -> Outcome<Said> {
    if test.beats.is_empty() {
        return Ok(Said::default());
    }
    let patient_of = test.beats.patients();
    let top = paucal_learn::most_probable(fitted.predict_proba(&test.beats)?.view());
    Ok(Said {
        patient: test.beats.rows.iter().map(|&row| patient_of[row]).collect(),
        reference: test.classes.iter().map(|&class| Some(class as u16)).collect(),
        predicted: top.into_iter().map(|class| Some(class as u16)).collect(),
    })
}

/// The cells of a row, in per cent.
fn summary(rows: &[Scores]) -> String {
    let mean = |of: &dyn Fn(&Scores) -> Option<f64>| {
        let known: Vec<f64> = rows.iter().filter_map(of).collect();
        100.0 * known.iter().sum::<f64>() / known.len() as f64
    };
    let f1 = |class: &str| mean(&|row| row.whole.classes[class].f1.value());
    let interval = |found: &Option<paucal_evidence::significance::BootstrapInterval>| {
        found.as_ref().map_or(String::new(), |i| format!(" ({:.0}–{:.0})", 100.0 * i.low, 100.0 * i.high))
    };
    let first = |class: &str| interval(&rows[0].whole.classes[class].f1_interval);
    format!(
        "{:.1}{} | {:.1}{} | {:.1}{} | {:.1} | {:.1} | {:.1}, {:.1} | {:.1}, {:.1}",
        mean(&|row| row.whole.macro_f1.value()),
        interval(&rows[0].whole.macro_f1_interval),
        f1("S"),
        first("S"),
        f1("V"),
        first("V"),
        f1("F"),
        mean(&|row| row.whole.j_kappa.value()),
        mean(&|row| row.cut.classes["S"].f1.value()),
        mean(&|row| row.cut.classes["V"].f1.value()),
        mean(&|row| row.runs.classes["S"].sensitivity.value()),
        mean(&|row| row.runs.classes["S"].ppv.value()),
    )
}
