//! From text and a schema to typed columns.

use std::collections::HashMap;

use super::UnknownLevels;
use super::raw::{Raw, RawColumn};
use crate::cell::missing::Markers;
use crate::cell::{datetime, number};
use crate::error::DataError;
use crate::finding::{Finding, Topic, many, quoted};
use crate::infer::profile::distinct;
use crate::schema::{ColumnSpec, Kind, Schema};
use crate::table::{MISSING, Table, Values};

/// How the cells of a file are to be understood.
pub(crate) struct Cells<'a> {
    /// Which are missing.
    pub markers: &'a Markers,
    /// Whether numbers have a decimal comma.
    pub comma: bool,
    /// What to do with levels that the schema does not list.
    pub unknown: UnknownLevels,
}

/// Gives every column of the schema its values. Columns are matched by name when the file has a header,
/// by position otherwise; the schema of the table has the levels that were added.
pub(crate) fn parse(
    raw: &Raw,
    schema: &Schema,
    cells: &Cells<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Table, DataError> {
    let positions = matched(raw, schema, findings)?;
    let mut schema = schema.clone();
    let mut values = Vec::with_capacity(schema.columns.len());
    for (spec, position) in schema.columns.iter_mut().zip(positions) {
        let mut column = ColumnCells { source: &raw.source, column: &raw.columns[position], cells, findings };
        values.push(column.values(spec)?);
    }
    Table::new(schema, values)
}

/// For each column of the schema its position in the file.
fn matched(raw: &Raw, schema: &Schema, findings: &mut Vec<Finding>) -> Result<Vec<usize>, DataError> {
    if !raw.header && raw.names.len() == schema.columns.len() {
        return Ok((0..raw.names.len()).collect());
    }
    let error = |message: String| DataError::Format {
        path: raw.source.clone(),
        message,
        hint: "give the file that the schema was made for, or one with the same columns".into(),
    };
    if !raw.header {
        let (found, expected) = (raw.names.len(), schema.columns.len());
        return Err(error(format!(
            "{} without names, not the {expected} of the schema",
            many(found, "column")
        )));
    }
    let position = |name: &str| raw.names.iter().position(|n| n == name);
    let absent: Vec<&str> = schema.names().filter(|name| position(name).is_none()).collect();
    if !absent.is_empty() {
        let (verb, noun) = if absent.len() == 1 { ("is", "column") } else { ("are", "columns") };
        return Err(error(format!("there {verb} no {noun} {}", quoted(absent))));
    }
    let positions: Vec<usize> = schema.names().filter_map(position).collect();
    let extra: Vec<&str> =
        raw.names.iter().map(String::as_str).filter(|n| schema.index(n).is_err()).collect();
    if !extra.is_empty() {
        let (count, names) = (extra.len(), quoted(extra));
        let sentence = format!("{} not in the schema, left out: {names}", many(count, "column"));
        findings.push(Finding::warning(Topic::Columns, sentence).counted(count));
    }
    if !positions.is_sorted() {
        let sentence = "the columns are in another order than in the schema; matched by name";
        findings.push(Finding::note(Topic::Columns, sentence));
    }
    Ok(positions)
}

/// The cells of one column on their way to values.
struct ColumnCells<'a> {
    source: &'a str,
    column: &'a RawColumn,
    cells: &'a Cells<'a>,
    findings: &'a mut Vec<Finding>,
}

impl ColumnCells<'_> {
    fn values(&mut self, spec: &mut ColumnSpec) -> Result<Values, DataError> {
        let name = spec.name.clone();
        let values = match &mut spec.kind {
            Kind::Numeric { .. } => Values::Number(self.numbers(&name)?),
            Kind::Integer => Values::Number(self.integers(&name)?),
            Kind::Datetime { format } => Values::Number(self.moments(&name, format)?),
            Kind::Boolean { .. } | Kind::Categorical { .. } => Values::Code(self.codes(spec)?),
            Kind::Id | Kind::Text => Values::Text(self.texts()),
        };
        self.report_missing(&name, spec.kind.is_number());
        Ok(values)
    }

    fn texts(&self) -> Vec<Option<String>> {
        let markers = self.cells.markers;
        self.column.cells().map(|c| (!markers.is_missing(c)).then(|| c.to_owned())).collect()
    }

    fn numbers(&mut self, name: &str) -> Result<Vec<f64>, DataError> {
        let comma = self.cells.comma;
        self.parsed(name, "a number", |cell| number::parse(cell, comma))
    }

    fn integers(&mut self, name: &str) -> Result<Vec<f64>, DataError> {
        let values = self.numbers(name)?;
        let fractions = values.iter().filter(|x| x.fract() != 0.0 && !x.is_nan()).count();
        if fractions > 0 {
            let sentence = format!("{} not whole in a column of whole numbers; kept", are(fractions));
            self.findings.push(Finding::warning(Topic::Misfit, sentence).of(name).counted(fractions));
        }
        Ok(values)
    }

    /// Moments in the format of the schema or, where it does not fit all of them, in one that does.
    fn moments(&mut self, name: &str, format: &str) -> Result<Vec<f64>, DataError> {
        let markers = self.cells.markers;
        let present: Vec<&str> = self.column.cells().filter(|c| !markers.is_missing(c)).collect();
        let fits = present.iter().all(|cell| datetime::parse(cell, format).is_some());
        let other = if fits { None } else { datetime::detect(&present) };
        let Some((other, _)) = other else {
            return self.parsed(name, "a moment", |cell| datetime::parse(cell, format));
        };
        let sentence = format!("moments are spelt {other}, not {format} as in the schema");
        self.findings.push(Finding::note(Topic::Datetime, sentence).of(name));
        self.parsed(name, "a moment", |cell| datetime::parse(cell, &other))
    }

    /// Parses every cell; what does not parse is missing, with a warning, unless it is more than half.
    fn parsed(
        &mut self,
        name: &str,
        what: &str,
        parse: impl Fn(&str) -> Option<f64>,
    ) -> Result<Vec<f64>, DataError> {
        let markers = self.cells.markers;
        let mut values = Vec::with_capacity(self.column.len());
        let (mut misfits, mut examples): (usize, Vec<&str>) = (0, Vec::new());
        let mut present = 0;
        for cell in self.column.cells() {
            let missing = markers.is_missing(cell) || markers.is_missing_number(cell);
            let value = if missing { None } else { parse(cell) };
            present += usize::from(!missing);
            if value.is_none() && !missing {
                misfits += 1;
                if examples.len() < 5 && !examples.contains(&cell) {
                    examples.push(cell);
                }
            }
            values.push(value.unwrap_or(f64::NAN));
        }
        if misfits == 0 {
            return Ok(values);
        }
        let shown = quoted(examples);
        if misfits * 2 > present {
            return Err(DataError::Format {
                path: self.source.into(),
                message: format!("column '{name}': {} not {what} ({shown})", are(misfits)),
                hint: "change the column's kind in the schema, or check that it is the right file".into(),
            });
        }
        let sentence = format!("{} not {what} ({shown}); read as missing", are(misfits));
        self.findings.push(Finding::warning(Topic::Misfit, sentence).of(name).counted(misfits));
        Ok(values)
    }

    fn codes(&mut self, spec: &mut ColumnSpec) -> Result<Vec<u32>, DataError> {
        let mut levels = Levels::new(spec.kind.levels().unwrap_or_default(), self.cells.comma);
        let known = levels.list.len();
        let open = known == 0 || self.cells.unknown == UnknownLevels::Extend;
        let mut codes = HashMap::new();
        for (cell, _) in distinct(self.column) {
            let code = match levels.code(cell) {
                Some(code) => code,
                None if self.cells.markers.is_missing(cell) => MISSING,
                None if open => levels.add(cell),
                None => return Err(DataError::unknown_level(&spec.name, cell, &levels.list)),
            };
            codes.insert(cell, code);
        }
        if levels.list.len() > known {
            let added = &levels.list[known..];
            if known > 0 {
                let shown = quoted(added.iter().map(String::as_str));
                let sentence =
                    format!("{} unknown to the schema: {shown}; added", many(added.len(), "level"));
                self.findings
                    .push(Finding::warning(Topic::Levels, sentence).of(&spec.name).counted(added.len()));
            }
            spec.kind = Kind::Categorical { levels: levels.list };
        }
        Ok(self.column.cells().map(|cell| codes.get(cell).copied().unwrap_or(MISSING)).collect())
    }

    fn report_missing(&mut self, name: &str, numeric: bool) {
        let markers = self.cells.markers;
        let missing = |c: &str| markers.is_missing(c) || (numeric && markers.is_missing_number(c));
        let mut found: Vec<(&str, usize)> = Vec::new();
        for cell in self.column.cells().filter(|c| missing(c)) {
            match found.iter_mut().find(|(marker, _)| *marker == cell) {
                Some((_, count)) => *count += 1,
                None => found.push((cell, 1)),
            }
        }
        let total: usize = found.iter().map(|(_, count)| count).sum();
        if total > 0 && total < self.column.len() {
            let spelt: Vec<String> = found
                .iter()
                .map(|(marker, count)| match *marker {
                    "" => format!("{count} empty"),
                    marker => format!("{count} '{marker}'"),
                })
                .collect();
            let sentence =
                format!("{total} of {} missing ({})", many(self.column.len(), "value"), spelt.join(", "));
            self.findings.push(Finding::note(Topic::Missing, sentence).of(name).counted(total));
        }
    }
}

/// "1 value is", "2 values are".
fn are(count: usize) -> String {
    format!("{} {}", many(count, "value"), if count == 1 { "is" } else { "are" })
}

/// A level list that finds levels by their spelling or, when all are numbers, by their value.
struct Levels {
    list: Vec<String>,
    by_text: HashMap<String, u32>,
    by_value: HashMap<u64, u32>,
    numeric: bool,
    comma: bool,
}

impl Levels {
    fn new(levels: &[String], comma: bool) -> Self {
        let (by_text, by_value) = (HashMap::new(), HashMap::new());
        let mut found = Self { list: Vec::new(), by_text, by_value, numeric: true, comma };
        for level in levels {
            found.add(level);
        }
        found
    }

    fn bits(&self, text: &str) -> Option<u64> {
        number::parse(text, self.comma).map(|x| (x + 0.0).to_bits())
    }

    fn code(&self, cell: &str) -> Option<u32> {
        let by_value =
            || self.bits(cell).filter(|_| self.numeric).and_then(|b| self.by_value.get(&b).copied());
        self.by_text.get(cell).copied().or_else(by_value).or_else(|| self.truth(cell))
    }

    /// The code of true or false in another case: Parquet and Excel have spellings of their own.
    fn truth(&self, cell: &str) -> Option<u32> {
        let is_truth = cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false");
        let position = || self.list.iter().position(|level| level.eq_ignore_ascii_case(cell));
        if is_truth { position().map(|i| i as u32) } else { None }
    }

    fn add(&mut self, level: &str) -> u32 {
        let code = self.list.len() as u32;
        match self.bits(level) {
            Some(bits) => {
                self.by_value.entry(bits).or_insert(code);
            }
            None => self.numeric = false,
        }
        self.by_text.entry(level.to_owned()).or_insert(code);
        self.list.push(level.to_owned());
        code
    }
}
