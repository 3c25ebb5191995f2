"""Files of other programs for the tests of the readers: Parquet by pyarrow, Excel by openpyxl.

    python data.py crates/paucal-data/tests/golden

Needs pandas, pyarrow and openpyxl.
"""

import datetime as dt
import decimal
import sys
import uuid
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def every_type() -> pa.Table:
    """Five rows of every flat type, the third one null."""
    words = ["yes", "no", None, "yes", "it is 'so'"]
    moments = [dt.datetime(2024, 7, 19, 21, 53, 46, 250000 * (i % 2)) if i != 2 else None for i in range(5)]
    days = [dt.date(2024, 1, 1 + i) if i != 2 else None for i in range(5)]
    whole = [1, -2, None, 300, 40000]
    reals = [1.1, -2.25, None, 4.0, 1e-7]
    return pa.table(
        {
            "int8": pa.array([1, -2, None, 30, 40], pa.int8()),
            "int32": pa.array(whole, pa.int32()),
            "int64": pa.array(whole, pa.int64()),
            "uint32": pa.array([1, 2, None, 4, 4294967295], pa.uint32()),
            "uint64": pa.array([1, 2, None, 4, 9007199254740991], pa.uint64()),
            "half": pa.array([1.5, -2.25, None, 4.0, 0.5], pa.float16()),
            "float": pa.array(reals, pa.float32()),
            "double": pa.array(reals, pa.float64()),
            "decimal": pa.array([None if x is None else decimal.Decimal(x) / 100 for x in whole], pa.decimal128(9, 2)),
            "bool": pa.array([True, False, None, True, True]),
            "string": pa.array(words),
            "large": pa.array(words, pa.large_string()),
            "dictionary": pa.array(words).dictionary_encode(),
            "digits": pa.array(["001", "2", None, "3", "4"]),
            "date": pa.array(days),
            "millis": pa.array(moments, pa.timestamp("ms")),
            "micros": pa.array(moments, pa.timestamp("us")),
            "nanos": pa.array(moments, pa.timestamp("ns")),
            "utc": pa.array(moments, pa.timestamp("us", tz="UTC")),
            "uuid": pa.array([None if i == 2 else uuid.UUID(int=i).bytes for i in range(5)], pa.uuid()),
            "nothing": pa.array([None] * 5, pa.null()),
        }
    )


def workbook() -> openpyxl.Workbook:
    """Two sheets: one with dates, errors, an empty row and an empty column; one without a header."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Patients"
    sheet.append(["id", "age", "bmi", "smoker", "seen", "at", None, "note"])
    for i in range(4):
        if i == 2:
            sheet.append([])
        day = dt.date(2024, 3, 1 + i)
        moment = dt.datetime(2024, 3, 1 + i, 12 * (i % 2), 30 * (i % 2))
        note = ["well", None, "#N/A", "well"][i]
        sheet.append([f"p{i}", 50 + i, 22.5 + i, i % 2 == 0, day, moment, None, note])
    sheet["C3"] = "#DIV/0!"
    sheet["C3"].data_type = "e"
    values = book.create_sheet("Values")
    for row in [[1, 2.5], [3, 4.5]]:
        values.append(row)
    return book


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    table = every_type()
    pq.write_table(table, out / "types.parquet", compression="snappy")
    pq.write_table(table, out / "types_old.parquet", compression="none", version="1.0",
                   use_deprecated_int96_timestamps=True, row_group_size=2)
    pq.write_table(table.select(["int64", "string"]), out / "zstd.parquet", compression="zstd")
    nested = pa.table({"x": pa.array([[1], [2, 3]])})
    pq.write_table(nested, out / "nested.parquet", compression="none")
    pd.DataFrame({"y": [0.0, 1.0, 1.0], "name": ["a", None, "c"]}).to_parquet(out / "pandas.parquet")
    workbook().save(out / "book.xlsx")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
