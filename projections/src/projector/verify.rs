//! Proving that the log is whole and that the read models are what it says.

mod audit;
mod snapshots;

use super::batch::Care;
use super::shadow::{Purpose, Shadow, tables};
use super::{Checkpoint, FoldError, Progress, is_ours};
use crate::db::{Db, Tx, on};
use crate::event_log::{self, ReadError};
use crate::table::Shape;
use audit::Auditor;
pub(crate) use audit::constraints;

/// What was checked, and everything that is not as it must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub events: i64,
    pub tables: Vec<&'static str>,
    pub findings: Vec<Finding>,
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("#{position}: {what}")]
    Event { position: i64, what: String },
    #[error("{table}: {what}")]
    Table { table: &'static str, what: String },
}

impl super::Projector {
    /// Checks every event's hash, order and stream, folds claims, counts, commands and read models again, and
    /// compares. Changes nothing.
    pub async fn verify(&self, progress: impl Fn(Progress)) -> Result<Report, FoldError> {
        let _turn = self.whole.lock().await;
        let mut report =
            Auditor::audit(&self.db, &|p: Progress| progress(Progress { of: p.of * 2, ..p })).await?;
        if report.is_whole {
            let second = |p: Progress| progress(Progress { done: p.of + p.done, of: p.of * 2 });
            match self.compare(&second).await {
                Ok(found) => {
                    report.findings.extend(found);
                    report.findings.extend(snapshots::compare(&self.db).await?);
                }
                // It was found already, by its position, and nothing can be folded behind it.
                Err(FoldError::Read(ReadError::Unreadable(_))) if !report.findings.is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        let (events, tables) = (report.position, tables().map(|table| table.name).collect());
        Ok(Report { events, tables, findings: report.findings })
    }

    async fn compare(&self, progress: &impl Fn(Progress)) -> Result<Vec<Finding>, FoldError> {
        match compare_with(&self.db, Care::None, progress).await {
            Err(error) if error.reason_to_park().is_some() => {
                compare_with(&self.db, Care::Park, progress).await
            }
            done => done,
        }
    }
}

async fn compare_with(
    live: &Db,
    care: Care,
    progress: &impl Fn(Progress),
) -> Result<Vec<Finding>, FoldError> {
    let mut shadow = Shadow::new(live, Purpose::Compare).await?;
    let findings = async {
        let served = position(&mut shadow.tx).await?;
        let end = event_log::last(live).await?.map_or(0, |(position, _)| position);
        let mut findings = vec![];
        if served > end {
            let what = format!("is missing; the read models have folded up to #{served}");
            findings.push(Finding::Event { position: end + 1, what });
        }
        shadow.fold(live, served.min(end), care, progress).await?;
        for table in tables() {
            findings.extend(difference(&mut shadow.tx, table).await?);
        }
        Ok(findings)
    };
    let findings = findings.await;
    shadow.discard().await;
    findings
}

/// Where the tables are that serve, and where those of the shadow, as its transaction calls them.
fn places(tx: &Tx) -> (&'static str, &'static str) {
    match tx {
        Tx::Postgres(_) => ("public", "portal_shadow"),
        Tx::Sqlite(_) => ("served", "main"),
    }
}

/// The position that the read models have that serve.
async fn position(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    let (served, _) = places(tx);
    let checkpoints: Vec<Checkpoint> = on!(tx, |conn| {
        let statement = format!("select name, version, position, error from {served}.projection");
        sqlx::query_as(&statement).fetch_all(conn).await
    })?;
    let ours = checkpoints.iter().filter(|c| is_ours(&c.name, c.version));
    Ok(ours.map(|c| c.position).min().unwrap_or(0))
}

/// Counts rows on both sides, and those that are the same.
async fn difference(tx: &mut Tx, table: &Shape) -> Result<Option<Finding>, sqlx::Error> {
    let (served, shadow) = places(tx);
    let (name, keys): (_, Vec<&str>) = (table.name, table.key.split(", ").collect());
    let same = table.columns.iter().map(|column| {
        let equals = if keys.contains(column) { "=" } else { "is not distinct from" };
        format!("one.{column} {equals} other.{column}")
    });
    let same = same.collect::<Vec<_>>().join(" and ");
    let statement = format!(
        "select (select count(*) from {shadow}.{name}), (select count(*) from {served}.{name}),
                (select count(*) from {shadow}.{name} one join {served}.{name} other on {same})"
    );
    let (made, served, both): (i64, i64, i64) =
        on!(tx, |conn| sqlx::query_as(&statement).fetch_one(conn).await)?;
    let (missing, extra) = (made - both, served - both);
    let what = format!("{missing} rows of the log are not served, {extra} served rows are not of the log");
    Ok((missing + extra > 0).then_some(Finding::Table { table: name, what }))
}
