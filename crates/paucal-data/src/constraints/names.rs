//! Names of columns in constraints: bare words, or anything between quotes.

/// The quotes that may stand around a name. TOML strings take the double ones.
pub(super) const QUOTES: [char; 2] = ['\'', '`'];

/// Whether a character may stand in a bare name.
pub(super) fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// A name as it is to be written in an expression: quoted where it is no bare word.
pub fn written(name: &str) -> String {
    let starts_well = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if starts_well && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        let quote = if name.contains(QUOTES[0]) { QUOTES[1] } else { QUOTES[0] };
        format!("{quote}{name}{quote}")
    }
}

/// The name without quotes around it.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = QUOTES.iter().find_map(|&q| text.strip_prefix(q)?.strip_suffix(q));
    inner.unwrap_or(text)
}
