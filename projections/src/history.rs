//! Finds events by what happened, by whom and to what. It has one row per event; the event itself stays in the log.
//!
//! | module | answers |
//! | --- | --- |
//! | [`filter`] | which events are wanted |
//! | `page`, `walk`, `text` | some of them in the order of the log, by keyset |
//! | [`together`] | what was ordered at once, in several streams |
//! | [`related`] | what stands around one event: its stream, what it came from, what came of it |
//! | [`state`], [`diff`] | what it changed |
//!
//! **Invariant:** no question reads more than a bounded number of rows, whatever it asks for. Where that is not enough,
//! the answer says how far it looked, and the next question goes on from there.

use cqrs_es::Aggregate;
use domain::org::{InvitationEvent, MemberEvent, OrgEvent};
use domain::{AnyEvent, Grant, Org, Unreadable};
use uuid::Uuid;

use crate::db::{read, scoped};
use crate::event_log::{EventLog, Recorded};
use crate::fold::Entry;
use crate::scope::{Platform, Scope};
use crate::table::{Rows, table};
use crate::timestamp::Timestamp;

pub mod diff;
pub mod filter;
mod page;
pub(crate) mod parts;
pub mod related;
pub mod state;
mod text;
pub mod together;
mod walk;
mod words;

pub use filter::{HistoryFilter, Only};
pub use page::{HistoryPage, PagePlace, batch, is_any, newer, page, positions};

table! {
    /// The position of an event and what it is about.
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
        pub causation: Option<i64>,
        pub reverts: Option<i64>,
        pub words: String,
    }
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
    let events: Vec<Recorded> = read!(log.db(), |pool| {
        let query = sqlx::query_as(include_str!("sql/history/by_shell.sql"));
        query.bind(before).bind(limit).fetch_all(pool).await
    })?;
    platform.lists([]);
    shown(platform, &events);
    Ok(events)
}

/// The event at a position.
pub async fn at(log: &EventLog, platform: &Platform, position: i64) -> Result<Option<Recorded>, sqlx::Error> {
    let event = log.at(&[position]).await?.pop();
    if let Some(event) = &event {
        match org_of(event) {
            Some(org_id) => platform.reads(org_id),
            None => platform.lists([]),
        }
    }
    Ok(event)
}

/// Notes the organisations whose data these events show, each as one of many.
pub fn shown(platform: &Platform, events: &[Recorded]) {
    platform.shows(events.iter().filter_map(org_of));
}

/// The organisation that an event is about. If the event can't be read, its stream still says which.
fn org_of(event: &Recorded) -> Option<Uuid> {
    let of_stream = || (event.aggregate_type == Org::TYPE).then(|| event.aggregate_id.parse().ok()).flatten();
    subjects(event, &event.decode()).0.or_else(of_stream)
}

pub(crate) fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) {
    rows.add(entries.iter().map(|entry| HistoryRow::of(entry)).collect());
}

impl HistoryRow {
    /// Makes the row of any event. An event that nobody can read is history too, and is found by its metadata and stream.
    fn of(entry: &Entry) -> Self {
        let (event, metadata) = (&entry.recorded, entry.metadata.as_ref().ok());
        let (org_id, person_id) = subjects(event, &entry.event);
        Self {
            position: event.position,
            recorded_at: event.recorded_at,
            aggregate_type: event.aggregate_type.clone(),
            aggregate_id: event.aggregate_id.clone(),
            sequence: event.sequence,
            event_type: event.event_type.clone(),
            actor: metadata.map(|it| it.actor.to_string()).unwrap_or_default(),
            org_id,
            person_id,
            command_id: metadata.map(|it| it.command).unwrap_or_default(),
            correlation_id: metadata.map(|it| it.correlation).unwrap_or_default(),
            causation: metadata.and_then(|it| it.causation),
            reverts: metadata.and_then(|it| it.reverts),
            words: metadata.map(|_| words::of(&event.payload)).unwrap_or_default(),
        }
    }
}

/// The organisation and the person that an event is about; if it can't be read, those of its stream.
fn subjects(event: &Recorded, fact: &Result<AnyEvent, Unreadable>) -> (Option<Uuid>, Option<Uuid>) {
    match fact {
        Ok(AnyEvent::Org(
            org,
            OrgEvent::Invitation(
                InvitationEvent::MemberInvited { person, .. } | InvitationEvent::MemberJoined { person, .. },
            )
            | OrgEvent::Member(
                MemberEvent::MemberRoleChanged { person, .. }
                | MemberEvent::MemberRemoved { person }
                | MemberEvent::MemberLeft { person }
                | MemberEvent::MemberReadmitted { person, .. },
            ),
        )) => (Some(org.0), Some(person.0)),
        Ok(AnyEvent::Org(org, _)) => (Some(org.0), None),
        Ok(AnyEvent::Grant(person, _)) => (None, Some(person.0)),
        Ok(AnyEvent::ResourceType(..)) => (None, None),
        Err(_) => match event.aggregate_type.as_str() {
            Org::TYPE => (event.aggregate_id.parse().ok(), None),
            Grant::TYPE => (None, event.aggregate_id.parse().ok()),
            _ => (None, None),
        },
    }
}
