//! Rows that wait in memory to be written: those of one batch, or, when everything is folded again, stream by stream.
//!
//! **Invariant:** once the last event of an aggregate is folded, nothing changes its rows any more, so that each row is
//! written once and none is read. Memory holds the rows of two batches, and those of the one aggregate that goes on.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt::Debug;

use futures::future::BoxFuture;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, SqliteConnection};
use uuid::Uuid;

use super::write::{self, CombinedStatement, OnConflict};
use super::{ChangeableRow, Table};
use crate::db::Tx;

/// The rows of every table that are not written yet, table by table as folds come to them.
#[derive(Debug, Default)]
pub(crate) struct RowMemory(BTreeMap<TypeId, Box<dyn PendingTable>>);

/// The rows that wait to be written to one table.
pub(crate) trait PendingTable: Any + Debug + Send + Sync {
    /// Takes out the rows that no event can change any more: all but those of the aggregate `goes_on`, whose events continue
    /// in the next batch. After the last event there is no such aggregate.
    fn ended(&mut self, goes_on: Option<Uuid>) -> Box<dyn PendingTable>;

    /// Writes the rows into a table that has none of their keys.
    fn insert<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<(), sqlx::Error>>;

    /// Writes the rows to a table that may have some of their keys, on SQLite.
    fn upsert<'a>(&'a mut self, conn: &'a mut SqliteConnection) -> BoxFuture<'a, Result<(), sqlx::Error>>;

    /// Does the same on Postgres, as a part of one statement for all tables.
    fn part(&self, statement: &mut CombinedStatement);

    /// Binds the parameters of that part.
    fn bind<'q>(&self, query: Query<'q, Postgres, PgArguments>) -> Query<'q, Postgres, PgArguments>;

    fn boxed(&self) -> Box<dyn PendingTable>;
}

impl RowMemory {
    /// The rows that wait for one table.
    pub(crate) fn of<W: PendingTable + Default>(&mut self) -> &mut W {
        let waiting = self.0.entry(TypeId::of::<W>()).or_insert_with(|| Box::new(W::default()));
        let waiting: &mut dyn Any = &mut **waiting;
        waiting.downcast_mut().expect("it stands under its own type")
    }

    pub(super) fn pending<R: Table>(&mut self) -> &mut PendingRows<R> {
        self.of()
    }

    /// Takes out all rows of one table.
    pub(crate) fn take<R: Table>(&mut self) -> impl Iterator<Item = R> + use<R> {
        let PendingRows { open, done, .. } = std::mem::take(self.pending());
        open.into_values().map(|(_, row)| row).chain(done)
    }

    /// Writes the rows that are left after the last event.
    pub(crate) async fn finish(&mut self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        self.ended(None).write(tx).await
    }

    /// Writes everything. Rows with the same keys are replaced.
    pub(super) async fn change(mut self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        let mut ended = self.ended(None);
        match tx {
            Tx::Postgres(tx) => ended.change_together(tx).await,
            Tx::Sqlite(conn) => {
                for waiting in ended.0.values_mut() {
                    waiting.upsert(conn).await?;
                }
                Ok(())
            }
        }
    }

    async fn change_together(self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut statement = CombinedStatement::default();
        for waiting in self.0.values() {
            waiting.part(&mut statement);
        }
        let text = statement.text();
        let query = self.0.values().fold(sqlx::query(&text), |query, waiting| waiting.bind(query));
        query.execute(conn).await.map(drop)
    }

    /// Takes out the rows that no event can change any more.
    pub(crate) fn ended(&mut self, goes_on: Option<Uuid>) -> Self {
        Self(self.0.iter_mut().map(|(table, waiting)| (*table, waiting.ended(goes_on))).collect())
    }

    /// Writes the rows that ended, into tables that have none of their keys.
    pub(crate) async fn write(mut self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        for waiting in self.0.values_mut() {
            waiting.insert(tx).await?;
        }
        Ok(())
    }
}

impl Clone for RowMemory {
    fn clone(&self) -> Self {
        Self(self.0.iter().map(|(table, waiting)| (*table, waiting.boxed())).collect())
    }
}

/// The rows of one table that are not written yet.
#[derive(Clone, Debug)]
pub(super) struct PendingRows<R> {
    /// Rows that later events may change, by [`ChangeableRow::id`], each with its aggregate.
    open: BTreeMap<(Uuid, u128), (Uuid, R)>,
    done: Vec<R>,
    /// Rows that are to be taken away where they were written before.
    gone: Vec<R>,
}

impl<R> Default for PendingRows<R> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), done: vec![], gone: vec![] }
    }
}

impl<R: Table> PendingTable for PendingRows<R> {
    fn ended(&mut self, goes_on: Option<Uuid>) -> Box<dyn PendingTable> {
        let mut done = std::mem::take(&mut self.done);
        for (id, (aggregate, row)) in std::mem::take(&mut self.open) {
            if Some(aggregate) == goes_on {
                self.open.insert(id, (aggregate, row));
            } else {
                done.push(row);
            }
        }
        Box::new(Self { open: BTreeMap::new(), done, gone: std::mem::take(&mut self.gone) })
    }

    fn insert<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write::insert(tx, std::mem::take(&mut self.done)))
    }

    fn upsert<'a>(&'a mut self, conn: &'a mut SqliteConnection) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async {
            write::remove(conn, std::mem::take(&mut self.gone)).await?;
            write::upsert(conn, std::mem::take(&mut self.done), OnConflict::Replace).await
        })
    }

    fn part(&self, statement: &mut CombinedStatement) {
        statement.remove(&self.gone);
        statement.upsert(&self.done, OnConflict::Replace);
    }

    fn bind<'q>(&self, query: Query<'q, Postgres, PgArguments>) -> Query<'q, Postgres, PgArguments> {
        let query = if self.gone.is_empty() { query } else { R::arrays(query, &self.gone) };
        if self.done.is_empty() { query } else { R::arrays(query, &self.done) }
    }

    fn boxed(&self) -> Box<dyn PendingTable> {
        Box::new(self.clone())
    }
}

impl<R: Table> PendingRows<R> {
    /// Leaves rows that no fold looks for.
    pub(super) fn add(&mut self, mut rows: Vec<R>) {
        self.done.append(&mut rows);
    }
}

impl<R: ChangeableRow> PendingRows<R> {
    pub(super) fn find(&self, ids: &[Uuid]) -> Vec<R> {
        if self.open.is_empty() {
            return vec![];
        }
        ids.iter()
            .flat_map(|id| self.open.range((*id, u128::MIN)..=(*id, u128::MAX)))
            .map(|(_, (_, row))| row.clone())
            .collect()
    }

    pub(super) fn remove(&mut self, rows: Vec<R>) {
        for row in rows {
            self.open.remove(&row.id());
            self.gone.push(row);
        }
    }

    pub(super) fn put(&mut self, rows: Vec<R>) {
        for row in rows {
            let aggregate = row.aggregate();
            let before = self.open.insert(row.id(), (aggregate, row));
            if let Some((_, other)) = before.filter(|(of, _)| *of != aggregate) {
                self.done.push(other); // two aggregates of one row: its key will be refused
            }
        }
    }
}
