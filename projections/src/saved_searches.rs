//! Saved searches of the history: a name for a query.
//!
//! **Invariant:** everybody has their own, and sees and removes no others.

use domain::values::PersonId;
use uuid::Uuid;

use crate::db::{Db, read, row, write};
use crate::timestamp::Timestamp;

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SavedSearch {
        pub search_id: Uuid,
        pub name: String,
        /// The query of the URL, after the question mark.
        pub query: String,
    }
}

/// The most saved searches that a person can have.
pub const MOST: i64 = 50;

/// Saves a search, replacing one with the same name; `false` if the person has too many.
pub async fn save(
    db: &Db,
    person: PersonId,
    search: &SavedSearch,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    write!(db, |conn| {
        sqlx::query(include_str!("sql/saved_searches/save.sql"))
            .bind(search.search_id)
            .bind(person.0)
            .bind(&search.name)
            .bind(&search.query)
            .bind(now)
            .bind(MOST)
            .execute(conn)
            .await
            .map(|done| done.rows_affected() == 1)
    })
}

/// Somebody's searches, by name.
pub async fn of(db: &Db, person: PersonId) -> Result<Vec<SavedSearch>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/saved_searches/of.sql"))
            .bind(person.0)
            .bind(MOST)
            .fetch_all(pool)
            .await
    })
}

pub async fn remove(db: &Db, person: PersonId, search_id: Uuid) -> Result<(), sqlx::Error> {
    write!(db, |conn| {
        sqlx::query(include_str!("sql/saved_searches/remove.sql"))
            .bind(person.0)
            .bind(search_id)
            .execute(conn)
            .await
            .map(drop)
    })
}
