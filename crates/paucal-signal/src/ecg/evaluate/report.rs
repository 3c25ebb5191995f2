//! What a judgement says, as it is written to `result.json`.

use std::collections::BTreeMap;

use paucal_evidence::significance::BootstrapInterval;
use paucal_metrics::Score;
use serde::{Deserialize, Serialize};

/// A judgement of predicted beats: everything under `beats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The scores.
    pub beats: BeatScores,
}

/// Scores of all beats together, of each class and of each patient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeatScores {
    /// Beats with a reference class.
    pub count: u64,
    /// Beats on which nothing was said. They count as missed in every sensitivity and in the accuracy.
    pub abstained: u64,
    /// Share of right decisions; says little with rare classes.
    pub accuracy: Score,
    /// Cohen's κ.
    pub kappa: Score,
    /// jκ of Mar et al. (2011); needs classes named S and V.
    pub j_kappa: Score,
    /// Mean F1 over the classes that count and that the reference has.
    pub macro_f1: Score,
    /// Its bootstrap interval over patients; none where it cannot be had (one patient).
    pub macro_f1_interval: Option<BootstrapInterval>,
    /// The classes that count in the macro-F1.
    pub macro_classes: Vec<String>,
    /// Reference against predicted.
    pub confusion: ConfusionTable,
    /// How far the stated probabilities can be believed; none if none were given.
    pub calibration: Option<Calibration>,
    /// A row for each patient.
    pub patients: Vec<PatientScores>,
    /// Each class by its name.
    #[serde(flatten)]
    pub classes: BTreeMap<String, ClassScores>,
}

impl BeatScores {
    /// Names that a class cannot have.
    pub const RESERVED: [&'static str; 11] = [
        "count",
        "abstained",
        "accuracy",
        "kappa",
        "j_kappa",
        "macro_f1",
        "macro_f1_interval",
        "macro_classes",
        "confusion",
        "calibration",
        "patients",
    ];
}

/// One class against all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// Beats of the class in the reference.
    pub support: u64,
    /// Share of them that were found (Se). Undefined without any.
    pub sensitivity: Score,
    /// Share of the beats called so that are so (+P). Undefined if none was, or none is.
    pub ppv: Score,
    /// 2 TP / (2 TP + FP + FN). Undefined if the reference has none.
    pub f1: Score,
    /// Bootstrap interval of F1 over patients.
    pub f1_interval: Option<BootstrapInterval>,
    /// Patients who have the class in the reference.
    pub patients: usize,
    /// Share of the patient with the most beats of the class: near 1, the scores are about one person.
    pub largest_patient_share: Score,
}

/// Counts of beats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionTable {
    /// Names of the rows.
    pub reference: Vec<String>,
    /// Names of the columns, the last for abstentions.
    pub predicted: Vec<String>,
    /// Rows × columns.
    pub counts: Vec<Vec<u64>>,
}

/// Whether probabilities mean what they say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Brier's score over all classes, 0 to 2; lower is better.
    pub brier: Score,
    /// Mean negative log-likelihood; lower is better.
    pub log_loss: Score,
    /// Expected calibration error of the most probable class, 15 bins of equal mass; lower is better.
    pub ece: Score,
}

/// One patient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatientScores {
    /// Name.
    pub patient: String,
    /// Beats with a reference class.
    pub beats: u64,
    /// Beats on which nothing was said.
    pub abstained: u64,
    /// Share of right decisions.
    pub accuracy: Score,
    /// Mean F1 over the classes that count and that the patient has.
    pub macro_f1: Score,
    /// Each class by its name.
    #[serde(flatten)]
    pub classes: BTreeMap<String, PatientClass>,
}

/// One class in one patient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatientClass {
    /// Beats of the class in the reference.
    pub support: u64,
    /// Beats that were called so.
    pub predicted: u64,
    /// Share of them that were found.
    pub sensitivity: Score,
    /// Share of the beats called so that are so.
    pub ppv: Score,
    /// 2 TP / (2 TP + FP + FN).
    pub f1: Score,
}
