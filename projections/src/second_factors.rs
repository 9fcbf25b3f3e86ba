//! Second factors of passwords: a secret shared with an app that makes codes of it, and recovery codes for when that is
//! lost.
//!
//! **Invariant:** no code is taken twice, on whichever process: a step has to be later than the last one taken, and a
//! recovery code unused, in the statement that takes it.

use domain::values::PersonId;
use uuid::Uuid;

use crate::db::{Db, on, read, row, write};
use crate::timestamp::Timestamp;

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Totp {
        /// The secret as it is stored: in clear, or sealed.
        pub secret: Vec<u8>,
        /// The step of the last code that was accepted, counted in 30 seconds since 1970.
        pub last_step: i64,
        pub created_at: Timestamp,
        /// Recovery codes that were not used yet.
        pub codes_left: i64,
    }
}

/// Replaces all recovery codes of a person.
macro_rules! give {
    ($conn:expr, $person:expr, $codes:expr) => {{
        sqlx::query(include_str!("sql/second_factors/drop_codes.sql"))
            .bind($person.0)
            .execute(&mut *$conn)
            .await?;
        for code in $codes {
            let add = sqlx::query(include_str!("sql/second_factors/add_code.sql"));
            add.bind($person.0).bind(code.as_slice()).execute(&mut *$conn).await?;
        }
    }};
}

pub async fn of_person(db: &Db, person: PersonId) -> Result<Option<Totp>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/second_factors/find.sql")).bind(person.0).fetch_optional(pool).await
    })
}

row! {
    /// A shared secret, as it is stored.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct StoredSecret {
        pub person_id: Uuid,
        pub secret: Vec<u8>,
    }
}

/// The secrets of the next people after one, at most `limit`.
pub async fn secrets(db: &Db, after: Uuid, limit: i64) -> Result<Vec<StoredSecret>, sqlx::Error> {
    read!(db, |pool| {
        let secrets = sqlx::query_as(include_str!("sql/second_factors/secrets.sql"));
        secrets.bind(after).bind(limit).fetch_all(pool).await
    })
}

/// Stores the same secret in another form; `false` if it is another one by now.
pub async fn replace_secret(
    db: &Db,
    person: PersonId,
    before: &[u8],
    now: &[u8],
) -> Result<bool, sqlx::Error> {
    write!(db, |pool| {
        let replace = sqlx::query(include_str!("sql/second_factors/replace_secret.sql"));
        let done = replace.bind(person.0).bind(before).bind(now).execute(pool).await;
        done.map(|done| done.rows_affected() == 1)
    })
}

/// A second factor that somebody sets up in a session, by a code that they have shown.
#[derive(Clone, Copy, Debug)]
pub struct NewSecondFactor<'a> {
    pub person: PersonId,
    pub session_id: Uuid,
    /// The shared secret, sealed.
    pub secret: &'a [u8],
    /// The time step of the code.
    pub step: i64,
    /// The hashes of the recovery codes.
    pub codes: &'a [[u8; 32]],
}

/// Shares a secret with somebody who has shown a code of it, and gives them recovery codes; every session of theirs but
/// this one ends. `false`, and nothing is done, if they share one already.
pub async fn enrol(db: &Db, factor: NewSecondFactor<'_>, now: Timestamp) -> Result<bool, sqlx::Error> {
    let NewSecondFactor { person, session_id, secret, step, codes } = factor;
    let mut tx = db.begin().await?;
    let enrolled = on!(&mut tx, |conn| {
        let enrol = sqlx::query(include_str!("sql/second_factors/enrol.sql"));
        let done = enrol.bind(person.0).bind(secret).bind(step).bind(now).execute(&mut *conn).await?;
        if done.rows_affected() == 1 {
            give!(&mut *conn, person, codes);
            let end = sqlx::query(include_str!("sql/sessions/end_others.sql"));
            end.bind(person.0).bind(session_id).execute(conn).await?;
        }
        done.rows_affected() == 1
    });
    tx.commit().await?;
    Ok(enrolled)
}

/// Accepts the code of a step; `false` if that or a later one was accepted before.
pub async fn take_step(db: &Db, person: PersonId, step: i64) -> Result<bool, sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/second_factors/take_step.sql"))
            .bind(person.0)
            .bind(step)
            .execute(pool)
            .await
            .map(|done| done.rows_affected() == 1)
    })
}

/// Uses a recovery code; `false` if there is none with this hash, or it was used.
pub async fn use_code(
    db: &Db,
    person: PersonId,
    code_hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/second_factors/use_code.sql"))
            .bind(person.0)
            .bind(code_hash.as_slice())
            .bind(now)
            .execute(pool)
            .await
            .map(|done| done.rows_affected() == 1)
    })
}

/// Gives somebody recovery codes in place of all they had.
pub async fn replace_codes(db: &Db, person: PersonId, codes: &[[u8; 32]]) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    on!(&mut tx, |conn| give!(conn, person, codes));
    tx.commit().await
}

/// Removes secret and codes. Sessions that were begun with them count as begun with a password alone, unless there is
/// a passkey.
pub async fn remove(db: &Db, person: PersonId) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    on!(&mut tx, |conn| {
        for statement in [
            include_str!("sql/second_factors/remove.sql"),
            include_str!("sql/second_factors/drop_codes.sql"),
            include_str!("sql/sessions/weaken.sql"),
        ] {
            sqlx::query(statement).bind(person.0).execute(&mut *conn).await?;
        }
    });
    tx.commit().await
}
