//! `paucal models`: the registry, for people and as JSON.

use std::fmt::Write as _;

use anyhow::Result;
use paucal_core::parameter::Parameter;
use paucal_signal::ecg::{classify, detect};
use paucal_table::METHODS;
use serde::Serialize;

use crate::cli::Models;
use crate::error::UsageError;
use crate::session::{EcgSettings, Session};

/// A method of any kind.
#[derive(Serialize)]
struct Entry {
    name: &'static str,
    kind: &'static str,
    title: &'static str,
    summary: &'static str,
    paper: &'static str,
    parameters: Vec<Setting>,
}

/// One of its parameters.
#[derive(Serialize)]
struct Setting {
    name: String,
    /// What stands before its value after `--set`.
    key: String,
    default: String,
    meaning: &'static str,
}

/// Lists every method, or tells all about one.
pub fn run(session: &Session, arguments: &Models) -> Result<()> {
    let all = all()?;
    let chosen: Vec<&Entry> = match &arguments.name {
        None => all.iter().collect(),
        Some(name) => match all.iter().find(|entry| entry.name == name) {
            Some(entry) => vec![entry],
            None => {
                let known: Vec<&str> = all.iter().map(|entry| entry.name).collect();
                return Err(UsageError::unknown_method(name, &known).into());
            }
        },
    };
    let text: String = chosen.iter().map(|entry| entry.text()).collect::<Vec<_>>().join("\n");
    session.printer.result(&chosen, &text)
}

/// Generators of tables, detectors and classifiers of beats.
fn all() -> Result<Vec<Entry>> {
    let generators = METHODS.iter().map(|m| Entry {
        name: m.name,
        kind: "generator of tables",
        title: m.title,
        summary: m.summary,
        paper: m.paper,
        parameters: declared(m.parameters, m.name),
    });
    let detectors = detect::METHODS.iter().map(|m| Entry {
        name: m.name,
        kind: "detector of beats",
        title: m.title,
        summary: "Finds the R peaks of an ECG ('paucal ecg judge --detector').",
        paper: m.paper,
        parameters: declared(m.parameters, "ecg.prepare.beats.detector"),
    });
    let mut entries: Vec<Entry> = generators.chain(detectors).collect();
    let settings = toml::Table::try_from(EcgSettings::default())?;
    for m in classify::METHODS {
        let mut parameters = Vec::new();
        if let Some(value) = settings.get(m.name) {
            flatten("", value, &format!("ecg.{}", m.name), &mut parameters);
        }
        entries.push(Entry {
            name: m.name,
            kind: "classifier of beats",
            title: m.title,
            summary: m.summary,
            paper: m.paper,
            parameters,
        });
    }
    Ok(entries)
}

fn declared(parameters: &[Parameter], section: &str) -> Vec<Setting> {
    let setting = |p: &Parameter| Setting {
        name: p.name.into(),
        key: format!("{section}.{}", p.name),
        default: p.default.into(),
        meaning: p.meaning,
    };
    parameters.iter().map(setting).collect()
}

/// The settings below a value, by their dotted names.
fn flatten(name: &str, value: &toml::Value, key: &str, into: &mut Vec<Setting>) {
    match value {
        toml::Value::Table(table) => {
            for (part, value) in table {
                let name = if name.is_empty() { part.clone() } else { format!("{name}.{part}") };
                flatten(&name, value, &format!("{key}.{part}"), into);
            }
        }
        _ => {
            into.push(Setting {
                name: name.into(),
                key: key.into(),
                default: value.to_string(),
                meaning: "",
            });
        }
    }
}

impl Entry {
    fn text(&self) -> String {
        let mut text = format!("{}  {} ({})\n", self.name, self.title, self.kind);
        text.push_str(&wrapped(self.summary, "  "));
        text.push_str(&wrapped(self.paper, "  "));
        for parameter in &self.parameters {
            let _ = writeln!(text, "    --set {}={}", parameter.key, parameter.default);
            if !parameter.meaning.is_empty() {
                text.push_str(&wrapped(parameter.meaning, "        "));
            }
        }
        text
    }
}

/// The paragraph in lines of at most 100 characters.
fn wrapped(paragraph: &str, indent: &str) -> String {
    const WIDTH: usize = 100;
    let mut text = String::new();
    let mut line = indent.to_owned();
    for word in paragraph.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line.trim() != "" {
            text.push_str(&line);
            text.push('\n');
            line = indent.to_owned();
        }
        if line.len() > indent.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    text + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_wrap_at_words() {
        let text = wrapped(&"word ".repeat(40), "  ");
        assert!(text.lines().all(|line| line.starts_with("  word") && line.len() <= 100));
        assert_eq!(text.split_whitespace().count(), 40);
    }
}
