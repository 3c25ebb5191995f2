//! What a storage promises, in SQLite, in a journal and in PostgreSQL, and what several workers may rely on.
//!
//! The tests on PostgreSQL need a server: `.ci/with-postgres cargo test` starts one. They skip, with a word, when
//! `PAUCAL_TEST_POSTGRES` is not set.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod contract;
mod crowd;
mod journal;
mod place;
mod postgres;
mod refusal;
