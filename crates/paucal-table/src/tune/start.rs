//! What a search tries first: the default parameters, so that it never ends below them for want of luck, and what was
//! best in earlier studies of tables like this one.
//!
//! Only parameters are taken over, never scores: those of another table do not compare.

use paucal_tune::storage::{Fixed, Owner, Storage, StudyRecord};
use paucal_tune::trial::{Attributes, best};
use paucal_tune::{Dimension, Direction, Distribution, Space, Trial, TuneError, Value};
use serde_json::{Value as Json, json};

use super::parameters::part;
use super::{Search, task};
use crate::generator::{Facts, Method};

/// Earlier studies from which the best trial is taken.
const NEAREST: usize = 3;
/// Attribute of a study with the size of its table.
const TABLE: &str = "table";

/// Enqueues the first trials of a study that has none yet.
pub fn enqueue(
    search: &Search<'_>,
    study: &StudyRecord,
    space: &Space,
    facts: &Facts,
) -> Result<(), TuneError> {
    let storage = search.storage;
    if !storage.trials(study.id)?.is_empty() {
        return Ok(());
    }
    let size = json!({ "rows": facts.rows, "columns": facts.columns, "rarest": facts.rarest });
    storage.set_study_attribute(study.id, Owner::User, &task::key(TABLE), &size)?;
    let mut first = vec![default_trial(search.method, space)];
    if let Some(earlier) = search.earlier {
        first.extend(from_earlier(earlier, search, space, facts)?);
    }
    first.iter().try_for_each(|fixed| storage.enqueue(study.id, fixed, &Attributes::new()))
}

/// The best trials of the studies of this generator whose tables were most like this one, the likest first.
fn from_earlier(
    earlier: &dyn Storage,
    search: &Search<'_>,
    space: &Space,
    facts: &Facts,
) -> Result<Vec<Fixed>, TuneError> {
    let attribute = |study: &StudyRecord, what: &str| study.user.get(&task::key(what)).cloned();
    let mut studies: Vec<(f64, StudyRecord)> = earlier
        .studies()?
        .into_iter()
        .filter(|study| study.name != search.study)
        .filter(|study| attribute(study, "generator") == Some(json!(search.method.name)))
        .filter_map(|study| Some((unlikeness(facts, &attribute(&study, TABLE)?)?, study)))
        .collect();
    studies.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut found: Vec<Fixed> = Vec::new();
    for (_, study) in studies.iter().take(NEAREST) {
        let trials = earlier.trials(study.id)?;
        let Some(winner) = best(&trials, Direction::Maximise) else { continue };
        let fixed = fitting(winner, space);
        if !fixed.is_empty() && !found.contains(&fixed) {
            found.push(fixed);
        }
    }
    Ok(found)
}

/// How far two tables are apart: factors of rows, columns and rarest class, added up.
fn unlikeness(facts: &Facts, other: &Json) -> Option<f64> {
    let apart = |own: usize, name: &str| {
        let other = other.get(name)?.as_u64()? as f64;
        Some(((own as f64 + 1.0) / (other + 1.0)).ln().abs())
    };
    Some(apart(facts.rows, "rows")? + apart(facts.columns, "columns")? + apart(facts.rarest, "rarest")?)
}

/// The parameters of a trial that lie within the space.
fn fitting(trial: &Trial, space: &Space) -> Fixed {
    let fit = |d: &Dimension| {
        let value = trial.parameters.get(&d.name)?.value();
        d.distribution.internal(&value).map(|_| (d.name.clone(), json!(value)))
    };
    space.dimensions().iter().filter_map(fit).collect()
}

/// The default parameters as far as the space holds them; the rest of the trial is drawn.
fn default_trial(method: &Method, space: &Space) -> Fixed {
    let fix = |d: &Dimension| {
        let start = match &d.start {
            Some(start) => json!(start),
            None => default(method, &d.name, &d.distribution)?,
        };
        Some((d.name.clone(), start))
    };
    space.dimensions().iter().filter_map(fix).collect()
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
    use crate::generator::method;

    #[test]
    fn defaults_are_tried_first_where_the_space_holds_them() {
        let facts = Facts { rows: 400, columns: 31, rarest: 150 };
        let ctgan = method("ctgan").unwrap();
        let first = default_trial(ctgan, &(ctgan.space)(&facts));
        assert_eq!((&first["pac"], &first["batch"], &first["steps"]), (&json!(2), &json!(60), &json!(2_900)));
        assert_eq!(first["generator_rate"], 0.0002);
        assert_eq!(first["generator.width"], 256);
        assert!(!first.contains_key("nonsense"));
        for method in crate::METHODS {
            let space = (method.space)(&facts);
            let first = default_trial(method, &space);
            assert!(space.dimensions().is_empty() || !first.is_empty(), "{}: no default fits", method.name);
        }
    }

    #[test]
    fn what_is_fixed_leaves_the_others_where_they_begin() {
        let ctgan = method("ctgan").unwrap();
        let fixed = toml::Table::from_iter([("pac".to_owned(), 5.into())]);
        let table = crate::testing::dirty(400);
        let all = crate::tune::space(ctgan, &table, &toml::Table::new()).unwrap();
        let first = default_trial(ctgan, &all);
        assert_eq!(first.len(), all.dimensions().len(), "{first:?}");
        let mut free = default_trial(ctgan, &crate::tune::space(ctgan, &table, &fixed).unwrap());
        assert_eq!(free.insert("pac".into(), first["pac"].clone()), None);
        assert_eq!(free, first);
    }

    #[test]
    fn likeness_is_by_factors() {
        let facts = Facts { rows: 399, columns: 29, rarest: 99 };
        let of = |rows: usize, columns: usize, rarest: usize| {
            unlikeness(&facts, &json!({ "rows": rows, "columns": columns, "rarest": rarest })).unwrap()
        };
        assert!(of(399, 29, 99).abs() < 1e-12);
        assert!((of(799, 29, 49) - 2.0 * 2.0_f64.ln()).abs() < 1e-12);
        assert_eq!(unlikeness(&facts, &json!({})), None);
    }
}
