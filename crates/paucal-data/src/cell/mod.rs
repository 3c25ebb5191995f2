//! What the text of one cell means: missing, a number, a moment.
//!
//! Readers and writers share these rules, so that what is written is what was read.

pub mod datetime;
pub mod missing;
pub mod number;
