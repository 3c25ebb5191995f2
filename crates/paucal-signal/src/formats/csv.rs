//! Text tables in the layouts of [`super::layout`], read row by row.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek};
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use paucal_core::files::{self, FileError};

use super::layout::Table;
use super::text::{decode, many};
use super::{FormatError, Read, ReadOptions};
use crate::recording::Recording;

/// Separators; where several are equally frequent the first of them.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// Bytes that are looked at to find the separator.
const LOOK: u64 = 65_536;

/// Reads a table: a recording in each row or a channel in each column.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Read, FormatError> {
    let failed = |source| FileError { action: "read", path: path.into(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut look = Vec::new();
    file.by_ref().take(LOOK).read_to_end(&mut look).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let mut table = Table::new(path, options);
    match delimiter(&look) {
        Some(delimiter) => separated(path, BufReader::new(file), delimiter, &mut table)?,
        None => spaced(path, BufReader::new(file), &mut table)?,
    }
    table.finish()
}

/// The most frequent separator of the first line, outside quotes. `None` for columns between spaces.
fn delimiter(look: &[u8]) -> Option<u8> {
    let lines = look.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.into_iter().find(|line| !line.is_empty() && !line.starts_with(b"#")).unwrap_or_default();
    let mut quoted = false;
    let bare: Vec<u8> = line
        .iter()
        .copied()
        .filter(|&b| {
            quoted ^= b == b'"';
            !quoted
        })
        .collect();
    let count = |d: u8| bare.split(|&b| b == d).count() - 1;
    // The first of equals.
    let best = DELIMITERS.into_iter().rev().max_by_key(|&d| count(d)).filter(|&d| count(d) > 0);
    let spaced = || bare.trim_ascii().contains(&b' ') && bare.iter().all(|b| !b.is_ascii_alphabetic());
    best.or_else(|| (!spaced()).then_some(b','))
}

fn separated(
    path: &Path,
    file: impl std::io::Read,
    delimiter: u8,
    table: &mut Table<'_>,
) -> Result<(), FormatError> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .from_reader(file);
    let mut record = ByteRecord::new();
    let failed = |e: csv::Error| FormatError::damaged(path, e.to_string());
    while reader.read_byte_record(&mut record).map_err(failed)? {
        let cells: Vec<_> = record.iter().map(decode).collect();
        table.row(&cells.iter().map(AsRef::as_ref).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn spaced(path: &Path, file: impl BufRead, table: &mut Table<'_>) -> Result<(), FormatError> {
    for line in file.split(b'\n') {
        let line = line.map_err(|source| FileError { action: "read", path: path.into(), source })?;
        let text = decode(&line);
        if !text.trim_start().starts_with('#') {
            table.row(&text.split_whitespace().collect::<Vec<_>>())?;
        }
    }
    Ok(())
}

/// Writes a recording with a sample in each row: `time (s)`, then a column for each channel. Annotations and
/// comments are not written.
pub fn write(path: &Path, recording: &Recording) -> Result<(), FormatError> {
    let refused = |message: String, hint: &str| FormatError::unwritable(&recording.id, "CSV", message, hint);
    let resample = "resample its channels to one rate, or write WFDB or EDF";
    let rate =
        recording.rate().ok_or_else(|| refused("its channels have no common rate".into(), resample))?;
    let length = recording.channels.first().map_or(0, crate::recording::Channel::len);
    if let Some(other) = recording.channels.iter().find(|c| c.len() != length) {
        let message =
            format!("'{}' has {}, another channel {length}", other.name, many(other.len(), "sample"));
        return Err(refused(message, "cut its channels to one length"));
    }
    let name = |name: &str, unit: &str| {
        let heading = if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") };
        if heading.contains([',', '"', '\n']) {
            format!("\"{}\"", heading.replace('"', "\"\""))
        } else {
            heading
        }
    };
    let mut out = String::from("time (s)");
    recording.channels.iter().for_each(|c| out.push_str(&format!(",{}", name(&c.name, &c.unit))));
    out.push('\n');
    let columns: Vec<Vec<f64>> = recording.channels.iter().map(crate::recording::Channel::physical).collect();
    for row in 0..length {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}", row as f64 / rate);
        for value in columns.iter().map(|column| column[row]) {
            let extreme = value != 0.0 && !(1e-5..1e16).contains(&value.abs());
            let _ = match value {
                v if v.is_nan() => write!(out, ","),
                v if extreme => write!(out, ",{v:e}"),
                v => write!(out, ",{v}"),
            };
        }
        out.push('\n');
    }
    Ok(files::write_atomic(path, out.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators() {
        assert_eq!(delimiter(b"a;b\n1,5;2"), Some(b';'));
        assert_eq!(delimiter(b"Label,\"ECG Wave\"\n1,\"1,2\""), Some(b','));
        assert_eq!(delimiter(b"# x;y\n\na\tb"), Some(b'\t'));
        assert_eq!(delimiter(b"1.5\n2"), Some(b','));
        assert_eq!(delimiter(b" 1.5  2\n"), None);
        assert_eq!(delimiter(b"ECG Wave\n"), Some(b','));
    }
}
