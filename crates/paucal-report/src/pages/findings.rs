//! The findings of an audit, of tables and of recordings alike.

use paucal_core::Severity;

use crate::document::{Cell, Table, Text};

/// Findings, each with its severity, its sentence and its advice, which may be empty.
pub fn table<'a>(findings: impl IntoIterator<Item = (Severity, &'a str, &'a str)>) -> Table {
    let word = |severity: Severity| match severity {
        Severity::Problem => Cell::Text(Text::new().strong(severity.word())),
        Severity::Caution | Severity::Note => Cell::text(severity.word()),
    };
    Table::new("findings", "What the audit found, the gravest first.", ["Weight", "Finding", "What to do"])
        .rows(findings, |(severity, sentence, advice)| {
            let advice = if advice.is_empty() { Cell::Empty } else { Cell::text(advice) };
            [word(severity), Cell::text(sentence), advice]
        })
}
