//! The document model: what a report says, apart from how it looks.
//!
//! A [`Document`] has a plain-language summary, sections, references and its provenance. Sections hold
//! [`Block`]s, and everything that holds blocks implements [`Compose`], so pages are built in one style:
//!
//! ```
//! use paucal_report::document::{Compose, Document, Section, Table};
//!
//! let document = Document::new("Audit of wdbc.csv").section(
//!     Section::new("data", "Data")
//!         .paragraph("Nothing is missing.")
//!         .table(Table::new("classes", "Cases per class.", ["Class", "Cases"]).row(["benign", "357"])),
//! );
//! assert!(document.index().is_ok());
//! ```

mod block;
mod index;
mod table;
mod text;

pub use block::{Answer, Block, Blocks, Callout, CalloutKind, Compose, Figure, Verdict};
pub use index::Index;
pub use table::{Align, Better, Cell, Column, Digits, Row, Table};
pub use text::{Span, Text};

/// A work that the text cites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The key by which the text cites it.
    pub key: String,
    /// Authors, title, journal, year.
    pub citation: String,
    /// Where it is to be read.
    pub address: Option<String>,
}

impl Reference {
    /// A reference without address.
    pub fn new(key: impl Into<String>, citation: impl Into<String>) -> Self {
        Self { key: key.into(), citation: citation.into(), address: None }
    }

    /// With the digital object identifier, e.g. `10.1136/bmj-2023-078378`.
    pub fn doi(mut self, doi: &str) -> Self {
        self.address = Some(format!("https://doi.org/{doi}"));
        self
    }

    /// With a web address.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
}

/// A section with its blocks and subsections.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The anchor: lower-case letters, digits and hyphens.
    pub id: String,
    /// Its heading, literally.
    pub title: String,
    /// What it says.
    pub blocks: Vec<Block>,
    /// Its parts.
    pub subsections: Vec<Section>,
}

impl Section {
    /// An empty section.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { id: id.into(), title: title.into(), blocks: Vec::new(), subsections: Vec::new() }
    }

    /// With one more part.
    pub fn subsection(mut self, section: Section) -> Self {
        self.subsections.push(section);
        self
    }
}

impl Compose for Section {
    fn block(mut self, block: impl Into<Block>) -> Self {
        self.blocks.push(block.into());
        self
    }
}

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The heading of the whole, literally.
    pub title: String,
    /// The line below it: on what data, for which question.
    pub subtitle: Option<Text>,
    /// The plain-language summary: the first thing read, perhaps the only one.
    pub summary: Vec<Block>,
    /// The body.
    pub sections: Vec<Section>,
    /// Works that may be cited; those that are not are left out of the list.
    pub references: Vec<Reference>,
    /// Program, version, date, seed, hashes: one line each at the foot.
    pub provenance: Vec<(Text, Text)>,
}

impl Document {
    /// An empty report.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            subtitle: None,
            summary: Vec::new(),
            sections: Vec::new(),
            references: Vec::new(),
            provenance: Vec::new(),
        }
    }

    /// With the line below the title.
    pub fn subtitle(mut self, subtitle: impl Into<Text>) -> Self {
        self.subtitle = Some(subtitle.into());
        self
    }

    /// With the plain-language summary.
    pub fn summary(mut self, summary: Blocks) -> Self {
        self.summary = summary.0;
        self
    }

    /// With one more section.
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// With works that may be cited.
    pub fn references(mut self, references: impl IntoIterator<Item = Reference>) -> Self {
        self.references.extend(references);
        self
    }

    /// With one more line of provenance.
    pub fn provenance(mut self, name: impl Into<Text>, value: impl Into<Text>) -> Self {
        self.provenance.push((name.into(), value.into()));
        self
    }

    /// Numbers the sections, tables, figures and citations, and checks that every reference is met.
    pub fn index(&self) -> Result<Index, crate::ReportError> {
        Index::of(self)
    }

    /// Every table in reading order, those below figures too.
    pub fn tables(&self) -> Vec<&Table> {
        let mut tables = Vec::new();
        self.each_block(&mut |block| match block {
            Block::Table(table) => tables.push(table),
            Block::Figure(figure) => tables.extend(&figure.data),
            _ => {}
        });
        tables
    }

    /// Every figure in reading order.
    pub fn figures(&self) -> Vec<&Figure> {
        let mut figures = Vec::new();
        self.each_block(&mut |block| {
            if let Block::Figure(figure) = block {
                figures.push(&**figure);
            }
        });
        figures
    }

    /// Visits every block in reading order, the outer before the inner.
    fn each_block<'a>(&'a self, visit: &mut impl FnMut(&'a Block)) {
        visit_blocks(&self.summary, visit);
        for section in &self.sections {
            visit_section(section, visit);
        }
    }
}

fn visit_section<'a>(section: &'a Section, visit: &mut impl FnMut(&'a Block)) {
    visit_blocks(&section.blocks, visit);
    for part in &section.subsections {
        visit_section(part, visit);
    }
}

fn visit_blocks<'a>(blocks: &'a [Block], visit: &mut impl FnMut(&'a Block)) {
    for block in blocks {
        visit(block);
        match block {
            Block::Callout(callout) => visit_blocks(&callout.blocks, visit),
            Block::Details { blocks, .. } => visit_blocks(blocks, visit),
            _ => {}
        }
    }
}

/// An id made of any words: lower-case letters and digits, the rest as hyphens.
///
/// ```
/// assert_eq!(paucal_report::document::slug("Blood pressure (mmHg)"), "blood-pressure-mmhg");
/// assert_eq!(paucal_report::document::slug("血圧"), "item");
/// ```
pub fn slug(words: &str) -> String {
    let mut id = String::new();
    for c in words.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c.to_ascii_lowercase());
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    let id = id.trim_end_matches('-');
    if id.is_empty() { "item".into() } else { id.into() }
}
