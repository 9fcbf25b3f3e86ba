//! Checks the walls, which are the database's own protection: triggers, rights, row-level security, constraints, functions
//! and views.
//!
//! The database describes itself, a line for each part. What it must say is known: on Postgres it stands in
//! `migrations/walls.txt`, which a test compares with a database that was just made; on SQLite such a database is made
//! in memory.
//!
//! **Invariant:** nothing here believes what the database says of itself elsewhere, and looking changes nothing.

mod remedy;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use sqlx::PgConnection;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::sync::OnceCell;

use super::steps::{SQLITE, migrator};
use super::{Db, Engine, row};
pub(super) use remedy::put_back;

row! {
    /// One part of the walls.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct WallLine {
        /// The table that it belongs to; empty for none.
        pub table: String,
        pub what: String,
        pub how: String,
    }
}

/// The views that other programs read. They are made of tables that a rebuild replaces.
pub(crate) const STABLE_VIEWS: &str = include_str!("../../../migrations/postgres/0007_stable_views.sql");

/// The description of a fresh Postgres.
const POSTGRES: &str = include_str!("../../../migrations/walls.txt");

/// Roles that may be missing. If one is, its rights are not missed either.
const ROLES: [&str; 3] = ["portal_app", "portal_tenant", "portal_reader"];

/// One part of the walls that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    table: String,
    what: String,
    must: Option<String>,
    is: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, must, is, .. } = self;
        match (must.as_deref(), is.as_deref()) {
            (Some(must), None) if is_short(must) => write!(f, "{what} is missing: {must}"),
            (_, None) => write!(f, "{what} is missing"),
            (None, Some(is)) if is_short(is) => write!(f, "{what} is not portal's: {is}"),
            (None, Some(_)) => write!(f, "{what} is not portal's"),
            (Some(must), Some(is)) if is_short(must) && is_short(is) => {
                write!(f, "{what} must be “{must}”, and is “{is}”")
            }
            (Some(_), Some(_)) => write!(f, "{what} is another than portal's"),
        }
    }
}

/// Says whether a description is a short text for people, and neither a hash nor a whole statement.
fn is_short(how: &str) -> bool {
    how.len() < 200 && !how.contains('\n') && how.chars().take_while(char::is_ascii_hexdigit).count() < 64
}

/// The parts that differ. None if a newer version has changed the schema: only that version knows what it must be.
pub async fn differences(db: &Db) -> Result<Option<Vec<Difference>>, sqlx::Error> {
    match &db.0 {
        Engine::Postgres { pool, .. } => of_postgres(&mut *pool.acquire().await?).await,
        Engine::Sqlite { reader, .. } => {
            let newest = sqlx::query_scalar(NEWEST).fetch_one(reader).await?;
            let is = sqlx::query_as(DESCRIBE_SQLITE).fetch_all(reader).await?;
            let must = fresh_sqlite().await?;
            Ok(is_ours(newest).then(|| compare(must.to_vec(), is)))
        }
    }
}

/// The finding if the walls could not be checked.
pub(crate) const UNSEEN: &str =
    "a newer version has changed it, which alone can say whether its walls stand; verify with that one";

/// Everything that `portal verify` says of the walls: what differs, what this start put back, and whether it could check.
pub(crate) async fn findings(db: &Db) -> Result<Vec<String>, sqlx::Error> {
    let found = differences(db).await?;
    let mut said: Vec<String> = match found {
        Some(found) => found.iter().map(Difference::to_string).collect(),
        None => vec![UNSEEN.to_owned()],
    };
    if let Engine::Postgres { put_back, .. } = &db.0 {
        said.extend(put_back.iter().map(|it| format!("until this start, which put it back, {it}")));
    }
    Ok(said)
}

/// Like [`differences`], on one connection, whichever role that has.
pub(super) async fn of_postgres(conn: &mut PgConnection) -> Result<Option<Vec<Difference>>, sqlx::Error> {
    let newest = sqlx::query_scalar(NEWEST).fetch_one(&mut *conn).await?;
    let is = describe_postgres(conn).await?;
    Ok(is_ours(newest).then(|| compare(written(), is)))
}

const NEWEST: &str = include_str!("../sql/walls/newest_step.sql");
const DESCRIBE_SQLITE: &str = include_str!("../sql/walls/describe_sqlite.sql");

fn is_ours(newest: i64) -> bool {
    SQLITE.last().is_some_and(|(ours, ..)| newest <= *ours)
}

/// Tries again if a rebuild replaces a table while it is being described.
pub(super) async fn describe_postgres(conn: &mut PgConnection) -> Result<Vec<WallLine>, sqlx::Error> {
    for _ in 0..20 {
        match sqlx::query_as(include_str!("../sql/walls/describe_postgres.sql")).fetch_all(&mut *conn).await {
            Err(error) if is_gone_meanwhile(&error) => tokio::time::sleep(AGAIN).await,
            told => return told,
        }
    }
    sqlx::query_as(include_str!("../sql/walls/describe_postgres.sql")).fetch_all(conn).await
}

const AGAIN: Duration = Duration::from_millis(50);

/// Recognises the error by its text, because Postgres has no code of its own for it.
fn is_gone_meanwhile(error: &sqlx::Error) -> bool {
    let said = error.as_database_error().map(|it| it.message().to_owned()).unwrap_or_default();
    said.starts_with("could not open relation with OID") || said.starts_with("cache lookup failed for")
}

fn written() -> Vec<WallLine> {
    let lines = POSTGRES.lines().filter_map(|line| {
        let mut parts = line.splitn(3, '\t').map(str::to_owned);
        Some(WallLine { table: parts.next()?, what: parts.next()?, how: parts.next()? })
    });
    lines.collect()
}

/// Logs what differs in a file that was just opened. Nobody can put it back without saying why it is gone.
pub(super) async fn tell(db: &Db) -> Result<(), sqlx::Error> {
    let found = differences(db).await?;
    if found.is_none() {
        tracing::warn!("{NEWER}");
    }
    for difference in found.unwrap_or_default() {
        tracing::error!("the database is not as portal made it: {difference}");
    }
    Ok(())
}

const NEWER: &str =
    "a newer version has changed this database: whether its walls stand is not looked at by this one";

/// The description of a fresh SQLite, which is the same as long as this process runs.
async fn fresh_sqlite() -> Result<&'static [WallLine], sqlx::Error> {
    static FRESH: OnceCell<Vec<WallLine>> = OnceCell::const_new();
    FRESH.get_or_try_init(make_fresh_sqlite).await.map(Vec::as_slice)
}

async fn make_fresh_sqlite() -> Result<Vec<WallLine>, sqlx::Error> {
    let memory = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    let made = async { migrator(SQLITE, false).await?.run(&memory).await };
    made.await.map_err(|why| sqlx::Error::Configuration(why.into()))?;
    let lines = sqlx::query_as(DESCRIBE_SQLITE).fetch_all(&memory).await?;
    memory.close().await;
    Ok(lines)
}

fn compare(must: Vec<WallLine>, is: Vec<WallLine>) -> Vec<Difference> {
    let there: BTreeSet<&str> = is.iter().filter_map(|line| line.what.strip_prefix("role ")).collect();
    let missing: Vec<&str> = ROLES.into_iter().filter(|role| !there.contains(role)).collect();
    let is_of_missing = |line: &WallLine| {
        let by = |role: &&str| line.what.contains(*role) || line.how.contains(&format!(" by {role}"));
        missing.iter().any(by)
    };
    let tables: BTreeSet<String> = must.iter().map(|line| line.table.clone()).collect();
    let mut parts = BTreeMap::<(String, String), (Option<String>, Option<String>)>::new();
    for WallLine { table, what, how } in must.into_iter().filter(|line| !is_of_missing(line)) {
        parts.entry((table, what)).or_default().0 = Some(how);
    }
    let is_of_ours = |line: &WallLine| {
        let is_its_own = line.what.starts_with("function ") || !tables.contains(&line.table);
        !is_its_own || parts.contains_key(&(line.table.clone(), line.what.clone()))
    };
    let of_ours: Vec<WallLine> = is.into_iter().filter(is_of_ours).collect();
    for WallLine { table, what, how } in of_ours {
        parts.entry((table, what)).or_default().1 = Some(how);
    }
    let unlike = parts.into_iter().filter(|(_, (must, is))| must != is);
    unlike.map(|((table, what), (must, is))| Difference { table, what, must, is }).collect()
}
