//! One line of an exported file.
//!
//! **Invariant:** a line that is not written, byte for byte, as portal writes it is refused.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Hash;
use crate::event_log::{Leaf, leaf_hash};
use crate::transfer::moment;

/// A borrowed line of an event. Further fields are refused, because nothing would prove them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BorrowedEventLine<'a> {
    pub(super) position: i64,
    #[serde(borrow)]
    recorded_at: Cow<'a, str>,
    #[serde(borrow)]
    aggregate_type: Cow<'a, str>,
    #[serde(borrow)]
    aggregate_id: Cow<'a, str>,
    sequence: i64,
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    event_version: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(borrow)]
    leaf_hash: Cow<'a, str>,
}

/// The most findings that are reported one by one.
pub(super) const TOLD: usize = 20;

/// The finding for an event that does not fit the hash beside it.
pub(super) const CHANGED: &str = "was changed: its hash is not the hash of what stands there";

/// The finding for an event that an export names in place of telling it.
pub(super) const UNTOLD: &str = "can't be read: the export only names it";

/// Reads a line, which must be byte for byte as portal writes it. The file may end without a line break.
pub(super) fn as_written<'a, T: Serialize + Deserialize<'a>>(line: &'a [u8]) -> Result<T, String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let read: T = serde_json::from_slice(line).map_err(|why| why.to_string())?;
    let written = serde_json::to_vec(&read).map_err(|why| why.to_string())?;
    if written == line { Ok(read) } else { Err("it is not written as portal writes it".to_owned()) }
}

impl BorrowedEventLine<'_> {
    /// The leaf hash, computed anew, and whether the hash beside the event is the same.
    pub(super) fn leaf(&self) -> Result<(Hash, bool), String> {
        if self.sequence < 0 {
            return Err("a sequence is no less than 0".to_owned());
        }
        let leaf = leaf_hash(&Leaf {
            position: self.position,
            recorded_at: moment(&self.recorded_at)?,
            sequence: self.sequence,
            fields: [
                &self.aggregate_type,
                &self.aggregate_id,
                &self.event_type,
                &self.event_version,
                self.payload.get(),
                self.metadata.get(),
            ],
        });
        Ok((leaf, hex::encode(leaf) == self.leaf_hash))
    }
}
