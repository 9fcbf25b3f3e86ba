//! Remembers the browsers in which somebody has signed in, by a random cookie that stays there.
//!
//! **Invariant:** only the SHA-256 of the cookie is stored, and a row is made by a sign-in that succeeded: strangers make
//! none.

use domain::values::PersonId;

use crate::db::{Db, note, on, read, write};
use crate::timestamp::Timestamp;

/// The most devices that are kept of one person: those that were used last.
const MOST: i64 = 20;

/// Says whether the person with this address has used a device since a moment. It is one statement whether there is such
/// a person or not.
pub async fn knows(
    db: &Db,
    token_hash: &[u8; 32],
    email: &str,
    since: Timestamp,
) -> Result<bool, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/known_devices/knows.sql"))
            .bind(token_hash.as_slice())
            .bind(email)
            .bind(since)
            .fetch_one(pool)
            .await
    })
}

/// Notes that somebody signed in with a device of theirs; `false` if it is not known as theirs.
pub async fn touch(
    db: &Db,
    token_hash: &[u8; 32],
    person: PersonId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    note!(db, |pool| {
        sqlx::query(include_str!("sql/known_devices/touch.sql"))
            .bind(token_hash.as_slice())
            .bind(person.0)
            .bind(now)
            .execute(pool)
            .await
            .map(|done| done.rows_affected() == 1)
    })
}

/// Adds a device of this person under a new token, which also replaces the old token for everybody else who uses the
/// device: so a token that somebody planted there is worth nothing to them from now on.
pub async fn add(
    db: &Db,
    token_hash: &[u8; 32],
    replaces: Option<[u8; 32]>,
    person: PersonId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    on!(&mut tx, |conn| {
        if let Some(old) = replaces {
            sqlx::query(include_str!("sql/known_devices/rename.sql"))
                .bind(old.as_slice())
                .bind(token_hash.as_slice())
                .execute(&mut *conn)
                .await?;
        }
        sqlx::query(include_str!("sql/known_devices/add.sql"))
            .bind(token_hash.as_slice())
            .bind(person.0)
            .bind(now)
            .execute(&mut *conn)
            .await?;
        sqlx::query(include_str!("sql/known_devices/trim.sql"))
            .bind(person.0)
            .bind(MOST)
            .execute(conn)
            .await?;
    });
    tx.commit_note().await
}

/// Forgets every device of somebody but one.
pub async fn forget_others(db: &Db, person: PersonId, but: &[u8; 32]) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/known_devices/forget_others.sql"))
            .bind(person.0)
            .bind(but.as_slice())
            .execute(pool)
            .await
            .map(drop)
    })
}

/// Forgets the devices that were not used since a moment.
pub async fn sweep(db: &Db, since: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |pool| {
        sqlx::query(include_str!("sql/known_devices/sweep.sql")).bind(since).execute(pool).await.map(drop)
    })
}
