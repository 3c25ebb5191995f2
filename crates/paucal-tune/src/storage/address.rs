//! Addresses of storages, as Optuna's users write them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::TuneError;

/// What an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A journal file.
    Journal(PathBuf),
    /// A PostgreSQL database: the address without `+driver`.
    Postgres(String),
}

impl Address {
    /// Reads `sqlite:///FILE`, `journal:///FILE`, `postgresql://USER@HOST/DATABASE` (or `postgres://`), each also with
    /// SQLAlchemy's `+driver`, or the plain path of a file. A file that is there is known by its first bytes, a new one by
    /// its ending: `.log`, `.journal` and `.jsonl` are journals, `.db`, `.sqlite` and `.sqlite3` databases.
    ///
    /// # Errors
    /// [`TuneError::Address`] for everything else.
    pub fn parse(text: &str) -> Result<Self, TuneError> {
        let wrong = || TuneError::Address(masked(text));
        let Some((scheme, rest)) = text.split_once("://") else {
            return Self::of_path(Path::new(text)).ok_or_else(wrong);
        };
        let file = || rest.strip_prefix('/').filter(|path| !path.is_empty()).map(PathBuf::from);
        match scheme.split_once('+').map_or(scheme, |(kind, _driver)| kind) {
            "sqlite" => file().map(Self::Sqlite),
            "journal" => file().map(Self::Journal),
            "postgresql" | "postgres" => Some(Self::Postgres(format!("postgresql://{rest}"))),
            _ => None,
        }
        .ok_or_else(wrong)
    }

    fn of_path(path: &Path) -> Option<Self> {
        if path.is_file() {
            let kind = if is_sqlite(path) { Self::Sqlite } else { Self::Journal };
            return Some(kind(path.to_owned()));
        }
        match path.extension()?.to_str()? {
            "log" | "journal" | "jsonl" => Some(Self::Journal(path.to_owned())),
            "db" | "sqlite" | "sqlite3" => Some(Self::Sqlite(path.to_owned())),
            _ => None,
        }
    }
}

/// Whether a file begins like a SQLite database.
pub fn is_sqlite(path: &Path) -> bool {
    let mut start = [0; 16];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *b"SQLite format 3\0"
}

/// An address as it may be shown and kept: a password is replaced by `***`.
pub fn masked(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    // Up to the last '@': whoever did not escape one in a password does not want to read half of it either.
    let rest = match rest.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((name, host)) => format!("{name}:***@{host}"),
        None => rest.to_owned(),
    };
    let hide = |part: &str| match part.split_once('=') {
        Some((key, _)) if key.to_lowercase().contains("password") => format!("{key}=***{}", end(part)),
        _ => part.to_owned(),
    };
    format!("{scheme}://{}", rest.split_inclusive(['?', '&']).map(hide).collect::<String>())
}

/// The sign between two parts of a query, where one ends the text.
fn end(part: &str) -> &str {
    if part.ends_with('&') { "&" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_kind_are_read() {
        let read = |text: &str| Address::parse(text).ok();
        assert_eq!(read("sqlite:///a/b.db"), Some(Address::Sqlite("a/b.db".into())));
        assert_eq!(read("sqlite+pysqlite:////a/b.db"), Some(Address::Sqlite("/a/b.db".into())));
        assert_eq!(read("journal:///study.log"), Some(Address::Journal("study.log".into())));
        assert_eq!(read("shared/study.log"), Some(Address::Journal("shared/study.log".into())));
        assert_eq!(read("new.sqlite3"), Some(Address::Sqlite("new.sqlite3".into())));
        for scheme in ["postgresql", "postgres", "postgresql+psycopg2", "postgresql+psycopg"] {
            let want = Address::Postgres("postgresql://u@h/d".into());
            assert_eq!(read(&format!("{scheme}://u@h/d")), Some(want));
        }
        for wrong in ["mysql://x", "sqlite:///", "journal://", "study", "sqlite://x"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_file_that_is_there_is_known_by_its_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study");
        let read = || Address::parse(path.to_str().unwrap()).unwrap();
        std::fs::write(&path, b"SQLite format 3\0 and more").unwrap();
        assert_eq!(read(), Address::Sqlite(path.clone()));
        std::fs::write(&path, b"{\"op_code\":0}\n").unwrap();
        assert_eq!(read(), Address::Journal(path.clone()));
    }

    #[test]
    fn no_password_is_shown() {
        for (address, shown) in [
            ("postgresql://ann:secret@host:5432/db", "postgresql://ann:***@host:5432/db"),
            ("postgresql://ann:se@cr/et@host/db", "postgresql://ann:***@host/db"),
            ("postgresql://ann@host/db", "postgresql://ann@host/db"),
            ("postgresql://ann:se?cr&et@host/db", "postgresql://ann:***@host/db"),
            ("postgresql:///db?host=/run&password=secret", "postgresql:///db?host=/run&password=***"),
            ("postgresql:///db?password=s@cret&host=/run", "postgresql:///db?password=***&host=/run"),
            ("mysql+pymysql://ann:secret@host/db", "mysql+pymysql://ann:***@host/db"),
            ("sqlite:///a.db", "sqlite:///a.db"),
            ("study.log", "study.log"),
        ] {
            assert_eq!(masked(address), shown);
        }
    }
}
