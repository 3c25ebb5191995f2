//! A table: a schema and one vector of values per column.

use crate::error::DataError;
use crate::schema::{ColumnSpec, Schema};

/// The code of a missing value in a discrete column.
pub const MISSING: u32 = u32::MAX;

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numeric, integer and datetime columns; missing is NaN. Infinities do not occur.
    Number(Vec<f64>),
    /// Boolean and categorical columns: codes into the level list; missing is [`MISSING`].
    Code(Vec<u32>),
    /// Id and text columns.
    Text(Vec<Option<String>>),
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Number(v) => v.len(),
            Self::Code(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value at `row` is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Number(v) => v[row].is_nan(),
            Self::Code(v) => v[row] == MISSING,
            Self::Text(v) => v[row].is_none(),
        }
    }

    /// How many values are missing.
    pub fn missing(&self) -> usize {
        (0..self.len()).filter(|&row| self.is_missing(row)).count()
    }

    /// The values at `rows`, in that order; rows may repeat.
    pub fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Number(v) => Self::Number(rows.iter().map(|&r| v[r]).collect()),
            Self::Code(v) => Self::Code(rows.iter().map(|&r| v[r]).collect()),
            Self::Text(v) => Self::Text(rows.iter().map(|&r| v[r].clone()).collect()),
        }
    }

    /// Appends values of the same storage; false when the storage differs.
    fn append(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.extend_from_slice(b),
            (Self::Code(a), Self::Code(b)) => a.extend_from_slice(b),
            (Self::Text(a), Self::Text(b)) => a.extend_from_slice(b),
            _ => return false,
        }
        true
    }
}

/// A column of a table: its description and its values.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Name and kind.
    pub spec: &'a ColumnSpec,
    /// The values.
    pub values: &'a Values,
}

impl<'a> Column<'a> {
    /// The numbers of a numeric, integer or datetime column.
    pub fn numbers(&self) -> Option<&'a [f64]> {
        match self.values {
            Values::Number(v) => Some(v),
            _ => None,
        }
    }

    /// The codes of a boolean or categorical column.
    pub fn codes(&self) -> Option<&'a [u32]> {
        match self.values {
            Values::Code(v) => Some(v),
            _ => None,
        }
    }

    /// The number of levels of a boolean or categorical column, 0 for others.
    pub fn level_count(&self) -> usize {
        self.spec.kind.levels().map_or(0, <[String]>::len)
    }
}

/// Rows and columns with a schema. All columns have the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    schema: Schema,
    values: Vec<Values>,
    rows: usize,
}

impl Table {
    /// Joins a schema and its columns; refuses lengths, storages or codes that do not fit.
    pub fn new(schema: Schema, values: Vec<Values>) -> Result<Self, DataError> {
        if schema.columns.len() != values.len() {
            let (described, given) = (schema.columns.len(), values.len());
            return Err(DataError::Table(format!("{described} columns described, {given} given")));
        }
        let rows = values.first().map_or(0, Values::len);
        for (spec, column) in schema.columns.iter().zip(&values) {
            if column.len() != rows {
                return Err(DataError::Table(format!(
                    "column '{}' has {} rows, not {rows}",
                    spec.name,
                    column.len()
                )));
            }
            check_storage(spec, column)?;
        }
        Ok(Self { schema, values, rows })
    }

    /// The description.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The roles and layout may be changed; the columns may not.
    pub fn set_roles(
        &mut self,
        target: Option<&str>,
        positive: Option<&str>,
        group: Option<&str>,
    ) -> Result<(), DataError> {
        let mut schema = self.schema.clone();
        schema.target = target.map(Into::into).or(schema.target);
        schema.positive = positive.map(Into::into).or(schema.positive);
        schema.group = group.map(Into::into).or(schema.group);
        schema.check()?;
        self.schema = schema;
        Ok(())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns in order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = Column<'_>> {
        self.schema.columns.iter().zip(&self.values).map(|(spec, values)| Column { spec, values })
    }

    /// The column at a position.
    pub fn at(&self, index: usize) -> Column<'_> {
        Column { spec: &self.schema.columns[index], values: &self.values[index] }
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Result<Column<'_>, DataError> {
        Ok(self.at(self.schema.index(name)?))
    }

    /// The same table without target, positive class and group: every column is like any other.
    pub fn without_roles(mut self) -> Self {
        (self.schema.target, self.schema.positive, self.schema.group) = (None, None, None);
        self
    }

    /// The rows at these positions, in that order; rows may repeat.
    pub fn take(&self, rows: &[usize]) -> Self {
        let values = self.values.iter().map(|column| column.take(rows)).collect();
        Self { schema: self.schema.clone(), values, rows: rows.len() }
    }

    /// The columns for which `keep` holds; roles and constraints of dropped columns are dropped with them.
    pub fn keep_columns(&self, keep: impl Fn(&ColumnSpec) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.values.len()).filter(|&i| keep(&self.schema.columns[i])).collect();
        let mut schema = self.schema.clone();
        schema.columns = kept.iter().map(|&i| self.schema.columns[i].clone()).collect();
        let known = |role: &Option<String>| {
            role.clone().filter(|name| schema.columns.iter().any(|c| c.name == *name))
        };
        let (target, group) = (known(&schema.target), known(&schema.group));
        schema.positive = schema.positive.filter(|_| target.is_some());
        (schema.target, schema.group) = (target, group);
        let mut constraints = std::mem::take(&mut schema.constraints);
        constraints.keep_known(&schema);
        schema.constraints = constraints;
        Self { schema, values: kept.iter().map(|&i| self.values[i].clone()).collect(), rows: self.rows }
    }

    /// This table under a schema of the same columns whose level lists may be longer.
    pub fn with_levels_of(&self, schema: &Schema) -> Result<Self, DataError> {
        let same = |(own, other): (&ColumnSpec, &ColumnSpec)| {
            let levels = (own.kind.levels(), other.kind.levels());
            own.name == other.name
                && match levels {
                    (Some(own), Some(other)) => other.starts_with(own),
                    _ => own.kind == other.kind,
                }
        };
        let mut pairs = self.schema.columns.iter().zip(&schema.columns);
        if self.schema.columns.len() != schema.columns.len() || !pairs.all(same) {
            return Err(DataError::Table("the schema describes other columns or other levels".into()));
        }
        let columns = schema.columns.clone();
        Self::new(Schema { columns, ..self.schema.clone() }, self.values.clone())
    }

    /// This table followed by the rows of another with the same columns.
    pub fn stacked(&self, below: &Self) -> Result<Self, DataError> {
        if self.schema.columns != below.schema.columns {
            return Err(DataError::Table("tables with different columns cannot be stacked".into()));
        }
        let mut stacked = self.clone();
        for (column, more) in stacked.values.iter_mut().zip(&below.values) {
            if !column.append(more) {
                return Err(DataError::Table("tables with different columns cannot be stacked".into()));
            }
        }
        stacked.rows += below.rows;
        Ok(stacked)
    }
}

/// The storage must be the one of the kind, codes must be levels, numbers finite or NaN.
fn check_storage(spec: &ColumnSpec, values: &Values) -> Result<(), DataError> {
    let name = &spec.name;
    match (values, spec.kind.levels()) {
        (Values::Number(v), None) if spec.kind.is_number() => {
            if v.iter().any(|x| x.is_infinite()) {
                return Err(DataError::Table(format!("column '{name}' holds an infinite number")));
            }
        }
        (Values::Code(v), Some(levels)) => {
            if v.iter().any(|&code| code != MISSING && code as usize >= levels.len()) {
                return Err(DataError::Table(format!("column '{name}' holds a code without a level")));
            }
        }
        (Values::Text(_), None) if !spec.kind.is_number() => {}
        _ => {
            let kind = spec.kind.name();
            return Err(DataError::Table(format!(
                "column '{name}' is {kind} but its values are stored otherwise"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Kind;

    fn table() -> Table {
        let column = |name: &str, kind| ColumnSpec { name: name.into(), kind };
        let levels = vec!["a".into(), "b".into()];
        let schema = Schema::new(vec![column("x", Kind::Integer), column("y", Kind::Categorical { levels })]);
        Table::new(schema, vec![Values::Number(vec![1.0, f64::NAN, 3.0]), Values::Code(vec![0, 1, MISSING])])
            .unwrap()
    }

    #[test]
    fn take_and_stack() {
        let taken = table().take(&[2, 0, 0]);
        assert_eq!(taken.column("x").unwrap().numbers().unwrap(), [3.0, 1.0, 1.0]);
        let stacked = taken.stacked(&table()).unwrap();
        assert_eq!(stacked.rows(), 6);
        assert_eq!(stacked.column("y").unwrap().codes().unwrap(), [MISSING, 0, 0, 0, 1, MISSING]);
        assert_eq!(stacked.column("x").unwrap().values.missing(), 1);
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let schema = table().schema().clone();
        let numbers = || Values::Number(vec![1.0]);
        assert!(Table::new(schema.clone(), vec![numbers()]).is_err());
        assert!(Table::new(schema.clone(), vec![numbers(), numbers()]).is_err());
        assert!(Table::new(schema.clone(), vec![numbers(), Values::Code(vec![0, 1])]).is_err());
        assert!(Table::new(schema.clone(), vec![numbers(), Values::Code(vec![2])]).is_err());
        assert!(
            Table::new(schema, vec![Values::Number(vec![f64::INFINITY]), Values::Code(vec![0])]).is_err()
        );
    }

    #[test]
    fn dropping_the_target_drops_its_role() {
        let mut full = table();
        full.set_roles(Some("y"), Some("b"), None).unwrap();
        assert!(full.set_roles(Some("z"), None, None).is_err());
        let kept = full.keep_columns(|c| c.name == "x");
        assert_eq!((kept.schema().target.clone(), kept.schema().positive.clone()), (None, None));
    }
}
