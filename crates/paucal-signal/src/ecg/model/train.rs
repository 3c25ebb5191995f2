//! Training, and what patients held out say of it.
//!
//! With [`Division::Grouped`] every patient is learnt from: the scores, the thresholds of the gates and the
//! calibration come from a cross-validation in which each patient was held out once, and the model that is
//! kept is then fitted to all. With [`Division::Sides`] it learns from the training side alone; validation
//! patients add to the calibration, and the test side is predicted once, at the end.

use paucal_core::{Observer, Seed};
use paucal_evidence::significance::Bootstrap;
use serde::{Deserialize, Serialize};

use super::unseen::{Gated, Unseen};
use super::{BeatModel, Seen};
use crate::ecg::classify::{Bank, BeatClassifier, Beats, Boost, FittedClassifier, TrainingBeats};
use crate::ecg::error::{EcgError, require};
use crate::ecg::evaluate::BeatScores;
use crate::ecg::gate::{Calibrated, Conformal, Gates};
use crate::ecg::prepare::Prepared;
use crate::ecg::split::Side;
use crate::ecg::validate::{CrossValidation, Folds, Validated, cross_validate};

/// Name and version of the format of [`Training`].
pub const SCHEMA: &str = "paucal.ecg.train/1";

/// Parameters of a training besides those of the method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainOptions {
    /// Folds of patients; at most as many as there are patients. 0 for no cross-validation.
    pub folds: usize,
    /// Classes that are not learnt: Q holds what could not be classified.
    pub leave_out: Vec<String>,
    /// Share of the beats of each class that may lose it to review or to another class.
    pub error_rate: f64,
    /// Share of the beats of other classes that guarding a class may put in doubt; a class that would do more is not
    /// guarded, and the report says so.
    pub most_doubt: f64,
    /// Thresholds that are not calibrated.
    pub gates: Gates,
    /// Whether to show what a random split of beats would have promised.
    pub leak: bool,
    /// Intervals of the scores.
    pub bootstrap: Bootstrap,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            folds: 8,
            leave_out: vec!["Q".into()],
            error_rate: 0.1,
            most_doubt: 0.2,
            gates: Gates::default(),
            leak: true,
            bootstrap: Bootstrap::default(),
        }
    }
}

/// Who is learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Division {
    /// Every patient; each is held out once to say how good that is.
    Grouped,
    /// The training side of the preparation's split.
    Sides,
}

/// What a training says: the content of its `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the method.
    pub model: String,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Beats of each class that were learnt from.
    pub beats: Vec<usize>,
    /// Patients that were learnt from.
    pub patients: usize,
    /// Who was learnt from.
    pub division: Division,
    /// Folds of the cross-validation.
    pub folds: usize,
    /// Scores of the training patients, each predicted by a model that has not met this patient.
    pub validation: Option<BeatScores>,
    /// The same with the gates at work.
    pub gated: Option<Gated>,
    /// Scores of the test side, predicted once.
    pub test: Option<BeatScores>,
    /// What a random split would have promised.
    pub leak: Option<LeakShown>,
    /// Thresholds from patients held out.
    pub calibrated: Option<Calibrated>,
    /// What somebody should know.
    pub notes: Vec<String>,
}

/// The same method judged on other patients, and on other beats of the same patients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeakShown {
    /// Name of the method.
    pub method: String,
    /// Macro-F1 on patients held out.
    pub grouped_macro_f1: Option<f64>,
    /// Macro-F1 when neighbouring beats of a patient are on both sides: a measure of memory.
    pub leaky_random_macro_f1: Option<f64>,
}

impl TrainOptions {
    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        require(self.folds != 1 && self.folds <= 1000, "folds", self.folds, "0, or from 2 to 1000")?;
        let rate = self.error_rate > 0.0 && self.error_rate < 1.0;
        require(rate, "error_rate", self.error_rate, "above 0 and below 1")?;
        require((0.0..=1.0).contains(&self.most_doubt), "most_doubt", self.most_doubt, "from 0 to 1")?;
        self.gates.check()
    }
}

/// Trains on prepared beats. The result does not depend on the number of threads.
pub fn train(
    mut prepared: Prepared,
    division: Division,
    classifier: &dyn BeatClassifier,
    options: &TrainOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<(BeatModel, Training), EcgError> {
    options.check()?;
    classifier.check()?;
    let mut notes = keep_what_can_be_learnt(&mut prepared, division, options)?;
    let classes: Vec<String> = prepared.labels.classes.iter().map(|class| class.name.clone()).collect();
    let beats = Beats::of(&prepared);
    let training = TrainingBeats::new(&beats.select(learnt_from(&prepared, division)), &classes)?;
    let validated = held_out(&training, &prepared, classifier, options, seed, observer, &mut notes)?;
    let leak = match &validated {
        Some(of) if options.leak => Some(show_leak(&training, of, &prepared, options, seed, observer)?),
        _ => None,
    };
    let fitted = classifier.fit(&training, seed.child("ecg/train", 0), observer)?;
    let of_side = |side| on_side(&prepared, fitted.as_ref(), division, side);
    let held = validated.as_ref().map(|of| Unseen::new(&prepared, of.rows.clone(), of.probabilities.clone()));
    let unseen = Unseen::join(held.into_iter().chain(of_side(Side::Validation)?))?;
    let rule = Conformal { error_rate: options.error_rate, most_doubt: options.most_doubt };
    let calibrated = unseen.as_ref().map(|of| of.calibrate(&rule)).transpose()?;
    let gated =
        unseen.as_ref().map(|of| of.gated(&prepared, &options.gates, calibrated.as_ref())).transpose()?;
    let judged = |of: Unseen| of.scores(&prepared, &options.bootstrap, seed.child("ecg/train/test", 0));
    let test = of_side(Side::Test)?.map(judged).transpose()?;
    let bank = match fitted.bank() {
        Some(_) => None,
        None => Bank::fit(&training, seed.child("ecg/train/bank", 0)).ok(),
    };
    let counts = |class| training.classes.iter().filter(|&&c| c == class).count();
    let learnt = learnt_patients(&prepared, &training);
    let result = Training {
        schema: SCHEMA.into(),
        model: classifier.name().into(),
        beats: (0..classes.len()).map(counts).collect(),
        patients: learnt.len(),
        division,
        folds: validated.as_ref().map_or(0, |of| of.fold.iter().max().map_or(0, |fold| fold + 1)),
        gated,
        validation: validated.map(|of| of.evaluation.beats),
        test,
        leak,
        calibrated: calibrated.clone(),
        notes,
        classes,
    };
    let seen = Seen::of(learnt.iter().map(|&patient| prepared.patients[patient].as_str()), seed);
    let model = BeatModel {
        rate: prepared.rate,
        window: prepared.window,
        gates: options.gates.clone(),
        calibrated,
        bank,
        seen,
        seed,
        classifier: fitted,
        options: prepared.options,
        labels: prepared.labels,
    };
    Ok((model, result))
}

/// The beats that may be learnt from.
fn learnt_from(prepared: &Prepared, division: Division) -> Vec<usize> {
    match division {
        Division::Grouped => (0..prepared.beats.len()).collect(),
        Division::Sides => prepared.of_side(Side::Train).collect(),
    }
}

/// Keeps the classes that are wanted and there, and says which are not.
fn keep_what_can_be_learnt(
    prepared: &mut Prepared,
    division: Division,
    options: &TrainOptions,
) -> Result<Vec<String>, EcgError> {
    let mut counts = vec![0_usize; prepared.labels.classes.len()];
    for beat in learnt_from(prepared, division) {
        if let Some(class) = prepared.beats[beat].class {
            counts[usize::from(class)] += 1;
        }
    }
    let mut notes = Vec::new();
    let mut kept = Vec::new();
    for (class, &beats) in prepared.labels.classes.iter().zip(&counts) {
        match (options.leave_out.contains(&class.name), beats) {
            (true, 0) => {}
            (true, _) => notes.push(format!("{} beats of class {} were left out", beats, class.name)),
            (false, 0) => notes.push(format!("no beat of class {} was there to learn from", class.name)),
            (false, _) => kept.push(class.name.clone()),
        }
    }
    if kept.len() < 2 {
        let there = if kept.is_empty() { "no class".into() } else { format!("only class {}", kept[0]) };
        let hint = "a classifier needs annotated beats of at least two classes";
        return Err(EcgError::beats(format!("{there} is among the beats to learn from"), hint));
    }
    prepared.keep_classes(&kept);
    Ok(notes)
}

/// The patients with a beat to learn from.
fn learnt_patients(prepared: &Prepared, training: &TrainingBeats<'_>) -> Vec<usize> {
    let mut patients: Vec<usize> =
        training.beats.rows.iter().map(|&row| prepared.record_of(row).patient).collect();
    patients.sort_unstable();
    patients.dedup();
    patients
}

/// Every training patient predicted by a model that has not met this patient.
fn held_out(
    training: &TrainingBeats<'_>,
    prepared: &Prepared,
    classifier: &dyn BeatClassifier,
    options: &TrainOptions,
    seed: Seed,
    observer: &dyn Observer,
    notes: &mut Vec<String>,
) -> Result<Option<Validated>, EcgError> {
    let patients = learnt_patients(prepared, training).len();
    if options.folds == 0 {
        notes.push("no patient was held out, so nothing is known of how good the model is".into());
        return Ok(None);
    }
    if patients < 2 {
        notes.push("one patient cannot be held out, so nothing is known of how good the model is".into());
        return Ok(None);
    }
    let folds = CrossValidation {
        folds: options.folds.min(patients),
        by: Folds::Patients,
        bootstrap: options.bootstrap.clone(),
    };
    let of = cross_validate(
        classifier,
        &training.beats,
        &training.names,
        &prepared.patients,
        &folds,
        seed.child("ecg/train/folds", 0),
        observer,
    )?;
    Ok(Some(of))
}

/// The plain baseline over folds of patients and over folds of beats.
fn show_leak(
    training: &TrainingBeats<'_>,
    held_out: &Validated,
    prepared: &Prepared,
    options: &TrainOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<LeakShown, EcgError> {
    let folds = held_out.fold.iter().max().map_or(2, |fold| fold + 1);
    // One interval is drawn for each judgement; none of these is shown.
    let bootstrap = Bootstrap { replicates: 100, ..options.bootstrap.clone() };
    let macro_f1 = |by| {
        let options = CrossValidation { folds, by, bootstrap: bootstrap.clone() };
        let seed = seed.child("ecg/train/leak", 0);
        let (beats, names, patients) = (&training.beats, &training.names, &prepared.patients);
        let of = cross_validate(&Boost::plain(), beats, names, patients, &options, seed, observer)?;
        Ok::<_, EcgError>(of.evaluation.beats.macro_f1.value())
    };
    Ok(LeakShown {
        method: "gradient boosting on principal components and RR intervals".into(),
        grouped_macro_f1: macro_f1(Folds::Patients)?,
        leaky_random_macro_f1: macro_f1(Folds::LeakyRandom)?,
    })
}

/// The beats of a side, predicted by the fitted model; none with [`Division::Grouped`], or without any.
fn on_side(
    prepared: &Prepared,
    fitted: &dyn FittedClassifier,
    division: Division,
    side: Side,
) -> Result<Option<Unseen>, EcgError> {
    let rows: Vec<usize> = match division {
        Division::Grouped => Vec::new(),
        Division::Sides => prepared.of_side(side).filter(|&b| prepared.beats[b].class.is_some()).collect(),
    };
    if rows.is_empty() {
        return Ok(None);
    }
    let probabilities = fitted.predict_proba(&Beats::of(prepared).select(rows.clone()))?;
    Ok(Some(Unseen::new(prepared, rows, probabilities)))
}
