//! The append on Postgres: a transaction-scoped advisory lock makes one writer of all processes, and each table is
//! read and written with one statement for the whole batch.

use std::collections::HashMap;

use domain::Constraint;
use sqlx::PgConnection;
use uuid::Uuid;

use super::check::{Done, Known};
use super::writer::Rows;
use super::{Append, Appended, StreamId, constraints, streams};
use crate::db::row;
use crate::timestamp::Timestamp;

/// Takes the lock, then reads what the store says about everything that the batch touches.
pub(super) async fn lock_and_read(conn: &mut PgConnection, batch: &[&Append]) -> Result<Known, sqlx::Error> {
    sqlx::query(include_str!("../sql/event_log/lock_postgres.sql")).execute(&mut *conn).await?;
    let (position, now): (i64, Timestamp) =
        sqlx::query_as(include_str!("../sql/event_log/last_postgres.sql")).fetch_one(&mut *conn).await?;
    Ok(Known {
        position,
        now,
        sequences: sequences(conn, batch).await?,
        claims: claims(conn, batch).await?,
        guards: guards(conn, batch).await?,
        commands: commands(conn, batch).await?,
        people: HashMap::new(),
    })
}

async fn sequences(
    conn: &mut PgConnection,
    batch: &[&Append],
) -> Result<HashMap<StreamId, i64>, sqlx::Error> {
    let (kinds, ids): (Vec<&str>, Vec<&str>) =
        streams(batch).map(|s| (s.kind.as_str(), s.id.as_str())).unzip();
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as(include_str!("../sql/event_log/sequences_postgres.sql"))
            .bind(kinds)
            .bind(ids)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(kind, id, sequence)| (StreamId { kind, id }, sequence)).collect())
}

async fn claims(
    conn: &mut PgConnection,
    batch: &[&Append],
) -> Result<HashMap<(String, String), StreamId>, sqlx::Error> {
    let (namespaces, keys): (Vec<&str>, Vec<&str>) = constraints(batch)
        .filter_map(|constraint| match constraint {
            Constraint::Claim { namespace, key } => Some((*namespace, key.as_str())),
            Constraint::Guard { .. } => None,
        })
        .unzip();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as(include_str!("../sql/event_log/claims_postgres.sql"))
            .bind(namespaces)
            .bind(keys)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(namespace, key, kind, id)| ((namespace, key), StreamId { kind, id })).collect())
}

async fn guards(conn: &mut PgConnection, batch: &[&Append]) -> Result<HashMap<String, i64>, sqlx::Error> {
    if !constraints(batch).any(|constraint| matches!(constraint, Constraint::Guard { .. })) {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64)> =
        sqlx::query_as(include_str!("../sql/event_log/guards.sql")).fetch_all(conn).await?;
    Ok(rows.into_iter().collect())
}

row! {
    /// A command that was carried out, by its id.
    pub(super) struct CommandFound {
        pub command_id: Uuid,
        pub fingerprint: Vec<u8>,
        pub actor: String,
        pub first_position: i64,
        pub last_position: i64,
        pub sequence: i64,
    }
}

impl CommandFound {
    pub(super) fn done(self) -> (Uuid, Done) {
        let Self { command_id, fingerprint, actor, first_position, last_position, sequence } = self;
        (
            command_id,
            Done { fingerprint, actor, appended: Appended { first_position, last_position, sequence } },
        )
    }
}

async fn commands(conn: &mut PgConnection, batch: &[&Append]) -> Result<HashMap<Uuid, Done>, sqlx::Error> {
    let ids: Vec<Uuid> = batch.iter().map(|append| append.metadata.command).collect();
    let rows: Vec<CommandFound> = sqlx::query_as(include_str!("../sql/event_log/commands_postgres.sql"))
        .bind(ids)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(CommandFound::done).collect())
}

/// Writes the rows, one statement for each table. The trigger checks the events once more.
pub(super) async fn write(conn: &mut PgConnection, rows: &Rows<'_>) -> Result<(), sqlx::Error> {
    write_events(conn, rows).await?;
    write_claims(conn, rows).await?;
    for (name, value, floor) in &rows.guards {
        let guard = sqlx::query(include_str!("../sql/event_log/upsert_guard.sql"));
        guard.bind(*name).bind(value).bind(floor).execute(&mut *conn).await?;
    }
    let commands = &rows.commands;
    sqlx::query(include_str!("../sql/event_log/insert_commands_postgres.sql"))
        .bind(commands.iter().map(|c| c.command_id).collect::<Vec<_>>())
        .bind(commands.iter().map(|c| c.fingerprint.as_slice()).collect::<Vec<_>>())
        .bind(commands.iter().map(|c| c.actor.as_str()).collect::<Vec<_>>())
        .bind(commands.iter().map(|c| c.appended.first_position).collect::<Vec<_>>())
        .bind(commands.iter().map(|c| c.appended.last_position).collect::<Vec<_>>())
        .bind(commands.iter().map(|c| c.appended.sequence).collect::<Vec<_>>())
        .execute(conn)
        .await
        .map(drop)
}

async fn write_events(conn: &mut PgConnection, rows: &Rows<'_>) -> Result<(), sqlx::Error> {
    let events = &rows.events;
    sqlx::query(include_str!("../sql/event_log/insert_events_postgres.sql"))
        .bind(events.iter().map(|e| e.position).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.stream.kind.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.stream.id.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.sequence).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.event_type).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.event_version).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.payload).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.metadata.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.recorded_at).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.leaf_hash.as_slice()).collect::<Vec<_>>())
        .execute(conn)
        .await
        .map(drop)
}

async fn write_claims(conn: &mut PgConnection, rows: &Rows<'_>) -> Result<(), sqlx::Error> {
    let claims = &rows.claims;
    if claims.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("../sql/event_log/insert_claims_postgres.sql"))
        .bind(claims.iter().map(|c| c.namespace).collect::<Vec<_>>())
        .bind(claims.iter().map(|c| c.key).collect::<Vec<_>>())
        .bind(claims.iter().map(|c| c.stream.kind.as_str()).collect::<Vec<_>>())
        .bind(claims.iter().map(|c| c.stream.id.as_str()).collect::<Vec<_>>())
        .bind(claims.iter().map(|c| c.position).collect::<Vec<_>>())
        .execute(conn)
        .await
        .map(drop)
}
