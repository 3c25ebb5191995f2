//! Scores as cells.

use paucal_metrics::Score;

use crate::document::Cell;

/// A score with decimals, or the reason why there is none.
pub fn cell(score: &Score, decimals: usize) -> Cell {
    match (score.value(), score.undefined()) {
        (Some(value), _) => Cell::decimals(value, decimals),
        (None, Some(reason)) => Cell::Missing(reason.to_string()),
        (None, None) => Cell::Empty,
    }
}

/// A score of a hold-out that may not be there.
pub fn held(score: Option<&Score>, decimals: usize) -> Cell {
    score.map_or_else(|| Cell::Missing("no hold-out".into()), |score| cell(score, decimals))
}

/// A score in running text.
pub fn words(score: &Score) -> String {
    score.value().map_or_else(|| "not computed".into(), |value| crate::number::fixed(value, 3))
}
