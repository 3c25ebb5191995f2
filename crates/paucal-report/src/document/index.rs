//! Numbers for everything that is referred to, and the check that nothing refers to nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::block::Block;
use super::table::{Cell, Table};
use super::text::{Span, Text};
use super::{Document, Section};
use crate::ReportError;

/// The numbers of sections, tables, figures and citations in one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    sections: BTreeMap<String, String>,
    tables: BTreeMap<String, usize>,
    figures: BTreeMap<String, usize>,
    citations: BTreeMap<String, usize>,
    order: Vec<String>,
}

impl Index {
    /// Walks the document in reading order.
    pub(super) fn of(document: &Document) -> Result<Self, ReportError> {
        let mut index = Self::default();
        let mut texts = Vec::new();
        if let Some(subtitle) = &document.subtitle {
            texts.push(subtitle);
        }
        index.blocks(&document.summary, &mut texts)?;
        for (i, section) in document.sections.iter().enumerate() {
            index.section(section, &(i + 1).to_string(), &mut texts)?;
        }
        for (name, value) in &document.provenance {
            texts.extend([name, value]);
        }
        let mut known = BTreeSet::new();
        for reference in &document.references {
            if !known.insert(&*reference.key) {
                return Err(ReportError::DuplicateId { kind: "reference", id: reference.key.clone() });
            }
        }
        for text in texts {
            index.resolve(text, &known)?;
        }
        Ok(index)
    }

    /// "2.1", by the section's id.
    pub fn section_number(&self, id: &str) -> &str {
        self.sections.get(id).map_or("", String::as_str)
    }

    /// The number of a table, from 1; 0 for one that belongs to a figure.
    pub fn table_number(&self, id: &str) -> usize {
        self.tables.get(id).copied().unwrap_or(0)
    }

    /// The number of a figure, from 1.
    pub fn figure_number(&self, id: &str) -> usize {
        self.figures.get(id).copied().unwrap_or(0)
    }

    /// The number of a reference, from 1 in the order of first citation.
    pub fn citation_number(&self, key: &str) -> usize {
        self.citations.get(key).copied().unwrap_or(0)
    }

    /// Keys of the cited references in the order of first citation.
    pub fn cited(&self) -> &[String] {
        &self.order
    }

    fn section<'a>(
        &mut self,
        section: &'a Section,
        number: &str,
        texts: &mut Vec<&'a Text>,
    ) -> Result<(), ReportError> {
        insert(&mut self.sections, "section", &section.id, number.to_string())?;
        self.blocks(&section.blocks, texts)?;
        for (i, part) in section.subsections.iter().enumerate() {
            self.section(part, &format!("{number}.{}", i + 1), texts)?;
        }
        Ok(())
    }

    fn blocks<'a>(&mut self, blocks: &'a [Block], texts: &mut Vec<&'a Text>) -> Result<(), ReportError> {
        blocks.iter().try_for_each(|block| self.block(block, texts))
    }

    fn block<'a>(&mut self, block: &'a Block, texts: &mut Vec<&'a Text>) -> Result<(), ReportError> {
        match block {
            Block::Paragraph(text) => texts.push(text),
            Block::List { items, .. } => texts.extend(items),
            Block::Callout(callout) => {
                texts.push(&callout.title);
                self.blocks(&callout.blocks, texts)?;
            }
            Block::Verdicts(verdicts) => {
                for verdict in verdicts {
                    texts.push(&verdict.words);
                    texts.extend(&verdict.evidence);
                }
            }
            Block::KeyValues(pairs) => texts.extend(pairs.iter().flat_map(|(k, v)| [k, v])),
            Block::Table(table) => {
                let number = self.tables.values().filter(|&&n| n > 0).count() + 1;
                self.table(table, number, texts)?;
            }
            Block::Figure(figure) => {
                let number = self.figures.len() + 1;
                insert(&mut self.figures, "figure", &figure.id, number)?;
                texts.push(&figure.caption);
                if figure.description.trim().is_empty() {
                    return Err(ReportError::NoDescription(figure.id.clone()));
                }
                if let Some(table) = &figure.data {
                    self.table(table, 0, texts)?;
                }
            }
            Block::Code(_) => {}
            Block::Details { title, blocks } => {
                texts.push(title);
                self.blocks(blocks, texts)?;
            }
        }
        Ok(())
    }

    fn table<'a>(
        &mut self,
        table: &'a Table,
        number: usize,
        texts: &mut Vec<&'a Text>,
    ) -> Result<(), ReportError> {
        insert(&mut self.tables, "table", &table.id, number)?;
        texts.push(&table.caption);
        texts.extend(table.columns.iter().filter_map(|column| column.explanation.as_ref()));
        for (i, row) in table.rows.iter().enumerate() {
            if row.cells.len() != table.columns.len() {
                return Err(ReportError::RaggedTable {
                    table: table.id.clone(),
                    row: i + 1,
                    found: row.cells.len(),
                    expected: table.columns.len(),
                });
            }
            texts.extend(row.cells.iter().filter_map(|cell| match cell {
                Cell::Text(text) => Some(text),
                _ => None,
            }));
        }
        texts.extend(&table.notes);
        Ok(())
    }

    /// Numbers the citations of a text and checks its cross-references.
    fn resolve(&mut self, text: &Text, known: &BTreeSet<&str>) -> Result<(), ReportError> {
        let dangling = |kind, id: &String| Err(ReportError::Dangling { kind, id: id.clone() });
        for span in &text.spans {
            match span {
                Span::SeeSection(id) if !self.sections.contains_key(id) => return dangling("section", id),
                Span::SeeTable(id) if self.table_number(id) == 0 => return dangling("table", id),
                Span::SeeFigure(id) if !self.figures.contains_key(id) => return dangling("figure", id),
                Span::Cite(keys) => {
                    for key in keys {
                        if !known.contains(&**key) {
                            return dangling("reference", key);
                        }
                        if !self.citations.contains_key(key) {
                            self.order.push(key.clone());
                            self.citations.insert(key.clone(), self.order.len());
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Adds an id that is well-formed and new.
fn insert<T>(
    map: &mut BTreeMap<String, T>,
    kind: &'static str,
    id: &str,
    number: T,
) -> Result<(), ReportError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if id.is_empty() || id.len() > 120 || !id.bytes().all(plain) {
        return Err(ReportError::BadId { kind, id: id.into() });
    }
    match map.insert(id.into(), number) {
        Some(_) => Err(ReportError::DuplicateId { kind, id: id.into() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Compose, Reference};
    use super::*;

    fn table(id: &str) -> Table {
        Table::new(id, "Caption.", ["A", "B"]).row(["1", "2"])
    }

    #[test]
    fn numbers_follow_the_reading_order() {
        let document = Document::new("T")
            .references([Reference::new("a", "A"), Reference::new("b", "B"), Reference::new("c", "C")])
            .section(Section::new("one", "One").paragraph(Text::marked("[@b], [table:second]")))
            .section(
                Section::new("two", "Two")
                    .subsection(Section::new("part", "Part").table(table("first")))
                    .subsection(
                        Section::new("rest", "Rest")
                            .table(table("second"))
                            .paragraph(Text::marked("[section:rest] [@a; @b]")),
                    ),
            );
        let index = document.index().unwrap();
        assert_eq!(index.section_number("rest"), "2.2");
        assert_eq!((index.table_number("first"), index.table_number("second")), (1, 2));
        assert_eq!((index.citation_number("b"), index.citation_number("a")), (1, 2));
        assert_eq!(index.cited(), ["b", "a"]);
    }

    #[test]
    fn every_fault_has_its_error() {
        let with = |section: Section| Document::new("T").section(section).index().unwrap_err().to_string();
        let blank = || Section::new("s", "S");
        insta::assert_snapshot!([
            with(blank().table(table("a")).table(table("a"))),
            with(Section::new("Käse", "S")),
            with(blank().paragraph(Text::marked("[@nobody]"))),
            with(blank().paragraph(Text::marked("[figure:none]"))),
            with(blank().table(table("t").row(["alone"]))),
        ].join("\n"), @r#"
        the report has two tables with the id "a"
        "Käse" cannot be the id of a section
        the text refers to the reference "nobody", which the report does not have
        the text refers to the figure "none", which the report does not have
        row 2 of the table "t" has 1 cells, its header has 2
        "#);
    }
}
