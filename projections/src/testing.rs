//! Fresh, empty databases for tests and benchmarks.
//!
//! Postgres comes from `PORTAL_TEST_POSTGRES_URL`, or from `scripts/with-postgres`: one cluster per process, started
//! by the first who asks.
//!
//! **Invariant:** nothing stays behind. The cluster lives as long as a pipe that only this process holds open, so it
//! goes when the process does, also when that is killed.

#![expect(
    clippy::missing_panics_doc,
    reason = "a test that can't have its database has nothing better to do"
)]

pub mod proxy;
pub mod stock;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use domain::values::PersonId;
use sqlx::{Connection, Executor, PgConnection, Row};
use tempfile::TempDir;

use crate::db::{Db, Engine, note};

const URL: &str = "PORTAL_TEST_POSTGRES_URL";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/with-postgres");

static SERVER: LazyLock<Server> = LazyLock::new(|| match std::env::var(URL) {
    Ok(url) if !url.is_empty() => Server { url, _until_exit: None },
    _ => Server::start(),
});

/// The URL of a new, empty Postgres database of the form `postgres://…/t_<uuid>`.
/// Without a Postgres server on this machine it panics, and names the package.
pub async fn postgres() -> String {
    let server = tokio::task::spawn_blocking(|| &*SERVER).await.expect("the server started or said why not");
    let mut maintenance = PgConnection::connect(&server.url).await.expect("the test server answers");
    let name: String = maintenance
        .fetch_one("select 't_' || replace(gen_random_uuid()::text, '-', '')")
        .await
        .expect("Postgres makes up a name")
        .get(0);
    let create = format!("create database {name}");
    maintenance.execute(create.as_str()).await.expect("a superuser may create a database");
    maintenance.close().await.expect("the connection closes");
    with_database(&server.url, &name)
}

/// [`postgres`] for callers without a runtime, and safe to call inside one.
pub fn postgres_url() -> String {
    blocking(postgres)
}

/// A folder that goes away when dropped, and the URL of a SQLite database in it that doesn't exist yet.
pub fn sqlite() -> (TempDir, String) {
    let folder = tempfile::Builder::new().prefix("portal-").tempdir().expect("there is room for a folder");
    let url = format!("sqlite://{}", folder.path().join("portal.db").display());
    (folder, url)
}

/// Every row of every table as text, a line each: for tests that look for what must be nowhere.
pub async fn every_row(db: &Db) -> String {
    let mut rows = vec![];
    match &db.0 {
        Engine::Postgres { pool, .. } => {
            let tables =
                "select table_name::text from information_schema.tables where table_schema = 'public'";
            for table in column(pool.fetch_all(tables).await.expect("the catalogue is readable")) {
                let statement = format!("select '{table} ' || (t.*)::text from {table} t");
                rows.extend(column(pool.fetch_all(statement.as_str()).await.expect("readable")));
            }
        }
        Engine::Sqlite { reader, .. } => {
            // The content of a virtual table stands in ordinary tables beside it, which are read.
            let tables = "select name from sqlite_master where type = 'table' and sql not like 'create virtual table%'";
            for table in column(reader.fetch_all(tables).await.expect("the catalogue is readable")) {
                let columns = format!("select name from pragma_table_info('{table}')");
                let columns = column(reader.fetch_all(columns.as_str()).await.expect("readable"));
                let values: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
                let statement = format!("select '{table} ' || {} from {table}", values.join(" || ',' || "));
                rows.extend(column(reader.fetch_all(statement.as_str()).await.expect("readable")));
            }
        }
    }
    rows.join("\n")
}

fn column<R: Row>(rows: Vec<R>) -> Vec<String>
where
    for<'r> String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    usize: sqlx::ColumnIndex<R>,
{
    rows.into_iter().map(|row| row.get(0)).collect()
}

/// Takes a database of [`postgres`] away from everybody who uses it: its connections end and no new one is let in.
pub async fn take_away(url: &str) {
    let name = url.rsplit('/').next().expect("a URL has a path");
    maintain(&[
        &format!("alter database {name} allow_connections false"),
        &format!(
            "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where datname = '{name}'"
        ),
    ])
    .await;
}

/// Undoes [`take_away`].
pub async fn give_back(url: &str) {
    maintain(&[&format!("alter database {} allow_connections true", name(url))]).await;
}

/// Copies a database of [`postgres`], as a backup does. Whoever uses it is thrown out, and connects again.
pub async fn copy_database(url: &str, copy: &str) {
    take_away(url).await;
    maintain(&[&format!("create database {} template {}", name(copy), name(url))]).await;
    give_back(url).await;
}

/// Puts another database in the place of one of [`postgres`].
pub async fn put_in_place(other: &str, url: &str) {
    let (other, this) = (name(other), name(url));
    take_away(url).await;
    maintain(&[&format!("drop database {this}"), &format!("alter database {other} rename to {this}")]).await;
}

/// Makes a database of [`postgres`] read-only, or not any more, for everybody who connects from now on.
pub async fn make_read_only(url: &str, is_read_only: bool) {
    take_away(url).await;
    let set = format!("alter database {} set default_transaction_read_only = {is_read_only}", name(url));
    maintain(&[&set]).await;
    give_back(url).await;
}

/// Holds the lock that every append waits for while something is done.
pub async fn hold_the_log(url: &str, meanwhile: impl Future<Output = ()>) {
    if url.starts_with("sqlite://") {
        let mut holder = sqlx::SqliteConnection::connect(url).await.expect("the file is there");
        holder.execute("pragma busy_timeout = 60000").await.expect("SQLite takes it");
        holder.execute("begin immediate").await.expect("it is free within a minute");
        meanwhile.await;
        return holder.close().await.expect("the connection closes");
    }
    let mut holder = PgConnection::connect(url).await.expect("the database answers");
    let lock = "begin; select from log_head for update";
    holder.execute(sqlx::raw_sql(lock)).await.expect("nobody else holds it");
    meanwhile.await;
    holder.close().await.expect("the connection closes");
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().expect("a URL has a path")
}

/// A copy of a database of [`postgres`], to which it can be rewound while processes use it.
pub struct Earlier {
    url: String,
    copy: String,
}

impl Earlier {
    /// Copies the database as it is now, when nobody uses it.
    pub fn of(url: &str) -> Self {
        let (url, name) = (url.to_owned(), url.rsplit('/').next().expect("a URL has a path").to_owned());
        let copy = format!("{name}_earlier");
        let create = format!("create database {copy} template {name}");
        blocking(move || async move { maintain(&[&create]).await });
        Self { url, copy }
    }

    /// Rewinds the database: connected processes are cut off, and find it as it was.
    pub fn put_back(self) {
        blocking(move || async move {
            take_away(&self.url).await;
            let name = self.url.rsplit('/').next().expect("a URL has a path");
            let rename = format!("alter database {} rename to {name}", self.copy);
            maintain(&[&format!("drop database {name}"), &rename]).await;
        });
    }
}

async fn maintain(statements: &[&str]) {
    let mut maintenance = PgConnection::connect(&SERVER.url).await.expect("the test server answers");
    for statement in statements {
        maintenance.execute(*statement).await.expect("a superuser may do this");
    }
    maintenance.close().await.expect("the connection closes");
}

/// Sets a password without ending sessions or links.
pub async fn set_password(db: &Db, person: PersonId, hash: &str) -> Result<(), sqlx::Error> {
    note!(db, |conn| {
        let set = sqlx::query(include_str!("sql/people/set_password.sql"));
        set.bind(person.0).bind(hash).execute(conn).await.map(drop)
    })
}

/// Whether a connection of portal to this Postgres database rests inside a transaction, and does so for long: one that was
/// left there is rolled back soon, by whoever dropped it or by its end.
pub async fn rests_in_a_transaction(url: &str) -> bool {
    let mut server = PgConnection::connect(url).await.expect("the test server answers");
    let idle = "select exists (select from pg_stat_activity where datname = current_database()
                and application_name = 'portal' and state like 'idle in transaction%')";
    let since = Instant::now();
    let mut rests = true;
    while rests && since.elapsed() < Duration::from_secs(20) {
        rests = server.fetch_one(idle).await.expect("a superuser sees all").get(0);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.close().await.expect("the connection closes");
    rests
}

/// Runs statements on a database behind the program's back, as whoever owns it could.
pub fn execute(url: &str, statements: &'static str) {
    let url = url.to_owned();
    let run = move || async move {
        if url.starts_with("sqlite://") {
            let mut file = sqlx::SqliteConnection::connect(&url).await?;
            sqlx::raw_sql(statements).execute(&mut file).await?;
            file.close().await
        } else {
            let mut server = PgConnection::connect(&url).await?;
            sqlx::raw_sql(statements).execute(&mut server).await?;
            server.close().await
        }
    };
    blocking(run).expect("the statements are fine");
}

/// Runs to the end on a runtime of its own, safe to call inside another one.
fn blocking<F: Future<Output: Send + 'static>>(run: impl FnOnce() -> F + Send + 'static) -> F::Output {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    std::thread::spawn(move || {
        runtime().expect("a runtime needs no more than a few file handles").block_on(run())
    })
    .join()
    .expect("what ran did not panic")
}

struct Server {
    url: String,
    /// The other end of its pipe is what keeps the cluster alive. Statics are never dropped: only our end closes it.
    _until_exit: Option<Child>,
}

impl Server {
    /// Has the script run something that says where the server is, and then lasts as long as we hold its input.
    fn start() -> Self {
        let mut child = Command::new(SCRIPT)
            .args(["sh", "-c", "echo \"$PORTAL_TEST_POSTGRES_URL\"; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{SCRIPT}: {e}"));
        let mut url = String::new();
        let stdout = child.stdout.take().expect("standard output is a pipe");
        BufReader::new(stdout).read_line(&mut url).expect("a URL is text");
        if url.is_empty() {
            let mut why = String::new();
            let mut stderr = child.stderr.take().expect("standard error is a pipe");
            stderr.read_to_string(&mut why).expect("the reason is text");
            panic!("{}", why.trim());
        }
        Self { url: url.trim().to_owned(), _until_exit: Some(child) }
    }
}

/// The URL of another database on the same server.
fn with_database(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, ""), |(address, options)| (address, options));
    let host = address.find("://").map_or(0, |scheme| scheme + 3);
    let end = address[host..].find('/').map_or(address.len(), |path| host + path);
    let separator = if options.is_empty() { "" } else { "?" };
    format!("{}/{name}{separator}{options}", &address[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_postgres_database_is_new_and_empty() {
        let (one, other) = (postgres().await, postgres_url());
        assert_ne!(one, other);
        for url in [one, other] {
            let mut database = PgConnection::connect(&url).await.expect("the new database answers");
            let tables = database
                .fetch_one("select count(*) from information_schema.tables where table_schema = 'public'")
                .await
                .expect("the catalogue is readable");
            assert_eq!(tables.get::<i64, _>(0), 0, "{url}");
        }
    }

    #[test]
    fn every_sqlite_database_has_a_folder_that_goes_away() {
        let (folder, url) = sqlite();
        let path = url.strip_prefix("sqlite://").map(std::path::PathBuf::from).expect("a SQLite URL");
        assert!(path.starts_with(folder.path()) && !path.exists());
        drop(folder);
        assert!(!path.parent().is_some_and(std::path::Path::exists));
    }

    #[test]
    fn a_database_takes_the_place_of_the_one_in_the_url() {
        for (url, expected) in [
            ("postgres://test@127.0.0.1:5432/postgres", "postgres://test@127.0.0.1:5432/t_1"),
            ("postgres://test@127.0.0.1:5432", "postgres://test@127.0.0.1:5432/t_1"),
            ("postgres://db/x?sslmode=disable", "postgres://db/t_1?sslmode=disable"),
        ] {
            assert_eq!(with_database(url, "t_1"), expected);
        }
    }
}
