//! Tables as HTML.

use maud::{Markup, html};

use super::text;
use crate::document::{Better, Cell, Column, Index, Row, Table};
use crate::number;

/// Columns from which a table is likely to be wider than a narrow screen.
const WIDE: usize = 5;

/// A table with its number, caption and notes.
pub(super) fn render(table: &Table, index: &Index) -> Markup {
    if !table.folded {
        return html! { div.exhibit id={ "table-" (table.id) } { (body(table, index)) } };
    }
    let rows = if table.rows.len() == 1 { "row" } else { "rows" };
    html! {
        div.exhibit id={ "table-" (table.id) } {
            details {
                summary {
                    @match index.table_number(&table.id) {
                        0 => "The numbers in this figure",
                        number => { "Table " (number) ": " (first_sentence(&table.caption.to_plain())) }
                    }
                    " (" (number::count(table.rows.len())) " " (rows) ")"
                }
                (body(table, index))
            }
        }
    }
}

fn first_sentence(caption: &str) -> String {
    let end = caption.find(". ").unwrap_or(caption.len());
    caption[..end].trim_end_matches('.').into()
}

fn body(table: &Table, index: &Index) -> Markup {
    let reasons = reasons(table);
    let caption_id = format!("table-{}-caption", table.id);
    let wide = table.columns.len() >= WIDE;
    let grid = html! {
        table {
            caption id=(caption_id) {
                span.fit {
                    @match index.table_number(&table.id) {
                        0 => {}
                        number => { span.number { "Table " (number) "." } " " }
                    }
                    (text::render(&table.caption, index))
                }
            }
            thead { tr { @for (i, column) in table.columns.iter().enumerate() { (heading(table, column, i)) } } }
            tbody { @for row in &table.rows { (body_row(table, row, &reasons, index)) } }
        }
    };
    html! {
        @if wide {
            div.scroll role="region" tabindex="0" aria-labelledby=(caption_id) { (grid) }
        } @else {
            div.scroll { (grid) }
        }
        (notes(table, &reasons, index))
    }
}

fn heading(table: &Table, column: &Column, i: usize) -> Markup {
    html! {
        th class=[table.is_right(i).then_some("right")] scope="col" {
            (column.name)
            @if let Some(unit) = &column.unit { span.unit { (unit) } }
            @match column.better {
                Some(Better::Higher) => span.better { "higher is better" },
                Some(Better::Lower) => span.better { "lower is better" },
                None => {}
            }
        }
    }
}

fn body_row(table: &Table, row: &Row, reasons: &[&str], index: &Index) -> Markup {
    html! {
        tr class=[row.emphasised.then_some("emphasised")] {
            @for (i, cell) in row.cells.iter().enumerate() {
                @let content = content(table, cell, reasons, index);
                @let class = table.is_right(i).then_some("right");
                @if i == 0 {
                    th class=[class] scope="row" { (content) }
                } @else {
                    td class=[class] { (content) }
                }
            }
        }
    }
}

fn content(table: &Table, cell: &Cell, reasons: &[&str], index: &Index) -> Markup {
    match cell {
        Cell::Text(words) => text::render(words, index),
        Cell::Missing(reason) => {
            let place = reasons.iter().position(|r| r == reason).unwrap_or(0);
            html! {
                span.missing {
                    "not computed"
                    sup { a href={ "#table-" (table.id) "-note-" (place + 1) } { (letter(place)) } }
                }
            }
        }
        Cell::Estimate(_) | Cell::Difference(_) => {
            let words = cell.to_plain();
            let Some((value, interval)) = words.split_once(' ') else { return html! { (words) } };
            html! { (value) " " span.interval { (interval) } }
        }
        _ => html! { (&cell.to_plain()) },
    }
}

/// Reasons for missing cells, each once, in reading order.
fn reasons(table: &Table) -> Vec<&str> {
    let mut reasons: Vec<&str> = Vec::new();
    for cell in table.rows.iter().flat_map(|row| &row.cells) {
        if let Cell::Missing(reason) = cell
            && !reasons.contains(&reason.as_str())
        {
            reasons.push(reason);
        }
    }
    reasons
}

/// The mark of a note: a to z, then numbers.
fn letter(place: usize) -> String {
    match u8::try_from(place) {
        Ok(place) if place < 26 => char::from(b'a' + place).into(),
        _ => (place + 1).to_string(),
    }
}

fn notes(table: &Table, reasons: &[&str], index: &Index) -> Markup {
    let explained = || table.columns.iter().filter_map(|c| c.explanation.as_ref().map(|e| (c, e)));
    if table.notes.is_empty() && reasons.is_empty() && explained().next().is_none() {
        return html! {};
    }
    html! {
        ul.notes role="list" {
            @for (column, explanation) in explained() {
                li { strong { (column.name) } ": " (text::render(explanation, index)) }
            }
            @for note in &table.notes { li { (text::render(note, index)) } }
            @for (i, reason) in reasons.iter().enumerate() {
                li id={ "table-" (table.id) "-note-" (i + 1) } {
                    sup { (letter(i)) } "not computed: " (reason)
                }
            }
        }
    }
}
