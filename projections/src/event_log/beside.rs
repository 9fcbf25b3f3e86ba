//! What must be there together with events and can't be among them: whom they invite, and the link that was made.
//!
//! **Invariant:** written in the transaction of the events, or not at all. A refused command leaves no trace.

use domain::values::{Email, PersonId};

use crate::links::Link;

/// Somebody who is invited, and the link that invites them.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Whom the events name.
    pub person: PersonId,
    /// Their address. If it is somebody else's at the time of the append, or they have another, the append is refused.
    pub email: Email,
    pub token_hash: [u8; 32],
    pub link: Link,
}
