//! What a file is, by its first bytes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use paucal_core::files::FileError;

use super::{FormatError, text};

/// Bytes that are looked at.
const LOOK: u64 = 4096;

/// The first bytes of a file, and the last of a zip archive.
pub(super) struct Head {
    bytes: Vec<u8>,
    /// The end, where a zip archive lists its members.
    tail: Vec<u8>,
}

impl Head {
    /// Looks at a file.
    pub fn of(path: &Path) -> Result<Self, FormatError> {
        let failed = |source| FileError { action: "read", path: path.into(), source };
        let mut file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.by_ref().take(LOOK).read_to_end(&mut bytes).map_err(failed)?;
        let mut tail = Vec::new();
        if bytes.starts_with(b"PK\x03\x04") {
            let length = file.metadata().map_err(failed)?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(16 * LOOK))).map_err(failed)?;
            file.take(16 * LOOK).read_to_end(&mut tail).map_err(failed)?;
        }
        Ok(Self { bytes, tail })
    }

    /// Whether the file begins so.
    pub fn starts_with(&self, magic: &[u8]) -> bool {
        self.bytes.starts_with(magic)
    }

    /// A header of WFDB: its record line is a name and one to five fields that begin with digits, and
    /// the line after it names a file and a format, or a segment.
    pub fn is_wfdb(&self) -> bool {
        if !text::is_text(&self.bytes) {
            return false;
        }
        let source = text::decode(&self.bytes);
        let mut lines = source.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let digit = |field: &str| field.starts_with(|c: char| c.is_ascii_digit());
        let Some(first) = lines.next() else { return false };
        let fields: Vec<&str> = first.split_whitespace().collect();
        if !(2..=6).contains(&fields.len()) {
            return false;
        }
        let record = fields[1].bytes().all(|b| b.is_ascii_digit())
            && fields[1..].iter().all(|f| digit(f))
            && !first.contains([',', ';', '\t']);
        let described = match lines.next() {
            None => fields[1] == "0",
            Some(line) => {
                let mut fields = line.split_whitespace();
                let name = fields.next().unwrap_or_default();
                let named =
                    name == "~" || name.contains(|c: char| c.is_ascii_alphabetic()) || name.contains('_');
                (named || first.contains('/')) && fields.next().is_some_and(digit)
            }
        };
        record && (described || fields[1] == "0")
    }

    /// EDF, or BDF with its 24 bits.
    pub fn is_edf(&self) -> bool {
        (self.starts_with(b"0       ") || self.starts_with(b"\xFFBIOSEMI"))
            && self
                .bytes
                .get(184..192)
                .is_some_and(|length| length.trim_ascii().iter().all(u8::is_ascii_digit))
    }

    /// A zip archive with a member whose name ends or begins so.
    pub fn is_zip_with(&self, name: &str) -> bool {
        self.starts_with(b"PK\x03\x04") && self.tail.windows(name.len()).any(|w| w == name.as_bytes())
    }

    /// Excel, old or new, or OpenDocument.
    pub fn is_spreadsheet(&self) -> bool {
        self.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
            || self.is_zip_with("xl/workbook")
            || (self.is_zip_with("content.xml") && self.is_zip_with("mimetype"))
    }

    /// Text in lines that is not markup.
    pub fn is_table(&self) -> bool {
        let start = self.bytes.trim_ascii_start();
        text::is_text(&self.bytes) && !start.is_empty() && self.known().is_none()
    }

    /// Formats that are recognised and not read: name, what to do.
    fn known(&self) -> Option<(&'static str, &'static str)> {
        let start = self.bytes.trim_ascii_start();
        let begins = |magic: &[u8]| self.bytes.starts_with(magic);
        let convert = "convert it to WFDB, EDF or CSV with a program that reads it";
        let found = match () {
            () if self.bytes.is_empty() => ("the file is empty", "get it again from where it came"),
            () if begins(b"\x89HDF") => ("HDF5 (or a new MATLAB file) is not read", convert),
            () if begins(b"MATLAB 5.0") => {
                ("a MATLAB file is not read", "read its WFDB header (.hea), or save it as CSV")
            }
            () if begins(b"\x1F\x8B") => ("a gzip archive is not read", "unpack it with gunzip"),
            () if begins(b"PK") => ("a zip archive without a sheet or an array is not read", "unpack it"),
            () if begins(b"%PDF") => {
                ("a PDF holds a picture of a signal, not its samples", "ask for the digital export")
            }
            () if begins(b"\x89PNG") || begins(b"\xFF\xD8\xFF") => {
                ("a picture of a signal is not read", convert)
            }
            () if begins(b"ISHNE1.0") => ("an ISHNE Holter file is not read", convert),
            () if begins(b"fLaC") => ("a FLAC file is read by its WFDB header", "name the header (.hea)"),
            () if self.bytes.get(128..132) == Some(b"DICM") => ("a DICOM file is not read", convert),
            () if start.starts_with(b"<") => ("XML (HL7 aECG, MUSE, Sierra) is not read", convert),
            () if start.starts_with(b"{") => ("JSON is not read", convert),
            () => return None,
        };
        Some(found)
    }

    /// Why the file is not read.
    pub fn refusal(&self, path: &Path) -> FormatError {
        let samples =
            ("it is not a format that is known", "a WFDB signal file needs its header (.hea) beside it");
        let (what, hint) = self.known().unwrap_or(samples);
        FormatError::Unknown { path: path.into(), what: what.into(), hint: hint.into() }
    }
}

/// The file to read for a name: a record of WFDB may be named without ending, or by its signal file.
pub(super) fn resolve(path: &Path) -> PathBuf {
    let mut with_ending = path.as_os_str().to_owned();
    with_ending.push(".hea");
    let with_ending = PathBuf::from(with_ending);
    if !path.exists() && with_ending.is_file() {
        return with_ending;
    }
    let beside = path.with_extension("hea");
    let names_it = || {
        let source = std::fs::read(&beside).unwrap_or_default();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        text::decode(&source).lines().any(|line| line.split_whitespace().next() == Some(&name))
    };
    if beside != path && beside.is_file() && names_it() { beside } else { path.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(bytes: &[u8]) -> Head {
        Head { bytes: bytes.to_vec(), tail: Vec::new() }
    }

    #[test]
    fn headers_of_wfdb() {
        for yes in [
            "100 2 360 650000\n100.dat 212 200\n",
            "# c\n100 1\n100.dat 16\n",
            "a/2 1 125 2000 8:26:04 26/10/1994\na1 1000\na2 1000\n",
            "a 0 250\n",
        ] {
            assert!(head(yes.as_bytes()).is_wfdb(), "{yes}");
        }
        for no in ["I,II\n1,2\n", "1 2 3\n4 5 6\n", "time MLII\n0 1\n", "0.1\n0.2\n", "", "-0.145\n-0.145\n"]
        {
            assert!(!head(no.as_bytes()).is_wfdb(), "{no}");
        }
    }
}
