//! What was seen in the data and what was done about it, in plain sentences.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Byte-order mark or character encoding.
    Encoding,
    /// Field separator, header, sheets.
    Layout,
    /// Column names that are empty or repeated.
    Names,
    /// White space around values.
    Whitespace,
    /// Missing values and their markers.
    Missing,
    /// How numbers are spelt: digit groups, decimal commas, leading zeros.
    Numbers,
    /// Values that do not fit the rest of their column.
    Misfit,
    /// How moments are spelt.
    Datetime,
    /// Level lists: spelling, unseen levels, many levels.
    Levels,
    /// Keys and groups of rows.
    Keys,
    /// Columns without information.
    Constant,
    /// Columns that are missing, extra or in another order.
    Columns,
    /// Metadata that cannot be expressed.
    Metadata,
}

/// Whether somebody should look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// For the record.
    Note,
    /// A guess or a change that somebody should check.
    Warning,
}

/// Something seen in the data, and what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// Whether somebody should look at it.
    pub weight: Weight,
    /// The column, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// How many cells, rows or levels are concerned, where that can be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// One plain sentence.
    pub sentence: String,
}

impl Finding {
    /// A finding for the record.
    pub fn note(topic: Topic, sentence: impl Into<String>) -> Self {
        Self { topic, weight: Weight::Note, column: None, count: None, sentence: sentence.into() }
    }

    /// A finding that somebody should check.
    pub fn warning(topic: Topic, sentence: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, ..Self::note(topic, sentence) }
    }

    /// Names the column, also in front of the sentence.
    pub fn of(mut self, column: &str) -> Self {
        self.sentence = format!("column '{column}': {}", self.sentence);
        self.column = Some(column.to_owned());
        self
    }

    /// Adds the count.
    pub fn counted(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// Up to four examples in quotes, control characters shown as escapes: `'ckd\t', 'a', …`.
pub(crate) fn quoted<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 4;
    const LONGEST: usize = 40;
    let mut out = String::new();
    for (i, value) in values.into_iter().enumerate() {
        if i == SHOWN {
            out.push_str(", …");
            break;
        }
        let shown: String = value.chars().take(LONGEST).flat_map(char::escape_debug).collect();
        let shown = shown.replace("\\'", "'").replace("\\\"", "\"");
        let more = if value.chars().nth(LONGEST).is_some() { "…" } else { "" };
        out.push_str(if i == 0 { "'" } else { ", '" });
        out.push_str(&shown);
        out.push_str(more);
        out.push('\'');
    }
    out
}

/// "1 value", "2 values".
pub(crate) fn many(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
