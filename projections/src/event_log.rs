//! The event log: append, load, tail.
//!
//! ```text
//! append ─► queue ─► writer task ─► one transaction ─► answers
//!                    (what waits)   lock, check, write
//! ```
//!
//! **Invariant:** positions are 1, 2, 3 … without a gap, in the order in which they became visible. A reader that
//! asks for `position > n` never misses an event; [`EventLog::tail`] checks it and a gap is an error.

mod alarm;
mod cache;
mod changed;
mod check;
mod companion;
mod folding;
mod import;
mod leaf;
mod probe;
mod reading;
mod recorded;
mod snapshots;
mod statements;
mod store;
mod writer;

use std::sync::Arc;

use domain::{Constraint, Metadata};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use uuid::Uuid;

pub use alarm::{Alarm, ClockRules};
pub use changed::changed;
pub(crate) use changed::note as note_changed;
pub use companion::{CompanionRows, InvitedPerson, Joined};
pub use import::ImportError;
pub use leaf::{Leaf, leaf_hash};
pub use probe::{Jump, JumpError, ProbeError};
pub use recorded::{Recorded, SequenceRange, StreamId};
pub use store::Loaded;

use self::alarm::Watchman;
use self::cache::AggregateCache;
use self::writer::Writer;
use crate::db::{Db, noticed, read, row};
use crate::timestamp::Timestamp;
pub(crate) use folding::{as_of, from_the_first_event};
use reading::{at, head};
pub(crate) use reading::{following, in_front, is_standby, last, tail};
pub(crate) use snapshots::{ids as snapshot_ids, of as snapshot_of};

/// Events that were decided together and become visible together, or not at all.
#[derive(Clone, Debug)]
pub struct Append {
    pub stream: StreamId,
    /// The sequence that the stream had when this was decided; 0 for a new stream.
    pub after: i64,
    pub events: Vec<Draft>,
    pub metadata: Metadata,
    /// SHA-256 of the command, so that one command id can't stand for two commands.
    pub fingerprint: [u8; 32],
    /// The stream that gives the right to do this. It must still give it when the events are written.
    pub authority: Option<Authority>,
    /// Rows that must be written together with the events and can't be part of them.
    pub beside: Option<CompanionRows>,
}

/// The stream that gives a right, and the sequence at which it did. If it moved, or its time is over, the right is
/// checked again: a revocation that came first always wins, and so does an end that has passed.
#[derive(Clone, Debug)]
pub struct Authority {
    pub stream: StreamId,
    pub sequence: i64,
    /// The first moment, by the store's clock, at which it gives the right.
    pub from: Option<Timestamp>,
    /// The first moment at which it no longer gives the right.
    pub until: Option<Timestamp>,
}

/// One event, not yet recorded.
#[derive(Clone, Debug)]
pub struct Draft {
    pub event_type: String,
    pub event_version: String,
    /// JSON text, kept and hashed byte for byte.
    pub payload: String,
    pub constraints: Vec<Constraint>,
}

row! {
    /// The positions of a command's events.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Appended {
        pub first_position: i64,
        pub last_position: i64,
        /// Sequence of the stream after the last event.
        pub sequence: i64,
    }
}

row! {
    /// A command that was carried out.
    #[derive(Clone, Debug)]
    pub struct CommandRecord {
        pub fingerprint: Vec<u8>,
        pub actor: String,
        pub first_position: i64,
        pub last_position: i64,
        pub sequence: i64,
    }
}

impl CommandRecord {
    pub fn appended(&self) -> Appended {
        let Self { first_position, last_position, sequence, .. } = *self;
        Appended { first_position, last_position, sequence }
    }
}

/// Why nothing was appended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    #[error("the stream stands at {actual} now")]
    Conflict { actual: i64 },
    #[error("{key} is taken in {namespace} by {}", .holder.id)]
    Taken { namespace: &'static str, key: String, holder: StreamId },
    #[error("{name} would fall below its floor")]
    Guarded { name: &'static str },
    #[error("somebody else has this address by now")]
    AddressTaken,
    #[error("this person has chosen a password by now")]
    PasswordChosen,
    #[error("the right to do this changed meanwhile")]
    AuthorityChanged,
    #[error("this command id was used for another command")]
    CommandReused,
    #[error("another process runs an older version, which can't read this")]
    OlderProcess,
    #[error("the event log is not available: {0}")]
    Store(Arc<sqlx::Error>),
    /// The store was told to commit, its answer was lost, and it could not be asked since.
    #[error("whether this was recorded is not known: {0}")]
    Unknown(Arc<sqlx::Error>),
    /// The log or the clock is not what it must be, so nothing is appended at all.
    #[error("{0}")]
    Stopped(Alarm),
    #[error("the event log is closing")]
    Closed,
}

/// Why the log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(
        "#{expected} is missing: the log goes on at #{found}. `portal verify` names everything that is wrong with it, and \
         docs/RECOVERY.md says what to do then"
    )]
    Gap { expected: i64, found: i64 },
    #[error(
        "#{0} is there twice. `portal verify` names everything that is wrong with the log, and docs/RECOVERY.md says what \
         to do then"
    )]
    Twice(i64),
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Unreadable(#[from] domain::Unreadable),
}

/// The log of everything that happened. Cheap to clone; all clones share one writer.
#[derive(Clone, Debug)]
pub struct EventLog {
    db: Db,
    queue: mpsc::Sender<PendingAppend>,
    head: watch::Receiver<i64>,
    /// The position that the read models have reached, as far as this process knows.
    folded: Arc<watch::Sender<i64>>,
    aggregates: Arc<AggregateCache>,
    /// One task at a time stores a snapshot.
    storing: Arc<Semaphore>,
    /// One task at a time reads a long stream from its first event.
    reading: Arc<Semaphore>,
    watchman: Arc<Watchman>,
}

/// The most events of a stream that are read at a time.
const PART: i64 = 1000;

/// The most events that are shown to somebody who is told what happened meanwhile.
pub const LATEST: i64 = 100;

/// The folded position until a projector starts: it is past every event, so nobody waits for read models.
const NOBODY_FOLDS: i64 = i64::MAX;

/// An append that waits for its answer.
struct PendingAppend {
    append: Append,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// How many appends may wait before callers have to.
const QUEUE: usize = 1024;

impl EventLog {
    /// Starts the writer. It ends, after finishing what it accepted, when the last clone is dropped.
    pub async fn open(db: Db) -> Result<Self, sqlx::Error> {
        Self::open_by(db, ClockRules::default()).await
    }

    /// Like [`Self::open`], with other rules for the clock.
    pub async fn open_by(db: Db, rules: ClockRules) -> Result<Self, sqlx::Error> {
        let seen = head(&db).await?.unwrap_or_default();
        let (moved, head) = watch::channel(seen.0);
        let (queue, waiting) = mpsc::channel(QUEUE);
        let folded = Arc::new(watch::Sender::new(NOBODY_FOLDS));
        let watchman = Arc::new(Watchman::new(rules, seen, folded.clone()));
        let writer = Writer {
            db: db.clone(),
            waiting,
            head: moved,
            folded: folded.subscribe(),
            watchman: watchman.clone(),
        };
        tokio::spawn(writer.run());
        let aggregates = Arc::new(AggregateCache::new(cache::BOUND));
        let (storing, reading) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(1)));
        Ok(Self { db, queue, head, folded, aggregates, storing, reading, watchman })
    }

    /// Appends, and answers once the events are on disk. A repeated command gives its first answer.
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(PendingAppend { append, answer }).await.map_err(|_closed| AppendError::Closed)?;
        let appended = answered.await.map_err(|_closed| AppendError::Closed)??;
        noticed();
        Ok(appended)
    }

    /// The last position that this process knows of; changes wake whoever watches.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    /// The channel on which the projector publishes the position that the read models have reached.
    pub(crate) fn folded(&self) -> &watch::Sender<i64> {
        &self.folded
    }

    /// The last position in the store.
    pub async fn last_position(&self) -> Result<i64, sqlx::Error> {
        last(&self.db).await
    }

    /// The record of a command, if it was carried out.
    pub async fn command(&self, id: Uuid) -> Result<Option<CommandRecord>, sqlx::Error> {
        read!(self.db, |pool| {
            sqlx::query_as(include_str!("sql/event_log/command.sql")).bind(id).fetch_optional(pool).await
        })
    }

    /// Events after a position, oldest first, at most `limit`. Asserts that none is missing.
    pub async fn tail(&self, after: i64, limit: i64) -> Result<Vec<Recorded>, ReadError> {
        tail(&self.db, after, limit).await
    }

    /// All events of one stream after a sequence, oldest first.
    pub async fn stream(&self, stream: &StreamId, after: i64) -> Result<Vec<Recorded>, sqlx::Error> {
        read!(self.db, |pool| {
            sqlx::query_as(include_str!("sql/event_log/stream.sql"))
                .bind(&stream.kind)
                .bind(&stream.id)
                .bind(after)
                .fetch_all(pool)
                .await
        })
    }

    /// The sequence of a stream's last event; 0 if it has no events.
    pub async fn sequence(&self, stream: &StreamId) -> Result<i64, sqlx::Error> {
        read!(self.db, |pool| {
            let last = sqlx::query_scalar(include_str!("sql/projector/sequence.sql"));
            last.bind(&stream.kind).bind(&stream.id).fetch_one(pool).await
        })
    }

    /// The next events of one stream after a sequence, at most a thousand.
    pub async fn stream_part(&self, stream: &StreamId, after: i64) -> Result<Vec<Recorded>, sqlx::Error> {
        let up_to = after.saturating_add(PART);
        self.between(stream, SequenceRange { after, up_to }).await
    }

    /// Waits for a turn to go on reading a long stream after its first part. Only one task at a time has a turn, so that
    /// connections and threads are left for everybody else.
    pub async fn turn_at_a_long_stream(&self) -> Option<OwnedSemaphorePermit> {
        self.reading.clone().acquire_owned().await.ok()
    }

    /// The events of a range, at most the latest [`LATEST`].
    pub async fn latest(
        &self,
        stream: &StreamId,
        SequenceRange { after, up_to }: SequenceRange,
    ) -> Result<Vec<Recorded>, sqlx::Error> {
        let after = after.max(up_to.saturating_sub(LATEST));
        self.between(stream, SequenceRange { after, up_to }).await
    }

    async fn between(&self, stream: &StreamId, range: SequenceRange) -> Result<Vec<Recorded>, sqlx::Error> {
        read!(self.db, |pool| {
            sqlx::query_as(include_str!("sql/history/part_of_stream.sql"))
                .bind(&stream.kind)
                .bind(&stream.id)
                .bind(range.after)
                .bind(range.up_to)
                .fetch_all(pool)
                .await
        })
    }

    /// The events at these positions, in the order of the log.
    pub async fn at(&self, positions: &[i64]) -> Result<Vec<Recorded>, sqlx::Error> {
        at(&self.db, positions).await
    }

    pub fn db(&self) -> &Db {
        &self.db
    }
}

/// Every stream whose sequence matters to a batch.
fn streams<'a>(batch: &'a [&Append]) -> impl Iterator<Item = &'a StreamId> {
    batch.iter().flat_map(|append| {
        std::iter::once(&append.stream).chain(append.authority.as_ref().map(|authority| &authority.stream))
    })
}

/// The constraints that the events of a batch put on the whole log.
fn constraints<'a>(batch: &'a [&Append]) -> impl Iterator<Item = &'a Constraint> {
    batch.iter().flat_map(|append| &append.events).flat_map(|event| &event.constraints)
}
