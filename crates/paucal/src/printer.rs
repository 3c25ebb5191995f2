//! All output for the user goes through one [`Printer`].
//!
//! Results go to standard output, everything else (progress, warnings, errors) to standard error, so
//! that results can be piped. A closed pipe (`paucal models | head`) ends the output, not the program.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Errors only.
    Quiet,
    /// Results, warnings, progress.
    Normal,
    /// Also notes.
    Verbose,
}

/// Where results and messages go, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    level: Level,
    json: bool,
    colour: bool,
}

impl Printer {
    /// A printer for these wishes.
    pub fn new(level: Level, json: bool) -> Self {
        let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { level, json, colour }
    }

    /// Whether progress may be drawn: a person is watching and wants to.
    pub fn draws_progress(self) -> bool {
        self.level >= Level::Normal && io::stderr().is_terminal()
    }

    /// Whether plain progress lines may be written where nobody can draw.
    pub fn writes_progress(self) -> bool {
        self.level >= Level::Normal && !self.json && !io::stderr().is_terminal()
    }

    /// A result: as JSON when that was asked for, else as the text.
    pub fn result<T: Serialize>(self, value: &T, text: &str) -> anyhow::Result<()> {
        if self.json {
            let mut document = serde_json::to_string_pretty(value)?;
            document.push('\n');
            to_stdout(document.as_bytes());
        } else if self.level >= Level::Normal {
            to_stdout(text.as_bytes());
        }
        Ok(())
    }

    /// A warning.
    pub fn warning(self, message: &str) {
        if self.level >= Level::Normal {
            self.message("warning", "33", message);
        }
    }

    /// A note, shown when details were asked for.
    pub fn note(self, message: &str) {
        if self.level >= Level::Verbose {
            self.message("note", "36", message);
        }
    }

    /// A line of plain progress.
    pub fn status(self, message: &str) {
        if self.level >= Level::Normal && !self.json {
            to_stderr(&format!("{message}\n"));
        }
    }

    /// An error with its hint; always shown.
    pub fn error(self, message: &str, hint: Option<&str>) {
        self.message("error", "31", message);
        if let Some(hint) = hint {
            self.message("hint", "36", hint);
        }
    }

    fn message(self, label: &str, colour: &str, message: &str) {
        let line = message.replace(['\n', '\r'], " ");
        if self.colour {
            to_stderr(&format!("\x1b[1;{colour}m{label}\x1b[0m: {line}\n"));
        } else {
            to_stderr(&format!("{label}: {line}\n"));
        }
    }
}

fn to_stdout(bytes: &[u8]) {
    // A closed pipe is the reader's choice, not an error.
    let _ = io::stdout().lock().write_all(bytes);
}

fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// A plain-text table with aligned columns: the first left, the others right.
pub fn text_table(header: &[&str], rows: &[Vec<String>]) -> String {
    let columns = header.len();
    let width = |i: usize| {
        let cells = rows.iter().map(|row| row[i].chars().count());
        cells.chain([header[i].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut row = String::new();
        for (i, cell) in cells.enumerate() {
            let pad = " ".repeat(widths[i].saturating_sub(cell.chars().count()));
            match i {
                0 => row.push_str(&format!("  {cell}{pad}")),
                _ => row.push_str(&format!("  {pad}{cell}")),
            }
        }
        text.push_str(row.trim_end());
        text.push('\n');
    };
    line(&mut header.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align() {
        let table = text_table(
            &["arm", "AUPRC"],
            &[vec!["none".into(), "0.9".into()], vec!["é".into(), "0.91".into()]],
        );
        assert_eq!(table, "  arm   AUPRC\n  none    0.9\n  é      0.91\n");
    }
}
