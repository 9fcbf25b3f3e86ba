//! Decides whether this version can run on a schema that a newer version has changed.
//!
//! **Invariant:** a version starts on a schema with migrations that it does not know only if the schema itself says that
//! these took nothing away from it.

use domain::event::FEATURE_LEVEL;
use sqlx::{PgConnection, SqlitePool};

use super::OpenError;

/// True if this version may start despite migrations that it does not know. A schema older than `0013` can't say so.
pub(super) async fn of_postgres(owner: &mut PgConnection) -> Result<bool, OpenError> {
    let says: bool =
        sqlx::query_scalar(include_str!("../sql/db/says_postgres.sql")).fetch_one(&mut *owner).await?;
    if !says {
        return Ok(false);
    }
    let least: i64 = sqlx::query_scalar(include_str!("../sql/db/compat.sql")).fetch_one(owner).await?;
    allows(least)
}

/// Like [`of_postgres`], for a SQLite file.
pub(super) async fn of_sqlite(writer: &SqlitePool) -> Result<bool, OpenError> {
    let says: bool = sqlx::query_scalar(include_str!("../sql/db/says_sqlite.sql")).fetch_one(writer).await?;
    if !says {
        return Ok(false);
    }
    let least: i64 = sqlx::query_scalar(include_str!("../sql/db/compat.sql")).fetch_one(writer).await?;
    allows(least)
}

fn allows(least: i64) -> Result<bool, OpenError> {
    if least > FEATURE_LEVEL {
        return Err(OpenError::NewerSchema { least, ours: FEATURE_LEVEL });
    }
    Ok(true)
}
