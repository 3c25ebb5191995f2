//! What sections are made of.

use super::table::Table;
use super::text::Text;
use crate::figure::Drawing;

/// Why a passage is set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalloutKind {
    /// What was found.
    Finding,
    /// What the reader must beware of.
    Caution,
    /// What the result cannot say.
    Limit,
    /// What the terms mean.
    Explanation,
}

/// A passage set apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Callout {
    /// Why it is set apart.
    pub kind: CalloutKind,
    /// Its heading.
    pub title: Text,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// The answer to one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The evidence supports it.
    Yes,
    /// The evidence allows either.
    Unclear,
    /// The evidence speaks against it.
    No,
    /// It was not looked at.
    NotAssessed,
}

/// One line of the verdict: a question, its answer in words and the evidence for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The question, e.g. "Did augmentation help?".
    pub question: String,
    /// Which sign stands beside the answer; never the answer itself.
    pub answer: Answer,
    /// The answer in words.
    pub words: Text,
    /// Numbers with intervals and their reference.
    pub evidence: Option<Text>,
}

impl Verdict {
    /// A verdict without its numbers.
    pub fn new(question: impl Into<String>, answer: Answer, words: impl Into<Text>) -> Self {
        Self { question: question.into(), answer, words: words.into(), evidence: None }
    }

    /// With the numbers it rests on.
    pub fn evidence(mut self, evidence: impl Into<Text>) -> Self {
        self.evidence = Some(evidence.into());
        self
    }
}

/// A picture with its words.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Names the SVG file and the anchor: lower-case letters, digits and hyphens.
    pub id: String,
    /// What it shows, for everyone.
    pub caption: Text,
    /// What is to be seen in it, for those who do not see it.
    pub description: String,
    /// The picture.
    pub drawing: Drawing,
    /// Its numbers, folded below it and exported.
    pub data: Option<Table>,
}

impl Figure {
    /// A figure.
    pub fn new(
        id: impl Into<String>,
        caption: impl Into<Text>,
        description: impl Into<String>,
        drawing: Drawing,
    ) -> Self {
        Self { id: id.into(), caption: caption.into(), description: description.into(), drawing, data: None }
    }

    /// With its numbers as a table below.
    pub fn data(mut self, table: Table) -> Self {
        self.data = Some(table.folded());
        self
    }
}

/// One thing after another.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Text),
    /// A list.
    List {
        /// Whether the items are numbered.
        ordered: bool,
        /// The items.
        items: Vec<Text>,
    },
    /// A passage set apart.
    Callout(Callout),
    /// Answers to the questions the report is about.
    Verdicts(Vec<Verdict>),
    /// Names with values.
    KeyValues(Vec<(Text, Text)>),
    /// A table.
    Table(Table),
    /// A figure.
    Figure(Box<Figure>),
    /// A command or file, line by line.
    Code(String),
    /// A passage folded away until asked for.
    Details {
        /// What is always seen.
        title: Text,
        /// What is folded.
        blocks: Vec<Block>,
    },
}

impl From<Table> for Block {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

impl From<Figure> for Block {
    fn from(figure: Figure) -> Self {
        Self::Figure(Box::new(figure))
    }
}

impl From<Callout> for Block {
    fn from(callout: Callout) -> Self {
        Self::Callout(callout)
    }
}

impl From<Text> for Block {
    fn from(text: Text) -> Self {
        Self::Paragraph(text)
    }
}

/// Anything that blocks can be added to, in builder style.
pub trait Compose: Sized {
    /// Appends a block.
    fn block(self, block: impl Into<Block>) -> Self;

    /// Appends several blocks.
    fn blocks<B: Into<Block>>(self, blocks: impl IntoIterator<Item = B>) -> Self {
        blocks.into_iter().fold(self, Self::block)
    }

    /// Appends what there is, or nothing.
    fn maybe(self, block: Option<impl Into<Block>>) -> Self {
        match block {
            Some(block) => self.block(block),
            None => self,
        }
    }

    /// Appends a paragraph.
    fn paragraph(self, text: impl Into<Text>) -> Self {
        self.block(Block::Paragraph(text.into()))
    }

    /// Appends a bulleted list; an empty one is left out.
    fn list<T: Into<Text>>(self, items: impl IntoIterator<Item = T>) -> Self {
        self.listed(false, items.into_iter().map(Into::into).collect())
    }

    /// Appends a numbered list; an empty one is left out.
    fn numbered<T: Into<Text>>(self, items: impl IntoIterator<Item = T>) -> Self {
        self.listed(true, items.into_iter().map(Into::into).collect())
    }

    /// Appends a list; an empty one is left out.
    fn listed(self, ordered: bool, items: Vec<Text>) -> Self {
        if items.is_empty() { self } else { self.block(Block::List { ordered, items }) }
    }

    /// Appends the verdict lines.
    fn verdicts(self, verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        self.block(Block::Verdicts(verdicts.into_iter().collect()))
    }

    /// Appends names with values.
    fn key_values<K: Into<Text>, V: Into<Text>>(self, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        self.block(Block::KeyValues(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect()))
    }

    /// Appends a table.
    fn table(self, table: Table) -> Self {
        self.block(table)
    }

    /// Appends a figure.
    fn figure(self, figure: Figure) -> Self {
        self.block(figure)
    }

    /// Appends a command or file.
    fn code(self, lines: impl Into<String>) -> Self {
        self.block(Block::Code(lines.into()))
    }

    /// Appends a passage of one paragraph set apart.
    fn callout(self, kind: CalloutKind, title: impl Into<Text>, text: impl Into<Text>) -> Self {
        self.block(Callout { kind, title: title.into(), blocks: vec![Block::Paragraph(text.into())] })
    }

    /// Appends what was found.
    fn finding(self, title: impl Into<Text>, text: impl Into<Text>) -> Self {
        self.callout(CalloutKind::Finding, title, text)
    }

    /// Appends what the reader must beware of.
    fn caution(self, title: impl Into<Text>, text: impl Into<Text>) -> Self {
        self.callout(CalloutKind::Caution, title, text)
    }

    /// Appends what the result cannot say.
    fn limit(self, title: impl Into<Text>, text: impl Into<Text>) -> Self {
        self.callout(CalloutKind::Limit, title, text)
    }

    /// Appends what the terms mean.
    fn explanation(self, title: impl Into<Text>, text: impl Into<Text>) -> Self {
        self.callout(CalloutKind::Explanation, title, text)
    }

    /// Appends a passage that is folded away until asked for.
    fn details(self, title: impl Into<Text>, content: Blocks) -> Self {
        self.block(Block::Details { title: title.into(), blocks: content.0 })
    }
}

/// Blocks that stand in no section of their own: the summary, a folded passage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Blocks(pub Vec<Block>);

impl Blocks {
    /// No blocks yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Compose for Blocks {
    fn block(mut self, block: impl Into<Block>) -> Self {
        self.0.push(block.into());
        self
    }
}
