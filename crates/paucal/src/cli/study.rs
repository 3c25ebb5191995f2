//! `paucal study`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Reading;

/// `paucal study …`.
#[derive(Debug, Subcommand)]
pub enum Study {
    /// Every study of a storage
    List(Stored),
    /// The trials of a study, the best, and what mattered
    Show(Named),
    /// The trials of a study as CSV
    Export(Export),
    /// Join a study that 'table tune --storage' has begun, from another process or machine
    Worker(Worker),
    /// Fail the trials of workers that died, and enqueue them anew
    Reap(Reap),
}

/// A storage.
#[derive(Debug, Args)]
pub struct Stored {
    /// Where the studies are kept: sqlite:///FILE, journal:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE
    #[arg(long, value_name = "URL", env = "PAUCAL_STORAGE", hide_env_values = true)]
    pub storage: String,
}

/// A study in a storage.
#[derive(Debug, Args)]
pub struct Named {
    /// The storage.
    #[command(flatten)]
    pub stored: Stored,
    /// Name of the study [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub study: Option<String>,
}

/// `paucal study export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The study.
    #[command(flatten)]
    pub named: Named,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// `paucal study worker`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: paucal study worker --storage postgresql://ann@db.local/studies patients.csv\n\
    Generator, target, seed and settings are those of the study; the data must be the same file, to the byte. The worker \
    ends when the study has all its trials. 'table tune' judges the result; a worker never looks at the patients that \
    were put aside for that. The password of a database may stand in PGPASSWORD, the whole address in PAUCAL_STORAGE."
)]
pub struct Worker {
    /// The very file that 'table tune' was given
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// The study.
    #[command(flatten)]
    pub named: Named,
    /// Run so many trials at most [default: until the study has all of its own]
    #[arg(long, value_name = "N")]
    pub trials: Option<usize>,
    /// Begin no trial after so many seconds
    #[arg(long, value_name = "S")]
    pub timeout: Option<f64>,
    /// Trials at once [default: 2]
    #[arg(long, value_name = "K")]
    pub workers: Option<usize>,
    /// Wait so many seconds for a study that is not begun yet [default: 0]
    #[arg(long, value_name = "S", default_value_t = 0.0, hide_default_value = true)]
    pub wait: f64,
    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
}

/// `paucal study reap`.
#[derive(Debug, Args)]
#[command(after_help = "Example: paucal study reap --storage journal:///shared/study.log\n\
    Every running 'table tune' and worker does this by itself; the command is for when none is running.")]
pub struct Reap {
    /// The study.
    #[command(flatten)]
    pub named: Named,
    /// Seconds without a sign of life after which a worker counts as dead [default: 90]
    #[arg(long, value_name = "S")]
    pub grace: Option<f64>,
}
