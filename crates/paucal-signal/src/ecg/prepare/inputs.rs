//! The files a recording is read from, and their hashes.

use std::path::{Path, PathBuf};

use paucal_core::files::{self, FileError};
use paucal_core::run::Input;

use crate::formats::{ReadOptions, Source, wfdb};

/// Name and SHA-256 of each file behind a source: of a WFDB record its header, signals and annotations.
pub fn hashes(source: &Source, read: &ReadOptions) -> Result<Vec<Input>, FileError> {
    let mut paths = vec![source.path.clone()];
    if source.format == "wfdb" {
        paths = record_files(&source.path, 0);
        let marks = source.path.with_extension(read.annotator.as_deref().unwrap_or("atr"));
        if read.annotator.as_deref() != Some("") && marks.is_file() {
            paths.push(marks);
        }
    }
    let hash = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Input { name, sha256: files::sha256(path)? })
    };
    paths.iter().map(hash).collect()
}

/// The header, and what is there of its segments and signal files.
fn record_files(header: &Path, depth: usize) -> Vec<PathBuf> {
    let mut paths = vec![header.to_owned()];
    let parsed = files::read(header).ok().and_then(|bytes| wfdb::Header::parse(header, &bytes).ok());
    let Some(parsed) = parsed else { return paths };
    for segment in parsed.segments.iter().flatten().filter(|_| depth == 0) {
        let path = header.with_file_name(format!("{}.hea", segment.name));
        if path.is_file() {
            paths.extend(record_files(&path, depth + 1));
        }
    }
    for signal in &parsed.signals {
        let path = header.with_file_name(&signal.file);
        if path.is_file() && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}
