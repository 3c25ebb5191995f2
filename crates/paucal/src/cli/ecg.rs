//! `paucal ecg`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Writing;

/// `paucal ecg …`.
#[derive(Debug, Subcommand)]
pub enum Ecg {
    /// Look for what would mislead: wrong gains, gaps, copies, rare classes of one patient
    Audit(AuditRecordings),
    /// Find, cut out and judge the beats of recordings, and split them by patient
    Prepare(Prepare),
    /// Learn what beats are from prepared beats of other patients, and say how well that works
    Train(Train),
    /// Name the beats of recordings, and leave the doubtful ones to a person
    Predict(Predict),
    /// Compare a trained model, or detectors of beats, with annotations
    Judge(JudgeBeats),
    /// Check how far the prototypes of prepared beats can be trusted
    Prototypes(Prototypes),
    /// Find new patterns among the beats that a prediction held back
    Discover(Discover),
    /// Find the beats most like a few that somebody has named
    Mine(Mine),
}

/// How recordings are read.
#[derive(Debug, Clone, Args)]
pub struct Recordings {
    /// Folders of records, or files: WFDB, EDF/EDF+, CSV, XLSX, NPY, NPZ
    #[arg(value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// TOML or CSV that says which records are of one patient [default: a record is a patient; known exceptions]
    #[arg(long, value_name = "FILE")]
    pub patients: Option<PathBuf>,
    /// Samples per second, for formats that do not say
    #[arg(long, value_name = "HZ", help_heading = "Reading")]
    pub rate: Option<f64>,
    /// Length of a strip in seconds, from which the rate follows, for the same formats
    #[arg(long, value_name = "S", help_heading = "Reading")]
    pub seconds: Option<f64>,
    /// Ending of the WFDB annotation files [default: atr]
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub annotator: Option<String>,
    /// Read what is there of files that are cut off
    #[arg(long, help_heading = "Reading")]
    pub partial: bool,
}

/// `paucal ecg prepare`.
#[derive(Debug, Args)]
#[command(after_help = "Example: paucal ecg prepare mitdb/ --out runs/prepared\n\
    Patients stay on one side of the split; features, clusters, templates and prototypes are fitted on the training \
    patients only. One bad record never stops the others: the summary names it.")]
pub struct Prepare {
    /// The recordings.
    #[command(flatten)]
    pub recordings: Recordings,
    /// TOML with 'train', 'validation' and 'test' lists of record names [default: dealt by patient]
    #[arg(long, value_name = "FILE")]
    pub split: Option<PathBuf>,
    /// What beats are called: aami, aami-4, strips, or a TOML file
    #[arg(long, value_name = "MAP", default_value = "aami")]
    pub labels: String,
    /// 'spec' repeats the steps of the first description to the letter, faults included
    #[arg(long, value_name = "NAME", value_parser = ["spec"])]
    pub compat: Option<String>,
    /// Folder for the prepared beats, result.json and report.html
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal ecg train`.
#[derive(Debug, Args)]
#[command(after_help = "Example: paucal ecg train runs/prepared --out runs/model\n\
    With 'grouped' every patient is held out once, which gives the scores and the thresholds, and the model that is kept \
    learns from all of them. Parameters: --set ecg.train.folds=11, --set ecg.boost.adjustment=0.2 and so on.")]
pub struct Train {
    /// Folder of 'paucal ecg prepare'
    #[arg(value_name = "PREPARED")]
    pub prepared: PathBuf,
    /// Method: ensemble, boost, cnn or hybrid ('paucal models' tells all about them) [default: ensemble]
    #[arg(long, value_name = "NAME", default_value = "ensemble", hide_default_value = true)]
    pub model: String,
    /// 'grouped', 'prepared' (the sides that prepare dealt), or a TOML file with 'train', 'validation' and 'test' lists of
    /// record names [default: grouped; prepared if prepare was given a split]
    #[arg(long, value_name = "SPLIT")]
    pub split: Option<String>,
    /// Folder for the model, result.json and report.html
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal ecg predict`.
#[derive(Debug, Args)]
#[command(after_help = "Example: paucal ecg predict runs/model holter/ --out runs/predicted\n\
    Beats whose signal is poor, or whose class cannot be told at the error rate of the training, get the number -99 and \
    stand in the review queue with their waves.")]
pub struct Predict {
    /// Folder of 'paucal ecg train'
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The recordings, or one folder of 'paucal ecg prepare'.
    #[command(flatten)]
    pub recordings: Recordings,
    /// Folder for the tables, the review queue, result.json and report.html
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal ecg judge`.
#[derive(Debug, Args)]
#[command(
    override_usage = "paucal ecg judge [OPTIONS] <RUN> <DATA>...\n       paucal ecg judge [OPTIONS] --detector <NAME> <DATA>...",
    after_help = "Examples:\n  paucal ecg judge runs/model mitdb-test/ --out runs/judged\n  \
    paucal ecg judge --detector all mitdb/ --out runs/detectors\n\
    A model is judged on the annotated beats of recordings, after ANSI/AAMI EC57: every class against all others, every \
    patient in a row, intervals over patients. Detections are matched one to one within 150 ms and within 75 ms."
)]
pub struct JudgeBeats {
    /// Without --detector the folder of 'paucal ecg train' comes first.
    #[command(flatten)]
    pub recordings: Recordings,
    /// Judge this detector of beats, or 'all', not a model
    #[arg(long, value_name = "NAME", conflicts_with = "patients")]
    pub detector: Option<String>,
    /// Lead by name, for detectors [default: the first channel]
    #[arg(long, value_name = "NAME", requires = "detector")]
    pub lead: Option<String>,
    /// Folder for result.json, tables, figures and report.html
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal ecg prototypes`.
#[derive(Debug, Args)]
#[command(after_help = "Example: paucal ecg prototypes runs/prepared --out runs/prototypes\n\
    Says of each prototype how pure it is (with interval), whether its name holds for validation patients, how many \
    patients are behind it and whether it comes back with other seeds. Small prototypes are not suspicious for being \
    small: rare classes are. Settings: --set ecg.prototypes.min_purity=0.8")]
pub struct Prototypes {
    /// Folder of prepared beats, from 'paucal ecg prepare'
    #[arg(value_name = "PREPARED")]
    pub prepared: PathBuf,
    /// 'spec' repeats the rule of the first description: every prototype under 80 beats is suspicious
    #[arg(long, value_name = "NAME", value_parser = ["spec"])]
    pub compat: Option<String>,
    /// Folder for the tables, result.json and report.html
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal ecg discover`.
#[derive(Debug, Args)]
#[command(after_help = "Example: paucal ecg discover runs/predicted --out runs/patterns\n\
    Clusters the beats that a prediction left to a person and raises an alert for clusters that are large or that \
    several patients share. A pattern of one patient says so. Settings: --set ecg.discover.min_alert_size=40")]
pub struct Discover {
    /// Folder of predictions, from 'paucal ecg predict'
    #[arg(value_name = "PREDICTIONS")]
    pub predictions: PathBuf,
    /// 'spec' repeats the rule of the first description: alerts by the number of beats alone
    #[arg(long, value_name = "NAME", value_parser = ["spec"])]
    pub compat: Option<String>,
    /// Folder for the tables, centroids, result.json and report.html
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal ecg mine`.
#[derive(Debug, Args)]
#[command(after_help = "Example: paucal ecg mine runs/prepared --seeds seeds.csv --out runs/mined\n\
    seeds.csv has a line 'beat_global_id,label_name', then one line for each beat that somebody has looked at and \
    named; the numbers are those of beat_metadata.csv. What is found are candidates to look at, not labels.")]
pub struct Mine {
    /// Folder of prepared beats, from 'paucal ecg prepare'
    #[arg(value_name = "PREPARED")]
    pub prepared: PathBuf,
    /// CSV with the columns beat_global_id and label_name
    #[arg(long, value_name = "FILE")]
    pub seeds: PathBuf,
    /// Candidates for each seed [default: 50]
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Search test patients too; what is then named must not be judged on them
    #[arg(long)]
    pub test: bool,
    /// Folder for seed_mined_candidates.csv, result.json and report.html
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal ecg audit`.
#[derive(Debug, Args)]
#[command(after_help = "Example: paucal ecg audit mitdb/ --out runs/audit\n\
    Begin with this. It reads everything and changes nothing; each finding is a sentence with what to do about it.")]
pub struct AuditRecordings {
    /// The recordings.
    #[command(flatten)]
    pub recordings: Recordings,
    /// What beats are called: aami, aami-4, strips, or a TOML file
    #[arg(long, value_name = "MAP", default_value = "aami")]
    pub labels: String,
    /// Folder for result.json, tables, figures and report.html
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}
