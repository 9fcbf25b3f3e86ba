//! One batch: the next events, folded into every projection that stands at the same position.

use super::parking::Parking;
use super::{Projection, is_ours};
use crate::db::{Db, Tx, on, row};
use crate::event_log::{self};
use crate::fold::{Entry, FoldError};
use crate::table::Rows;
use crate::timestamp::Timestamp;

/// The result of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Batch {
    /// All projections are at this position now, apart from parked aggregates. `more`: there may be more events after it.
    Reached { position: i64, more: bool, parked: bool },
    /// Some projections were further behind than others, and have caught up a little.
    Partly,
    /// Somebody else is folding.
    Busy,
}

/// Folds the next events, at most `limit`.
pub(super) async fn fold_next(db: &Db, limit: i64) -> Result<Batch, FoldError> {
    match try_batch(db, limit, OnFoldError::Fail).await {
        // Something in the batch can't be folded: fold it again, and park whatever it is.
        Err(error) if error.reason_to_park().is_some() => {
            Box::pin(try_batch(db, limit, OnFoldError::Park)).await
        }
        done => done,
    }
}

/// What happens to an event that can't be folded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFoldError {
    /// The batch fails. This is tried first, since it needs no savepoints.
    Fail,
    Park,
}

async fn try_batch(db: &Db, limit: i64, care: OnFoldError) -> Result<Batch, FoldError> {
    let mut tx = db.begin_lazily().await?;
    let Locked { behind, from, parked } = lock(&mut tx).await?;
    if behind.is_empty() {
        tx.rollback().await?; // some of the rows may be locked
        return Ok(Batch::Busy);
    }
    let recorded = event_log::tail(db, from, limit).await?;
    let entries: Vec<Entry> = recorded.into_iter().map(Entry::read).collect();
    let Some(last) = entries.last().map(|entry| entry.recorded.position) else {
        tx.rollback().await?; // at once: others wait for the lock
        return Ok(Batch::Reached { position: from, more: false, parked });
    };
    let mut parking = if parked { Parking::read(&mut tx).await? } else { Parking::default() };
    parking.leave_out_newer(&behind, &entries);
    match care {
        OnFoldError::Fail => {
            let mut rows = Rows::stored(&mut tx);
            for projection in &behind {
                projection.fold(&mut rows, &parking.wanted(*projection, &entries)).await?;
            }
            rows.write().await?;
        }
        OnFoldError::Park => {
            for projection in &behind {
                parking.fold(&mut tx, *projection, &entries).await?;
            }
        }
    }
    advance(&mut tx, &behind, from, last).await?;
    parking.write(&mut tx).await?;
    let together = behind.len() == Projection::ALL.len();
    if together {
        log_batch(&mut tx, last).await?;
    }
    tx.commit().await?;
    let (more, parked) = (last - from == limit, !parking.is_empty());
    Ok(if together { Batch::Reached { position: last, more, parked } } else { Batch::Partly })
}

/// The projections that a batch has locked until it ends.
pub(super) struct Locked {
    /// The projections that are furthest behind; empty if somebody else is folding.
    pub(super) behind: Vec<Projection>,
    pub(super) from: i64,
    /// True if any aggregate is parked.
    parked: bool,
}

row! {
    struct Lock {
        pub name: String,
        pub version: i64,
        pub position: i64,
        pub parked: bool,
    }
}

pub(super) async fn lock(tx: &mut Tx) -> Result<Locked, sqlx::Error> {
    let rows: Vec<Lock> = match tx {
        Tx::Postgres(tx) => {
            sqlx::query_as(include_str!("../sql/projector/lock_postgres.sql")).fetch_all(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            sqlx::query_as(include_str!("../sql/projector/lock_sqlite.sql")).fetch_all(&mut **tx).await?
        }
    };
    let parked = rows.iter().any(|row| row.parked);
    let ours: Vec<Lock> = rows.into_iter().filter(|row| is_ours(&row.name, row.version)).collect();
    if ours.len() < Projection::ALL.len() {
        return Ok(Locked { behind: vec![], from: 0, parked }); // somebody else is at it
    }
    let from = ours.iter().map(|row| row.position).min().unwrap_or(0);
    let behind = ours.iter().filter(|row| row.position == from);
    Ok(Locked { behind: behind.filter_map(|row| Projection::by_name(&row.name)).collect(), from, parked })
}

async fn advance(tx: &mut Tx, behind: &[Projection], from: i64, to: i64) -> Result<(), sqlx::Error> {
    let moved = on!(tx, |conn| {
        let mut query = sqlx::QueryBuilder::new(include_str!("../sql/projector/advance.sql"));
        query.push_bind(to).push(" where position = ").push_bind(from).push(" and (name, version) in (");
        query.push_values(behind, |mut values, projection| {
            values.push_bind(projection.name()).push_bind(projection.version());
        });
        query.push(")").build().execute(conn).await.map(|done| done.rows_affected())
    })?;
    if u64::try_from(behind.len()) == Ok(moved) { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

async fn log_batch(tx: &mut Tx, position: i64) -> Result<(), sqlx::Error> {
    let now = Timestamp::by_our_clock();
    on!(tx, |conn| {
        sqlx::query(include_str!("../sql/projector/log_batch.sql"))
            .bind(position)
            .bind(now)
            .execute(conn)
            .await
            .map(drop)
    })
}
