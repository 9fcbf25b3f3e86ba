//! Folding everything again, beside what is served.
//!
//! A [`Shadow`] is a place with empty read models of the same names: temporary tables of one connection on Postgres, a
//! file of its own on SQLite. The same folds write there. Then either the rows change places in one transaction
//! (rebuild), or they are compared with what is served (verify).

use sqlx::QueryBuilder;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::batch::read_until_newer;
use super::parking::Parking;
use super::{Checkpoint, FoldError, Projection, refuse_if_superseded};
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
        let _turn = self.whole.lock().await;
        let mut shadow = Shadow::new(&self.db).await?;
        let swapped = async {
            shadow.fold_to(&self.db, self.log.last_position().await?, &progress).await?;
            shadow.swap(&self.db).await
        };
        let swapped = swapped.await;
        shadow.discard().await;
        let position = swapped?;
        self.catch_up().await?;
        Ok(position)
    }
}

/// Empty read models somewhere else, and how far they were folded.
pub(super) struct Shadow {
    pub(super) db: Db,
    pub(super) position: i64,
    parking: Parking,
}

impl Shadow {
    pub(super) async fn new(live: &Db) -> Result<Self, sqlx::Error> {
        let db = match &live.0 {
            Engine::Postgres { pool, .. } => {
                let options = pool.connect_options().as_ref().clone().options([("statement_timeout", "0")]);
                let one = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
                let pool = one.connect_with(options).await?;
                for table in tables() {
                    let mut copy = QueryBuilder::<sqlx::Postgres>::new("create temporary table ");
                    copy.push(table).push(" (like public.").push(table).push(" including all)");
                    copy.build().execute(&pool).await?;
                }
                Db(Engine::Postgres { lazy: pool.clone(), pool })
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
        Ok(Self { db, position: 0, parking: Parking::default() })
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
            self.fold_some(live, &mut tx, target).await?;
            tx.commit().await?;
            progress(Progress { done: self.position, of: target });
        }
        Ok(())
    }

    /// Puts the shadow's rows in the place of the live ones, at the position that the live ones have, or further.
    async fn swap(&mut self, live: &Db) -> Result<i64, FoldError> {
        match &live.0 {
            Engine::Postgres { .. } => {
                let mut tx = self.db.begin().await?;
                let at = lock_all(live, &mut tx).await?;
                self.fold_rest(live, &mut tx, at).await?;
                replace(&mut tx, "public.", "pg_temp.").await?;
                self.settle(&mut tx).await?;
                tx.commit().await?;
            }
            Engine::Sqlite { writer, .. } => {
                let Engine::Sqlite { path, .. } = &self.db.0 else { return Ok(self.position) };
                let file = path.to_string_lossy().into_owned();
                sqlx::query("attach database $1 as rebuilt").bind(file).execute(writer).await?;
                let swapped = self.swap_attached(live).await;
                sqlx::query("detach database rebuilt").execute(writer).await?;
                swapped?;
            }
        }
        Ok(self.position)
    }

    async fn swap_attached(&mut self, live: &Db) -> Result<(), FoldError> {
        let mut tx = live.begin().await?;
        let at = lock_all(live, &mut tx).await?;
        replace(&mut tx, "main.", "rebuilt.").await?;
        self.fold_rest(live, &mut tx, at).await?;
        self.settle(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Folds what was appended meanwhile, as far as the live read models have it.
    pub(super) async fn fold_rest(&mut self, live: &Db, tx: &mut Tx, target: i64) -> Result<(), FoldError> {
        while self.position < target {
            self.fold_some(live, tx, target).await?;
        }
        Ok(())
    }

    async fn fold_some(&mut self, live: &Db, tx: &mut Tx, target: i64) -> Result<(), FoldError> {
        let limit = BATCH.min(target - self.position);
        let (entries, newer) = read_until_newer(event_log::tail(live, self.position, limit).await?);
        let Some(last) = entries.last().map(|entry| entry.recorded.position) else {
            let unreadable = newer.map(event_log::ReadError::from);
            return Err(unreadable.map_or(FoldError::Database(sqlx::Error::RowNotFound), FoldError::Read));
        };
        for projection in Projection::ALL {
            self.parking.fold(tx, projection, &entries).await?;
        }
        self.position = last;
        Ok(())
    }

    /// Everything is folded up to here by this version and no older one, and only what was parked on the way is parked.
    async fn settle(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
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

    pub(super) async fn discard(self) {
        match &self.db.0 {
            Engine::Postgres { pool, .. } => pool.close().await,
            // The lock file is that of the live database, and stays.
            Engine::Sqlite { writer, path, .. } => {
                writer.close().await;
                let _gone_already = std::fs::remove_file(path);
            }
        }
    }
}

/// Every table that folds write.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    Projection::ALL.into_iter().flat_map(Projection::tables).copied()
}

/// Keeps everybody from folding until the transaction ends; gives the position that all read models have.
async fn lock_all(live: &Db, tx: &mut Tx) -> Result<i64, FoldError> {
    let rows: Vec<Checkpoint> = match tx {
        Tx::Postgres(tx) => {
            sqlx::query(include_str!("../sql/projector/one_swap_postgres.sql")).execute(&mut **tx).await?;
            sqlx::query_as(include_str!("../sql/projector/checkpoints_postgres.sql"))
                .fetch_all(&mut **tx)
                .await?
        }
        Tx::Sqlite(tx) => {
            sqlx::query_as(include_str!("../sql/projector/checkpoints.sql")).fetch_all(&mut **tx).await?
        }
    };
    refuse_if_superseded(&rows)?;
    // A log that lost its end must not keep its read models from being made again.
    let end = event_log::last(live).await?.map_or(0, |(position, _)| position);
    Ok(rows.iter().map(|row| row.position).max().unwrap_or(0).min(end))
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
