//! The index of parts of what was typed into events, kept behind the log: nobody waits for it.
//!
//! **Invariant:** a block stands in it whole or not at all, and the log never changes, so nor does the index. A rebuild
//! gives the same positions the same words, and leaves it alone.

use crate::db::{Db, Tx, on};

/// Events of one row of the index.
pub(super) const EVENTS: i64 = 64;

/// Positions that one transaction takes in.
const MANY: i64 = 15 * EVENTS;

/// Takes in the next blocks of what the history has up to a position, and gives the position up to which the index is
/// made. Less than this is left to be read by whoever searches.
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
