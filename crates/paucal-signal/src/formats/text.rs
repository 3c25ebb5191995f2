//! Text of files that do not say how they are encoded.

use std::borrow::Cow;
use std::path::Path;

/// UTF-8, with or without byte-order mark, else Latin-1, in which every byte is a character.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&b| char::from(b)).collect()),
    }
}

/// Whether bytes are text rather than samples: no control characters but white space.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|&b| b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r' | 0x0C))
}

/// The name of a file without folder and ending.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// "1 sample", "2 samples".
pub(crate) fn many(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        assert_eq!(decode(b"\xEF\xBB\xBFa"), "a");
        assert_eq!(decode("µV".as_bytes()), "µV");
        assert_eq!(decode(b"\xB5V"), "µV");
        assert!(is_text(b"1,2\r\n") && !is_text(&[1, 2, 0]));
    }
}
