//! The two statements of an append: look, then write. There is one of each for the whole batch, since every statement is a
//! round trip. Rows go in and come out as JSON, so that both engines get the same.

use serde::Serialize;
use sqlx::types::Json;
use uuid::Uuid;

use domain::Constraint;

use super::alarm::{LogStanding, Seen};
use super::check::{BatchState, DoneCommand};
use super::{Append, Appended, StreamId, constraints, streams};
use crate::db::{BEGIN, Db, Engine, Transaction, Tx, on, row};
use crate::timestamp::Timestamp;

/// Everything that a batch touches.
#[derive(Serialize, Default)]
struct Touched<'a> {
    streams: Vec<&'a StreamId>,
    claims: Vec<ClaimKey<'a>>,
    commands: Vec<Id>,
    /// Addresses of the people that the batch invites, and the people that it is about.
    addresses: Vec<&'a str>,
    people: Vec<Id>,
}

#[derive(Serialize)]
struct ClaimKey<'a> {
    namespace: &'a str,
    key: &'a str,
}

/// An id in 32 hexadecimal digits: what Postgres reads as a uuid, and SQLite as the bytes of one.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Id(#[serde(with = "uuid::serde::simple")] pub(super) Uuid);

impl<'a> Touched<'a> {
    fn by(batch: &'a [&'a Append]) -> Self {
        let claims = constraints(batch).filter_map(|constraint| match constraint {
            Constraint::Claim { namespace, key } => Some(ClaimKey { namespace, key }),
            Constraint::Guard { .. } => None,
        });
        let besides = || batch.iter().filter_map(|append| append.beside.as_ref());
        Self {
            streams: streams(batch).collect(),
            claims: claims.collect(),
            commands: batch.iter().map(|append| Id(append.metadata.command)).collect(),
            addresses: besides().filter_map(|it| it.invited()).map(|it| it.email.as_str()).collect(),
            people: besides().map(|beside| Id(beside.person())).collect(),
        }
    }
}

row! {
    /// What the store says about everything that the batch touches.
    struct Found {
        pub position: i64,
        pub clock: Timestamp,
        pub last_at: Option<Timestamp>,
        pub last_hash: Option<Vec<u8>>,
        pub seen_hash: Option<Vec<u8>>,
        pub folded: Option<i64>,
        pub seen_at: Option<Timestamp>,
        pub jump: Option<String>,
        pub feature_level: Option<i64>,
        pub streams: Json<Vec<(String, String, i64)>>,
        pub claims: Json<Vec<(String, String, String, String)>>,
        pub guards: Json<Vec<(String, i64)>>,
        pub commands: Json<Vec<(Uuid, String, String, i64, i64, i64)>>,
        /// People: address, id, and whether they have a password.
        pub people: Json<Vec<(String, Uuid, bool)>>,
    }
}

/// What the store says about everything that the batch touches, and about the position that was the last one we saw. The
/// lock that makes one writer of all is held.
pub(super) async fn look(tx: &mut Tx, batch: &[&Append], seen: Seen) -> Result<BatchState, sqlx::Error> {
    let touched = Json(Touched::by(batch));
    let found: Found = match tx {
        Tx::Postgres(tx) => {
            let look = sqlx::query_as(include_str!("../sql/event_log/look_postgres.sql"));
            look.bind(touched).bind(seen.0).fetch_one(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            let look = sqlx::query_as(include_str!("../sql/event_log/look_sqlite.sql"));
            look.bind(touched).bind(seen.0).bind(Timestamp::by_our_clock()).fetch_one(&mut **tx).await?
        }
    };
    let stream = |kind, id| StreamId { kind, id };
    let done = |fingerprint, actor, first_position, last_position, sequence| {
        let appended = Appended { first_position, last_position, sequence };
        DoneCommand { fingerprint, actor, appended }
    };
    let standing = LogStanding {
        position: found.position,
        clock: found.clock,
        last_at: found.last_at,
        last_hash: found.last_hash,
        seen,
        seen_hash: found.seen_hash,
        folded: found.folded.unwrap_or(0),
        believed_at: found.seen_at,
        jump: found.jump,
        is_our_clock: matches!(tx, Tx::Sqlite(_)),
    };
    Ok(BatchState {
        position: found.position,
        now: found.clock.max(found.last_at.unwrap_or(found.clock)),
        standing,
        time_continues: None,
        feature_level: found.feature_level,
        sequences: found.streams.0.into_iter().map(|(kind, id, at)| (stream(kind, id), at)).collect(),
        claims: found.claims.0.into_iter().map(|(ns, key, kind, id)| ((ns, key), stream(kind, id))).collect(),
        guards: found.guards.0.into_iter().collect(),
        commands: found.commands.0.into_iter().map(|(id, f, a, x, y, z)| (id, done(f, a, x, y, z))).collect(),
        with_password: found.people.0.iter().filter(|(_, _, has)| *has).map(|(_, id, _)| *id).collect(),
        people: found.people.0.into_iter().map(|(email, id, _)| (email, id)).collect(),
    })
}

/// Everything that one transaction writes. The names are those of the tables and their columns.
#[derive(Serialize, Default)]
pub(super) struct BatchRows<'a> {
    pub(super) events: Vec<EventRow<'a>>,
    pub(super) claims: Vec<ClaimRow<'a>>,
    pub(super) guards: Vec<GuardRow<'a>>,
    pub(super) commands: Vec<CommandRow>,
    pub(super) people: Vec<PersonRow<'a>>,
    pub(super) links: Vec<LinkRow<'a>>,
    pub(super) joined: Vec<JoinedRow<'a>>,
}

#[derive(Serialize)]
pub(super) struct EventRow<'a> {
    pub(super) position: i64,
    pub(super) aggregate_type: &'a str,
    pub(super) aggregate_id: &'a str,
    pub(super) sequence: i64,
    pub(super) event_type: &'a str,
    pub(super) event_version: &'a str,
    pub(super) payload: &'a str,
    pub(super) metadata: String,
    #[serde(serialize_with = "micros")]
    pub(super) recorded_at: Timestamp,
    #[serde(with = "hex")]
    pub(super) leaf_hash: [u8; 32],
}

#[derive(Serialize)]
pub(super) struct ClaimRow<'a> {
    pub(super) namespace: &'a str,
    pub(super) key: &'a str,
    pub(super) aggregate_type: &'a str,
    pub(super) aggregate_id: &'a str,
    pub(super) position: i64,
}

#[derive(Serialize)]
pub(super) struct GuardRow<'a> {
    pub(super) name: &'a str,
    /// The count after the batch.
    pub(super) value: i64,
    pub(super) floor: i64,
}

#[derive(Serialize)]
pub(super) struct CommandRow {
    pub(super) command_id: Id,
    #[serde(with = "hex")]
    pub(super) fingerprint: [u8; 32],
    pub(super) actor: String,
    pub(super) first_position: i64,
    pub(super) last_position: i64,
    pub(super) sequence: i64,
}

#[derive(Serialize)]
pub(super) struct PersonRow<'a> {
    pub(super) person_id: Id,
    pub(super) email: &'a str,
    #[serde(serialize_with = "micros")]
    pub(super) created_at: Timestamp,
}

#[derive(Serialize)]
pub(super) struct LinkRow<'a> {
    #[serde(with = "hex")]
    pub(super) token_hash: [u8; 32],
    pub(super) purpose: &'a str,
    pub(super) person_id: Id,
    pub(super) org_id: Option<Id>,
    pub(super) invitation_id: Option<Id>,
    #[serde(serialize_with = "micros")]
    pub(super) created_at: Timestamp,
    #[serde(serialize_with = "micros")]
    pub(super) expires_at: Timestamp,
}

/// The name and password of somebody who is in the table of people already.
#[derive(Serialize)]
pub(super) struct JoinedRow<'a> {
    pub(super) person_id: Id,
    pub(super) name: &'a str,
    pub(super) password_hash: &'a str,
}

fn micros<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.micros())
}

/// Writes the rows. What the database itself refuses is refused once more here: triggers and unique keys.
pub(super) async fn write(tx: &mut Tx, rows: &BatchRows<'_>) -> Result<(), sqlx::Error> {
    let rows = Json(rows);
    match tx {
        Tx::Postgres(tx) => {
            let write = sqlx::query(include_str!("../sql/event_log/write_postgres.sql"));
            write.bind(rows).execute(&mut **tx).await.map(drop)
        }
        Tx::Sqlite(tx) => {
            let write = sqlx::query(include_str!("../sql/event_log/write_sqlite.sql"));
            write.bind(rows).execute(&mut **tx).await.map(drop)
        }
    }
}

/// Tries the tables, locks and rights that writing needs, without writing anything; returns the rights that are missing.
pub(super) async fn may_write(tx: &mut Tx) -> Result<Option<String>, sqlx::Error> {
    if let Tx::Postgres(tx) = tx {
        let missing = sqlx::query_scalar(include_str!("../sql/event_log/write_rights_postgres.sql"));
        let missing: Option<String> = missing.fetch_one(&mut **tx).await?;
        if missing.is_some() {
            return Ok(missing);
        }
    }
    tx.run(include_str!("../sql/event_log/write_nothing.sql")).await?;
    Ok(None)
}

/// Checks that rows can be read as a tenant, in the same way as such a read.
pub(super) async fn may_read_for_tenants(db: &Db) -> Result<(), sqlx::Error> {
    let Engine::Postgres { tenants, .. } = &db.0 else { return Ok(()) };
    let mut tx = Transaction::begin(tenants, BEGIN).await?;
    sqlx::query(include_str!("../sql/event_log/look_as_tenant_postgres.sql")).execute(&mut *tx).await?;
    tx.rollback().await
}

/// Notes that something could be written, at a moment that was believed.
pub(super) async fn beat(tx: &mut Tx, at: Timestamp) -> Result<(), sqlx::Error> {
    on!(tx, |conn| {
        let beat = sqlx::query(include_str!("../sql/event_log/beat.sql"));
        beat.bind(at).execute(conn).await.map(drop)
    })
}

/// Notes why time goes back with the next event, or that it has.
pub(super) async fn accept_jump(tx: &mut Tx, reason: Option<&str>) -> Result<(), sqlx::Error> {
    on!(tx, |conn| {
        let accept = sqlx::query(include_str!("../sql/event_log/accept_jump.sql"));
        accept.bind(reason).execute(conn).await.map(drop)
    })
}
