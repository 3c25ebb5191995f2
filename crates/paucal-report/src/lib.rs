//! Reports: a document model, its rendering to one self-contained HTML file, figures as SVG and tables as CSV.
//!
//! The way through the crate is the way of a report: a page builder composes a [`document::Document`] from
//! sections and blocks, [`html::render`] turns it into one file that needs no network and no script, and
//! [`export::write`] puts that file, every table (CSV) and every figure (SVG) into a run folder.
//!
//! Nothing here computes results. Only [`pages`] knows what results there are.
//!
//! ```
//! use paucal_report::document::{Compose, Document, Section, Text};
//!
//! let document = Document::new("Does augmentation help?").section(
//!     Section::new("methods", "Methods")
//!         .paragraph(Text::marked("Folds keep the rows of one *patient* together [@varoquaux].")),
//! );
//! // Every citation needs its reference: rendering says so instead of printing a question mark.
//! assert!(paucal_report::html::render(&document).is_err());
//! ```

pub mod document;
pub mod error;
pub mod export;
pub mod figure;
pub mod html;
pub mod number;
pub mod pages;
#[cfg(feature = "png")]
pub mod png;

pub use document::{Compose, Document, Section, Text};
pub use error::ReportError;
pub use number::Estimate;
