//! Imports events that were recorded elsewhere, unchanged: position, time and hash included.

use std::collections::HashMap;

use domain::{Constraint, Unreadable, event};
use uuid::Uuid;

use super::alarm::Seen;
use super::check::BatchState;
use super::statements::{self, BatchRows, CommandRow, EventRow, Id};
use super::{EventLog, Recorded, StreamId};

/// Why events were not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the log stands at #{stands}, so #{found} can't be next")]
    NotNext { stands: i64, found: i64 },
    #[error("#{0} was changed: its hash is not the hash of what stands there")]
    Changed(i64),
    #[error("#{0}: another process runs an older version, which can't read it; finish the upgrade first")]
    OlderProcess(i64),
    #[error("#{position}: {why}")]
    Unreadable { position: i64, why: Unreadable },
    #[error("{0}")]
    Database(#[from] sqlx::Error),
}

impl EventLog {
    /// Writes events at their own positions after the end of the log, all or none of them. Events of one command must
    /// come together.
    pub async fn import(&self, events: &[Recorded]) -> Result<(), ImportError> {
        let mut tx = self.db.begin_appending().await?;
        let BatchState { position: mut stands, mut guards, standing, feature_level, .. } =
            statements::look(&mut tx, &[], Seen::default()).await?;
        let mut read = Vec::with_capacity(events.len());
        for event in events {
            if event.position != stands + 1 {
                return Err(ImportError::NotNext { stands, found: event.position });
            }
            if !event.is_intact() {
                return Err(ImportError::Changed(event.position));
            }
            let needed = event::level(&event.aggregate_type, &event.event_type, &event.event_version);
            if needed.zip(feature_level).is_some_and(|(needed, lowest)| needed > lowest) {
                return Err(ImportError::OlderProcess(event.position));
            }
            read.push(Read::new(event, &mut guards)?);
            stands = event.position;
        }
        let rows = rows(&read, &guards);
        statements::write(&mut tx, &rows).await?;
        // Notes the time as believed: whoever imports has looked at the clock, and the next event may be much later.
        statements::beat(&mut tx, standing.clock).await?;
        Ok(tx.commit().await?)
    }
}

/// An event with the rows that are written beside it.
struct Read<'a> {
    event: &'a Recorded,
    stream: StreamId,
    constraints: Vec<Constraint>,
    command: Uuid,
    actor: String,
}

impl<'a> Read<'a> {
    fn new(event: &'a Recorded, guards: &mut HashMap<String, i64>) -> Result<Self, ImportError> {
        let unreadable = |why| ImportError::Unreadable { position: event.position, why };
        let constraints = event.decode().map_err(unreadable)?.constraints();
        for constraint in &constraints {
            if let Constraint::Guard { name, delta, .. } = constraint {
                *guards.entry((*name).to_owned()).or_default() += delta;
            }
        }
        let metadata = event.metadata().map_err(unreadable)?;
        let (command, actor) = (metadata.command, metadata.actor.to_string());
        Ok(Self { event, stream: event.stream(), constraints, command, actor })
    }
}

/// Fingerprints are not in the log: an imported command is known by its id, and repeating it is refused.
const NO_FINGERPRINT: [u8; 32] = [0; 32];

fn rows<'a>(read: &'a [Read<'a>], guards: &HashMap<String, i64>) -> BatchRows<'a> {
    let mut rows = BatchRows::default();
    for Read { event, stream, constraints, command, actor } in read {
        rows.events.push(EventRow {
            position: event.position,
            aggregate_type: &stream.kind,
            aggregate_id: &stream.id,
            sequence: event.sequence,
            event_type: &event.event_type,
            event_version: &event.event_version,
            payload: &event.payload,
            metadata: event.metadata.clone(),
            recorded_at: event.recorded_at,
            leaf_hash: event.leaf_hash.as_slice().try_into().expect("an intact event has a hash of 32 bytes"),
        });
        rows.constrain(constraints, stream, event.position, guards);
        let (first_position, last_position, sequence) = (event.position, event.position, event.sequence);
        match rows.commands.last_mut() {
            Some(last) if last.command_id.0 == *command => {
                (last.last_position, last.sequence) = (last_position, sequence);
            }
            _ => rows.commands.push(CommandRow {
                command_id: Id(*command),
                fingerprint: NO_FINGERPRINT,
                actor: actor.clone(),
                first_position,
                last_position,
                sequence,
            }),
        }
    }
    rows
}
