//! The annotation codes of the WFDB library and their mnemonics (WFDB Programmer's Guide, `ecgcodes.h`).

/// Mnemonics by code; codes without a meaning have an empty one.
const SYMBOLS: [&str; 42] = [
    " ", "N", "L", "R", "a", "V", "F", "J", "A", "S", "E", "j", "/", "Q", "~", "", "|", "", "s", "T", "*",
    "D", "\"", "=", "p", "B", "^", "t", "+", "u", "?", "!", "[", "]", "e", "n", "@", "x", "f", "(", ")", "r",
];

/// A normal beat.
pub const NORMAL: u8 = 1;
/// A comment.
pub const NOTE: u8 = 22;
/// A change of rhythm, named in the text.
pub const RHYTHM: u8 = 28;

/// The mnemonic of a code, empty if it has none.
pub fn symbol(code: u8) -> &'static str {
    SYMBOLS.get(usize::from(code)).copied().unwrap_or("")
}

/// The code of a mnemonic.
pub fn code(symbol: &str) -> Option<u8> {
    if symbol.is_empty() {
        return None;
    }
    SYMBOLS.iter().position(|&s| s == symbol).map(|code| code as u8)
}

/// Whether the code marks a heart beat (`isqrs` of the WFDB library).
pub fn is_beat(code: u8) -> bool {
    matches!(code, 1..=13 | 25 | 30 | 34 | 35 | 38 | 41)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_and_codes_are_inverse() {
        for c in 0..64 {
            if !symbol(c).is_empty() {
                assert_eq!(code(symbol(c)), Some(c));
            }
        }
        assert_eq!(
            (code("N"), code("V"), code("+"), code("r"), code("")),
            (Some(1), Some(5), Some(28), Some(41), None)
        );
        let beats: String = (0..64).filter(|&c| is_beat(c)).map(symbol).collect();
        assert_eq!(beats, "NLRaVFJASEj/QB?enfr");
    }
}
