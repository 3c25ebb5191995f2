//! From a table to a matrix of numbers for learners, with everything learnt on training rows only.
//!
//! | column | features |
//! |---|---|
//! | numeric, integer, datetime | the number, missing ones replaced by the training median |
//! | boolean | 1 for the true level, missing ones replaced by the more frequent level |
//! | categorical | one 0/1 feature per level seen in training; a level not seen there is all zeros |
//! | any of these with missing values in training | one more 0/1 feature, `<name> missing` |
//! | id, text, the target, the group | none |
//!
//! Rare levels keep features of their own. Only a column with more levels than
//! [`FeatureOptions::most_levels`] gathers its rarest levels in `<name> other`, with a warning.

use ndarray::{Array2, ArrayViewMut1, Axis};
use paucal_data::{Column, MISSING, Table, Values};
use serde::{Deserialize, Serialize};

use crate::EvidenceError;

/// How tables become numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureOptions {
    /// Shift and scale number columns to training mean 0 and standard deviation 1, for linear models
    /// and distances. 0/1 features stay as they are.
    pub standardise: bool,
    /// The most levels of a column that get features of their own, at least 1.
    pub most_levels: usize,
    /// Further columns to leave out.
    pub exclude: Vec<String>,
}

impl Default for FeatureOptions {
    fn default() -> Self {
        Self { standardise: false, most_levels: 100, exclude: Vec::new() }
    }
}

/// What was learnt on the training rows. It holds medians, means and level names, no rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureEncoder {
    encodings: Vec<Encoding>,
    names: Vec<String>,
    warnings: Vec<String>,
}

/// How one column is encoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Encoding {
    column: String,
    part: Part,
    /// Whether a missing indicator follows.
    indicator: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Number { fill: f64, shift: f64, scale: f64 },
    Flag { fill: f64 },
    OneHot { levels: Vec<String>, other: bool },
}

impl FeatureEncoder {
    /// Learns from the rows of `train`.
    pub fn fit(train: &Table, options: &FeatureOptions) -> Result<Self, EvidenceError> {
        EvidenceError::require(options.most_levels >= 1, "most levels", &options.most_levels, "at least 1")?;
        for name in &options.exclude {
            train.schema().index(name)?;
        }
        let schema = train.schema();
        let mut encoder = Self { encodings: Vec::new(), names: Vec::new(), warnings: Vec::new() };
        for column in train.columns() {
            let name = &column.spec.name;
            let role = schema.target.as_ref() == Some(name) || schema.group.as_ref() == Some(name);
            if column.spec.kind.is_modelled() && !role && !options.exclude.contains(name) {
                encoder.learn(&column, options);
            }
        }
        if encoder.names.is_empty() { Err(EvidenceError::NoFeatures) } else { Ok(encoder) }
    }

    fn learn(&mut self, column: &Column<'_>, options: &FeatureOptions) {
        let name = &column.spec.name;
        let missing = column.values.missing();
        if missing == column.values.len() {
            self.warnings.push(format!("column '{name}' has no value in training and is left out"));
            return;
        }
        let part = match (column.values, column.spec.kind.levels()) {
            (Values::Number(v), _) => number(v, options.standardise),
            (Values::Code(v), Some(levels)) if is_boolean(column) => flag(v, levels),
            (Values::Code(v), Some(levels)) => self.one_hot(name, v, levels, options.most_levels),
            _ => return,
        };
        match &part {
            Part::Number { .. } => self.names.push(name.clone()),
            Part::Flag { .. } => {
                let truth = column.spec.kind.levels().and_then(<[String]>::last).cloned().unwrap_or_default();
                self.names.push(format!("{name}={truth}"));
            }
            Part::OneHot { levels, other } => {
                self.names.extend(levels.iter().map(|level| format!("{name}={level}")));
                self.names.extend(other.then(|| format!("{name} other")));
            }
        }
        self.names.extend((missing > 0).then(|| format!("{name} missing")));
        self.encodings.push(Encoding { column: name.clone(), part, indicator: missing > 0 });
    }

    fn one_hot(&mut self, name: &str, codes: &[u32], levels: &[String], most: usize) -> Part {
        let mut counts = vec![0_usize; levels.len()];
        codes.iter().filter(|&&c| c != MISSING).for_each(|&c| counts[c as usize] += 1);
        let mut kept: Vec<usize> = (0..levels.len()).filter(|&l| counts[l] > 0).collect();
        let seen = kept.len();
        if seen > most {
            kept.sort_by_key(|&l| std::cmp::Reverse(counts[l]));
            kept.truncate(most);
            kept.sort_unstable();
            self.warnings.push(format!(
                "column '{name}' has {seen} levels: the {most} most frequent are features of their own, the \
                 {} rarest share one",
                seen - most
            ));
        }
        Part::OneHot { levels: kept.iter().map(|&l| levels[l].clone()).collect(), other: seen > most }
    }

    /// The features of every row, rows × [`names`](Self::names), all finite. The table must have the
    /// columns of the training table; levels are matched by their spelling.
    pub fn encode(&self, table: &Table) -> Result<Array2<f64>, EvidenceError> {
        let mut x = Array2::zeros((table.rows(), self.names.len()));
        let mut at = 0;
        for encoding in &self.encodings {
            let column = table.column(&encoding.column)?;
            let width = encoding.part.width();
            let fits = match (&encoding.part, column.values) {
                (Part::Number { .. }, Values::Number(v)) => encoding.part.number(v, x.column_mut(at)),
                (Part::Flag { .. } | Part::OneHot { .. }, Values::Code(v)) => {
                    let levels = column.spec.kind.levels().unwrap_or_default();
                    let block = x.slice_axis_mut(Axis(1), (at..at + width).into());
                    encoding.part.codes(v, levels, block)
                }
                _ => false,
            };
            if !fits {
                let message = format!("column '{}' is of another kind than in training", encoding.column);
                return Err(paucal_data::DataError::Table(message).into());
            }
            at += width;
            if encoding.indicator {
                for (row, cell) in x.column_mut(at).iter_mut().enumerate() {
                    *cell = f64::from(u8::from(column.values.is_missing(row)));
                }
                at += 1;
            }
        }
        Ok(x)
    }

    /// Names of the features in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// For each feature the name of the column it comes from.
    pub fn sources(&self) -> Vec<&str> {
        let width = |e: &Encoding| e.part.width() + usize::from(e.indicator);
        self.encodings.iter().flat_map(|e| std::iter::repeat_n(e.column.as_str(), width(e))).collect()
    }

    /// Sentences the user should read.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Part {
    fn width(&self) -> usize {
        match self {
            Self::Number { .. } | Self::Flag { .. } => 1,
            Self::OneHot { levels, other } => levels.len() + usize::from(*other),
        }
    }

    fn number(&self, values: &[f64], out: ArrayViewMut1<'_, f64>) -> bool {
        let Self::Number { fill, shift, scale } = self else { return false };
        for (cell, &x) in out.into_iter().zip(values) {
            *cell = (if x.is_nan() { *fill } else { x } - shift) / scale;
        }
        true
    }

    fn codes(&self, codes: &[u32], levels: &[String], mut out: ndarray::ArrayViewMut2<'_, f64>) -> bool {
        match self {
            Self::Number { .. } => return false,
            Self::Flag { fill } => {
                for (cell, &code) in out.column_mut(0).iter_mut().zip(codes) {
                    *cell = if code == MISSING { *fill } else { f64::from(u8::from(code == 1)) };
                }
            }
            Self::OneHot { levels: known, other } => {
                let gathered = other.then_some(known.len());
                let place: Vec<Option<usize>> =
                    levels.iter().map(|l| known.iter().position(|k| k == l).or(gathered)).collect();
                for (row, &code) in codes.iter().enumerate().filter(|&(_, &code)| code != MISSING) {
                    if let Some(at) = place[code as usize] {
                        out[[row, at]] = 1.0;
                    }
                }
            }
        }
        true
    }
}

fn is_boolean(column: &Column<'_>) -> bool {
    matches!(column.spec.kind, paucal_data::Kind::Boolean { .. })
}

/// Median, mean and standard deviation (n - 1) of the values present; at least one is.
fn number(values: &[f64], standardise: bool) -> Part {
    let mut present: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    present.sort_unstable_by(f64::total_cmp);
    let n = present.len();
    let fill = f64::midpoint(present[(n - 1) / 2], present[n / 2]);
    let (mut shift, mut scale) = (0.0, 1.0);
    if standardise {
        shift = present.iter().sum::<f64>() / n as f64;
        let spread =
            (present.iter().map(|x| (x - shift).powi(2)).sum::<f64>() / (n as f64 - 1.0).max(1.0)).sqrt();
        scale = if spread > 0.0 { spread } else { 1.0 };
    }
    Part::Number { fill, shift, scale }
}

fn flag(codes: &[u32], levels: &[String]) -> Part {
    debug_assert_eq!(levels.len(), 2, "boolean columns have two levels");
    let count = |level| codes.iter().filter(|&&c| c == level).count();
    Part::Flag { fill: f64::from(u8::from(count(1) > count(0))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use paucal_data::{ColumnSpec, Kind, Schema};

    fn table() -> Table {
        let column = |name: &str, kind| ColumnSpec { name: name.into(), kind };
        let mut schema = Schema::new(vec![
            column("id", Kind::Id),
            column("age", Kind::Numeric { decimals: None }),
            column("smoker", Kind::Boolean { levels: ["no".into(), "yes".into()] }),
            column("site", Kind::Categorical { levels: vec!["a".into(), "b".into(), "c".into()] }),
            column("y", Kind::Boolean { levels: ["0".into(), "1".into()] }),
            column("patient", Kind::Integer),
        ]);
        schema.target = Some("y".into());
        schema.group = Some("patient".into());
        let values = vec![
            Values::Text((0..4).map(|i| Some(format!("r{i}"))).collect()),
            Values::Number(vec![10.0, f64::NAN, 30.0, 50.0]),
            Values::Code(vec![1, 1, 0, MISSING]),
            Values::Code(vec![0, 1, 0, 2]),
            Values::Code(vec![0, 1, 0, 1]),
            Values::Number(vec![1.0, 1.0, 2.0, 2.0]),
        ];
        Table::new(schema, values).unwrap()
    }

    #[test]
    fn only_training_rows_teach() {
        // Row 3 (age 50, smoker missing, site c) is not in training.
        let encoder = FeatureEncoder::fit(&table().take(&[0, 1, 2]), &FeatureOptions::default()).unwrap();
        assert_eq!(encoder.names(), ["age", "age missing", "smoker=yes", "site=a", "site=b"]);
        assert_eq!(encoder.sources(), ["age", "age", "smoker", "site", "site"]);
        let x = encoder.encode(&table()).unwrap();
        let expected = array![
            [10.0, 0.0, 1.0, 1.0, 0.0],
            [20.0, 1.0, 1.0, 0.0, 1.0],
            [30.0, 0.0, 0.0, 1.0, 0.0],
            [50.0, 0.0, 1.0, 0.0, 0.0],
        ];
        assert_eq!(x, expected);
    }

    #[test]
    fn standardised_numbers_have_mean_0_and_deviation_1() {
        let options = FeatureOptions { standardise: true, ..FeatureOptions::default() };
        let encoder = FeatureEncoder::fit(&table(), &options).unwrap();
        let x = encoder.encode(&table()).unwrap();
        // 10, 30, 50 have mean 30 and standard deviation 20; the median 30 fills.
        assert_eq!(x.column(0).to_vec(), [-1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn too_many_levels_are_gathered_aloud() {
        let options = FeatureOptions { most_levels: 1, ..FeatureOptions::default() };
        let encoder = FeatureEncoder::fit(&table(), &options).unwrap();
        assert!(encoder.names().contains(&"site other".to_owned()), "{:?}", encoder.names());
        assert!(encoder.warnings()[0].contains("'site' has 3 levels"));
        let x = encoder.encode(&table()).unwrap();
        let at = encoder.names().iter().position(|n| n == "site other").unwrap();
        assert_eq!(x.column(at).to_vec(), [0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn what_cannot_be_encoded_is_refused() {
        let all = FeatureOptions {
            exclude: vec!["age".into(), "smoker".into(), "site".into()],
            ..FeatureOptions::default()
        };
        assert!(matches!(FeatureEncoder::fit(&table(), &all), Err(EvidenceError::NoFeatures)));
        let unknown = FeatureOptions { exclude: vec!["agee".into()], ..FeatureOptions::default() };
        assert!(matches!(FeatureEncoder::fit(&table(), &unknown), Err(EvidenceError::Data(_))));
        let encoder = FeatureEncoder::fit(&table(), &FeatureOptions::default()).unwrap();
        assert!(encoder.encode(&table().keep_columns(|c| c.name != "age")).is_err());
    }
}
