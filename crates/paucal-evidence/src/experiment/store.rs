//! Finished cells on disk: one JSON line each.
//!
//! A line is written in one call and ends with a newline. A line that was torn by a kill is cut off
//! when the file is opened again. Lines carry the key of their experiment (a hash of configuration, data,
//! splits and seed), and lines of another key are passed over.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use paucal_core::files::{self, FileError};
use serde::{Deserialize, Serialize};

use super::CellRecord;
use crate::EvidenceError;

/// An open file of cells.
pub(super) struct Store {
    file: File,
    path: PathBuf,
    key: String,
}

#[derive(Serialize, Deserialize)]
struct Line<R> {
    key: String,
    cell: R,
}

impl Store {
    /// Opens or creates the file and returns the cells of this key that it holds.
    pub fn open(path: &Path, key: &str) -> Result<(Self, Vec<CellRecord>), EvidenceError> {
        let text = if path.exists() { files::read(path)? } else { Vec::new() };
        let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let failed = |source| FileError { action: "write", path: path.into(), source };
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            files::create_folder(folder)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        file.set_len(whole as u64).map_err(failed)?;
        let cells = text[..whole].split(|&b| b == b'\n').filter_map(|line| read(line, key)).collect();
        Ok((Self { file, path: path.into(), key: key.into() }, cells))
    }

    /// Appends a cell.
    pub fn append(&mut self, cell: &CellRecord) -> Result<(), EvidenceError> {
        let line = Line { key: self.key.clone(), cell };
        let mut text = serde_json::to_string(&line).map_err(|e| EvidenceError::Record(e.to_string()))?;
        text.push('\n');
        let failed = |source| FileError { action: "write", path: self.path.clone(), source };
        Ok(self.file.write_all(text.as_bytes()).map_err(failed)?)
    }
}

/// The cell of a line, if the line is sound and of this key.
fn read(line: &[u8], key: &str) -> Option<CellRecord> {
    let line: Line<CellRecord> = serde_json::from_slice(line).ok()?;
    (line.key == key).then_some(line.cell)
}
