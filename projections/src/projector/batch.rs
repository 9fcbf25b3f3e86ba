//! One batch: the next events, folded into every projection that stands at the same position.

use std::collections::HashSet;

use chrono::Utc;
use domain::{Fact, Metadata, Unreadable};

use super::{Checkpoint, FoldError, Parked, Projection, is_ours};
use crate::db::{Db, Tx, on};
use crate::event_log::{self, Recorded};
use crate::timestamp::Timestamp;

/// An event with everything that folds ask of it, read once for all of them.
#[derive(Debug)]
pub struct Entry {
    pub recorded: Recorded,
    pub fact: Result<Fact, Unreadable>,
    pub metadata: Result<Metadata, Unreadable>,
}

impl Entry {
    pub(crate) fn read(recorded: Recorded) -> Self {
        Self { fact: recorded.fact(), metadata: recorded.metadata(), recorded }
    }

    pub(crate) fn poison(&self, why: impl ToString) -> FoldError {
        FoldError::Poison { position: self.recorded.position, why: why.to_string() }
    }

    /// What happened, or the reason to park.
    pub(crate) fn fact(&self) -> Result<&Fact, FoldError> {
        self.fact.as_ref().map_err(|why| self.poison(why))
    }

    /// Who did it, or the reason to park.
    pub(crate) fn metadata(&self) -> Result<&Metadata, FoldError> {
        self.metadata.as_ref().map_err(|why| self.poison(why))
    }
}

/// Folds the next events and tells how far everything is. `false` when there is nothing left for this process to do.
pub(super) async fn fold_next(db: &Db, limit: i64, reached: impl Fn(i64)) -> Result<bool, FoldError> {
    match try_batch(db, limit, &reached).await {
        Ok(more) => Ok(more),
        Err(Failed { projection: Some(projection), error: FoldError::Poison { position, why } }) => {
            park(db, projection, position, &why).await?;
            Ok(true)
        }
        // A value that the tables refuse: find the event that carries it.
        Err(Failed {
            projection: Some(projection),
            error: FoldError::Database(sqlx::Error::Database(refused)),
        }) if is_about_data(refused.as_ref()) => match Box::pin(try_batch(db, 1, &reached)).await {
            Ok(more) => Ok(more || limit > 1),
            Err(Failed { error: FoldError::Database(_), .. }) => {
                let position = next_position(db, projection).await?;
                park(db, projection, position, &refused.to_string()).await?;
                Ok(true)
            }
            Err(failed) => Err(failed.error),
        },
        Err(failed) => Err(failed.error),
    }
}

/// What went wrong, and in which projection's fold, if it was in one.
struct Failed {
    projection: Option<Projection>,
    error: FoldError,
}

impl<E: Into<FoldError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self { projection: None, error: error.into() }
    }
}

async fn try_batch(db: &Db, limit: i64, reached: &impl Fn(i64)) -> Result<bool, Failed> {
    let mut tx = db.begin_lazily().await?;
    let (behind, from) = lock(&mut tx).await?;
    if behind.is_empty() {
        return Ok(false);
    }
    let recorded = event_log::tail(db, from, limit).await?;
    let (entries, newer) = read_until_newer(recorded);
    let Some(last) = entries.last().map(|entry| entry.recorded.position) else {
        if let Some(newer) = newer {
            return Err(FoldError::Read(newer.into()).into());
        }
        reached(from);
        return Ok(false);
    };
    let parked = parked(&mut tx).await?;
    for projection in behind {
        let skip = |e: &&Entry| !parked.contains(&key(projection, &e.recorded));
        let entries: Vec<&Entry> = entries.iter().filter(skip).collect();
        projection
            .fold(&mut tx, &entries)
            .await
            .map_err(|error| Failed { projection: Some(projection), error })?;
        advance(&mut tx, projection, from, last).await?;
    }
    log_batch(&mut tx, last).await?;
    tx.commit().await?;
    // Others may stand elsewhere; the next round says how far all are.
    Ok(true)
}

/// Locks the checkpoints of this process's projections that nobody else works at; gives those that are furthest behind.
async fn lock(tx: &mut Tx) -> Result<(Vec<Projection>, i64), sqlx::Error> {
    let rows: Vec<Checkpoint> = match tx {
        Tx::Postgres(tx) => {
            sqlx::query_as(include_str!("../sql/projector/lock_postgres.sql")).fetch_all(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            sqlx::query_as(include_str!("../sql/projector/checkpoints.sql")).fetch_all(&mut **tx).await?
        }
    };
    let ours: Vec<Checkpoint> = rows.into_iter().filter(|row| is_ours(&row.name, row.version)).collect();
    if ours.len() < Projection::ALL.len() {
        return Ok((vec![], 0)); // somebody else is at it
    }
    let from = ours.iter().map(|row| row.position).min().unwrap_or(0);
    let behind = ours.iter().filter(|row| row.position == from);
    Ok((behind.filter_map(|row| Projection::by_name(&row.name)).collect(), from))
}

/// Events up to the first one that only a newer version can read.
pub(super) fn read_until_newer(recorded: Vec<Recorded>) -> (Vec<Entry>, Option<Unreadable>) {
    let mut entries = Vec::with_capacity(recorded.len());
    for event in recorded {
        let entry = Entry::read(event);
        if let Err(newer @ Unreadable::Newer { .. }) = &entry.fact {
            let newer = newer.clone();
            return (entries, Some(newer));
        }
        entries.push(entry);
    }
    (entries, None)
}

async fn advance(tx: &mut Tx, projection: Projection, from: i64, to: i64) -> Result<(), sqlx::Error> {
    let moved = on!(tx, |conn| {
        sqlx::query(include_str!("../sql/projector/advance.sql"))
            .bind(projection.name())
            .bind(projection.version())
            .bind(from)
            .bind(to)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
    })?;
    if moved == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

async fn log_batch(tx: &mut Tx, position: i64) -> Result<(), sqlx::Error> {
    let now = Timestamp::from(Utc::now());
    on!(tx, |conn| {
        sqlx::query(include_str!("../sql/projector/log_batch.sql"))
            .bind(position)
            .bind(now)
            .execute(conn)
            .await
            .map(drop)
    })
}

type ParkedKey = (String, String, String);

fn key(projection: Projection, event: &Recorded) -> ParkedKey {
    (projection.name().to_owned(), event.aggregate_type.clone(), event.aggregate_id.clone())
}

async fn parked(tx: &mut Tx) -> Result<HashSet<ParkedKey>, sqlx::Error> {
    let rows: Vec<Parked> =
        on!(tx, |conn| sqlx::query_as(include_str!("../sql/projector/parked.sql")).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|row| (row.name, row.aggregate_type, row.aggregate_id)).collect())
}

async fn park(db: &Db, projection: Projection, position: i64, why: &str) -> Result<(), FoldError> {
    tracing::error!(
        projection = projection.name(),
        position,
        why,
        "parked an aggregate that can't be folded"
    );
    let mut tx = db.begin().await?;
    on!(&mut tx, |conn| {
        sqlx::query(include_str!("../sql/projector/park.sql"))
            .bind(projection.name())
            .bind(projection.version())
            .bind(position)
            .bind(why)
            .execute(conn)
            .await?;
    });
    Ok(tx.commit().await?)
}

async fn next_position(db: &Db, projection: Projection) -> Result<i64, FoldError> {
    let mut tx = db.begin().await?;
    let rows: Vec<Checkpoint> = on!(&mut tx, |conn| {
        sqlx::query_as(include_str!("../sql/projector/checkpoints.sql")).fetch_all(conn).await
    })?;
    let ours = rows.iter().find(|row| row.name == projection.name() && row.version == projection.version());
    Ok(ours.map_or(0, |row| row.position) + 1)
}

/// Class 22 (data exception) and 23 (integrity) on Postgres; constraint errors on SQLite.
fn is_about_data(error: &dyn sqlx::error::DatabaseError) -> bool {
    !matches!(error.kind(), sqlx::error::ErrorKind::Other)
        || error.code().is_some_and(|code| code.starts_with("22"))
}
