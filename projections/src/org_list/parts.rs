//! Keeps the index of parts. It follows behind the list, so that nobody waits for it: it is the costliest part of a name.
//!
//! **Invariant:** what stands in it is known by the position from which an organisation was called so. A rebuild gives
//! the same positions the same texts, so it leaves the index alone, but for what was parked and is not any more.

use crate::db::{Db, Tx, on};
use crate::table::key_of;

/// The number of positions that one transaction adds.
pub(crate) const BLOCK: i64 = 1000;

/// Adds the next block of the list up to a position, and returns the position up to which the index is made. Searches read
/// the rest, which is less than a block, without the index.
pub(crate) async fn keep_up(db: &Db, folded: i64) -> Result<i64, sqlx::Error> {
    let mut tx = db.begin_lazily().await?;
    let indexed: Option<(i64,)> = match &mut tx {
        Tx::Postgres(tx) => {
            let indexed = sqlx::query_as(include_str!("../sql/org_list/indexed_postgres.sql"));
            indexed.fetch_optional(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            let indexed = sqlx::query_as(include_str!("../sql/org_list/indexed.sql"));
            indexed.fetch_optional(&mut **tx).await?
        }
    };
    let (from,) = indexed.unwrap_or((folded,)); // or somebody else is at it
    if folded - from < BLOCK {
        tx.rollback().await?;
        return Ok(from);
    }
    take_in(&mut tx, from, from + BLOCK).await?;
    tx.commit().await?;
    Ok(from + BLOCK)
}

/// Adds the names of an organisation from a position on, if the list had left it out from there until now.
pub(crate) async fn take_in_of(tx: &mut Tx, aggregate_id: &str, from: i64) -> Result<(), sqlx::Error> {
    let org_id = key_of(aggregate_id);
    match tx {
        Tx::Postgres(tx) => {
            let add = sqlx::query(include_str!("../sql/org_list/add_parts_of_postgres.sql"));
            add.bind(org_id).bind(from).execute(&mut **tx).await.map(drop)
        }
        Tx::Sqlite(tx) => {
            let add = sqlx::query(include_str!("../sql/org_list/add_parts_of_sqlite.sql"));
            add.bind(org_id).bind(from).execute(&mut **tx).await.map(drop)
        }
    }
}

async fn take_in(tx: &mut Tx, from: i64, to: i64) -> Result<(), sqlx::Error> {
    match tx {
        Tx::Postgres(tx) => {
            let add = sqlx::query(include_str!("../sql/org_list/add_parts_postgres.sql"));
            add.bind(from).bind(to).execute(&mut **tx).await?;
        }
        Tx::Sqlite(tx) => {
            let add = sqlx::query(include_str!("../sql/org_list/add_parts_sqlite.sql"));
            add.bind(from).bind(to).execute(&mut **tx).await?;
        }
    }
    on!(tx, |conn| {
        let moved = sqlx::query(include_str!("../sql/org_list/move_indexed.sql"));
        moved.bind(to).execute(conn).await.map(drop)
    })
}
