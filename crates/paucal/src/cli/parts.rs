//! What several commands take in the same words.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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

/// What the columns of a table are for.
#[derive(Debug, Clone, Args)]
pub struct Roles {
    /// Column to predict
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// Level of the target that is the rare or sick class [default: the rarer one]
    #[arg(long, value_name = "VALUE")]
    pub positive: Option<String>,
    /// Column that says which rows belong to one patient
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
}
