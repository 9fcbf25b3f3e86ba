//! One event with the proof that it is in the log, for somebody who has nothing else and no reason to trust us.
//!
//! **Invariant:** what [`evidence`] gives has been checked as [`Evidence::check`] does it, all but the signature.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::line::as_written;
use super::proof::{self, IndexedLeaf};
use super::standing::states;
use super::{Hash, PublicKey, SignedCheckpoint, nodes, position, size};
use crate::EventLog;
use crate::event_log::Recorded;
use crate::transfer::{EventLine, TransferError};

/// The event and its proof, as they are handed out in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The event, as a line of an export has it.
    event: EventLine,
    /// The event's position − 1.
    leaf_index: u64,
    /// Hashes in base64, from the event upwards.
    proof: Vec<String>,
    /// The checkpoint as a signed note.
    checkpoint: String,
}

/// Why there is no evidence for an event.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    #[error("nothing is sealed in this portal yet: docs/PROOF.md says how to begin")]
    NothingSealed,
    #[error("#{position} is not sealed yet: the last checkpoint is of {sealed} events")]
    NotYet { position: i64, sealed: u64 },
    #[error("there is no event #{0}")]
    NoEvent(i64),
    #[error("#{0} can't be proven: the log is not what was signed, and `portal verify` says where")]
    Broken(i64),
    #[error(transparent)]
    Line(#[from] TransferError),
    #[error("{0}")]
    Database(#[from] sqlx::Error),
}

/// The event at a position, with its proof in the tree of the newest checkpoint, or of one that witnesses have cosigned, if
/// it is in that. It takes a query for each bit of the tree's size, whatever the size.
pub async fn evidence(
    log: &EventLog,
    place: i64,
    cosigned: Option<SignedCheckpoint>,
) -> Result<Evidence, EvidenceError> {
    let noted = states(log.db()).await?.iter().find_map(super::standing::StoredTree::signed);
    let cosigned = cosigned.filter(|it| it.cosignatures() > 0 && it.checkpoint.size >= size(place));
    let signed = cosigned.or(noted);
    let Some(event) = log.at(&[place]).await?.pop().filter(|_| place > 0) else {
        let was_sealed = place > 0 && signed.is_some_and(|it| size(place) <= it.checkpoint.size);
        return Err(if was_sealed { EvidenceError::Broken(place) } else { EvidenceError::NoEvent(place) });
    };
    let SignedCheckpoint { checkpoint, .. } = signed.as_ref().ok_or(EvidenceError::NothingSealed)?;
    if size(place) > checkpoint.size {
        return Err(EvidenceError::NotYet { position: place, sealed: checkpoint.size });
    }
    let leaf_index = size(place) - 1;
    let path = nodes::roots(log.db(), &proof::inclusion(leaf_index, checkpoint.size)).await?;
    let path = path.ok_or(EvidenceError::Broken(place))?;
    let leaf = intact(&event).ok_or(EvidenceError::Broken(place))?;
    if !proof::includes(&path, IndexedLeaf { index: leaf_index, leaf }, checkpoint.head()) {
        return Err(EvidenceError::Broken(place));
    }
    Ok(Evidence {
        event: EventLine::of(event)?,
        leaf_index,
        proof: path.iter().map(|hash| BASE64_STANDARD.encode(hash)).collect(),
        checkpoint: signed.map(|signed| signed.text()).unwrap_or_default(),
    })
}

impl Evidence {
    /// Reads evidence, which must be written byte for byte as [`evidence`] is.
    pub fn read(text: &str) -> Result<Self, String> {
        as_written(text.as_bytes())
    }

    /// The checkpoint of the proof, with its signatures, which are not checked here.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, String> {
        let signed =
            self.checkpoint.parse().ok().filter(|signed: &SignedCheckpoint| signed.text() == self.checkpoint);
        signed.ok_or_else(|| "what it has for its checkpoint is not one, and nothing more".to_owned())
    }

    /// Checks the proof with the public key alone; returns the event's position and the tree's size, or what is wrong.
    pub fn check(self, key: &PublicKey) -> Result<(i64, u64), String> {
        let signed = self.checkpoint()?;
        if key.signed(&signed) != Some(true) {
            return Err(format!("its checkpoint bears no signature of {}", key.origin()));
        }
        let event = self.event.recorded()?;
        let leaf =
            intact(&event).ok_or("its event was changed: the hash is not the hash of what stands there")?;
        let proof: Option<Vec<Hash>> = self.proof.iter().map(|hash| decode(hash)).collect();
        let proof = proof.ok_or("its proof is not made of hashes in base64")?;
        let head = signed.checkpoint.head();
        let in_place = event.position > 0 && event.position - 1 == position(self.leaf_index);
        if !in_place || !proof::includes(&proof, IndexedLeaf { index: self.leaf_index, leaf }, head) {
            return Err(format!("#{} is not in the log that was signed", event.position));
        }
        Ok((event.position, head.size))
    }
}

fn intact(event: &Recorded) -> Option<Hash> {
    let leaf = event.leaf_hash.as_slice().try_into().ok();
    leaf.filter(|_| event.is_intact())
}

fn decode(hash: &str) -> Option<Hash> {
    BASE64_STANDARD.decode(hash).ok()?.try_into().ok()
}
