//! Deletes old rows from the tables that only grow and are not part of the history.
//!
//! **Invariant:** a step is one short statement that removes a bounded number of the oldest rows, so that nobody waits
//! for it. How long what is kept, and why, stands in `api/src/jobs/retention.rs`.

use crate::db::{Db, note};
use crate::timestamp::Timestamp;

/// A kind of rows that are deleted when they are old enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetainedRows {
    /// `operator_read`: what operators were shown.
    OperatorReads,
    /// `access_log`: commands that were refused.
    Refusals,
    /// `account_log`: sign-ins and what changed of them.
    AccountLog,
    /// `link`: one-time links, counted from when they ended.
    Links,
    /// `projection_log`: when which event became readable.
    FoldTimes,
}

impl RetainedRows {
    pub const ALL: [Self; 5] =
        [Self::OperatorReads, Self::Refusals, Self::AccountLog, Self::Links, Self::FoldTimes];

    /// The table that holds these rows.
    pub fn table(self) -> &'static str {
        match self {
            Self::OperatorReads => "operator_read",
            Self::Refusals => "access_log",
            Self::AccountLog => "account_log",
            Self::Links => "link",
            Self::FoldTimes => "projection_log",
        }
    }

    fn statement(self) -> &'static str {
        match self {
            Self::OperatorReads => include_str!("sql/retention/operator_reads.sql"),
            Self::Refusals => include_str!("sql/retention/refusals.sql"),
            Self::AccountLog => include_str!("sql/retention/account_log.sql"),
            Self::Links => include_str!("sql/retention/links.sql"),
            Self::FoldTimes => include_str!("sql/retention/fold_times.sql"),
        }
    }
}

/// Removes at most `limit` of the oldest rows from before a moment, and returns how many were removed.
pub async fn forget(db: &Db, what: RetainedRows, before: Timestamp, limit: i64) -> Result<u64, sqlx::Error> {
    note!(db, |conn| {
        sqlx::query(what.statement())
            .bind(before)
            .bind(limit)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
    })
}
