//! Reading tables.
//!
//! A reader of a format turns a file into names and trimmed text; [`crate::infer`] turns those into a
//! schema, unless one is given; the values are then parsed by that schema, in one place for all formats.

mod csv;
mod encoding;
mod header;
mod parquet;
pub(crate) mod parse;
pub(crate) mod raw;
mod xlsx;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use paucal_core::files;

use self::parse::Cells;
use self::raw::Raw;
use crate::cell::missing::Markers;
use crate::cell::number;
use crate::error::DataError;
use crate::finding::Finding;
use crate::infer;
use crate::schema::Schema;
use crate::table::Table;

/// Whether the first line names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// Look at the file; report a close call.
    #[default]
    Auto,
    /// It does.
    Present,
    /// It does not: the columns are `c0`, `c1`, …, and files written from the table have no header either.
    None,
}

/// How to read a table. The default looks at the file for everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadOptions {
    /// Whether the first line names the columns.
    pub header: Header,
    /// Field separator of a text table.
    pub delimiter: Option<char>,
    /// Character encoding of a text table, by its name on the web (`windows-1252`).
    pub encoding: Option<String>,
    /// Whole cells that mean "missing", instead of [`crate::cell::missing::ALWAYS`].
    pub missing: Option<Vec<String>>,
    /// The schema to read by, instead of inferring one.
    pub schema: Option<Schema>,
    /// The column to predict.
    pub target: Option<String>,
    /// The level of the target that is the rare or sick class.
    pub positive: Option<String>,
    /// The column that says which rows belong to one patient.
    pub group: Option<String>,
}

impl ReadOptions {
    /// The missing markers to look for.
    pub(crate) fn markers(&self) -> Markers {
        match (&self.missing, &self.schema) {
            (Some(listed), _) => Markers::only(listed),
            (None, Some(schema)) => Markers::with(&schema.layout.missing),
            (None, None) => Markers::default(),
        }
    }

    /// Writes the roles into a schema and checks it.
    pub(crate) fn put_roles(&self, schema: &mut Schema) -> Result<(), DataError> {
        let given = |role: &Option<String>, known: Option<String>| role.clone().or(known);
        schema.target = given(&self.target, schema.target.take());
        schema.group = given(&self.group, schema.group.take());
        schema.positive = given(&self.positive, schema.positive.take());
        if let (Some(target), Some(positive)) = (&schema.target, &schema.positive) {
            let levels = schema.spec(target)?.kind.levels().unwrap_or_default();
            schema.positive = Some(level_meant(positive, levels).unwrap_or(positive).to_owned());
        }
        schema.check()
    }
}

/// The level that a user means: by its spelling, else but for case, else by its value (`1` for `1.0`).
fn level_meant<'a>(typed: &str, levels: &'a [String]) -> Option<&'a str> {
    let same_value = |level: &str| {
        let typed = number::parse(typed, false);
        typed.is_some() && number::parse(level, false) == typed
    };
    let find = |test: &dyn Fn(&str) -> bool| {
        let mut fitting = levels.iter().map(String::as_str).filter(|l| test(l));
        fitting.next().filter(|_| fitting.next().is_none())
    };
    find(&|l| l == typed).or_else(|| find(&|l| l.eq_ignore_ascii_case(typed))).or_else(|| find(&same_value))
}

/// A table and what was seen on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The table with its schema.
    pub table: Table,
    /// What was seen and what was done, in the order of the file.
    pub findings: Vec<Finding>,
}

/// What to do with levels that a schema does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownLevels {
    /// They are an error.
    Refuse,
    /// They are added after the known ones, with a warning.
    Extend,
}

/// Reads a table and infers its schema, or reads by the schema of the options.
///
/// The format follows the ending: `.parquet`, `.xlsx`, `.xls`, `.xlsb`, `.ods` (first sheet, or
/// `file.xlsx#Sheet`), and text for everything else.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Read, DataError> {
    let (source, bytes) = load(path)?;
    read_bytes(&source, &bytes, options)
}

/// The name and the bytes of a file, which may be named with a sheet.
fn load(path: &Path) -> Result<(String, Vec<u8>), DataError> {
    let source = path.display().to_string();
    let file = match source.split_once('#') {
        Some((file, _)) if !path.exists() => Path::new(file),
        _ => path,
    };
    Ok((source.clone(), files::read(file)?))
}

/// As [`read`], from memory; `source` is a file name for messages, whose ending tells the format.
pub fn read_bytes(source: &str, bytes: &[u8], options: &ReadOptions) -> Result<Read, DataError> {
    let raw = raw(source, bytes, options)?;
    typed(raw, options, UnknownLevels::Refuse)
}

/// As [`read_bytes`] for a file without a header whose columns are known by name.
pub(crate) fn read_named(
    source: &str,
    bytes: &[u8],
    names: Vec<String>,
    options: &ReadOptions,
) -> Result<Read, DataError> {
    let raw = raw(source, bytes, options)?;
    if names.len() != raw.names.len() {
        return Err(DataError::Table(format!("{} names for {} columns", names.len(), raw.names.len())));
    }
    typed(Raw { names, header: true, ..raw }, options, UnknownLevels::Refuse)
}

/// Reads a second file of a known table, such as a hold-out or a synthetic one. Columns may be in any
/// order; absent ones are an error, others are left out with a warning.
pub fn read_like(path: &Path, schema: &Schema, unknown: UnknownLevels) -> Result<Read, DataError> {
    let (source, bytes) = load(path)?;
    let options = ReadOptions { schema: Some(schema.clone()), ..ReadOptions::default() };
    typed(raw(&source, &bytes, &options)?, &options, unknown)
}

/// Names and text, by the format of the file.
fn raw(source: &str, bytes: &[u8], options: &ReadOptions) -> Result<Raw, DataError> {
    let (file, sheet) = source.split_once('#').map_or((source, None), |(file, sheet)| (file, Some(sheet)));
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match ending.as_str() {
        "parquet" | "pq" => guarded(source, || parquet::read(source, bytes)),
        "xlsx" | "xlsm" | "xlsb" | "xls" | "ods" => {
            guarded(source, || xlsx::read(file, bytes, sheet, options))
        }
        _ => csv::read(source, bytes, options),
    }
}

/// Runs a reader of a binary format. The libraries behind them panic on some damaged files; that is an
/// error like any other.
fn guarded(source: &str, read: impl FnOnce() -> Result<Raw, DataError>) -> Result<Raw, DataError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(DataError::Format {
            path: source.into(),
            message: "the file is damaged".into(),
            hint: "get it again from where it came, or save it as .csv".into(),
        })
    })
}

/// Infers a schema where none is given, and parses the values by it.
pub(crate) fn typed(mut raw: Raw, options: &ReadOptions, unknown: UnknownLevels) -> Result<Read, DataError> {
    let mut findings = std::mem::take(&mut raw.findings);
    let (schema, comma) = if let Some(given) = &options.schema {
        let mut schema = given.clone();
        options.put_roles(&mut schema)?;
        (schema, infer::has_decimal_comma(&raw, &mut Vec::new()))
    } else {
        let schema = infer::infer(&raw, options, &mut findings)?;
        let comma = schema.layout.decimal_comma;
        (schema, comma)
    };
    let markers = options.markers();
    let table = parse::parse(&raw, &schema, &Cells { markers: &markers, comma, unknown }, &mut findings)?;
    Ok(Read { table, findings })
}
