//! The log as cqrs-es knows it: [`EventStore`].
//!
//! Its events are read by postgres-es on Postgres, and on SQLite by the same statement that exports use. The append is
//! ours on both (docs/decisions/0001-our-own-append.md says why), and so is the way to an aggregate, which does not begin
//! at its first event each time (docs/decisions/0024-a-command-costs-what-is-new.md).

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::persist::PersistedEventRepository;
use cqrs_es::{AggregateContext, AggregateError, DomainEvent, EventEnvelope, EventStore};
use domain::{Decider, Metadata, event};
use postgres_es::PostgresEventRepository;
use sha2::{Digest, Sha256};

use super::{Append, AppendError, Draft, EventLog, ReadError, StreamId};
use crate::db::Engine;

/// An aggregate with the sequence at which it stands. It is shared with whoever loads it next.
#[derive(Debug)]
pub struct Loaded<A> {
    pub id: String,
    pub aggregate: Arc<A>,
    pub sequence: i64,
}

impl<A: Decider> Loaded<A> {
    /// An aggregate that has no stream yet.
    pub fn unborn(id: &A::Id) -> Self {
        Self { id: id.to_string(), aggregate: Arc::default(), sequence: 0 }
    }
}

impl<A: Decider> AggregateContext<A> for Loaded<A> {
    fn aggregate(&mut self) -> &mut A {
        Arc::make_mut(&mut self.aggregate)
    }
}

impl<A: Decider> EventStore<A> for EventLog {
    type AC = Loaded<A>;

    async fn load_events(&self, id: &str) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        match &self.db.0 {
            Engine::Postgres { pool, .. } => {
                let repository = PostgresEventRepository::new(pool.clone());
                let events = repository.get_events::<A>(id).await?;
                events
                    .into_iter()
                    .map(|e| {
                        let payload = event::decode::<A, _>(&e.event_type, &e.event_version, e.payload);
                        envelope(e.aggregate_id, e.sequence, payload, &e.metadata.to_string())
                    })
                    .collect()
            }
            Engine::Sqlite { .. } => {
                let stream = StreamId { kind: A::TYPE.to_owned(), id: id.to_owned() };
                let events = self.stream(&stream, 0).await.map_err(unavailable)?;
                events
                    .into_iter()
                    .map(|e| {
                        let payload = e.event::<A>();
                        let sequence = usize::try_from(e.sequence).map_err(unexpected)?;
                        envelope(e.aggregate_id, sequence, payload, &e.metadata)
                    })
                    .collect()
            }
        }
    }

    async fn load_aggregate(&self, id: &str) -> Result<Loaded<A>, AggregateError<A::Error>> {
        self.up_to_date(id).await.map_err(|error| match error {
            ReadError::Database(error) if crate::is_away(&error) => unavailable(error),
            ReadError::Unreadable(why) => AggregateError::DeserializationError(Box::new(why)),
            ReadError::Database(_) | ReadError::Gap { .. } | ReadError::Twice(_) => unexpected(error),
        })
    }

    /// Appends what was decided on `context`. `metadata` holds the fields of [`Metadata`] as JSON, each by its name.
    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Loaded<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let fields: serde_json::Map<String, serde_json::Value> = metadata
            .iter()
            .map(|(name, text)| {
                (name.clone(), serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()))
            })
            .collect();
        let about: Metadata = serde_json::from_value(fields.into()).map_err(unexpected)?;
        let append = Append {
            stream: StreamId { kind: A::TYPE.to_owned(), id: context.id.clone() },
            events: events.iter().map(Draft::of::<A>).collect(),
            after: context.sequence,
            metadata: about,
            fingerprint: fingerprint::<A>(&context.id, &events),
            authority: None,
            beside: None,
        };
        match self.append(append).await {
            Ok(_) => Ok(events
                .into_iter()
                .zip(usize::try_from(context.sequence).map_err(unexpected)? + 1..)
                .map(|(payload, sequence)| {
                    let (aggregate_id, metadata) = (context.id.clone(), metadata.clone());
                    EventEnvelope { aggregate_id, sequence, payload, metadata }
                })
                .collect()),
            Err(AppendError::Conflict { .. }) => Err(AggregateError::AggregateConflict),
            Err(AppendError::Store(why) | AppendError::Unknown(why)) => Err(unavailable(why)),
            Err(refusal) => Err(unexpected(refusal)),
        }
    }
}

impl Draft {
    /// Makes a draft of an event of `A`, ready to be appended.
    pub fn of<A: Decider>(event: &A::Event) -> Self {
        Self {
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(event).expect("an event is plain values"),
            constraints: A::constraints(event),
        }
    }
}

/// Hashes the events that were decided, since cqrs-es does not show us the command itself. A command id that comes back
/// with other events is refused, and not taken for a repetition.
fn fingerprint<A: Decider>(id: &str, events: &[A::Event]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(format!("{} {id}", A::TYPE));
    for Draft { payload, .. } in events.iter().map(Draft::of::<A>) {
        hash.update([0]);
        hash.update(payload);
    }
    hash.finalize().into()
}

fn envelope<A: Decider>(
    aggregate_id: String,
    sequence: usize,
    payload: Result<A::Event, domain::Unreadable>,
    metadata: &str,
) -> Result<EventEnvelope<A>, AggregateError<A::Error>> {
    let payload = payload.map_err(|e| AggregateError::DeserializationError(Box::new(e)))?;
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(metadata).map_err(|e| AggregateError::DeserializationError(Box::new(e)))?;
    let metadata = fields.into_iter().map(|(name, value)| (name, value.to_string())).collect();
    Ok(EventEnvelope { aggregate_id, sequence, payload, metadata })
}

fn unavailable<E: std::error::Error>(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> AggregateError<E> {
    AggregateError::DatabaseConnectionError(error.into())
}

fn unexpected<E: std::error::Error>(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> AggregateError<E> {
    AggregateError::UnexpectedError(error.into())
}
