//! The files of a report in a run folder.
//!
//! `tables/<id>.csv` holds each table in full precision, `figures/<id>.svg` each figure (`.png` too with the
//! feature `png`), and `report.html`, written last, all of it to read.

use paucal_core::run::RunFolder;

use crate::ReportError;
use crate::document::{Cell, Document, Figure, Table};

/// Writes the report with its tables and figures into a run folder.
pub fn write(document: &Document, folder: &RunFolder) -> Result<(), ReportError> {
    let page = crate::html::render(document)?;
    for table in document.tables() {
        folder.write(&format!("tables/{}.csv", table.id), csv(table)?.as_bytes())?;
    }
    for figure in document.figures() {
        let drawn = svg(figure);
        folder.write(&format!("figures/{}.svg", figure.id), drawn.as_bytes())?;
        #[cfg(feature = "png")]
        folder.write(&format!("figures/{}.png", figure.id), &crate::png::render(&figure.id, &drawn)?)?;
    }
    Ok(folder.write("report.html", page.as_bytes())?)
}

/// A figure as a file of its own.
pub fn svg(figure: &Figure) -> String {
    figure.drawing.file(&figure.caption.to_plain(), &figure.description)
}

/// A table as CSV.
///
/// Numbers stand in full precision and without thousands separators; percentages are shares. A column with
/// intervals becomes three (`x`, `x low`, `x high`). Missing cells are empty, and a last column
/// `missing because` gives the reasons, so that number columns stay number columns.
pub fn csv(table: &Table) -> Result<String, ReportError> {
    let failed = |message: String| ReportError::Csv { id: table.id.clone(), message };
    let has_interval: Vec<bool> = (0..table.columns.len())
        .map(|i| table.rows.iter().any(|row| row.cells.get(i).is_some_and(is_estimate)))
        .collect();
    let missing = table.rows.iter().flat_map(|row| &row.cells).any(|c| matches!(c, Cell::Missing(_)));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head = Vec::new();
    for (column, interval) in table.columns.iter().zip(&has_interval) {
        let unit = column.unit.as_ref().map(|u| format!(" [{u}]")).unwrap_or_default();
        head.push(format!("{}{unit}", column.name));
        if *interval {
            head.push(format!("{} low{unit}", column.name));
            head.push(format!("{} high{unit}", column.name));
        }
    }
    if missing {
        head.push("missing because".into());
    }
    writer.write_record(&head).map_err(|e| failed(e.to_string()))?;
    for row in &table.rows {
        let mut record = Vec::with_capacity(head.len());
        let mut reasons = Vec::new();
        for ((cell, column), interval) in row.cells.iter().zip(&table.columns).zip(&has_interval) {
            let (value, ends) = plain(cell);
            record.push(value);
            if *interval {
                record.extend(ends);
            }
            if let Cell::Missing(reason) = cell {
                reasons.push(format!("{}: {reason}", column.name));
            }
        }
        if missing {
            record.push(reasons.join("; "));
        }
        writer.write_record(&record).map_err(|e| failed(e.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|e| failed(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| failed(e.to_string()))
}

fn is_estimate(cell: &Cell) -> bool {
    matches!(cell, Cell::Estimate(e) | Cell::Difference(e) if e.interval.is_some())
}

/// A cell in full precision, and the ends of its interval.
fn plain(cell: &Cell) -> (String, [String; 2]) {
    let none = || [String::new(), String::new()];
    match cell {
        Cell::Text(text) => (text.to_plain(), none()),
        Cell::Count(n) => (n.to_string(), none()),
        Cell::Number(value, _) | Cell::PValue(value) => (value.to_string(), none()),
        Cell::Estimate(e) | Cell::Difference(e) => {
            let ends = e.interval.map_or_else(none, |(low, high)| [low.to_string(), high.to_string()]);
            (e.value.to_string(), ends)
        }
        Cell::Missing(_) | Cell::Empty => (String::new(), none()),
    }
}
