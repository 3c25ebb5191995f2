//! A table before its columns have types: names and trimmed text.

use super::{Header, ReadOptions, header};
use crate::error::DataError;
use crate::finding::{Finding, Topic, many, quoted};

/// What the source says about the type of a column; text files say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Declared {
    /// Nothing: the type is inferred from the text alone.
    #[default]
    Nothing,
    /// The source stores text, so `007` and `1` are not numbers.
    Text,
}

/// The cells of one column, trimmed, end to end in one string.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawColumn {
    text: String,
    ends: Vec<usize>,
    trimmed: Trimmed,
    /// What the source says about the type.
    pub declared: Declared,
}

/// What was cut off the cells of a column.
#[derive(Debug, Clone, Default)]
struct Trimmed {
    /// Cells from which only spaces were cut.
    spaces: usize,
    /// Cells from which something else was cut, such as tabs.
    others: usize,
    /// Some cells of the second sort, as they were.
    examples: Vec<String>,
}

impl RawColumn {
    /// Appends a cell without the white space around it.
    pub fn push(&mut self, cell: &str) {
        let kept = cell.trim_matches(is_blank);
        if kept.len() != cell.len() {
            self.trimmed.note(cell);
        }
        self.text.push_str(kept);
        self.ends.push(self.text.len());
    }

    /// The column with one more cell in front.
    pub fn with_first(&self, cell: &str) -> Self {
        let mut column = Self { trimmed: self.trimmed.clone(), declared: self.declared, ..Self::default() };
        column.push(cell);
        self.cells().for_each(|cell| column.push(cell));
        column
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell at `row`.
    pub fn cell(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start..self.ends[row]]
    }

    /// The cells in order.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|row| self.cell(row))
    }
}

/// White space and stray byte-order marks.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

impl Trimmed {
    fn note(&mut self, cell: &str) {
        const KEPT: usize = 5;
        if cell.trim_matches(' ').len() == cell.trim_matches(is_blank).len() {
            self.spaces += 1;
            return;
        }
        self.others += 1;
        if self.examples.len() < KEPT && !self.examples.iter().any(|e| e == cell) {
            self.examples.push(cell.to_owned());
        }
    }

    /// "2 values end in a tab ('ckd\t'); read as 'ckd'".
    fn finding(&self, column: &str) -> Option<Finding> {
        if self.others == 0 {
            return None;
        }
        let all = |test: fn(&str) -> bool| self.examples.iter().all(|e| test(e));
        let with_tab = all(|e| e.trim_matches('\t').len() == e.trim_matches(is_blank).len());
        let what = if with_tab { "a tab" } else { "white space" };
        let (singular, plural) = match (all(starts_clean), all(ends_clean)) {
            (true, false) => ("ends in", "end in"),
            (false, true) => ("starts with", "start with"),
            _ => ("is surrounded by", "are surrounded by"),
        };
        let verb = if self.others == 1 { singular } else { plural };
        let mut read: Vec<&str> = Vec::new();
        for example in &self.examples {
            let kept = example.trim_matches(is_blank);
            if !read.contains(&kept) {
                read.push(kept);
            }
        }
        let sentence = format!(
            "{} {verb} {what} ({}); read as {}",
            many(self.others, "value"),
            quoted(self.examples.iter().map(String::as_str)),
            quoted(read)
        );
        Some(Finding::note(Topic::Whitespace, sentence).of(column).counted(self.others))
    }
}

fn starts_clean(cell: &str) -> bool {
    !cell.starts_with(is_blank)
}

fn ends_clean(cell: &str) -> bool {
    !cell.ends_with(is_blank)
}

/// Names and cells of a table, and how its file was laid out.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    /// What to call the file in messages.
    pub source: String,
    /// One name per column.
    pub names: Vec<String>,
    /// Whether the names come from the file.
    pub header: bool,
    /// Field separator.
    pub delimiter: char,
    /// One per name, all of the same length.
    pub columns: Vec<RawColumn>,
    /// What the reader saw.
    pub findings: Vec<Finding>,
}

impl Raw {
    /// Joins the first record and the columns below it, once it is known whether it names them.
    pub fn assembled(
        source: &str,
        delimiter: char,
        first: Vec<String>,
        columns: Vec<RawColumn>,
        options: &ReadOptions,
        mut findings: Vec<Finding>,
    ) -> Result<Self, DataError> {
        let header = match options.header {
            Header::Present => true,
            Header::None => false,
            Header::Auto => header::detect(&first, &columns, options.schema.as_ref(), &mut findings),
        };
        let (names, columns) = if header {
            (first, columns)
        } else {
            let names = (0..first.len()).map(|i| format!("c{i}")).collect();
            (names, first.iter().zip(&columns).map(|(cell, rest)| rest.with_first(cell)).collect())
        };
        let mut raw = Self { source: source.into(), names, header, delimiter, columns, findings };
        if raw.rows() == 0 {
            return Err(DataError::Empty(source.into()));
        }
        raw.settle_names();
        raw.report_trimmed();
        Ok(raw)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, RawColumn::len)
    }

    /// Adds the findings about white space: one per column for tabs and the like, one for the file
    /// about spaces.
    pub fn report_trimmed(&mut self) {
        let spaces: usize = self.columns.iter().map(|c| c.trimmed.spaces).sum();
        let columns: Vec<&str> = self.with_spaces().collect();
        if spaces > 0 {
            let (count, cells) = (columns.len(), many(spaces, "value"));
            let cut = if spaces == 1 { "is" } else { "are" };
            let sentence = format!(
                "{cells} in {} {cut} surrounded by spaces ({}); the spaces were removed",
                many(count, "column"),
                quoted(columns.into_iter())
            );
            self.findings.push(Finding::note(Topic::Whitespace, sentence).counted(spaces));
        }
        let per_column = self.names.iter().zip(&self.columns).filter_map(|(n, c)| c.trimmed.finding(n));
        self.findings.extend(per_column);
    }

    fn with_spaces(&self) -> impl Iterator<Item = &str> {
        self.names.iter().zip(&self.columns).filter(|(_, c)| c.trimmed.spaces > 0).map(|(n, _)| n.as_str())
    }

    /// Gives every column a name of its own: `c3` for an empty one, `x_2` for the second `x`.
    pub fn settle_names(&mut self) {
        for i in 0..self.names.len() {
            let read = self.names[i].trim_matches(is_blank).to_owned();
            let wanted = if read.is_empty() { format!("c{i}") } else { read.clone() };
            let taken = |name: &str, names: &[String]| names[..i].iter().any(|n| n == name);
            let mut name = wanted.clone();
            let mut copy = 2;
            while taken(&name, &self.names) {
                name = format!("{wanted}_{copy}");
                copy += 1;
            }
            if self.header && name != read {
                let what = if read.is_empty() { "has no name".into() } else { format!("is '{read}' again") };
                let sentence = format!("column {} {what}; called '{name}'", i + 1);
                self.findings.push(Finding::warning(Topic::Names, sentence));
            }
            self.names[i] = name;
        }
    }
}
