//! The hash of one event: a leaf of a Merkle tree as in RFC 6962 §2.1.
//!
//! `SHA-256(0x00 ‖ "evlog/v1" ‖ position ‖ recorded_at ‖ sequence ‖ fields…)`: numbers as big-endian 64 bit, time in
//! microseconds since 1970, each field as a 32-bit length and its UTF-8 bytes. It covers the stored text, byte for
//! byte, so there is no question of canonical JSON. The Postgres function `event_log_leaf` hashes the same bytes.

use sha2::{Digest, Sha256};

use crate::timestamp::Timestamp;

/// The parts of an event that are hashed.
pub struct Leaf<'a> {
    pub position: i64,
    pub recorded_at: Timestamp,
    pub sequence: i64,
    /// Aggregate type and id, event type and version, payload, metadata.
    pub fields: [&'a str; 6],
}

/// The leaf hash of an event.
pub fn leaf_hash(leaf: &Leaf<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(b"evlog/v1");
    hash.update(leaf.position.to_be_bytes());
    hash.update(leaf.recorded_at.micros().to_be_bytes());
    hash.update(leaf.sequence.to_be_bytes());
    for field in leaf.fields {
        let length = u32::try_from(field.len()).expect("a field of an event is shorter than 4 GiB");
        hash.update(length.to_be_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}
