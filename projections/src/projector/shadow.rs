//! A second set of read models, made from the first event on, that nobody sees.
//!
//! On Postgres it is a schema that one transaction makes, fills, and swaps in or drops; on SQLite it is a file of its
//! own. Both run the text of the migration. Keys and indexes are made after the rows are there.
//!
//! **Invariant:** only one shadow is made in a database at a time, whoever makes it.

#[cfg(all(test, feature = "testing"))]
mod tests;

use std::path::{Path, PathBuf};

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Executor, PgPool, SqlitePool};
use uuid::Uuid;

use super::batch::OnFoldError;
use super::parking::Parking;
use super::walk::OutOfOrder;
use super::{Progress, Projection, walk};
use crate::db::{BEGIN, CARELESSLY, Db, Engine, Transaction, Tx};
use crate::event_log::{self, ReadError};
use crate::fold::{Entry, FoldError};
use crate::private;
use crate::table::{RowMemory, Rows, Shape, key_of};

/// The most events that are folded at a time when they are read by position.
const BATCH: i64 = 5000;

/// The migrations that make read models, in their order, on Postgres and on SQLite. A column that a later migration adds
/// is added to the shadow by the same text.
const STEPS: [&[&str]; 2] = [
    &[
        include_str!("../../../migrations/postgres/0003_read_models.sql"),
        include_str!("../../../migrations/postgres/0020_owners.sql"),
    ],
    &[
        include_str!("../../../migrations/sqlite/0003_read_models.sql"),
        include_str!("../../../migrations/sqlite/0020_owners.sql"),
    ],
];

/// In each of these texts, keys and indexes are made after this line.
const WITH_ROWS: &str = "-- When the rows are there:\n";

/// A shadow that is being made.
pub(super) struct Shadow {
    pub(super) tx: Tx,
    pub(super) place: ShadowPool,
    /// The statements that complete the tables when the rows are there: keys and indexes.
    completion: String,
    pub(super) folded: FoldedShadow,
}

/// How far the shadow is folded, and what could not be folded.
#[derive(Default)]
pub(super) struct FoldedShadow {
    pub(super) position: i64,
    pub(super) parking: Parking,
}

/// The pool on which the transaction of a shadow runs.
pub(super) enum ShadowPool {
    Postgres(PgPool),
    Sqlite(SqlitePool, PathBuf),
}

/// What a shadow is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShadowPurpose {
    /// The shadow is to replace the served read models at the end of the log.
    Serve,
    /// The shadow is to be compared with the served read models, as they are when the shadow begins.
    Compare,
}

impl Shadow {
    /// Makes a shadow with empty tables. Waits until nobody else has a shadow.
    pub(super) async fn new(live: &Db, purpose: ShadowPurpose) -> Result<Self, sqlx::Error> {
        let [postgres, sqlite] = STEPS;
        let steps = if matches!(live.0, Engine::Postgres { .. }) { postgres } else { sqlite };
        Self::made_by(steps, live, purpose).await
    }

    async fn made_by(steps: &[&str], live: &Db, purpose: ShadowPurpose) -> Result<Self, sqlx::Error> {
        let (tx, place) = match &live.0 {
            Engine::Postgres { pool, .. } => {
                let begin = match purpose {
                    ShadowPurpose::Serve => BEGIN,
                    ShadowPurpose::Compare => "begin isolation level repeatable read",
                };
                let pool = one_connection(pool).await?;
                let mut tx = Transaction::begin(&pool, begin).await?;
                tx.execute(include_str!("../sql/projector/one_shadow_postgres.sql")).await?;
                tx.execute(include_str!("../sql/projector/shadow_postgres.sql")).await?;
                (Tx::Postgres(tx), ShadowPool::Postgres(pool))
            }
            Engine::Sqlite { file, .. } => {
                let (path, file) = (&file.path, file.path.with_extension("rebuild"));
                let pool = one_file(&file).await?;
                let served = format!("file:{}?mode=ro", path.display());
                sqlx::query("attach database $1 as served").bind(served).execute(&pool).await?;
                (Tx::Sqlite(Transaction::begin(&pool, CARELESSLY).await?), ShadowPool::Sqlite(pool, file))
            }
        };
        let parts = steps.iter().map(|step| step.split_once(WITH_ROWS).unwrap_or((step, "")));
        let (tables, completion): (Vec<&str>, Vec<&str>) = parts.unzip();
        let completion = completion.join("\n");
        let mut shadow = Self { tx, place, completion, folded: FoldedShadow::default() };
        shadow.tx.run(&tables.join("\n")).await?;
        Ok(shadow)
    }

    /// Folds every event up to a position.
    pub(super) async fn fold(
        &mut self,
        live: &Db,
        up_to: i64,
        care: OnFoldError,
        progress: &impl Fn(Progress),
    ) -> Result<(), FoldError> {
        match care {
            OnFoldError::Fail => self.fold_streams(live, up_to, progress).await,
            OnFoldError::Park => self.fold_carefully(live, up_to, progress).await,
        }
    }

    /// Folds stream by stream, so that each row is written once. This is tried first. An event that can't be folded is an
    /// error here, and so is a row that two streams share (none should): its key is refused, or it is missed.
    async fn fold_streams(
        &mut self,
        live: &Db,
        up_to: i64,
        progress: &impl Fn(Progress),
    ) -> Result<(), FoldError> {
        let (mut batches, mut done) = (walk::streams(live, up_to), 0);
        let (mut memory, mut ended) = (RowMemory::default(), RowMemory::default());
        loop {
            let next = fold_next(&mut batches, &mut memory, &mut self.folded.parking);
            let (written, next) = tokio::join!(ended.write(&mut self.tx), next);
            written?;
            let Some((number, goes_on)) = next? else { break };
            ended = memory.ended(goes_on);
            done += number;
            progress(Progress { done, of: up_to });
        }
        memory.finish(&mut self.tx).await?;
        if done != up_to {
            return Err(disorder(live, up_to).await?);
        }
        self.folded.position = up_to;
        self.complete().await
    }

    /// Folds in the order of positions into tables with keys: rows replace older ones, and what can't be folded is parked.
    async fn fold_carefully(
        &mut self,
        live: &Db,
        up_to: i64,
        progress: &impl Fn(Progress),
    ) -> Result<(), FoldError> {
        self.complete().await?;
        while self.folded.position < up_to {
            self.folded.fold_some(live, &mut self.tx, up_to).await?;
            progress(Progress { done: self.folded.position, of: up_to });
        }
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), FoldError> {
        self.tx.run(&self.completion).await?;
        if matches!(self.place, ShadowPool::Postgres(..)) {
            for table in tables() {
                self.tx.run(&format!("analyze {}", table.name)).await?;
            }
        }
        Ok(())
    }

    /// Rolls back the shadow's transaction, and removes whatever else it made.
    pub(super) async fn discard(self) {
        let _undone_by_the_close = self.tx.rollback().await;
        match self.place {
            ShadowPool::Postgres(pool) => pool.close().await,
            ShadowPool::Sqlite(pool, file) => {
                pool.close().await;
                let _gone_already = std::fs::remove_file(file);
            }
        }
    }
}

impl FoldedShadow {
    /// Folds the events that were appended meanwhile.
    pub(super) async fn fold_rest(&mut self, live: &Db, tx: &mut Tx, up_to: i64) -> Result<(), FoldError> {
        while self.position < up_to {
            self.fold_some(live, tx, up_to).await?;
        }
        Ok(())
    }

    async fn fold_some(&mut self, live: &Db, tx: &mut Tx, up_to: i64) -> Result<(), FoldError> {
        let limit = BATCH.min(up_to - self.position);
        let recorded = event_log::tail(live, self.position, limit).await?;
        let entries: Vec<Entry> = recorded.into_iter().map(Entry::read).collect();
        let last = entries.last().ok_or(sqlx::Error::RowNotFound)?.recorded.position;
        self.parking.leave_out_newer(&Projection::ALL, &entries);
        for projection in Projection::ALL {
            self.parking.fold(tx, projection, &entries).await?;
        }
        self.position = last;
        Ok(())
    }
}

/// Why there are not as many events in streams as there are positions.
async fn disorder(live: &Db, up_to: i64) -> Result<FoldError, sqlx::Error> {
    let mut places = walk::out_of_order(live, up_to).await?.into_iter();
    Ok(match places.find(OutOfOrder::is_disordered) {
        Some(OutOfOrder { position, before, .. }) if position == before => ReadError::Twice(position).into(),
        Some(place) => ReadError::Gap { expected: place.before + 1, found: place.position }.into(),
        // It is met in the order of positions, and parked.
        None => {
            FoldError::Poison { position: up_to, why: "an event in front of it is of no stream".to_owned() }
        }
    })
}

/// Folds the next batch of streams in memory. Gives the number of its events and the aggregate that may go on, or
/// nothing where there is no next batch.
async fn fold_next(
    batches: &mut walk::Batches,
    memory: &mut RowMemory,
    parking: &mut Parking,
) -> Result<Option<(i64, Option<Uuid>)>, FoldError> {
    let Some(batch) = batches.recv().await else { return Ok(None) };
    let mut entries = batch?;
    let goes_on = entries.last().map(|last| key_of(&last.recorded.aggregate_id));
    entries.sort_unstable_by_key(|entry| entry.recorded.position); // as they happened
    parking.leave_out_newer(&Projection::ALL, &entries);
    for projection in Projection::ALL {
        projection.fold(&mut Rows::Pending(memory), &parking.wanted(projection, &entries)).await?;
    }
    Ok(Some((i64::try_from(entries.len()).unwrap_or(0), goes_on)))
}

/// A pool of one connection, which ends with its one transaction, and the lock with it. It does not act as `portal_app`,
/// which may not make tables.
async fn one_connection(live: &PgPool) -> Result<PgPool, sqlx::Error> {
    let one = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    one.connect_with(live.connect_options().as_ref().clone()).await
}

/// Opens a file for the shadow. Nobody needs it after a crash.
async fn one_file(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let _none_left_over = std::fs::remove_file(path);
    private::own(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-16384"); // KiB
    let one = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    one.connect_with(options).await
}

/// Every table that folds write.
pub(super) fn tables() -> impl Iterator<Item = &'static Shape> {
    Projection::ALL.into_iter().flat_map(Projection::tables)
}
