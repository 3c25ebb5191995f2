//! Two tables under one schema, so that a level has the same code in both.

use crate::cell::datetime;
use crate::cell::missing::Markers;
use crate::cell::number::{self, Style};
use crate::error::DataError;
use crate::read::parse::{self, Cells};
use crate::read::raw::{Raw, RawColumn};
use crate::read::{Read, UnknownLevels};
use crate::schema::Kind;
use crate::table::{Column, MISSING, Table, Values};

/// Brings `second` under the schema of `first`: same columns in the same order, the same kinds, and level
/// lists that hold the levels of both, those of `first` first. Returns `first` with the longer lists (its
/// codes do not change), and `second` with what was found on the way.
///
/// Use it for tables that were made or read separately; [`crate::read_like`] does the same from a file.
pub fn align(first: &Table, second: &Table) -> Result<(Table, Read), DataError> {
    let raw = Raw {
        source: "the second table".into(),
        names: second.schema().names().map(Into::into).collect(),
        header: true,
        delimiter: first.schema().layout.delimiter,
        columns: second.columns().map(|column| as_text(&column)).collect(),
        findings: Vec::new(),
    };
    // Only what is missing in the table is missing: a level may be called "NA".
    let markers = Markers::only(&[]);
    let cells = Cells { markers: &markers, comma: false, unknown: UnknownLevels::Extend };
    let mut findings = Vec::new();
    let table = parse::parse(&raw, first.schema(), &cells, &mut findings)?;
    let first = first.with_levels_of(table.schema())?;
    Ok((first, Read { table, findings }))
}

/// The values of a column as text at full precision; missing ones are empty.
fn as_text(column: &Column<'_>) -> RawColumn {
    let mut out = RawColumn::default();
    let mut cell = String::new();
    for row in 0..column.values.len() {
        cell.clear();
        match (column.values, &column.spec.kind) {
            (Values::Text(texts), _) => cell.push_str(texts[row].as_deref().unwrap_or_default()),
            (Values::Code(codes), kind) if codes[row] != MISSING => {
                let levels = kind.levels().unwrap_or_default();
                cell.push_str(levels.get(codes[row] as usize).map_or("", String::as_str));
            }
            (Values::Number(numbers), _) if numbers[row].is_nan() => {}
            (Values::Number(numbers), Kind::Datetime { format }) => {
                cell.push_str(&datetime::write(numbers[row], format).unwrap_or_default());
            }
            (Values::Number(numbers), _) => {
                number::write_real(&mut cell, numbers[row], None, Style::default());
            }
            (Values::Code(_), _) => {}
        }
        out.push(&cell);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{ReadOptions, read_bytes};

    fn table(text: &str) -> Table {
        read_bytes("t.csv", text.as_bytes(), &ReadOptions::default()).unwrap().table
    }

    #[test]
    fn levels_of_both_and_the_order_of_the_first() {
        let first = table("sex,age,town\nf,51.5,ulm\nm,62.25,bonn\n");
        let second = table("town,age,sex\nbonn,7,m\nrome,8,m\n,9,x\n");
        let (first, second) = align(&first, &second).unwrap();
        assert_eq!(first.schema(), second.table.schema());
        let levels = |name: &str| first.column(name).unwrap().spec.kind.levels().unwrap().to_vec();
        assert_eq!(
            (levels("sex"), levels("town")),
            (vec!["f".into(), "m".into(), "x".into()], vec!["ulm".into(), "bonn".into(), "rome".into()])
        );
        assert_eq!(second.table.column("town").unwrap().codes().unwrap(), [1, 2, MISSING]);
        assert_eq!(second.table.column("age").unwrap().numbers().unwrap(), [7.0, 8.0, 9.0]);
        assert_eq!(first.stacked(&second.table).unwrap().rows(), 5);
    }

    #[test]
    fn tables_with_other_columns_are_refused() {
        assert!(align(&table("a,b\n1,x\n"), &table("a,c\n1,x\n")).is_err());
        assert!(align(&table("a,b\n1.5,x\n"), &table("a,b\nz,x\n")).is_err());
    }
}
