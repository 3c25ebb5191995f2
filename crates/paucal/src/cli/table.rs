//! `paucal table`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Reading, Roles, Writing};

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
    /// Its columns.
    #[command(flatten)]
    pub roles: Roles,
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
    /// Its columns.
    #[command(flatten)]
    pub roles: Roles,
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
    /// Storage of earlier studies: the best parameters of the three tables most like this one are tried first. Not
    /// shown to help on the tables it was measured on
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
    /// Storage of earlier studies: the best parameters of the three tables most like each are tried first. Not shown
    /// to help on the tables it was measured on
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
