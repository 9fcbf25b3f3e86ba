//! Long aggregates as they were at some sequence, stored so that a process that starts need not fold them from their
//! first events.
//!
//! **Invariant:** a snapshot is written beside the way of commands, never in the transaction of an append, and is used
//! only while the event that it ends with is the log's. A lost one costs time and nothing else; one that somebody changed is
//! believed until `portal verify` names it.

use std::sync::Arc;

use domain::Decider;
use domain::event::FEATURE_LEVEL;

use super::{Recorded, StreamId};
use crate::db::{Db, on, read, row};

/// The event that an aggregate was folded up to.
#[derive(Clone, Debug)]
pub(super) struct FoldedUpTo {
    pub(super) sequence: i64,
    pub(super) leaf_hash: Vec<u8>,
}

impl FoldedUpTo {
    pub(super) fn is(&self, event: &Recorded) -> bool {
        self.sequence == event.sequence && self.leaf_hash == event.leaf_hash
    }
}

/// An aggregate as it was after an event.
pub(super) struct StoredAggregate<A> {
    pub(super) aggregate: Arc<A>,
    pub(super) last: FoldedUpTo,
}

row! {
    /// A stored snapshot of an aggregate.
    pub(crate) struct StoredSnapshot {
        pub sequence: i64,
        pub leaf_hash: Vec<u8>,
        pub state: Vec<u8>,
    }
}

/// The version of the fold that makes a snapshot: it includes the feature level, because an older program must not use a
/// state made by events that it does not know.
pub(super) fn fold<A: Decider>() -> i64 {
    A::FOLD * 1000 + FEATURE_LEVEL
}

/// The snapshot of this version's fold, if there is one that can be read.
pub(super) async fn stored<A: Decider>(
    db: &Db,
    stream: &StreamId,
) -> Result<Option<StoredAggregate<A>>, sqlx::Error> {
    let Some(found) = find(db, stream, fold::<A>()).await? else { return Ok(None) };
    let StoredSnapshot { sequence, leaf_hash, state, .. } = found;
    // Decoding a hundred thousand people takes some ten milliseconds, so it does not run on the threads that serve requests.
    let aggregate = tokio::task::spawn_blocking(move || A::from_bytes(&state)).await.ok().flatten();
    if aggregate.is_none() {
        tracing::warn!(
            kind = stream.kind,
            id = stream.id,
            sequence,
            "a snapshot can't be read, and is made anew"
        );
    }
    Ok(aggregate
        .map(|it| StoredAggregate { aggregate: Arc::new(it), last: FoldedUpTo { sequence, leaf_hash } }))
}

async fn find(db: &Db, stream: &StreamId, fold: i64) -> Result<Option<StoredSnapshot>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/event_log/snapshot.sql"))
            .bind(&stream.kind)
            .bind(&stream.id)
            .bind(fold)
            .fetch_optional(pool)
            .await
    })
}

/// The ids of the aggregates of a type that have a snapshot which this version reads.
pub(crate) async fn ids<A: Decider>(db: &Db) -> Result<Vec<String>, sqlx::Error> {
    read!(db, |pool| {
        let ids = sqlx::query_scalar(include_str!("../sql/event_log/snapshot_ids.sql"));
        ids.bind(A::TYPE).bind(fold::<A>()).fetch_all(pool).await
    })
}

/// The stored snapshot of one aggregate, for `verify` to compare.
pub(crate) async fn of<A: Decider>(
    db: &Db,
    stream: &StreamId,
) -> Result<Option<StoredSnapshot>, sqlx::Error> {
    find(db, stream, fold::<A>()).await
}

pub(super) async fn store(
    db: &Db,
    stream: &StreamId,
    fold: i64,
    last: FoldedUpTo,
    state: Vec<u8>,
) -> Result<(), sqlx::Error> {
    let mut tx = db.begin_lazily().await?;
    on!(&mut tx, |conn| {
        sqlx::query(include_str!("../sql/event_log/store_snapshot.sql"))
            .bind(&stream.kind)
            .bind(&stream.id)
            .bind(fold)
            .bind(last.sequence)
            .bind(last.leaf_hash)
            .bind(state)
            .execute(&mut *conn)
            .await?;
        sqlx::query(include_str!("../sql/event_log/drop_snapshots.sql"))
            .bind(&stream.kind)
            .bind(&stream.id)
            .bind(fold)
            .execute(&mut *conn)
            .await?;
    });
    tx.commit().await
}
