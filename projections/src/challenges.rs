//! What waits for its second half: a sign-in for its code, a question to a passkey for its answer.
//!
//! **Invariant:** each is finished once, within minutes, by whoever has the handle, of which only the SHA-256 is stored.

use domain::values::PersonId;
use uuid::Uuid;

use crate::db::{Db, note, read, row};
use crate::timestamp::Timestamp;

/// What is to be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A sign-in whose password was right, and which wants a code.
    Code,
    /// A new passkey.
    Registration,
    /// A sign-in with a passkey.
    SignIn,
    /// A passkey proves who is signed in already.
    Proof,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Registration => "registration",
            Self::SignIn => "sign-in",
            Self::Proof => "proof",
        }
    }
}

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Challenge {
        pub person_id: Option<Uuid>,
        /// What its maker has to know of it, as they wrote it.
        pub state: String,
    }
}

pub async fn begin(
    db: &Db,
    token_hash: &[u8; 32],
    (purpose, person): (Purpose, Option<PersonId>),
    state: &str,
    expires_at: Timestamp,
) -> Result<(), sqlx::Error> {
    note!(db, |pool| {
        sqlx::query(include_str!("sql/challenges/begin.sql"))
            .bind(token_hash.as_slice())
            .bind(purpose.as_str())
            .bind(person.map(|person| person.0))
            .bind(state)
            .bind(expires_at)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// What was begun and not finished yet.
pub async fn find(
    db: &Db,
    token_hash: &[u8; 32],
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Challenge>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/challenges/find.sql"))
            .bind(token_hash.as_slice())
            .bind(purpose.as_str())
            .bind(now)
            .fetch_optional(pool)
            .await
    })
}

/// Finishes it: whoever comes second finds nothing.
pub async fn take(
    db: &Db,
    token_hash: &[u8; 32],
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Challenge>, sqlx::Error> {
    note!(db, |pool| {
        sqlx::query_as(include_str!("sql/challenges/take.sql"))
            .bind(token_hash.as_slice())
            .bind(purpose.as_str())
            .bind(now)
            .fetch_optional(pool)
            .await
    })
}

/// Removes what nobody finished.
pub async fn sweep(db: &Db, now: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |pool| {
        sqlx::query(include_str!("sql/challenges/sweep.sql")).bind(now).execute(pool).await.map(drop)
    })
}
