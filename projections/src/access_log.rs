//! Records refusals: commands that somebody may not issue, or that a rule declined, and members of a suspended
//! organisation who were kept out. It is separate from the event log.

use cqrs_es::Aggregate;
use domain::Org;
use uuid::Uuid;

use crate::db::{Db, note, read, row};
use crate::scope::Platform;
use crate::timestamp::Timestamp;

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Refused {
        pub entry_id: Uuid,
        pub at: Timestamp,
        pub actor: String,
        /// The command's name, without its values.
        pub command: String,
        /// Type and id of the aggregate that the command was meant for.
        pub target: String,
        pub refusal: String,
        pub address: Option<String>,
        pub command_id: Option<Uuid>,
        /// Commands that were given together have the same correlation.
        pub correlation_id: Option<Uuid>,
    }
}

impl Refused {
    /// The organisation that the command was meant for, if it was meant for one.
    pub fn org(&self) -> Option<Uuid> {
        let (kind, id) = self.target.split_once(':')?;
        (kind == Org::TYPE).then(|| id.parse().ok()).flatten()
    }
}

pub async fn record(db: &Db, refused: &Refused) -> Result<(), sqlx::Error> {
    note!(db, |pool| {
        sqlx::query(include_str!("sql/access_log/record.sql"))
            .bind(refused.entry_id)
            .bind(refused.at)
            .bind(&refused.actor)
            .bind(&refused.command)
            .bind(&refused.target)
            .bind(&refused.refusal)
            .bind(&refused.address)
            .bind(refused.command_id)
            .bind(refused.correlation_id)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// The last refusals before one of them, newest first, at most `limit`.
pub async fn before(
    db: &Db,
    platform: &Platform,
    entry_id: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Refused>, sqlx::Error> {
    let refused: Vec<Refused> = read!(db, |pool| {
        sqlx::query_as(include_str!("sql/access_log/before.sql"))
            .bind(entry_id.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(pool)
            .await
    })?;
    platform.lists(refused.iter().filter_map(Refused::org));
    Ok(refused)
}

/// The refused commands of a correlation, oldest first, at most `limit`.
pub async fn of_correlation(
    db: &Db,
    platform: &Platform,
    correlation: Uuid,
    limit: i64,
) -> Result<Vec<Refused>, sqlx::Error> {
    let refused: Vec<Refused> = read!(db, |pool| {
        sqlx::query_as(include_str!("sql/access_log/of_correlation.sql"))
            .bind(correlation)
            .bind(limit)
            .fetch_all(pool)
            .await
    })?;
    platform.lists(refused.iter().filter_map(Refused::org));
    Ok(refused)
}

/// The last refusals, newest first, at most `limit`.
pub async fn recent(db: &Db, limit: i64) -> Result<Vec<Refused>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/access_log/recent.sql")).bind(limit).fetch_all(pool).await
    })
}

/// Notes that the suspension at `position` kept somebody out, if it is the first time.
pub async fn first_refusal(db: &Db, org_id: Uuid, position: i64, at: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |pool| {
        sqlx::query(include_str!("sql/access_log/first_refusal.sql"))
            .bind(org_id)
            .bind(position)
            .bind(at)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// When the suspension at `position` first kept somebody out.
pub async fn first_refused_at(
    db: &Db,
    platform: &Platform,
    org_id: Uuid,
    position: i64,
) -> Result<Option<Timestamp>, sqlx::Error> {
    platform.reads(org_id);
    read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/access_log/first_refused_at.sql"))
            .bind(org_id)
            .bind(position)
            .fetch_optional(pool)
            .await
    })
}
