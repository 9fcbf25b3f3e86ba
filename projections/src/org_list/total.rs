//! How many organisations there are, kept as they change: nobody counts rows.
//!
//! **Invariant:** moved in the transaction that writes the rows of the list.

use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

use super::{ACTIVE, ARCHIVED, Filter, OrgRow, SUSPENDED};
use crate::db::{Tx, on};
use crate::table::{Rows, Shape};

/// How many more there are than before: of each status, and how many of these without an owner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moved([[i64; 2]; 3]);

const STATUSES: [&str; 3] = [ACTIVE, SUSPENDED, ARCHIVED];

impl Moved {
    pub(crate) const SHAPE: Shape = Shape {
        name: "org_total",
        key: "one",
        columns: &[
            "one",
            "active",
            "active_unowned",
            "suspended",
            "suspended_unowned",
            "archived",
            "archived_unowned",
        ],
    };

    pub(super) fn enters(&mut self, row: &OrgRow) {
        self.add(row, 1);
    }

    pub(super) fn leaves(&mut self, row: &OrgRow) {
        self.add(row, -1);
    }

    fn add(&mut self, row: &OrgRow, by: i64) {
        let counts = STATUSES.iter().zip(&mut self.0).find(|(status, _)| **status == row.status);
        if let Some((_, [all, unowned])) = counts {
            *all += by;
            *unowned += if row.owner_joined { 0 } else { by };
        }
    }

    /// Adds what a batch moved.
    pub(super) fn leave(self, rows: &mut Rows<'_>) {
        let counts = rows.memory().org_total.0.iter_mut().flatten();
        counts.zip(self.0.into_iter().flatten()).for_each(|(count, by)| *count += by);
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.0 == [[0; 2]; 3]
    }

    pub(crate) const ADD_UP: &str = include_str!("../sql/org_list/total.sql");

    /// Parameters of that statement.
    pub(crate) const COUNTS: usize = 6;

    pub(crate) fn bind<'q>(
        &self,
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        self.0.iter().flatten().fold(query, |query, count| query.bind(*count))
    }

    pub(crate) async fn add_up(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        if self.is_nothing() {
            return Ok(());
        }
        on!(tx, |conn| {
            let add = self.0.iter().flatten().fold(sqlx::query(Self::ADD_UP), |add, count| add.bind(*count));
            add.execute(conn).await.map(drop)
        })
    }
}

/// How many organisations pass the filter, as an expression.
pub(super) fn expression(filter: &Filter) -> String {
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
