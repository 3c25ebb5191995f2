//! `paucal table space`: what tuning would search.

use anyhow::Result;
use paucal_table::{method, tune};

use super::Roles;
use crate::cli::Space;
use crate::printer::text_table;
use crate::session::Session;

/// Prints the search space of a generator on a table.
pub fn run(session: &Session, arguments: &Space) -> Result<()> {
    let method = method(&arguments.model)?;
    let roles = Roles { target: Some(&arguments.target), ..Roles::default() };
    let table = super::read_table(session, &arguments.data, &arguments.reading, roles)?.table;
    let lines = tune::lines(&tune::space(method, &table, &session.generator(method))?);
    let rows: Vec<Vec<String>> =
        lines.iter().map(|l| vec![l.name.clone(), l.range.clone(), l.rationale.clone()]).collect();
    session.printer.result(&lines, &text_table(&["parameter", "range", "why"], &rows))
}
