//! Running text.

/// A stretch of text with one meaning.
#[derive(Debug, Clone, PartialEq)]
pub enum Span {
    /// Ordinary words.
    Plain(String),
    /// Words to stress.
    Emphasis(String),
    /// Words to find at a glance.
    Strong(String),
    /// A name from the data, a command or an option.
    Code(String),
    /// A link out of the report; the words and the address.
    Link(String, String),
    /// A citation: keys of references, printed as numbers in brackets.
    Cite(Vec<String>),
    /// "Section 2.1", by the section's id.
    SeeSection(String),
    /// "Table 3", by the table's id.
    SeeTable(String),
    /// "Figure 4", by the figure's id.
    SeeFigure(String),
}

/// Running text: words with emphasis, names, links, citations and cross-references.
///
/// Text from users (column names, levels, file names) goes through [`Text::code`] or [`Text::plain`], which
/// take it literally. [`Text::marked`] reads a little markup and is meant for words of our own.
///
/// ```
/// use paucal_report::document::Text;
/// let text = Text::new().plain("The column ").code("*bp*").plain(" is ").strong("constant").plain(".");
/// assert_eq!(text.to_plain(), "The column *bp* is constant.");
/// assert_eq!(text, Text::new().plain("The column ").code("*bp*").marked_on(" is **constant**."));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Text {
    /// The stretches, in reading order.
    pub spans: Vec<Span>,
}

impl Text {
    /// Empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a span.
    pub fn span(mut self, span: Span) -> Self {
        self.spans.push(span);
        self
    }

    /// Appends words, literally.
    pub fn plain(self, words: impl Into<String>) -> Self {
        self.span(Span::Plain(words.into()))
    }

    /// Appends stressed words, literally.
    pub fn emphasis(self, words: impl Into<String>) -> Self {
        self.span(Span::Emphasis(words.into()))
    }

    /// Appends strong words, literally.
    pub fn strong(self, words: impl Into<String>) -> Self {
        self.span(Span::Strong(words.into()))
    }

    /// Appends a name or command, literally.
    pub fn code(self, words: impl Into<String>) -> Self {
        self.span(Span::Code(words.into()))
    }

    /// Appends a link. Only `https:` and `http:` addresses become links; others stay words.
    pub fn link(self, words: impl Into<String>, address: impl Into<String>) -> Self {
        let (words, address) = (words.into(), address.into());
        if address.starts_with("https://") || address.starts_with("http://") {
            self.span(Span::Link(words, address))
        } else {
            self.plain(words)
        }
    }

    /// Appends a citation of one reference.
    pub fn cite(self, key: impl Into<String>) -> Self {
        self.span(Span::Cite(vec![key.into()]))
    }

    /// Appends "Section 2.1".
    pub fn see_section(self, id: impl Into<String>) -> Self {
        self.span(Span::SeeSection(id.into()))
    }

    /// Appends "Table 3".
    pub fn see_table(self, id: impl Into<String>) -> Self {
        self.span(Span::SeeTable(id.into()))
    }

    /// Appends "Figure 4".
    pub fn see_figure(self, id: impl Into<String>) -> Self {
        self.span(Span::SeeFigure(id.into()))
    }

    /// Reads `*emphasis*`, `**strong**`, `` `code` ``, `[@key; @other]`, `[section:id]`, `[table:id]` and
    /// `[figure:id]`. A mark without its partner stays as it stands.
    pub fn marked(source: &str) -> Self {
        Self::new().marked_on(source)
    }

    /// Appends text with the markup of [`Text::marked`].
    pub fn marked_on(mut self, source: &str) -> Self {
        let mut plain = String::new();
        let mut rest = source;
        while let Some(first) = rest.chars().next() {
            if let Some((span, after)) = read_mark(rest) {
                if !plain.is_empty() {
                    self.spans.push(Span::Plain(std::mem::take(&mut plain)));
                }
                self.spans.push(span);
                rest = after;
            } else {
                plain.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        if !plain.is_empty() {
            self.spans.push(Span::Plain(plain));
        }
        self
    }

    /// Whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The words without marks; citations and cross-references are left out.
    pub fn to_plain(&self) -> String {
        let words = |span: &Span| match span {
            Span::Plain(w) | Span::Emphasis(w) | Span::Strong(w) | Span::Code(w) | Span::Link(w, _) => {
                w.clone()
            }
            _ => String::new(),
        };
        self.spans.iter().map(words).collect()
    }
}

impl<T: Into<String>> From<T> for Text {
    fn from(words: T) -> Self {
        Self::new().plain(words)
    }
}

/// The mark at the start of `rest`, if one stands there, and what follows it.
fn read_mark(rest: &str) -> Option<(Span, &str)> {
    let enclosed = |open: &str, close: &str| {
        let inside = rest.strip_prefix(open)?;
        let end = inside.find(close).filter(|&end| end > 0)?;
        Some((&inside[..end], &inside[end + close.len()..]))
    };
    if let Some((words, after)) = enclosed("`", "`") {
        return Some((Span::Code(words.into()), after));
    }
    if let Some((words, after)) = enclosed("**", "**") {
        return Some((Span::Strong(words.into()), after));
    }
    if let Some((words, after)) = enclosed("*", "*") {
        // "2 * 3 * 4" is arithmetic.
        let tight = !words.starts_with([' ', '*']) && !words.ends_with(' ');
        return tight.then(|| (Span::Emphasis(words.into()), after));
    }
    let (inside, after) = enclosed("[", "]")?;
    Some((read_bracket(inside)?, after))
}

/// A citation or cross-reference.
fn read_bracket(inside: &str) -> Option<Span> {
    if inside.starts_with('@') {
        let keys: Option<Vec<String>> =
            inside.split(';').map(|key| key.trim().strip_prefix('@').map(Into::into)).collect();
        return keys.map(Span::Cite);
    }
    let (kind, id) = inside.split_once(':')?;
    match kind {
        "section" => Some(Span::SeeSection(id.into())),
        "table" => Some(Span::SeeTable(id.into())),
        "figure" => Some(Span::SeeFigure(id.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_read_and_half_marks_stay() {
        let text = Text::marked("A *b* **c** `d*` [@e; @f] [table:g], 2 * 3 * 4 [x] `open");
        let expected = Text::new()
            .plain("A ")
            .emphasis("b")
            .plain(" ")
            .strong("c")
            .plain(" ")
            .code("d*")
            .plain(" ")
            .span(Span::Cite(vec!["e".into(), "f".into()]))
            .plain(" ")
            .see_table("g")
            .plain(", 2 * 3 * 4 [x] `open");
        assert_eq!(text, expected);
    }

    #[test]
    fn only_web_addresses_become_links() {
        let text = Text::new().link("a", "javascript:alert(1)").link("b", "https://example.org");
        assert_eq!(text.spans[0], Span::Plain("a".into()));
        assert!(matches!(text.spans[1], Span::Link(..)));
    }
}
