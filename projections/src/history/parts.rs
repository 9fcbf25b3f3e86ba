//! Keeps the index of parts of what was typed into events. It follows behind the log, so that nobody waits for it.
//!
//! **Invariant:** a block is in the index whole or not at all. The log never changes, so the index never changes either, and
//! a rebuild leaves it alone: the same positions would have the same words.

use crate::db::{Db, Tx, on};

/// The number of events in one row of the index.
pub(super) const EVENTS: i64 = 64;

/// The number of positions that one transaction adds.
const MANY: i64 = 15 * EVENTS;

/// Adds the next blocks of the history up to a position, and returns the position up to which the index is made. Searches
/// read the rest without the index.
pub(crate) async fn keep_up(db: &Db, folded: i64) -> Result<i64, sqlx::Error> {
    let mut tx = db.begin_lazily().await?;
    let indexed: Option<(i64,)> = match &mut tx {
        Tx::Postgres(tx) => {
            let indexed = sqlx::query_as(include_str!("../sql/history/indexed_postgres.sql"));
            indexed.fetch_optional(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            let indexed = sqlx::query_as(include_str!("../sql/history/indexed.sql"));
            indexed.fetch_optional(&mut **tx).await?
        }
    };
    let (from,) = indexed.unwrap_or((folded,)); // or somebody else is at it
    if folded - from < MANY {
        tx.rollback().await?;
        return Ok(from);
    }
    match &mut tx {
        Tx::Postgres(tx) => {
            let add = sqlx::query(include_str!("../sql/history/add_parts_postgres.sql"));
            add.bind(from).bind(from + MANY).execute(&mut **tx).await?;
        }
        Tx::Sqlite(tx) => {
            let add = sqlx::query(include_str!("../sql/history/add_parts_sqlite.sql"));
            add.bind(from).bind(from + MANY).execute(&mut **tx).await?;
        }
    }
    on!(&mut tx, |conn| {
        let moved = sqlx::query(include_str!("../sql/history/move_indexed.sql"));
        moved.bind(from + MANY).execute(conn).await?;
    });
    tx.commit().await?;
    Ok(from + MANY)
}
