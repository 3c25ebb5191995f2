//! How right a classification of beats is, after ANSI/AAMI EC57.
//!
//! Each class is judged against all others, beat by beat: sensitivity Se = TP / (TP + FN), positive
//! predictivity +P = TP / (TP + FP), F1 = 2 TP / (2 TP + FP + FN). A class that the reference does not have is
//! undefined and never zero. The macro-F1 is the mean over the classes that are there; Q (paced or not to be
//! classified) does not count in it. jκ = κ / 2 + (Se_S + Se_V + P_S + P_V) / 8 after Mar et al. (2011,
//! *IEEE Transactions on Biomedical Engineering* 58).
//!
//! Beats of one patient are no independent cases, and the rare classes of the public databases are often those
//! of one patient. So every patient has a row of their own, every class names the share of its largest patient,
//! and the intervals resample patients.
//!
//! ```
//! use paucal_core::Seed;
//! use paucal_signal::ecg::evaluate::{Judged, judge};
//!
//! let names = ["N", "S", "V"].map(String::from);
//! let patients = ["a", "b"].map(String::from);
//! let judged = Judged {
//!     classes: &names,
//!     patients: &patients,
//!     patient: &[0, 0, 1, 1],
//!     reference: &[Some(0), Some(2), Some(0), None],
//!     predicted: &[Some(0), Some(2), None, Some(0)],
//!     probabilities: None,
//! };
//! let beats = judge(&judged, &Default::default(), Seed(1))?.beats;
//! assert_eq!((beats.count, beats.abstained), (3, 1));
//! assert_eq!(beats.classes["V"].f1.value(), Some(1.0));
//! assert!(beats.classes["S"].f1.value().is_none());
//! # Ok::<(), paucal_signal::ecg::EcgError>(())
//! ```

mod confusion;
mod report;

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, Axis};
use paucal_core::Seed;
use paucal_evidence::significance::{Bootstrap, BootstrapInterval, clustered_bootstrap};
use paucal_metrics::classification::{
    Bins, brier_multiclass, expected_calibration_error, log_loss_multiclass,
};
use paucal_metrics::{Score, Undefined};

pub use self::report::{
    BeatScores, Calibration, ClassScores, ConfusionTable, Evaluation, PatientClass, PatientScores,
};
use super::error::EcgError;
use super::symbols::Aami;
pub(in crate::ecg) use confusion::Counts;

/// Name of the column of the confusion matrix for beats on which nothing was said.
pub const ABSTAINED: &str = "abstained";

/// Bins of the calibration error.
const BINS: usize = 15;

/// Beats with their reference and what was predicted.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// Names of the classes.
    pub classes: &'a [String],
    /// Names of the patients.
    pub patients: &'a [String],
    /// The patient of each beat.
    pub patient: &'a [usize],
    /// The class of each beat; beats without one are not judged.
    pub reference: &'a [Option<u16>],
    /// The predicted class, or none where nothing was said.
    pub predicted: &'a [Option<u16>],
    /// Probabilities, beats × classes, for the calibration.
    pub probabilities: Option<ArrayView2<'a, f64>>,
}

impl Judged<'_> {
    fn check(&self) -> Result<(), EcgError> {
        let beats = self.reference.len();
        let hint = "references and predictions must be of the same beats, in the same order";
        let lengths = [self.patient.len(), self.predicted.len()];
        if lengths.iter().any(|&n| n != beats) {
            let message =
                format!("{beats} beats have {} patients and {} predictions", lengths[0], lengths[1]);
            return Err(EcgError::beats(message, hint));
        }
        if let Some(shape) = self.probabilities.map(|p| p.dim()).filter(|s| *s != (beats, self.classes.len()))
        {
            let message = format!("probabilities of {} beats and {} classes were given", shape.0, shape.1);
            return Err(EcgError::beats(message, hint));
        }
        let codes = self.reference.iter().chain(self.predicted).flatten();
        if let Some(&code) = codes.into_iter().find(|&&code| usize::from(code) >= self.classes.len()) {
            return Err(Undefined::BadCode { code: code.into(), levels: self.classes.len() }.into());
        }
        if let Some(&patient) = self.patient.iter().find(|&&p| p >= self.patients.len()) {
            return Err(EcgError::beats(format!("there is no patient {patient}"), hint));
        }
        if let Some(name) = self.classes.iter().find(|name| reserved(name)) {
            let message = format!("a class cannot be named '{name}'");
            return Err(EcgError::beats(message, "rename the class in the label map"));
        }
        Ok(())
    }
}

fn reserved(name: &str) -> bool {
    BeatScores::RESERVED.contains(&name) || ["patient", "beats"].contains(&name)
}

/// Judges predictions. Intervals are drawn from `seed` and depend on nothing else but the counts.
pub fn judge(of: &Judged<'_>, bootstrap: &Bootstrap, seed: Seed) -> Result<Evaluation, EcgError> {
    of.check()?;
    let by_patient = count(of);
    let all = Counts::weighted(&by_patient, &vec![1.0; by_patient.len()]);
    if all.total() == 0.0 {
        return Err(Undefined::Empty.into());
    }
    let counted: Vec<usize> =
        (0..of.classes.len()).filter(|&c| of.classes[c] != Aami::Q.to_string()).collect();
    let present: Vec<Counts> = by_patient.iter().filter(|c| c.total() > 0.0).cloned().collect();
    let interval = |purpose: &str, statistic: &(dyn Fn(&Counts) -> Option<f64> + Sync)| {
        resample(&present, bootstrap, seed.child(purpose, 0), statistic)
    };
    // A replicate without a class that the data have would be a mean of other things, and is not used.
    let needed: Vec<usize> = counted.iter().copied().filter(|&c| all.support(c) > 0.0).collect();
    let macro_f1_interval = interval("ecg/evaluate/macro_f1", &|counts| {
        needed.iter().all(|&c| counts.support(c) > 0.0).then(|| counts.macro_f1(&needed).ok())?
    })?;
    let mut classes = BTreeMap::new();
    for (class, name) in of.classes.iter().enumerate() {
        let f1_interval =
            interval(&format!("ecg/evaluate/f1/{name}"), &|counts: &Counts| counts.f1(class).ok())?;
        classes.insert(name.clone(), class_scores(&all, &by_patient, class, f1_interval));
    }
    let named = |class: Aami| of.classes.iter().position(|name| *name == class.to_string());
    let j_kappa = match (named(Aami::S), named(Aami::V)) {
        (Some(s), Some(v)) => all.j_kappa(s, v),
        _ => Err(Undefined::NothingContributes),
    };
    let patients = (0..of.patients.len()).filter(|&p| by_patient[p].total() > 0.0);
    Ok(Evaluation {
        beats: BeatScores {
            count: all.total() as u64,
            abstained: all.abstained() as u64,
            accuracy: all.accuracy().into(),
            kappa: all.kappa().into(),
            j_kappa: j_kappa.into(),
            macro_f1: all.macro_f1(&counted).into(),
            macro_f1_interval,
            macro_classes: counted.iter().map(|&c| of.classes[c].clone()).collect(),
            confusion: table(&all, of.classes),
            calibration: of.probabilities.as_ref().map(|p| calibration(of, p)),
            patients: patients
                .map(|p| patient_scores(&by_patient[p], &of.patients[p], of.classes, &counted))
                .collect(),
            classes,
        },
    })
}

/// The counts of each patient.
fn count(of: &Judged<'_>) -> Vec<Counts> {
    let mut counts = vec![Counts::new(of.classes.len()); of.patients.len()];
    for ((&patient, reference), predicted) in of.patient.iter().zip(of.reference).zip(of.predicted) {
        if let Some(reference) = reference {
            counts[patient].add(usize::from(*reference), predicted.map(usize::from));
        }
    }
    counts
}

/// The interval of a statistic over patients, or none where there are too few of them.
fn resample(
    patients: &[Counts],
    bootstrap: &Bootstrap,
    seed: Seed,
    statistic: &(dyn Fn(&Counts) -> Option<f64> + Sync),
) -> Result<Option<BootstrapInterval>, EcgError> {
    let of_weights = |weights: &[f64]| statistic(&Counts::weighted(patients, weights));
    match clustered_bootstrap(&vec![0; patients.len()], of_weights, bootstrap, seed) {
        Ok(interval) => Ok(Some(interval)),
        Err(Undefined::TooFew { needed: 100, .. }) if bootstrap.replicates >= 100 => Ok(None),
        Err(Undefined::NothingContributes | Undefined::TooFew { needed: 2, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn class_scores(
    all: &Counts,
    by_patient: &[Counts],
    class: usize,
    f1_interval: Option<BootstrapInterval>,
) -> ClassScores {
    let supports: Vec<f64> = by_patient.iter().map(|counts| counts.support(class)).collect();
    let largest = supports.iter().copied().fold(0.0, f64::max);
    let share = if largest > 0.0 {
        Ok(largest / all.support(class))
    } else {
        Err(Undefined::NoCase { class: class as u32 })
    };
    ClassScores {
        support: all.support(class) as u64,
        sensitivity: all.sensitivity(class).into(),
        ppv: all.ppv(class).into(),
        f1: all.f1(class).into(),
        f1_interval,
        patients: supports.iter().filter(|&&n| n > 0.0).count(),
        largest_patient_share: share.into(),
    }
}

fn patient_scores(counts: &Counts, name: &str, classes: &[String], counted: &[usize]) -> PatientScores {
    let of_class = |class: usize| PatientClass {
        support: counts.support(class) as u64,
        predicted: counts.predicted(class) as u64,
        sensitivity: counts.sensitivity(class).into(),
        ppv: counts.ppv(class).into(),
        f1: counts.f1(class).into(),
    };
    PatientScores {
        patient: name.to_owned(),
        beats: counts.total() as u64,
        abstained: counts.abstained() as u64,
        accuracy: counts.accuracy().into(),
        macro_f1: counts.macro_f1(counted).into(),
        classes: classes.iter().enumerate().map(|(class, name)| (name.clone(), of_class(class))).collect(),
    }
}

fn table(counts: &Counts, classes: &[String]) -> ConfusionTable {
    let mut predicted = classes.to_vec();
    predicted.push(ABSTAINED.to_owned());
    let rows = counts.0.rows().into_iter();
    ConfusionTable {
        reference: classes.to_vec(),
        predicted,
        counts: rows.map(|row| row.iter().map(|&n| n as u64).collect()).collect(),
    }
}

fn calibration(of: &Judged<'_>, probabilities: &ArrayView2<'_, f64>) -> Calibration {
    let rows: Vec<usize> = (0..of.reference.len()).filter(|&i| of.reference[i].is_some()).collect();
    let truth: Vec<u32> = rows.iter().filter_map(|&i| of.reference[i].map(u32::from)).collect();
    let kept: Array2<f64> = probabilities.select(Axis(0), &rows);
    let top = paucal_learn::most_probable(kept.view());
    let right: Vec<bool> = top.iter().zip(&truth).map(|(&top, &truth)| top as u32 == truth).collect();
    let stated: Vec<f64> = top.iter().enumerate().map(|(i, &class)| kept[[i, class]]).collect();
    Calibration {
        brier: Score::from(brier_multiclass(&truth, &kept)),
        log_loss: log_loss_multiclass(&truth, &kept).into(),
        ece: expected_calibration_error(&right, &stated, Bins::EqualMass(BINS)).into(),
    }
}

#[cfg(test)]
mod tests;
