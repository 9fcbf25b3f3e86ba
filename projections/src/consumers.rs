//! The position of each consumer of the log. A consumer acts outside of this database when an event was recorded.
//!
//! ```text
//! take the turn ─► the next event ─► act on it ─► advance
//! (one process at a time)
//! ```
//!
//! **Invariant:** at least once: a position moves on only after everything up to it was acted on. Nothing here is folded, so
//! no rebuild, import or copy of the log makes anybody act again; a consumer that is new begins behind the last event.

use sqlx::Postgres;

use crate::db::{Db, Engine, Transaction, note, read, row};
use crate::timestamp::Timestamp;

row! {
    /// The position of a consumer, and why it does not go on.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ConsumerState {
        pub name: String,
        pub position: i64,
        /// The error of the last attempt, if that failed.
        pub error: Option<String>,
        pub failed_at: Option<Timestamp>,
    }
}

/// Makes the consumers known that are new.
pub async fn register(db: &Db, names: impl IntoIterator<Item = &'static str>) -> Result<(), sqlx::Error> {
    for name in names {
        let rows = note!(db, |pool| {
            let register = sqlx::query(include_str!("sql/consumers/register.sql"));
            register.bind(name).execute(pool).await.map(|done| done.rows_affected())
        })?;
        if rows > 0 {
            tracing::info!(consumer = name, "a new consumer begins behind the last event");
        }
    }
    Ok(())
}

/// The states of all consumers, also of those that only other versions have.
pub async fn all(db: &Db) -> Result<Vec<ConsumerState>, sqlx::Error> {
    read!(db, |pool| sqlx::query_as(include_str!("sql/consumers/all.sql")).fetch_all(pool).await)
}

/// The right to act for a consumer on its next event, which one process at a time has. On Postgres it is a lock that ends with
/// the process; SQLite has one process. A turn that is dropped leaves everything as it was.
pub struct Turn {
    name: &'static str,
    position: i64,
    held: Held,
}

enum Held {
    Lock(Transaction<Postgres>),
    Alone(Db),
}

/// A turn lasts as long as acting may take, which is longer than other transactions may rest.
const BEGIN: &str = "begin; set local idle_in_transaction_session_timeout = '60s'";

impl Turn {
    /// Takes the turn, unless another process has it.
    /// [`sqlx::Error::RowNotFound`] if the consumer has no position.
    pub async fn take(db: &Db, name: &'static str) -> Result<Option<Self>, sqlx::Error> {
        match &db.0 {
            Engine::Postgres { pool, .. } => {
                let mut tx = Transaction::begin(pool, BEGIN).await?;
                let lock = sqlx::query_scalar(include_str!("sql/consumers/lock_postgres.sql"));
                if let Some(position) = lock.bind(name).fetch_optional(&mut *tx).await? {
                    return Ok(Some(Self { name, position, held: Held::Lock(tx) }));
                }
                let position = sqlx::query_scalar::<_, i64>(include_str!("sql/consumers/position.sql"));
                position.bind(name).fetch_one(&mut *tx).await?;
                Ok(None)
            }
            Engine::Sqlite { reader, .. } => {
                let position = sqlx::query_scalar(include_str!("sql/consumers/position.sql"));
                let position = position.bind(name).fetch_one(reader).await?;
                Ok(Some(Self { name, position, held: Held::Alone(db.clone()) }))
            }
        }
    }

    /// Everything up to here was acted on.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Ends the turn, and notes that everything up to a position was acted on.
    pub async fn advance(self, position: i64) -> Result<(), sqlx::Error> {
        let advance = include_str!("sql/consumers/advance.sql");
        match self.held {
            Held::Lock(mut tx) => {
                sqlx::query(advance).bind(self.name).bind(position).execute(&mut *tx).await?;
                tx.commit().await
            }
            Held::Alone(db) => note!(&db, |pool| {
                sqlx::query(advance).bind(self.name).bind(position).execute(pool).await.map(drop)
            }),
        }
    }

    /// Ends the turn, and notes why the next event could not be acted on.
    pub async fn fail(self, why: &str, now: Timestamp) -> Result<(), sqlx::Error> {
        let fail = include_str!("sql/consumers/fail.sql");
        match self.held {
            Held::Lock(mut tx) => {
                sqlx::query(fail).bind(self.name).bind(why).bind(now).execute(&mut *tx).await?;
                tx.commit().await
            }
            Held::Alone(db) => note!(&db, |pool| {
                sqlx::query(fail).bind(self.name).bind(why).bind(now).execute(pool).await.map(drop)
            }),
        }
    }
}
