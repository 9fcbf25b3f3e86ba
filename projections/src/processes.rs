//! Which processes run on this database, and what each can read.
//!
//! **Invariant:** nothing is appended that a process which runs can't read: the append asks for the lowest feature level
//! here, under its lock. A process that was not seen for a minute does not run any more.

use std::time::Duration;

use domain::event::FEATURE_LEVEL;
use uuid::Uuid;

use crate::db::{Db, Engine, read, row};
use crate::timestamp::Timestamp;

row! {
    /// A process of portal, as it registered itself.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Process {
        pub process_id: Uuid,
        /// The version of the program.
        pub version: String,
        /// The feature level of the events that it can read.
        pub feature_level: i64,
        pub started_at: Timestamp,
        pub seen_at: Timestamp,
    }
}

/// How often a process says that it runs.
pub(crate) const PACE: Duration = Duration::from_secs(10);

/// Says that this process runs. On SQLite there is no other one.
pub(crate) async fn register(db: &Db) -> Result<Uuid, sqlx::Error> {
    match &db.0 {
        Engine::Postgres { lazy, .. } => {
            let register = sqlx::query_scalar(include_str!("sql/processes/register_postgres.sql"));
            register.bind(VERSION).bind(FEATURE_LEVEL).fetch_one(lazy).await
        }
        Engine::Sqlite { writer, .. } => {
            sqlx::query(include_str!("sql/processes/forget_all.sql")).execute(writer).await?;
            let register = sqlx::query_scalar(include_str!("sql/processes/register_sqlite.sql"));
            let now = Timestamp::by_our_clock();
            register.bind(VERSION).bind(FEATURE_LEVEL).bind(now).fetch_one(writer).await
        }
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Says that this process still runs.
pub(crate) async fn beat(db: &Db, process: Uuid) -> Result<(), sqlx::Error> {
    match &db.0 {
        Engine::Postgres { lazy, .. } => {
            let beat = sqlx::query(include_str!("sql/processes/beat_postgres.sql"));
            beat.bind(process).bind(VERSION).bind(FEATURE_LEVEL).execute(lazy).await.map(drop)
        }
        Engine::Sqlite { writer, .. } => {
            let beat = sqlx::query(include_str!("sql/processes/beat_sqlite.sql"));
            beat.bind(process).bind(Timestamp::by_our_clock()).execute(writer).await.map(drop)
        }
    }
}

/// Says that this process no longer runs.
pub(crate) async fn leave(db: &Db, process: Uuid) -> Result<(), sqlx::Error> {
    let leave = include_str!("sql/processes/leave.sql");
    match &db.0 {
        Engine::Postgres { lazy, .. } => sqlx::query(leave).bind(process).execute(lazy).await.map(drop),
        Engine::Sqlite { writer, .. } => sqlx::query(leave).bind(process).execute(writer).await.map(drop),
    }
}

/// The running processes, the oldest first.
pub async fn running(db: &Db) -> Result<Vec<Process>, sqlx::Error> {
    let all: Vec<Process> =
        read!(db, |pool| { sqlx::query_as(include_str!("sql/processes/all.sql")).fetch_all(pool).await })?;
    // Compared with the newest beat of all, so that only the store's clock counts.
    let last = all.iter().map(|process| process.seen_at).max();
    let runs = |process: &Process| {
        last.is_some_and(|last| last.signed_duration_since(*process.seen_at).num_seconds() < GONE_AFTER)
    };
    Ok(all.into_iter().filter(runs).collect())
}

/// Seconds after which a process that was not seen does not run any more. The statements that look before an append say
/// the same.
const GONE_AFTER: i64 = 60;
