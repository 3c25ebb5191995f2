//! Text tables: which separator, where records end, and that all of them are equally long.

use csv::{ByteRecord, ReaderBuilder};

use super::raw::{Raw, RawColumn};
use super::{ReadOptions, encoding};
use crate::error::DataError;

/// Separators that are looked for; where several split every line evenly the first of them wins, because
/// a comma is more often part of a value than a tab.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// How much of a file is looked at to find the separator.
const SAMPLE: usize = 1 << 16;

/// Reads the cells of a text table.
pub(crate) fn read(source: &str, bytes: &[u8], options: &ReadOptions) -> Result<Raw, DataError> {
    let mut findings = Vec::new();
    let text = encoding::decode(source, bytes, options.encoding.as_deref(), &mut findings)?;
    let delimiter = match options.delimiter {
        Some(c) if c.is_ascii() && !matches!(c, '"' | '\n' | '\r') => c as u8,
        Some(c) => {
            return Err(DataError::Format {
                path: source.into(),
                message: format!("'{}' cannot separate fields", c.escape_debug()),
                hint: "choose one of , ; | or a tab".into(),
            });
        }
        None => delimiter(source, &text, options),
    };
    let records = Records { source, delimiter, text: &text };
    let (first, columns) = records.collect()?;
    Raw::assembled(source, delimiter as char, first, columns, options, findings)
}

struct Records<'a> {
    source: &'a str,
    delimiter: u8,
    text: &'a str,
}

impl Records<'_> {
    /// The first record, and the others by column.
    fn collect(&self) -> Result<(Vec<String>, Vec<RawColumn>), DataError> {
        let mut reader = reader(self.delimiter, self.text.as_bytes());
        let mut record = ByteRecord::new();
        let mut first: Vec<String> = Vec::new();
        let mut columns: Vec<RawColumn> = Vec::new();
        let mut last_line = 1;
        let mut spans_lines = false;
        while reader.read_byte_record(&mut record).map_err(|e| self.broken(&e.to_string()))? {
            let fields = || record.iter().map(text);
            if is_blank_line(&record, first.len()) {
                continue;
            }
            last_line = record.position().map_or(last_line, csv::Position::line);
            spans_lines = record.iter().any(|f| f.contains(&b'\n'));
            if first.is_empty() {
                first = fields().map(Into::into).collect();
                columns.resize_with(first.len(), RawColumn::default);
            } else if record.len() == first.len() {
                fields().zip(&mut columns).for_each(|(cell, column)| column.push(cell));
            } else {
                return Err(self.ragged(last_line, record.len(), first.len()));
            }
        }
        if first.is_empty() {
            return Err(DataError::Empty(self.source.into()));
        }
        let quotes = self.text.bytes().filter(|&b| b == b'"').count();
        if spans_lines && quotes % 2 == 1 {
            return Err(self.unclosed(last_line));
        }
        Ok((first, columns))
    }

    fn ragged(&self, line: u64, fields: usize, expected: usize) -> DataError {
        let hint = if line <= 2 && fields == expected + 1 {
            "the first line is one name short: if the first field of every row is a row name, add a name for it"
        } else {
            "put quotes around values that contain the separator or a line end, or name the separator with \
             --delimiter"
        };
        DataError::Format {
            path: self.source.into(),
            message: format!(
                "line {line} has {} but the first line has {expected}",
                crate::finding::many(fields, "field")
            ),
            hint: hint.into(),
        }
    }

    fn unclosed(&self, line: u64) -> DataError {
        DataError::Format {
            path: self.source.into(),
            message: format!("a quote in the row that starts on line {line} is never closed"),
            hint: "close it, or double a quote that belongs to the value".into(),
        }
    }

    fn broken(&self, message: &str) -> DataError {
        let hint = "open it in a text editor and check that it is a table".into();
        DataError::Format { path: self.source.into(), message: message.into(), hint }
    }
}

/// A line of nothing but white space holds no row, except in a table of one column, where it is a missing
/// value. (Lines without any character are skipped by the parser; a quoted nothing is a value.)
fn is_blank_line(record: &ByteRecord, width: usize) -> bool {
    let Some(only) = record.get(0).filter(|_| record.len() == 1).map(text) else { return false };
    only.trim().is_empty() && (width > 1 || (width == 0 && !only.is_empty()))
}

/// A field as text. The file was decoded as a whole and separators are ASCII, so it is valid UTF-8.
fn text(field: &[u8]) -> &str {
    std::str::from_utf8(field).unwrap_or_default()
}

fn reader(delimiter: u8, bytes: &[u8]) -> csv::Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes)
}

/// The separator that splits the lines most evenly.
fn delimiter(source: &str, text: &str, options: &ReadOptions) -> u8 {
    let sample = sample(text);
    if let Some(schema) = &options.schema
        && schema.layout.delimiter.is_ascii()
        && widths(schema.layout.delimiter as u8, sample).first() == Some(&schema.columns.len())
    {
        return schema.layout.delimiter as u8;
    }
    let mut best = (b',', 0.5);
    for candidate in DELIMITERS {
        let widths = widths(candidate, sample);
        let first = widths.first().copied().unwrap_or(0);
        let even = widths.iter().filter(|&&w| w == first).count() as f64 / widths.len().max(1) as f64;
        if first > 1 && even > best.1 {
            best = (candidate, even);
        }
    }
    let named_tab = source.to_ascii_lowercase().ends_with(".tsv");
    if best.1 <= 0.5 && named_tab { b'\t' } else { best.0 }
}

/// The start of the text up to the last whole line.
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE {
        return text;
    }
    let cut = text.as_bytes()[..SAMPLE].iter().rposition(|&b| b == b'\n').unwrap_or(0);
    // A line end is one byte, so the cut is a character boundary.
    &text[..cut]
}

/// Fields per record.
fn widths(delimiter: u8, sample: &str) -> Vec<usize> {
    let mut reader = reader(delimiter, sample.as_bytes());
    let mut widths = Vec::new();
    let mut record = ByteRecord::new();
    while let Ok(true) = reader.read_byte_record(&mut record) {
        if record.len() > 1 || record.iter().any(|f| !text(f).trim().is_empty()) {
            widths.push(record.len());
        }
    }
    widths
}
