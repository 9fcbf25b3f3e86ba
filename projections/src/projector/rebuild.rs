//! Folds everything again beside the read models that serve, and then replaces them.

use std::iter;
use std::path::Path;
use std::time::Duration;

use sqlx::{PgConnection, Postgres, SqlitePool};

use super::batch::OnFoldError;
use super::shadow::{FoldedShadow, Shadow, ShadowPool, ShadowPurpose, tables};
use super::{Parked, Progress, Projection, ProjectionCheckpoint, refuse_if_superseded};
use crate::db::{Db, Engine, STABLE_VIEWS, Transaction, Tx, on};
use crate::fold::FoldError;
use crate::table::Shape;
use crate::{event_log, org_list};

/// Decides whether everything is folded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RebuildCondition {
    Always,
    /// Another process may have done it while this one waited for its turn.
    WhereNeeded,
}

/// If the read models are more events behind than this, folding everything again is quicker than catching up.
const FAR_BEHIND: i64 = 20_000;

impl super::Projector {
    /// Folds every read model from the first event on, while the old ones serve, and swaps them in one transaction.
    /// Gives the position reached.
    pub async fn rebuild(&self, progress: impl Fn(Progress)) -> Result<i64, FoldError> {
        self.rebuild_where(RebuildCondition::Always, &progress).await
    }

    pub(super) async fn rebuild_where(
        &self,
        when: RebuildCondition,
        progress: &impl Fn(Progress),
    ) -> Result<i64, FoldError> {
        let _turn = self.whole.lock().await;
        let position = match self.rebuild_with(OnFoldError::Fail, when, progress).await {
            // Some event can't be folded: fold everything once more, and park whatever can't be folded.
            Err(error) if error.reason_to_park().is_some() => {
                self.rebuild_with(OnFoldError::Park, when, progress).await?
            }
            done => done?,
        };
        self.catch_up().await?;
        Ok(position)
    }

    async fn rebuild_with(
        &self,
        care: OnFoldError,
        when: RebuildCondition,
        progress: &impl Fn(Progress),
    ) -> Result<i64, FoldError> {
        let mut shadow = Shadow::new(&self.db, ShadowPurpose::Serve).await?;
        let folded = async {
            if when == RebuildCondition::WhereNeeded && !self.is_out_of_step().await? {
                return Ok(false);
            }
            shadow.fold(&self.db, self.log.last_position().await?, care, progress).await?;
            Ok(true)
        };
        match folded.await {
            Ok(true) => shadow.swap(&self.db).await,
            Ok(false) => {
                shadow.discard().await;
                Ok(self.position().await?)
            }
            Err(error) => {
                shadow.discard().await;
                Err(error)
            }
        }
    }

    /// Says whether this version can't go on from its read models: some are missing, or they are too far behind the end of
    /// the log, or they are beyond it because the log was restored without them.
    pub(super) async fn is_out_of_step(&self) -> Result<bool, FoldError> {
        let ours = self.checkpoints().await?;
        let position = ours.iter().map(|checkpoint| checkpoint.position).min().unwrap_or(0);
        let end = self.log.last_position().await?;
        let is_beyond = ours.iter().any(|checkpoint| checkpoint.position > end);
        Ok(ours.len() < Projection::ALL.len() || end - position > FAR_BEHIND || is_beyond)
    }
}

impl Shadow {
    /// Replaces the served read models by the shadow, at their position or a later one.
    pub(super) async fn swap(self, live: &Db) -> Result<i64, FoldError> {
        let Self { tx, place, mut folded, .. } = self;
        match (tx, place, &live.0) {
            (Tx::Postgres(tx), ShadowPool::Postgres(pool), _) => {
                let swapped = folded.swap_tables(live, tx).await;
                pool.close().await;
                swapped?;
            }
            (Tx::Sqlite(tx), ShadowPool::Sqlite(pool, file), Engine::Sqlite { writer, .. }) => {
                let swapped = async {
                    tx.commit().await?;
                    pool.close().await;
                    folded.swap_rows(live, writer, &file).await
                };
                let swapped = swapped.await;
                let _gone_already = std::fs::remove_file(file);
                swapped?;
            }
            _ => unreachable!("a shadow is on the engine that is live"),
        }
        Ok(folded.position)
    }
}

const VIEWS: [&str; 3] = ["organisations", "governance_resource_types", "org_resource_types"];

/// The pause before the tables are locked again after a reader held one for too long.
const PAUSE: Duration = Duration::from_millis(300);

impl FoldedShadow {
    /// Replaces the tables that serve by those of the shadow, and makes the views for other programs anew from these.
    /// Prepared statements are planned again.
    async fn swap_tables(&mut self, live: &Db, tx: Transaction<Postgres>) -> Result<(), FoldError> {
        let mut tx = Tx::Postgres(tx);
        loop {
            self.fold_rest(live, &mut tx, event_log::last(live).await?).await?;
            if let Some(at) = try_lock(live, &mut tx).await? {
                self.fold_rest(live, &mut tx, at).await?;
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let moved = tables().map(|Shape { name, .. }| {
            format!("alter table public.{name} set schema portal_past; alter table portal_shadow.{name} set schema public;")
        });
        let dropped = tables().map(|Shape { name, .. }| format!("drop table portal_past.{name};"));
        let steps = iter::once("create schema portal_past;".to_owned())
            .chain(moved)
            .chain(["drop schema portal_shadow;".to_owned(), STABLE_VIEWS.to_owned()]) // in public, which is next
            .chain(dropped)
            .chain(["drop schema portal_past".to_owned()]);
        tx.run(&steps.collect::<String>()).await?;
        self.settle(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Replaces the rows that serve by those of the shadow's file. If two tables have the same definition and the target is
    /// empty, SQLite copies rows and indexes in order, without decoding them.
    async fn swap_rows(&mut self, live: &Db, writer: &SqlitePool, file: &Path) -> Result<(), FoldError> {
        let file = file.to_string_lossy().into_owned();
        sqlx::query("attach database $1 as shadow").bind(file).execute(writer).await?;
        let swapped = async {
            let mut tx = live.begin().await?;
            let checkpoints = on!(&mut tx, |conn| {
                sqlx::query_as(include_str!("../sql/projector/checkpoints.sql")).fetch_all(conn).await
            })?;
            let at = served(live, &checkpoints).await?;
            for Shape { name, .. } in tables() {
                let replace =
                    format!("delete from main.{name}; insert into main.{name} select * from shadow.{name}");
                tx.run(&replace).await?;
            }
            self.fold_rest(live, &mut tx, at).await?;
            self.settle(&mut tx).await?;
            Ok(tx.commit().await?)
        };
        let swapped = swapped.await;
        sqlx::query("detach database shadow").execute(writer).await?;
        swapped
    }

    /// Writes the checkpoints of this version, removes those of older ones, and keeps only what this fold parked as parked.
    async fn settle(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        let parked: Vec<Parked> = on!(tx, |conn| {
            sqlx::query_as(include_str!("../sql/projector/parked.sql")).fetch_all(conn).await
        })?;
        for it in parked.iter().filter(|it| it.name == Projection::OrgList.name()) {
            org_list::parts::take_in_of(tx, &it.aggregate_id, it.from_position).await?;
        }
        for projection in Projection::ALL {
            let (name, version) = (projection.name(), projection.version());
            on!(tx, |conn| {
                sqlx::query(include_str!("../sql/projector/settle.sql"))
                    .bind(name)
                    .bind(version)
                    .bind(self.position)
                    .execute(&mut *conn)
                    .await?;
                let retire = sqlx::query(include_str!("../sql/projector/retire.sql"));
                retire.bind(name).bind(version).execute(&mut *conn).await?;
                let unpark = sqlx::query(include_str!("../sql/projector/unpark.sql"));
                unpark.bind(name).execute(conn).await?;
            });
        }
        self.parking.write(tx).await
    }
}

/// Locks out folds and then reads until the transaction ends, and returns the position of the served read models. It gives
/// up and returns nothing if somebody else is slow, so that no reader ever waits long or is aborted.
async fn try_lock(live: &Db, tx: &mut Tx) -> Result<Option<i64>, FoldError> {
    tx.run(include_str!("../sql/projector/savepoint.sql")).await?;
    let Tx::Postgres(attempt) = &mut *tx else { return Ok(None) };
    let locked = match lock_all(attempt).await {
        Ok(checkpoints) => Some(served(live, &checkpoints).await?),
        Err(sqlx::Error::Database(refused)) if refused.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => {
            tx.run(include_str!("../sql/projector/back_to_savepoint.sql")).await?;
            None
        }
        Err(error) => return Err(error.into()),
    };
    tx.run(include_str!("../sql/projector/release_savepoint.sql")).await?;
    Ok(locked)
}

/// Locks the checkpoints and all tables and views that readers use, and returns the checkpoints.
async fn lock_all(conn: &mut PgConnection) -> Result<Vec<ProjectionCheckpoint>, sqlx::Error> {
    sqlx::query(include_str!("../sql/projector/give_way_postgres.sql")).execute(&mut *conn).await?;
    let checkpoints = sqlx::query_as(include_str!("../sql/projector/checkpoints_postgres.sql"))
        .fetch_all(&mut *conn)
        .await?;
    // Views come first: their readers lock in that order too.
    let names = VIEWS.into_iter().chain(tables().map(|table| table.name));
    let names: Vec<String> = names.map(|name| format!("public.{name}")).collect();
    let lock = format!("lock table {} in access exclusive mode", names.join(", "));
    sqlx::query(&lock).execute(conn).await?;
    Ok(checkpoints)
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// The highest position of the served read models, but no later than the end of the log.
async fn served(live: &Db, checkpoints: &[ProjectionCheckpoint]) -> Result<i64, FoldError> {
    refuse_if_superseded(checkpoints)?;
    // Even if the log lost its end, the read models can be rebuilt: so the end of the log is the limit.
    let end = event_log::last(live).await?;
    Ok(checkpoints.iter().map(|row| row.position).max().unwrap_or(0).min(end))
}
