//! A model compared with annotations.

use paucal_core::Seed;
use paucal_evidence::significance::Bootstrap;
use serde::{Deserialize, Serialize};

use super::unseen::{Gated, Unseen};
use super::{BeatModel, Prediction};
use crate::ecg::error::EcgError;
use crate::ecg::evaluate::BeatScores;
use crate::ecg::prepare::{LeftOut, Prepared};

/// Name and version of the format of [`Judgement`].
pub const SCHEMA: &str = "paucal.ecg.judge/1";

/// How right a model is: the content of the `result.json` of `paucal ecg judge RUN`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the method.
    pub model: String,
    /// Names of the classes.
    pub names: Vec<String>,
    /// Scores when every beat gets its most probable class; `abstained` counts the beats that the gates would
    /// have left to a person.
    pub beats: BeatScores,
    /// What the gates are worth here.
    pub gated: Gated,
    /// Patients that the model has learnt from: what is said of them is memory.
    pub seen_patients: Vec<String>,
    /// Beats without a class of the model.
    pub unlabelled: usize,
    /// Recordings that could not be used.
    pub left_out: Vec<LeftOut>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

impl BeatModel {
    /// Judges predictions of annotated beats.
    pub fn judge(
        &self,
        prepared: &Prepared,
        prediction: &Prediction,
        bootstrap: &Bootstrap,
        seed: Seed,
    ) -> Result<Judgement, EcgError> {
        let rows: Vec<usize> =
            (0..prepared.beats.len()).filter(|&beat| prepared.beats[beat].class.is_some()).collect();
        if rows.is_empty() {
            let hint = "judge needs annotations; without them use 'paucal ecg predict'";
            return Err(EcgError::beats("no beat has a class that the model knows", hint));
        }
        let unlabelled = prepared.beats.len() - rows.len();
        let held = rows.iter().filter(|&&row| prediction.decisions[row].class.is_none()).count();
        let unseen =
            Unseen::new(prepared, rows.clone(), prediction.probabilities.select(ndarray::Axis(0), &rows));
        let gated = unseen.gated(prepared, &self.gates, self.calibrated.as_ref())?;
        let mut beats = unseen.scores(prepared, bootstrap, seed)?;
        beats.abstained = held as u64;
        let seen_patients = self.seen_patients(prepared);
        let mut warnings = prepared.warnings.clone();
        warnings.extend(warning(&seen_patients, prepared.patients.len()));
        Ok(Judgement {
            schema: SCHEMA.into(),
            model: self.classifier.name().into(),
            names: self.classes().to_vec(),
            beats,
            gated,
            seen_patients,
            unlabelled,
            left_out: prepared.left_out.clone(),
            warnings,
        })
    }
}

fn warning(seen: &[String], patients: usize) -> Option<String> {
    let names = seen.join(", ");
    match seen.len() {
        0 => None,
        n if n == patients => Some(
            "the model has learnt from all of these patients: the scores measure memory, not skill".into(),
        ),
        _ => Some(format!(
            "the model has learnt from these patients too, whose scores measure memory: {names}"
        )),
    }
}
