//! Parity with SDMetrics 0.32 (MIT): the same names, formulae and edge conventions, so that scores
//! can be put beside published ones. All scores are in `[0, 1]`, higher is better.
//!
//! Where SDMetrics returns NaN or raises, these functions return [`crate::Undefined`]. SDMetrics
//! draws a random sample of 50,000 rows for contingency tables in its reports; here all rows count,
//! so that the same tables always give the same score.

pub mod column;
pub mod pair;
pub mod report;
pub mod row;

pub use column::{
    boundary_adherence, category_adherence, category_coverage, key_uniqueness, ks_complement,
    missing_value_similarity, range_coverage, statistic_similarity, tv_complement,
};
pub use pair::{Binning, Correlation, contingency_similarity, correlation_similarity};
pub use report::{Convention, Diagnostic, Quality, diagnostic, quality};
pub use row::{new_row_synthesis, table_structure};
