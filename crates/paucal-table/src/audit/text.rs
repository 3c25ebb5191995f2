//! Words and numbers in findings.

/// "'a'", "'a' and 'b'", "'a', 'b' and 'c'"; at most six names.
pub(super) fn list(names: &[&str]) -> String {
    const SHOWN: usize = 6;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|n| format!("'{n}'")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        _ if names.len() > SHOWN => format!("{} and {} more", quoted.join(", "), names.len() - SHOWN),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// "1 row", "2 rows", "12,345 rows".
pub(super) fn count(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// Digits in groups of three.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Four significant digits, without trailing zeros.
pub(super) fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".into();
    }
    let decimals = (3 - x.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// "0.3333 × a − b + 2": a linear combination; an offset of 0 and a factor of 1 are not spelt out.
pub(super) fn sum(terms: &[(f64, &str)], offset: f64) -> String {
    let mut out = String::new();
    let constant = (offset != 0.0).then_some((offset, ""));
    for &(factor, name) in terms.iter().chain(&constant) {
        let size = number(factor.abs());
        let part = match (name, size.as_str()) {
            ("", _) => size,
            (_, "1") => name.to_owned(),
            _ => format!("{size} × {name}"),
        };
        out += match (factor < 0.0, out.is_empty()) {
            (true, true) => "−",
            (true, false) => " − ",
            (false, true) => "",
            (false, false) => " + ",
        };
        out += &part;
    }
    out
}

/// A share in per cent: whole from 10 on, one decimal below.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent >= 10.0 || percent == 0.0 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_well() {
        assert_eq!(
            [number(0.333_333), number(2.0), number(-1234.5), number(0.0)],
            ["0.3333", "2", "-1234", "0"]
        );
        assert_eq!((count(1, "row"), count(10_649, "row")), ("1 row".into(), "10,649 rows".into()));
        assert_eq!(list(&["a", "b", "c"]), "'a', 'b' and 'c'");
        assert_eq!(sum(&[(-1.0, "a"), (0.5, "b")], -3.0), "−a + 0.5 × b − 3");
        assert_eq!((percent(0.052), percent(0.5)), ("5.2 %".into(), "50 %".into()));
    }
}
