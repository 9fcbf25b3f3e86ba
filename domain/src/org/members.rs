//! What becomes of those who belong to an organisation: another role, removed, gone by themselves, let in again.
//!
//! **Invariant:** an organisation never loses its last owner.

use serde::Serialize;

use super::{Org, OrgError, OrgEvent, OrgFacet, Profile, Role};
use crate::concern::events;
use crate::revert::Irreversible;
use crate::sentence::{Part, text};
use crate::values::{OrgId, PersonId};

/// An order about somebody who belongs to an organisation, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum MemberCommand {
    ChangeRole {
        person: PersonId,
        role: Role,
    },
    RemoveMember {
        person: PersonId,
    },
    /// By their own decision.
    Leave {
        person: PersonId,
    },
    /// Takes a removal back: the person is again what they were.
    ReadmitMember {
        person: PersonId,
    },
}

events! {
    /// What happened to somebody who belongs to an organisation, or did.
    pub enum MemberEvent {
        MemberRoleChanged { person: PersonId, role: Role },
        MemberRemoved { person: PersonId },
        MemberLeft { person: PersonId },
        MemberReadmitted { person: PersonId, role: Role },
    }
}

pub(super) fn decide(org: &Profile, command: MemberCommand) -> Result<Vec<OrgEvent>, OrgError> {
    use MemberCommand as C;
    use MemberEvent as E;
    let event = match command {
        C::ChangeRole { person, role } => match org.members.get(&person) {
            None => return Err(OrgError::NotMember),
            Some(has) if *has == role => return Ok(vec![]),
            Some(_) => {
                org.know(&role)?;
                if role != Role::Owner {
                    org.keep_an_owner_without(person)?;
                }
                E::MemberRoleChanged { person, role }
            }
        },
        C::RemoveMember { person } | C::Leave { person } if !org.members.contains_key(&person) => {
            return Ok(vec![]);
        }
        C::RemoveMember { person } => {
            org.keep_an_owner_without(person)?;
            E::MemberRemoved { person }
        }
        C::Leave { person } => {
            org.keep_an_owner_without(person)?;
            E::MemberLeft { person }
        }
        C::ReadmitMember { person } if org.members.contains_key(&person) => return Ok(vec![]),
        C::ReadmitMember { person } => {
            let role = org.removed.get(&person).ok_or(OrgError::NotMember)?.clone();
            org.know(&role)?;
            let back = OrgEvent::from(E::MemberReadmitted { person, role });
            // A link that still works would later give its role instead of this one.
            return Ok(org.invitations.withdraw_from(person).into_iter().chain([back]).collect());
        }
    };
    Ok(vec![event.into()])
}

pub(super) fn apply(org: &mut Profile, event: MemberEvent) {
    use MemberEvent as E;
    match event {
        E::MemberRoleChanged { person, role } => {
            org.members.insert(person, role);
        }
        E::MemberRemoved { person } => {
            if let Some(role) = org.members.remove(&person) {
                org.removed.insert(person, role);
            }
        }
        E::MemberLeft { person } => {
            org.members.remove(&person);
        }
        E::MemberReadmitted { person, role } => {
            org.removed.remove(&person);
            org.members.insert(person, role);
        }
    }
}

impl Profile {
    /// Refuses what would leave nobody who owns the organisation.
    fn keep_an_owner_without(&self, person: PersonId) -> Result<(), OrgError> {
        let is_owner = self.members.get(&person) == Some(&Role::Owner);
        let is_another = |(other, role): (&PersonId, &Role)| *other != person && *role == Role::Owner;
        if is_owner && !self.members.iter().any(is_another) { Err(OrgError::LastOwner) } else { Ok(()) }
    }
}

impl Org {
    /// Says whether somebody of the organisation may give this order. Owners and admins may, but only owners about owners.
    pub fn may_manage_member(&self, by: PersonId, command: &MemberCommand) -> bool {
        let role_of = |person| self.profile().and_then(|org| org.members.get(&person));
        let concerns_owner = match command {
            MemberCommand::ChangeRole { person, role } => {
                *role == Role::Owner || role_of(*person) == Some(&Role::Owner)
            }
            MemberCommand::RemoveMember { person } | MemberCommand::Leave { person } => {
                role_of(*person) == Some(&Role::Owner)
            }
            MemberCommand::ReadmitMember { person } => {
                self.profile().and_then(|org| org.removed.get(person)) == Some(&Role::Owner)
            }
        };
        match role_of(by) {
            Some(Role::Owner) => true,
            Some(role) => role.manages() && !concerns_owner,
            None => false,
        }
    }
}

impl MemberEvent {
    pub(crate) fn sentence(&self, org: OrgId) -> Vec<Part> {
        let org = Part::Org(org);
        match self {
            Self::MemberRoleChanged { person, role } => {
                let role = format!(" {} of ", role.as_str());
                vec![text("made "), Part::Person(*person), text(role), org]
            }
            Self::MemberRemoved { person } => {
                vec![text("removed "), Part::Person(*person), text(" from "), org]
            }
            Self::MemberLeft { .. } => vec![text("left "), org],
            Self::MemberReadmitted { person, role } => {
                let role = format!(" again as {}", role.as_str());
                vec![text("let "), Part::Person(*person), text(" into "), org, text(role)]
            }
        }
    }

    pub(super) fn facet(&self) -> Result<OrgFacet, Irreversible> {
        match self {
            Self::MemberRoleChanged { person, .. }
            | Self::MemberRemoved { person }
            | Self::MemberReadmitted { person, .. } => Ok(OrgFacet::Member(*person)),
            Self::MemberLeft { .. } => {
                Err(Irreversible::Outside("somebody left by their own decision; invite them again"))
            }
        }
    }

    /// A sentence about what stays lost when it is undone.
    pub(super) fn lost(&self) -> Option<&'static str> {
        match self {
            Self::MemberRemoved { .. } => {
                Some("What this person could not do while they were kept out stays undone.")
            }
            Self::MemberRoleChanged { .. } | Self::MemberLeft { .. } | Self::MemberReadmitted { .. } => None,
        }
    }
}

/// The command that makes somebody again what they were.
pub(super) fn restore(now: &Profile, then: &Profile, person: PersonId) -> MemberCommand {
    match (now.members.get(&person), then.members.get(&person)) {
        (_, None) => MemberCommand::RemoveMember { person },
        (None, Some(_)) => MemberCommand::ReadmitMember { person },
        (Some(_), Some(role)) => MemberCommand::ChangeRole { person, role: role.clone() },
    }
}
