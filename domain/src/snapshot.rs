//! The state of an aggregate as bytes, so that a long stream need not be folded from its first event each time a
//! process starts.
//!
//! **Invariant:** a state that was read back from bytes is the one that its events give. Bytes of another
//! [`Snapshot::FOLD`] are never read.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// An aggregate whose state can be kept beside its events.
pub trait Snapshot: Serialize + DeserializeOwned {
    /// Raise it when `apply` does something else with an event than before, or when the bytes look different.
    const FOLD: i64;

    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a state is plain values")
    }

    /// Returns nothing if the bytes are not of this version.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Takes the long parts that are the same in both states out of both.
    fn apart(before: Self, after: Self) -> (Self, Self) {
        (before, after)
    }

    /// Roughly how many bytes of memory the state takes.
    fn weight(&self) -> usize;
}
