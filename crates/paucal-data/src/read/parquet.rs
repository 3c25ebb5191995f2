//! Parquet tables: flat columns of any primitive type.
//!
//! Values become text in the spelling a text table would have (`4.0` for a real number, `true`,
//! `2024-07-19 21:53:46`), so that the same rules give them their kinds. Null is an empty cell.

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::raw::{Declared, Raw, RawColumn};
use crate::cell::datetime;
use crate::error::DataError;

/// Rows decoded at a time.
const BATCH: usize = 8192;
const SECONDS_PER_DAY: f64 = 86_400.0;
const DATE: &str = "%Y-%m-%d";
const MOMENT: &str = "%Y-%m-%d %H:%M:%S%.f";

/// Reads the cells of a Parquet table.
pub(crate) fn read(source: &str, bytes: &[u8]) -> Result<Raw, DataError> {
    let failed = |e: ParquetError| broken(source, &e);
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).map_err(failed)?;
    if !reader.metadata().row_groups().iter().all(is_sound) {
        return Err(broken(source, &ParquetError::General("the table of contents is damaged".into())));
    }
    let described = reader.metadata().file_metadata().schema_descr_ptr();
    let mut raw = Raw {
        source: source.into(),
        names: Vec::new(),
        header: true,
        delimiter: ',',
        columns: Vec::new(),
        findings: Vec::new(),
    };
    for (i, description) in described.columns().iter().enumerate() {
        let meaning = Meaning::of(description).ok_or_else(|| unsupported(source, description))?;
        let declared = if meaning == Meaning::Text { Declared::Text } else { Declared::Nothing };
        let mut column = RawColumn::default();
        column.declared = declared;
        for group in 0..reader.num_row_groups() {
            let rows = reader.get_row_group(group).map_err(failed)?;
            let cells = rows.get_column_reader(i).map_err(failed)?;
            append(cells, description.max_def_level(), meaning, &mut column).map_err(failed)?;
        }
        raw.names.push(description.name().to_owned());
        raw.columns.push(column);
    }
    if raw.rows() == 0 {
        return Err(DataError::Empty(source.into()));
    }
    if let Some(short) = raw.columns.iter().position(|c| c.len() != raw.rows()) {
        let message = format!("column '{}' has another number of rows than the first", raw.names[short]);
        return Err(broken(source, &ParquetError::General(message)));
    }
    raw.settle_names();
    raw.report_trimmed();
    Ok(raw)
}

/// The library takes offsets and sizes for granted.
fn is_sound(group: &RowGroupMetaData) -> bool {
    group.columns().iter().all(|chunk| {
        chunk.data_page_offset() >= 0
            && chunk.dictionary_page_offset().is_none_or(|offset| offset >= 0)
            && chunk.compressed_size() >= 0
            && chunk.uncompressed_size() >= 0
            && chunk.num_values() >= 0
    })
}

fn broken(source: &str, error: &ParquetError) -> DataError {
    let text = error.to_string();
    let hint = if text.contains("Disabled feature") {
        "write it again with Snappy compression or none, for example compression=\"snappy\" in pandas and polars"
    } else {
        "check that it is a whole Parquet file"
    };
    DataError::Format { path: source.into(), message: text, hint: hint.into() }
}

fn unsupported(source: &str, column: &ColumnDescriptor) -> DataError {
    DataError::Format {
        path: source.into(),
        message: format!("column '{}' is nested or of a type that no table has", column.path()),
        hint: "write the table with flat columns of numbers, text, dates and booleans".into(),
    }
}

/// How the stored values of a column are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Boolean,
    Signed,
    Unsigned,
    Real,
    /// Unscaled whole number and its decimals.
    Decimal(i32),
    /// Days since 1970-01-01.
    Date,
    /// Ticks per second since 1970-01-01, or since midnight.
    Moment(i64),
    TimeOfDay(i64),
    /// Two bytes, half precision.
    Half,
    Uuid,
    Text,
}

impl Meaning {
    fn of(column: &ColumnDescriptor) -> Option<Self> {
        if column.max_rep_level() > 0 || column.path().parts().len() != 1 {
            return None;
        }
        if let Some(meaning) = column.logical_type_ref().and_then(Self::of_logical) {
            return Some(meaning);
        }
        Some(match (column.converted_type(), column.physical_type()) {
            (ConvertedType::DECIMAL, _) => Self::Decimal(column.type_scale()),
            (ConvertedType::DATE, _) => Self::Date,
            (ConvertedType::TIMESTAMP_MILLIS, _) => Self::Moment(1_000),
            (ConvertedType::TIMESTAMP_MICROS, _) => Self::Moment(1_000_000),
            (ConvertedType::TIME_MILLIS, _) => Self::TimeOfDay(1_000),
            (ConvertedType::TIME_MICROS, _) => Self::TimeOfDay(1_000_000),
            (
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64,
                _,
            ) => Self::Unsigned,
            (ConvertedType::INTERVAL, _) => return None,
            (_, Physical::BOOLEAN) => Self::Boolean,
            (_, Physical::INT32 | Physical::INT64) => Self::Signed,
            (_, Physical::INT96) => Self::Moment(1_000_000_000),
            (_, Physical::FLOAT | Physical::DOUBLE) => Self::Real,
            (_, Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY) => Self::Text,
        })
    }

    fn of_logical(logical: &LogicalType) -> Option<Self> {
        let ticks = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        };
        match logical {
            LogicalType::Decimal(decimal) => Some(Self::Decimal(decimal.scale)),
            LogicalType::Date => Some(Self::Date),
            LogicalType::Time(time) => Some(Self::TimeOfDay(ticks(&time.unit))),
            LogicalType::Timestamp(moment) => Some(Self::Moment(ticks(&moment.unit))),
            LogicalType::Integer(integer) if !integer.is_signed => Some(Self::Unsigned),
            LogicalType::Float16 => Some(Self::Half),
            LogicalType::Uuid => Some(Self::Uuid),
            _ => None,
        }
    }

    fn whole(self, value: i64) -> String {
        match self {
            Self::Decimal(scale) => decimal(i128::from(value), scale),
            Self::Date => datetime::write(value as f64 * SECONDS_PER_DAY, DATE).unwrap_or_default(),
            Self::Moment(ticks) => datetime::write(value as f64 / ticks as f64, MOMENT).unwrap_or_default(),
            Self::TimeOfDay(ticks) => {
                let seconds = value.div_euclid(ticks);
                format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
            }
            _ => value.to_string(),
        }
    }

    fn bytes(self, value: &[u8]) -> String {
        match self {
            Self::Decimal(scale) => {
                let negative = value.first().is_some_and(|b| b & 0x80 != 0);
                let start = if negative { -1_i128 } else { 0 };
                decimal(value.iter().fold(start, |sum, &b| (sum << 8) | i128::from(b)), scale)
            }
            Self::Half => real(half(u16::from_le_bytes([byte(value, 0), byte(value, 1)]))),
            Self::Uuid => {
                let hex: String = value.iter().map(|b| format!("{b:02x}")).collect();
                let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
                [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
            }
            _ => String::from_utf8_lossy(value).into_owned(),
        }
    }
}

fn byte(value: &[u8], at: usize) -> u8 {
    value.get(at).copied().unwrap_or(0)
}

/// A whole number with a decimal point `scale` places from its end.
fn decimal(unscaled: i128, scale: i32) -> String {
    let Some(places) = usize::try_from(scale).ok().filter(|&p| p > 0) else { return unscaled.to_string() };
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", unscaled.unsigned_abs(), places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{fraction}")
}

/// The shortest text that gives the number back; nothing for NaN.
fn real(value: impl Into<f64>) -> String {
    let value: f64 = value.into();
    if value.is_nan() { String::new() } else { format!("{value:?}") }
}

/// IEEE 754 half precision.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - 15),
    }
}

/// Appends the cells of one row group.
fn append(
    reader: ColumnReader,
    nullable: i16,
    meaning: Meaning,
    column: &mut RawColumn,
) -> Result<(), ParquetError> {
    let unsigned = meaning == Meaning::Unsigned;
    match reader {
        ColumnReader::BoolColumnReader(r) => each(r, nullable, column, bool::to_string),
        ColumnReader::Int32ColumnReader(r) if unsigned => {
            each(r, nullable, column, |v| (*v as u32).to_string())
        }
        ColumnReader::Int64ColumnReader(r) if unsigned => {
            each(r, nullable, column, |v| (*v as u64).to_string())
        }
        ColumnReader::Int32ColumnReader(r) => each(r, nullable, column, |v| meaning.whole(i64::from(*v))),
        ColumnReader::Int64ColumnReader(r) => each(r, nullable, column, |v| meaning.whole(*v)),
        ColumnReader::Int96ColumnReader(r) => each(r, nullable, column, |v| meaning.whole(v.to_nanos())),
        // The shortest text of the single-precision number, not the digits of its double.
        ColumnReader::FloatColumnReader(r) => {
            each(r, nullable, column, |v| if v.is_nan() { String::new() } else { format!("{v:?}") })
        }
        ColumnReader::DoubleColumnReader(r) => each(r, nullable, column, |v| real(*v)),
        ColumnReader::ByteArrayColumnReader(r) => each(r, nullable, column, |v| meaning.bytes(v.data())),
        ColumnReader::FixedLenByteArrayColumnReader(r) => {
            each(r, nullable, column, |v| meaning.bytes(v.data()))
        }
    }
}

/// Appends every value of a column chunk as text.
fn each<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    nullable: i16,
    column: &mut RawColumn,
    text: impl Fn(&T::T) -> String,
) -> Result<(), ParquetError> {
    loop {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let (rows, _, _) = reader.read_records(BATCH, Some(&mut levels), None, &mut values)?;
        if rows == 0 {
            return Ok(());
        }
        let mut values = values.iter();
        for row in 0..rows {
            let present = nullable == 0 || levels.get(row).is_some_and(|&level| level == nullable);
            let cell = if present { values.next().map(&text) } else { None };
            column.push(cell.as_deref().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        assert_eq!(decimal(-123, 2), "-1.23");
        assert_eq!(decimal(5, 3), "0.005");
        assert_eq!(decimal(5, 0), "5");
        assert_eq!(Meaning::Decimal(1).bytes(&[0xff, 0x85]), "-12.3");
        assert_eq!(Meaning::Date.whole(19_923), "2024-07-19");
        assert_eq!(Meaning::Moment(1_000).whole(1_500), "1970-01-01 00:00:01.5");
        assert_eq!(Meaning::TimeOfDay(1_000).whole(3_661_000), "01:01:01");
        assert_eq!([half(0x3c00), half(0xc000), half(0x0001)], [1.0, -2.0, 2_f64.powi(-24)]);
        let uuid = Meaning::Uuid.bytes(&[0x12; 16]);
        assert_eq!(uuid, "12121212-1212-1212-1212-121212121212");
    }

    #[test]
    fn broken_files_are_refused() {
        for bytes in [&b""[..], b"PAR1", b"PAR1\0\0\0\0PAR1", b"no such thing"] {
            assert!(read("f.parquet", bytes).is_err());
        }
    }
}
