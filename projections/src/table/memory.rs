//! Rows that wait in memory while everything is folded again, stream by stream.
//!
//! **Invariant:** once the last event of an aggregate is folded, nothing changes its rows any more, so that each row is
//! written once and none is read. Memory holds the rows of two batches, and those of the one aggregate that goes on.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::write::{self, Together};
use super::{Found, Table, insert};
use crate::db::Tx;
use crate::grants::{GrantRequest, GrantRow};
use crate::history::HistoryRow;
use crate::memberships::{Invitation, MembershipRow};
use crate::org_detail::{OrgDetail, SlugRow};
use crate::org_list::{Moved, OrgRow};
use crate::permissions::{PermissionRow, RoleRow};
use crate::resource_types::{ChoiceRow, ResourceTypeRow};

/// The rows of every table that are not written yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) org_list: Pending<OrgRow>,
    pub(crate) org_total: Moved,
    pub(crate) org_detail: Pending<OrgDetail>,
    pub(crate) org_slug: Pending<SlugRow>,
    pub(crate) membership: Pending<MembershipRow>,
    pub(crate) invitation: Pending<Invitation>,
    pub(crate) platform_grant: Pending<GrantRow>,
    pub(crate) grant_request: Pending<GrantRequest>,
    pub(crate) resource_type: Pending<ResourceTypeRow>,
    pub(crate) org_resource_choice: Pending<ChoiceRow>,
    pub(crate) org_role: Pending<RoleRow>,
    pub(crate) org_permission: Pending<PermissionRow>,
    pub(crate) history: Pending<HistoryRow>,
}

/// Does the same with what is pending of each table.
macro_rules! each_table {
    ($memory:expr, |$pending:ident| $body:expr) => {
        each_table!(@ $memory, $pending, $body,
            org_list org_detail org_slug membership invitation platform_grant grant_request resource_type
            org_resource_choice org_role org_permission history)
    };
    (@ $memory:expr, $pending:ident, $body:expr, $($table:ident)*) => {
        $({
            let $pending = &mut $memory.$table;
            $body
        })*
    };
}

impl Memory {
    /// Writes what is left when no event comes any more.
    pub(crate) async fn finish(&mut self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        self.ended(None).write(tx).await?;
        std::mem::take(&mut self.org_total).add_up(tx).await
    }

    /// Writes everything, in the place of what has its keys.
    pub(super) async fn change(mut self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        self.end(None);
        match tx {
            Tx::Postgres(tx) => self.change_together(tx).await,
            Tx::Sqlite(conn) => {
                each_table!(self, |pending| write::upsert(conn, std::mem::take(&mut pending.done)).await?);
                self.org_total.add_up(tx).await
            }
        }
    }

    async fn change_together(mut self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut statement = Together::default();
        if !self.org_total.is_nothing() {
            statement.add("org_total", Moved::ADD_UP, Moved::COUNTS);
        }
        each_table!(self, |pending| statement.upsert(&pending.done));
        let text = statement.text();
        let mut query = sqlx::query(&text);
        if !self.org_total.is_nothing() {
            query = self.org_total.bind(query);
        }
        each_table!(self, |pending| if !pending.done.is_empty() {
            query = Table::arrays(query, &pending.done);
        });
        query.execute(conn).await.map(drop)
    }

    /// Takes out whatever no event can change any more: all but the rows of the aggregate that goes on.
    pub(crate) fn ended(&mut self, goes_on: Option<Uuid>) -> Self {
        self.end(goes_on);
        Self {
            org_list: self.org_list.take_done(),
            org_total: Moved::default(), // counts to the end
            org_detail: self.org_detail.take_done(),
            org_slug: self.org_slug.take_done(),
            membership: self.membership.take_done(),
            invitation: self.invitation.take_done(),
            platform_grant: self.platform_grant.take_done(),
            grant_request: self.grant_request.take_done(),
            resource_type: self.resource_type.take_done(),
            org_resource_choice: self.org_resource_choice.take_done(),
            org_role: self.org_role.take_done(),
            org_permission: self.org_permission.take_done(),
            history: self.history.take_done(),
        }
    }

    /// Writes the rows that ended, into tables that have none of their keys.
    pub(crate) async fn write(mut self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        each_table!(self, |pending| insert(tx, std::mem::take(&mut pending.done)).await?);
        Ok(())
    }

    fn end(&mut self, goes_on: Option<Uuid>) {
        self.org_list.end(goes_on);
        self.org_detail.end(goes_on);
        self.invitation.end(goes_on);
        self.platform_grant.end(goes_on);
        self.grant_request.end(goes_on);
        self.resource_type.end(goes_on);
        self.org_resource_choice.end(goes_on);
        self.org_role.end(goes_on);
        self.org_permission.end(goes_on);
    }
}

/// The rows of one table that are not written yet.
#[derive(Clone, Debug)]
pub(crate) struct Pending<R> {
    open: BTreeMap<(Uuid, i64), R>,
    done: Vec<R>,
}

impl<R> Default for Pending<R> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), done: vec![] }
    }
}

impl<R> Pending<R> {
    /// All of them.
    pub(crate) fn rows(self) -> impl Iterator<Item = R> {
        self.open.into_values().chain(self.done)
    }
}

impl<R: Table> Pending<R> {
    pub(super) fn add(&mut self, mut rows: Vec<R>) {
        self.done.append(&mut rows);
    }

    fn take_done(&mut self) -> Self {
        Self { open: BTreeMap::new(), done: std::mem::take(&mut self.done) }
    }
}

impl<R: Found> Pending<R> {
    pub(super) fn find(&self, ids: &[Uuid]) -> Vec<R> {
        if self.open.is_empty() {
            return vec![];
        }
        ids.iter()
            .flat_map(|id| self.open.range((*id, i64::MIN)..=(*id, i64::MAX)))
            .map(|(_, row)| row.clone())
            .collect()
    }

    pub(super) fn put(&mut self, rows: Vec<R>) {
        for row in rows {
            let aggregate = row.aggregate();
            if let Some(other) = self.open.insert(row.id(), row).filter(|old| old.aggregate() != aggregate) {
                self.done.push(other); // two aggregates of one row: its key will be refused
            }
        }
    }

    fn end(&mut self, goes_on: Option<Uuid>) {
        let ended = std::mem::take(&mut self.open);
        for (id, row) in ended {
            if Some(row.aggregate()) == goes_on {
                self.open.insert(id, row);
            } else {
                self.done.push(row);
            }
        }
    }
}
