//! What happened to accounts: who signed in and how, who failed to, and what changed of how somebody signs in.
//!
//! **Invariant:** only ever added to, which the database sees to, and forgotten by age alone (`retention.rs`). What
//! strangers can cause (failures) has one entry for a minute and an address, and [`MOST_AN_HOUR`] an hour, however
//! many there were: the log lines have them all.

use domain::values::PersonId;
use uuid::Uuid;

use crate::db::{Db, note, read, row};
use crate::memberships;
use crate::scope::Platform;
use crate::timestamp::Timestamp;

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct AccountEntry {
        pub entry_id: Uuid,
        pub at: Timestamp,
        pub person_id: Uuid,
        pub kind: String,
        /// Details, such as the means of the sign-in or the name of a passkey; never a password, a code or a token.
        pub detail: Option<String>,
        pub address: Option<String>,
        pub agent: Option<String>,
        pub session_id: Option<Uuid>,
    }
}

/// The most entries of one kind of failure that an account gets in an hour.
pub const MOST_AN_HOUR: i64 = 20;

/// Adds an entry. An entry that strangers can cause is left out if there are enough of its kind.
pub async fn record(db: &Db, entry: &AccountEntry, by_strangers: bool) -> Result<(), sqlx::Error> {
    let minute = by_strangers.then(|| entry.at.micros() / 60_000_000);
    note!(db, |conn| {
        sqlx::query(include_str!("sql/account_log/record.sql"))
            .bind(entry.entry_id)
            .bind(entry.at)
            .bind(entry.person_id)
            .bind(&entry.kind)
            .bind(&entry.detail)
            .bind(&entry.address)
            .bind(&entry.agent)
            .bind(entry.session_id)
            .bind(minute)
            .bind(MOST_AN_HOUR)
            .execute(conn)
            .await
            .map(drop)
    })
}

/// Somebody's own entries before one of them, newest first, at most `limit`.
pub async fn of_person(
    db: &Db,
    person: PersonId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AccountEntry>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/account_log/of_person.sql"))
            .bind(person.0)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(pool)
            .await
    })
}

/// Entries of everybody, or of one person, before one of them, newest first, at most `limit`. This is for operators, whose
/// read is noted for every organisation that these people belong to.
pub async fn looked_at(
    db: &Db,
    platform: &Platform,
    person: Option<PersonId>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AccountEntry>, sqlx::Error> {
    let entries = match person {
        Some(person) => of_person(db, person, before, limit).await?,
        None => recent(db, before, limit).await?,
    };
    memberships::look_at_those_of(db, platform, entries.iter().map(|entry| entry.person_id)).await?;
    Ok(entries)
}

async fn recent(db: &Db, before: Option<Uuid>, limit: i64) -> Result<Vec<AccountEntry>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/account_log/recent.sql"))
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(pool)
            .await
    })
}
