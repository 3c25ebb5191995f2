//! The pages of `paucal ecg`.

pub mod audit;
pub mod detectors;
pub mod discover;
pub mod judge;
pub mod mine;
pub mod predict;
pub mod prepare;
pub mod prototypes;
pub mod review;
mod scores;
pub mod train;

use paucal_signal::ecg::prepare::LeftOut;

use crate::document::{Cell, Column, Table};

/// Recordings that could not be used, and why.
fn left_out(list: &[LeftOut]) -> Option<Table> {
    let columns = [Column::new("Recording"), Column::new("Why"), Column::new("What to do")];
    (!list.is_empty()).then(|| {
        Table::new("left-out", "Recordings that were left out.", columns).rows(list, |one| {
            let hint = one.hint.as_ref().map_or(Cell::Empty, |hint| Cell::text(hint.as_str()));
            [Cell::code(&one.record), Cell::text(one.reason.as_str()), hint]
        })
    })
}
