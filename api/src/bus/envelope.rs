//! The envelope of a command, and the fingerprint by which the same command is recognised when it comes again.
//!
//! **Invariant:** the same form sent twice is the same command.

use std::net::IpAddr;

use domain::Decider;
use domain::values::Email;
use projections::event_log::CompanionRows;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock;

/// The data that goes with a command of any kind.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The id is made when the form is rendered, so that sending the form twice is one command.
    pub command_id: Uuid,
    /// The sequence at which the page saw the aggregate. Without it, the command applies to the aggregate as it is now.
    pub expected_sequence: Option<i64>,
    pub address: Option<IpAddr>,
    /// Rows that are written together with the events.
    pub beside: Option<CompanionRows>,
    /// The address that was typed, for a command that names a person and has no companion rows. Without it, one form would
    /// count as two commands.
    pub typed: Option<Email>,
    /// The order to many organisations that this command is a part of, if it is.
    pub correlation: Option<Uuid>,
    /// Position of the event that led to this command, if there is one.
    pub causation: Option<i64>,
    /// Position of the event that this command undoes. Only superadmins may undo, whatever the command itself asks for.
    pub reverts: Option<i64>,
}

impl Envelope {
    /// Makes an envelope for a command that no form was made for.
    pub fn new() -> Self {
        Self {
            command_id: clock::new_id(),
            expected_sequence: None,
            address: None,
            beside: None,
            typed: None,
            correlation: None,
            causation: None,
            reverts: None,
        }
    }
}

impl Default for Envelope {
    fn default() -> Self {
        Self::new()
    }
}

/// Identifies a command: its aggregate, itself and the person it invites, without the times that say when it was sent.
pub(super) fn fingerprint<A: Decider>(id: &A::Id, command: &A::Command, envelope: &Envelope) -> [u8; 32] {
    let invited = envelope.beside.as_ref().and_then(CompanionRows::invited).map(|invited| &invited.email);
    let mut hash = Sha256::new();
    hash.update(A::TYPE);
    hash.update(id.to_string());
    hash.update(serde_json::to_vec(command).expect("a command is plain values"));
    hash.update(invited.or(envelope.typed.as_ref()).map_or("", Email::as_str));
    hash.finalize().into()
}

/// The command's own name, without its values.
pub(super) fn name_of(command: &impl std::fmt::Debug) -> String {
    let text = format!("{command:?}");
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}
