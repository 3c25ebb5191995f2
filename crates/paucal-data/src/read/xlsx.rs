//! Sheets of Excel and OpenDocument files.
//!
//! Excel keeps every number as a real one and every date as a number of days; whole numbers become `4`,
//! and the dates of a column get times of day only if one of them has one.

use std::io::Cursor;

use calamine::{Data, ExcelDateTime, Range, Reader, open_workbook_auto_from_rs};

use super::ReadOptions;
use super::raw::{Raw, RawColumn};
use crate::error::DataError;
use crate::finding::{Finding, Topic, many, quoted};

/// Reads the cells of a sheet: the named one, or the first.
pub(crate) fn read(
    source: &str,
    bytes: &[u8],
    sheet: Option<&str>,
    options: &ReadOptions,
) -> Result<Raw, DataError> {
    let failed =
        |message: String, hint: &str| DataError::Format { path: source.into(), message, hint: hint.into() };
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|e| {
        failed(e.to_string(), "check that it is an Excel or OpenDocument file without password")
    })?;
    let sheets = book.sheet_names();
    let name = match sheet {
        Some(name) => sheets.iter().find(|s| s.as_str() == name),
        None => sheets.first(),
    };
    let Some(name) = name else {
        let message = format!("there is no sheet '{}'", sheet.unwrap_or_default());
        let known = format!("there are: {}", quoted(sheets.iter().map(String::as_str)));
        return Err(failed(message, &known));
    };
    let range = book
        .worksheet_range(name)
        .map_err(|e| failed(e.to_string(), "save the file again in a spreadsheet program"))?;
    let mut findings = Vec::new();
    if sheet.is_none() && sheets.len() > 1 {
        let sentence = format!(
            "the file has {}; the first one, '{name}', was read (another: {source}#{})",
            many(sheets.len(), "sheet"),
            sheets[1]
        );
        findings.push(Finding::warning(Topic::Layout, sentence));
    }
    let (first, columns) = cells(source, &range, &mut findings)?;
    Raw::assembled(source, ',', first, columns, options, findings)
}

/// The first row that holds anything, and the others by column. Empty rows and empty columns hold nothing
/// and are left out.
fn cells(
    source: &str,
    range: &Range<Data>,
    findings: &mut Vec<Finding>,
) -> Result<(Vec<String>, Vec<RawColumn>), DataError> {
    let rows: Vec<&[Data]> = range.rows().filter(|row| !row.iter().all(is_empty)).collect();
    let Some((head, body)) = rows.split_first() else { return Err(DataError::Empty(source.into())) };
    let used: Vec<usize> = (0..head.len()).filter(|&i| rows.iter().any(|row| !is_empty(&row[i]))).collect();
    let skipped = range.height() - rows.len();
    if skipped > 0 {
        let sentence = format!("{} without any value left out", many(skipped, "row"));
        findings.push(Finding::note(Topic::Layout, sentence).counted(skipped));
    }
    let errors = rows.iter().flat_map(|row| row.iter()).filter(|c| matches!(c, Data::Error(_))).count();
    if errors > 0 {
        let sentence = format!("{} an Excel error such as #DIV/0!; read as missing", hold(errors));
        findings.push(Finding::warning(Topic::Misfit, sentence).counted(errors));
    }
    let first = used.iter().map(|&i| text(&head[i], has_time(&head[i]))).collect();
    let columns = used.iter().map(|&i| column(body, i)).collect();
    Ok((first, columns))
}

fn column(body: &[&[Data]], i: usize) -> RawColumn {
    let timed = body.iter().any(|row| has_time(&row[i]));
    let mut column = RawColumn::default();
    for row in body {
        column.push(&text(&row[i], timed));
    }
    column
}

/// "1 cell holds", "2 cells hold".
fn hold(count: usize) -> String {
    format!("{} {}", many(count, "cell"), if count == 1 { "holds" } else { "hold" })
}

fn is_empty(cell: &Data) -> bool {
    match cell {
        Data::Empty => true,
        Data::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn has_time(cell: &Data) -> bool {
    matches!(cell, Data::DateTime(moment) if moment.as_f64().fract() != 0.0)
}

/// The text of a cell; dates get a time of day if `timed`.
fn text(cell: &Data, timed: bool) -> String {
    match cell {
        Data::Int(whole) => whole.to_string(),
        Data::Float(x) if x.fract() == 0.0 && x.abs() < 1e15 => format!("{x:.0}"),
        Data::Float(x) => format!("{x:?}"),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(flag) => if *flag { "TRUE" } else { "FALSE" }.into(),
        Data::DateTime(moment) => moment_text(*moment, timed),
        Data::Error(_) | Data::Empty => String::new(),
    }
}

fn moment_text(moment: ExcelDateTime, timed: bool) -> String {
    let days = moment.as_f64();
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    if moment.is_duration() {
        // Hours of a duration may pass 24.
        let seconds = (days * 86_400.0).round() as i64;
        return format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    if (0.0..1.0).contains(&days) && timed {
        return format!("{hour:02}:{minute:02}:{second:02}");
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (timed, milli) {
        (false, _) => date,
        (true, 0) => format!("{date} {hour:02}:{minute:02}:{second:02}"),
        (true, _) => format!("{date} {hour:02}:{minute:02}:{second:02}.{milli:03}"),
    }
}
