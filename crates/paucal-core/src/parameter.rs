//! A parameter in the registry of a method: what help texts, reference pages and method appendices say of it.

use serde::Serialize;

/// A parameter of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Name in configurations.
    pub name: &'static str,
    /// Default, as it is written in a configuration of the method's crate (TOML; JSON, with `null` for "none").
    pub default: &'static str,
    /// What it means, in one line, with its range where that is not plain.
    pub meaning: &'static str,
}

/// A parameter of a list.
pub const fn parameter(name: &'static str, default: &'static str, meaning: &'static str) -> Parameter {
    Parameter { name, default, meaning }
}
