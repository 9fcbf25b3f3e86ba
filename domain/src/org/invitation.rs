//! The invitations of one organisation, from the link that is sent to the person who joins.
//!
//! ```text
//!          Invite                 AcceptInvitation
//! nothing ────────► Open ─┬──────────────────────────► Accepted
//!                   ▲  │  │      WithdrawInvitation
//!                   └──┘  └──────────────────────────► Withdrawn
//!              RenewInvitation
//! ```
//!
//! An open one lapses without an event: nobody accepts it any more, but renewing it gives it more time.
//!
//! **Invariant:** a person has at most one open invitation, and an id stands for one invitation, ever.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{OrgError, OrgEvent, Role};
use crate::values::{InvitationId, PersonId};

/// Somebody to be invited, with everything that an invitation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invitee {
    pub invitation: InvitationId,
    pub person: PersonId,
    pub role: Role,
    #[serde(skip)]
    pub expires_at: DateTime<Utc>,
}

/// Every invitation that there ever was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Invitations(BTreeMap<InvitationId, Invitation>);

/// An invitation and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub person: PersonId,
    pub role: Role,
    /// The first moment at which it is too late.
    pub expires_at: DateTime<Utc>,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Open,
    Accepted,
    Withdrawn,
}

impl Invitee {
    /// Whoever an organisation begins with owns it.
    pub(super) fn owning(self) -> Self {
        Self { role: Role::Owner, ..self }
    }

    pub(super) fn invited(self) -> OrgEvent {
        let Self { invitation, person, role, expires_at } = self;
        OrgEvent::MemberInvited { invitation, person, role, expires_at }
    }

    fn is(&self, known: &Invitation) -> bool {
        (self.person, &self.role) == (known.person, &known.role)
    }
}

impl Invitations {
    pub fn iter(&self) -> impl Iterator<Item = (InvitationId, &Invitation)> {
        self.0.iter().map(|(id, invitation)| (*id, invitation))
    }

    pub(super) fn invite(&self, invitee: Invitee) -> Result<Vec<OrgEvent>, OrgError> {
        let open = |i: &Invitation| i.person == invitee.person && i.outcome == Outcome::Open;
        match self.0.get(&invitee.invitation) {
            Some(known) if open(known) && invitee.is(known) => Ok(vec![]),
            Some(_) => Err(OrgError::InvitationExists),
            None if self.0.values().any(open) => Err(OrgError::AlreadyInvited),
            None => Ok(vec![invitee.invited()]),
        }
    }

    /// Never "already so": every renewal makes a new link.
    pub(super) fn renew(
        &self,
        invitation: InvitationId,
        expires_at: DateTime<Utc>,
    ) -> Result<Vec<OrgEvent>, OrgError> {
        self.open(invitation)?;
        Ok(vec![OrgEvent::InvitationRenewed { invitation, expires_at }])
    }

    pub(super) fn withdraw(&self, invitation: InvitationId) -> Result<Vec<OrgEvent>, OrgError> {
        match self.open(invitation) {
            Ok(_) => Ok(vec![OrgEvent::InvitationWithdrawn { invitation }]),
            Err(OrgError::InvitationWithdrawn) => Ok(vec![]),
            Err(refusal) => Err(refusal),
        }
    }

    /// Never "already so" either: the link works once, whoever holds it afterwards.
    pub(super) fn accept(
        &self,
        invitation: InvitationId,
        by: PersonId,
        at: DateTime<Utc>,
    ) -> Result<Vec<OrgEvent>, OrgError> {
        let Invitation { person, role, expires_at, .. } = self.open(invitation)?.clone();
        if by != person {
            return Err(OrgError::NoSuchInvitation);
        }
        if at >= expires_at {
            return Err(OrgError::InvitationExpired);
        }
        Ok(vec![OrgEvent::MemberJoined { invitation, person, role }])
    }

    fn open(&self, invitation: InvitationId) -> Result<&Invitation, OrgError> {
        let found = self.0.get(&invitation).ok_or(OrgError::NoSuchInvitation)?;
        match found.outcome {
            Outcome::Open => Ok(found),
            Outcome::Accepted => Err(OrgError::InvitationUsed),
            Outcome::Withdrawn => Err(OrgError::InvitationWithdrawn),
        }
    }

    pub(super) fn add(&mut self, id: InvitationId, invitation: Invitation) {
        self.0.insert(id, invitation);
    }

    pub(super) fn extend(&mut self, id: InvitationId, until: DateTime<Utc>) {
        self.0.entry(id).and_modify(|invitation| invitation.expires_at = until);
    }

    pub(super) fn settle(&mut self, id: InvitationId, outcome: Outcome) {
        self.0.entry(id).and_modify(|invitation| invitation.outcome = outcome);
    }
}
