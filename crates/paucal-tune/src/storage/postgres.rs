//! PostgreSQL: one server, for workers on many machines.
//!
//! Heartbeats are written and read by the clock and in the time zone of the server: the columns have no zone, and
//! SQLAlchemy's sessions have the server's.

use std::error::Error;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres::error::SqlState;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls};

use super::sql::{Cell, Database};
use super::{masked, schema};
use crate::error::TuneError;

/// How long to wait for a server that does not answer at the start.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a worker tries to come back to a server that it has lost.
const RETURN: Duration = Duration::from_secs(60);
/// How often a transaction that others got in the way of is tried.
const ATTEMPTS: usize = 5;
/// PostgreSQL counts from the year 2000: microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

/// A connection.
pub struct Postgres {
    client: Client,
    config: Config,
    place: String,
    /// Whether a transaction is open: then a lost connection has undone it, and a statement must not be repeated alone.
    inside: bool,
    /// Why the last statement failed, if trying again may help.
    trouble: Option<Trouble>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The connection is gone.
    Lost,
    /// Another transaction was in the way.
    Conflict,
}

impl Postgres {
    /// The settings that an address stands for.
    fn config(url: &str) -> Result<Config, TuneError> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", "disable" | "allow" | "prefer")) => {}
                Some((key, _)) if key.starts_with("ssl") => return Err(TuneError::Encryption(masked(url))),
                _ => kept.push(pair),
            }
        }
        let url_without =
            if kept.is_empty() { place.to_owned() } else { format!("{place}?{}", kept.join("&")) };
        // What the reader complains of may be a piece of the password.
        let mut config: Config = url_without.parse().map_err(|_| TuneError::Address(masked(url)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host(if cfg!(unix) { "/var/run/postgresql" } else { "localhost" });
        }
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        config.application_name("paucal");
        Ok(config)
    }

    /// Does something with the connection. Outside of a transaction, a lost connection is made anew and the thing done
    /// again, which statements that stand alone can bear.
    fn ask<T>(&mut self, what: impl Fn(&mut Client) -> Result<T, postgres::Error>) -> Result<T, TuneError> {
        if !self.inside && self.client.is_closed() {
            self.come_back()?;
        }
        match what(&mut self.client) {
            Ok(answer) => Ok(answer),
            Err(error) => match self.trouble_of(&error) {
                Some(Trouble::Lost) if !self.inside => {
                    self.come_back()?;
                    what(&mut self.client).map_err(|error| self.failed(&error))
                }
                _ => Err(self.failed(&error)),
            },
        }
    }

    fn trouble_of(&self, error: &postgres::Error) -> Option<Trouble> {
        let ended = [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ];
        match error.code() {
            Some(code) if ended.contains(code) => Some(Trouble::Lost),
            Some(
                &SqlState::T_R_SERIALIZATION_FAILURE
                | &SqlState::T_R_DEADLOCK_DETECTED
                | &SqlState::UNIQUE_VIOLATION,
            ) => Some(Trouble::Conflict),
            None if error.is_closed() || self.client.is_closed() || is_io(error) => Some(Trouble::Lost),
            _ => None,
        }
    }

    fn failed(&mut self, error: &postgres::Error) -> TuneError {
        self.trouble = self.trouble_of(error);
        match self.trouble {
            Some(Trouble::Lost) => {
                let message = format!("the connection was lost ({})", said(error));
                TuneError::Unreachable { url: self.place.clone(), message }
            }
            _ => TuneError::Storage(said(error)),
        }
    }

    /// Connects again, with patience: a server may be starting anew.
    fn come_back(&mut self) -> Result<(), TuneError> {
        let begun = Instant::now();
        let mut wait = Duration::from_millis(200);
        loop {
            match connected(&self.config, &self.place) {
                Ok(client) => {
                    self.client = client;
                    return Ok(());
                }
                Err(TuneError::Unreachable { .. }) if begun.elapsed() < RETURN => {
                    std::thread::sleep(wait);
                    wait = (2 * wait).min(Duration::from_secs(5));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One attempt at a transaction.
    fn attempt<T>(
        &mut self,
        work: &mut impl FnMut(&mut Self) -> Result<T, TuneError>,
    ) -> Result<T, TuneError> {
        self.trouble = None;
        self.run(Self::BEGIN, &[])?;
        self.inside = true;
        let outcome = match work(self) {
            Ok(done) => {
                self.trouble = None;
                let stored = self.run("COMMIT", &[]);
                // Nobody knows whether it was stored: it must not be done twice.
                self.trouble = self.trouble.filter(|&trouble| trouble == Trouble::Conflict);
                stored.map(|_| done)
            }
            Err(error) => {
                // The first error is the one to tell.
                let trouble = self.trouble;
                let _ = self.run("ROLLBACK", &[]);
                self.trouble = trouble;
                Err(error)
            }
        };
        self.inside = false;
        outcome
    }
}

impl Database for Postgres {
    type Address = str;

    const BEGIN: &'static str = "BEGIN ISOLATION LEVEL READ COMMITTED";
    const LOCK: &'static str = " FOR UPDATE";
    const SCHEMA: &'static [&'static str] = schema::POSTGRES;
    const TABLES: &'static str = "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = ANY(current_schemas(false)) \
                                  AND tablename IN ('studies', 'version_info', 'alembic_version')";
    const AGE: &'static str =
        "CAST(EXTRACT(EPOCH FROM CAST(CURRENT_TIMESTAMP AS TIMESTAMP) - heartbeat) AS DOUBLE PRECISION)";

    fn connect(url: &str) -> Result<Self, TuneError> {
        let (config, place) = (Self::config(url)?, masked(url));
        let client = connected(&config, &place)?;
        Ok(Self { client, config, place, inside: false, trouble: None })
    }

    fn place(&self) -> String {
        self.place.clone()
    }

    fn run(&mut self, sql: &str, values: &[Cell]) -> Result<usize, TuneError> {
        self.ask(|client| client.execute(sql, &parameters(values))).map(|changed| changed as usize)
    }

    fn rows(&mut self, sql: &str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, TuneError> {
        let rows = self.ask(|client| client.query(sql, &parameters(values)))?;
        let read = |row: &postgres::Row| (0..row.len()).map(|i| row.try_get(i)).collect();
        rows.iter().map(read).collect::<Result<_, postgres::Error>>().map_err(|error| self.failed(&error))
    }

    fn transaction<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, TuneError>,
    ) -> Result<T, TuneError> {
        let mut attempts = 1;
        loop {
            let outcome = self.attempt(&mut work);
            match self.trouble.take() {
                Some(_) if outcome.is_err() && attempts < ATTEMPTS => {
                    std::thread::sleep(Duration::from_millis(20) * attempts as u32);
                    attempts += 1;
                }
                _ => return outcome,
            }
        }
    }
}

fn parameters(values: &[Cell]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn connected(config: &Config, place: &str) -> Result<Client, TuneError> {
    let mut client = config.connect(NoTls).map_err(|error| refused(&error, place))?;
    // Times are read as text.
    client.batch_execute("SET datestyle TO ISO").map_err(|error| refused(&error, place))?;
    Ok(client)
}

/// Why a connection was not made.
fn refused(error: &postgres::Error, place: &str) -> TuneError {
    let (url, message) = (place.to_owned(), said(error));
    match error.code() {
        Some(&SqlState::INVALID_CATALOG_NAME) => TuneError::NoDatabase { url },
        Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) if message.contains("no encryption") => {
            TuneError::Encryption(url)
        }
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            TuneError::Login { url, message }
        }
        None if message.contains("password missing") => {
            TuneError::Login { url, message: "it asks for a password".into() }
        }
        _ => TuneError::Unreachable { url, message },
    }
}

/// What an error says: the server's own words, or those of the error and its causes.
fn said(error: &postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words = format!("{words}: {inner_words}");
        }
        cause = inner.source();
    }
    words
}

fn is_io(error: &postgres::Error) -> bool {
    matches!(error.source(), Some(cause) if cause.is::<std::io::Error>())
}

/// Values take the type that the server expects of a parameter.
impl ToSql for Cell {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Int(x) if *kind == Type::INT4 => return i32::try_from(*x)?.to_sql(kind, out),
            Self::Int(x) => return x.to_sql(kind, out),
            Self::Float(x) => return x.to_sql(kind, out),
            Self::Text(x) => out.extend_from_slice(x.as_bytes()),
            Self::Time(x) => out.extend_from_slice(&(x.0 - EPOCH).to_be_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT4 => Self::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::FLOAT8 => Self::Float(f64::from_sql(kind, raw)?),
            _ => Self::Text(String::from_utf8_lossy(raw).into_owned()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
