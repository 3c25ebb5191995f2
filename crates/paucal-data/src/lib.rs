//! Tables: typed columns with explicit missing values, the schema that describes them, readers and
//! writers.
//!
//! A [`Table`] is columns of plain vectors plus a [`Schema`]. The schema is inferred by the readers,
//! printed by `paucal table audit`, saved as TOML that people may edit, and converted to and from SDV
//! metadata. What is written from a table has the columns, order, decimals and spelling of what was read.

mod align;
pub mod cell;
pub mod constraints;
pub mod datasets;
pub mod error;
pub mod finding;
pub mod infer;
pub mod read;
pub mod schema;
pub mod sdv;
pub mod table;
pub mod write;

pub use align::align;
pub use error::DataError;
pub use finding::{Finding, Topic, Weight};
pub use read::{Header, Read, ReadOptions, UnknownLevels, read, read_bytes, read_like};
pub use schema::{ColumnSpec, Kind, Layout, Schema};
pub use table::{Column, MISSING, Table, Values};
pub use write::{write, write_csv, write_parquet};
