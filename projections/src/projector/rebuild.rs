//! Folding everything again, beside what is served.
//!
//! A [`Shadow`] is a place with empty read models of the same names: temporary tables of one connection on Postgres, a
//! file of its own on SQLite. The same folds write there. Then either the rows change places in one transaction
//! (rebuild), or they are compared with what is served (verify).

use sqlx::QueryBuilder;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::batch::read_until_newer;
use super::{Entry, FoldError, Projection};
use crate::db::{Db, Engine, Tx, on};
use crate::event_log;

/// How far a long job is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub done: i64,
    pub of: i64,
}

/// Events that one transaction of a rebuild folds.
const BATCH: i64 = 5000;

impl super::Projector {
    /// Folds every read model from the first event on, while the old ones serve, and swaps them in one transaction.
    /// Gives the position reached.
    pub async fn rebuild(&self, progress: impl Fn(Progress)) -> Result<i64, FoldError> {
        let mut shadow = Shadow::new(&self.db).await?;
        shadow.fold_to(&self.db, self.log.last_position().await?, &progress).await?;
        let position = shadow.swap(&self.db).await?;
        shadow.discard().await;
        self.catch_up().await?;
        Ok(position)
    }
}

/// Empty read models somewhere else, and how far they were folded.
pub(super) struct Shadow {
    pub(super) db: Db,
    pub(super) position: i64,
}

impl Shadow {
    pub(super) async fn new(live: &Db) -> Result<Self, sqlx::Error> {
        let db = match &live.0 {
            Engine::Postgres(pool) => {
                let options = pool.connect_options().as_ref().clone().options([("statement_timeout", "0")]);
                let one = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
                let pool = one.connect_with(options).await?;
                for table in tables() {
                    let mut like = QueryBuilder::<sqlx::Postgres>::new("create temporary table ");
                    like.push(table).push(" (like public.").push(table).push(" including all)");
                    like.build().execute(&pool).await?;
                }
                Db(Engine::Postgres(pool))
            }
            Engine::Sqlite { path, lock, .. } => {
                let path = path.with_extension("rebuild");
                let _none_left_over = std::fs::remove_file(&path);
                let options = SqliteConnectOptions::new()
                    .filename(&path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Memory)
                    .synchronous(SqliteSynchronous::Off);
                let one = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
                let writer = one.connect_with(options).await?;
                sqlx::raw_sql(include_str!("../../../migrations/sqlite/0003_read_models.sql"))
                    .execute(&writer)
                    .await?;
                Db(Engine::Sqlite { reader: writer.clone(), writer, path, lock: lock.clone() })
            }
        };
        Ok(Self { db, position: 0 })
    }

    /// Folds events of `live` up to and including `target`.
    pub(super) async fn fold_to(
        &mut self,
        live: &Db,
        target: i64,
        progress: &impl Fn(Progress),
    ) -> Result<(), FoldError> {
        while self.position < target {
            let mut tx = self.db.begin().await?;
            let to = fold_some(live, &mut tx, self.position, BATCH.min(target - self.position)).await?;
            tx.commit().await?;
            self.position = to;
            progress(Progress { done: to, of: target });
        }
        Ok(())
    }

    /// Puts the shadow's rows in the place of the live ones, at the position that the live ones have.
    async fn swap(&self, live: &Db) -> Result<i64, FoldError> {
        match &live.0 {
            Engine::Postgres(_) => {
                let mut tx = self.db.begin().await?;
                let at = lock_all(&mut tx).await?;
                self.fold_rest(live, &mut tx, at).await?;
                replace(&mut tx, "public.", "pg_temp.").await?;
                settle(&mut tx, at).await?;
                tx.commit().await?;
                Ok(at)
            }
            Engine::Sqlite { writer, .. } => {
                let Engine::Sqlite { path, .. } = &self.db.0 else { return Ok(self.position) };
                let file = path.to_string_lossy().into_owned();
                sqlx::query("attach database $1 as rebuilt").bind(file).execute(writer).await?;
                let swapped = async {
                    let mut tx = live.begin().await?;
                    let at = lock_all(&mut tx).await?;
                    replace(&mut tx, "main.", "rebuilt.").await?;
                    self.fold_rest(live, &mut tx, at).await?;
                    settle(&mut tx, at).await?;
                    tx.commit().await?;
                    Ok(at)
                };
                let swapped = swapped.await;
                sqlx::query("detach database rebuilt").execute(writer).await?;
                swapped
            }
        }
    }

    /// Folds what was appended meanwhile, as far as the live read models have it.
    pub(super) async fn fold_rest(&self, live: &Db, tx: &mut Tx, target: i64) -> Result<(), FoldError> {
        let mut at = self.position;
        while at < target {
            at = fold_some(live, tx, at, BATCH.min(target - at)).await?;
        }
        Ok(())
    }

    pub(super) async fn discard(self) {
        self.db.close().await;
        if let Engine::Sqlite { path, .. } = &self.db.0 {
            let _gone_already = std::fs::remove_file(path);
        }
    }
}

/// Every table that folds write.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    Projection::ALL.into_iter().flat_map(Projection::tables).copied()
}

async fn fold_some(live: &Db, tx: &mut Tx, after: i64, limit: i64) -> Result<i64, FoldError> {
    let (entries, newer) = read_until_newer(event_log::tail(live, after, limit).await?);
    let Some(last) = entries.last().map(|entry| entry.recorded.position) else {
        let unreadable = newer.map(event_log::ReadError::from);
        return Err(unreadable.map_or(FoldError::Database(sqlx::Error::RowNotFound), FoldError::Read));
    };
    let entries: Vec<&Entry> = entries.iter().collect();
    for projection in Projection::ALL {
        projection.fold(tx, &entries).await?;
    }
    Ok(last)
}

/// Keeps everybody from folding until the transaction ends; gives the position that all read models have.
async fn lock_all(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    let positions: Vec<i64> = match tx {
        Tx::Postgres(tx) => {
            sqlx::query_scalar(include_str!("../sql/projector/positions_postgres.sql"))
                .fetch_all(&mut **tx)
                .await?
        }
        Tx::Sqlite(tx) => {
            sqlx::query_scalar(include_str!("../sql/projector/positions.sql")).fetch_all(&mut **tx).await?
        }
    };
    Ok(positions.into_iter().max().unwrap_or(0))
}

async fn replace(tx: &mut Tx, live: &str, rebuilt: &str) -> Result<(), sqlx::Error> {
    for table in tables() {
        on!(tx, |conn| {
            let mut delete = QueryBuilder::new("delete from ");
            delete.push(live).push(table).build().execute(&mut *conn).await?;
            let mut copy = QueryBuilder::new("insert into ");
            copy.push(live).push(table).push(" select * from ").push(rebuilt).push(table);
            copy.build().execute(conn).await?;
        });
    }
    Ok(())
}

/// Everything is folded up to here, and nothing is parked any more.
async fn settle(tx: &mut Tx, position: i64) -> Result<(), sqlx::Error> {
    for projection in Projection::ALL {
        on!(tx, |conn| {
            sqlx::query(include_str!("../sql/projector/settle.sql"))
                .bind(projection.name())
                .bind(projection.version())
                .bind(position)
                .execute(&mut *conn)
                .await?;
            sqlx::query(include_str!("../sql/projector/unpark.sql"))
                .bind(projection.name())
                .bind(projection.version())
                .execute(conn)
                .await?;
        });
    }
    Ok(())
}
