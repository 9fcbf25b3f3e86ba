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
//! An open invitation expires without an event: nobody can accept it any more, but renewing it gives it more time.
//!
//! **Invariant:** a person has at most one open invitation, and an id stands for one invitation, ever.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{OrgError, OrgEvent, OrgFacet, Profile, Role};
use crate::concern::events;
use crate::revert::Irreversible;
use crate::sentence::{Part, text};
use crate::values::{InvitationId, OrgId, PersonId};

/// An order about the invitations of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum InvitationCommand {
    Invite(Invitee),
    /// Makes a new link that expires later.
    RenewInvitation {
        invitation: InvitationId,
        #[serde(skip)]
        expires_at: DateTime<Utc>,
    },
    WithdrawInvitation {
        invitation: InvitationId,
    },
    /// `person` is whoever accepts; only the one who was invited can.
    AcceptInvitation {
        invitation: InvitationId,
        person: PersonId,
        #[serde(skip)]
        at: DateTime<Utc>,
    },
}

events! {
    /// What happened to the invitations of an organisation.
    pub enum InvitationEvent {
        MemberInvited {
            invitation: InvitationId,
            person: PersonId,
            role: Role,
            expires_at: DateTime<Utc>
        },
        InvitationRenewed { invitation: InvitationId, expires_at: DateTime<Utc> },
        InvitationWithdrawn { invitation: InvitationId },
        MemberJoined { invitation: InvitationId, person: PersonId, role: Role },
    }
}

pub(super) fn decide(org: &Profile, command: InvitationCommand) -> Result<Vec<OrgEvent>, OrgError> {
    use InvitationCommand as C;
    match command {
        C::Invite(invitee) if org.members.contains_key(&invitee.person) => Err(OrgError::AlreadyMember),
        C::Invite(invitee) => {
            org.know(&invitee.role)?;
            org.invitations.invite(invitee)
        }
        C::RenewInvitation { invitation, expires_at } => org.invitations.renew(invitation, expires_at),
        C::WithdrawInvitation { invitation } => org.invitations.withdraw(invitation),
        C::AcceptInvitation { invitation, person, at } => {
            let joined = org.invitations.accept(invitation, person, at)?;
            // Whoever was let in again meanwhile keeps the role that they have.
            if org.members.contains_key(&person) { Err(OrgError::AlreadyMember) } else { Ok(joined) }
        }
    }
}

pub(super) fn apply(org: &mut Profile, event: InvitationEvent) {
    use InvitationEvent as E;
    match event {
        E::MemberInvited { invitation, person, role, expires_at } => {
            org.invitations
                .add(invitation, Invitation { person, role, expires_at, outcome: InvitationOutcome::Open });
        }
        E::InvitationRenewed { invitation, expires_at } => org.invitations.extend(invitation, expires_at),
        E::InvitationWithdrawn { invitation } => {
            org.invitations.settle(invitation, InvitationOutcome::Withdrawn);
        }
        E::MemberJoined { invitation, person, role } => {
            org.invitations.settle(invitation, InvitationOutcome::Accepted);
            org.removed.remove(&person);
            org.members.insert(person, role);
        }
    }
}

impl InvitationEvent {
    pub(crate) fn sentence(&self, org: OrgId) -> Vec<Part> {
        let org = Part::Org(org);
        match self {
            Self::MemberInvited { person, role, .. } => {
                let role = format!(" as {}", role.as_str());
                vec![text("invited "), Part::Person(*person), text(" to "), org, text(role)]
            }
            Self::InvitationRenewed { .. } => vec![text("made a new invitation link for "), org],
            Self::InvitationWithdrawn { .. } => vec![text("withdrew an invitation to "), org],
            Self::MemberJoined { role, .. } => {
                vec![text("joined "), org, text(format!(" as {}", role.as_str()))]
            }
        }
    }

    pub(super) fn facet(&self) -> Result<OrgFacet, Irreversible> {
        match self {
            Self::MemberInvited { invitation, .. } => Ok(OrgFacet::Invitation(*invitation)),
            Self::InvitationRenewed { .. } => {
                Err(Irreversible::Outside("the new link was handed over; withdraw the invitation"))
            }
            Self::InvitationWithdrawn { .. } => {
                Err(Irreversible::Outside("the link was taken back; invite the person again"))
            }
            Self::MemberJoined { .. } => Err(Irreversible::Outside("somebody joined by their own decision")),
        }
    }

    /// Describes what stays lost when the event is undone.
    pub(super) fn lost(&self) -> Option<&'static str> {
        match self {
            Self::MemberInvited { .. } => {
                Some("The link that was handed over stops working; it can't be unsent.")
            }
            Self::InvitationRenewed { .. } | Self::InvitationWithdrawn { .. } | Self::MemberJoined { .. } => {
                None
            }
        }
    }
}

/// Somebody to be invited, with everything that an invitation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invitee {
    pub invitation: InvitationId,
    pub person: PersonId,
    pub role: Role,
    #[serde(skip)]
    pub expires_at: DateTime<Utc>,
}

/// Every invitation that ever was, and the open ones by the person who is invited.
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
    /// The first moment at which the invitation can no longer be accepted.
    pub expires_at: DateTime<Utc>,
    pub outcome: InvitationOutcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvitationOutcome {
    Open,
    Accepted,
    Withdrawn,
}

impl Invitee {
    /// Makes the invitee an owner: the first person of an organisation owns it.
    pub(super) fn owning(self) -> Self {
        Self { role: Role::Owner, ..self }
    }

    pub(super) fn invited(self) -> OrgEvent {
        let Self { invitation, person, role, expires_at } = self;
        InvitationEvent::MemberInvited { invitation, person, role, expires_at }.into()
    }

    fn is(&self, known: &Invitation) -> bool {
        (self.person, &self.role) == (known.person, &known.role)
    }
}

impl Invitations {
    pub fn iter(&self) -> impl Iterator<Item = (InvitationId, &Invitation)> {
        self.all.iter().map(|(id, invitation)| (*id, invitation))
    }

    /// Removes from both the invitations that are the same in both.
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

    /// The invitations that were neither accepted nor withdrawn. Some of them may have expired.
    pub(super) fn open(&self) -> impl Iterator<Item = &Invitation> {
        self.open.values().filter_map(|id| self.all.get(id))
    }

    /// Withdraws the open invitation of somebody, if there is one.
    pub(super) fn withdraw_from(&self, person: PersonId) -> Option<OrgEvent> {
        let invitation = *self.open.get(&person)?;
        Some(InvitationEvent::InvitationWithdrawn { invitation }.into())
    }

    fn invite(&self, invitee: Invitee) -> Result<Vec<OrgEvent>, OrgError> {
        match self.all.get(&invitee.invitation) {
            Some(known) if known.outcome == InvitationOutcome::Open && invitee.is(known) => Ok(vec![]),
            Some(_) => Err(OrgError::InvitationExists),
            None if self.open.contains_key(&invitee.person) => Err(OrgError::AlreadyInvited),
            None => Ok(vec![invitee.invited()]),
        }
    }

    /// A renewal always records an event, because it always makes a new link.
    fn renew(&self, invitation: InvitationId, expires_at: DateTime<Utc>) -> Result<Vec<OrgEvent>, OrgError> {
        self.opened(invitation)?;
        Ok(vec![InvitationEvent::InvitationRenewed { invitation, expires_at }.into()])
    }

    fn withdraw(&self, invitation: InvitationId) -> Result<Vec<OrgEvent>, OrgError> {
        match self.opened(invitation) {
            Ok(_) => Ok(vec![InvitationEvent::InvitationWithdrawn { invitation }.into()]),
            Err(OrgError::InvitationWithdrawn) => Ok(vec![]),
            Err(refusal) => Err(refusal),
        }
    }

    /// Accepting twice is an error and not "already so": the link works once, whoever holds it afterwards.
    fn accept(
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
        Ok(vec![InvitationEvent::MemberJoined { invitation, person, role }.into()])
    }

    fn opened(&self, invitation: InvitationId) -> Result<&Invitation, OrgError> {
        let found = self.all.get(&invitation).ok_or(OrgError::NoSuchInvitation)?;
        match found.outcome {
            InvitationOutcome::Open => Ok(found),
            InvitationOutcome::Accepted => Err(OrgError::InvitationUsed),
            InvitationOutcome::Withdrawn => Err(OrgError::InvitationWithdrawn),
        }
    }

    pub(super) fn is_open(&self, invitation: InvitationId) -> bool {
        self.opened(invitation).is_ok()
    }

    fn add(&mut self, id: InvitationId, invitation: Invitation) {
        if invitation.outcome == InvitationOutcome::Open {
            self.open.insert(invitation.person, id);
        }
        self.all.insert(id, invitation);
    }

    fn extend(&mut self, id: InvitationId, until: DateTime<Utc>) {
        self.all.entry(id).and_modify(|invitation| invitation.expires_at = until);
    }

    fn settle(&mut self, id: InvitationId, outcome: InvitationOutcome) {
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
        let open = all.iter().filter(|(_, invitation)| invitation.outcome == InvitationOutcome::Open);
        Self { open: open.map(|(id, invitation)| (invitation.person, *id)).collect(), all }
    }
}
