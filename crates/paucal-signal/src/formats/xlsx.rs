//! Sheets of Excel and OpenDocument files in the layouts of [`super::layout`].

use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, open_workbook_auto_from_rs};
use paucal_core::files;

use super::layout::Table;
use super::{FormatError, Read, ReadOptions};

/// Reads the first sheet.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Read, FormatError> {
    let bytes = files::read(path)?;
    let failed = |message: String, hint: &str| FormatError::format(path, message, hint);
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|e| {
        failed(e.to_string(), "check that it is an Excel or OpenDocument file without password")
    })?;
    let sheets = book.sheet_names();
    let Some(name) = sheets.first() else {
        return Err(failed("the file has no sheet".into(), "check that it is the right file"));
    };
    let range = book
        .worksheet_range(name)
        .map_err(|e| failed(e.to_string(), "save the file again in a spreadsheet program"))?;
    let mut table = Table::new(path, options);
    for row in range.rows() {
        let cells: Vec<String> = row.iter().map(text).collect();
        table.row(&cells.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    let mut read = table.finish()?;
    if sheets.len() > 1 {
        read.warnings
            .push(format!("the file has {} sheets; the first one, '{name}', was read", sheets.len()));
    }
    Ok(read)
}

/// The text of a cell; whole numbers, which Excel keeps as real ones, without a point.
fn text(cell: &Data) -> String {
    match cell {
        Data::Int(whole) => whole.to_string(),
        Data::Float(x) => x.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(flag) => flag.to_string(),
        Data::DateTime(moment) => moment.as_f64().to_string(),
        Data::Error(_) | Data::Empty => String::new(),
    }
}
