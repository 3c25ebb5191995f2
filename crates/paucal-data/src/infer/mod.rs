//! From text to a schema: how numbers are spelt, which cells are missing, and the kind of every column.
//!
//! The rules, in order; the first that fits decides:
//!
//! 1. The group column is an *id*: its repeats are the patients.
//! 2. Nothing but missing values: *numeric*, with a warning.
//! 3. All values are numbers (or nearly all of more than 20 different ones; the others are then read as
//!    missing, with a warning):
//!    - the target with at most 20 different numbers is *boolean* (0 and 1) or *categorical*;
//!    - keys are *ids*: whole numbers under the name of a key that are all different, or that are many;
//!      whole numbers that only rise or only fall; whole numbers that are all different in the first column;
//!    - 0 and 1, also as 0.0 and 1.0, are *boolean*;
//!    - whole non-negative numbers with at most min(round(n / 10), 10) different values are *categorical*,
//!      unless they are quantities: more than four different ones, some above 10 (blood pressures rounded to
//!      tens, breaths per minute);
//!    - whole numbers are *integers*, others *numeric* with the decimals of the finest spelling.
//! 4. All values are moments in one format: *datetime*.
//! 5. Words: yes/no, y/n, true/false and t/f in any case are *boolean*; words that are all different are
//!    *ids* under the name of a key or when they have no spaces, otherwise *text*; many long values that
//!    hardly repeat are *text*; everything else is *categorical*.
//!
//! Fixed-width codes with leading zeros and whole numbers too long for a double count as words.
//!
//! The rule for categorical whole numbers is that of SDV, corrected where it mistakes quantities for codes;
//! a float outcome counts as discrete, too. Everything unusual becomes a [`Finding`]; numbers such as
//! -999 that may mean "missing" are reported, not changed.

mod kind;
mod names;
pub(crate) mod profile;
mod sentinel;

use self::kind::{Context, Role};
use self::profile::Profile;
use crate::cell::missing::Markers;
use crate::cell::number;
use crate::error::DataError;
use crate::finding::{Finding, Topic, quoted};
use crate::read::ReadOptions;
use crate::read::raw::{Raw, RawColumn};
use crate::schema::{ColumnSpec, Kind, Layout, Schema};

/// Infers the schema of a raw table, with the roles of the options.
pub(crate) fn infer(
    raw: &Raw,
    options: &ReadOptions,
    findings: &mut Vec<Finding>,
) -> Result<Schema, DataError> {
    let markers = options.markers();
    let comma = has_decimal_comma(raw, findings);
    let mut columns = Vec::with_capacity(raw.columns.len());
    let mut found = Found::default();
    for (i, (name, cells)) in raw.names.iter().zip(&raw.columns).enumerate() {
        let profile = Profile::new(cells, &markers, comma);
        let role = if options.target.as_ref() == Some(name) {
            Role::Target
        } else if options.group.as_ref() == Some(name) {
            Role::Group
        } else {
            Role::Feature
        };
        let kind = kind::decide(&profile, Context { name, role, first: i == 0, comma }, findings);
        found.add(&profile, &kind);
        columns.push(ColumnSpec { name: name.clone(), kind });
    }
    let layout = Layout {
        header: raw.header,
        delimiter: raw.delimiter,
        missing: found.missing_markers(),
        decimal_comma: comma,
        point_zero: found.with_zero > found.without_zero,
    };
    let mut schema = Schema { layout, ..Schema::new(columns) };
    options.put_roles(&mut schema)?;
    Ok(schema)
}

/// What is settled for the whole file after all columns were seen.
#[derive(Default)]
struct Found {
    /// Missing markers and how often they occur.
    markers: Vec<(String, usize)>,
    /// Whole numbers spelt `4.0` in columns of real numbers.
    with_zero: usize,
    /// Whole numbers spelt `4` in such columns.
    without_zero: usize,
}

impl Found {
    fn add(&mut self, profile: &Profile<'_>, kind: &Kind) {
        for (marker, count) in &profile.markers {
            match self.markers.iter_mut().find(|(known, _)| known == marker) {
                Some((_, total)) => *total += count,
                None => self.markers.push(((*marker).to_owned(), *count)),
            }
        }
        if let Kind::Numeric { .. } = kind {
            let whole = || profile.values.iter().filter(|v| v.number.is_some_and(|x| x.fract() == 0.0));
            let with = whole().filter(|v| v.text.ends_with('0') && v.text.contains(['.', ','])).count();
            self.with_zero += with;
            self.without_zero += whole().count() - with;
        }
    }

    /// The markers, the commonest first; `-` and `.` are written only where a number could stand, so
    /// they never come first.
    fn missing_markers(&mut self) -> Vec<String> {
        let everywhere = Markers::default();
        self.markers
            .sort_by_key(|(marker, count)| (everywhere.is_missing_number(marker), std::cmp::Reverse(*count)));
        let mut missing: Vec<String> = self.markers.iter().map(|(marker, _)| marker.clone()).collect();
        if missing.first().is_none_or(|m| everywhere.is_missing_number(m)) {
            missing.insert(0, String::new());
        }
        missing
    }
}

/// Whether the file's numbers have a decimal comma. `3,5` says yes, `3.5` says no; `1,234` could be either
/// and means thousands unless the fields are parted by semicolons.
pub(crate) fn has_decimal_comma(raw: &Raw, findings: &mut Vec<Finding>) -> bool {
    let mut seen = Separators::default();
    raw.columns.iter().for_each(|column| seen.look_at(column));
    let comma = if seen.comma == 0 && seen.point == 0 {
        seen.either > 0 && raw.delimiter == ';'
    } else {
        seen.comma > seen.point
    };
    let examples = quoted(seen.examples.iter().map(String::as_str));
    if comma {
        let sentence = format!("numbers have a decimal comma ({examples}); they are written with one, too");
        let finding = if seen.comma == 0 { Finding::warning } else { Finding::note };
        findings.push(finding(Topic::Numbers, sentence).counted(seen.comma + seen.either));
    } else if seen.either > 0 {
        let sentence = format!("commas in numbers part thousands ({examples}); they are written without");
        findings.push(Finding::warning(Topic::Numbers, sentence).counted(seen.either));
    }
    comma
}

/// How many cells speak for a decimal comma, a decimal point, or are open.
#[derive(Default)]
struct Separators {
    comma: usize,
    point: usize,
    either: usize,
    examples: Vec<String>,
}

impl Separators {
    fn look_at(&mut self, column: &RawColumn) {
        const KEPT: usize = 3;
        for cell in column.cells() {
            let comma = cell.contains(',');
            if !comma && !cell.contains('.') {
                continue;
            }
            let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
            if comma && number::is_grouped(digits, ',') {
                self.either += 1;
            } else if comma && number::parse(cell, true).is_some() {
                self.comma += 1;
            } else if !comma && !number::is_grouped(digits, '.') && number::parse(cell, false).is_some() {
                self.point += 1;
                continue;
            } else {
                continue;
            }
            if self.examples.len() < KEPT && !self.examples.iter().any(|e| e == cell) {
                self.examples.push(cell.to_owned());
            }
        }
    }
}
