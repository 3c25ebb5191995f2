//! `paucal models`: the registry, for people and as JSON.

use std::fmt::Write as _;

use anyhow::Result;
use paucal_table::{METHODS, Method, method};
use serde_json::{Value, json};

use crate::cli::Models;
use crate::session::Session;

/// Lists every method, or tells all about one.
pub fn run(session: &Session, arguments: &Models) -> Result<()> {
    let chosen = match &arguments.name {
        Some(name) => vec![method(name)?],
        None => METHODS.iter().collect(),
    };
    let json: Vec<Value> = chosen.iter().map(|m| as_json(m)).collect();
    let text: String = chosen.iter().map(|m| as_text(m)).collect::<Vec<_>>().join("\n");
    session.printer.result(&json, &text)
}

fn as_json(method: &Method) -> Value {
    let parameters: Vec<Value> = method
        .parameters
        .iter()
        .map(|p| json!({"name": p.name, "default": p.default, "meaning": p.meaning}))
        .collect();
    json!({
        "name": method.name,
        "title": method.title,
        "summary": method.summary,
        "paper": method.paper,
        "parameters": parameters,
    })
}

fn as_text(method: &Method) -> String {
    let mut text = format!("{}  {}\n", method.name, method.title);
    text.push_str(&wrapped(method.summary, "  "));
    text.push_str(&wrapped(method.paper, "  "));
    for parameter in method.parameters {
        let _ = writeln!(text, "    --set {}.{}={}", method.name, parameter.name, parameter.default);
        text.push_str(&wrapped(parameter.meaning, "        "));
    }
    text
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
