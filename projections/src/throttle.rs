//! Token buckets that limit how often something is tried, by the hash of what is counted.
//!
//! **Invariant:** one statement looks and takes, so that two processes never take the same token. A refused attempt
//! stores nothing, and a bucket that is full again is worth no row.

use std::time::Duration;

use crate::db::{Db, Engine, LAZILY, Transaction, note, read};
use crate::timestamp::Timestamp;

/// How much a bucket holds, and how long each token takes to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub at_once: u32,
    pub then_every: Duration,
}

impl Limit {
    /// The time until an empty bucket is full again, in microseconds.
    fn whole(self) -> i64 {
        micros(self.then_every).saturating_mul(i64::from(self.at_once))
    }
}

/// No clock that is right is further ahead of another, nor any bucket longer empty.
const FURTHEST: Duration = Duration::from_hours(24);

/// Takes a token, or says how long it takes until there is one. Nothing waits for the disk: after a power cut, the
/// attempts of the last moment are forgotten.
pub async fn take(
    db: &Db,
    bucket: &[u8; 32],
    limit: Limit,
    now: Timestamp,
) -> Result<Result<(), Duration>, sqlx::Error> {
    let (now, each, whole) = (now.micros(), micros(limit.then_every), limit.whole());
    macro_rules! take {
        ($conn:expr) => {
            sqlx::query(include_str!("sql/throttle/take.sql"))
                .bind(bucket.as_slice())
                .bind(now)
                .bind(each)
                .bind(now + whole)
                .bind(now + 2 * whole)
                .execute($conn)
                .await?
                .rows_affected()
        };
    }
    let taken = match &db.0 {
        Engine::Postgres { lazy, .. } => take!(lazy),
        Engine::Sqlite { writer, .. } => {
            let mut tx = Transaction::begin(writer, LAZILY).await?;
            let taken = take!(&mut *tx);
            tx.commit().await?;
            taken
        }
    };
    if taken == 1 {
        return Ok(Ok(()));
    }
    let full_at: Option<i64> = read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/throttle/full_at.sql"))
            .bind(bucket.as_slice())
            .fetch_optional(pool)
            .await?
    });
    let wait = full_at.unwrap_or(now) + each - whole - now;
    Ok(Err(Duration::from_micros(u64::try_from(wait).unwrap_or_default())))
}

/// Removes the buckets that no longer count.
pub async fn sweep(db: &Db, now: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |pool| {
        sqlx::query(include_str!("sql/throttle/sweep.sql"))
            .bind(now.micros())
            .bind(now.micros() + micros(FURTHEST))
            .execute(pool)
            .await
            .map(drop)
    })
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
