//! One self-contained HTML file from a [`Document`].
//!
//! The page has no script, loads nothing (its content security policy forbids it) and reads well in light,
//! dark, print, on a phone and through a screen reader: one `h1`, a skip link, nested headings with numbers,
//! tables with captions and header cells, figures as inline SVG with title and description.

mod block;
mod table;
mod text;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::ReportError;
use crate::document::{Document, Index, Reference, Section};
use crate::figure::Hue;

const STYLE: &str = include_str!("style.css");

/// Nothing may be loaded and nothing may run; styles stand in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The whole page.
pub fn render(document: &Document) -> Result<String, ReportError> {
    let index = document.index()?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(document))
            body {
                a.skip href="#report" { "Skip to the report" }
                header.masthead {
                    p.kind { "Paucal report" }
                    h1 { (document.title) }
                    @if let Some(subtitle) = &document.subtitle {
                        p.subtitle { (text::render(subtitle, &index)) }
                    }
                }
                main #report tabindex="-1" {
                    @if !document.summary.is_empty() {
                        section.summary aria-labelledby="summary" {
                            h2 #summary { "Summary" }
                            (block::render_all(&document.summary, &index))
                        }
                    }
                    (contents(document, &index))
                    div.body {
                        @for part in &document.sections { (section(part, &index, 2)) }
                        (references(document, &index))
                    }
                }
                (foot(document, &index))
            }
        }
    };
    Ok(without_controls(&page.into_string()))
}

/// The page without the control characters that HTML forbids and names from users may contain.
fn without_controls(page: &str) -> String {
    let shown = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c };
    page.chars().map(shown).collect()
}

fn head(document: &Document) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="referrer" content="no-referrer";
            meta name="generator" content="paucal";
            title { (document.title) }
            style { (PreEscaped(STYLE)) (PreEscaped(dark_figures())) }
        }
    }
}

/// The rules that give figures the colours of the dark page.
fn dark_figures() -> String {
    let rule = |hue: &Hue| {
        let (class, colour) = (hue.class(), hue.dark());
        format!(".fig .f-{class}{{fill:{colour}}}.fig .s-{class}{{stroke:{colour}}}")
    };
    let rules: String = Hue::ALL.iter().map(rule).collect();
    format!("@media screen and (prefers-color-scheme: dark){{{rules}}}\n")
}

fn contents(document: &Document, index: &Index) -> Markup {
    html! {
        nav.contents aria-labelledby="contents" {
            h2 #contents { "Contents" }
            ol {
                @if !document.summary.is_empty() { li { a href="#summary" { "Summary" } } }
                @for part in &document.sections {
                    li {
                        (entry(part, index))
                        @if !part.subsections.is_empty() {
                            ol { @for sub in &part.subsections { li { (entry(sub, index)) } } }
                        }
                    }
                }
                @if !index.cited().is_empty() { li { a href="#references" { "References" } } }
                @if !document.provenance.is_empty() { li { a href="#provenance" { "About this file" } } }
            }
        }
    }
}

fn entry(section: &Section, index: &Index) -> Markup {
    html! {
        a href={ "#section-" (section.id) } {
            span.secno { (index.section_number(&section.id)) } " "
            (section.title)
        }
    }
}

fn section(part: &Section, index: &Index, level: usize) -> Markup {
    let id = format!("section-{}", part.id);
    let heading = html! { span.secno { (index.section_number(&part.id)) } " " (part.title) };
    html! {
        section aria-labelledby=(id) {
            @match level {
                2 => { h2 id=(id) { (heading) } }
                3 => { h3 id=(id) { (heading) } }
                4 => { h4 id=(id) { (heading) } }
                _ => { h5 id=(id) { (heading) } }
            }
            (block::render_all(&part.blocks, index))
            @for sub in &part.subsections { (section(sub, index, level + 1)) }
        }
    }
}

fn references(document: &Document, index: &Index) -> Markup {
    let find = |key: &String| document.references.iter().find(|r| r.key == *key);
    let cited: Vec<&Reference> = index.cited().iter().filter_map(find).collect();
    html! {
        @if !cited.is_empty() {
            section aria-labelledby="references" {
                h2 #references { "References" }
                ol.references {
                    @for (i, reference) in cited.iter().enumerate() {
                        li id={ "reference-" (i + 1) } {
                            (reference.citation)
                            @if let Some(address) = &reference.address {
                                " " a href=(address) { (address.trim_start_matches("https://")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn foot(document: &Document, index: &Index) -> Markup {
    html! {
        @if !document.provenance.is_empty() {
            footer {
                h2 #provenance { "About this file" }
                dl.pairs {
                    @for (name, value) in &document.provenance {
                        dt { (text::render(name, index)) }
                        dd { (text::render(value, index)) }
                    }
                }
            }
        }
    }
}
