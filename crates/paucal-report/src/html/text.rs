//! Running text as HTML.

use maud::{Markup, html};

use crate::document::{Index, Span, Text};

/// Text with its emphasis, links, citations and cross-references.
pub(super) fn render(text: &Text, index: &Index) -> Markup {
    html! { @for span in &text.spans { (render_span(span, index)) } }
}

fn render_span(span: &Span, index: &Index) -> Markup {
    match span {
        Span::Plain(words) => html! { (words) },
        Span::Emphasis(words) => html! { em { (words) } },
        Span::Strong(words) => html! { strong { (words) } },
        Span::Code(words) => html! { code { (words) } },
        Span::Link(words, address) => html! { a href=(address) { (words) } },
        Span::Cite(keys) => citation(keys, index),
        Span::SeeSection(id) => html! {
            a href={ "#section-" (id) } { "Section " (index.section_number(id)) }
        },
        Span::SeeTable(id) => html! { a href={ "#table-" (id) } { "Table " (index.table_number(id)) } },
        Span::SeeFigure(id) => html! { a href={ "#figure-" (id) } { "Figure " (index.figure_number(id)) } },
    }
}

/// "[1, 4]", each number a link.
fn citation(keys: &[String], index: &Index) -> Markup {
    html! {
        span.cite {
            "["
            @for (i, key) in keys.iter().enumerate() {
                @let number = index.citation_number(key);
                @if i > 0 { ", " }
                a.cite href={ "#reference-" (number) } aria-label={ "reference " (number) } { (number) }
            }
            "]"
        }
    }
}
