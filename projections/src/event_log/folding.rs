//! Loads an aggregate: from the cache or a stored snapshot, and then from the events that came since.
//!
//! ```text
//! in memory? ─► else stored? ─► else from the first event
//!      └─────────────┴── is its last event still the log's? ─► fold what is newer ─► keep it
//! ```
//!
//! **Invariant:** no more than [`PART`] events are read and folded at a time, so that one long stream slows no other.

use std::sync::Arc;

use domain::Decider;

use super::cache::Slot;
use super::snapshots::{self, FoldedUpTo, StoredAggregate, fold, store};
use super::{EventLog, Loaded, ReadError, Recorded, StreamId};
use crate::db::{Db, read};

/// The most events that are read at a time. A stream that is shorter has no snapshot.
pub(super) const PART: usize = 1000;

/// An aggregate, and the last event that it was folded from.
#[derive(Debug)]
pub(super) struct FoldedAggregate<A> {
    aggregate: Arc<A>,
    last: Option<FoldedUpTo>,
    /// Sequence of the snapshot that is stored, as far as this process knows.
    stored: i64,
}

impl<A: Decider> Default for FoldedAggregate<A> {
    fn default() -> Self {
        Self { aggregate: Arc::default(), last: None, stored: 0 }
    }
}

impl EventLog {
    /// Brings the aggregate up to date with all its events in the store.
    pub(super) async fn up_to_date<A: Decider>(&self, id: &str) -> Result<Loaded<A>, ReadError> {
        let stream = StreamId { kind: A::TYPE.to_owned(), id: id.to_owned() };
        let slot: Arc<Slot<FoldedAggregate<A>>> = self.aggregates.slot(&stream);
        let mut folded = slot.lock().await;
        folded.catch_up(self.db(), &stream).await?;
        let loaded = Loaded {
            id: stream.id.clone(),
            aggregate: folded.aggregate.clone(),
            sequence: folded.sequence(),
        };
        if loaded.sequence == 0 {
            self.aggregates.forget(&stream);
        } else {
            self.aggregates.weigh(&stream, &slot, loaded.aggregate.weight());
        }
        if folded.is_due() {
            folded.stored = folded.sequence();
            store_later(self, stream, slot.clone());
        }
        Ok(loaded)
    }
}

/// Stores a snapshot when this process is storing no other one. Nobody waits until it is written. While it is made into
/// bytes, whoever comes to the same aggregate waits, since otherwise it would have to be copied.
fn store_later<A: Decider>(log: &EventLog, stream: StreamId, slot: Arc<Slot<FoldedAggregate<A>>>) {
    let (db, storing) = (log.db().clone(), log.storing.clone());
    tokio::spawn(async move {
        let Ok(_turn) = storing.acquire_owned().await else { return };
        let mut folded = slot.lock().await;
        let Some(StoredAggregate { aggregate, last }) = folded.stored() else { return };
        let Ok(state) = tokio::task::spawn_blocking(move || aggregate.to_bytes()).await else { return };
        drop(folded);
        if let Err(error) = store(&db, &stream, fold::<A>(), last, state).await
            && !db.is_closed()
        {
            tracing::warn!(%error, kind = stream.kind, id = stream.id, "a snapshot could not be stored");
        }
    });
}

impl<A: Decider> FoldedAggregate<A> {
    fn sequence(&self) -> i64 {
        self.last.as_ref().map_or(0, |last| last.sequence)
    }

    /// Says whether enough events came since the last snapshot to store another: a thousand, or for a long stream a fiftieth
    /// of it.
    fn is_due(&self) -> bool {
        let part = i64::try_from(PART).unwrap_or(i64::MAX).max(self.sequence() / 50);
        self.sequence() - self.stored >= part
    }

    /// Marks the present state as stored, and returns it to be written.
    pub(super) fn stored(&mut self) -> Option<StoredAggregate<A>> {
        let last = self.last.clone()?;
        self.stored = last.sequence;
        Some(StoredAggregate { aggregate: self.aggregate.clone(), last })
    }

    async fn catch_up(&mut self, db: &Db, stream: &StreamId) -> Result<(), ReadError> {
        let mut look = true; // for a snapshot
        loop {
            let mut events = part(db, stream, self.sequence().max(1)).await?;
            let goes_on = events.len() == PART;
            match &self.last {
                Some(last) if !events.first().is_some_and(|event| last.is(event)) => {
                    // The log is not the one that was folded, or the snapshot belongs to another log.
                    tracing::warn!(
                        kind = stream.kind,
                        id = stream.id,
                        "what was folded is not what the log says"
                    );
                    *self = Self::default();
                    continue;
                }
                Some(_) => drop(events.remove(0)),
                None if goes_on && look => {
                    look = false;
                    if let Some(StoredAggregate { aggregate, last }) = snapshots::stored(db, stream).await? {
                        *self = Self { aggregate, stored: last.sequence, last: Some(last) };
                        continue;
                    }
                }
                None => {}
            }
            self.apply(events)?;
            if !goes_on {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }

    fn apply(&mut self, events: Vec<Recorded>) -> Result<(), ReadError> {
        if events.is_empty() {
            return Ok(());
        }
        let aggregate = Arc::make_mut(&mut self.aggregate); // copies only what somebody still decides on
        for event in events {
            aggregate.apply(event.event::<A>()?);
            self.last = Some(FoldedUpTo { sequence: event.sequence, leaf_hash: event.leaf_hash });
        }
        Ok(())
    }
}

/// Events of a stream from a sequence on.
async fn part(db: &Db, stream: &StreamId, from: i64) -> Result<Vec<Recorded>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/event_log/stream_part.sql"))
            .bind(&stream.kind)
            .bind(&stream.id)
            .bind(from)
            .bind(i64::try_from(PART).unwrap_or(i64::MAX))
            .fetch_all(pool)
            .await
    })
}

/// Folds an aggregate from its first event up to a sequence, without the cache or a snapshot; also gives the last event.
pub(crate) async fn from_the_first_event<A: Decider>(
    db: &Db,
    stream: &StreamId,
    up_to: i64,
) -> Result<(A, Option<Vec<u8>>), ReadError> {
    let folded = go_on(FoldedAggregate::<A>::default(), db, stream, up_to).await?;
    let last = folded.last.filter(|last| last.sequence == up_to);
    Ok((Arc::unwrap_or_clone(folded.aggregate), last.map(|last| last.leaf_hash)))
}

/// The aggregate as it was at a sequence: folded from the stored snapshot if that is early enough, else from the first
/// event.
pub(crate) async fn as_of<A: Decider>(log: &EventLog, stream: &StreamId, up_to: i64) -> Result<A, ReadError> {
    let (db, part) = (log.db(), i64::try_from(PART).unwrap_or(i64::MAX));
    let stored = if up_to > part { before(db, stream, up_to).await? } else { None };
    let folded = stored.unwrap_or_default();
    if up_to - folded.sequence() > part {
        store_soon::<A>(log, stream);
    }
    let _turn = if up_to - folded.sequence() > part { log.turn_at_a_long_stream().await } else { None };
    Ok(Arc::unwrap_or_clone(go_on(folded, db, stream, up_to).await?.aggregate))
}

/// Brings the aggregate up to date in the background, which stores a snapshot that the next reader finds.
fn store_soon<A: Decider>(log: &EventLog, stream: &StreamId) {
    let (log, id) = (log.clone(), stream.id.clone());
    tokio::spawn(async move {
        if let Err(error) = log.up_to_date::<A>(&id).await {
            tracing::warn!(%error, kind = A::TYPE, id, "could not be folded to be stored");
        }
    });
}

/// The stored snapshot of an aggregate, if it is not later than a sequence and still fits the log.
async fn before<A: Decider>(
    db: &Db,
    stream: &StreamId,
    up_to: i64,
) -> Result<Option<FoldedAggregate<A>>, ReadError> {
    let stored = snapshots::stored::<A>(db, stream).await?;
    let Some(StoredAggregate { aggregate, last }) = stored.filter(|stored| stored.last.sequence <= up_to)
    else {
        return Ok(None);
    };
    let is_of_this_log = part(db, stream, last.sequence).await?.first().is_some_and(|event| last.is(event));
    Ok(is_of_this_log.then(|| FoldedAggregate { aggregate, stored: last.sequence, last: Some(last) }))
}

async fn go_on<A: Decider>(
    mut folded: FoldedAggregate<A>,
    db: &Db,
    stream: &StreamId,
    up_to: i64,
) -> Result<FoldedAggregate<A>, ReadError> {
    while folded.sequence() < up_to {
        let mut events = part(db, stream, folded.sequence() + 1).await?;
        let goes_on = events.len() == PART;
        events.retain(|event| event.sequence <= up_to);
        folded.apply(events)?;
        if !goes_on {
            break;
        }
    }
    Ok(folded)
}
