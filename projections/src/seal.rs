//! Proof that the log is what it was: a Merkle tree over all events, and signed checkpoints of it.
//!
//! ```text
//!                    root of 6 events ── signed, and kept where the database's owner can't reach it
//!                   ╱                ╲
//!             node                    node         node = SHA-256(0x01 ‖ left ‖ right)   (RFC 6962 §2.1)
//!            ╱    ╲                  ╱    ╲
//!        node      node            #5      #6      leaf = the hash beside the event
//!        ╱  ╲      ╱  ╲
//!      #1    #2  #3    #4
//! ```
//!
//! | module | answers |
//! | --- | --- |
//! | [`tree`] | what the root is, an event at a time, in a few hundred bytes |
//! | [`proof`] | whether one event, or one smaller tree, is in the tree |
//! | [`key`] | who signs, and whether they did |
//! | [`checkpoint`] | what was signed of the whole log |
//! | [`cosignature`] | what a witness signed of it |
//! | [`policy`] | whose cosignatures are enough |
//! | [`add_checkpoint`] | how a witness is asked |
//! | [`manifest`] | what was signed of an export of a part |
//! | [`attested`] | whether a log says what was signed |
//! | [`standing`] | how far this portal has sealed, and whether that begins with what was signed |
//! | [`step`] | one step of sealing |
//! | [`question`] | what was signed, asked of another process |
//! | [`evidence`](mod@evidence) | one event with its proof, for somebody who has nothing else |
//! | [`export`] | all of it for a file, without a database |
//!
//! **Invariant:** nothing is signed that does not hold everything signed before, nor by anybody who remembers nothing of it.

pub mod add_checkpoint;
pub mod attested;
pub mod checkpoint;
pub mod cosignature;
mod error;
pub mod evidence;
pub mod export;
pub mod key;
mod line;
pub mod manifest;
mod nodes;
pub mod policy;
pub mod proof;
pub mod question;
pub mod standing;
pub mod step;
pub mod tree;

pub use attested::Attested;
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use cosignature::{Cosigner, WitnessKey};
pub use error::SealError;
pub use evidence::{Evidence, evidence};
pub use key::{PublicKey, SigningKey};
pub use manifest::Manifest;
pub use policy::Policy;
pub use standing::{SealedTree, has_traces, last};
pub use step::{SealStep, contradict, contradicted, read_on};

/// SHA-256.
pub type Hash = [u8; 32];

/// The size of the log that ends at a position: positions begin at 1 and have no gaps. A log has fewer than 2⁶³ events.
fn size(position: i64) -> u64 {
    u64::try_from(position).unwrap_or(0)
}

/// The last position of a log of this size.
fn position(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
