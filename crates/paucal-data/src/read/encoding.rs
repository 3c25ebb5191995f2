//! From bytes to text: byte-order marks, UTF-8, UTF-16, and the code page of old Windows programs.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::DataError;
use crate::finding::{Finding, Topic};

/// Decodes a file. A byte-order mark decides; then the encoding that the user named; then UTF-8 if the
/// bytes are valid; windows-1252 otherwise, with a warning.
pub(crate) fn decode<'a>(
    source: &str,
    bytes: &'a [u8],
    named: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<Cow<'a, str>, DataError> {
    refuse_binary(source, bytes)?;
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let sentence = format!("the file starts with a {} byte-order mark; removed", encoding.name());
        findings.push(Finding::note(Topic::Encoding, sentence));
        return Ok(decoded(&bytes[mark..], encoding, findings));
    }
    if let Some(name) = named {
        let encoding = Encoding::for_label(name.trim().as_bytes()).ok_or_else(|| DataError::Format {
            path: source.into(),
            message: format!("there is no encoding called '{name}'"),
            hint: "names are those of the web: utf-8, windows-1252, iso-8859-15, utf-16le, shift_jis, …"
                .into(),
        })?;
        return Ok(decoded(bytes, encoding, findings));
    }
    if let Some(encoding) = unmarked_utf16(bytes) {
        let sentence = format!("the bytes look like {}; read as such", encoding.name());
        findings.push(Finding::warning(Topic::Encoding, sentence));
        return Ok(decoded(bytes, encoding, findings));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let line = 1 + bytes.utf8_chunks().next().map_or(0, |chunk| chunk.valid().matches('\n').count());
    let sentence =
        format!("line {line} is not UTF-8; the file was read as windows-1252 (change it with --encoding)");
    findings.push(Finding::warning(Topic::Encoding, sentence));
    Ok(decoded(bytes, WINDOWS_1252, findings))
}

fn decoded<'a>(bytes: &'a [u8], encoding: &'static Encoding, findings: &mut Vec<Finding>) -> Cow<'a, str> {
    let (text, replaced) = encoding.decode_without_bom_handling(bytes);
    if replaced {
        let name = encoding.name();
        let sentence = format!("some bytes are not {name}; they were read as '\u{fffd}'");
        findings.push(Finding::warning(Topic::Encoding, sentence));
    } else if encoding != UTF_8 && encoding != WINDOWS_1252 {
        findings.push(Finding::note(Topic::Encoding, format!("read as {}", encoding.name())));
    }
    text
}

/// UTF-16 without a mark: in western text every other byte is zero.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(4096) & !1];
    if sample.len() < 4 {
        return None;
    }
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|&&b| b == 0).count();
    let (first, second, pairs) = (zeros(0), zeros(1), sample.len() / 2);
    if second * 10 > pairs * 7 && first * 10 < pairs {
        Some(UTF_16LE)
    } else if first * 10 > pairs * 7 && second * 10 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Files of other formats under a text file's name, told by their first bytes.
fn refuse_binary(source: &str, bytes: &[u8]) -> Result<(), DataError> {
    let (what, hint) = if bytes.starts_with(b"PK\x03\x04") {
        ("a ZIP archive or an Excel file", "unpack it, or name it .xlsx if it is an Excel file")
    } else if bytes.starts_with(b"PAR1") {
        ("a Parquet file", "name it .parquet")
    } else if bytes.starts_with(b"\x1f\x8b") {
        ("compressed with gzip", "unpack it first: gunzip FILE")
    } else if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        ("an old Excel file", "save it as .xlsx or .csv, or name it .xls")
    } else {
        return Ok(());
    };
    Err(DataError::Format {
        path: source.into(),
        message: format!("this is {what}, not a text table"),
        hint: hint.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], named: Option<&str>) -> (String, Vec<Finding>) {
        let mut findings = Vec::new();
        let text = decode("f.csv", bytes, named, &mut findings).unwrap().into_owned();
        (text, findings)
    }

    #[test]
    fn encodings_are_recognised() {
        assert_eq!(text("é,ü".as_bytes(), None), ("é,ü".into(), vec![]));
        assert_eq!(text(b"\xef\xbb\xbfa", None).0, "a");
        assert_eq!(text(b"\xff\xfea\0,\0", None).0, "a,");
        assert_eq!(text(b"a\0,\0b\0\n\0", None).0, "a,b\n");
        let (read, findings) = text(b"a\nM\xfcller", None);
        assert_eq!(read, "a\nMüller");
        assert!(findings[0].sentence.contains("line 2"), "{findings:?}");
        assert_eq!(text(b"\x82\xa0", Some("shift_jis")).0, "あ");
    }

    #[test]
    fn wrong_files_and_names_are_refused() {
        let mut findings = Vec::new();
        assert!(decode("f", b"PAR1....", None, &mut findings).is_err());
        assert!(decode("f", b"a", Some("klingon"), &mut findings).is_err());
    }
}
