//! People: the address somebody signs in with, and what they are called. Can be erased; the log knows only ids.

use std::collections::HashMap;

use domain::values::{Email, PersonId, PersonName};
use sqlx::types::Json;
use uuid::Uuid;

use crate::db::{Db, Engine, note, on, read, row, write};
use crate::like::like_pattern;
use crate::links::LinkPurpose;
use crate::scope::Platform;
use crate::timestamp::Timestamp;

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Person {
        pub person_id: Uuid,
        pub email: String,
        pub name: Option<String>,
        /// PHC string; without it, nobody can sign in with a password.
        pub password_hash: Option<String>,
        pub default_org_id: Option<Uuid>,
        pub created_at: Timestamp,
        pub first_sign_in_at: Option<Timestamp>,
    }
}

impl Person {
    /// The name where there is one, else the address.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.email)
    }
}

/// The person with this address; made under `id` if there is none yet. Somebody whom nothing names is no change.
pub async fn ensure(db: &Db, id: PersonId, email: &Email, now: Timestamp) -> Result<Person, sqlx::Error> {
    let mut tx = db.begin().await?;
    let person = on!(&mut tx, |conn| {
        sqlx::query(include_str!("sql/people/ensure.sql"))
            .bind(id.0)
            .bind(email.as_str())
            .bind(now)
            .execute(&mut *conn)
            .await?;
        sqlx::query_as(include_str!("sql/people/by_email.sql")).bind(email.as_str()).fetch_one(conn).await?
    });
    tx.commit_note().await?;
    Ok(person)
}

/// The people with these addresses, by address.
pub(crate) async fn by_emails(db: &Db, emails: &[String]) -> Result<HashMap<String, Person>, sqlx::Error> {
    let found: Vec<Person> = match &db.0 {
        Engine::Postgres { pool, .. } => {
            let find = sqlx::query_as(include_str!("sql/people/by_emails_postgres.sql"));
            find.bind(emails).fetch_all(pool).await?
        }
        Engine::Sqlite { reader, .. } => {
            let find = sqlx::query_as(include_str!("sql/people/by_emails_sqlite.sql"));
            find.bind(Json(emails)).fetch_all(reader).await?
        }
    };
    Ok(found.into_iter().map(|person| (person.email.clone(), person)).collect())
}

pub async fn by_id(db: &Db, id: PersonId) -> Result<Option<Person>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/people/by_id.sql")).bind(id.0).fetch_optional(pool).await
    })
}

/// At most `limit` people in the order of their ids, after one of them or from the first one on; for exports.
pub async fn after(db: &Db, person: Option<Uuid>, limit: i64) -> Result<Vec<Person>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/people/after.sql")).bind(person).bind(limit).fetch_all(pool).await
    })
}

/// Ids of people with a text in their address or name, at most `limit`. On Postgres an index of parts leads there; a file
/// is read from the first person to the last.
pub async fn found(db: &Db, _: &Platform, text: &str, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/people/found.sql"))
            .bind(like_pattern(text))
            .bind(limit)
            .persistent(false) // planned anew each time: the best way depends on the text
            .fetch_all(pool)
            .await
    })
}

/// The names of people, for sentences. Erased people are missing.
pub async fn names(db: &Db, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    crate::table::names(db, include_str!("sql/people/names.sql"), ids).await
}

/// The addresses of these people, for lists.
pub async fn addresses(db: &Db, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    crate::table::names(db, include_str!("sql/people/addresses.sql"), ids).await
}

/// Sets the password of somebody who has shown the one they have, which `replaces` is the hash of; `false`, and nothing is
/// done, where they have another one by now. Every session of theirs ends with it, and links to
/// replace a lost one open nothing any more: whoever found it lost has found it, or has another by now.
pub async fn change_password(db: &Db, id: PersonId, replaces: &str, hash: &str) -> Result<bool, sqlx::Error> {
    let mut tx = db.begin().await?;
    let changed = on!(&mut tx, |conn| {
        let replace = sqlx::query(include_str!("sql/people/replace_password.sql"));
        let done = replace.bind(id.0).bind(replaces).bind(hash).execute(&mut *conn).await?;
        let withdraw = sqlx::query(include_str!("sql/links/withdraw_of_person.sql"));
        withdraw.bind(id.0).bind(LinkPurpose::NewPassword.as_str()).execute(&mut *conn).await?;
        let end = sqlx::query(include_str!("sql/sessions/end_others.sql"));
        end.bind(id.0).bind(Uuid::nil()).execute(conn).await.map(drop)?;
        done.rows_affected() == 1
    });
    if changed {
        tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    Ok(changed)
}

/// A password that somebody chooses by a link.
#[derive(Clone, Copy)]
pub struct ChosenPassword<'a> {
    pub person: PersonId,
    /// A PHC string.
    pub hash: &'a str,
    /// True if it takes the place of another.
    pub replaces: bool,
}

/// Gives somebody a password by a link, which is used up: their first one, with every other link of theirs that would
/// choose one, or one in place of another. Every session of theirs ends with it. `false`, and nothing is done, if
/// somebody was quicker with this link or it expired, or where a first one is chosen and they have one.
pub async fn choose_password(
    db: &Db,
    ChosenPassword { person: id, hash, replaces }: ChosenPassword<'_>,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let mut tx = db.begin().await?;
    let chosen = on!(&mut tx, |conn| {
        // This comes first, since it makes a request with another link of this person wait until this transaction ends.
        let set = sqlx::query(if replaces {
            include_str!("sql/people/set_password.sql")
        } else {
            include_str!("sql/people/set_first_password.sql")
        });
        let set = set.bind(id.0).bind(hash).execute(&mut *conn).await?;
        let use_up = sqlx::query(include_str!("sql/links/use_up.sql"));
        let used = use_up.bind(token_hash.as_slice()).bind(now).execute(&mut *conn).await?;
        let withdraw = sqlx::query(include_str!("sql/links/withdraw_passwords.sql"));
        withdraw.bind(id.0).execute(&mut *conn).await?;
        let end = sqlx::query(include_str!("sql/sessions/end_others.sql"));
        end.bind(id.0).bind(Uuid::nil()).execute(conn).await?;
        set.rows_affected() == 1 && used.rows_affected() == 1
    });
    if chosen {
        tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    Ok(chosen)
}

pub async fn set_name(db: &Db, id: PersonId, name: &PersonName) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/people/set_name.sql"))
            .bind(id.0)
            .bind(name.as_str())
            .execute(pool)
            .await
            .map(drop)
    })
}

/// The organisation that opens without asking; `None` asks again.
pub async fn set_default_org(db: &Db, id: PersonId, org_id: Option<Uuid>) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/people/set_default_org.sql"))
            .bind(id.0)
            .bind(org_id)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// Notes that somebody opened one of their organisations. Nothing waits for the disk: it only sorts a list.
pub async fn opened(db: &Db, id: PersonId, org_id: Uuid, now: Timestamp) -> Result<(), sqlx::Error> {
    let mut tx = db.begin_lazily().await?;
    on!(&mut tx, |conn| {
        let opened = sqlx::query(include_str!("sql/people/opened.sql"));
        opened.bind(id.0).bind(org_id).bind(now).execute(conn).await?;
    });
    tx.commit_note().await
}

/// Notes the first time that somebody signed in.
pub async fn signed_in(db: &Db, id: PersonId, now: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |pool| {
        sqlx::query(include_str!("sql/people/signed_in.sql"))
            .bind(id.0)
            .bind(now)
            .execute(pool)
            .await
            .map(drop)
    })
}
