//! Sessions: who is signed in, from where, until when.
//!
//! **Invariant:** only the SHA-256 of a session's token is stored. A session that ended is gone at once, on every
//! process.

use std::collections::HashMap;

use domain::values::PersonId;
use sqlx::types::Json;
use uuid::Uuid;

use crate::db::{Db, Engine, note, read, row, write};
use crate::grants::{ActiveGrant, HeldRow};
use crate::timestamp::Timestamp;

row! {
    /// A session to be listed.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Session {
        pub session_id: Uuid,
        pub person_id: Uuid,
        pub created_at: Timestamp,
        pub last_seen_at: Timestamp,
        pub idle_at: Timestamp,
        pub expires_at: Timestamp,
        /// When this person last proved who they are, and whether by more than a password.
        pub proven_at: Timestamp,
        pub two_factors: bool,
        pub address: Option<String>,
        pub agent: Option<String>,
    }
}

row! {
    /// A session in use, with the person it belongs to.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SignedIn {
        pub token_hash: Vec<u8>,
        pub session_id: Uuid,
        pub created_at: Timestamp,
        pub last_seen_at: Timestamp,
        pub idle_at: Timestamp,
        pub expires_at: Timestamp,
        pub proven_at: Timestamp,
        pub two_factors: bool,
        pub person_id: Uuid,
        pub email: String,
        pub name: Option<String>,
        pub default_org_id: Option<Uuid>,
        /// Platform roles that have not ended in the log: role, sequence of the person's stream, beginning and end.
        pub grants: Json<Vec<(String, i64, Option<i64>, Option<i64>)>>,
    }
}

impl SignedIn {
    /// The strongest platform role that this person holds at `now`.
    pub fn grant(&self, now: Timestamp) -> Option<ActiveGrant> {
        let held = self.grants.iter().map(|(role, sequence, starts_at, until_at)| HeldRow {
            role: role.clone(),
            sequence: *sequence,
            starts_at: starts_at.map(Timestamp::from_micros),
            until_at: until_at.map(Timestamp::from_micros),
        });
        ActiveGrant::among(self.person_id, &held.collect::<Vec<_>>(), now)
    }
}

/// Starts a session. The one it replaces, if any, ends in the same moment.
pub async fn start(
    db: &Db,
    session: &Session,
    token_hash: &[u8; 32],
    replaces: Option<[u8; 32]>,
) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    crate::db::on!(&mut tx, |conn| {
        if let Some(old) = replaces {
            sqlx::query(include_str!("sql/sessions/end_by_token.sql"))
                .bind(old.as_slice())
                .execute(&mut *conn)
                .await?;
        }
        sqlx::query(include_str!("sql/sessions/start.sql"))
            .bind(session.session_id)
            .bind(token_hash.as_slice())
            .bind(session.person_id)
            .bind(session.created_at)
            .bind(session.idle_at)
            .bind(session.expires_at)
            .bind(&session.address)
            .bind(&session.agent)
            .bind(session.proven_at)
            .bind(session.two_factors)
            .execute(conn)
            .await?;
    });
    tx.commit().await
}

/// The sessions of these tokens, ended or not, by the hash.
pub(crate) async fn find(db: &Db, hashes: &[[u8; 32]]) -> Result<HashMap<[u8; 32], SignedIn>, sqlx::Error> {
    let found: Vec<SignedIn> = match &db.0 {
        Engine::Postgres { pool, .. } => {
            let find = sqlx::query_as(include_str!("sql/sessions/find_postgres.sql"));
            find.bind(hashes.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>()).fetch_all(pool).await?
        }
        Engine::Sqlite { reader, .. } => {
            let find = sqlx::query_as(include_str!("sql/sessions/find_sqlite.sql"));
            find.bind(Json(hashes.iter().map(hex::encode).collect::<Vec<_>>())).fetch_all(reader).await?
        }
    };
    let by_hash = |session: SignedIn| Some((session.token_hash.as_slice().try_into().ok()?, session));
    Ok(found.into_iter().filter_map(by_hash).collect())
}

/// Notes that a session was used, and until when it may stay idle.
pub async fn touch(db: &Db, session_id: Uuid, now: Timestamp, idle_at: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |pool| {
        sqlx::query(include_str!("sql/sessions/touch.sql"))
            .bind(session_id)
            .bind(now)
            .bind(idle_at)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// Notes that somebody proved who they are in a session. More than a password, once shown, stays shown.
pub async fn prove(db: &Db, session_id: Uuid, now: Timestamp, two_factors: bool) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/sessions/prove.sql"))
            .bind(session_id)
            .bind(now)
            .bind(two_factors)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// Sessions of somebody that have not ended, the last used first.
pub async fn of_person(db: &Db, id: PersonId, now: Timestamp) -> Result<Vec<Session>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/sessions/of_person.sql")).bind(id.0).bind(now).fetch_all(pool).await
    })
}

/// Ends one session of somebody.
pub async fn end(db: &Db, id: PersonId, session_id: Uuid) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/sessions/end.sql"))
            .bind(id.0)
            .bind(session_id)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// Ends every session of somebody.
pub async fn end_all(db: &Db, id: PersonId) -> Result<(), sqlx::Error> {
    end_others(db, id, Uuid::nil()).await
}

/// Ends every session of somebody but one.
pub async fn end_others(db: &Db, id: PersonId, but: Uuid) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/sessions/end_others.sql"))
            .bind(id.0)
            .bind(but)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// Removes the sessions that have expired.
pub async fn sweep(db: &Db, now: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |pool| sqlx::query(include_str!("sql/sessions/sweep.sql"))
        .bind(now)
        .execute(pool)
        .await
        .map(drop))
}
