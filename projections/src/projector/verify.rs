//! Proving that the log is whole and that the read models are what it says.

use std::collections::{BTreeMap, HashMap};

use domain::{Constraint, Fact, Rules};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::rebuild::{Shadow, tables};
use super::{Checkpoint, FoldError, Progress, is_ours};
use crate::db::{Db, Engine, Tx, on, read};
use crate::event_log::{self, CommandRecord, ReadError, Recorded};

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

/// Events that are read at a time.
const BATCH: i64 = 5000;

impl super::Projector {
    /// Checks every event's hash, order and stream, folds claims, counts, commands and read models again, and
    /// compares. Reads only.
    pub async fn verify(&self, progress: impl Fn(Progress)) -> Result<Report, FoldError> {
        let _turn = self.whole.lock().await;
        let (last, guards) = guards(&self.db).await?;
        let mut auditor = Auditor::default();
        while auditor.position < last {
            let events = match self.log.tail(auditor.position, BATCH.min(last - auditor.position)).await {
                Ok(events) => events,
                Err(ReadError::Gap { expected, found }) => {
                    auditor.finding(expected, format!("is missing; the log goes on at #{found}"));
                    return Ok(auditor.report(vec![]));
                }
                Err(error) => return Err(error.into()),
            };
            for event in &events {
                auditor.check(event);
            }
            auditor.check_commands(&self.db).await?;
            progress(Progress { done: auditor.position, of: last * 2 });
        }
        auditor.check_claims(&self.db).await?;
        auditor.check_guards(&guards);
        let served = self.position().await?;
        let end = self.log.last_position().await?;
        if served > end {
            auditor.finding(end + 1, format!("is missing; the read models have folded up to #{served}"));
        }
        let mut shadow = Shadow::new(&self.db).await?;
        let halfway = |p: Progress| progress(Progress { done: p.of + p.done, of: p.of * 2 });
        let differences = async {
            shadow.fold_to(&self.db, served.min(end), &halfway).await?;
            compare(&mut shadow, &self.db).await
        };
        let differences = differences.await;
        shadow.discard().await;
        Ok(auditor.report(differences?))
    }
}

/// The last position, and the counts as they stood there.
async fn guards(db: &Db) -> Result<(i64, BTreeMap<String, i64>), sqlx::Error> {
    let rows: Vec<(i64, Option<String>, Option<i64>)> =
        read!(db, |pool| sqlx::query_as(include_str!("../sql/projector/guards.sql")).fetch_all(pool).await)?;
    let last = rows.first().map_or(0, |(position, ..)| *position);
    Ok((last, rows.into_iter().filter_map(|(_, name, value)| name.zip(value)).collect()))
}

/// Reads the log once, from the first event to the last.
#[derive(Default)]
struct Auditor {
    position: i64,
    recorded_at: Option<crate::Timestamp>,
    sequences: HashMap<(String, String), i64>,
    claims: BTreeMap<(String, String), (String, String)>,
    guards: BTreeMap<String, i64>,
    /// Commands of this batch: first and last position, sequence, actor.
    commands: HashMap<Uuid, (i64, i64, i64, String)>,
    findings: Vec<Finding>,
}

impl Auditor {
    fn check(&mut self, event: &Recorded) {
        self.position = event.position;
        if !event.is_intact() {
            self.finding(
                event.position,
                "was changed: its hash is not the hash of what stands there".to_owned(),
            );
        }
        if self.recorded_at.is_some_and(|before| event.recorded_at < before) {
            self.finding(event.position, "was recorded before the event in front of it".to_owned());
        }
        self.recorded_at = Some(event.recorded_at);
        let stream = (event.aggregate_type.clone(), event.aggregate_id.clone());
        let before = self.sequences.insert(stream, event.sequence).unwrap_or(0);
        if event.sequence != before + 1 {
            self.finding(event.position, format!("has sequence {}, not {}", event.sequence, before + 1));
        }
        match (event.fact(), event.metadata()) {
            (Ok(fact), Ok(metadata)) => {
                self.constrain(event, &fact);
                let place = (event.position, event.position, event.sequence, metadata.actor.to_string());
                let command = self.commands.entry(metadata.command).or_insert(place);
                (command.1, command.2) = (event.position, event.sequence);
            }
            (Err(why), _) | (_, Err(why)) => self.finding(event.position, why.to_string()),
        }
    }

    fn constrain(&mut self, event: &Recorded, fact: &Fact) {
        for constraint in constraints(fact) {
            match constraint {
                Constraint::Claim { namespace, key } => {
                    let holder = (event.aggregate_type.clone(), event.aggregate_id.clone());
                    let held =
                        self.claims.entry((namespace.to_owned(), key)).or_insert_with(|| holder.clone());
                    if *held != holder {
                        let what = format!("claims what belongs to {}", held.1);
                        self.finding(event.position, what);
                    }
                }
                Constraint::Guard { name, delta, .. } => {
                    *self.guards.entry(name.to_owned()).or_default() += delta;
                }
            }
        }
    }

    /// Compares the commands whose events are all read. Those at the very end of a batch wait for the next.
    async fn check_commands(&mut self, db: &Db) -> Result<(), sqlx::Error> {
        for (id, (first, last, sequence, actor)) in std::mem::take(&mut self.commands) {
            let stored: Option<CommandRecord> = read!(db, |pool| {
                sqlx::query_as(include_str!("../sql/event_log/command.sql"))
                    .bind(id)
                    .fetch_optional(pool)
                    .await
            })?;
            let same = stored.is_some_and(|c| {
                c.first_position <= first
                    && c.last_position >= last
                    && c.sequence >= sequence
                    && c.actor == actor
            });
            if !same {
                self.finding(
                    first,
                    format!("belongs to command {id}, which is not recorded as it was carried out"),
                );
            }
        }
        Ok(())
    }

    /// Compares the claims that were made up to here; others may be made meanwhile.
    async fn check_claims(&mut self, db: &Db) -> Result<(), sqlx::Error> {
        let claims: Vec<(String, String, String, String)> = read!(db, |pool| {
            let claims = sqlx::query_as(include_str!("../sql/projector/claims.sql"));
            claims.bind(self.position).fetch_all(pool).await
        })?;
        let stored: BTreeMap<_, _> =
            claims.into_iter().map(|(ns, key, kind, id)| ((ns, key), (kind, id))).collect();
        if stored != self.claims {
            let what = format!("{} claims stand there, the log makes {}", stored.len(), self.claims.len());
            self.findings.push(Finding::Table { table: "claims", what });
        }
        Ok(())
    }

    fn check_guards(&mut self, stored: &BTreeMap<String, i64>) {
        if *stored != self.guards {
            let what = format!("{stored:?} stands there, the log counts {:?}", self.guards);
            self.findings.push(Finding::Table { table: "guards", what });
        }
    }

    fn finding(&mut self, position: i64, what: String) {
        self.findings.push(Finding::Event { position, what });
    }

    fn report(self, differences: Vec<Finding>) -> Report {
        let findings = self.findings.into_iter().chain(differences).collect();
        Report { events: self.position, tables: tables().collect(), findings }
    }
}

/// What a fact asks of the whole log, whichever aggregate it is of.
pub(crate) fn constraints(fact: &Fact) -> Vec<Constraint> {
    match fact {
        Fact::Org(_, event) => domain::Org::constraints(event),
        Fact::Grant(_, event) => domain::Grant::constraints(event),
    }
}

/// Compares the shadow with what is served, both at the position that is served.
async fn compare(shadow: &mut Shadow, live: &Db) -> Result<Vec<Finding>, FoldError> {
    let served = match &live.0 {
        Engine::Postgres { .. } => "public.",
        Engine::Sqlite { path, .. } => {
            let Engine::Sqlite { writer, .. } = &shadow.db.0 else { return Ok(vec![]) };
            let file = format!("file:{}?mode=ro", path.display());
            sqlx::query("attach database $1 as live").bind(file).execute(writer).await?;
            "live."
        }
    };
    let mut tx = shadow.db.begin().await?;
    let rebuilt = match &mut tx {
        Tx::Postgres(tx) => {
            sqlx::query("set transaction isolation level repeatable read").execute(&mut **tx).await?;
            "pg_temp."
        }
        Tx::Sqlite(_) => "main.",
    };
    let checkpoints: Vec<Checkpoint> = on!(&mut tx, |conn| {
        let mut query = QueryBuilder::new("select name, version, position, error from ");
        query.push(served).push("projection").build_query_as().fetch_all(conn).await?
    });
    let ours = checkpoints.iter().filter(|c| is_ours(&c.name, c.version));
    let end = event_log::last(live).await?.map_or(0, |(position, _)| position); // smaller where events were removed
    let at = ours.map(|c| c.position).min().unwrap_or(0).min(end);
    shadow.fold_rest(live, &mut tx, at).await?;
    let mut findings = vec![];
    for table in tables() {
        let missing = count_without(&mut tx, rebuilt, served, table).await?;
        let extra = count_without(&mut tx, served, rebuilt, table).await?;
        if missing + extra > 0 {
            let what =
                format!("{missing} rows of the log are not served, {extra} served rows are not of the log");
            findings.push(Finding::Table { table, what });
        }
    }
    Ok(findings)
}

/// How many rows of `table` stand in `one` and not in `other`.
async fn count_without(tx: &mut Tx, one: &str, other: &str, table: &str) -> Result<i64, sqlx::Error> {
    on!(tx, |conn| {
        let mut query = QueryBuilder::new("select count(*) from (select * from ");
        query
            .push(one)
            .push(table)
            .push(" except select * from ")
            .push(other)
            .push(table)
            .push(") rows_of_one");
        query.build_query_scalar().fetch_one(conn).await
    })
}
