//! What is in a folder of recordings, before anything is fitted.
//!
//! It reads every recording and looks for what would mislead: files that cannot be read, a wrong gain or unit,
//! missing and flat stretches, noise, leads that are not there, signals that occur twice, several recordings of one
//! patient, and rare classes that are one patient's. Each finding is a sentence with a severity and what to do about
//! it. Nothing is changed.

mod findings;
mod profile;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

pub use paucal_core::Severity;
use paucal_core::{Advice, Event, Observer};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::beats::BeatOptions;
use super::error::{EcgError, require};
use super::prepare::{LeftOut, Sources};
use super::quality::QualityOptions;
use crate::formats::{Source, read_all};
use profile::{Profile, profile};

/// Name and version of the format of the result.
pub const SCHEMA: &str = "paucal.ecg.audit/1";
/// Name of the stage in progress events.
const STAGE: &str = "audit ecg";
/// Recordings that are shown.
const SHOWN: usize = 12;

/// When something is worth saying.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditOptions {
    /// How beats are found where they are not annotated, and which lead is wanted.
    pub beats: BeatOptions,
    /// When a beat is called noise.
    pub quality: QualityOptions,
    /// Usual swing of a lead, least and greatest, in mV: the median over 2 s of highest less lowest value. Beyond,
    /// the gain or the unit is wrong.
    pub swing_mv: [f64; 2],
    /// Share of missing samples of a lead.
    pub missing: f64,
    /// Share of samples of a lead in flat stretches.
    pub flat: f64,
    /// Share of beats flagged as noise.
    pub noise: f64,
    /// Least length of a recording, in seconds.
    pub seconds: f64,
    /// Beats below which a class is called rare.
    pub few_beats: usize,
    /// Patients below which a class is called one of few patients.
    pub few_patients: usize,
    /// Share of a class from which on it is said to be one patient's.
    pub one_patient: f64,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self {
            beats: BeatOptions::default(),
            quality: QualityOptions::default(),
            swing_mv: [0.15, 15.0],
            missing: 0.01,
            flat: 0.01,
            noise: 0.05,
            seconds: 5.0,
            few_beats: 100,
            few_patients: 5,
            one_patient: 0.5,
        }
    }
}

impl AuditOptions {
    /// Whether the options are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        self.beats.check()?;
        self.quality.check()?;
        let [low, high] = self.swing_mv;
        require(low > 0.0 && high > low, "swing_mv", low, "two values above 0, the lower first")?;
        let shares = [("missing", self.missing), ("flat", self.flat), ("noise", self.noise)];
        for (name, value) in shares.into_iter().chain([("one_patient", self.one_patient)]) {
            require((0.0..=1.0).contains(&value), name, value, "from 0 to 1")?;
        }
        require(self.seconds >= 0.0, "seconds", self.seconds, "at least 0")
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// A file or recording that cannot be used.
    Reading,
    /// Gain and unit.
    Amplitude,
    /// Missing, flat and noisy stretches.
    Signal,
    /// Leads, rates and lengths that differ.
    Shape,
    /// The same signal twice.
    Duplicate,
    /// Recordings of one person.
    Patients,
    /// Classes of beats.
    Classes,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcgFinding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    pub check: Check,
    /// The recordings concerned.
    pub records: Vec<String>,
    /// One plain sentence, without its full stop.
    pub sentence: String,
    /// What to do about it; empty when nothing needs doing.
    pub advice: String,
}

/// What the audit saw. The content of `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcgAudit {
    /// [`SCHEMA`].
    pub schema: String,
    /// Files that were tried.
    pub files: usize,
    /// Patients.
    pub patients: usize,
    /// Length of all recordings together, in hours.
    pub hours: f64,
    /// Annotated beats.
    pub beats: usize,
    /// The options.
    pub options: AuditOptions,
    /// The findings, problems first, then cautions, then notes.
    pub findings: Vec<EcgFinding>,
    /// The classes of the label map that occur.
    pub classes: Vec<ClassAudit>,
    /// Every recording that could be read.
    pub records: Vec<RecordAudit>,
    /// Recordings that could not be read, or give no beat.
    pub left_out: Vec<LeftOut>,
    /// A few seconds of recordings that are doubtful.
    pub glimpses: Vec<Glimpse>,
}

impl EcgAudit {
    /// The findings of a severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &EcgFinding> {
        self.findings.iter().filter(move |finding| finding.severity == severity)
    }
}

/// A class and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassAudit {
    /// Its name.
    pub class_name: String,
    /// Its beats; of recordings that have a label as a whole, its recordings.
    pub beats: usize,
    /// Recordings with one of them.
    pub records: usize,
    /// Patients with one of them.
    pub patients: usize,
    /// The patient with most of them.
    pub largest_patient: String,
    /// Share of that patient's.
    pub largest_patient_share: f64,
}

/// One recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordAudit {
    /// Its name.
    pub record: String,
    /// Its patient.
    pub patient: String,
    /// Name of the format of its file.
    pub format: String,
    /// Its length in seconds.
    pub seconds: f64,
    /// The class of the recording as a whole, where the file has one.
    pub label: Option<String>,
    /// Its channels.
    pub leads: Vec<LeadAudit>,
    /// The lead that beats would be taken from.
    pub lead: Option<String>,
    /// Annotated beats.
    pub beats: usize,
    /// Other annotations.
    pub other_marks: usize,
    /// Beats of each class of the label map.
    pub classes: BTreeMap<String, usize>,
    /// Share of annotated beats that are paced or fused with paced ones.
    pub paced: f64,
    /// Share of beats that would be flagged as noise; none where no beat could be cut out.
    pub noisy: Option<f64>,
    /// What the reader and the cutting out of beats warn of.
    pub warnings: Vec<String>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadAudit {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Samples per second.
    pub rate_hz: f64,
    /// Median over 2 s of highest less lowest value: in mV if the unit is one of voltage, else in its unit.
    pub swing: f64,
    /// Whether the unit is one of voltage.
    pub voltage: bool,
    /// Share of missing samples.
    pub missing: f64,
    /// Share of samples in flat stretches.
    pub flat: f64,
    /// Share of samples that stay at the highest or lowest value.
    pub clipped: f64,
    /// Longest missing or flat stretch, in seconds.
    pub longest_gap_s: f64,
}

/// A few seconds of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Glimpse {
    /// The recording.
    pub record: String,
    /// The lead.
    pub lead: String,
    /// Its unit: mV if it is one of voltage.
    pub unit: String,
    /// Samples per second.
    pub rate_hz: f64,
    /// When it starts, in seconds from the start of the recording.
    pub start_s: f64,
    /// Why it is shown.
    pub reason: String,
    /// The samples; missing ones are none.
    pub samples: Vec<Option<f32>>,
}

/// Audits recordings.
///
/// # Errors
/// [`EcgError::NoBeats`] if no file could be read; [`EcgError::Interrupted`].
pub fn audit(of: &Sources, options: &AuditOptions, observer: &dyn Observer) -> Result<EcgAudit, EcgError> {
    options.check()?;
    observer.event(Event::Started { stage: STAGE.into(), total: Some(of.files.len() as u64) });
    let done = AtomicU64::new(0);
    let one = |source: &Source| {
        let found = if observer.cancelled() { Vec::new() } else { one_file(source, of, options) };
        observer
            .event(Event::Progress { stage: STAGE.into(), done: done.fetch_add(1, Ordering::Relaxed) + 1 });
        found
    };
    let found: Vec<Vec<Result<Profile, LeftOut>>> = of.files.par_iter().map(one).collect();
    if observer.cancelled() {
        return Err(EcgError::Interrupted);
    }
    observer.event(Event::Finished { stage: STAGE.into() });
    let (mut profiles, mut left_out) = (Vec::new(), Vec::new());
    for result in found.into_iter().flatten() {
        match result {
            Ok(profile) => profiles.push(profile),
            Err(one) => left_out.push(one),
        }
    }
    if profiles.is_empty() {
        let first = left_out.first().map(|l| format!("{}: {}", l.record, l.reason));
        return Err(EcgError::NoBeats { records: of.files.len(), first });
    }
    left_out.extend(profiles.iter().filter_map(|profile| profile.no_beats.clone()));
    Ok(assembled(of, options, profiles, left_out))
}

/// The recordings of one file, or why there are none.
fn one_file(source: &Source, of: &Sources, options: &AuditOptions) -> Vec<Result<Profile, LeftOut>> {
    match read_all(&source.path, &of.read) {
        Ok(read) => {
            let one = |recording| Ok(profile(recording, source.format, of, options));
            read.recordings.par_iter().map(one).collect()
        }
        Err(error) => {
            let record = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            vec![Err(LeftOut { record, reason: error.to_string(), hint: error.hint() })]
        }
    }
}

fn assembled(
    of: &Sources,
    options: &AuditOptions,
    profiles: Vec<Profile>,
    left_out: Vec<LeftOut>,
) -> EcgAudit {
    let classes = findings::classes(&of.labels, &profiles);
    let findings = findings::all(of, options, &profiles, &classes, &left_out);
    let mut patients: Vec<&str> = profiles.iter().map(|p| p.record.patient.as_str()).collect();
    patients.sort_unstable();
    patients.dedup();
    let patients = patients.len();
    let hours = profiles.iter().map(|p| p.record.seconds).sum::<f64>() / 3600.0;
    let beats = profiles.iter().map(|p| p.record.beats).sum();
    let (mut records, mut glimpses) = (Vec::new(), Vec::new());
    for profile in profiles {
        records.push(profile.record);
        glimpses.extend(profile.glimpse.filter(|_| glimpses.len() < SHOWN));
    }
    EcgAudit {
        schema: SCHEMA.into(),
        files: of.files.len(),
        patients,
        hours,
        beats,
        options: options.clone(),
        findings,
        classes,
        records,
        left_out,
        glimpses,
    }
}

#[cfg(test)]
mod tests;
