//! Reading studies and trials back.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::StudyRecord;
use super::sql::{Cell, Database};
use crate::distribution::Distribution;
use crate::error::TuneError;
use crate::time::Instant;
use crate::trial::{Attributes, Direction, Parameter, State, Trial};

/// Every study, in the order of their keys.
pub fn studies<D: Database>(database: &mut D) -> Result<Vec<StudyRecord>, TuneError> {
    let mut directions: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let rows = database.rows(
        "SELECT study_id, CAST(direction AS TEXT) FROM study_directions ORDER BY study_id, objective",
        &[],
    )?;
    for row in rows {
        if let [Cell::Int(study), Cell::Text(direction)] = &row[..] {
            directions.entry(*study).or_default().push(direction.clone());
        }
    }
    let mut user = attributes(database, "study_user_attributes", "study_id", "1 = 1", &[])?;
    let rows = database.rows("SELECT study_id, study_name FROM studies ORDER BY study_id", &[])?;
    let study = |row: Vec<Cell>| match &row[..] {
        [Cell::Int(id), Cell::Text(name)] => Some(StudyRecord {
            id: *id,
            name: name.clone(),
            direction: match directions.get(id).map(Vec::as_slice) {
                Some([only]) if only == "MINIMIZE" => Some(Direction::Minimise),
                Some([only]) if only == "MAXIMIZE" => Some(Direction::Maximise),
                _ => None,
            },
            user: user.remove(id).unwrap_or_default(),
        }),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(study).collect())
}

/// Every trial of a study, by number.
pub fn trials<D: Database>(database: &mut D, study: i64) -> Result<Vec<Trial>, TuneError> {
    select(database, "study_id", study)
}

/// One trial by its key.
pub fn trial<D: Database>(database: &mut D, id: i64) -> Result<Option<Trial>, TuneError> {
    Ok(select(database, "trial_id", id)?.pop())
}

/// The trials whose `column` is `key`, with all that hangs on them: one query per table, whatever their number.
fn select<D: Database>(database: &mut D, column: &str, key: i64) -> Result<Vec<Trial>, TuneError> {
    let rows = database.rows(
        &format!(
            "SELECT trial_id, number, CAST(state AS TEXT), CAST(datetime_start AS TEXT), \
             CAST(datetime_complete AS TEXT) FROM trials WHERE {column} = $1 AND number IS NOT NULL ORDER BY number"
        ),
        &[key.into()],
    )?;
    let mut trials: Vec<Trial> = rows.iter().filter_map(|row| head(row)).collect();
    let at: BTreeMap<i64, usize> = trials.iter().enumerate().map(|(i, trial)| (trial.id, i)).collect();
    let of = format!("trial_id IN (SELECT trial_id FROM trials WHERE {column} = $1)");
    let query = |what: &str| format!("SELECT trial_id, {what} WHERE {of}");

    for row in database
        .rows(&query("param_name, param_value, distribution_json FROM trial_params"), &[key.into()])?
    {
        if let [Cell::Int(id), Cell::Text(name), value, Cell::Text(json)] = &row[..]
            && let Some(&i) = at.get(id)
        {
            let parameter =
                Parameter { distribution: Distribution::from_json(json)?, internal: number(value) };
            trials[i].parameters.insert(name.clone(), parameter);
        }
    }
    let values = query("value, CAST(value_type AS TEXT) FROM trial_values");
    for row in database.rows(&format!("{values} AND objective = 0"), &[key.into()])? {
        if let [Cell::Int(id), value, Cell::Text(kind)] = &row[..]
            && let Some(&i) = at.get(id)
        {
            trials[i].value = Some(join(value, kind));
        }
    }
    let reports = query(
        "step, intermediate_value, CAST(intermediate_value_type AS TEXT) FROM trial_intermediate_values",
    );
    for row in database.rows(&reports, &[key.into()])? {
        if let [Cell::Int(id), Cell::Int(step), value, Cell::Text(kind)] = &row[..]
            && let Some(&i) = at.get(id)
        {
            trials[i].reports.insert(*step, join(value, kind));
        }
    }
    let mut user = attributes(database, "trial_user_attributes", "trial_id", &of, &[key.into()])?;
    let mut system = attributes(database, "trial_system_attributes", "trial_id", &of, &[key.into()])?;
    for trial in &mut trials {
        trial.user = user.remove(&trial.id).unwrap_or_default();
        trial.system = system.remove(&trial.id).unwrap_or_default();
    }
    Ok(trials)
}

fn head(row: &[Cell]) -> Option<Trial> {
    let [Cell::Int(id), Cell::Int(number), Cell::Text(word), began, ended] = row else { return None };
    let time = |cell: &Cell| match cell {
        Cell::Text(text) => Instant::from_sql(text),
        _ => None,
    };
    let trial = Trial::new(*id, u64::try_from(*number).ok()?);
    Some(Trial { state: State::from_name(word)?, began: time(began), ended: time(ended), ..trial })
}

fn number(cell: &Cell) -> f64 {
    match cell {
        Cell::Int(x) => *x as f64,
        Cell::Float(x) => *x,
        _ => f64::NAN,
    }
}

/// A number from its two columns.
fn join(value: &Cell, kind: &str) -> f64 {
    match kind {
        "INF_POS" => f64::INFINITY,
        "INF_NEG" => f64::NEG_INFINITY,
        "NAN" => f64::NAN,
        _ => number(value),
    }
}

/// Attributes by the key of what they belong to. JSON that is not JSON to us (Python writes `NaN`) is kept as text.
fn attributes<D: Database>(
    database: &mut D,
    table: &str,
    of: &str,
    condition: &str,
    values: &[Cell],
) -> Result<BTreeMap<i64, Attributes>, TuneError> {
    let sql = format!("SELECT {of}, \"key\", value_json FROM {table} WHERE {condition}");
    let mut found: BTreeMap<i64, Attributes> = BTreeMap::new();
    for row in database.rows(&sql, values)? {
        if let [Cell::Int(id), Cell::Text(key), Cell::Text(json)] = &row[..] {
            let value = serde_json::from_str(json).unwrap_or_else(|_| Json::String(json.clone()));
            found.entry(*id).or_default().insert(key.clone(), value);
        }
    }
    Ok(found)
}
