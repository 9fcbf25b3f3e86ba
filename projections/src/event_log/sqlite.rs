//! The append on SQLite: the write lock of `begin immediate` is the one writer, so lookups are simple and local.

use std::collections::HashMap;

use chrono::Utc;
use domain::Constraint;
use sqlx::SqliteConnection;

use super::check::{Done, Known};
use super::writer::Rows;
use super::{Append, CommandRecord, StreamId};
use crate::timestamp::Timestamp;

/// What the store says about everything that the batch touches. The write lock is held.
pub(super) async fn read(conn: &mut SqliteConnection, batch: &[&Append]) -> Result<Known, sqlx::Error> {
    let last: Option<(i64, Timestamp)> =
        sqlx::query_as(include_str!("../sql/event_log/last.sql")).fetch_optional(&mut *conn).await?;
    let now = Timestamp::from(Utc::now());
    let (position, now) = last.map_or((0, now), |(position, at)| (position, now.max(at)));
    let guards: Vec<(String, i64)> =
        sqlx::query_as(include_str!("../sql/event_log/guards.sql")).fetch_all(&mut *conn).await?;
    let (sequences, claims, commands) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut known =
        Known { position, now, sequences, claims, guards: guards.into_iter().collect(), commands };
    for append in batch {
        let authority = append.authority.as_ref().map(|(stream, _)| stream);
        for stream in std::iter::once(&append.stream).chain(authority) {
            if !known.sequences.contains_key(stream) {
                let sequence = sequence(conn, stream).await?;
                known.sequences.insert(stream.clone(), sequence);
            }
        }
        let done: Option<CommandRecord> = sqlx::query_as(include_str!("../sql/event_log/command.sql"))
            .bind(append.metadata.command)
            .fetch_optional(&mut *conn)
            .await?;
        if let Some(done) = done {
            let (appended, fingerprint, actor) = (done.appended(), done.fingerprint, done.actor);
            known.commands.insert(append.metadata.command, Done { fingerprint, actor, appended });
        }
        for constraint in append.events.iter().flat_map(|event| &event.constraints) {
            if let Constraint::Claim { namespace, key } = constraint {
                let holder: Option<(String, String)> =
                    sqlx::query_as(include_str!("../sql/event_log/claim_sqlite.sql"))
                        .bind(*namespace)
                        .bind(key)
                        .fetch_optional(&mut *conn)
                        .await?;
                if let Some((kind, id)) = holder {
                    known.claims.insert(((*namespace).to_owned(), key.clone()), StreamId { kind, id });
                }
            }
        }
    }
    Ok(known)
}

async fn sequence(conn: &mut SqliteConnection, stream: &StreamId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(include_str!("../sql/event_log/sequence_sqlite.sql"))
        .bind(&stream.kind)
        .bind(&stream.id)
        .fetch_one(conn)
        .await
}

/// Writes the rows, one statement each: there is no network between us and the file.
pub(super) async fn write(conn: &mut SqliteConnection, rows: &Rows<'_>) -> Result<(), sqlx::Error> {
    for event in &rows.events {
        sqlx::query(include_str!("../sql/event_log/insert_event_sqlite.sql"))
            .bind(event.position)
            .bind(&event.stream.kind)
            .bind(&event.stream.id)
            .bind(event.sequence)
            .bind(event.event_type)
            .bind(event.event_version)
            .bind(event.payload)
            .bind(&event.metadata)
            .bind(event.recorded_at)
            .bind(event.leaf_hash.as_slice())
            .execute(&mut *conn)
            .await?;
    }
    for claim in &rows.claims {
        sqlx::query(include_str!("../sql/event_log/insert_claim_sqlite.sql"))
            .bind(claim.namespace)
            .bind(claim.key)
            .bind(&claim.stream.kind)
            .bind(&claim.stream.id)
            .bind(claim.position)
            .execute(&mut *conn)
            .await?;
    }
    for (name, value, floor) in &rows.guards {
        let guard = sqlx::query(include_str!("../sql/event_log/upsert_guard.sql"));
        guard.bind(*name).bind(value).bind(floor).execute(&mut *conn).await?;
    }
    for command in &rows.commands {
        sqlx::query(include_str!("../sql/event_log/insert_command_sqlite.sql"))
            .bind(command.command_id)
            .bind(command.fingerprint.as_slice())
            .bind(&command.actor)
            .bind(command.appended.first_position)
            .bind(command.appended.last_position)
            .bind(command.appended.sequence)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
