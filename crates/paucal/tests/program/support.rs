//! A folder, a program to run in it, and small tables.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use paucal_core::{Seed, Stream};
use serde_json::Value;
use tempfile::TempDir;

/// A fresh folder in which the program runs.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("a file");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a text file")
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).expect("a JSON file")
    }

    /// The program with these arguments, split at spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paucal"));
        command.current_dir(self.0.path()).args(arguments.split_whitespace()).env("NO_COLOR", "1");
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &str) -> Ended {
        Ended::of(&self.command(arguments).output().expect("the program starts"))
    }

    /// Runs it and expects success.
    pub fn done(&self, arguments: &str) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "paucal {arguments}\n{}{}", ended.out, ended.err);
        ended
    }

    /// Runs it and expects a refusal: this exit code, an error and a hint, no panic.
    pub fn refused(&self, arguments: &str, code: i32) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code, code, "paucal {arguments}\n{}{}", ended.out, ended.err);
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
        assert!(ended.err.contains("error: "), "{}", ended.err);
        ended
    }
}

/// How a run ended.
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("JSON on standard output")
    }
}

/// A clinical table with `rows` rows, about one in five of them ill: a number with missing values that knows the
/// outcome, a whole number, a yes/no, a category with a rare level, the outcome, and two rows per patient.
pub fn clinic(rows: usize, seed: u64) -> String {
    let mut draws: Stream = Seed(seed).stream("clinic", 0);
    let mut csv = String::from("patient,marker,age,smoker,ward,outcome\n");
    for row in 0..rows {
        let ill = draws.uniform() < 0.2;
        let marker = draws.normal() + if ill { 2.0 } else { 0.0 };
        let marker = if draws.uniform() < 0.1 { String::new() } else { format!("{marker:.2}") };
        let age = 40 + draws.index(40);
        let smoker = if draws.uniform() < if ill { 0.6 } else { 0.3 } { "yes" } else { "no" };
        let ward =
            ["north", "south", "east", "attic"][if draws.uniform() < 0.03 { 3 } else { draws.index(3) }];
        let outcome = if ill { "ill" } else { "well" };
        let _ = writeln!(csv, "P{:04},{marker},{age},{smoker},{ward},{outcome}", row / 2);
    }
    csv
}
