//! Chains of columns in ascending order: `diastolic < systolic`, `admission <= discharge <= follow_up`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::names::{QUOTES, unquoted};

/// Two neighbours in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// The column with the smaller value.
    pub low: &'a str,
    /// The column with the larger value.
    pub high: &'a str,
    /// Whether equal values are forbidden.
    pub strict: bool,
}

/// Columns in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Chain {
    text: String,
    /// Names from the smallest to the largest.
    names: Vec<String>,
    /// Whether equality is forbidden between each name and the next one.
    strict: Vec<bool>,
}

impl Chain {
    /// Reads a chain; `>` and `>=` are turned round.
    ///
    /// ```
    /// use paucal_data::constraints::Chain;
    /// let chain = Chain::parse("systolic > 'mean pressure' >= diastolic")?;
    /// let names: Vec<&String> = chain.columns().collect();
    /// assert_eq!(names, ["diastolic", "mean pressure", "systolic"]);
    /// assert!(Chain::parse("a < b > c").is_err());
    /// # Ok::<(), String>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let (parts, signs) = split(text);
        let wrong = |what: String| format!("order \"{text}\": {what}");
        if signs.is_empty() {
            return Err(wrong("there must be a '<' or '<=' between two columns".into()));
        }
        if let Some(sign) = signs.iter().find(|sign| !["<", "<=", ">", ">="].contains(sign)) {
            let advice = "write equal columns as a function of one another under [constraints.compute]";
            return Err(wrong(format!("'{sign}' is not an order; {advice}")));
        }
        let down = signs[0].starts_with('>');
        if signs.iter().any(|sign| sign.starts_with('>') != down) {
            return Err(wrong("'<' and '>' in one chain; write two".into()));
        }
        let mut names: Vec<String> = parts.iter().map(|part| unquoted(part).to_owned()).collect();
        if names.iter().any(String::is_empty) {
            return Err(wrong("a column is missing beside a sign".into()));
        }
        let mut strict: Vec<bool> = signs.iter().map(|sign| !sign.ends_with('=')).collect();
        if down {
            names.reverse();
            strict.reverse();
        }
        Ok(Self { text: text.trim().to_owned(), names, strict })
    }

    /// The columns from the smallest to the largest.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        self.names.iter()
    }

    /// Each pair of neighbours.
    pub fn links(&self) -> impl Iterator<Item = Link<'_>> {
        let pairs = self.names.windows(2).zip(&self.strict);
        pairs.map(|(pair, &strict)| Link { low: &pair[0], high: &pair[1], strict })
    }
}

/// What stands between the signs, and the signs. Signs within quotes are part of a name.
fn split(text: &str) -> (Vec<String>, Vec<&str>) {
    let (mut parts, mut signs) = (vec![String::new()], Vec::new());
    let mut quote: Option<char> = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        match (quote, c) {
            (None, '<' | '>' | '=' | '!' | '≤' | '≥') => {
                if rest[taken..].starts_with('=') {
                    taken += 1;
                }
                signs.push(match c {
                    '≤' => "<=",
                    '≥' => ">=",
                    _ => &rest[..taken],
                });
                parts.push(String::new());
            }
            _ => {
                if quote == Some(c) {
                    quote = None;
                } else if quote.is_none()
                    && QUOTES.contains(&c)
                    && parts.last().is_some_and(|p| p.trim().is_empty())
                {
                    quote = Some(c);
                }
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
        rest = &rest[taken..];
    }
    (parts, signs)
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Chain {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Chain> for String {
    fn from(chain: Chain) -> Self {
        chain.text
    }
}
