//! What a search tries first: the default parameters, so that it never ends below them for want of luck.

use paucal_tune::storage::Fixed;
use paucal_tune::{Distribution, Space, Value};
use serde_json::{Value as Json, json};

use super::parameters::part;
use crate::generator::Method;

/// The default parameters as far as the space holds them; the rest of the trial is drawn.
pub fn default_trial(method: &Method, space: &Space) -> Fixed {
    let fix = |name: &str, distribution: &Distribution| {
        Some((name.to_owned(), default(method, name, distribution)?))
    };
    space.dimensions().iter().filter_map(|d| fix(&d.name, &d.distribution)).collect()
}

/// The default of a searched name, if it lies within its range.
fn default(method: &Method, name: &str, distribution: &Distribution) -> Option<Json> {
    let parameter = method.parameters.iter().find(|parameter| parameter.name == part(name))?;
    let line: toml::Table = format!("x = {}", parameter.default).parse().ok()?;
    let json = match (name.split_once('.').map(|(_, of)| of), line.get("x")?) {
        (None, value) => serde_json::to_value(value).ok()?,
        (Some("width"), toml::Value::Array(widths)) => json!(widths.first()?.as_integer()?),
        (Some("depth"), toml::Value::Array(widths)) => json!(widths.len()),
        _ => return None,
    };
    let value: Value = serde_json::from_value(json.clone()).ok()?;
    distribution.internal(&value).map(|_| json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{Facts, method};

    #[test]
    fn defaults_are_tried_first_where_the_space_holds_them() {
        let facts = Facts { rows: 400, columns: 31, rarest: 150 };
        let ctgan = method("ctgan").unwrap();
        let first = default_trial(ctgan, &(ctgan.space)(&facts));
        assert_eq!(first["pac"], 10);
        assert_eq!(first["generator_rate"], 0.0002);
        assert_eq!(first["generator.width"], 256);
        assert!(!first.contains_key("nonsense"));
        for method in crate::METHODS {
            let space = (method.space)(&facts);
            let first = default_trial(method, &space);
            assert!(space.dimensions().is_empty() || !first.is_empty(), "{}: no default fits", method.name);
        }
    }
}
