//! Folds parked streams anew, each by itself and while everything serves: those that an older version could not read and
//! this one can, and those with an event that was changed and has been put right.
//!
//! **Invariant:** the rows of a stream go and come back in one transaction that holds the checkpoints.

use cqrs_es::Aggregate;
use domain::{Grant, Org, ResourceType};

use super::Projection;
use super::batch::lock;
use super::parking::Parking;
use crate::db::{Db, Tx, on, read};
use crate::event_log::{Recorded, StreamId};
use crate::fold::{Entry, FoldError};
use crate::org_list;
use crate::table::Shape;

/// Events that are read at a time.
const BATCH: i64 = 1000;

impl super::Projector {
    /// Repairs the streams that were parked until a newer version runs, if this is one. A stream that this version can't
    /// read either is not tried twice.
    pub(super) async fn repair(&self) -> Result<(), FoldError> {
        for stream in self.standing.newer() {
            if self.unable.lock().await.contains(&stream) {
                continue;
            }
            if !is_readable(&self.db, &stream).await? {
                self.unable.lock().await.insert(stream);
                continue;
            }
            if fold_anew(&self.db, &stream).await? {
                tracing::info!(
                    kind = stream.kind,
                    id = stream.id,
                    "folded anew what an older version had parked"
                );
            }
        }
        self.repair_damaged().await?;
        Ok(self.refresh_parked().await?)
    }

    /// Repairs the streams with a changed event, once that event is again what was written. A stream that still can't be
    /// folded is not tried twice.
    async fn repair_damaged(&self) -> Result<(), FoldError> {
        let damaged = self.standing.damaged();
        let first: Vec<i64> = damaged.iter().map(|(_, position)| *position).collect();
        let entries: Vec<Entry> =
            self.log.at(&first).await?.into_iter().map(Entry::read).filter(Entry::is_whole).collect();
        for (stream, position) in damaged {
            let is_right = entries.iter().any(|entry| entry.recorded.position == position);
            if !is_right {
                self.unable.lock().await.remove(&stream);
            } else if !self.unable.lock().await.contains(&stream) && fold_anew(&self.db, &stream).await? {
                tracing::info!(
                    kind = stream.kind,
                    id = stream.id,
                    "folded anew what could not be read before"
                );
                self.unable.lock().await.insert(stream);
            }
        }
        Ok(())
    }
}

async fn is_readable(db: &Db, stream: &StreamId) -> Result<bool, sqlx::Error> {
    let mut after = 0;
    loop {
        let entries = next(db, stream, after, i64::MAX).await?;
        match entries.last() {
            None => return Ok(true),
            Some(_) if entries.iter().any(|entry| entry.newer().is_some()) => return Ok(false),
            Some(last) => after = last.recorded.sequence,
        }
    }
}

/// Folds one stream anew. Returns false if somebody else is folding, or has done this already.
async fn fold_anew(db: &Db, stream: &StreamId) -> Result<bool, FoldError> {
    let mut tx = db.begin().await?;
    let locked = lock(&mut tx).await?;
    let parked_from = parked_from(&mut tx, stream).await?;
    let Some(parked_from) = parked_from.filter(|_| locked.behind.len() == Projection::ALL.len()) else {
        tx.rollback().await?;
        return Ok(false);
    };
    forget(&mut tx, stream).await?;
    let (mut parking, mut after) = (Parking::default(), 0);
    loop {
        let entries = next(db, stream, after, locked.from).await?;
        let Some(last) = entries.last() else { break };
        after = last.recorded.sequence;
        for projection in Projection::ALL {
            parking.fold(&mut tx, projection, &entries).await?;
        }
    }
    parking.write(&mut tx).await?;
    if stream.kind == Org::TYPE {
        org_list::parts::take_in_of(&mut tx, &stream.id, parked_from).await?;
    }
    tx.commit().await?;
    Ok(true)
}

async fn parked_from(tx: &mut Tx, stream: &StreamId) -> Result<Option<i64>, sqlx::Error> {
    on!(tx, |conn| {
        let from = sqlx::query_scalar(include_str!("../sql/projector/parked_from.sql"));
        from.bind(&stream.kind).bind(&stream.id).fetch_one(conn).await
    })
}

/// Deletes every row that was folded from a stream.
async fn forget(tx: &mut Tx, stream: &StreamId) -> Result<(), sqlx::Error> {
    if stream.kind == Org::TYPE {
        org_list::uncount(tx, &stream.id).await?;
    }
    for (table, column) in tables_of(&stream.kind) {
        let delete = format!("delete from {} where {column} = $1", table.name);
        on!(tx, |conn| match stream.id.parse::<uuid::Uuid>() {
            Ok(id) if holds_ids(column) => sqlx::query(&delete).bind(id).execute(conn).await.map(drop),
            Ok(_) | Err(_) => sqlx::query(&delete).bind(&stream.id).execute(conn).await.map(drop),
        })?;
    }
    on!(tx, |conn| {
        let unpark = sqlx::query(include_str!("../sql/projector/unpark_stream.sql"));
        unpark.bind(&stream.kind).bind(&stream.id).execute(conn).await.map(drop)
    })
}

/// The column that holds the id of the stream in the history, whichever its kind.
const OF_ANY: &str = "aggregate_id";

/// Says whether a column that names the stream of a row holds ids and not text. A code may look like an id.
pub(super) fn holds_ids(column: &str) -> bool {
    ["org_id", "person_id"].contains(&column)
}

/// The tables that have rows of streams of this kind, each with the column that names the stream.
pub(super) fn tables_of(kind: &str) -> Vec<(&'static Shape, &'static str)> {
    let own = match kind {
        Org::TYPE => "org_id",
        Grant::TYPE => "person_id",
        ResourceType::TYPE => "code",
        _ => OF_ANY,
    };
    let column = |table: &'static Shape| {
        let has = |column: &str| table.columns.contains(&column);
        // An organisation's choice about a type belongs to the organisation's stream.
        let is_of_others = own == "code" && has("org_id");
        [OF_ANY, own].into_iter().find(|column| has(column) && !is_of_others).map(|column| (table, column))
    };
    let projections = Projection::ALL.into_iter().filter(|projection| projection.folds(kind));
    projections.flat_map(Projection::tables).filter_map(column).collect()
}

async fn next(
    db: &Db,
    stream: &StreamId,
    after_sequence: i64,
    up_to_position: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    let events: Vec<Recorded> = read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/as_of/stream.sql"))
            .bind(&stream.kind)
            .bind(&stream.id)
            .bind(after_sequence)
            .bind(up_to_position)
            .bind(BATCH)
            .fetch_all(pool)
            .await
    })?;
    Ok(events.into_iter().map(Entry::read).collect())
}
