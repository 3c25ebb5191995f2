//! Configuration in layers: built-in defaults, then a TOML file, then `key=value` settings.
//!
//! A configuration is a serde struct with defaults for every field. Unknown keys are refused with the
//! closest known one, because a misspelt key that is silently ignored spoils an experiment.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::error::{Advice, ExitKind};
use crate::files::{self, FileError};

/// What can be wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not TOML.
    #[error("{path} is not valid TOML: {message}")]
    Syntax {
        /// The file.
        path: String,
        /// Where and what, on one line.
        message: String,
    },
    /// A setting is not of the form `key=value`.
    #[error("'{0}' is not a setting")]
    Setting(String),
    /// A key or a value does not fit.
    #[error("configuration: {0}")]
    Value(String),
}

impl Advice for ConfigError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Setting(_) => Some("write key=value, for example --set ctgan.batch=200".into()),
            Self::Syntax { .. } | Self::Value(_) => {
                Some("'paucal models' lists every parameter with its default".into())
            }
        }
    }

    fn exit_kind(&self) -> ExitKind {
        ExitKind::Usage
    }
}

/// Resolves a configuration: the defaults of `T`, overlaid by `file`, overlaid by `settings`
/// (each `dotted.key=value`; the value is TOML, and anything that is not is taken as a string).
pub fn resolve<T: Default + Serialize + DeserializeOwned>(
    file: Option<&Path>,
    settings: &[String],
) -> Result<T, ConfigError> {
    let mut tree = match file {
        Some(path) => {
            let text = files::read_text(path)?;
            text.parse::<Table>().map_err(|e| ConfigError::Syntax {
                path: path.display().to_string(),
                message: e.message().replace('\n', " "),
            })?
        }
        None => Table::new(),
    };
    for setting in settings {
        apply(&mut tree, setting)?;
    }
    let mut layered = Table::try_from(T::default()).map_err(|e| ConfigError::Value(e.to_string()))?;
    overlay(&mut layered, tree);
    layered.try_into().map_err(|e| ConfigError::Value(explain(&e)))
}

/// A complaint about a value, on one line and with the key it is about.
pub fn explain(error: &toml::de::Error) -> String {
    error.to_string().trim_end().replace('\n', " ")
}

/// Puts `dotted.key=value` into the tree.
fn apply(tree: &mut Table, setting: &str) -> Result<(), ConfigError> {
    let bad = || ConfigError::Setting(setting.to_owned());
    let (key, value) = setting.split_once('=').ok_or_else(bad)?;
    let value = parse_value(value.trim());
    let mut parts: Vec<&str> = key.trim().split('.').collect();
    let last = parts.pop().filter(|p| !p.is_empty()).ok_or_else(bad)?;
    let mut table = tree;
    for part in parts {
        table =
            table.entry(part).or_insert_with(|| Value::Table(Table::new())).as_table_mut().ok_or_else(bad)?;
    }
    table.insert(last.to_owned(), value);
    Ok(())
}

fn parse_value(text: &str) -> Value {
    format!("v = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut t| t.remove("v"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Overlays `over` on `base`, table by table.
fn overlay(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => overlay(inner, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Outer {
        seed: u64,
        name: String,
        inner: Inner,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Inner {
        batch: Option<usize>,
        rate: f64,
    }

    impl Default for Outer {
        fn default() -> Self {
            Self { seed: 1, name: "a".into(), inner: Inner::default() }
        }
    }

    impl Default for Inner {
        fn default() -> Self {
            Self { batch: None, rate: 0.5 }
        }
    }

    fn settings(list: &[&str]) -> Result<Outer, ConfigError> {
        resolve(None, &list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn layers_win_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        std::fs::write(&file, "seed = 5\n[inner]\nrate = 0.25\n").unwrap();
        let got: Outer = resolve(Some(&file), &["inner.batch=7".into(), "name=beta".into()]).unwrap();
        let inner = Inner { batch: Some(7), rate: 0.25 };
        assert_eq!(got, Outer { seed: 5, name: "beta".into(), inner });
    }

    #[test]
    fn unknown_keys_and_bad_settings_are_refused() {
        assert!(settings(&["inner.bacth=7"]).unwrap_err().to_string().contains("bacth"));
        assert!(matches!(settings(&["batch"]), Err(ConfigError::Setting(_))));
        assert!(matches!(
            settings(&["seed.x=1", "=2"]),
            Err(ConfigError::Setting(_) | ConfigError::Value(_))
        ));
        assert!(matches!(settings(&["seed=many"]), Err(ConfigError::Value(_))));
    }
}
