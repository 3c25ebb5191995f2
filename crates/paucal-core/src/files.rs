//! File access whose errors name the path, and writes that are whole or absent.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Advice;

/// A file operation that failed, with the path it failed on.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {}", path.display(), reason(source))]
pub struct FileError {
    /// What was tried: "read", "write", "create".
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

/// What went wrong in the end: libraries that write for us wrap the system's error in their own.
fn kind(source: &io::Error) -> io::ErrorKind {
    let mut cause = source.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(error) = cause {
        if let Some(inner) = error.downcast_ref::<io::Error>() {
            return kind(inner);
        }
        cause = error.source();
    }
    source.kind()
}

/// The plain words for the errors users meet, without "(os error 2)".
fn reason(source: &io::Error) -> String {
    match kind(source) {
        io::ErrorKind::NotFound => "no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::StorageFull => "the disk is full".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        _ => source.to_string(),
    }
}

impl Advice for FileError {
    fn hint(&self) -> Option<String> {
        match kind(&self.source) {
            io::ErrorKind::NotFound => Some("check the spelling and the folder you are in".into()),
            io::ErrorKind::PermissionDenied => Some("check who owns it, or choose another place".into()),
            io::ErrorKind::StorageFull => {
                Some("free some space and run the same command again; nothing half-written was left".into())
            }
            _ => None,
        }
    }
}

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError { action: "read", path: path.into(), source })
}

/// Reads a whole text file.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|source| FileError { action: "read", path: path.into(), source })
}

/// Creates a folder and its parents.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|source| FileError { action: "create", path: path.into(), source })
}

/// Writes `bytes` to `path` so that a reader sees the old file, the new file or none, never a part:
/// a temporary neighbour is written, flushed to disk and renamed. On any failure it is removed.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_atomic_with(path, |file| file.write_all(bytes))
}

/// As [`write_atomic`], with the content produced by `fill`.
pub fn write_atomic_with(
    path: &Path,
    fill: impl FnOnce(&mut io::BufWriter<fs::File>) -> io::Result<()>,
) -> Result<(), FileError> {
    let error = |source| FileError { action: "write", path: path.into(), source };
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        create_folder(folder)?;
    }
    let temporary = temporary_name(path);
    let written = (|| {
        let mut file = io::BufWriter::new(fs::File::create(&temporary)?);
        fill(&mut file)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        // The first error is the one to report; a left-over temporary is only untidy.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(error)
}

/// A hidden neighbour of `path` that no reader of run folders looks at.
fn temporary_name(path: &Path) -> PathBuf {
    let name = path.file_name().map_or_else(|| "file".into(), |n| n.to_string_lossy().into_owned());
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

/// SHA-256 of a file as lower-case hex.
pub fn sha256(path: &Path) -> Result<String, FileError> {
    let error = |source| FileError { action: "read", path: path.into(), source };
    let mut file = fs::File::open(path).map_err(error)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut buffer).map_err(error)?;
        if n == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..n]);
    }
}

/// SHA-256 of bytes as lower-case hex.
pub fn sha256_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_write_leaves_the_old_file_and_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomic(&path, b"old").unwrap();
        let failed = write_atomic_with(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::Error::other(io::Error::new(io::ErrorKind::StorageFull, "full")))
        });
        assert!(failed.unwrap_err().to_string().contains("the disk is full"));
        assert_eq!(read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn known_digest() {
        assert_eq!(sha256_bytes(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
