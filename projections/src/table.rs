//! The rows of read models, and the places where folds find them and leave them.
//!
//! **Invariant:** the list of columns stands once, in [`table!`]: reading, writing and comparing use the same one.

mod memory;
mod write;

use std::collections::HashMap;
use std::fmt::Debug;

use sha2::{Digest, Sha256};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::types::Json;
use sqlx::{FromRow, PgExecutor, Postgres, QueryBuilder, Sqlite, SqliteExecutor};
use uuid::{Builder, Uuid};

pub(crate) use memory::{PendingTable, RowMemory};
pub(crate) use write::{CombinedStatement, OnConflict, Tuple, insert, upsert};

use crate::db::{Db, Engine, Lists, Tx, distinct, read};

/// The name, key and columns of a table, from which statements are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// Column names with commas between them.
    pub(crate) key: &'static str,
    pub(crate) columns: &'static [&'static str],
}

/// A row type that is written by its key.
pub(crate) trait Table: Clone + Debug + Send + Sync + 'static {
    const SHAPE: Shape;

    /// Binds one array for each column: the same statement for any number of rows, so it is prepared once.
    fn arrays<'q>(query: Query<'q, Postgres, PgArguments>, rows: &[Self])
    -> Query<'q, Postgres, PgArguments>;

    /// Binds one value for each column.
    fn values<'q>(
        self,
        query: Query<'q, Sqlite, SqliteArguments<'q>>,
    ) -> Query<'q, Sqlite, SqliteArguments<'q>>;

    /// Adds one value for each column, in the format of COPY.
    fn copied(&self, tuple: &mut Tuple<'_>);
}

/// A row type that later events may change.
pub(crate) trait ChangeableRow:
    Table + Unpin + for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow>
{
    const BY_ID: ById;

    /// The id by which the row is found, and what tells it from other rows that share that id.
    fn id(&self) -> (Uuid, u128);

    /// The aggregate whose events change it.
    fn aggregate(&self) -> Uuid;
}

/// How rows are found by their ids.
#[derive(Clone, Copy)]
pub(crate) enum ById {
    /// A statement that ends in the name of the id's column.
    Column(&'static str),
    /// Statements that take the ids as $1: as an array, and as JSON.
    Whole { postgres: &'static str, sqlite: &'static str },
}

/// The place where a fold finds rows and leaves them.
pub(crate) enum Rows<'a> {
    /// Rows are found in tables. What folds leave is written there all at once, by [`Rows::write`].
    Stored(&'a mut Tx, Box<RowMemory>),
    /// Rows are found in memory alone: the tables have no rows yet of the aggregates that are folded.
    Pending(&'a mut RowMemory),
}

impl<'a> Rows<'a> {
    pub(crate) fn stored(tx: &'a mut Tx) -> Self {
        Self::Stored(tx, Box::default())
    }

    /// Finds the rows with these ids.
    pub(crate) async fn find<R: ChangeableRow>(&mut self, mut ids: Vec<Uuid>) -> Result<Vec<R>, sqlx::Error> {
        ids.sort_unstable();
        ids.dedup();
        match self {
            _ if ids.is_empty() => Ok(vec![]),
            Self::Pending(memory) => Ok(memory.pending::<R>().find(&ids)),
            Self::Stored(Tx::Postgres(tx), _) => by_id_on_postgres(&mut **tx, ids).await,
            Self::Stored(Tx::Sqlite(tx), _) => by_id_on_sqlite(&mut **tx, ids).await,
        }
    }

    /// Leaves rows that folds may find again. They replace rows with the same keys. No key may occur twice in `rows`.
    pub(crate) fn put<R: ChangeableRow>(&mut self, rows: Vec<R>) {
        self.memory().pending().put(rows);
    }

    /// Takes away rows that were found. None of them may be left as well.
    pub(crate) fn remove<R: ChangeableRow>(&mut self, rows: Vec<R>) {
        self.memory().pending().remove(rows);
    }

    /// Leaves rows that no fold looks for. No key may occur twice in `rows`.
    pub(crate) fn add<R: Table>(&mut self, rows: Vec<R>) {
        self.memory().pending().add(rows);
    }

    pub(crate) fn memory(&mut self) -> &mut RowMemory {
        match self {
            Self::Stored(_, memory) => memory,
            Self::Pending(memory) => memory,
        }
    }

    /// Writes the rows that were left to the tables. Until then, no fold finds them.
    pub(crate) async fn write(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::Stored(tx, memory) => std::mem::take(&mut **memory).change(tx).await,
            Self::Pending(_) => Ok(()), // whoever holds the memory does
        }
    }
}

/// Finds the rows with these ids, outside of a fold.
pub(crate) async fn by_id<R: ChangeableRow>(db: &Db, ids: Vec<Uuid>) -> Result<Vec<R>, sqlx::Error> {
    match &db.0 {
        Engine::Postgres { pool, .. } => by_id_on_postgres(pool, ids).await,
        Engine::Sqlite { reader, .. } => by_id_on_sqlite(reader, ids).await,
    }
}

async fn by_id_on_postgres<R: ChangeableRow>(
    conn: impl PgExecutor<'_>,
    ids: Vec<Uuid>,
) -> Result<Vec<R>, sqlx::Error> {
    match R::BY_ID {
        ById::Column(statement) => {
            let mut query = QueryBuilder::new(statement);
            Lists::push_one_of(&mut query, ids);
            query.build_query_as().fetch_all(conn).await
        }
        ById::Whole { postgres, .. } => sqlx::query_as(postgres).bind(distinct(ids)).fetch_all(conn).await,
    }
}

async fn by_id_on_sqlite<R: ChangeableRow>(
    conn: impl SqliteExecutor<'_>,
    ids: Vec<Uuid>,
) -> Result<Vec<R>, sqlx::Error> {
    match R::BY_ID {
        ById::Column(statement) => {
            let mut query = QueryBuilder::new(statement);
            Lists::push_one_of(&mut query, ids);
            query.build_query_as().fetch_all(conn).await
        }
        ById::Whole { sqlite, .. } => sqlx::query_as(sqlite).bind(Json(distinct(ids))).fetch_all(conn).await,
    }
}

/// The key by which the rows of an aggregate are found: its id if that is a UUID, else a UUID made from the hash of its
/// name (RFC 9562, version 8).
pub(crate) fn key_of(aggregate_id: &str) -> Uuid {
    aggregate_id.parse().unwrap_or_else(|_| {
        let hash: [u8; 32] = Sha256::digest(aggregate_id).into();
        let (id, _) = hash.split_at(16);
        Builder::from_custom_bytes(id.try_into().expect("16 bytes")).into_uuid()
    })
}

/// Finds the names of these ids, with a statement that ends in the name of the id's column.
pub(crate) async fn names(
    db: &Db,
    statement: &'static str,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> = read!(db, |pool| {
        let mut query = QueryBuilder::new(statement);
        Lists::push_one_of(&mut query, ids.iter().copied());
        query.build_query_as().fetch_all(pool).await
    })?;
    Ok(rows.into_iter().collect())
}

/// A row type that is also a table: `table! { #[…] pub struct Row in table by "key, columns" { pub column: Type, … } }`.
macro_rules! table {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident in $table:ident by $key:literal {
            $($(#[$field_meta:meta])* pub $field:ident: $type:ty),* $(,)?
        }
    ) => {
        $crate::db::row! { $(#[$meta])* $vis struct $name { $($(#[$field_meta])* pub $field: $type),* } }

        impl $crate::table::Table for $name {
            const SHAPE: $crate::table::Shape = $crate::table::Shape {
                name: stringify!($table),
                key: $key,
                columns: &[$(stringify!($field)),*],
            };

            fn arrays<'q>(
                query: sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>,
                rows: &[Self],
            ) -> sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments> {
                query$(.bind(rows.iter().map(|row| row.$field.clone()).collect::<Vec<$type>>()))*
            }

            fn values<'q>(
                self,
                query: sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments<'q>>,
            ) -> sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments<'q>> {
                query$(.bind(self.$field))*
            }

            fn copied(&self, tuple: &mut $crate::table::Tuple<'_>) {
                $(tuple.add(&self.$field);)*
            }
        }
    };
}
pub(crate) use table;
