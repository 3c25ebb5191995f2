//! The program and, for Rust users, the facade over the crates of Paucal.
//!
//! ```
//! use paucal::core::{Seed, Silent};
//! use paucal::table::{FitContext, method};
//!
//! let cancer = paucal::data::datasets::wdbc()?;
//! let generator = method("gaussian-copula")?.generator(&Default::default())?;
//! let fitted = generator.fit(&cancer, &FitContext::new(Seed(1), &Silent::new()))?;
//! assert_eq!(fitted.sample(10, &[], Seed(2))?.rows(), 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Inside, `cli` is what can be typed, `session` what was asked for, `commands` one file per verb,
//! `printer` and `progress` what the user sees.

mod cli;
mod commands;
mod error;
mod printer;
mod progress;
mod session;
mod summary;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use paucal_core::Cancel;

pub use paucal_core as core;
pub use paucal_data as data;
pub use paucal_evidence as evidence;
pub use paucal_learn as learn;
pub use paucal_metrics as metrics;
pub use paucal_nn as nn;
pub use paucal_report as report;
pub use paucal_table as table;
pub use paucal_tune as tune;

use cli::Cli;
use printer::{Level, Printer};
use session::Session;

/// Runs the program with these arguments (the first is its name) and tells how it ended: 0 done, 1
/// failed, 2 wrong usage, 130 stopped.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(message) => {
            // Help and version are answers, everything else is wrong usage; clap knows where each goes.
            let code = u8::from(message.use_stderr()) * 2;
            let _ = message.print();
            return ExitCode::from(code);
        }
    };
    report_panics();
    let outcome = act(cli.command, &cli.global);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let (hint, kind) = error::advice(&failure);
            Printer::new(Level::Normal, cli.global.json).error(&error::message(&failure), hint.as_deref());
            ExitCode::from(kind.code())
        }
    }
}

fn act(command: cli::Command, global: &cli::Global) -> anyhow::Result<()> {
    paucal_nn::device::check_processor()?;
    let session = Session::new(global, stop_on_interrupt())?;
    // On a thread of the pool, parallel parts need not be handed over to one and waited for.
    rayon::scope(|_| commands::run(&session, command))
}

/// A panic is a fault of ours and is reported as one. The libraries that read Excel and Parquet files panic on
/// some damaged files; the reader catches that and reports the file, so nothing is said here.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        if ["calamine", "parquet"].iter().any(|library| place.contains(library)) {
            return;
        }
        let message = panic.payload_as_str().unwrap_or("no message");
        Printer::new(Level::Normal, false).error(
            &format!("internal fault at {place}: {message}"),
            Some("please report this with the command that led to it"),
        );
    }));
}

/// The first Ctrl-C asks for a clean stop at the next checkpoint, the second ends the program at once.
fn stop_on_interrupt() -> Cancel {
    let cancel = Cancel::new();
    let flag = cancel.clone();
    // Without a handler Ctrl-C still ends the program, only less gently.
    let _ = ctrlc::set_handler(move || {
        if flag.requested() {
            std::process::exit(130);
        }
        flag.request();
    });
    cancel
}
