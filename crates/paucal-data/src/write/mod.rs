//! Writing tables: same columns, order, decimals and spelling as the source; the same table always gives
//! the same bytes.

mod csv;
mod parquet;

use std::path::Path;

use paucal_core::files;

pub use self::csv::write_csv;
pub use self::parquet::write_parquet;
use crate::error::DataError;
use crate::table::Table;

/// Writes a table in the format of the file's ending (`.csv`, `.tsv`, `.parquet`), whole or not at all.
pub fn write(path: &Path, table: &Table) -> Result<(), DataError> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "csv" | "txt" | "data" => files::write_atomic_with(path, |file| write_csv(file, table))?,
        "tsv" => files::write_atomic_with(path, |file| csv::write_delimited(file, table, '\t'))?,
        "parquet" | "pq" => files::write_atomic_with(path, |file| write_parquet(file, table))?,
        _ => {
            return Err(DataError::Format {
                path: path.display().to_string(),
                message: "tables are not written in this format".into(),
                hint: "choose a name that ends in .csv, .tsv or .parquet".into(),
            });
        }
    }
    Ok(())
}
