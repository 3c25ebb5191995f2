//! The class and the patient of every row: what splits and audits need to know of a table.

use std::collections::HashMap;

use paucal_data::{Column, MISSING, Table, Values};

use crate::EvidenceError;

/// A whole-number target may have this many distinct values; more are no classes.
const MOST_CLASSES: usize = 20;

/// The target of a table as classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Name of the column.
    pub name: String,
    /// The rows with a target, ascending; rows without one cannot be learnt from.
    pub rows: Vec<usize>,
    /// Class code of each of [`rows`](Self::rows).
    pub codes: Vec<usize>,
    /// The classes that occur, as spelt in the source.
    pub classes: Vec<String>,
    /// Code of the rare or sick class: the schema's `positive`, or else the rarest class (of equally
    /// rare ones the last).
    pub positive: usize,
}

impl Target {
    /// The target column of `table`: discrete, or whole numbers with at most 20 values. At least two
    /// classes must occur.
    pub fn of(table: &Table) -> Result<Self, EvidenceError> {
        let schema = table.schema();
        let name = schema.target.clone().ok_or(EvidenceError::NoTarget)?;
        let (codes, classes) = classes(&table.column(&name)?)?;
        let rows: Vec<usize> = (0..codes.len()).filter(|&row| codes[row].is_some()).collect();
        let codes: Vec<usize> = codes.into_iter().flatten().collect();
        let counts = counts(&codes, classes.len());
        if classes.len() < 2 {
            return Err(EvidenceError::OneClass(classes.into_iter().next().unwrap_or_default()));
        }
        let named = schema.positive.as_ref().and_then(|p| classes.iter().position(|c| c == p));
        if let (Some(positive), None) = (&schema.positive, named) {
            return Err(EvidenceError::TooFewCases { class: positive.clone(), units: 0, unit: "rows" });
        }
        let rarest = (0..classes.len()).rev().min_by_key(|&c| counts[c]).unwrap_or(0);
        Ok(Self { name, rows, codes, classes, positive: named.unwrap_or(rarest) })
    }

    /// Rows per class.
    pub fn counts(&self) -> Vec<usize> {
        counts(&self.codes, self.classes.len())
    }

    /// Whether each of [`rows`](Self::rows) is of the positive class.
    pub fn positives(&self) -> Vec<bool> {
        self.codes.iter().map(|&code| code == self.positive).collect()
    }

    /// Class codes of the two-class question "positive or not": 1 for the positive class.
    pub fn binary(&self) -> Vec<usize> {
        self.codes.iter().map(|&code| usize::from(code == self.positive)).collect()
    }
}

fn counts(codes: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for &code in codes {
        counts[code] += 1;
    }
    counts
}

/// The class of each row and the names of the classes that occur.
fn classes(column: &Column<'_>) -> Result<(Vec<Option<usize>>, Vec<String>), EvidenceError> {
    let refuse = |values| EvidenceError::NotClasses { name: column.spec.name.clone(), values };
    match (column.values, column.spec.kind.levels()) {
        (Values::Code(codes), Some(levels)) => {
            let mut seen = vec![false; levels.len()];
            codes.iter().filter(|&&c| c != MISSING).for_each(|&c| seen[c as usize] = true);
            let occurring: Vec<usize> = (0..levels.len()).filter(|&l| seen[l]).collect();
            let code = |c: u32| occurring.iter().position(|&l| l == c as usize);
            Ok((
                codes.iter().map(|&c| code(c)).collect(),
                occurring.iter().map(|&l| levels[l].clone()).collect(),
            ))
        }
        (Values::Number(numbers), _) => {
            let mut distinct: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
            distinct.sort_unstable_by(f64::total_cmp);
            distinct.dedup();
            if distinct.len() > MOST_CLASSES || distinct.iter().any(|x| x.fract() != 0.0) {
                return Err(refuse(distinct.len()));
            }
            let code = |x: &f64| distinct.iter().position(|d| d == x);
            Ok((numbers.iter().map(code).collect(), distinct.iter().map(f64::to_string).collect()))
        }
        (values, _) => Err(refuse(values.len())),
    }
}

/// Which rows belong together: one dense code per row, in order of first appearance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// Group code of each row, in `0..count`.
    pub codes: Vec<usize>,
    /// Number of groups.
    pub count: usize,
    /// Rows whose group is missing; each became a group of its own, which is only right if no two of
    /// them are of one patient.
    pub missing: usize,
}

impl Groups {
    /// The groups of the schema's group column, or `None` without one.
    pub fn of(table: &Table) -> Result<Option<Self>, EvidenceError> {
        match &table.schema().group {
            Some(name) => Ok(Some(Self::by(&table.column(name)?))),
            None => Ok(None),
        }
    }

    /// Rows with equal values of `column` belong together.
    pub fn by(column: &Column<'_>) -> Self {
        match column.values {
            // Adding 0 makes -0 and 0 the same group.
            Values::Number(v) => {
                Self::from_keys(v.iter().map(|x| (!x.is_nan()).then(|| (x + 0.0).to_bits())))
            }
            Values::Code(v) => Self::from_keys(v.iter().map(|&c| (c != MISSING).then_some(u64::from(c)))),
            Values::Text(v) => Self::from_keys(v.iter().map(Option::as_deref)),
        }
    }

    /// Rows with equal keys belong together; a row without a key stands alone.
    pub fn from_keys<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = Option<K>>) -> Self {
        let mut known: HashMap<K, usize> = HashMap::new();
        let mut groups = Self { codes: Vec::new(), count: 0, missing: 0 };
        for key in keys {
            let next = groups.count;
            let code = if let Some(key) = key {
                *known.entry(key).or_insert(next)
            } else {
                groups.missing += 1;
                next
            };
            groups.count += usize::from(code == next);
            groups.codes.push(code);
        }
        groups
    }

    /// The groups of some of the rows, numbered anew.
    pub fn take(&self, rows: &[usize]) -> Self {
        Self::from_keys(rows.iter().map(|&row| Some(self.codes[row])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_data::{ColumnSpec, Kind, Schema};

    fn table(kind: Kind, values: Values, target: &str) -> Table {
        let columns = vec![ColumnSpec { name: "y".into(), kind }];
        let mut schema = Schema::new(columns);
        schema.target = Some(target.into());
        Table::new(schema, vec![values]).unwrap()
    }

    #[test]
    fn the_rarest_class_is_positive_and_absent_levels_are_no_classes() {
        let levels = vec!["never".into(), "well".into(), "ill".into()];
        let y = Values::Code(vec![1, 1, MISSING, 2]);
        let target = Target::of(&table(Kind::Categorical { levels }, y, "y")).unwrap();
        assert_eq!(target.classes, ["well", "ill"]);
        assert_eq!((target.rows.clone(), target.codes.clone()), (vec![0, 1, 3], vec![0, 0, 1]));
        assert_eq!((target.positive, target.counts()), (1, vec![2, 1]));
    }

    #[test]
    fn whole_numbers_are_classes_and_measurements_are_not() {
        let y = Values::Number(vec![1.0, 0.0, f64::NAN, 0.0]);
        let target = Target::of(&table(Kind::Integer, y, "y")).unwrap();
        assert_eq!((target.classes.clone(), target.positive), (vec!["0".into(), "1".into()], 1));
        let many = Values::Number((0..30).map(f64::from).collect());
        assert!(matches!(
            Target::of(&table(Kind::Integer, many, "y")),
            Err(EvidenceError::NotClasses { values: 30, .. })
        ));
        let half = Values::Number(vec![0.5, 1.0]);
        assert!(Target::of(&table(Kind::Numeric { decimals: None }, half, "y")).is_err());
        let one = Values::Number(vec![1.0, 1.0]);
        assert!(matches!(Target::of(&table(Kind::Integer, one, "y")), Err(EvidenceError::OneClass(_))));
    }

    #[test]
    fn rows_without_a_group_stand_alone() {
        let groups = Groups::from_keys([Some("a"), None, Some("b"), Some("a"), None].into_iter());
        assert_eq!(groups, Groups { codes: vec![0, 1, 2, 0, 3], count: 4, missing: 2 });
        assert_eq!(groups.take(&[3, 0, 2]).codes, [0, 0, 1]);
    }
}
