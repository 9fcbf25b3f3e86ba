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

/// Every invitation that there ever was, and by whose they are those that are open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<InvitationId, Invitation>")]
pub struct Invitations {
    #[serde(flatten)]
    all: BTreeMap<InvitationId, Invitation>,
    #[serde(skip)]
    open: BTreeMap<PersonId, InvitationId>,
}

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
        self.all.iter().map(|(id, invitation)| (*id, invitation))
    }

    /// Takes out of both what is the same in both.
    pub(super) fn apart(one: &mut Self, other: &mut Self) {
        one.all.retain(|id, invitation| match other.all.get(id) {
            Some(same) if same == invitation => other.all.remove(id).is_none(),
            Some(_) | None => true,
        });
        (one.open, other.open) = (BTreeMap::new(), BTreeMap::new());
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Those that somebody may still accept, if it is not too late.
    pub(super) fn open(&self) -> impl Iterator<Item = &Invitation> {
        self.open.values().filter_map(|id| self.all.get(id))
    }

    pub(super) fn invite(&self, invitee: Invitee) -> Result<Vec<OrgEvent>, OrgError> {
        match self.all.get(&invitee.invitation) {
            Some(known) if known.outcome == Outcome::Open && invitee.is(known) => Ok(vec![]),
            Some(_) => Err(OrgError::InvitationExists),
            None if self.open.contains_key(&invitee.person) => Err(OrgError::AlreadyInvited),
            None => Ok(vec![invitee.invited()]),
        }
    }

    /// Never "already so": every renewal makes a new link.
    pub(super) fn renew(
        &self,
        invitation: InvitationId,
        expires_at: DateTime<Utc>,
    ) -> Result<Vec<OrgEvent>, OrgError> {
        self.opened(invitation)?;
        Ok(vec![OrgEvent::InvitationRenewed { invitation, expires_at }])
    }

    pub(super) fn withdraw(&self, invitation: InvitationId) -> Result<Vec<OrgEvent>, OrgError> {
        match self.opened(invitation) {
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
        let Invitation { person, role, expires_at, .. } = self.opened(invitation)?.clone();
        if by != person {
            return Err(OrgError::NoSuchInvitation);
        }
        if at >= expires_at {
            return Err(OrgError::InvitationExpired);
        }
        Ok(vec![OrgEvent::MemberJoined { invitation, person, role }])
    }

    fn opened(&self, invitation: InvitationId) -> Result<&Invitation, OrgError> {
        let found = self.all.get(&invitation).ok_or(OrgError::NoSuchInvitation)?;
        match found.outcome {
            Outcome::Open => Ok(found),
            Outcome::Accepted => Err(OrgError::InvitationUsed),
            Outcome::Withdrawn => Err(OrgError::InvitationWithdrawn),
        }
    }

    pub(super) fn is_open(&self, invitation: InvitationId) -> bool {
        self.opened(invitation).is_ok()
    }

    pub(super) fn add(&mut self, id: InvitationId, invitation: Invitation) {
        if invitation.outcome == Outcome::Open {
            self.open.insert(invitation.person, id);
        }
        self.all.insert(id, invitation);
    }

    pub(super) fn extend(&mut self, id: InvitationId, until: DateTime<Utc>) {
        self.all.entry(id).and_modify(|invitation| invitation.expires_at = until);
    }

    pub(super) fn settle(&mut self, id: InvitationId, outcome: Outcome) {
        if let Some(invitation) = self.all.get_mut(&id) {
            invitation.outcome = outcome;
            if self.open.get(&invitation.person) == Some(&id) {
                self.open.remove(&invitation.person);
            }
        }
    }
}

impl From<BTreeMap<InvitationId, Invitation>> for Invitations {
    fn from(all: BTreeMap<InvitationId, Invitation>) -> Self {
        let open = all.iter().filter(|(_, invitation)| invitation.outcome == Outcome::Open);
        Self { open: open.map(|(id, invitation)| (invitation.person, *id)).collect(), all }
    }
}
