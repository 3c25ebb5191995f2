//! The program as its users meet it: commands, exit codes, messages, files.

mod audit;
mod bad_input;
mod demo;
mod fit_sample;
mod help;
mod judge;
mod prove;
mod support;
