//! The input of every fold, and the errors that it may give.
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

impl FoldError {
    /// Says whether the database did not answer, which says nothing of the log.
    pub(crate) fn is_away(&self) -> bool {
        match self {
            Self::Database(error) | Self::Read(ReadError::Database(error)) => crate::is_away(error),
            Self::Read(_) | Self::Poison { .. } | Self::Newer { .. } | Self::Superseded { .. } => false,
        }
    }
}

/// A recorded event, decoded once for all projections.
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

    /// Says whether the event and its metadata are what was written, and could be read.
    pub(crate) fn is_whole(&self) -> bool {
        self.event.is_ok() && self.metadata.is_ok()
    }

    pub(crate) fn poison(&self, why: &(impl ToString + ?Sized)) -> FoldError {
        FoldError::Poison { position: self.recorded.position, why: why.to_string() }
    }

    /// The reason why this version can't read the event, if a newer one can.
    pub(crate) fn newer(&self) -> Option<&Unreadable> {
        self.event.as_ref().err().filter(|why| why.is_newer())
    }

    /// The decoded event, or the reason to park its aggregate.
    pub(crate) fn event(&self) -> Result<&AnyEvent, FoldError> {
        self.event.as_ref().map_err(|why| match why {
            Unreadable::Newer { .. } => {
                FoldError::Newer { position: self.recorded.position, why: why.to_string() }
            }
            Unreadable::Damaged { .. } => self.poison(why),
        })
    }

    /// The metadata, or the reason to park the aggregate.
    pub(crate) fn metadata(&self) -> Result<&Metadata, FoldError> {
        self.metadata.as_ref().map_err(|why| self.poison(why))
    }
}

/// The keys of the aggregates that existed before these events. An aggregate that begins with them has no rows yet.
pub(crate) fn begun_before(entries: &[&Entry]) -> Vec<Uuid> {
    let mut seen = HashSet::new();
    let first = entries.iter().filter(|entry| seen.insert(entry.recorded.aggregate_id.as_str()));
    let older = first.filter(|entry| entry.recorded.sequence > 1);
    older.map(|entry| key_of(&entry.recorded.aggregate_id)).collect()
}
