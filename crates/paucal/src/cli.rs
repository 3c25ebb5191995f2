//! What can be typed: the command line, as clap types and nothing else.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

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

/// `paucal table …`.
#[derive(Debug, Subcommand)]
pub enum Table {
    /// Look at a table before trusting it: types, missing values, keys, leaks, what can be detected
    Audit(Audit),
    /// Fit a generator to a table
    Fit(Fit),
    /// Draw synthetic rows from a fitted generator
    Sample(Sample),
    /// Compare synthetic with real rows: fidelity, utility, privacy, beside real held-out rows
    Judge(Judge),
    /// Prove on patients never seen whether augmenting the rare class helps
    Prove(Prove),
    /// Search the parameters of a generator that suit a table
    Tune(Tune),
    /// Tune several generators on one or several tables and rank them on patients no trial has seen
    Compare(Compare),
    /// Show what 'tune' would search, and why
    Space(Space),
}

/// How an input table is read.
#[derive(Debug, Clone, Args)]
pub struct Reading {
    /// Whether the first line names the columns; without a header they are called c0, c1, …
    #[arg(long, value_enum, default_value_t = Header::Auto, help_heading = "Reading")]
    pub header: Header,
    /// Field separator [default: found out]
    #[arg(long, value_name = "CHAR", help_heading = "Reading")]
    pub delimiter: Option<String>,
    /// Character encoding, e.g. utf-8 or windows-1252 [default: found out]
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub encoding: Option<String>,
    /// A spelling that means "missing"; may be repeated [default: empty, ?, NA, N/A, NaN, null and the like]
    #[arg(long, value_name = "TEXT", help_heading = "Reading")]
    pub missing: Vec<String>,
    /// Schema to use instead of inferring one: TOML from 'audit', or SDV metadata as JSON
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    pub schema: Option<PathBuf>,
}

/// Whether there is a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Header {
    /// Find out
    Auto,
    /// The first line names the columns
    Present,
    /// The first line is data
    None,
}

/// What to do with an output folder that already holds a run.
#[derive(Debug, Clone, Copy, Args)]
pub struct Writing {
    /// Continue a run that was stopped, to the very result it would have had
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Replace an earlier run in the same folder
    #[arg(long)]
    pub overwrite: bool,
}

/// `paucal table audit`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: paucal table audit patients.csv --target outcome --group patient_id --out runs/audit"
)]
pub struct Audit {
    /// CSV, TSV, Parquet or XLSX file
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Column to predict
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,
    /// Level of the target that is the rare or sick class [default: the rarer one]
    #[arg(long, value_name = "VALUE")]
    pub positive: Option<String>,
    /// Column that says which rows belong to one patient
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
    /// Folder for schema.toml, schema.sdv.json, result.json and report.html
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal table fit`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: paucal table fit patients.csv --model ctgan --target outcome --out runs/ctgan\n\
    A saved model holds weights, transforms and the schema, and no rows of your table."
)]
pub struct Fit {
    /// CSV, TSV, Parquet or XLSX file with the training rows (and only those)
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Generator, one of those that 'paucal models' lists
    #[arg(long, value_name = "NAME")]
    pub model: String,
    /// Column to predict; it is always treated as a class
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,
    /// Column that says which rows belong to one patient; it is never modelled
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
    /// Optimiser steps of an iterative method [default: the method's own, see 'paucal models']
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Folder for the model
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal table sample`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: paucal table sample runs/ctgan -n 500 --where outcome=yes --where sex=F -o women.csv"
)]
pub struct Sample {
    /// Run folder of 'paucal table fit'
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Number of rows
    #[arg(short = 'n', long = "rows", value_name = "N")]
    pub rows: usize,
    /// Only rows with this level of a discrete column; may be repeated, all must hold
    #[arg(long = "where", value_name = "COL=VALUE")]
    pub conditions: Vec<String>,
    /// File to write, .csv, .tsv or .parquet; '-' writes CSV to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// `paucal table judge`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: paucal table judge --real train.csv --synthetic synthetic.csv --holdout test.csv \
    --target outcome\nWithout --holdout, a third of the real rows is set aside (kept out of 'real') as the ruler."
)]
pub struct Judge {
    /// The real rows the generator was fitted to
    #[arg(long, value_name = "FILE")]
    pub real: PathBuf,
    /// The synthetic rows
    #[arg(long, value_name = "FILE")]
    pub synthetic: PathBuf,
    /// Real rows the generator never saw
    #[arg(long, value_name = "FILE")]
    pub holdout: Option<PathBuf>,
    /// Column to predict
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// Level of the target that is the rare or sick class [default: the rarer one]
    #[arg(long, value_name = "VALUE")]
    pub positive: Option<String>,
    /// Column that says which rows belong to one patient
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
    /// Form of the 0.6/0.4 objective that is printed first: corrected, or the legacy forms a, b, c
    #[arg(long, value_name = "FORM")]
    pub objective: Option<String>,
    /// Folder for result.json and report.html
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal table prove`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: paucal table prove patients.csv --target outcome --positive yes --group patient_id \
    --out runs/proof\nArms without a generator (none, class weights, threshold moving, oversampling, SMOTE-NC) always \
    run; --models adds generators. A stopped run continues with --resume."
)]
pub struct Prove {
    /// CSV, TSV, Parquet or XLSX file
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Column to predict
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// Level of the target that is the rare or sick class
    #[arg(long, value_name = "VALUE")]
    pub positive: String,
    /// Column that says which rows belong to one patient
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
    /// Generators, separated by commas [default: independent, gaussian-copula, ctgan, tvae, arf, cart]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub models: Option<Vec<String>>,
    /// Repeats, each with its own split and seeds [default: 10]
    #[arg(long, value_name = "N")]
    pub repeats: Option<usize>,
    /// Folds of each repeat [default: 5, fewer when there are fewer positives]
    #[arg(long, value_name = "N")]
    pub folds: Option<usize>,
    /// Folder for result.json, tables, figures and report.html
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal table tune`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: paucal table tune patients.csv --model ctgan --target outcome --trials 40 --out runs/tuned\n\
    A quarter of the patients is put aside and judges the result; no trial sees them. The study is kept in Optuna's \
    format (optuna-dashboard opens it). A stopped search continues with --resume. 'paucal table sample' draws from the \
    tuned model.\n\
    Several machines: give --storage an address that all can reach (journal:///FILE on a shared disk, or a PostgreSQL \
    database) and run 'paucal study worker --storage URL DATA' on the others."
)]
pub struct Tune {
    /// CSV, TSV, Parquet or XLSX file
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Generator, one of those that 'paucal models' lists
    #[arg(long, value_name = "NAME")]
    pub model: String,
    /// Column to predict
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// Level of the target that is the rare or sick class [default: the rarer one]
    #[arg(long, value_name = "VALUE")]
    pub positive: Option<String>,
    /// Column that says which rows belong to one patient
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
    /// Trials in all [default: 40]
    #[arg(long, value_name = "N")]
    pub trials: Option<usize>,
    /// Where the study is kept, so that other processes can share it: sqlite:///FILE, journal:///FILE or
    /// postgresql://USER:PASSWORD@HOST/DATABASE [default: study.db in the output folder, for this process alone]
    #[arg(long, value_name = "URL", env = "PAUCAL_STORAGE", hide_env_values = true)]
    pub storage: Option<String>,
    /// Name of the study [default: DATA/MODEL/TARGET]
    #[arg(long, value_name = "NAME")]
    pub study: Option<String>,
    /// Storage of earlier studies: the best parameters of the three tables most like this one are tried first
    #[arg(long, value_name = "URL")]
    pub warm_start: Option<String>,
    /// Begin no trial after so many seconds
    #[arg(long, value_name = "S")]
    pub timeout: Option<f64>,
    /// Trials at once [default: 2]
    #[arg(long, value_name = "K")]
    pub workers: Option<usize>,
    /// Folder for the model, result.json, tables, figures and report.html
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal table compare`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  paucal table compare patients.csv --target outcome --group patient_id --out runs/compared\n  \
    paucal table compare a.csv b.csv --target outcome diagnosis --models ctgan,arf,forest-flow --trials 40 --out runs/both\n\
    Everything is tuned and fitted on three quarters of the patients; the others judge. --trials 0 compares the default \
    parameters. A stopped comparison continues with --resume."
)]
pub struct Compare {
    /// CSV, TSV, Parquet or XLSX files
    #[arg(value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// Column to predict: one for all tables, or one for each in their order
    #[arg(long, value_name = "COL", required = true, num_args = 1..)]
    pub target: Vec<String>,
    /// Level of the target that is the rare or sick class, for all tables or for each; '-' for none [default: the rarer one]
    #[arg(long, value_name = "VALUE", num_args = 1..)]
    pub positive: Vec<String>,
    /// Column that says which rows belong to one patient, for all tables or for each; '-' for none
    #[arg(long, value_name = "COL", num_args = 1..)]
    pub group: Vec<String>,
    /// Generators, separated by commas [default: independent, gaussian-copula, ctgan, tvae, smote-nc, arf, cart]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub models: Option<Vec<String>>,
    /// Trials of each search; 0 compares the default parameters [default: 20]
    #[arg(long, value_name = "N")]
    pub trials: Option<usize>,
    /// Where the studies are kept, e.g. sqlite:///studies.db [default: study.db in the output folder]
    #[arg(long, value_name = "URL")]
    pub storage: Option<String>,
    /// Storage of earlier studies: the best parameters of the three tables most like each are tried first
    #[arg(long, value_name = "URL")]
    pub warm_start: Option<String>,
    /// Begin no trial of a search after so many seconds
    #[arg(long, value_name = "S")]
    pub timeout: Option<f64>,
    /// Folder for result.json, tables, figures and report.html
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
    /// Where to write.
    #[command(flatten)]
    pub writing: Writing,
}

/// `paucal table space`.
#[derive(Debug, Args)]
#[command(after_help = "Example: paucal table space patients.csv --model ctgan --target outcome")]
pub struct Space {
    /// CSV, TSV, Parquet or XLSX file: ranges depend on its size
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Generator, one of those that 'paucal models' lists
    #[arg(long, value_name = "NAME")]
    pub model: String,
    /// Column to predict
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
}

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
