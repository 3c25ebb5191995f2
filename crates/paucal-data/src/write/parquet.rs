//! Parquet tables out: Snappy-compressed, one column type per kind.
//!
//! | Kind | Column |
//! |---|---|
//! | numeric | DOUBLE |
//! | integer | INT64 |
//! | datetime | TIMESTAMP in microseconds, or DATE where the format has no time of day |
//! | boolean, categorical, id | BOOLEAN, INT64 or DOUBLE where every value is spelt as one, else UTF-8 |
//! | text | UTF-8 |
//!
//! Missing values are null.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::cell::datetime;
use crate::schema::Kind;
use crate::table::{Column, MISSING, Table, Values};

const SECONDS_PER_DAY: f64 = 86_400.0;

/// Writes a table as Parquet.
pub fn write_parquet(out: impl Write + Send, table: &Table) -> io::Result<()> {
    write(out, table).map_err(io::Error::other)
}

fn write(out: impl Write + Send, table: &Table) -> Result<(), ParquetError> {
    let stored: Vec<Stored> = table.columns().map(|column| Stored::of(&column)).collect();
    let fields = table.columns().zip(&stored).map(|(column, stored)| stored.field(&column.spec.name));
    let schema =
        Type::group_type_builder("schema").with_fields(fields.collect::<Result<Vec<_>, _>>()?).build()?;
    let properties = WriterProperties::builder()
        .set_created_by("paucal".into())
        .set_compression(Compression::SNAPPY)
        .build();
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
    let mut rows = file.next_row_group()?;
    for (column, stored) in table.columns().zip(stored) {
        if let Some(mut chunk) = rows.next_column()? {
            stored.write(&mut chunk, &column)?;
            chunk.close()?;
        }
    }
    rows.close()?;
    file.close()?;
    Ok(())
}

/// The type in which a column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    Boolean,
    Whole,
    Real,
    Text,
    Date,
    Moment,
}

impl Stored {
    fn of(column: &Column<'_>) -> Self {
        match (&column.spec.kind, column.values) {
            (Kind::Numeric { .. }, _) => Self::Real,
            (Kind::Integer, _) => Self::Whole,
            (Kind::Datetime { format }, _) if datetime::has_time(format) => Self::Moment,
            (Kind::Datetime { .. }, _) => Self::Date,
            (Kind::Boolean { levels }, _) => {
                Self::of_texts(&levels.iter().map(String::as_str).collect::<Vec<_>>())
            }
            (Kind::Categorical { levels }, _) => {
                Self::of_texts(&levels.iter().map(String::as_str).collect::<Vec<_>>())
            }
            (Kind::Id, Values::Text(texts)) => {
                Self::of_texts(&texts.iter().filter_map(Option::as_deref).collect::<Vec<_>>())
            }
            (Kind::Id | Kind::Text, _) => Self::Text,
        }
    }

    /// The type whose spelling all the texts have.
    fn of_texts(texts: &[&str]) -> Self {
        let all = |test: fn(&str) -> bool| !texts.is_empty() && texts.iter().all(|text| test(text));
        if all(|t| truth(t).is_some()) {
            Self::Boolean
        } else if all(|t| t.parse::<i64>().is_ok_and(|whole| whole.to_string() == t)) {
            Self::Whole
        } else if all(|t| t.parse::<f64>().is_ok_and(|x| x.is_finite() && format!("{x:?}") == t)) {
            Self::Real
        } else {
            Self::Text
        }
    }

    fn field(self, name: &str) -> Result<TypePtr, ParquetError> {
        let (physical, logical) = match self {
            Self::Boolean => (Physical::BOOLEAN, None),
            Self::Whole => (Physical::INT64, None),
            Self::Real => (Physical::DOUBLE, None),
            Self::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Self::Date => (Physical::INT32, Some(LogicalType::Date)),
            Self::Moment => (Physical::INT64, Some(LogicalType::timestamp(false, TimeUnit::MICROS))),
        };
        let field = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(field))
    }

    fn write(self, out: &mut SerializedColumnWriter<'_>, column: &Column<'_>) -> Result<(), ParquetError> {
        let rows = 0..column.values.len();
        let number = |row| number(column, row);
        match self {
            Self::Boolean => put::<BoolType>(out, rows.map(|row| truth(text(column, row)?))),
            Self::Whole => put::<Int64Type>(out, rows.map(|row| whole(column, row))),
            Self::Real => put::<DoubleType>(out, rows.map(|row| real(column, row))),
            Self::Text => put::<ByteArrayType>(out, rows.map(|row| text(column, row).map(ByteArray::from))),
            Self::Date => {
                put::<Int32Type>(out, rows.map(|row| Some((number(row)? / SECONDS_PER_DAY).floor() as i32)))
            }
            Self::Moment => put::<Int64Type>(out, rows.map(|row| Some((number(row)? * 1e6).round() as i64))),
        }
    }
}

/// `true`, `True` and `TRUE`; the same for false.
fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn number(column: &Column<'_>, row: usize) -> Option<f64> {
    column.numbers().map(|numbers| numbers[row]).filter(|x| !x.is_nan())
}

fn text<'a>(column: &Column<'a>, row: usize) -> Option<&'a str> {
    match column.values {
        Values::Text(texts) => texts[row].as_deref(),
        Values::Code(codes) if codes[row] != MISSING => {
            column.spec.kind.levels()?.get(codes[row] as usize).map(String::as_str)
        }
        _ => None,
    }
}

fn whole(column: &Column<'_>, row: usize) -> Option<i64> {
    let written = || text(column, row)?.parse().ok();
    number(column, row).map(|x| x.round() as i64).or_else(written)
}

fn real(column: &Column<'_>, row: usize) -> Option<f64> {
    let written = || text(column, row)?.parse().ok();
    let decimals = match column.spec.kind {
        Kind::Numeric { decimals } => decimals,
        _ => None,
    };
    number(column, row).map(|x| rounded(x, decimals)).or_else(written)
}

/// The number that the text of a CSV file would give.
fn rounded(x: f64, decimals: Option<u32>) -> f64 {
    let spelt = |places: u32| format!("{x:.0$}", places as usize).parse().ok();
    decimals.and_then(spelt).unwrap_or(x)
}

/// Writes a column chunk: null where there is no value.
fn put<T: DataType>(
    out: &mut SerializedColumnWriter<'_>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut present, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        present.extend(value);
    }
    out.typed::<T>().write_batch(&present, Some(&levels), None)?;
    Ok(())
}
