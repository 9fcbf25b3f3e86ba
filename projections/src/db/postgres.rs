//! Opening Postgres: as its owner until the schema is up to date, then as the roles that serve.
//!
//! **Invariant:** a role that can't be had is said at the start, and never costs more than the wall that it is.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use super::{Engine, OpenError, POSTGRES, migrator};

/// Adds to the log and never changes it.
const APP: &str = "set role portal_app";

/// Reads the rows of one organisation.
const TENANT: &str = "set role portal_tenant";

pub(super) async fn open(url: &str) -> Result<Engine, OpenError> {
    let options = PgConnectOptions::from_str(url)?.application_name("portal");
    // Not by a pool, which would go on trying for half a minute, and then not say why.
    let mut owner = PgConnection::connect_with(&options).await?;
    migrator(POSTGRES).await?.run(&mut owner).await?;
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
    let (searchable,): (bool,) =
        sqlx::query_as(include_str!("../sql/db/index_parts_postgres.sql")).fetch_one(&mut owner).await?;
    if !searchable {
        tracing::warn!(
            "pg_trgm is missing: searching the list of organisations reads every row. Install it (it comes with \
             Postgres, or as postgresql-contrib), let the owner of the database \"create extension pg_trgm\", and \
             start again"
        );
    }
    owner.close().await?;
    let lazily = options.clone().options([("synchronous_commit", "off")]);
    let tenants = pool(8, tenant.or(app)).connect_lazy_with(options.clone());
    let main = pool(16, app).connect_with(options).await?;
    let lazy = pool(4, app).connect_with(lazily).await?;
    Ok(Engine::Postgres { pool: main, lazy, tenants })
}

/// The statement, if this user may take that role.
async fn may(owner: &mut PgConnection, take: &'static str) -> Option<&'static str> {
    sqlx::query(take).execute(&mut *owner).await.ok()?;
    sqlx::query("reset role").execute(owner).await.ok().map(|_| take)
}

fn pool(connections: u32, role: Option<&'static str>) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(3))
        .test_before_acquire(false)
        .before_acquire(|conn, about| {
            Box::pin(async move {
                // One that did something just now is alive; one that rested may have lost its server. One that is
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
                if let Some(role) = role {
                    sqlx::query(role).execute(&mut *conn).await?;
                }
                sqlx::query(include_str!("../sql/db/timeouts.sql")).execute(&mut *conn).await?;
                Ok(())
            })
        })
}
