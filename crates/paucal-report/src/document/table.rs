//! Tables of typed cells.

use super::text::Text;
use crate::number::{self, Estimate};

/// Which way a score gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Higher is better.
    Higher,
    /// Lower is better.
    Lower,
}

/// How the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// Words to the left, numbers to the right.
    #[default]
    ByContent,
    /// All to the left.
    Left,
    /// All to the right.
    Right,
}

/// A column's heading.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name, literally.
    pub name: String,
    /// Unit of its numbers.
    pub unit: Option<String>,
    /// What it means; printed as a note below the table.
    pub explanation: Option<Text>,
    /// Which way its numbers get better.
    pub better: Option<Better>,
    /// How its cells stand.
    pub align: Align,
}

impl Column {
    /// A column with a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), unit: None, explanation: None, better: None, align: Align::default() }
    }

    /// With the unit of its numbers.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// With a note that says what it means.
    pub fn explained(mut self, explanation: impl Into<Text>) -> Self {
        self.explanation = Some(explanation.into());
        self
    }

    /// With the way its numbers get better.
    pub fn better(mut self, better: Better) -> Self {
        self.better = Some(better);
        self
    }

    /// With all cells to one side.
    pub fn align(mut self, align: Align) -> Self {
        self.align = align;
        self
    }
}

impl<T: Into<String>> From<T> for Column {
    fn from(name: T) -> Self {
        Self::new(name)
    }
}

/// How many digits a number is printed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// This many decimals.
    Decimals(usize),
    /// This many significant digits.
    Significant(usize),
    /// As a percentage with this many decimals; the value is a share.
    Percent(usize),
    /// This many decimals and always a sign: a difference.
    Signed(usize),
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(Text),
    /// A whole number.
    Count(usize),
    /// A number.
    Number(f64, Digits),
    /// An estimate with its interval; digits follow from the interval.
    Estimate(Estimate),
    /// A difference with its interval; every number carries its sign.
    Difference(Estimate),
    /// A p-value, printed without its "p =".
    PValue(f64),
    /// Nothing, with the reason why.
    Missing(String),
    /// Nothing, where nothing belongs.
    Empty,
}

impl Cell {
    /// Words, literally.
    pub fn text(words: impl Into<Text>) -> Self {
        Self::Text(words.into())
    }

    /// A name from the data or a command, literally.
    pub fn code(words: impl Into<String>) -> Self {
        Self::Text(Text::new().code(words))
    }

    /// A number with fixed decimals.
    pub fn decimals(value: f64, decimals: usize) -> Self {
        Self::Number(value, Digits::Decimals(decimals))
    }

    /// A number with significant digits.
    pub fn significant(value: f64, digits: usize) -> Self {
        Self::Number(value, Digits::Significant(digits))
    }

    /// A share in `[0, 1]` as a percentage.
    pub fn percent(share: f64, decimals: usize) -> Self {
        Self::Number(share, Digits::Percent(decimals))
    }

    /// The cell for a result that may be missing.
    pub fn or_missing<T>(value: Option<T>, reason: impl Into<String>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or_else(|| Self::Missing(reason.into()), cell)
    }

    /// Whether it holds words.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// As printed, without marks.
    pub fn to_plain(&self) -> String {
        match self {
            Self::Text(text) => text.to_plain(),
            Self::Count(n) => number::count(*n),
            Self::Number(value, Digits::Decimals(d)) => number::fixed(*value, *d),
            Self::Number(value, Digits::Significant(d)) => number::significant(*value, *d),
            Self::Number(value, Digits::Percent(d)) => number::percent(*value, *d),
            Self::Number(value, Digits::Signed(d)) => number::signed(*value, *d),
            Self::Estimate(estimate) => estimate.text(),
            Self::Difference(estimate) => estimate.signed_text(),
            Self::PValue(p) => number::p_alone(*p),
            Self::Missing(reason) => format!("not computed: {reason}"),
            Self::Empty => String::new(),
        }
    }
}

impl From<&str> for Cell {
    fn from(words: &str) -> Self {
        Self::text(words)
    }
}

impl From<String> for Cell {
    fn from(words: String) -> Self {
        Self::text(words)
    }
}

impl From<Text> for Cell {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl From<Estimate> for Cell {
    fn from(estimate: Estimate) -> Self {
        Self::Estimate(estimate)
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its cells, one per column. The first names the row.
    pub cells: Vec<Cell>,
    /// Whether it stands out: a total, the arm that was asked about.
    pub emphasised: bool,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Names the CSV file and the anchor: lower-case letters, digits and hyphens.
    pub id: String,
    /// What it shows, in a sentence.
    pub caption: Text,
    /// Headings.
    pub columns: Vec<Column>,
    /// Rows, each with as many cells as there are columns.
    pub rows: Vec<Row>,
    /// Remarks printed below.
    pub notes: Vec<Text>,
    /// Whether it is folded away until asked for.
    pub folded: bool,
}

impl Table {
    /// A table without rows.
    pub fn new<C: Into<Column>>(
        id: impl Into<String>,
        caption: impl Into<Text>,
        columns: impl IntoIterator<Item = C>,
    ) -> Self {
        Self {
            id: id.into(),
            caption: caption.into(),
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
            notes: Vec::new(),
            folded: false,
        }
    }

    /// With one more row.
    pub fn row<C: Into<Cell>>(mut self, cells: impl IntoIterator<Item = C>) -> Self {
        self.rows.push(Row { cells: cells.into_iter().map(Into::into).collect(), emphasised: false });
        self
    }

    /// With one more row, which stands out.
    pub fn emphasised_row<C: Into<Cell>>(mut self, cells: impl IntoIterator<Item = C>) -> Self {
        self.rows.push(Row { cells: cells.into_iter().map(Into::into).collect(), emphasised: true });
        self
    }

    /// With one row for each item.
    pub fn rows<T, C: Into<Cell>, R: IntoIterator<Item = C>>(
        self,
        items: impl IntoIterator<Item = T>,
        row: impl FnMut(T) -> R,
    ) -> Self {
        items.into_iter().map(row).fold(self, Self::row)
    }

    /// With a remark below.
    pub fn note(mut self, note: impl Into<Text>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Folded away until asked for: for long tables of detail.
    pub fn folded(mut self) -> Self {
        self.folded = true;
        self
    }

    /// Whether the numbers of column `index` stand to the right.
    pub fn is_right(&self, index: usize) -> bool {
        match self.columns[index].align {
            Align::Left => false,
            Align::Right => true,
            Align::ByContent => {
                let mut cells = self.rows.iter().filter_map(|row| row.cells.get(index)).peekable();
                cells.peek().is_some() && cells.all(|cell| !cell.is_text())
            }
        }
    }
}
