//! The one task of this process that appends: it takes all appends that wait and writes them in one transaction.
//!
//! A single fsync then serves many callers. Everybody is answered after the commit; if the commit fails, everybody
//! is told so, and trying again with the same command id is safe whatever became of it.

use std::collections::HashMap;

use domain::Constraint;
use metrics::histogram;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::check::{Known, Verdict};
use super::leaf::{Leaf, leaf_hash};
use super::{Append, AppendError, Appended, Draft, Pending, StreamId, beside, postgres, sqlite};
use crate::db::{Db, Tx};
use crate::timestamp::Timestamp;

/// How many appends one transaction takes at most.
const BATCH: usize = 256;

pub(super) async fn run(db: Db, mut waiting: mpsc::Receiver<Pending>, head: watch::Sender<i64>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        histogram!("portal_append_batch_size").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        let appends: Vec<&Append> = batch.iter().map(|pending| &pending.append).collect();
        let answers = commit(&db, &appends).await;
        if let Err(error) = &answers {
            tracing::warn!(%error, appends = batch.len(), "an append failed");
        }
        match answers {
            Ok((answers, position)) => {
                head.send_if_modified(|head| std::mem::replace(head, position) < position);
                for (pending, answer) in batch.drain(..).zip(answers) {
                    let _caller_left = pending.answer.send(answer);
                }
            }
            Err(error) => {
                let error = AppendError::from(error);
                for pending in batch.drain(..) {
                    let _caller_left = pending.answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Judges and writes one batch; gives the answers and the last position of the log.
async fn commit(
    db: &Db,
    batch: &[&Append],
) -> Result<(Vec<Result<Appended, AppendError>>, i64), sqlx::Error> {
    let mut tx = db.begin().await?;
    let mut known = match &mut tx {
        Tx::Postgres(tx) => postgres::lock_and_read(tx, batch).await?,
        Tx::Sqlite(tx) => sqlite::read(tx, batch).await?,
    };
    known.people = beside::read(&mut tx, batch).await?;
    let verdicts: Vec<Verdict> = batch.iter().map(|append| known.judge(append)).collect();
    let rows = Rows::new(batch, &verdicts, &known);
    if !rows.events.is_empty() {
        match &mut tx {
            Tx::Postgres(tx) => postgres::write(tx, &rows).await?,
            Tx::Sqlite(tx) => sqlite::write(tx, &rows).await?,
        }
    }
    beside::write(&mut tx, batch, &verdicts, &known).await?;
    tx.commit().await?;
    let answers = verdicts.into_iter().map(|verdict| match verdict {
        Verdict::Write(appended) | Verdict::Repeat(appended) => Ok(appended),
        Verdict::Refuse(refusal) => Err(refusal),
    });
    Ok((answers.collect(), known.position))
}

/// Everything that one transaction writes.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) events: Vec<EventRow<'a>>,
    pub(super) claims: Vec<ClaimRow<'a>>,
    /// Name, value afterwards, floor.
    pub(super) guards: Vec<(&'a str, i64, i64)>,
    pub(super) commands: Vec<CommandRow>,
}

pub(super) struct EventRow<'a> {
    pub(super) position: i64,
    pub(super) stream: &'a StreamId,
    pub(super) sequence: i64,
    pub(super) event_type: &'a str,
    pub(super) event_version: &'a str,
    pub(super) payload: &'a str,
    pub(super) metadata: String,
    pub(super) recorded_at: Timestamp,
    pub(super) leaf_hash: [u8; 32],
}

pub(super) struct ClaimRow<'a> {
    pub(super) namespace: &'a str,
    pub(super) key: &'a str,
    pub(super) stream: &'a StreamId,
    pub(super) position: i64,
}

pub(super) struct CommandRow {
    pub(super) command_id: Uuid,
    pub(super) fingerprint: [u8; 32],
    pub(super) actor: String,
    pub(super) appended: Appended,
}

impl<'a> Rows<'a> {
    fn new(batch: &[&'a Append], verdicts: &[Verdict], known: &Known) -> Self {
        let mut rows = Self::default();
        for (append, verdict) in batch.iter().zip(verdicts) {
            if let Verdict::Write(appended) = verdict
                && !append.events.is_empty()
            {
                rows.add(append, *appended, known);
            }
        }
        rows
    }

    fn add(&mut self, append: &'a Append, appended: Appended, known: &Known) {
        let metadata = serde_json::to_string(&append.metadata).expect("metadata are plain values");
        let places = (appended.first_position..).zip(append.after + 1..);
        for (draft, (position, sequence)) in append.events.iter().zip(places) {
            let (stream, recorded_at, metadata) = (&append.stream, known.now, metadata.clone());
            let Draft { event_type, event_version, payload, .. } = draft;
            let fields =
                [&stream.kind, &stream.id, event_type, event_version, payload, &metadata].map(String::as_str);
            let leaf_hash = leaf_hash(&Leaf { position, recorded_at, sequence, fields });
            self.events.push(EventRow {
                position,
                stream,
                sequence,
                event_type,
                event_version,
                payload,
                metadata,
                recorded_at,
                leaf_hash,
            });
            self.constrain(&draft.constraints, stream, position, &known.guards);
        }
        self.commands.push(CommandRow {
            command_id: append.metadata.command,
            fingerprint: append.fingerprint,
            actor: append.metadata.actor.to_string(),
            appended,
        });
    }

    /// What an event claims, and the counts as they stand after the whole batch.
    pub(super) fn constrain(
        &mut self,
        constraints: &'a [Constraint],
        stream: &'a StreamId,
        position: i64,
        guards: &HashMap<String, i64>,
    ) {
        for constraint in constraints {
            match constraint {
                Constraint::Claim { namespace, key } => {
                    self.claims.push(ClaimRow { namespace, key, stream, position });
                }
                Constraint::Guard { name, floor, .. } => {
                    self.guards.retain(|(other, ..)| other != name);
                    self.guards.push((name, guards[*name], *floor));
                }
            }
        }
    }
}
