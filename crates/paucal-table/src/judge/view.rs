//! Tables as the metrics see them: the modelled columns as plain slices.

use paucal_data::{Column, Table, Values};
use paucal_metrics::Undefined;
use paucal_metrics::column as metric;

/// The modelled columns (numbers and levels; no ids, no text, not the group column) of a table.
pub(crate) fn columns(table: &Table) -> impl Iterator<Item = Column<'_>> {
    let group = table.schema().group.as_deref();
    table.columns().filter(move |c| c.spec.kind.is_modelled() && Some(c.spec.name.as_str()) != group)
}

/// The same columns, checked, in the form that metrics take.
pub(crate) fn view(table: &Table) -> Result<metric::Table<'_>, Undefined> {
    metric::Table::new(columns(table).filter_map(slice).collect())
}

/// One column as a slice; `None` for text.
pub(super) fn slice(column: Column<'_>) -> Option<metric::Column<'_>> {
    match column.values {
        Values::Number(values) => Some(metric::Column::Number(values)),
        Values::Code(codes) => Some(metric::Column::Category { codes, levels: column.level_count() }),
        Values::Text(_) => None,
    }
}
