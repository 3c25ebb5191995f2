//! Points in time as studies keep them: UTC with microseconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Microseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub i64);

impl Instant {
    /// Now, by the clock of this machine.
    pub fn now() -> Self {
        Self(Timestamp::now().as_microsecond())
    }

    /// Seconds from `earlier` to this.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / 1e6
    }

    /// `YYYY-MM-DD HH:MM:SS.ffffff`, the text SQLAlchemy keeps in SQLite and understands in PostgreSQL.
    pub fn to_sql(self) -> String {
        let time = Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
    }

    /// `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`, as journals have it.
    pub fn to_iso(self) -> String {
        self.to_sql().replacen(' ', "T", 1) + "+00:00"
    }

    /// Reads [`Instant::to_iso`] with any offset. Optuna before version 5 wrote the time of the writer's zone without
    /// saying which; that is taken for UTC.
    pub fn from_iso(text: &str) -> Option<Self> {
        let time: Option<Timestamp> = text.parse().ok();
        time.map(|time| Self(time.as_microsecond())).or_else(|| Self::from_sql(text))
    }

    /// Reads [`Instant::to_sql`]; the fraction may be absent, `T` may stand between day and time.
    pub fn from_sql(text: &str) -> Option<Self> {
        let civil: DateTime = text.trim().parse().ok()?;
        Some(Self(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back() {
        let time = Instant(1_795_000_000_123_456);
        assert_eq!(time.to_sql(), "2026-11-18 11:06:40.123456");
        assert_eq!(Instant::from_sql(&time.to_sql()), Some(time));
        assert_eq!(Instant::from_sql("1970-01-01 00:00:01"), Some(Instant(1_000_000)));
        assert_eq!(Instant::from_sql("1970-01-01T00:00:01.5"), Some(Instant(1_500_000)));
        assert_eq!(Instant::from_sql("yesterday"), None);
        assert_eq!(time.to_iso(), "2026-11-18T11:06:40.123456+00:00");
        assert_eq!(Instant::from_iso(&time.to_iso()), Some(time));
        assert_eq!(Instant::from_iso("1970-01-01T01:00:01+01:00"), Some(Instant(1_000_000)));
        assert_eq!(Instant::from_iso("1970-01-01T00:00:01"), Some(Instant(1_000_000)));
    }
}
