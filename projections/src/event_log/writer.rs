//! The one task of this process that appends: it takes all appends that wait and writes them in one transaction.
//!
//! A single fsync then serves many callers. Everybody is answered after the commit. Where the answer to a commit is lost,
//! the same batch is judged again: what was recorded gives its first answer, and what was not is recorded now. Only
//! where the store can't be reached for that either, nobody knows, and everybody is told so.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::Constraint;
use metrics::histogram;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::alarm::Watchman;
use super::check::{BatchState, Verdict};
use super::companion::{CompanionRows, InvitedPerson, Joined};
use super::leaf::{Leaf, leaf_hash};
use super::statements::{
    self, BatchRows, ClaimRow, CommandRow, EventRow, GuardRow, Id, JoinedRow, LinkRow, PersonRow,
};
use super::{Append, AppendError, Appended, Draft, PendingAppend, StreamId};
use crate::db::Db;

/// How many appends one transaction takes at most.
const BATCH: usize = 256;

/// How long appends wait at most for those who are likely to come at any moment.
const LINGER: Duration = Duration::from_millis(5);

/// How long the next batch waits for the read models to have the last one.
const FOLDING: Duration = Duration::from_millis(25);

/// The writer task's state.
pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) waiting: mpsc::Receiver<PendingAppend>,
    pub(super) head: watch::Sender<i64>,
    pub(super) folded: watch::Receiver<i64>,
    pub(super) watchman: Arc<Watchman>,
}

/// The last batch: how many appends it answered, and how long that took.
#[derive(Clone, Copy, Default)]
struct LastBatch {
    answered: usize,
    took: Duration,
}

impl Writer {
    pub(super) async fn run(mut self) {
        let (mut batch, mut last) = (Vec::with_capacity(BATCH), LastBatch::default());
        while self.collect(&mut batch, last).await {
            let started = Instant::now();
            last.answered = batch.len();
            histogram!("portal_append_batch_size").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
            let appends: Vec<&Append> = batch.iter().map(|pending| &pending.append).collect();
            match settle_each(&self.db, &self.watchman, &appends).await {
                Ok((answers, position)) => {
                    self.head.send_if_modified(|head| {
                        let moved = *head < position;
                        *head = position.max(*head);
                        moved
                    });
                    for (pending, answer) in batch.drain(..).zip(answers) {
                        let _caller_left = pending.answer.send(answer);
                    }
                    let folded = self.folded.wait_for(|at| *at >= position);
                    let _or_not = tokio::time::timeout(FOLDING, folded).await;
                }
                Err(error) => {
                    tracing::warn!(%error, appends = batch.len(), "an append failed");
                    for pending in batch.drain(..) {
                        let _caller_left = pending.answer.send(Err(error.clone()));
                    }
                }
            }
            last.took = started.elapsed();
        }
    }

    /// Takes all appends that wait, once there is one. Whoever was answered last has what they did in the read models
    /// now, and is likely to come again at once, so they get a moment: one large batch costs little more than each of
    /// two that take turns. False when the log is closed.
    async fn collect(&mut self, batch: &mut Vec<PendingAppend>, last: LastBatch) -> bool {
        let likely = self.waiting.len() + last.answered;
        if self.waiting.recv_many(batch, BATCH).await == 0 {
            return false;
        }
        let until = Instant::now() + (last.took / 2).min(LINGER);
        while batch.len() < likely.min(BATCH) {
            let room = BATCH - batch.len();
            let more = tokio::time::timeout_at(until, self.waiting.recv_many(batch, room));
            if !more.await.is_ok_and(|came| came > 0) {
                break;
            }
        }
        true
    }
}

/// The answers to a batch, and the last position of the log.
type Answers = (Vec<Result<Appended, AppendError>>, i64);

/// How far a failed batch came.
enum BatchFailure {
    /// The store was not reached, or did not answer the first read.
    Unreached(sqlx::Error),
    /// The log was read under the lock, and nothing was added to it.
    NotDone(sqlx::Error),
    /// The store was told to commit, and did not answer.
    InDoubt(sqlx::Error),
}

/// The longest wait for a batch. It is longer than any lock may last, and not for ever, because the network may fail
/// silently.
const PATIENCE: Duration = Duration::from_secs(12);

/// How long the store is asked what became of a batch whose commit got no answer, and how often.
const DOUBT: Duration = Duration::from_secs(5);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Writes a batch. If the database refuses it, the appends are written one by one, so that one bad append fails alone.
async fn settle_each(db: &Db, watchman: &Watchman, batch: &[&Append]) -> Result<Answers, AppendError> {
    let refused = match settle(db, watchman, batch).await {
        Err(AppendError::Store(error)) if batch.len() > 1 && !crate::is_away(&error) => error,
        ended => return ended,
    };
    tracing::warn!(error = %refused, appends = batch.len(), "a batch is refused, and written one by one");
    let (mut answers, mut position) = (vec![], 0);
    for append in batch {
        match settle(db, watchman, std::slice::from_ref(append)).await {
            Ok((one, last)) => {
                answers.extend(one);
                position = position.max(last);
            }
            Err(error) => answers.push(Err(error)),
        }
    }
    Ok((answers, position))
}

/// Writes a batch. If it is in doubt whether it was written, it is decided again: no command is carried out twice.
async fn settle(db: &Db, watchman: &Watchman, batch: &[&Append]) -> Result<Answers, AppendError> {
    let mut doubted = None;
    loop {
        let ended = tokio::time::timeout(PATIENCE, commit(db, watchman, batch)).await;
        let error = match ended.unwrap_or(Err(BatchFailure::InDoubt(sqlx::Error::PoolTimedOut))) {
            Ok(answers) => return Ok(answers),
            Err(BatchFailure::NotDone(error)) => return Err(AppendError::Store(error.into())),
            Err(BatchFailure::Unreached(error)) if doubted.is_none() => {
                return Err(AppendError::Store(error.into()));
            }
            Err(BatchFailure::Unreached(error) | BatchFailure::InDoubt(error)) => error,
        };
        let until = *doubted.get_or_insert_with(|| Instant::now() + DOUBT);
        if Instant::now() >= until || db.is_closed() {
            return Err(AppendError::Unknown(error.into()));
        }
        tracing::warn!(%error, appends = batch.len(), "asking what became of an append");
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Decides about one batch and writes it.
async fn commit(db: &Db, watchman: &Watchman, batch: &[&Append]) -> Result<Answers, BatchFailure> {
    let mut tx = db.begin_appending().await.map_err(BatchFailure::Unreached)?;
    let mut known =
        statements::look(&mut tx, batch, watchman.seen()).await.map_err(BatchFailure::Unreached)?;
    if let Err(alarm) = watchman.check(&known.standing) {
        let refused = batch.iter().map(|_| Err(AppendError::Stopped(alarm.clone())));
        return Ok((refused.collect(), known.position));
    }
    let goes_back = known.put_time_right();
    let verdicts: Vec<Verdict> = batch.iter().map(|append| known.judge(append)).collect();
    let rows = BatchRows::new(batch, &verdicts, &known);
    if rows.is_empty() {
        drop(tx); // rolled back, which nobody has to wait for
    } else {
        statements::write(&mut tx, &rows).await.map_err(BatchFailure::NotDone)?;
        if goes_back && !rows.events.is_empty() {
            statements::accept_jump(&mut tx, None).await.map_err(BatchFailure::NotDone)?;
        }
        tx.commit().await.map_err(BatchFailure::InDoubt)?;
    }
    let last = rows.events.last().map(|event| event.leaf_hash.to_vec()).or(known.standing.last_hash);
    watchman.saw(known.position, last.unwrap_or_default());
    let answers = verdicts.into_iter().map(|verdict| match verdict {
        Verdict::Write(appended) | Verdict::Repeat(appended) => Ok(appended),
        Verdict::Refuse(refusal) => Err(refusal),
    });
    Ok((answers.collect(), known.position))
}

impl<'a> BatchRows<'a> {
    fn new(batch: &[&'a Append], verdicts: &[Verdict], known: &BatchState) -> Self {
        let mut rows = Self::default();
        for (append, verdict) in batch.iter().zip(verdicts) {
            if let Verdict::Write(appended) = verdict
                && !append.events.is_empty()
            {
                rows.add(append, *appended, known);
            }
            // A repeated append brings another link to the same invitation. A refused append leaves no trace.
            if let (Verdict::Write(_) | Verdict::Repeat(_), Some(beside)) = (verdict, &append.beside) {
                rows.stand_beside(beside, known);
            }
        }
        rows
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.links.is_empty() && self.joined.is_empty()
    }

    fn add(&mut self, append: &'a Append, appended: Appended, known: &BatchState) {
        let mut metadata = append.metadata.clone();
        if self.events.is_empty() {
            metadata.time_continues.clone_from(&known.time_continues);
        }
        let metadata = serde_json::to_string(&metadata).expect("metadata are plain values");
        let places = (appended.first_position..).zip(append.after + 1..);
        for (draft, (position, sequence)) in append.events.iter().zip(places) {
            let (stream, recorded_at, metadata) = (&append.stream, known.now, metadata.clone());
            let Draft { event_type, event_version, payload, .. } = draft;
            let fields =
                [&stream.kind, &stream.id, event_type, event_version, payload, &metadata].map(String::as_str);
            let leaf_hash = leaf_hash(&Leaf { position, recorded_at, sequence, fields });
            let StreamId { kind: aggregate_type, id: aggregate_id } = stream;
            self.events.push(EventRow {
                position,
                aggregate_type,
                aggregate_id,
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
        let Appended { first_position, last_position, sequence } = appended;
        self.commands.push(CommandRow {
            command_id: Id(append.metadata.command),
            fingerprint: append.fingerprint,
            actor: append.metadata.actor.to_string(),
            first_position,
            last_position,
            sequence,
        });
    }

    fn stand_beside(&mut self, beside: &'a CompanionRows, known: &BatchState) {
        match beside {
            CompanionRows::Invited(invited) => self.invite(invited, known),
            CompanionRows::Joined(Joined { person, name, password_hash }) => {
                let (person_id, name) = (Id(person.0), name.as_str());
                self.joined.push(JoinedRow { person_id, name, password_hash });
            }
        }
    }

    fn invite(&mut self, invited: &'a InvitedPerson, known: &BatchState) {
        let InvitedPerson { person, email, token_hash, link } = invited;
        self.people.push(PersonRow { person_id: Id(person.0), email: email.as_str(), created_at: known.now });
        self.links.push(LinkRow {
            token_hash: *token_hash,
            purpose: &link.purpose,
            person_id: Id(person.0),
            org_id: link.org_id.map(Id),
            invitation_id: link.invitation_id.map(Id),
            created_at: link.created_at,
            expires_at: link.expires_at,
        });
    }

    /// Adds the claims of an event, and the counts after the whole batch.
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
                    let StreamId { kind: aggregate_type, id: aggregate_id } = stream;
                    self.claims.push(ClaimRow { namespace, key, aggregate_type, aggregate_id, position });
                }
                Constraint::Guard { name, floor, .. } => {
                    self.guards.retain(|guard| guard.name != *name);
                    self.guards.push(GuardRow { name, value: guards[*name], floor: *floor });
                }
            }
        }
    }
}
