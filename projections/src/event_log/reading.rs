//! Reads the log in the order of its positions.

use sqlx::QueryBuilder;

use super::{ReadError, Recorded};
use crate::db::{Db, Engine, Lists, read};

/// The last position and the hash of its event.
pub(super) async fn head(db: &Db) -> Result<Option<(i64, Vec<u8>)>, sqlx::Error> {
    let head: Option<(i64, Option<Vec<u8>>)> = read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/event_log/last_hash.sql")).fetch_optional(pool).await
    })?;
    Ok(head.map(|(position, hash)| (position, hash.unwrap_or_default())))
}

/// The events at these positions, in the order of the log.
pub(super) async fn at(db: &Db, positions: &[i64]) -> Result<Vec<Recorded>, sqlx::Error> {
    if positions.is_empty() {
        return Ok(vec![]);
    }
    read!(db, |pool| {
        let mut query = QueryBuilder::new(include_str!("../sql/event_log/at.sql"));
        Lists::push_one_of(&mut query, positions.iter().copied());
        query.push(" order by position").build_query_as().fetch_all(pool).await
    })
}

/// The last position; 0 if there is no event.
pub(crate) async fn last(db: &Db) -> Result<i64, sqlx::Error> {
    let last: Option<i64> = read!(db, |pool| sqlx::query_scalar(include_str!("../sql/event_log/last.sql"))
        .fetch_one(pool)
        .await)?;
    Ok(last.unwrap_or(0))
}

/// Counts events at positions before the first. In a sound log there are none.
pub(crate) async fn in_front(db: &Db) -> Result<i64, sqlx::Error> {
    read!(db, |pool| sqlx::query_scalar(include_str!("../sql/projector/in_front.sql")).fetch_one(pool).await)
}

/// Says whether this database is a replica of another one, and so may be behind it.
pub(crate) async fn is_standby(db: &Db) -> Result<bool, sqlx::Error> {
    match &db.0 {
        Engine::Postgres { pool, .. } => {
            sqlx::query_scalar(include_str!("../sql/event_log/standby_postgres.sql")).fetch_one(pool).await
        }
        Engine::Sqlite { .. } => Ok(false),
    }
}

/// Events after a position, oldest first, at most `limit`. It is an error if one is missing, or there twice.
pub(crate) async fn tail(db: &Db, after: i64, limit: i64) -> Result<Vec<Recorded>, ReadError> {
    // One more shows whether the last of them is there twice.
    let mut events = following(db, after, limit.saturating_add(1)).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut before = after;
    for (number, event) in events.iter().enumerate() {
        match event.position {
            found if found == before => return Err(ReadError::Twice(found)),
            found if number < wanted && found - 1 != before => {
                return Err(ReadError::Gap { expected: before + 1, found });
            }
            found => before = found,
        }
    }
    events.truncate(wanted);
    Ok(events)
}

/// Events after a position, oldest first, at most `limit`, whatever is missing between them.
pub(crate) async fn following(db: &Db, after: i64, limit: i64) -> Result<Vec<Recorded>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/event_log/tail.sql"))
            .bind(after)
            .bind(limit)
            .fetch_all(pool)
            .await
    })
}
