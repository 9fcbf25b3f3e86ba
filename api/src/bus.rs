//! The one door for commands.
//!
//! ```text
//! turn ─► load ─► authorise ─► proven? ─► expected? ─► decide ─► append ─► wait ─► receipt
//!                     │           │           │           │         │
//!                     │       a question      │           │         │
//!                     └──── refusal ──────────┴───────────┴─────────┘
//!                   (of what was done before: its first answer; else recorded, apart from the log)
//! ```
//!
//! **Invariant:** nothing else appends events. A command with the id of one that was carried out gives its first
//! answer. Commands to one stream are decided one after the other. One that expects no sequence is tried again when
//! another process was quicker, and never refused because others came.

mod authorize;
mod envelope;
mod queue;
mod receipt;
mod refusal;
pub mod sensitive;

use std::time::Duration;

use crate::clock;
use cqrs_es::EventStore;
use domain::grant::GrantPolicy;
use domain::values::PersonId;
use domain::{Decider, Metadata};
use metrics::counter;
use projections::access_log::{self, Refused};
use projections::event_log::{
    Append, AppendError, Appended, Authority, Draft, Loaded, SequenceRange, StreamId,
};
use projections::grants::{self, ActiveGrant};
use projections::projector::FoldError;
use projections::{Db, EventLog, Projector, StoreError, from_streams};
use tokio::time::Instant;

use self::envelope::{fingerprint, name_of};
use self::queue::StreamQueue;
pub use authorize::{Authorize, CommandRequirement, PROOF_MINUTES, Principal, is_fresh};
pub use envelope::Envelope;
pub use receipt::Receipt;
pub use refusal::{Refusal, RefusedCommand, SendError};

#[derive(Clone)]
pub struct Bus {
    db: Db,
    log: EventLog,
    projector: Projector,
    policy: GrantPolicy,
    queue: StreamQueue,
}

/// What a command would record if it were sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun<E> {
    /// Empty if the command would change nothing.
    pub events: Vec<E>,
    /// The sequence that the aggregate has reached.
    pub sequence: i64,
}

/// A command on its way: who sends it, to which aggregate, and with what.
struct CommandRequest<'a, A: Authorize> {
    principal: &'a Principal,
    id: A::Id,
    command: A::Command,
    envelope: &'a Envelope,
}

/// How long a command waits for its turn at a stream and tries against other processes, before its sender is told to send
/// it again later.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_millis(64);

/// How long an answer waits for the read models.
const WAIT: Duration = Duration::from_secs(3);

impl Bus {
    pub fn new(db: Db, log: EventLog, projector: Projector, policy: GrantPolicy) -> Self {
        Self { db, log, projector, policy, queue: StreamQueue::default() }
    }

    /// Makes the same bus under another policy.
    #[must_use]
    pub fn under(self, policy: GrantPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Carries out a command on the aggregate `id`, or says why not.
    pub async fn send<A: Authorize>(
        &self,
        principal: &Principal,
        id: A::Id,
        command: impl Into<A::Command>,
        envelope: Envelope,
    ) -> Result<Receipt, SendError<A::Error>>
    where
        A::Command: std::fmt::Debug,
    {
        let command = command.into();
        let name = name_of(&command);
        let stream = StreamId::of::<A>(id.clone());
        let request = CommandRequest::<A> { principal, id, command, envelope: &envelope };
        let result = self.carry_out(request).await;
        counter!("portal_commands_total", "outcome" => result.as_ref().map_or_else(SendError::outcome, |_| "done")).increment(1);
        // A request for a proof is not a refusal yet, a command with an unknown outcome may have been done, and an alarm
        // concerns everybody. None of them is kept as a refusal.
        if let Err(refusal) = &result
            && !matches!(refusal, SendError::ProofNeeded(_) | SendError::Unknown | SendError::Stopped(_))
        {
            let refused = RefusedCommand { name: &name, why: &refusal.to_string() };
            self.record(principal, &stream, refused, &envelope).await;
        }
        // The page names whoever was quicker from the read models, so these have to be up to date.
        if let Err(SendError::Taken { .. } | SendError::Stale { .. }) = &result {
            self.catch_up().await?;
        }
        let (appended, last) = result?;
        let position = appended.map_or(last, |appended| appended.last_position);
        let still_updating = self.projector.wait_for(position, WAIT).await.is_err();
        let sequence = appended.map_or(0, |appended| appended.sequence);
        Ok(Receipt { position, sequence, still_updating })
    }

    /// Does everything short of the append: says what a command would do, or why it would be refused. It asks for no proof
    /// and leaves no trace.
    pub async fn dry_run<A: Authorize>(
        &self,
        principal: &Principal,
        id: &A::Id,
        command: A::Command,
    ) -> Result<DryRun<A::Event>, SendError<A::Error>> {
        let loaded = self.load::<A>(id).await?;
        self.allow(principal, &command, &[Some(A::right(&command))], loaded.aggregate.as_ref())?;
        let events = loaded.aggregate.decide(command).map_err(SendError::Rule)?;
        Ok(DryRun { events, sequence: loaded.sequence })
    }

    /// Keeps a refusal of something that never became a command.
    pub async fn refuse<A: Decider>(
        &self,
        principal: &Principal,
        id: &A::Id,
        refused: RefusedCommand<'_>,
        envelope: &Envelope,
    ) {
        self.record(principal, &StreamId::of::<A>(id.clone()), refused, envelope).await;
    }

    /// Carries out the command, or gives the first answer if the same command was carried out before. The append recognises
    /// a repeat; where the decision already refuses it, the log is asked.
    async fn carry_out<A: Authorize>(
        &self,
        request: CommandRequest<'_, A>,
    ) -> Result<(Option<Appended>, i64), SendError<A::Error>> {
        let CommandRequest { principal, id, command, envelope } = &request;
        let mut metadata = Metadata::new(principal.actor(), envelope.command_id);
        metadata.address = envelope.address;
        metadata.correlation = envelope.correlation.unwrap_or(envelope.command_id);
        metadata.causation = envelope.causation;
        metadata.reverts = envelope.reverts;
        let append = Append {
            stream: StreamId::of::<A>(id.clone()),
            after: 0,
            events: vec![],
            metadata,
            fingerprint: fingerprint::<A>(id, command, envelope),
            authority: None,
            beside: envelope.beside.clone(),
        };
        match self.decide_and_append(request, append.clone()).await {
            // Nothing had to change. This very command may have done it before, or another command with the same id.
            Ok((None, last)) => Ok((self.first_answer(&append).await?, last)),
            Err(refusal @ (SendError::Rule(_) | SendError::Stale { .. })) => {
                self.first_answer(&append).await?.map(|first| (Some(first), 0)).ok_or(refusal)
            }
            result => result,
        }
    }

    /// Gives the answer of an earlier command with the same id, if there was one.
    async fn first_answer<E: std::error::Error>(
        &self,
        append: &Append,
    ) -> Result<Option<Appended>, SendError<E>> {
        let Some(done) = self.log.command(append.metadata.command).await? else { return Ok(None) };
        let same = done.fingerprint == append.fingerprint && done.actor == append.metadata.actor.to_string();
        if same { Ok(Some(done.appended())) } else { Err(SendError::CommandReused) }
    }

    async fn decide_and_append<A: Authorize>(
        &self,
        request: CommandRequest<'_, A>,
        mut append: Append,
    ) -> Result<(Option<Appended>, i64), SendError<A::Error>> {
        let CommandRequest { principal, id, command, envelope } = request;
        let (mut principal, until) = (principal.clone(), Instant::now() + PATIENCE);
        let _turn = self.queue.turn(&append.stream, until).await.ok_or(SendError::Unavailable)?;
        for attempt in 0_u32.. {
            let begins = attempt == 0 && A::begins(&command);
            let loaded = if begins { Loaded::unborn(&id) } else { self.load::<A>(&id).await? };
            append.after = loaded.sequence;
            let rights = [Some(A::right(&command)), envelope.reverts.map(|_| CommandRequirement::Superadmin)];
            append.authority =
                authority(self.admit(&principal, &command, &rights, loaded.aggregate.as_ref())?);
            self.expect::<A>(envelope, &loaded, &append.stream).await?;
            let events = loaded.aggregate.decide(command.clone()).map_err(SendError::Rule)?;
            if events.is_empty() {
                return Ok((None, self.log.last_position().await?));
            }
            append.events = events.iter().map(Draft::of::<A>).collect();
            drop(loaded); // what comes next is folded into it, not into a copy
            match self.log.append(append.clone()).await {
                Ok(appended) => return Ok((Some(appended), 0)),
                Err(AppendError::Conflict { .. }) => {} // look again, and decide again
                Err(AppendError::AuthorityChanged) => principal = self.as_of_now(&principal).await?,
                Err(refused) => return Err(refused.into()),
            }
            let pause = PAUSE.min(Duration::from_millis(1 << attempt.min(6)));
            if Instant::now() + pause >= until {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        Err(SendError::Unavailable)
    }

    /// Gives the grant by which the principal may do this. Where it is sensitive, a recent proof is needed too.
    fn admit<'a, A: Authorize>(
        &self,
        principal: &'a Principal,
        command: &A::Command,
        rights: &[Option<CommandRequirement>],
        aggregate: &A,
    ) -> Result<Option<&'a ActiveGrant>, SendError<A::Error>> {
        let grant = self.allow(principal, command, rights, aggregate)?;
        match A::act(command).asks() {
            Some(what) if !principal.is_proven() => Err(SendError::ProofNeeded(what)),
            Some(_) | None => Ok(grant),
        }
    }

    /// Gives the grant by which the principal has every right that is asked for; none if these rights need no grant.
    fn allow<'a, A: Authorize>(
        &self,
        principal: &'a Principal,
        command: &A::Command,
        rights: &[Option<CommandRequirement>],
        aggregate: &A,
    ) -> Result<Option<&'a ActiveGrant>, SendError<A::Error>> {
        let mut grant = None;
        for right in rights.iter().flatten() {
            grant = principal.has(*right, aggregate, command).ok_or(SendError::Forbidden)?;
        }
        if let Some(why) = principal.bound_by(self.policy).and_then(|policy| A::against(command, &policy)) {
            return Err(SendError::Rule(why));
        }
        Ok(grant)
    }

    /// The same person with the grant that they hold now.
    async fn as_of_now(&self, principal: &Principal) -> Result<Principal, StoreError> {
        let Principal::Person { person, proven_at, .. } = principal else { return Ok(principal.clone()) };
        self.catch_up().await?;
        let (read, now) = (grants::active(&self.db, person.0, clock::now()).await?, clock::now());
        let grant = match from_streams::grant(&self.projector, *person, read, now).await {
            Ok(grant) => grant,
            Err(FoldError::Database(error)) => return Err(error),
            Err(_) => None, // what can't be read gives nothing
        };
        Ok(Principal::Person { person: *person, grant, proven_at: *proven_at })
    }

    /// Waits for the read models to reach the end of the log, but not for long.
    async fn catch_up(&self) -> Result<(), StoreError> {
        let _waited_long_enough = self.projector.wait_for(self.log.last_position().await?, WAIT).await;
        Ok(())
    }

    async fn load<A: Decider>(&self, id: &A::Id) -> Result<Loaded<A>, SendError<A::Error>> {
        EventStore::<A>::load_aggregate(&self.log, &id.to_string()).await.map_err(SendError::from)
    }

    /// Refuses a command that was decided on a page which is no longer true.
    async fn expect<A: Decider>(
        &self,
        envelope: &Envelope,
        loaded: &Loaded<A>,
        stream: &StreamId,
    ) -> Result<(), SendError<A::Error>> {
        match envelope.expected_sequence {
            Some(expected) if expected != loaded.sequence => {
                let range = SequenceRange { after: expected.max(0), up_to: loaded.sequence };
                let since = self.log.latest(stream, range).await?;
                Err(SendError::Stale { sequence: loaded.sequence, since })
            }
            _ => Ok(()),
        }
    }

    async fn record(
        &self,
        principal: &Principal,
        target: &StreamId,
        refused: RefusedCommand<'_>,
        envelope: &Envelope,
    ) {
        let refused = Refused {
            entry_id: clock::new_id(),
            at: clock::now(),
            actor: principal.actor().to_string(),
            command: refused.name.to_owned(),
            target: format!("{}:{}", target.kind, target.id),
            refusal: refused.why.to_owned(),
            address: envelope.address.map(|address| address.to_string()),
            command_id: Some(envelope.command_id),
            correlation_id: envelope.correlation,
        };
        tracing::info!(command = refused.command, target = refused.target, why = refused.refusal, "refused");
        if let Err(error) = access_log::record(&self.db, &refused).await {
            tracing::warn!(%error, "a refusal could not be recorded");
        }
    }
}

/// The stream that gave the right, with its sequence at that time and the end of the grant.
fn authority(grant: Option<&ActiveGrant>) -> Option<Authority> {
    grant.map(|grant| Authority {
        stream: StreamId::of::<domain::Grant>(PersonId(grant.person_id())),
        sequence: grant.sequence(),
        from: grant.from(),
        until: grant.until(),
    })
}
