//! `paucal demo`: the whole journey on embedded data.

mod ecg;
mod table;

use anyhow::Result;

use crate::cli::{Demo, DemoKind};
use crate::session::Session;

/// Shows a vertical.
pub fn run(session: &Session, arguments: &Demo) -> Result<()> {
    match arguments.kind {
        DemoKind::Table => table::run(session, &arguments.out),
        DemoKind::Ecg => ecg::run(session, &arguments.out),
    }
}
