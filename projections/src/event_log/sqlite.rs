//! The append on SQLite: the write lock of `begin immediate` is the one writer. Each table is read and written with one
//! statement for the whole batch, since every statement is a hop to the thread that has the file.

use std::collections::HashMap;

use domain::Constraint;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::check::{Done, Known};
use super::postgres::CommandFound;
use super::writer::Rows;
use super::{Append, StreamId, constraints, streams};
use crate::timestamp::Timestamp;

/// What the store says about everything that the batch touches. The write lock is held.
pub(super) async fn read(conn: &mut SqliteConnection, batch: &[&Append]) -> Result<Known, sqlx::Error> {
    let last: Option<(i64, Timestamp)> =
        sqlx::query_as(include_str!("../sql/event_log/last.sql")).fetch_optional(&mut *conn).await?;
    let now = Timestamp::by_our_clock();
    let (position, now) = last.map_or((0, now), |(position, at)| (position, now.max(at)));
    let guards: Vec<(String, i64)> =
        sqlx::query_as(include_str!("../sql/event_log/guards.sql")).fetch_all(&mut *conn).await?;
    Ok(Known {
        position,
        now,
        sequences: sequences(conn, batch).await?,
        claims: claims(conn, batch).await?,
        guards: guards.into_iter().collect(),
        commands: commands(conn, batch).await?,
        people: HashMap::new(),
    })
}

async fn sequences(
    conn: &mut SqliteConnection,
    batch: &[&Append],
) -> Result<HashMap<StreamId, i64>, sqlx::Error> {
    let mut query = QueryBuilder::new("with wanted (kind, id) as (");
    query.push_values(streams(batch), |mut values, stream| {
        values.push_bind(stream.kind.as_str()).push_bind(stream.id.as_str());
    });
    query.push(include_str!("../sql/event_log/sequences_sqlite.sql"));
    let rows: Vec<(String, String, i64)> = query.build_query_as().persistent(false).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(kind, id, sequence)| (StreamId { kind, id }, sequence)).collect())
}

async fn claims(
    conn: &mut SqliteConnection,
    batch: &[&Append],
) -> Result<HashMap<(String, String), StreamId>, sqlx::Error> {
    let wanted: Vec<(&str, &str)> = constraints(batch)
        .filter_map(|constraint| match constraint {
            Constraint::Claim { namespace, key } => Some((*namespace, key.as_str())),
            Constraint::Guard { .. } => None,
        })
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = QueryBuilder::new("with wanted (namespace, key) as (");
    query.push_values(wanted, |mut values, (namespace, key)| {
        values.push_bind(namespace).push_bind(key);
    });
    query.push(include_str!("../sql/event_log/claims_sqlite.sql"));
    let rows: Vec<(String, String, String, String)> =
        query.build_query_as().persistent(false).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(namespace, key, kind, id)| ((namespace, key), StreamId { kind, id })).collect())
}

async fn commands(
    conn: &mut SqliteConnection,
    batch: &[&Append],
) -> Result<HashMap<uuid::Uuid, Done>, sqlx::Error> {
    let mut query = QueryBuilder::new(include_str!("../sql/event_log/commands_sqlite.sql"));
    let mut list = query.separated(", ");
    for append in batch {
        list.push_bind(append.metadata.command);
    }
    query.push(")");
    let rows: Vec<CommandFound> = query.build_query_as().persistent(false).fetch_all(conn).await?;
    Ok(rows.into_iter().map(CommandFound::done).collect())
}

/// Rows of one statement: SQLite takes at most 32,766 values, and an event has ten.
const ROWS: usize = 3_000;

/// Writes the rows, one statement for each table.
pub(super) async fn write(conn: &mut SqliteConnection, rows: &Rows<'_>) -> Result<(), sqlx::Error> {
    for events in rows.events.chunks(ROWS) {
        let mut query =
            QueryBuilder::<Sqlite>::new(include_str!("../sql/event_log/insert_events_sqlite.sql"));
        query.push_values(events, |mut values, event| {
            values.push_bind(event.position).push_bind(&event.stream.kind).push_bind(&event.stream.id);
            values.push_bind(event.sequence).push_bind(event.event_type).push_bind(event.event_version);
            values.push_bind(event.payload).push_bind(&event.metadata).push_bind(event.recorded_at);
            values.push_bind(event.leaf_hash.as_slice());
        });
        query.build().persistent(false).execute(&mut *conn).await?;
    }
    for claims in rows.claims.chunks(ROWS) {
        let mut query =
            QueryBuilder::<Sqlite>::new(include_str!("../sql/event_log/insert_claims_sqlite.sql"));
        query.push_values(claims, |mut values, claim| {
            values.push_bind(claim.namespace).push_bind(claim.key).push_bind(&claim.stream.kind);
            values.push_bind(&claim.stream.id).push_bind(claim.position);
        });
        query.push(" on conflict (namespace, key) do nothing");
        query.build().persistent(false).execute(&mut *conn).await?;
    }
    for (name, value, floor) in &rows.guards {
        let guard = sqlx::query(include_str!("../sql/event_log/upsert_guard.sql"));
        guard.bind(*name).bind(value).bind(floor).execute(&mut *conn).await?;
    }
    for commands in rows.commands.chunks(ROWS) {
        let mut query =
            QueryBuilder::<Sqlite>::new(include_str!("../sql/event_log/insert_commands_sqlite.sql"));
        query.push_values(commands, |mut values, command| {
            let (fingerprint, appended) = (command.fingerprint.as_slice(), command.appended);
            values.push_bind(command.command_id).push_bind(fingerprint).push_bind(&command.actor);
            values.push_bind(appended.first_position).push_bind(appended.last_position);
            values.push_bind(appended.sequence);
        });
        query.build().persistent(false).execute(&mut *conn).await?;
    }
    Ok(())
}
