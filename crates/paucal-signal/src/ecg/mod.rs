//! The electrocardiogram.

pub mod detect;
