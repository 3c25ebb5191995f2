//! SQLite: one file, for one machine.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};

use super::address::is_sqlite;
use super::schema;
use super::sql::{Cell, Database};
use crate::error::TuneError;

/// How long a worker waits for another one's transaction.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database file.
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Int(x) => ToSqlOutput::from(*x),
            Self::Float(x) => ToSqlOutput::from(*x),
            Self::Text(x) => ToSqlOutput::from(x.as_str()),
            Self::Time(x) => ToSqlOutput::from(x.to_sql()),
        })
    }
}

impl Sqlite {
    fn failed(error: &rusqlite::Error) -> TuneError {
        TuneError::Storage(error.to_string())
    }
}

impl Database for Sqlite {
    type Address = Path;

    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    // The whole file is locked by a transaction that writes.
    const LOCK: &'static str = "";
    const SCHEMA: &'static [&'static str] = schema::SQLITE;
    const TABLES: &'static str = "SELECT name FROM sqlite_master WHERE type = 'table' \
                                  AND name IN ('studies', 'version_info', 'alembic_version')";
    const AGE: &'static str = "(julianday(CURRENT_TIMESTAMP) - julianday(heartbeat)) * 86400.0";

    fn connect(path: &Path) -> Result<Self, TuneError> {
        let unreachable = |e: rusqlite::Error| TuneError::Unreachable {
            url: path.display().to_string(),
            message: e.to_string(),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let filled = File::open(path).is_ok_and(|mut file| file.read(&mut [0]).is_ok_and(|n| n > 0));
        if filled && !is_sqlite(path) {
            let message = "it is not a SQLite file; a journal is opened as journal:///FILE".into();
            return Err(TuneError::NotAStorage { url: path.display().to_string(), message });
        }
        let connection = Connection::open_with_flags(path, flags).map_err(unreachable)?;
        connection.busy_timeout(PATIENCE).map_err(unreachable)?;
        // A write-ahead log lets others read while one writes, and survives a kill.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(unreachable)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn run(&mut self, sql: &str, values: &[Cell]) -> Result<usize, TuneError> {
        let mut statement = self.connection.prepare(&sql.replace('$', "?")).map_err(|e| Self::failed(&e))?;
        statement.execute(params_from_iter(values)).map_err(|e| Self::failed(&e))
    }

    fn rows(&mut self, sql: &str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, TuneError> {
        let mut statement = self.connection.prepare(&sql.replace('$', "?")).map_err(|e| Self::failed(&e))?;
        let columns = statement.column_count();
        let read = |row: &rusqlite::Row<'_>| (0..columns).map(|i| Ok(cell(row.get_ref(i)?))).collect();
        let rows = statement.query_map(params_from_iter(values), read).map_err(|e| Self::failed(&e))?;
        rows.collect::<Result<_, _>>().map_err(|e| Self::failed(&e))
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(x) => Cell::Int(x),
        ValueRef::Real(x) => Cell::Float(x),
        ValueRef::Text(x) | ValueRef::Blob(x) => Cell::Text(String::from_utf8_lossy(x).into_owned()),
    }
}
