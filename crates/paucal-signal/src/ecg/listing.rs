//! Lists as CSV.

use super::error::EcgError;

/// A header and rows of as many cells, quoted where they must be.
pub(crate) fn csv<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<String, EcgError> {
    let failed = |message: String| EcgError::beats(message, "report this as a fault of the program");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(|e| failed(e.to_string()))?;
    for row in rows {
        writer.write_record(row).map_err(|e| failed(e.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|e| failed(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| failed(e.to_string()))
}

/// A number that may be unknown, as a cell.
pub(crate) fn cell(value: Option<f64>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// Numbers as one cell.
pub(crate) fn joined(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The first five of some names, and how many more there are.
pub(crate) fn few(names: &[&str]) -> String {
    const NAMED: usize = 5;
    let shown = names[..names.len().min(NAMED)].join(", ");
    let more = names.len().saturating_sub(NAMED);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
