//! Keeps the number of organisations as they change, so that nobody has to count rows.
//!
//! **Invariant:** the counts change in the transaction that writes the rows of the list.

use futures::future::BoxFuture;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Postgres, SqliteConnection};
use uuid::Uuid;

use super::{ACTIVE, ARCHIVED, OrgListFilter, OrgRow, SUSPENDED};
use crate::db::Tx;
use crate::table::{CombinedStatement, OnConflict, PendingTable, Rows, Table, insert, table, upsert};

table! {
    /// The one row of counts: organisations of each status, and how many of these nobody owns yet.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct OrgTotal in org_total by "one" {
        pub one: i64,
        pub active: i64,
        pub active_unowned: i64,
        pub suspended: i64,
        pub suspended_unowned: i64,
        pub archived: i64,
        pub archived_unowned: i64,
    }
}

impl OrgTotal {
    const NOTHING: Self = Self {
        one: 1,
        active: 0,
        active_unowned: 0,
        suspended: 0,
        suspended_unowned: 0,
        archived: 0,
        archived_unowned: 0,
    };

    /// The counts of a status: all of them, and those without an owner.
    fn of(&mut self, status: &str) -> Option<(&mut i64, &mut i64)> {
        match status {
            ACTIVE => Some((&mut self.active, &mut self.active_unowned)),
            SUSPENDED => Some((&mut self.suspended, &mut self.suspended_unowned)),
            ARCHIVED => Some((&mut self.archived, &mut self.archived_unowned)),
            _ => None,
        }
    }
}

const STATUSES: [&str; 3] = [ACTIVE, SUSPENDED, ARCHIVED];

/// The change of the counts.
#[derive(Clone, Debug)]
pub(crate) struct Moved(OrgTotal);

impl Default for Moved {
    fn default() -> Self {
        Self(OrgTotal::NOTHING)
    }
}

impl Moved {
    pub(super) fn enters(&mut self, row: &OrgRow) {
        self.add(row, 1);
    }

    pub(super) fn leaves(&mut self, row: &OrgRow) {
        self.add(row, -1);
    }

    fn add(&mut self, row: &OrgRow, by: i64) {
        if let Some((all, unowned)) = self.0.of(&row.status) {
            *all += by;
            *unowned += if row.owner_joined { 0 } else { by };
        }
    }

    /// Adds the change by a batch.
    pub(super) fn leave(mut self, rows: &mut Rows<'_>) {
        let Self(total) = rows.memory().of::<Self>();
        for status in STATUSES {
            if let (Some(count), Some(by)) = (total.of(status), self.0.of(status)) {
                *count.0 += *by.0;
                *count.1 += *by.1;
            }
        }
    }

    /// One row, or none if nothing changed.
    fn rows(&self) -> Vec<OrgTotal> {
        if self.0 == OrgTotal::NOTHING { vec![] } else { vec![self.0.clone()] }
    }
}

impl PendingTable for Moved {
    /// Keeps the counts until the last event, because every organisation may still change them.
    fn ended(&mut self, goes_on: Option<Uuid>) -> Box<dyn PendingTable> {
        Box::new(if goes_on.is_none() { std::mem::take(self) } else { Self::default() })
    }

    fn insert<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(insert(tx, self.rows()))
    }

    fn upsert<'a>(&'a mut self, conn: &'a mut SqliteConnection) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(upsert(conn, self.rows(), OnConflict::Add))
    }

    fn part(&self, statement: &mut CombinedStatement) {
        statement.upsert(&self.rows(), OnConflict::Add);
    }

    fn bind<'q>(&self, query: Query<'q, Postgres, PgArguments>) -> Query<'q, Postgres, PgArguments> {
        let rows = self.rows();
        if rows.is_empty() { query } else { OrgTotal::arrays(query, &rows) }
    }

    fn boxed(&self) -> Box<dyn PendingTable> {
        Box::new(self.clone())
    }
}

/// How many organisations pass the filter, as an expression.
pub(super) fn expression(filter: &OrgListFilter) -> String {
    let shown = |status: &&&str| match &filter.status {
        None => **status != ARCHIVED,
        Some(only) => *status == only,
    };
    let unowned = if filter.without_owner { "_unowned" } else { "" };
    let columns: Vec<String> =
        STATUSES.iter().filter(shown).map(|status| format!("{status}{unowned}")).collect();
    if columns.is_empty() {
        return "cast(0 as bigint)".to_owned();
    }
    format!("(select {} from org_total)", columns.join(" + "))
}
