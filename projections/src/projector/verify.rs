//! Proves that the log is whole and that the read models follow from it.

mod audit;
mod snapshots;

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate;
use domain::Org;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::batch::OnFoldError;
use super::repair::{holds_ids, tables_of};
use super::shadow::{Shadow, ShadowPurpose, tables};
use super::{Finding, Parked, Progress, ProjectionCheckpoint, is_ours};
use crate::auditor::look::in_front;
use crate::db::{Db, Lists, Tx, on, walls};
use crate::event_log::{self, StreamId};
use crate::fold::FoldError;
use crate::org_list::OrgTotal;
use crate::table::{Shape, Table};
use audit::LogAudit;

/// The result of a verification: what was checked, and everything that is not as it must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    pub events: i64,
    pub tables: Vec<&'static str>,
    pub findings: Vec<Finding>,
    /// The number of events that only a newer version can read. Their hashes and order were checked all the same.
    pub newer: usize,
}

impl super::Projector {
    /// Checks every event's hash, order and stream, folds claims, counts, commands and read models again, and
    /// compares. Changes nothing.
    pub async fn verify(&self, progress: impl Fn(Progress)) -> Result<VerifyReport, FoldError> {
        let _turn = self.whole.lock().await;
        let mut audited =
            LogAudit::audit(&self.db, &|p: Progress| progress(Progress { of: p.of.saturating_mul(2), ..p }))
                .await?;
        if audited.is_whole {
            let second = |p: Progress| progress(Progress { done: p.of + p.done, of: p.of * 2 });
            audited.findings.extend(self.compare(&second).await?);
            audited.findings.extend(snapshots::compare(&self.db).await?);
        }
        let walls = walls::findings(&self.db).await?.into_iter();
        audited.findings.extend(walls.map(|what| Finding::Wall { what }));
        audited.findings.extend(in_front(&self.db).await?);
        let (events, tables) = (audited.position, tables().map(|table| table.name).collect());
        Ok(VerifyReport { events, tables, findings: audited.findings, newer: audited.newer })
    }

    async fn compare(&self, progress: &impl Fn(Progress)) -> Result<Vec<Finding>, FoldError> {
        match compare_with(&self.db, OnFoldError::Fail, progress).await {
            Err(error) if error.reason_to_park().is_some() => {
                compare_with(&self.db, OnFoldError::Park, progress).await
            }
            done => done,
        }
    }
}

async fn compare_with(
    live: &Db,
    care: OnFoldError,
    progress: &impl Fn(Progress),
) -> Result<Vec<Finding>, FoldError> {
    let mut shadow = Shadow::new(live, ShadowPurpose::Compare).await?;
    let findings = async {
        let served = position(&mut shadow.tx).await?;
        let end = event_log::last(live).await?;
        let mut findings = vec![];
        if served > end {
            let what = format!("is missing; the read models have folded up to #{served}");
            findings.push(Finding::Event { position: end + 1, what });
        }
        shadow.fold(live, served.min(end), care, progress).await?;
        let unlike = unlike(&mut shadow).await?;
        for table in tables() {
            findings.extend(difference(&mut shadow.tx, table, &unlike).await?);
        }
        Ok(findings)
    };
    let findings = findings.await;
    shadow.discard().await;
    findings
}

/// The schema of the served tables and that of the shadow's tables, as named in the shadow's transaction.
fn places(tx: &Tx) -> (&'static str, &'static str) {
    match tx {
        Tx::Postgres(_) => ("public", "portal_shadow"),
        Tx::Sqlite(_) => ("served", "main"),
    }
}

/// The position of the served read models.
async fn position(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    let (served, _) = places(tx);
    let checkpoints: Vec<ProjectionCheckpoint> = on!(tx, |conn| {
        let statement = format!("select name, version, position, error from {served}.projection");
        sqlx::query_as(&statement).fetch_all(conn).await
    })?;
    let ours = checkpoints.iter().filter(|c| is_ours(&c.name, c.version));
    Ok(ours.map(|c| c.position).min().unwrap_or(0))
}

/// The streams that the shadow parked and the served read models did not park in the same way: only a newer version can
/// read some event, or somebody changed one since. Their served rows can't be checked here. If both leave out the same
/// events of a stream, its rows are compared.
async fn unlike(shadow: &mut Shadow) -> Result<Vec<StreamId>, sqlx::Error> {
    let (served, _) = places(&shadow.tx);
    let statement = format!(
        "select name, aggregate_type, aggregate_id, from_position, error, newer from {served}.projection_parked"
    );
    let parked: Vec<Parked> = on!(&mut shadow.tx, |conn| sqlx::query_as(&statement).fetch_all(conn).await)?;
    let is_served_so = |it: &&Parked| !parked.contains(it);
    let streams: BTreeSet<StreamId> =
        shadow.folded.parking.added().iter().filter(is_served_so).map(Parked::stream).collect();
    Ok(streams.into_iter().collect())
}

/// Compares a table with its shadow: counts the rows of each, and those that are the same in both.
async fn difference(tx: &mut Tx, table: &Shape, unlike: &[StreamId]) -> Result<Option<Finding>, sqlx::Error> {
    if table.name == OrgTotal::SHAPE.name && unlike.iter().any(|stream| stream.kind == Org::TYPE) {
        return Ok(None); // one row for all organisations
    }
    let (served, shadow) = places(tx);
    let (name, keys): (_, Vec<&str>) = (table.name, table.key.split(", ").collect());
    let same = table.columns.iter().map(|column| {
        let equals = if keys.contains(column) { "=" } else { "is not distinct from" };
        format!("one.{column} {equals} other.{column}")
    });
    let same = same.collect::<Vec<_>>().join(" and ");
    let (made, served, both): (i64, i64, i64) = on!(tx, |conn| {
        let mut query = QueryBuilder::new(format!("select (select count(*) from {shadow}.{name} one"));
        but(&mut query, table, unlike);
        query.push(format!("), (select count(*) from {served}.{name} one"));
        but(&mut query, table, unlike);
        query.push(format!(
            "), (select count(*) from {shadow}.{name} one join {served}.{name} other on {same}"
        ));
        but(&mut query, table, unlike);
        query.push(")").build_query_as().persistent(false).fetch_one(conn).await
    })?;
    let (missing, extra) = (made - both, served - both);
    let what = format!("{missing} rows of the log are not served, {extra} served rows are not of the log");
    Ok((missing + extra > 0).then_some(Finding::Table { table: name, what }))
}

/// Adds conditions that leave out the rows of some streams.
fn but<D: Lists>(query: &mut QueryBuilder<'_, D>, table: &Shape, streams: &[StreamId]) {
    let mut left_out = BTreeMap::<&str, Vec<&str>>::new();
    for stream in streams {
        let tables = tables_of(&stream.kind);
        if let Some((_, column)) = tables.into_iter().find(|(of, _)| of.name == table.name) {
            left_out.entry(column).or_default().push(&stream.id);
        }
    }
    query.push(" where true");
    for (column, ids) in left_out {
        query.push(" and not one.").push(column);
        if holds_ids(column) {
            D::push_one_of(query, ids.into_iter().filter_map(|id| id.parse::<Uuid>().ok()));
        } else {
            D::push_one_of(query, ids.into_iter().map(str::to_owned));
        }
    }
}
