//! Does the first line name the columns?

use super::raw::RawColumn;
use crate::cell::missing::Markers;
use crate::cell::{datetime, number};
use crate::finding::{Finding, Topic};
use crate::schema::Schema;

/// How many rows are looked at.
const LOOKED_AT: usize = 1000;

/// What a column says about the cell above it.
enum Vote {
    /// The cell is a word above numbers or moments.
    Name,
    /// The cell is a number among numbers, a missing marker, or a value that occurs again below.
    Value,
    /// Text above other text.
    Undecided,
}

/// Whether the first record is a header. With a schema it is one if it holds the schema's names; otherwise
/// the columns vote, and a close vote is reported.
pub(crate) fn detect(
    first: &[String],
    columns: &[RawColumn],
    schema: Option<&Schema>,
    findings: &mut Vec<Finding>,
) -> bool {
    let cells: Vec<&str> = first.iter().map(|cell| cell.trim()).collect();
    if let Some(schema) = schema {
        return schema.layout.header || schema.names().all(|name| cells.contains(&name));
    }
    let markers = Markers::default();
    let (mut names, mut values) = (0, 0);
    for (cell, column) in cells.iter().zip(columns) {
        match vote(cell, column, &markers) {
            Vote::Name => names += 1,
            Vote::Value => values += 1,
            Vote::Undecided => {}
        }
    }
    let repeated = (1..cells.len()).any(|i| cells[..i].contains(&cells[i]));
    let header = if names == values { !repeated } else { names > values };
    report(header, names, values, findings);
    header
}

fn vote(cell: &str, column: &RawColumn, markers: &Markers) -> Vote {
    let rows = column.len().min(LOOKED_AT);
    let below = || (0..rows).map(|row| column.cell(row)).filter(|c| !markers.is_missing(c));
    let is_number = |c: &str| number::parse(c, false).is_some() || number::parse(c, true).is_some();
    if is_number(cell) {
        return Vote::Value;
    }
    if cell.is_empty() {
        return Vote::Undecided;
    }
    if markers.is_missing(cell) {
        return Vote::Value;
    }
    let present = below().count();
    let numbers = below().filter(|c| is_number(c)).count();
    if present > 0 && numbers * 10 >= present * 9 {
        return Vote::Name;
    }
    if datetime::detect(&below().collect::<Vec<_>>()).is_some() {
        let is_moment = datetime::detect(&[cell]).is_some();
        return if is_moment { Vote::Value } else { Vote::Name };
    }
    if below().any(|c| c == cell) { Vote::Value } else { Vote::Undecided }
}

fn report(header: bool, names: usize, values: usize, findings: &mut Vec<Finding>) {
    let unsure = if header { values > 0 || names == 0 } else { names > 0 };
    let finding = match (header, unsure) {
        (true, false) => return,
        (true, true) => Finding::warning(
            Topic::Layout,
            "the first line was taken for the names of the columns, but it could be a row: if it is one, use \
             --header none",
        ),
        (false, false) => {
            Finding::note(Topic::Layout, "the first line holds values, so the columns are called c0, c1, …")
        }
        (false, true) => Finding::warning(
            Topic::Layout,
            "the first line was taken for a row and the columns are called c0, c1, …: if it holds their names, \
             use --header present",
        ),
    };
    findings.push(finding);
}
