//! Projections: read models folded from the log, each with its checkpoint in the same transaction.
//!
//! ```text
//! begin ─► lock the checkpoints ─► next events ─► fold ─► rows + checkpoints ─► commit
//!          (skip locked: somebody else is at it)
//! ```
//!
//! Nobody leads: whoever wants a position folds up to it, in any process. A fold has no clock and no side effect.
//!
//! **Invariant:** a projection never skips an event. One that it can't fold parks its aggregate, by name and position. So
//! does one that only a newer version can read, until that version runs and folds the aggregate anew.

mod batch;
mod parking;
mod projection;
mod rebuild;
mod repair;
mod shadow;
mod standing;
mod verify;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

pub use crate::finding::{Finding, Progress};
pub use crate::fold::FoldError;
use batch::Batch;
pub use projection::Projection;
use rebuild::RebuildCondition;
use standing::ReadModelStanding;
pub use verify::VerifyReport;

use crate::db::{Db, Engine, on, read, row};
use crate::event_log::{EventLog, StreamId};
use crate::org_list::parts;
use crate::{history, processes};

/// The read models had not reached a position in time. The command that waits for it is recorded all the same.
#[derive(Debug, thiserror::Error)]
#[error("the read models have not reached #{0} yet")]
pub struct StillUpdating(pub i64);

row! {
    /// The position that one projection has reached.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ProjectionCheckpoint {
        pub name: String,
        pub version: i64,
        pub position: i64,
        pub error: Option<String>,
    }
}

row! {
    /// An aggregate that a projection could not fold.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Parked {
        pub name: String,
        pub aggregate_type: String,
        pub aggregate_id: String,
        pub from_position: i64,
        pub error: String,
        /// True if the aggregate is parked only until a newer version runs, which can read it.
        pub newer: bool,
    }
}

impl Parked {
    pub fn stream(&self) -> StreamId {
        StreamId { kind: self.aggregate_type.clone(), id: self.aggregate_id.clone() }
    }
}

/// Folds the log into the read models and tells waiting callers how far they are. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Projector {
    db: Db,
    log: EventLog,
    /// Held while the whole log is folded, to rebuild or to verify: one at a time.
    whole: Arc<Mutex<()>>,
    standing: ReadModelStanding,
    /// The id by which other processes know this one.
    process: Uuid,
    /// Parked streams that this version can't read.
    unable: Arc<Mutex<HashSet<StreamId>>>,
}

/// How long the background task sleeps when nothing wakes it: the fall-back for appends of other processes.
const POLL: Duration = Duration::from_secs(1);

/// The longest pause before it asks again whether another process has finished a batch.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How long to wait for this process before asking whether another one has folded.
const PATIENCE: Duration = Duration::from_millis(500);

/// The most events that one transaction folds.
const BATCH: i64 = 1000;

impl Projector {
    /// Brings every projection to the end of the log, also those whose version is new, then goes on in the background.
    pub async fn start(log: EventLog) -> Result<Self, FoldError> {
        let projector = Self::at_rest(log).await?;
        projector.reach_the_end().await?;
        projector.go_on().await?;
        Ok(projector)
    }

    /// Like [`Self::start`], for whoever verifies. Where the end of the log can't be reached, since it is not what it must be,
    /// this gives the reason and a projector that folds nothing: what is wrong is for [`Self::verify`] to say.
    pub async fn start_to_verify(log: EventLog) -> Result<(Self, Option<FoldError>), FoldError> {
        let projector = Self::at_rest(log).await?;
        match projector.reach_the_end().await {
            Err(error) if error.is_away() => Err(error),
            Err(error) => Ok((projector, Some(error))),
            Ok(()) => {
                projector.go_on().await?;
                Ok((projector, None))
            }
        }
    }

    async fn at_rest(log: EventLog) -> Result<Self, FoldError> {
        log.folded().send_replace(0);
        let (db, standing, process) =
            (log.db().clone(), ReadModelStanding::new(), processes::register(log.db()).await?);
        Ok(Self { db, log, whole: Arc::default(), standing, process, unable: Arc::default() })
    }

    async fn reach_the_end(&self) -> Result<(), FoldError> {
        match self.begin().await {
            Ok(()) => {
                self.catch_up().await?;
                self.repair().await
            }
            // This process shows what the newer one folds.
            Err(error @ FoldError::Superseded { .. }) => {
                tracing::warn!(%error, "not folding");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Goes on in the background.
    async fn go_on(&self) -> Result<(), FoldError> {
        let woken = Arc::new(Notify::new());
        if let Engine::Postgres { pool, .. } = &self.db.0 {
            tokio::spawn(listen(pool.clone(), woken.clone()));
        }
        tokio::spawn(self.clone().run(woken));
        tokio::spawn(self.clone().index());
        self.observe().await?;
        tokio::spawn(self.clone().watch());
        Ok(())
    }

    /// In an empty database every projection begins at zero. If some projections exist and one is missing, that one is new
    /// or has a new version: everything is folded beside them and then replaces them. The same happens if very many events
    /// are to be folded, and if the read models are ahead of the log.
    async fn begin(&self) -> Result<(), FoldError> {
        let mut tx = self.db.begin().await?;
        let all: Vec<ProjectionCheckpoint> = on!(&mut tx, |conn| {
            sqlx::query_as(include_str!("sql/projector/checkpoints.sql")).fetch_all(conn).await
        })?;
        if all.is_empty() {
            for projection in Projection::ALL {
                on!(&mut tx, |conn| {
                    sqlx::query(include_str!("sql/projector/register.sql"))
                        .bind(projection.name())
                        .bind(projection.version())
                        .execute(conn)
                        .await?;
                });
            }
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        refuse_if_superseded(&all)?;
        if self.is_out_of_step().await? {
            self.rebuild_where(RebuildCondition::WhereNeeded, &|_| ()).await?;
        }
        Ok(())
    }

    async fn run(self, woken: Arc<Notify>) {
        let mut head = self.log.head();
        loop {
            if let Err(error) = self.keep_up().await {
                if self.db.is_closed() {
                    return;
                }
                if !matches!(error, FoldError::Superseded { .. }) {
                    tracing::warn!(%error, "projections stand still");
                }
                tokio::time::sleep(POLL).await;
            }
            tokio::select! {
                moved = head.changed() => if moved.is_err() { return }, // the log was closed
                () = woken.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    async fn keep_up(&self) -> Result<(), FoldError> {
        self.catch_up().await?;
        if self.standing.has_parked() { self.repair().await } else { Ok(()) }
    }

    /// Keeps the search indexes of the list and the history up to date in the background, where nobody waits for it.
    async fn index(self) {
        let (mut folded, mut indexed) = (self.log.folded().subscribe(), 0);
        while folded.wait_for(|at| at - indexed >= parts::BLOCK).await.is_ok() {
            let _turn = self.whole.lock().await; // what folds everything is waited for
            let kept_up = async {
                let list = parts::keep_up(&self.db, self.folded()).await?;
                Ok::<_, sqlx::Error>(history::parts::keep_up(&self.db, self.folded()).await?.min(list))
            };
            match kept_up.await {
                Ok(position) => indexed = position,
                Err(_) if self.db.is_closed() => return,
                Err(error) => {
                    tracing::warn!(%error, "the index for searching is not kept up");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// Folds up to the present end of the log. While somebody else is folding, it waits: what they fold counts too.
    pub async fn catch_up(&self) -> Result<(), FoldError> {
        let mut pause = Duration::from_millis(1);
        loop {
            match batch::fold_next(&self.db, BATCH).await? {
                Batch::Reached { position, more, parked } => {
                    if position < self.folded() {
                        self.log.check_end().await?; // the database may have been restored to an earlier moment
                    }
                    if parked || self.standing.has_parked() {
                        self.refresh_parked().await?; // before anybody who waits reads
                    }
                    self.reached(position);
                    if !more {
                        return Ok(());
                    }
                }
                Batch::Partly => {}
                Batch::Busy => {
                    refuse_if_superseded(&self.all_checkpoints().await?)?;
                    // Whoever is folding may have read its events before the last one was appended, so ask again.
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    pub fn log(&self) -> &EventLog {
        &self.log
    }

    /// Tells the other processes that this one ends.
    pub async fn leave(&self) -> Result<(), sqlx::Error> {
        processes::leave(&self.db, self.process).await
    }

    /// Returns once every read model has reached `position`. If the read models are known to stand still, it does not wait.
    pub async fn wait_for(&self, position: i64, limit: Duration) -> Result<(), StillUpdating> {
        let mut folded = self.log.folded().subscribe();
        let reached = async {
            loop {
                // The background task is awake already. If it has nothing to fold, another process is at it.
                let moved = tokio::time::timeout(PATIENCE, folded.wait_for(|at| *at >= position));
                if moved.await.is_ok() {
                    return;
                }
                match self.position().await {
                    Ok(at) => self.reached(at),
                    Err(error) => tracing::warn!(%error, "can't read the checkpoints"),
                }
            }
        };
        let limit = if self.stalled().is_some() { Duration::ZERO } else { limit };
        tokio::time::timeout(limit, reached).await.map_err(|_elapsed| StillUpdating(position))
    }

    /// The position that all read models have reached, as this process knows it.
    pub fn folded(&self) -> i64 {
        *self.log.folded().borrow()
    }

    /// The position that all read models have reached, asked of the store.
    pub async fn position(&self) -> Result<i64, sqlx::Error> {
        let checkpoints = self.all_checkpoints().await?;
        // A newer version keeps the same tables, so what it has folded can be read here as well.
        let serving = |c: &&ProjectionCheckpoint| {
            Projection::by_name(&c.name).is_some_and(|p| p.version() <= c.version)
        };
        Ok(checkpoints.iter().filter(serving).map(|checkpoint| checkpoint.position).min().unwrap_or(0))
    }

    /// The checkpoints of the projections that this version keeps.
    pub async fn checkpoints(&self) -> Result<Vec<ProjectionCheckpoint>, sqlx::Error> {
        let all = self.all_checkpoints().await?;
        Ok(all.into_iter().filter(|c| is_ours(&c.name, c.version)).collect())
    }

    async fn all_checkpoints(&self) -> Result<Vec<ProjectionCheckpoint>, sqlx::Error> {
        read!(self.db, |pool| {
            sqlx::query_as(include_str!("sql/projector/checkpoints.sql")).fetch_all(pool).await
        })
    }

    /// The aggregates that are parked.
    pub async fn parked(&self) -> Result<Vec<Parked>, sqlx::Error> {
        read!(self.db, |pool| sqlx::query_as(include_str!("sql/projector/parked.sql")).fetch_all(pool).await)
    }

    /// The moment at which `position` became readable, if a process was serving then.
    pub async fn folded_at(&self, position: i64) -> Result<Option<crate::Timestamp>, sqlx::Error> {
        read!(self.db, |pool| {
            sqlx::query_scalar(include_str!("sql/projector/folded_at.sql"))
                .bind(position)
                .fetch_optional(pool)
                .await
        })
    }

    fn reached(&self, position: i64) {
        self.log.folded().send_if_modified(|at| std::mem::replace(at, (*at).max(position)) < position);
    }
}

/// A newer version keeps its rows in the same tables, so an older one neither folds nor rebuilds beside it.
fn refuse_if_superseded(checkpoints: &[ProjectionCheckpoint]) -> Result<(), FoldError> {
    let newer = checkpoints.iter().find_map(|row| {
        let ours = Projection::by_name(&row.name).filter(|ours| ours.version() < row.version)?;
        Some(FoldError::Superseded { name: ours.name(), version: row.version })
    });
    newer.map_or(Ok(()), Err)
}

/// Says whether this process folds that projection: it does not touch what another version keeps.
fn is_ours(name: &str, version: i64) -> bool {
    Projection::by_name(name).is_some_and(|projection| projection.version() == version)
}

/// Wakes this process when another one appended.
async fn listen(pool: sqlx::PgPool, woken: Arc<Notify>) {
    while !pool.is_closed() {
        let ended: Result<(), sqlx::Error> = async {
            let mut listener = sqlx::postgres::PgListener::connect_with(&pool).await?;
            listener.listen("events").await?;
            loop {
                // A reconnect gives None: something may have been missed, so it counts as a wake-up.
                listener.try_recv().await?;
                woken.notify_one();
            }
        }
        .await;
        tracing::debug!(?ended, "not listening to other processes; polling goes on");
        tokio::time::sleep(POLL).await;
    }
}
