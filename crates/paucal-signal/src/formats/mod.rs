//! Reading and writing recordings.
//!
//! What a file is follows from its content, not from its ending: [`read`] looks at the first bytes, asks each
//! entry of [`FORMATS`] in turn and lets the first that knows them read. [`discover`] finds the recordings of
//! a folder.
//!
//! ```
//! use paucal_signal::formats::{self, ReadOptions, wfdb};
//! use paucal_signal::recording::{Channel, Recording, Samples};
//!
//! let folder = tempfile::tempdir()?;
//! let samples = Samples::Double(vec![0.0, 0.5, f64::NAN, 1.0]);
//! let lead = Channel { name: "II".into(), unit: "mV".into(), rate: 250.0, samples };
//! let strip = Recording { id: "strip".into(), channels: vec![lead], annotation_rate: 250.0, ..Recording::default() };
//! wfdb::write(folder.path(), &strip, &wfdb::WriteOptions::default())?;
//!
//! for source in formats::discover(&[folder.path()])? {
//!     let recording = formats::read(&source.path, &ReadOptions::default())?;
//!     let lead = recording.channel("II")?;
//!     assert_eq!((lead.rate, lead.missing()), (250.0, 1));
//!     assert!((lead.physical()[1] - 0.5).abs() < 1e-4);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A recording is not trusted: nothing is allocated by a number in a header before it was compared with the
//! length of the file or with [`ReadOptions::max_samples`], and no file makes a reader panic.

pub mod csv;
pub mod edf;
mod error;
mod layout;
pub mod numpy;
mod sniff;
pub(crate) mod text;
pub mod wfdb;
pub mod xlsx;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use paucal_core::files::FileError;

pub use self::error::FormatError;
use self::sniff::Head;
use crate::recording::Recording;

/// How to read recordings. The default reads everything and refuses what is cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// Samples per second, for formats that do not say (text, spreadsheets, arrays).
    pub rate: Option<f64>,
    /// Length in seconds of a recording, from which its rate follows, for the same formats.
    pub seconds: Option<f64>,
    /// Ending of the WFDB annotation file; by default `atr` where it exists. Empty for none.
    pub annotator: Option<String>,
    /// Reads what is there of files that are cut off or lack segments, with a warning, instead of refusing.
    pub partial: bool,
    /// Refuses what is else a warning: wrong checksums, lengths that contradict each other.
    pub strict: bool,
    /// Rows of a table of strips with fewer samples are left out, with a warning.
    pub min_samples: usize,
    /// The most samples that all channels of a recording may have together.
    pub max_samples: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            rate: None,
            seconds: None,
            annotator: None,
            partial: false,
            strict: false,
            min_samples: 200,
            // Twelve leads at 1 kHz for a day.
            max_samples: 1 << 30,
        }
    }
}

impl ReadOptions {
    /// The rate of a recording of `samples` samples, as far as the options say.
    fn rate_of(&self, path: &Path, samples: usize) -> Result<f64, FormatError> {
        let rate = self.rate.or(self.seconds.map(|s| samples as f64 / s));
        match rate {
            Some(rate) if rate > 0.0 && rate.is_finite() => Ok(rate),
            Some(_) if samples == 0 => Err(FormatError::damaged(path, "there are no samples")),
            Some(_) => {
                let hint = "sampling rates (Hz) and durations (s) are numbers above 0";
                Err(FormatError::format(path, "the sampling rate given for it is not above 0", hint))
            }
            None => Err(FormatError::NoRate { path: path.into() }),
        }
    }
}

/// What a file held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Read {
    /// The recordings, in the order of the file.
    pub recordings: Vec<Recording>,
    /// What was left out and why, in plain sentences.
    pub warnings: Vec<String>,
}

impl From<Recording> for Read {
    fn from(recording: Recording) -> Self {
        Self { recordings: vec![recording], warnings: Vec::new() }
    }
}

/// A file format.
pub struct FileFormat {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// Usual endings.
    pub endings: &'static [&'static str],
    /// Whether the first bytes are of this format.
    knows: fn(&Head) -> bool,
    read: fn(&Path, &ReadOptions) -> Result<Read, FormatError>,
}

/// The formats, in the order in which they are asked.
pub static FORMATS: [FileFormat; 7] = [
    FileFormat {
        name: "wfdb",
        about: "PhysioNet record: header, signal files, annotations",
        endings: &["hea", "dat"],
        knows: |head| head.is_wfdb(),
        read: |path, options| wfdb::read(path, options).map(Into::into),
    },
    FileFormat {
        name: "edf",
        about: "European Data Format, EDF+ with annotations, BDF",
        endings: &["edf", "bdf", "rec"],
        knows: |head| head.is_edf(),
        read: |path, options| edf::read(path, options).map(Into::into),
    },
    FileFormat {
        name: "npy",
        about: "NumPy array: one channel, or samples by channels",
        endings: &["npy"],
        knows: |head| head.starts_with(numpy::MAGIC),
        read: |path, options| numpy::read(path, options).map(Into::into),
    },
    FileFormat {
        name: "npz",
        about: "NumPy archive: one recording for each array",
        endings: &["npz"],
        knows: |head| head.is_zip_with(".npy"),
        read: numpy::read_archive,
    },
    FileFormat {
        name: "xlsx",
        about: "spreadsheet: a strip in each row, or a channel in each column",
        endings: &["xlsx", "xlsm", "xlsb", "xls", "ods"],
        knows: |head| head.is_spreadsheet(),
        read: xlsx::read,
    },
    FileFormat {
        name: "csv",
        about: "text: a strip in each row, or a channel in each column",
        endings: &["csv", "tsv", "txt"],
        knows: |head| head.is_table(),
        read: csv::read,
    },
    FileFormat {
        name: "unknown",
        about: "formats that are recognised to say that they are not read",
        endings: &[],
        knows: |_| true,
        read: |path, _| Err(Head::of(path)?.refusal(path)),
    },
];

/// The format of a file, and the file to read: for a signal file of WFDB its header.
fn recognise(path: &Path) -> Result<(PathBuf, &'static FileFormat), FormatError> {
    let path = sniff::resolve(path);
    let head = Head::of(&path)?;
    let found = FORMATS.iter().find(|format| (format.knows)(&head)).unwrap_or(&FORMATS[FORMATS.len() - 1]);
    Ok((path, found))
}

/// Reads all recordings of a file.
pub fn read_all(path: &Path, options: &ReadOptions) -> Result<Read, FormatError> {
    let (path, format) = recognise(path)?;
    // The libraries behind some formats panic on some damaged files; that is an error like any other.
    catch_unwind(AssertUnwindSafe(|| (format.read)(&path, options)))
        .unwrap_or_else(|_| Err(FormatError::damaged(&path, "the file is damaged")))
}

/// Reads the one recording of a file.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Recording, FormatError> {
    let mut read = read_all(path, options)?;
    match (read.recordings.pop(), read.recordings.len()) {
        (Some(mut recording), 0) => {
            recording.warnings.append(&mut read.warnings);
            Ok(recording)
        }
        (_, others) => Err(FormatError::Several { path: path.into(), count: others + 1 }),
    }
}

/// A file with recordings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The file, to give to [`read_all`].
    pub path: PathBuf,
    /// Name of its format in [`FORMATS`].
    pub format: &'static str,
}

/// The files with recordings among files and folders, in the order given.
///
/// Of a folder these are its files in order of their names, without those of the folders in it; files that no
/// format knows are passed over unless their ending promises one, and text without an ending of a table. A file
/// named `RECORDS` is what PhysioNet makes of it: a list of records, one a line. Any other file must hold
/// recordings. Of a WFDB record only the header is listed, of a record of several segments only that of the whole.
pub fn discover<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Source>, FormatError> {
    let mut found: Vec<Source> = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        if path.is_dir() {
            found.extend(in_folder(path)?);
        } else if path.file_name().is_some_and(|name| name == "RECORDS") {
            let list = paucal_core::files::read_text(path)?;
            let names = list.lines().map(str::trim).filter(|line| !line.is_empty());
            found.extend(names.map(|name| one(&path.with_file_name(name))).collect::<Result<Vec<_>, _>>()?);
        } else {
            found.push(one(path)?);
        }
    }
    // A record can be named by its header and by its signal file.
    let mut seen = BTreeSet::new();
    found.retain(|source| seen.insert(source.path.clone()));
    Ok(found)
}

/// A file that must hold recordings.
fn one(path: &Path) -> Result<Source, FormatError> {
    let (path, format) = recognise(path)?;
    if format.endings.is_empty() {
        return Err(Head::of(&path)?.refusal(&path));
    }
    Ok(Source { path, format: format.name })
}

/// The files of a folder that hold recordings.
fn in_folder(folder: &Path) -> Result<Vec<Source>, FormatError> {
    let failed = |source| FileError { action: "read", path: folder.into(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    files.retain(|file| file.is_file());
    files.sort();
    let mut parts = BTreeSet::new();
    let mut found = Vec::new();
    for file in files {
        // A signal file leads to its header, which is listed by itself.
        let Ok((resolved, format)) = recognise(&file) else { continue };
        let ending = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let prose = format.name == "csv" && !format.endings.contains(&ending.as_str());
        let nothing = format.endings.is_empty() && !promises_recordings(&ending);
        if resolved != file || nothing || prose {
            continue;
        }
        if format.name == "wfdb" {
            parts.extend(parts_of(&file));
        }
        found.push(Source { path: file, format: format.name });
    }
    found.retain(|source| source.path.file_name().is_none_or(|name| !parts.contains(name)));
    Ok(found)
}

/// Whether a file of this ending should hold recordings, whatever its content: it is listed, so that reading says what is
/// wrong with it. Endings that other programs use for much else (`dat`, `txt`, `csv`) promise nothing.
fn promises_recordings(ending: &str) -> bool {
    let telling = FORMATS.iter().filter(|format| !["wfdb", "csv"].contains(&format.name));
    telling.into_iter().any(|format| format.endings.contains(&ending))
}

/// Names of the files that belong to a record: its segments and signal files.
fn parts_of(header: &Path) -> Vec<std::ffi::OsString> {
    let parsed = paucal_core::files::read(header).ok().and_then(|b| wfdb::Header::parse(header, &b).ok());
    let Some(parsed) = parsed else { return Vec::new() };
    let segments = parsed.segments.iter().flatten().map(|s| format!("{}.hea", s.name).into());
    segments.chain(parsed.signals.iter().map(|s| s.file.clone().into())).collect()
}

#[cfg(test)]
mod tests {
    use paucal_core::Advice;

    use super::*;

    fn refused(name: &str, bytes: &[u8]) -> FormatError {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        read(&path, &ReadOptions::default()).unwrap_err()
    }

    #[test]
    fn formats_that_are_not_read_are_named() {
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM");
        for (bytes, word) in [
            (&b"\x89HDF\r\n\x1a\n"[..], "HDF5"),
            (b"MATLAB 5.0 MAT-file", "MATLAB"),
            (b"\x1f\x8b\x08\x00", "gzip"),
            (b"%PDF-1.7", "PDF"),
            (b"<?xml version=\"1.0\"?><AnnotatedECG>", "XML"),
            (&dicom, "DICOM"),
            (b"ISHNE1.0", "ISHNE"),
            (&[0, 1, 2, 3], "not a format"),
            (b"", "empty"),
        ] {
            let error = refused("a.dat", bytes);
            assert!(error.to_string().contains(word), "{error}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read(Path::new("nowhere/100"), &ReadOptions::default()).unwrap_err();
        assert!(error.to_string().contains("no such file"), "{error}");
    }

    #[test]
    fn endings_do_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.dat");
        fs::write(&path, "I,II\n1,2\n3,4\n").unwrap();
        let options = ReadOptions { rate: Some(4.0), ..ReadOptions::default() };
        let recording = read(&path, &options).unwrap();
        assert_eq!((recording.id.as_str(), recording.channels.len()), ("text", 2));
        assert_eq!(discover(&[&path]).unwrap(), [Source { path, format: "csv" }]);
        // In a folder text could be anything.
        assert_eq!(discover(&[folder.path()]).unwrap(), []);
        let table = folder.path().join("b.CSV");
        fs::write(&table, "I\n1\n").unwrap();
        assert_eq!(discover(&[folder.path()]).unwrap(), [Source { path: table, format: "csv" }]);
    }
}
