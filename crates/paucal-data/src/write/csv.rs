//! Text tables out.

use std::io::{self, Write};

use csv::{QuoteStyle, WriterBuilder};

use crate::cell::datetime;
use crate::cell::number::{self, Style};
use crate::schema::Kind;
use crate::table::{Column, MISSING, Table, Values};

/// Writes a table as text, laid out as its schema says (separator, header or none, missing marker), in
/// UTF-8 with line feeds. Quotes stand only where they must.
pub fn write_csv(out: impl Write, table: &Table) -> io::Result<()> {
    write_delimited(out, table, table.schema().layout.delimiter)
}

/// As [`write_csv`], with a given separator.
pub(super) fn write_delimited(out: impl Write, table: &Table, delimiter: char) -> io::Result<()> {
    let layout = &table.schema().layout;
    // A layout edited to something impossible falls back to what every reader knows.
    let delimiter = if delimiter.is_ascii() { delimiter as u8 } else { b',' };
    let mut writer =
        WriterBuilder::new().delimiter(delimiter).quote_style(QuoteStyle::Necessary).from_writer(out);
    if layout.header {
        writer.write_record(table.schema().names())?;
    }
    let missing = layout.missing.first().map_or("", String::as_str);
    let style = Style { comma: layout.decimal_comma, point_zero: layout.point_zero };
    let columns: Vec<Column<'_>> = table.columns().collect();
    let mut cell = String::new();
    for row in 0..table.rows() {
        for column in &columns {
            cell.clear();
            let field = write_cell(&mut cell, column, row, style).unwrap_or(missing);
            writer.write_field(field)?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

/// The text of a cell, which may be put into `scratch`; `None` when the value is missing.
fn write_cell<'a>(scratch: &'a mut String, column: &Column<'a>, row: usize, style: Style) -> Option<&'a str> {
    match (&column.spec.kind, column.values) {
        (_, Values::Text(texts)) => texts[row].as_deref(),
        (kind, Values::Code(codes)) => {
            let code = codes[row];
            if code == MISSING { None } else { kind.levels()?.get(code as usize).map(String::as_str) }
        }
        (_, Values::Number(numbers)) if numbers[row].is_nan() => None,
        (Kind::Datetime { format }, Values::Number(numbers)) => {
            scratch.push_str(&datetime::write(numbers[row], format)?);
            Some(scratch)
        }
        (Kind::Numeric { decimals }, Values::Number(numbers)) => {
            number::write_real(scratch, numbers[row], *decimals, style);
            Some(scratch)
        }
        (_, Values::Number(numbers)) => {
            number::write_integer(scratch, numbers[row]);
            Some(scratch)
        }
    }
}
