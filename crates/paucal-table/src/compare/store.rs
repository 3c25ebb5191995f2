//! Finished entries, a file each.

use std::path::{Path, PathBuf};

use paucal_core::files;
use paucal_core::run::RunError;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::error::TableError;

/// The folder of finished entries; without one nothing is kept.
pub struct Store(Option<PathBuf>);

/// A file of the folder.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    /// What the entry was made from.
    fingerprint: String,
    entry: T,
}

impl Store {
    /// Opens the folder.
    pub fn open(folder: Option<&Path>) -> Result<Self, TableError> {
        if let Some(folder) = folder {
            files::create_folder(folder).map_err(RunError::from)?;
        }
        Ok(Self(folder.map(Path::to_owned)))
    }

    /// The entry made from this before. What does not read, or was made from something else, is made again.
    pub fn get(&self, fingerprint: &str) -> Option<Entry> {
        let text = files::read_text(&self.file(fingerprint)?).ok()?;
        let kept: Kept<Entry> = serde_json::from_str(&text).ok()?;
        (kept.fingerprint == fingerprint).then_some(kept.entry)
    }

    /// Keeps an entry.
    pub fn put(&self, fingerprint: &str, entry: &Entry) -> Result<(), TableError> {
        let Some(file) = self.file(fingerprint) else { return Ok(()) };
        let kept = Kept { fingerprint: fingerprint.to_owned(), entry };
        let text = serde_json::to_vec(&kept).map_err(|e| TableError::damaged("the entry", e))?;
        files::write_atomic(&file, &text).map_err(RunError::from)?;
        Ok(())
    }

    fn file(&self, fingerprint: &str) -> Option<PathBuf> {
        Some(self.0.as_ref()?.join(format!("{fingerprint}.json")))
    }
}
