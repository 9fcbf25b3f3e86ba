//! What somebody searches the history for again and again: a name for a query.
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
        /// As it stands in the URL, behind the question mark.
        pub query: String,
    }
}

/// How many somebody can have.
pub const MOST: i64 = 50;

/// Saves a search, in the place of the one with this name. `false` where somebody has too many.
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
