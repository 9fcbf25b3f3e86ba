//! Passkeys: the public keys of people's devices, by their credential ids.
//!
//! **Invariant:** nothing here is secret. Whoever reads it can check a passkey, not be one.

use domain::values::PersonId;
use uuid::Uuid;

use crate::db::{Db, on, read, row, write};
use crate::timestamp::Timestamp;

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Passkey {
        pub credential_id: Vec<u8>,
        pub person_id: Uuid,
        /// What its owner calls it.
        pub name: String,
        /// The credential in JSON, as the passkey library wrote it.
        pub data: String,
        pub created_at: Timestamp,
        pub last_used_at: Option<Timestamp>,
    }
}

/// Keeps a passkey; `false` if it is somebody's already.
pub async fn add(db: &Db, passkey: &Passkey) -> Result<bool, sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/passkeys/add.sql"))
            .bind(&passkey.credential_id)
            .bind(passkey.person_id)
            .bind(&passkey.name)
            .bind(&passkey.data)
            .bind(passkey.created_at)
            .execute(pool)
            .await
            .map(|done| done.rows_affected() == 1)
    })
}

/// The passkeys of somebody, the oldest first.
pub async fn of_person(db: &Db, person: PersonId) -> Result<Vec<Passkey>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/passkeys/of_person.sql")).bind(person.0).fetch_all(pool).await
    })
}

/// The passkey with this id, whosever it is.
pub async fn find(db: &Db, credential_id: &[u8]) -> Result<Option<Passkey>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/passkeys/find.sql")).bind(credential_id).fetch_optional(pool).await
    })
}

/// Notes that a passkey was used, and stores its data as they are after that.
pub async fn used(db: &Db, credential_id: &[u8], data: &str, now: Timestamp) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/passkeys/used.sql"))
            .bind(credential_id)
            .bind(data)
            .bind(now)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// Removes a passkey of somebody. Their sessions count as begun with a password alone, unless they have another second
/// factor.
pub async fn remove(db: &Db, person: PersonId, credential_id: &[u8]) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    on!(&mut tx, |conn| {
        let remove = sqlx::query(include_str!("sql/passkeys/remove.sql"));
        remove.bind(person.0).bind(credential_id).execute(&mut *conn).await?;
        sqlx::query(include_str!("sql/sessions/weaken.sql")).bind(person.0).execute(conn).await?;
    });
    tx.commit().await
}
