//! The program as its users meet it: commands, exit codes, messages, files.

#![allow(clippy::unwrap_used)]

mod audit;
mod bad_input;
mod beats;
mod compare;
mod constraints;
mod demo;
mod ecg;
mod ecg_model;
mod fit_sample;
mod help;
mod judge;
mod prove;
mod snapshots;
mod support;
mod tune;
