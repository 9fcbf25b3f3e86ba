//! What every read model is given to fold, and what it may answer.
//!
//! **Invariant:** a fold has no clock and no side effect, and never skips an event.

use std::collections::HashSet;

use domain::{AnyEvent, Metadata, Unreadable};
use uuid::Uuid;

use crate::event_log::{ReadError, Recorded};
use crate::table::key_of;

/// Why a batch could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// This event can't be folded, now or later: its aggregate is parked.
    #[error("#{position}: {why}")]
    Poison { position: i64, why: String },
    /// Only a newer version can read this event.
    #[error("#{position}: {why}")]
    Newer { position: i64, why: String },
    #[error("{name} is kept by version {version} of it; a newer portal runs on this database")]
    Superseded { name: &'static str, version: i64 },
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// An event with everything that folds ask of it, read once for all of them.
#[derive(Debug)]
pub(crate) struct Entry {
    pub recorded: Recorded,
    pub event: Result<AnyEvent, Unreadable>,
    pub metadata: Result<Metadata, Unreadable>,
}

impl Entry {
    pub(crate) fn read(recorded: Recorded) -> Self {
        let (event, metadata) = recorded.read();
        Self { recorded, event, metadata }
    }

    /// Whether it is what was written, and can be read.
    pub(crate) fn is_whole(&self) -> bool {
        self.event.is_ok() && self.metadata.is_ok()
    }

    pub(crate) fn poison(&self, why: &(impl ToString + ?Sized)) -> FoldError {
        FoldError::Poison { position: self.recorded.position, why: why.to_string() }
    }

    /// Why this version can't read it, if a newer one can.
    pub(crate) fn newer(&self) -> Option<&Unreadable> {
        self.event.as_ref().err().filter(|why| why.is_newer())
    }

    /// What happened, or the reason to park.
    pub(crate) fn event(&self) -> Result<&AnyEvent, FoldError> {
        self.event.as_ref().map_err(|why| match why {
            Unreadable::Newer { .. } => {
                FoldError::Newer { position: self.recorded.position, why: why.to_string() }
            }
            Unreadable::Damaged { .. } => self.poison(why),
        })
    }

    /// Who did it, or the reason to park.
    pub(crate) fn metadata(&self) -> Result<&Metadata, FoldError> {
        self.metadata.as_ref().map_err(|why| self.poison(why))
    }
}

/// The ids of the aggregates that were there before these events: what begins with them has no rows yet.
pub(crate) fn begun_before(entries: &[&Entry]) -> Vec<Uuid> {
    let mut seen = HashSet::new();
    let first = entries.iter().filter(|entry| seen.insert(entry.recorded.aggregate_id.as_str()));
    let older = first.filter(|entry| entry.recorded.sequence > 1);
    older.map(|entry| key_of(&entry.recorded.aggregate_id)).collect()
}
