//! What can be typed: the command line, as clap types and nothing else.

mod ecg;
mod parts;
mod study;
mod table;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use ecg::{
    AuditRecordings, Discover, Ecg, JudgeBeats, Mine, Predict, Prepare, Prototypes, Recordings, Train,
};
pub use parts::{Header, Reading, Roles, Writing};
pub use study::{Export, Named, Reap, Stored, Study, Worker};
pub use table::{Audit, Compare, Fit, Judge, Prove, Sample, Space, Table, Tune};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Learn from a few cases: synthesise the rare class, augment with it, and prove whether that helped.
///
/// Everything runs on this computer: no network, no Python. Splits keep every patient on one side, the test
/// set is used once, and the verdict may be "did not help".
#[derive(Debug, Parser)]
#[command(name = "paucal", version, styles = STYLES, propagate_version = true, after_long_help = EXAMPLES)]
pub struct Cli {
    /// Options every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Where to begin:
  paucal demo
      the whole journey on embedded data, in half a minute
  paucal table audit patients.csv --target outcome
      what is in the table, and what would mislead you
  paucal table prove patients.csv --target outcome --positive yes --out runs/proof
      does augmenting the rare class help?

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 stopped with Ctrl-C.";

/// Options every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Seed of all randomness: same seed, same result, on any number of threads
    #[arg(long, global = true, value_name = "N", help_heading = "Global options")]
    pub seed: Option<u64>,
    /// TOML file with settings; what is typed on the command line wins over it
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// One setting, e.g. --set ctgan.steps=5000 ('paucal models' lists them); may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", help_heading = "Global options")]
    pub settings: Vec<String>,
    /// Print the result as one JSON document on standard output
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub quiet: bool,
    /// Print notes and details
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub verbose: bool,
    /// Number of threads [default: one per core]; results do not depend on it
    #[arg(long, global = true, value_name = "N", help_heading = "Global options")]
    pub threads: Option<usize>,
    /// Where networks are trained: cpu, or vulkan, metal, cuda where built in [default: cpu]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub device: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The whole journey on data that are built in: audit, split, fit, judge, prove, report
    Demo(Demo),
    /// Clinical tables: audit, fit, sample, judge, prove
    #[command(subcommand)]
    Table(Table),
    /// Recordings of the heart: prepare beats, train, predict with review, judge
    #[command(subcommand)]
    Ecg(Ecg),
    /// Studies of 'table tune': list, show, export, join from another machine
    #[command(subcommand)]
    Study(Study),
    /// Write the report of a finished run again
    Report(Report),
    /// List every method with its paper, parameters and defaults
    Models(Models),
}

/// `paucal demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Which demonstration
    #[arg(value_enum, default_value_t = DemoKind::Table)]
    pub kind: DemoKind,
    /// Folder to write to (replaced if it holds an earlier demo)
    #[arg(long, value_name = "DIR", default_value = "runs/demo")]
    pub out: PathBuf,
}

/// The demonstrations there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DemoKind {
    /// Breast cancer diagnosis from 30 measurements of cell nuclei (Wisconsin, 569 patients)
    Table,
}

/// `paucal report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Run folder, as written with --out
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}

/// `paucal models`.
#[derive(Debug, Args)]
pub struct Models {
    /// Show one method only
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}
