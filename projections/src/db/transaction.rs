//! A transaction of our own, on either engine.
//!
//! sqlx counts transactions itself, and loses count: where the first statement of one fails in the same call as its
//! `begin`, where a caller leaves while `begin` is on its way, and where SQLite ends one on its own because the disk is
//! full (<https://sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"). A connection that went
//! back to its pool like that would swallow what the next one writes. Here nothing is counted: only the database says
//! that a transaction has ended.
//!
//! **Invariant:** a connection goes back to its pool only after the database answered its `commit` or `rollback`.
//! Where no such answer comes, the connection is closed, which ends the transaction too.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Executor, PgConnection, Pool, Postgres, Sqlite, SqliteConnection};

/// How a transaction begins on Postgres.
pub(crate) const BEGIN: &str = "begin";

/// How a transaction begins on SQLite whose commit waits for the disk. Every transaction sets this itself, since one
/// connection serves all three kinds.
pub(crate) const DURABLY: &str = "pragma synchronous = full; begin immediate";

/// How a transaction begins whose commit is written in order but does not wait: the next durable commit makes it durable.
pub(crate) const LAZILY: &str = "pragma synchronous = normal; begin immediate";

/// How a transaction begins in a file that nobody needs after a crash.
pub(crate) const CARELESSLY: &str = "pragma synchronous = off; begin immediate";

/// How long a transaction that was dropped may take to be rolled back before its connection is closed instead.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// A transaction that is rolled back if it is dropped before its commit, even while it begins.
pub(crate) struct Transaction<E: Native>(Option<PoolConnection<E>>);

/// An engine whose connections take statements without values, in its own protocol.
pub(crate) trait Native: Database {
    fn execute(
        conn: &mut Self::Connection,
        statements: &str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Says whether this answer to a rollback means that there was nothing to roll back.
    fn had_ended(error: &sqlx::Error) -> bool;
}

impl<E: Native> Transaction<E> {
    /// Begins with the statement `how`.
    pub(crate) async fn begin(pool: &Pool<E>, how: &str) -> Result<Self, sqlx::Error> {
        let mut tx = Self(Some(pool.acquire().await?));
        E::execute(&mut tx, how).await?;
        Ok(tx)
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        E::execute(&mut self, "commit").await.map_err(in_doubt)?;
        self.0 = None;
        Ok(())
    }

    /// Dropping does the same, but some time later.
    pub(crate) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        E::execute(&mut self, "rollback").await?;
        self.0 = None;
        Ok(())
    }
}

impl<E: Native> Drop for Transaction<E> {
    fn drop(&mut self) {
        let Some(connection) = self.0.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(end(connection))),
            Err(_) => drop(connection.detach()), // closed, which ends the transaction too
        }
    }
}

/// Rolls back whatever is open. A connection that does not say in time that this is done is closed.
async fn end<E: Native>(mut connection: PoolConnection<E>) {
    let rolled_back = E::execute(&mut connection, "rollback");
    let ended = match tokio::time::timeout(ROLLBACK_TIMEOUT, rolled_back).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => E::had_ended(&error),
        Err(_elapsed) => false,
    };
    if !ended {
        connection.close_on_drop();
    }
}

/// The database was told to write something for good, and its answer was lost.
#[derive(Debug, thiserror::Error)]
#[error("what became of it is not known: {0}")]
struct InDoubt(sqlx::Error);

/// Marks the error of a write as in doubt if the connection ended before there was an answer.
pub(crate) fn in_doubt(error: sqlx::Error) -> sqlx::Error {
    use sqlx::Error as E;
    if matches!(error, E::Io(_) | E::Tls(_) | E::Protocol(_) | E::WorkerCrashed) {
        return E::Io(std::io::Error::other(InDoubt(error)));
    }
    error
}

/// Says whether the error leaves it open if the write took effect.
pub fn is_in_doubt(error: &sqlx::Error) -> bool {
    let inner = if let sqlx::Error::Io(error) = error { error.get_ref() } else { None };
    inner.and_then(|inner| inner.downcast_ref::<InDoubt>()).is_some()
}

impl Native for Postgres {
    async fn execute(conn: &mut PgConnection, statements: &str) -> Result<(), sqlx::Error> {
        Executor::execute(conn, statements).await.map(drop)
    }

    /// Postgres answers such a rollback with a warning.
    fn had_ended(_: &sqlx::Error) -> bool {
        false
    }
}

impl Native for Sqlite {
    async fn execute(conn: &mut SqliteConnection, statements: &str) -> Result<(), sqlx::Error> {
        Executor::execute(conn, statements).await.map(drop)
    }

    /// SQLite answers "cannot rollback - no transaction is active", with its generic error code.
    fn had_ended(error: &sqlx::Error) -> bool {
        matches!(error, sqlx::Error::Database(said) if said.code().as_deref() == Some("1"))
    }
}

impl<E: Native> Deref for Transaction<E> {
    type Target = E::Connection;

    fn deref(&self) -> &E::Connection {
        self.0.as_ref().expect("it has its connection until it ends")
    }
}

impl<E: Native> DerefMut for Transaction<E> {
    fn deref_mut(&mut self) -> &mut E::Connection {
        self.0.as_mut().expect("it has its connection until it ends")
    }
}
