//! Opening Postgres: as its owner until the schema is up to date, then as the roles that serve.
//!
//! **Invariant:** if a role can't be taken, the start says so; nothing is lost but the protection that the role gives.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection};

use super::steps::{POSTGRES, migrator};
use super::{Engine, OpenError, compat, walls};

/// The role that serves: it may add to the log and never change it.
const APP: &str = "set role portal_app";

/// The role that reads the rows of one organisation.
const TENANT: &str = "set role portal_tenant";

/// Only `public` is searched, so that no other schema can put its own tables in front of portal's; and rows are hidden from
/// whoever may not see them, which a setting of the database could turn into an error.
const PUBLIC: &str = "set search_path = public; set row_security = on";

/// Commits do not wait for the disk.
const LAZILY: &str = "set synchronous_commit = off";

pub(super) async fn open(url: &str) -> Result<Engine, OpenError> {
    let options = PgConnectOptions::from_str(url)?.application_name("portal");
    // This does not use a pool, which would go on trying for half a minute and then not say why it failed.
    let mut owner = PgConnection::connect_with(&options).await.map_err(refused)?;
    let is_standby: bool = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(&mut owner).await?;
    if is_standby {
        return Err(OpenError::Standby);
    }
    refuse_shared_sessions(&mut owner, &options).await?;
    owner.execute(PUBLIC).await?;
    migrate(&mut owner, &options).await?;
    let (commit, fsync): (String, String) =
        sqlx::query_as("select current_setting('synchronous_commit'), current_setting('fsync')")
            .fetch_one(&mut owner)
            .await?;
    if commit == "off" {
        return Err(OpenError::NotDurable("synchronous_commit is off".to_owned()));
    }
    if fsync == "off" {
        tracing::warn!("fsync is off in this Postgres: a power cut can lose what was acknowledged");
    }
    let put_back = walls::put_back(&mut owner).await?.into();
    let app = may(&mut owner, APP).await;
    let tenant = may(&mut owner, TENANT).await;
    if app.is_none() {
        tracing::warn!(
            "this user can't act as portal_app: only triggers keep this process from changing the log"
        );
    }
    if tenant.is_none() {
        tracing::warn!(
            "this user can't act as portal_tenant: only the statements of this program keep tenants apart, and no \
             second wall behind them"
        );
    }
    let searchable: bool =
        sqlx::query_scalar(include_str!("../sql/db/index_parts_postgres.sql")).fetch_one(&mut owner).await?;
    if !searchable {
        tracing::warn!(
            "pg_trgm is missing: searching the list of organisations reads every row. Install it (it comes with \
             Postgres, or as postgresql-contrib), let the owner of the database \"create extension pg_trgm\", and \
             start again"
        );
    }
    owner.close().await?;
    let tenants = pool(8, [tenant.or(app), None]).connect_lazy_with(options.clone());
    let main = pool(16, [app, None]).connect_with(options.clone()).await?;
    let lazy = pool(4, [app, Some(LAZILY)]).connect_with(options).await?;
    Ok(Engine::Postgres { pool: main, lazy, tenants, put_back })
}

/// Opens the database to read only, as the user in the URL.
pub(super) async fn open_to_read(url: &str) -> Result<Engine, OpenError> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("portal audit")
        .options([("default_transaction_read_only", "on")]);
    let pool = pool(4, [None, None]).connect_with(options).await.map_err(refused)?;
    let hidden: bool =
        sqlx::query_scalar(include_str!("../sql/walls/hidden_postgres.sql")).fetch_one(&pool).await?;
    if hidden {
        return Err(OpenError::Hidden);
    }
    Ok(Engine::Postgres { lazy: pool.clone(), tenants: pool.clone(), pool, put_back: [].into() })
}

/// Connects to a database after running the migrations, without anything else that a start does.
#[cfg(feature = "testing")]
pub(super) async fn migrated(url: &str) -> Result<PgConnection, OpenError> {
    let options = PgConnectOptions::from_str(url)?;
    let mut owner = PgConnection::connect_with(&options).await?;
    owner.execute(PUBLIC).await?;
    migrate(&mut owner, &options).await?;
    Ok(owner)
}

/// Brings the schema up to date, one process at a time. sqlx would take an advisory lock, which any role can hold.
async fn migrate(owner: &mut PgConnection, options: &PgConnectOptions) -> Result<(), OpenError> {
    let mut turn = PgConnection::connect_with(options).await?;
    turn.execute(PUBLIC).await?;
    // If another process makes the table at the same moment, this fails, but then the table is there.
    let _is_there = turn.execute(include_str!("../sql/db/make_turn_postgres.sql")).await;
    turn.execute(include_str!("../sql/db/take_turn_postgres.sql")).await?;
    let mut migrator = migrator(POSTGRES, compat::of_postgres(owner).await?).await?;
    migrator.set_locking(false).run(owner).await?;
    Ok(turn.close().await?)
}

/// Recognises a pooler by its error: it does not accept every startup parameter that Postgres accepts.
fn refused(error: sqlx::Error) -> OpenError {
    let said = error.as_database_error().map(|said| said.message().to_owned());
    match said.filter(|said| said.contains("unsupported startup parameter")) {
        Some(said) => OpenError::Pooler(said),
        None => error.into(),
    }
}

/// Detects a pooler that gives each transaction any free session: there, one client would get the role and the limits of
/// another. A second client takes the session that the first one left, so the first one then gets a different session.
async fn refuse_shared_sessions(
    first: &mut PgConnection,
    options: &PgConnectOptions,
) -> Result<(), OpenError> {
    let mut second = PgConnection::connect_with(options).await?;
    first.execute("select set_config('portal.first', 'yes', false)").await?;
    second.execute("begin; select 1").await?;
    let is_its_own: bool =
        sqlx::query_scalar("select coalesce(current_setting('portal.first', true), '') = 'yes'")
            .fetch_one(first)
            .await?;
    second.execute("rollback").await?;
    second.close().await?;
    if is_its_own { Ok(()) } else { Err(OpenError::Pooler("which shares sessions".to_owned())) }
}

/// Returns the statement if this user may take that role.
async fn may(owner: &mut PgConnection, take: &'static str) -> Option<&'static str> {
    sqlx::query(take).execute(&mut *owner).await.ok()?;
    sqlx::query("reset role").execute(owner).await.ok().map(|_| take)
}

/// A pool whose connections begin with these statements.
fn pool(connections: u32, first: [Option<&'static str>; 2]) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(3))
        .test_before_acquire(false)
        .before_acquire(|conn, about| {
            Box::pin(async move {
                // A connection that was used just now is alive; one that was idle may have lost its server. One that is
                // inside a transaction, which nobody here leaves behind, is closed.
                if about.idle_for < Duration::from_millis(100) {
                    return Ok(true);
                }
                sqlx::query_scalar(include_str!("../sql/db/outside_transaction_postgres.sql"))
                    .fetch_one(conn)
                    .await
            })
        })
        .after_connect(move |conn, _| {
            Box::pin(async move {
                for statement in first.into_iter().flatten() {
                    sqlx::query(statement).execute(&mut *conn).await?;
                }
                conn.execute(PUBLIC).await?;
                sqlx::query(include_str!("../sql/db/timeouts.sql")).execute(&mut *conn).await?;
                Ok(())
            })
        })
}

/// Describes an empty Postgres after the migrations alone, for the test that compares this with the file. A normal start
/// would put everything back as the file has it.
#[cfg(feature = "testing")]
pub async fn of_the_migrations(url: &str) -> Result<Vec<walls::WallLine>, OpenError> {
    Ok(walls::describe_postgres(&mut migrated(url).await?).await?)
}
