//! Things that wait for their second step: a sign-in for its code, a challenge to a passkey for its answer.
//!
//! **Invariant:** each is finished once, within minutes, by whoever has the handle, of which only the SHA-256 is stored.

use domain::values::PersonId;
use uuid::Uuid;

use crate::db::{Db, note, read, row};
use crate::timestamp::Timestamp;

/// What the second step is to finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengePurpose {
    /// A sign-in whose password was right, and which needs a code.
    Code,
    /// A new passkey.
    Registration,
    /// A sign-in with a passkey.
    SignIn,
    /// A passkey proves who is signed in already.
    Proof,
}

impl ChallengePurpose {
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
        /// The state of the caller that began it, in the caller's own format.
        pub state: String,
    }
}

/// A challenge that begins now.
#[derive(Clone, Copy, Debug)]
pub struct NewChallenge<'a> {
    pub purpose: ChallengePurpose,
    /// The person whom it is for, if that is known already.
    pub person: Option<PersonId>,
    /// The state of the caller, which gets it back in the end.
    pub state: &'a str,
    pub expires_at: Timestamp,
}

pub async fn begin(db: &Db, token_hash: &[u8; 32], challenge: NewChallenge<'_>) -> Result<(), sqlx::Error> {
    let NewChallenge { purpose, person, state, expires_at } = challenge;
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

/// Finds something that was begun and not finished yet.
pub async fn find(
    db: &Db,
    token_hash: &[u8; 32],
    purpose: ChallengePurpose,
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

/// Takes it to finish it: whoever comes second finds nothing.
pub async fn take(
    db: &Db,
    token_hash: &[u8; 32],
    purpose: ChallengePurpose,
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
