//! Blocks as HTML.

use maud::{Markup, PreEscaped, html};

use super::{table, text};
use crate::document::{Answer, Block, Callout, CalloutKind, Figure, Index, Verdict};

/// Width up to which a figure needs no scroll box on a phone.
const NARROW: f64 = 480.0;

/// Blocks in their order.
pub(super) fn render_all(blocks: &[Block], index: &Index) -> Markup {
    html! { @for block in blocks { (render(block, index)) } }
}

fn render(block: &Block, index: &Index) -> Markup {
    match block {
        Block::Paragraph(words) => html! { p { (text::render(words, index)) } },
        Block::List { ordered: true, items } => html! {
            ol { @for item in items { li { (text::render(item, index)) } } }
        },
        Block::List { ordered: false, items } => html! {
            ul { @for item in items { li { (text::render(item, index)) } } }
        },
        Block::Callout(passage) => callout(passage, index),
        Block::Verdicts(verdicts) => html! {
            dl.verdicts { @for one in verdicts { (verdict(one, index)) } }
        },
        Block::KeyValues(pairs) => html! {
            dl.pairs {
                @for (name, value) in pairs {
                    dt { (text::render(name, index)) }
                    dd { (text::render(value, index)) }
                }
            }
        },
        Block::Table(grid) => table::render(grid, index),
        Block::Figure(picture) => figure(picture, index),
        Block::Code(lines) => html! {
            div.scroll tabindex="0" role="region" aria-label="Code" { pre { code { (lines) } } }
        },
        Block::Details { title, blocks } => html! {
            details { summary { (text::render(title, index)) } (render_all(blocks, index)) }
        },
    }
}

fn callout(passage: &Callout, index: &Index) -> Markup {
    let (class, kind) = match passage.kind {
        CalloutKind::Finding => ("finding", "Finding"),
        CalloutKind::Caution => ("caution", "Caution"),
        CalloutKind::Limit => ("limit", "Limit of the evidence"),
        CalloutKind::Explanation => ("explanation", "In plain words"),
    };
    html! {
        div class={ "callout " (class) } role="note" {
            p.callout-title { span.callout-kind { (kind) } " " (text::render(&passage.title, index)) }
            (render_all(&passage.blocks, index))
        }
    }
}

fn verdict(one: &Verdict, index: &Index) -> Markup {
    let (class, badge) = match one.answer {
        Answer::Yes => ("yes", "Yes."),
        Answer::Unclear => ("unclear", "Unclear."),
        Answer::No => ("no", "No."),
        Answer::NotAssessed => ("skipped", "Not assessed."),
    };
    html! {
        div class={ "verdict " (class) } {
            dt { (&one.question) }
            dd.answer { (icon(one.answer)) span.badge { (badge) } " " (text::render(&one.words, index)) }
            @if let Some(evidence) = &one.evidence { dd.evidence { (text::render(evidence, index)) } }
        }
    }
}

/// A sign beside the answer; the words say the same, so screen readers skip it.
fn icon(answer: Answer) -> Markup {
    let shape = match answer {
        Answer::Yes => {
            "<circle cx='12' cy='12' r='11' fill='currentColor'/><path d='M6.5 12.5l3.7 3.7 7.3-8' fill='none' stroke='var(--paper)' stroke-width='2.4'/>"
        }
        Answer::Unclear => {
            "<circle cx='12' cy='12' r='10' fill='none' stroke='currentColor' stroke-width='2'/><path d='M12 2a10 10 0 0 1 0 20z' fill='currentColor'/>"
        }
        Answer::No => {
            "<rect x='1.5' y='1.5' width='21' height='21' rx='3' fill='currentColor'/><path d='M7 7l10 10M17 7L7 17' fill='none' stroke='var(--paper)' stroke-width='2.4'/>"
        }
        Answer::NotAssessed => {
            "<circle cx='12' cy='12' r='10' fill='none' stroke='currentColor' stroke-width='2' stroke-dasharray='3 2.5'/>"
        }
    };
    html! { svg viewBox="0 0 24 24" aria-hidden="true" { (PreEscaped(shape)) } }
}

fn figure(picture: &Figure, index: &Index) -> Markup {
    let number = index.figure_number(&picture.id);
    let title = format!("Figure {number}");
    let svg = picture.drawing.inline(&format!("figure-{}", picture.id), &title, &picture.description);
    let narrow = picture.drawing.width <= NARROW;
    let svg = if narrow { svg.replacen("class=\"fig\"", "class=\"fig narrow\"", 1) } else { svg };
    html! {
        figure id={ "figure-" (picture.id) } {
            figcaption { span.number { "Figure " (number) "." } " " (text::render(&picture.caption, index)) }
            div.scroll { (PreEscaped(svg)) }
            @if let Some(data) = &picture.data { (table::render(data, index)) }
        }
    }
}
