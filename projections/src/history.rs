//! What happened, by whom, to what? One row per event, for finding; the event itself stays in the log.

use domain::org::OrgEvent;
use domain::{Fact, Unreadable};
use uuid::Uuid;

use crate::db::{read, scoped};
use crate::event_log::{EventLog, ReadError, Recorded};
use crate::projector::{Entry, FoldError};
use crate::scope::{Platform, Scope};
use crate::table::{Rows, table};
use crate::timestamp::Timestamp;

table! {
    /// Where an event stands and what it is about.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct HistoryRow in history by "position" {
        pub position: i64,
        pub recorded_at: Timestamp,
        pub aggregate_type: String,
        pub aggregate_id: String,
        pub sequence: i64,
        pub event_type: String,
        pub actor: String,
        pub org_id: Option<Uuid>,
        pub person_id: Option<Uuid>,
        pub command_id: Uuid,
        pub correlation_id: Uuid,
        pub reverts: Option<i64>,
    }
}

/// The newest events of all before a position, newest first, at most `limit`.
pub async fn of_all(
    log: &EventLog,
    platform: &Platform,
    before: i64,
    limit: i64,
) -> Result<Vec<Recorded>, ReadError> {
    platform.lists();
    let last = log.last_position().await?.min(before.max(1) - 1);
    let mut events = log.tail((last - limit).max(0), limit.min(last)).await?;
    events.reverse();
    Ok(events)
}

/// The newest events of one organisation before a position, newest first, at most `limit`.
pub async fn of_org(
    log: &EventLog,
    scope: &Scope,
    org_id: Uuid,
    before: i64,
    limit: i64,
) -> Result<Vec<Recorded>, sqlx::Error> {
    scoped!(log.db(), scope, org_id, |conn| {
        sqlx::query_as(include_str!("sql/history/of_org.sql"))
            .bind(org_id)
            .bind(before)
            .bind(limit)
            .fetch_all(conn)
            .await
    })
}

/// The newest events that came from the server's shell before a position, newest first, at most `limit`.
pub async fn by_shell(
    log: &EventLog,
    platform: &Platform,
    before: i64,
    limit: i64,
) -> Result<Vec<Recorded>, sqlx::Error> {
    platform.lists();
    read!(log.db(), |pool| {
        let query = sqlx::query_as(include_str!("sql/history/by_shell.sql"));
        query.bind(before).bind(limit).fetch_all(pool).await
    })
}

pub(crate) fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let events = entries.iter().map(|entry| HistoryRow::of(entry)).collect::<Result<Vec<_>, _>>()?;
    rows.add(events);
    Ok(())
}

impl HistoryRow {
    fn of(entry: &Entry) -> Result<Self, FoldError> {
        let (event, metadata) = (&entry.recorded, entry.metadata()?);
        let (org_id, person_id) = subjects(&entry.fact);
        Ok(Self {
            position: event.position,
            recorded_at: event.recorded_at,
            aggregate_type: event.aggregate_type.clone(),
            aggregate_id: event.aggregate_id.clone(),
            sequence: event.sequence,
            event_type: event.event_type.clone(),
            actor: metadata.actor.to_string(),
            org_id,
            person_id,
            command_id: metadata.command,
            correlation_id: metadata.correlation,
            reverts: metadata.reverts,
        })
    }
}

/// The organisation and the person that an event is about. A damaged one is still history: it is found by position.
fn subjects(fact: &Result<Fact, Unreadable>) -> (Option<Uuid>, Option<Uuid>) {
    match fact {
        Ok(Fact::Org(
            org,
            OrgEvent::MemberInvited { person, .. } | OrgEvent::MemberJoined { person, .. },
        )) => (Some(org.0), Some(person.0)),
        Ok(Fact::Org(org, _)) => (Some(org.0), None),
        Ok(Fact::Grant(person, _)) => (None, Some(person.0)),
        Ok(Fact::ResourceType(..)) | Err(_) => (None, None),
    }
}
