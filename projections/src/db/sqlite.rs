//! Opens a SQLite file: one connection that writes, a few that read.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};

use super::files::{self, Opened};
use super::steps::{SQLITE, migrator};
use super::{Engine, OpenError, compat};

pub(super) async fn open(path: &Path) -> Result<Engine, OpenError> {
    let opened = open_file(path).await;
    if let Err(OpenError::Database(sqlx::Error::Database(said))) = &opened
        && is_damage(said.code().as_deref())
    {
        return Err(OpenError::Damaged { database: path.to_owned(), why: said.to_string() });
    }
    opened
}

/// Says whether the code means "corrupt" or "not a database": <https://sqlite.org/rescode.html>.
fn is_damage(code: Option<&str>) -> bool {
    code.and_then(|code| code.parse::<i64>().ok()).is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

async fn open_file(path: &Path) -> Result<Engine, OpenError> {
    // The canonical path is the one by which SQLite names the files that it keeps beside the database.
    let path = &path.canonicalize().unwrap_or_else(|_not_there_yet| path.to_owned());
    let lock = files::lock(path)?;
    if files::has_another_name(path) {
        return Err(OpenError::Linked(path.clone()));
    }
    let was_ended_by_force = files::is_something_left_beside(path);
    files::close_to_others(path);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("recursive_triggers", "on")
        .busy_timeout(BUSY);
    let pool =
        SqlitePoolOptions::new().min_connections(1).max_connections(1).idle_timeout(None).max_lifetime(None);
    let writer = pool.test_before_acquire(false).connect_with(options).await?;
    if was_ended_by_force {
        check(&writer, path).await?;
    }
    migrator(SQLITE, compat::of_sqlite(&writer).await?).await?.run(&writer).await?;
    let full: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(&writer).await?;
    if full != 2 {
        return Err(OpenError::NotDurable(format!("pragma synchronous is {full}, not 2 (full)")));
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY);
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .test_before_acquire(false)
        .after_connect(|conn, _| Box::pin(limit(conn)))
        .before_acquire(|conn, _| {
            Box::pin(async move {
                limit(conn).await?;
                Ok(true)
            })
        });
    let reader = pool.connect_with(options).await?;
    sqlx::query(include_str!("../sql/db/make_wal_sqlite.sql")).execute(&writer).await?;
    let file = Opened::of(path).map_err(|why| OpenError::File { path: path.to_owned(), why })?;
    Ok(Engine::Sqlite { writer, reader, file, lock: Arc::new(lock) })
}

/// Opens the file to read only, while another process may serve from it.
pub(super) async fn open_to_read(path: &Path) -> Result<Engine, OpenError> {
    let path = &path.canonicalize().map_err(|why| OpenError::File { path: path.to_owned(), why })?;
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY);
    let reader = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    let lock = File::open(path).map_err(|why| OpenError::File { path: path.clone(), why })?;
    Ok(Engine::Sqlite { writer: reader.clone(), reader, file: Opened::unwatched(path), lock: Arc::new(lock) })
}

/// The longest wait for a connection that writes.
const BUSY: Duration = Duration::from_secs(5);

/// The longest time for a read, as on Postgres: a read that nobody waits for any more must not hold up others for ever.
const LONGEST_READ: Duration = Duration::from_secs(30);

/// After this many steps of its virtual machine, about a millisecond, SQLite asks whether to go on.
const STEPS: i32 = 50_000;

/// Interrupts this connection's statements when the time is up, counted from when the connection was taken from the pool.
async fn limit(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let until = Instant::now() + LONGEST_READ;
    conn.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < until);
    Ok(())
}

/// Checks that the file and the `-wal` that was left beside it fit together: every page, and each index with its table. It
/// runs only after the last process was killed, and takes a second or so for each gigabyte.
async fn check(writer: &SqlitePool, path: &Path) -> Result<(), OpenError> {
    let found: String = sqlx::query_scalar("pragma integrity_check(1)").fetch_one(writer).await?;
    if found == "ok" { Ok(()) } else { Err(OpenError::Damaged { database: path.to_owned(), why: found }) }
}
