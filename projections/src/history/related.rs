//! Finds what is related to one event: its neighbours, its causes, and its consequences.
//!
//! **Invariant:** a chain of causes ends: an event is caused by an earlier one. No answer has more than [`MOST`] events
//! of a kind.

use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::db::{Db, Lists, read};
use crate::event_log::{EventLog, ReadError, Recorded, StreamId};

/// The most events of a kind that are shown.
pub const MOST: usize = 50;

/// The positions of the events before and after one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbours {
    /// The event before it in the whole log.
    pub before: Option<i64>,
    pub after: Option<i64>,
    /// The event before it in its own stream.
    pub before_in_stream: Option<i64>,
    pub after_in_stream: Option<i64>,
}

/// The causes and consequences of an event.
#[derive(Clone, Debug, Default)]
pub struct Related {
    /// The chain of causes, the first one first.
    pub causes: Vec<Recorded>,
    /// The other events of its command.
    pub same_command: Vec<Recorded>,
    /// The events that it led to, each after the event that led to it.
    pub consequences: Vec<Recorded>,
    /// The event that undoes this one.
    pub reverted_by: Option<i64>,
}

pub async fn neighbours(log: &EventLog, event: &Recorded) -> Result<Neighbours, sqlx::Error> {
    let (db, stream, last) = (log.db(), event.stream(), log.last_position().await?);
    Ok(Neighbours {
        before: Some(event.position - 1).filter(|position| *position > 0),
        after: Some(event.position + 1).filter(|position| *position <= last),
        before_in_stream: in_stream(db, &stream, event.sequence - 1).await?,
        after_in_stream: in_stream(db, &stream, event.sequence + 1).await?,
    })
}

async fn in_stream(db: &Db, stream: &StreamId, sequence: i64) -> Result<Option<i64>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_scalar(include_str!("../sql/history/in_stream.sql"))
            .bind(&stream.kind)
            .bind(&stream.id)
            .bind(sequence)
            .fetch_optional(pool)
            .await
    })
}

pub async fn related(log: &EventLog, event: &Recorded) -> Result<Related, ReadError> {
    let db = log.db();
    let reverted_by = read!(db, |pool| {
        sqlx::query_scalar(include_str!("../sql/history/reverted_by.sql"))
            .bind(event.position)
            .fetch_optional(pool)
            .await
    })?;
    let Ok(metadata) = event.metadata() else { return Ok(Related { reverted_by, ..Related::default() }) };
    Ok(Related {
        causes: causes(log, metadata.causation).await?,
        same_command: same_command(log, metadata.command, event.position).await?,
        consequences: consequences(log, event.position).await?,
        reverted_by,
    })
}

async fn causes(log: &EventLog, mut next: Option<i64>) -> Result<Vec<Recorded>, sqlx::Error> {
    let mut causes = vec![];
    while let Some(position) = next.filter(|_| causes.len() < MOST) {
        let Some(cause) = log.at(&[position]).await?.pop() else { break };
        let before = cause.metadata().ok().and_then(|metadata| metadata.causation);
        next = before.filter(|before| *before < position);
        causes.push(cause);
    }
    causes.reverse();
    Ok(causes)
}

async fn same_command(log: &EventLog, command: Uuid, position: i64) -> Result<Vec<Recorded>, ReadError> {
    let Some(record) = log.command(command).await? else { return Ok(vec![]) };
    let (first, last) = (record.first_position, record.last_position);
    let limit = (last - first + 1).min(i64::try_from(MOST).unwrap_or(i64::MAX));
    let mut events = log.tail(first - 1, limit).await?;
    events.retain(|event| event.position != position);
    Ok(events)
}

async fn consequences(log: &EventLog, position: i64) -> Result<Vec<Recorded>, sqlx::Error> {
    let (mut found, mut of) = (vec![], vec![position]);
    while !of.is_empty() && found.len() < MOST {
        let next: Vec<i64> = read!(log.db(), |pool| {
            let mut query = QueryBuilder::new(include_str!("../sql/history/caused_by.sql"));
            Lists::push_one_of(&mut query, of);
            query.push(" order by position limit ").push(MOST - found.len());
            query.build_query_scalar().persistent(false).fetch_all(pool).await
        })?;
        found.extend(log.at(&next).await?);
        of = next;
    }
    Ok(found)
}
