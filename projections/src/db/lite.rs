//! A transaction on the one SQLite connection that writes.
//!
//! sqlx counts transactions itself and loses count when SQLite ends one on its own, as it does when the disk is full
//! (sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"). Here SQLite alone knows.
//!
//! **Invariant:** the connection goes back to its pool only after the transaction has ended.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Executor, Sqlite, SqliteConnection, SqlitePool};

/// How a transaction begins whose commit waits for the disk. Each says so itself, since one connection serves both
/// kinds.
pub(crate) const DURABLY: &str = "pragma synchronous = full; begin immediate";

/// How one begins whose commit is written in order but waits for nothing: the next durable commit takes it along.
pub(crate) const LAZILY: &str = "pragma synchronous = normal; begin immediate";

/// Rolled back when dropped before it is committed.
pub(crate) struct LiteTx(Option<PoolConnection<Sqlite>>);

impl LiteTx {
    pub(crate) async fn begin(writer: &SqlitePool, how: &'static str) -> Result<Self, sqlx::Error> {
        let mut tx = Self(Some(writer.acquire().await?));
        tx.execute(how).await?;
        Ok(tx)
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.execute("commit").await?;
        self.0 = None;
        Ok(())
    }

    /// Dropping does the same, but some time later.
    pub(crate) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        self.execute("rollback").await?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for LiteTx {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                let _ended_already = connection.execute("rollback").await;
            })),
            Err(_) => drop(connection.detach()), // closed, which ends the transaction too
        }
    }
}

impl Deref for LiteTx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.0.as_ref().expect("it has its connection until it ends")
    }
}

impl DerefMut for LiteTx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.0.as_mut().expect("it has its connection until it ends")
    }
}
