//! A moment in microseconds, as both engines keep it.
//!
//! **Invariant:** the same value comes back from either engine: `timestamptz` on Postgres, microseconds since 1970 in
//! an integer on SQLite. Whatever stands there can be read: what is no moment between the years 1 and 9999, which portal
//! never writes, is the last one of them. So the event that has it is told like any other that was changed.

use std::ops::Deref;
use std::time::Duration;

use chrono::{DateTime, Datelike, SubsecRound, Utc};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Postgres, Sqlite, Type};

/// A moment, cut to microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The last microsecond of the year 9999.
    pub(crate) const LAST: Self = Self(LAST);

    /// The present moment by this process's clock, for when that stands in for the store's own clock.
    #[expect(clippy::disallowed_methods, reason = "SQLite has no clock but its process's")]
    pub(crate) fn by_our_clock() -> Self {
        Self::from(Utc::now())
    }

    /// The moment this many microseconds after the beginning of 1970.
    pub fn from_micros(micros: i64) -> Self {
        let at = DateTime::from_timestamp_micros(micros).filter(|at| (1..=9999).contains(&at.year()));
        Self(at.unwrap_or(LAST))
    }

    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }
}

const LAST: DateTime<Utc> = match DateTime::from_timestamp_micros(253_402_300_799_999_999) {
    Some(last) => last,
    None => DateTime::UNIX_EPOCH,
};

/// How long ago the machine was started, with the time in which it slept (Linux).
pub(crate) fn uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.trunc_subsecs(6))
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(at: Timestamp) -> Self {
        at.0
    }
}

impl Deref for Timestamp {
    type Target = DateTime<Utc>;

    fn deref(&self) -> &DateTime<Utc> {
        &self.0
    }
}

impl Type<Postgres> for Timestamp {
    fn type_info() -> <Postgres as Database>::TypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl sqlx::postgres::PgHasArrayType for Timestamp {
    fn array_type_info() -> sqlx::postgres::PgTypeInfo {
        <DateTime<Utc> as sqlx::postgres::PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for Timestamp {
    fn encode_by_ref(&self, buffer: &mut sqlx::postgres::PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <DateTime<Utc> as Encode<'_, Postgres>>::encode_by_ref(&self.0, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Timestamp {
    /// Decodes the number itself, because sqlx panics at a moment that chrono can't hold, such as `infinity`.
    fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.format() == sqlx::postgres::PgValueFormat::Text {
            let at = <DateTime<Utc> as Decode<'r, Postgres>>::decode(value)?;
            return Ok(Self::from_micros(at.timestamp_micros()));
        }
        let since_2000 = i64::from_be_bytes(value.as_bytes()?.try_into()?);
        Ok(Self::from_micros(since_2000.saturating_add(UNTIL_2000)))
    }
}

/// Microseconds from 1970 to 2000, where Postgres begins to count.
const UNTIL_2000: i64 = 946_684_800_000_000;

impl Type<Sqlite> for Timestamp {
    fn type_info() -> <Sqlite as Database>::TypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &<Sqlite as Database>::TypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(ty)
    }
}

impl<'q> Encode<'q, Sqlite> for Timestamp {
    fn encode_by_ref(
        &self,
        arguments: &mut Vec<sqlx::sqlite::SqliteArgumentValue<'q>>,
    ) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<'q, Sqlite>>::encode_by_ref(&self.micros(), arguments)
    }
}

impl<'r> Decode<'r, Sqlite> for Timestamp {
    fn decode(value: sqlx::sqlite::SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self::from_micros(<i64 as Decode<'r, Sqlite>>::decode(value)?))
    }
}
