//! Tables: typed columns with explicit missing values, the schema that describes them, readers and
//! writers.
//!
//! A [`Table`] is columns of plain vectors plus a [`Schema`]. The schema is inferred by the readers,
//! printed by `paucal table audit`, saved as TOML that people may edit, and converted to and from SDV
//! metadata. What is written from a table has the columns, order, decimals and spelling of what was read.

pub mod error;
pub mod schema;
pub mod table;

pub use error::DataError;
pub use schema::{ColumnSpec, Kind, Layout, Schema};
pub use table::{Column, MISSING, Table, Values};
