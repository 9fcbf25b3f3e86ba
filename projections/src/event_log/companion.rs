//! What must be there together with events and can't be among them, since it can be erased: whom they invite, the link
//! that was made, and the name and password that somebody chose as they joined.
//!
//! **Invariant:** written in the transaction of the events, or not at all. A refused command leaves no trace.

use domain::values::{Email, PersonId, PersonName};
use uuid::Uuid;

use crate::links::Link;

/// The rows that are written together with the events of one append.
#[derive(Clone, Debug)]
pub enum CompanionRows {
    Invited(InvitedPerson),
    Joined(Joined),
}

/// Somebody who is invited, and the link that invites them.
#[derive(Clone, Debug)]
pub struct InvitedPerson {
    /// The person whom the events name.
    pub person: PersonId,
    /// Their address. If it is somebody else's at the time of the append, or they have another, the append is refused.
    pub email: Email,
    pub token_hash: [u8; 32],
    pub link: Link,
}

/// Somebody who had no password, and has one from now on. If they have one by the time of the append, it is refused.
#[derive(Clone, Debug)]
pub struct Joined {
    pub person: PersonId,
    pub name: PersonName,
    /// A PHC string.
    pub password_hash: String,
}

impl CompanionRows {
    pub fn invited(&self) -> Option<&InvitedPerson> {
        match self {
            Self::Invited(invited) => Some(invited),
            Self::Joined(_) => None,
        }
    }

    pub(super) fn person(&self) -> Uuid {
        match self {
            Self::Invited(invited) => invited.person.0,
            Self::Joined(joined) => joined.person.0,
        }
    }
}
