//! The database: open, migrate, and the only place that asks which engine runs.
//!
//! One SQL text serves both engines wherever the dialects agree; [`on!`] compiles its caller once against each
//! native driver. On SQLite there is exactly one connection that writes, and a lock file keeps other processes out.

mod changes;
mod compat;
mod error;
mod files;
mod list;
mod postgres;
mod sqlite;
mod steps;
mod transaction;
pub mod walls;

#[cfg(feature = "testing")]
pub use postgres::of_the_migrations;
use std::fs::File;
use std::path::Path;

use sqlx::{Executor, PgPool, Postgres, Sqlite, SqlitePool};

pub(crate) use changes::noticed;
pub use changes::noticing;
pub use error::OpenError;
use files::Opened;
pub(crate) use list::{Lists, distinct};
pub use transaction::is_in_doubt;
pub(crate) use transaction::{BEGIN, CARELESSLY, DURABLY, LAZILY, Transaction, in_doubt};
pub(crate) use walls::STABLE_VIEWS;

/// An open database of either engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(pub(crate) Engine);

#[derive(Clone, Debug)]
pub(crate) enum Engine {
    /// Commits of `lazy` wait for nothing; `tenants` sees the rows of the organisation that a transaction names.
    Postgres {
        pool: PgPool,
        lazy: PgPool,
        tenants: PgPool,
        /// The differences of the walls that this start found and put back.
        put_back: std::sync::Arc<[walls::Difference]>,
    },
    Sqlite {
        writer: SqlitePool,
        reader: SqlitePool,
        file: Opened,
        lock: std::sync::Arc<File>,
    },
}

/// A transaction that may write, on either engine.
pub(crate) enum Tx {
    Postgres(Transaction<Postgres>),
    Sqlite(Transaction<Sqlite>),
}

/// Runs one body against the transaction's native connection.
macro_rules! on {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match $tx {
            $crate::db::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::db::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}
pub(crate) use on;

/// Runs one body against the pool that reads.
macro_rules! read {
    ($db:expr, |$pool:ident| $body:expr) => {
        match &$db.0 {
            $crate::db::Engine::Postgres { pool: $pool, .. } => $body,
            $crate::db::Engine::Sqlite { reader: $pool, .. } => $body,
        }
    };
}
pub(crate) use read;

/// Runs one body that may read the rows of one organisation. A scope that does not cover the organisation gets an empty
/// answer. On Postgres, a tenant's reads run as another role, whose rows the database itself restricts.
macro_rules! scoped {
    ($db:expr, $scope:expr, $org_id:expr, |$conn:ident| $body:expr) => {
        match (&$db.0, $scope) {
            (_, scope) if !scope.covers($org_id) => Ok(Default::default()),
            ($crate::db::Engine::Postgres { tenants, .. }, $crate::scope::Scope::Tenant(tenant)) => {
                let mut tx = $crate::db::Transaction::begin(tenants, &tenant.begin()).await?;
                let $conn = &mut *tx;
                $body
            }
            ($crate::db::Engine::Postgres { pool, .. }, $crate::scope::Scope::Platform(_)) => {
                let mut conn = pool.acquire().await?;
                let $conn = &mut *conn;
                $body
            }
            ($crate::db::Engine::Sqlite { reader, .. }, _) => {
                let mut conn = reader.acquire().await?;
                let $conn = &mut *conn;
                $body
            }
        }
    };
}
pub(crate) use scoped;

/// Runs one durable statement that changes something because somebody asked for it, against the native connection.
macro_rules! write {
    ($db:expr, |$conn:ident| $body:expr) => {{
        let done = $crate::db::note!($db, |$conn| $body);
        if done.is_ok() {
            $crate::db::noticed();
        }
        done
    }};
}
pub(crate) use write;

/// Like `write!`, for notes that the portal keeps for itself: they do not count as a change.
macro_rules! note {
    ($db:expr, |$conn:ident| $body:expr) => {
        match &$db.0 {
            $crate::db::Engine::Postgres { pool: $conn, .. } => {
                let done = $body;
                done.map_err($crate::db::in_doubt)
            }
            $crate::db::Engine::Sqlite { writer, file, .. } => {
                let mut tx = $crate::db::Transaction::begin(writer, $crate::db::DURABLY).await?;
                file.check()?;
                let done = {
                    let $conn = &mut *tx;
                    $body
                };
                if done.is_ok() {
                    tx.commit().await?;
                }
                done
            }
        }
    };
}
pub(crate) use note;

/// A row type for both drivers, without sqlx's proc macros (which would build SQLite twice).
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[$field_meta])* pub $field: $type),* }
        $crate::db::row!(@ $name, sqlx::postgres::PgRow, $($field),*);
        $crate::db::row!(@ $name, sqlx::sqlite::SqliteRow, $($field),*);
    };
    (@ $name:ident, $row:ty, $($field:ident),*) => {
        impl<'r> sqlx::FromRow<'r, $row> for $name {
            fn from_row(row: &'r $row) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: sqlx::Row::try_get(row, stringify!($field))?),* })
            }
        }
    };
}
pub(crate) use row;

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// The error names only the scheme of the URL: the rest may hold a password.
fn unknown(url: &str) -> OpenError {
    OpenError::UnknownEngine(url.split(':').next().unwrap_or_default().to_owned())
}

impl Db {
    /// Opens `url` (`sqlite://file` or `postgres://…`) and brings its schema up to date.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            // An empty path or `:memory:` would give each connection a database of its own; a `?` would give the file a
            // name that nobody meant.
            if path.is_empty() || path.starts_with(":memory:") || path.contains('?') {
                return Err(OpenError::NoFile(url.to_owned()));
            }
            let db = Self(sqlite::open(Path::new(path)).await?);
            walls::tell(&db).await?;
            Ok(db)
        } else if is_postgres(url) {
            Ok(Self(postgres::open(url).await?))
        } else {
            Err(unknown(url))
        }
    }

    /// Opens `url` to read only: it runs no migrations, and other processes may use the database. A standby will do.
    pub async fn open_to_read(url: &str) -> Result<Self, OpenError> {
        match url.strip_prefix("sqlite://") {
            Some(path) => Ok(Self(sqlite::open_to_read(Path::new(path)).await?)),
            None if is_postgres(url) => Ok(Self(postgres::open_to_read(url).await?)),
            None => Err(unknown(url)),
        }
    }

    /// The name of the engine: `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        match self.0 {
            Engine::Postgres { .. } => "postgres",
            Engine::Sqlite { .. } => "sqlite",
        }
    }

    /// Begins a transaction that is on disk when its commit returns.
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        Ok(match &self.0 {
            Engine::Postgres { pool, .. } => Tx::Postgres(Transaction::begin(pool, BEGIN).await?),
            Engine::Sqlite { writer, file, .. } => {
                let tx = Transaction::begin(writer, DURABLY).await?;
                file.check()?; // whoever waits may wait for long
                Tx::Sqlite(tx)
            }
        })
    }

    /// Like [`Self::begin`], but holds the lock of the log: nobody else appends until it ends.
    pub(crate) async fn begin_appending(&self) -> Result<Tx, sqlx::Error> {
        let mut tx = self.begin().await?;
        if matches!(tx, Tx::Postgres(_)) {
            tx.run(include_str!("sql/event_log/lock_postgres.sql")).await?;
        }
        Ok(tx)
    }

    /// Begins a transaction whose commit does not wait for the disk. It is for rows that can be folded again, or that
    /// matter only once a later durable commit exists: that commit makes them durable too, since each engine has one
    /// write-ahead log.
    pub(crate) async fn begin_lazily(&self) -> Result<Tx, sqlx::Error> {
        Ok(match &self.0 {
            Engine::Postgres { lazy, .. } => Tx::Postgres(Transaction::begin(lazy, BEGIN).await?),
            Engine::Sqlite { writer, .. } => Tx::Sqlite(Transaction::begin(writer, LAZILY).await?),
        })
    }

    /// Asks the store for an answer, for the readiness probe. On Postgres a dead connection is replaced on the way.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        read!(self, |pool| sqlx::query("select 1").execute(pool).await.map(drop))
    }

    /// Closes all connections, after which nothing can be read or written, and another process may open the file.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Postgres { pool, lazy, tenants, .. } => {
                tenants.close().await;
                pool.close().await;
                lazy.close().await;
            }
            Engine::Sqlite { writer, reader, lock, .. } => {
                reader.close().await;
                if writer.is_closed() {
                    return; // it was the same, of somebody who only read
                }
                // SQLite would do this when it closes the last connection, but nobody can say which connection is the last.
                let empty = sqlx::query(include_str!("sql/db/empty_wal_sqlite.sql"));
                if let Err(error) = empty.execute(writer).await
                    && !matches!(error, sqlx::Error::PoolClosed)
                {
                    tracing::warn!(%error, "what was done last stands in the -wal");
                }
                writer.close().await;
                if let Err(error) = lock.unlock() {
                    tracing::warn!(%error, "the lock file stays locked until this process ends");
                }
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match &self.0 {
            Engine::Postgres { pool, .. } => pool.is_closed(),
            Engine::Sqlite { writer, .. } => writer.is_closed(),
        }
    }
}

impl Tx {
    /// Runs statements that carry no values.
    pub(crate) async fn run(&mut self, statements: &str) -> Result<(), sqlx::Error> {
        on!(self, |conn| conn.execute(statements).await.map(drop))
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        self.commit_note().await?;
        noticed();
        Ok(())
    }

    /// Like [`Self::commit`], for notes that the portal keeps for itself: they do not count as a change.
    pub(crate) async fn commit_note(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(tx) => tx.commit().await,
            Self::Sqlite(tx) => tx.commit().await,
        }
    }

    /// Rolls back now. Dropping the transaction does the same, but some time later.
    pub(crate) async fn rollback(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(tx) => tx.rollback().await,
            Self::Sqlite(tx) => tx.rollback().await,
        }
    }
}
