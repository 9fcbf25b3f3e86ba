//! Reads the whole log stream by stream, ahead of the task that folds it.
//!
//! The rows of an aggregate in the read models depend on its own stream alone. Whoever reads a stream from its first
//! event to its last can make every row of it, whatever happened in between elsewhere.

use tokio::sync::mpsc;

use crate::db::{Db, Engine, read, row};
use crate::event_log::{ClockRules, Recorded};
use crate::fold::Entry;
use crate::timestamp::Timestamp;

/// The most events that are read at a time.
const BATCH: usize = 4_000;

/// The channel of batches. It closes after the last event.
pub(super) type Batches = mpsc::Receiver<Result<Vec<Entry>, sqlx::Error>>;

/// The place of an event in its stream. By default, it is before all of them.
#[derive(Default)]
struct StreamPlace {
    kind: String,
    id: String,
    sequence: i64,
}

/// Reads all events up to a position, in batches. The next batch is read while the one before is folded.
pub(super) fn streams(db: &Db, up_to: i64) -> Batches {
    let (read, batches) = mpsc::channel(1);
    let db = db.clone();
    tokio::spawn(async move {
        let mut behind = StreamPlace::default();
        loop {
            let batch = next(&db, up_to, &mut behind).await;
            let ended = batch.as_ref().map_or(true, |entries| entries.len() < BATCH);
            if read.send(batch).await.is_err() || ended {
                return;
            }
        }
    });
    batches
}

async fn next(db: &Db, up_to: i64, behind: &mut StreamPlace) -> Result<Vec<Entry>, sqlx::Error> {
    let events: Vec<Recorded> = read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/projector/by_stream.sql"))
            .bind(up_to)
            .bind(&behind.kind)
            .bind(&behind.id)
            .bind(behind.sequence)
            .bind(i64::try_from(BATCH).unwrap_or(i64::MAX))
            .fetch_all(pool)
            .await
    })?;
    if let Some(last) = events.last() {
        *behind = StreamPlace {
            kind: last.aggregate_type.clone(),
            id: last.aggregate_id.clone(),
            sequence: last.sequence,
        };
    }
    Ok(events.into_iter().map(Entry::read).collect())
}

row! {
    /// An event that does not directly follow the position before it, or is stamped earlier than the event before it.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct OutOfOrder {
        pub position: i64,
        pub before: i64,
    }
}

impl OutOfOrder {
    /// Says whether the position does not follow the one before it: events are missing between them, or it is the same.
    pub(super) fn is_disordered(&self) -> bool {
        self.position.checked_sub(self.before) != Some(1)
    }
}

/// Finds the gaps in the log up to a position, positions that are there twice, and the events that are stamped earlier than the one before them.
pub(super) async fn out_of_order(db: &Db, up_to: i64) -> Result<Vec<OutOfOrder>, sqlx::Error> {
    match &db.0 {
        Engine::Postgres { pool, .. } => {
            let places = sqlx::query_as(include_str!("../sql/projector/out_of_order_postgres.sql"));
            places.bind(up_to).fetch_all(pool).await
        }
        Engine::Sqlite { reader, .. } => {
            let places = sqlx::query_as(include_str!("../sql/projector/out_of_order_sqlite.sql"));
            places.bind(up_to).fetch_all(reader).await
        }
    }
}

/// Finds events up to a position that are stamped later than now, by more than clocks may differ.
pub(super) async fn ahead(db: &Db, up_to: i64) -> Result<Vec<(i64, Timestamp)>, sqlx::Error> {
    let latest = Timestamp::from(*Timestamp::by_our_clock() + ClockRules::default().tolerance);
    match &db.0 {
        Engine::Postgres { pool, .. } => {
            let ahead = sqlx::query_as(include_str!("../sql/projector/ahead_postgres.sql"));
            ahead.bind(up_to).bind(latest).fetch_all(pool).await
        }
        Engine::Sqlite { reader, .. } => {
            let ahead = sqlx::query_as(include_str!("../sql/projector/ahead_sqlite.sql"));
            ahead.bind(up_to).bind(latest).fetch_all(reader).await
        }
    }
}
