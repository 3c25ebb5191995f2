//! WFDB, the format of PhysioNet: a header in text, signal files, annotation files.
//!
//! Written from the WFDB Applications Guide: `header(5)`, `signal(5)`, `annot(5)`. [`read`] gives a
//! [`Recording`]; [`Record`] and [`AnnotationFile`] are the files as they are stored, for programs that
//! change one thing and keep the rest byte for byte.

pub mod annotation;
pub mod codec;
mod flac;
pub mod header;
mod quantise;
pub mod record;
mod segments;
mod signal;
pub mod symbols;
mod write;

use std::path::{Path, PathBuf};

use paucal_core::files;

pub use self::annotation::AnnotationFile;
pub use self::codec::Format;
pub use self::header::Header;
pub use self::record::Record;
pub use self::write::{WriteOptions, write};

use super::{FormatError, ReadOptions};
use crate::recording::Recording;

/// The annotator whose marks are read when nobody asks for another: the reference of most data sets.
const REFERENCE: &str = "atr";

/// Reads a record with its annotations. `path` is the header, with or without `.hea`.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Recording, FormatError> {
    let path = header_path(path);
    let header = Header::parse(&path, &files::read(&path)?)?;
    let mut recording = if header.segments.is_some() {
        segments::read(&path, &header, options)?
    } else {
        Record::read_signals(&path, header, options)?.into_recording()
    };
    annotate(&path, &mut recording, options)?;
    Ok(recording)
}

/// The header of a record that is named without ending.
fn header_path(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("hea")) || path.is_file() {
        return path.into();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".hea");
    name.into()
}

/// Reads the annotations beside a header: those asked for, or the reference if there is one.
fn annotate(header: &Path, recording: &mut Recording, options: &ReadOptions) -> Result<(), FormatError> {
    let annotator = options.annotator.as_deref();
    let file = header.with_extension(annotator.unwrap_or(REFERENCE));
    if annotator == Some("") || (annotator.is_none() && !file.is_file()) {
        return Ok(());
    }
    let marks = AnnotationFile::parse(&file, &files::read(&file)?)?;
    if marks.open_end {
        let message = "the annotation file has no end mark: it is cut off, or something else";
        if !options.partial {
            return Err(FormatError::damaged(&file, message));
        }
        recording.warnings.push(format!("{}: {message}", file.display()));
    }
    recording.annotation_types = marks.types();
    recording.annotation_rate = marks.resolution().unwrap_or(recording.annotation_rate);
    recording.annotations = marks.events().to_vec();
    Ok(())
}
