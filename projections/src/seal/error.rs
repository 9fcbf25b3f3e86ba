//! Why nothing is sealed.

use super::Checkpoint;
use crate::event_log::ReadError;

/// Why nothing is sealed. The text is read by whoever runs the portal.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("#{0} was changed: its hash is not the hash of what stands there")]
    Changed(i64),
    #[error(
        "a checkpoint of {signed} events was signed, and the log has {stands}: later ones were removed, or this is a \
         restore of an earlier moment. If it is, make a key with a new origin: docs/PROOF.md says how"
    )]
    Behind { signed: u64, stands: u64 },
    #[error(
        "the log does not begin with the {signed} events of which a checkpoint was signed: it was changed, or this is \
         a restore of an earlier moment that went on differently. `portal verify` says more; docs/PROOF.md says what \
         to do"
    )]
    Other { signed: u64 },
    #[error(
        "nobody here remembers what was signed of {origin}: no checkpoint log that this process reads has anything of it, no \
         other process has answered, and the log has {} events already, which anybody may have written. Put the newest \
         checkpoint log in its place; or, if these events are to be trusted as they are now, run: portal seal --trust {}",
        .0.size, .0.named(), origin = .0.origin
    )]
    Unremembered(Checkpoint),
    #[error(
        "this database is a copy of another portal's log up to #{0}, made to look around in. It is not sealed: what happens \
         here would contradict what is signed of the other one"
    )]
    Copied(i64),
    #[error("the checkpoint of {signed} events bears no signature of this key")]
    Forged { signed: u64 },
    #[error("what is kept in the table seal for {0} is no tree")]
    Damaged(String),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{0}")]
    Database(#[from] sqlx::Error),
}
