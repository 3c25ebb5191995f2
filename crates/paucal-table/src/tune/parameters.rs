//! From the values of a trial to the parameters of a generator.
//!
//! A value goes to the parameter of its name. `PART.width` and `PART.depth` together give the list `PART`: depth times
//! width.

use paucal_tune::{Trial, Value};

/// The parameter that a searched name belongs to.
pub fn part(name: &str) -> &str {
    name.split_once('.').map_or(name, |(part, _)| part)
}

/// The parameters of a trial beside those that are fixed.
pub fn of_trial(trial: &Trial, fixed: &toml::Table) -> toml::Table {
    let mut table = fixed.clone();
    let value = |name: &str| trial.parameters.get(name).map(paucal_tune::Parameter::value);
    for name in trial.parameters.keys() {
        match name.split_once('.') {
            None => {
                if let Some(value) = value(name).as_ref().and_then(to_toml) {
                    table.insert(name.clone(), value);
                }
            }
            Some((part, "width")) => {
                let width = value(name).and_then(|v| v.number()).unwrap_or(0.0) as i64;
                let depth = value(&format!("{part}.depth")).and_then(|v| v.number()).unwrap_or(0.0) as usize;
                table.insert(part.to_owned(), vec![width; depth].into());
            }
            Some(_) => {}
        }
    }
    table
}

fn to_toml(value: &Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(x) => (*x).into(),
        Value::Int(x) => (*x).into(),
        Value::Float(x) => (*x).into(),
        Value::Text(x) => x.as_str().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_tune::{Distribution, Parameter};

    #[test]
    fn widths_and_depths_give_layers_and_fixed_parameters_stay() {
        let mut trial = Trial::new(0, 0);
        let mut set = |name: &str, distribution: Distribution, internal: f64| {
            trial.parameters.insert(name.into(), Parameter { distribution, internal });
        };
        set("critic.width", Distribution::choice([64, 128].map(Value::Int)), 1.0);
        set("critic.depth", Distribution::int(1, 3, 1), 3.0);
        set("rate", Distribution::log_float(1e-5, 1.0), 0.25);
        let table = of_trial(&trial, &"device = \"cpu\"".parse().unwrap());
        let want: toml::Table = "device = \"cpu\"\ncritic = [128, 128, 128]\nrate = 0.25".parse().unwrap();
        assert_eq!(table, want);
        assert_eq!((part("critic.width"), part("rate")), ("critic", "rate"));
    }
}
