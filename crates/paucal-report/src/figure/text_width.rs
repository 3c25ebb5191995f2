//! How wide words will be, without knowing the reader's font.
//!
//! Widths are those of DejaVu Sans, among the widest of the common interface fonts, so that what fits here
//! fits anywhere. Letters beyond ASCII count as wide as an average letter, East Asian ones as a full square.

/// Advance widths of the characters 32 to 126 in thousandths of the font size.
const WIDTHS: [u16; 95] = [
    317, 400, 459, 837, 636, 950, 779, 274, 390, 390, 500, 837, 317, 360, 317, 336, 636, 636, 636, 636, 636,
    636, 636, 636, 636, 636, 336, 336, 837, 837, 837, 530, 1000, 684, 686, 698, 770, 631, 575, 774, 751, 294,
    294, 655, 557, 862, 748, 787, 603, 787, 694, 634, 610, 731, 684, 988, 685, 610, 685, 390, 336, 390, 837,
    500, 500, 612, 634, 549, 634, 615, 352, 634, 633, 277, 277, 579, 277, 974, 633, 611, 634, 634, 411, 520,
    392, 633, 591, 817, 591, 591, 524, 636, 336, 636, 837,
];

/// Width of words in pixels at a font size; an upper estimate.
pub(crate) fn measure(words: &str, size: f64, bold: bool) -> f64 {
    let thousandths: f64 = words.chars().map(advance).sum();
    thousandths / 1000.0 * size * if bold { 1.1 } else { 1.0 }
}

fn advance(c: char) -> f64 {
    let code = c as usize;
    match code {
        32..=126 => f64::from(WIDTHS[code - 32]),
        0x2212 => 837.0,
        0x1100..=0x11ff | 0x2e80..=0xd7af | 0xf900..=0xfaff | 0xff00..=0xff60 | 0x1f000..=0x3ffff => 1000.0,
        _ => 650.0,
    }
}

/// The words, cut with an ellipsis so that they fit into `width` pixels.
pub(crate) fn fitted(words: &str, size: f64, width: f64) -> String {
    if measure(words, size, false) <= width {
        return words.into();
    }
    let mut room = width - measure("…", size, false);
    let mut cut = String::new();
    for c in words.chars() {
        room -= advance(c) / 1000.0 * size;
        if room < 0.0 {
            break;
        }
        cut.push(c);
    }
    format!("{}…", cut.trim_end())
}

/// The words in lines of at most `width` pixels, at most `most` of them; the last one is cut if need be.
pub(crate) fn wrapped(words: &str, size: f64, width: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut rest = words.split_whitespace().peekable();
    while let Some(word) = rest.next() {
        let longer = if line.is_empty() { word.to_string() } else { format!("{line} {word}") };
        if line.is_empty() || measure(&longer, size, false) <= width {
            line = longer;
            continue;
        }
        if lines.len() + 1 == most {
            // No line is left for what follows: let the ellipsis say so.
            line = std::iter::once(longer).chain(rest.map(Into::into)).collect::<Vec<_>>().join(" ");
            break;
        }
        lines.push(std::mem::replace(&mut line, word.to_string()));
    }
    lines.push(line);
    lines.into_iter().map(|line| fitted(&line, size, width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_words_fit_and_say_that_they_are_cut() {
        let long = "worst perimeter of the nucleus in micrometres";
        let cut = fitted(long, 12.0, 100.0);
        assert!(cut.ends_with('…') && measure(&cut, 12.0, false) <= 100.0);
        assert_eq!(fitted("short", 12.0, 100.0), "short");
        assert_eq!(fitted("血圧血圧血圧", 10.0, 25.0), "血…");
    }

    #[test]
    fn wrapping_keeps_every_word_it_has_room_for() {
        assert_eq!(wrapped("one two three", 10.0, 60.0, 3), ["one two", "three"]);
        assert_eq!(wrapped("one two three four five", 10.0, 60.0, 2).len(), 2);
        assert!(wrapped("one two three four five", 10.0, 60.0, 2)[1].ends_with('…'));
        assert_eq!(wrapped("", 10.0, 60.0, 2), [""]);
    }
}
