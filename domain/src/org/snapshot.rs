//! An organisation as bytes: what is small as JSON, its people in rows of fixed length, since there may be a million.
//!
//! ```text
//! head length ‖ head ‖ members ‖ (person, role)… ‖ invitations ‖ (invitation, person, role, seconds, nanoseconds, outcome)…
//! ```
//!
//! Numbers are big-endian. A role is its place in the head's list of roles.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Invitation, InvitationOutcome, Invitations, Org, Profile, Role};
use crate::snapshot::Snapshot;
use crate::values::{InvitationId, PersonId};

/// The part of the snapshot that comes before the people.
#[derive(Serialize, Deserialize)]
struct Head {
    /// The organisation with its members and invitations taken out.
    org: Org,
    roles: Vec<Role>,
}

const OUTCOMES: [InvitationOutcome; 3] =
    [InvitationOutcome::Open, InvitationOutcome::Accepted, InvitationOutcome::Withdrawn];

impl Snapshot for Org {
    const FOLD: i64 = 2;

    fn to_bytes(&self) -> Vec<u8> {
        let none = (BTreeMap::new(), Invitations::default());
        let (members, invitations) =
            self.profile().map_or((&none.0, &none.1), |org| (&org.members, &org.invitations));
        let mut roles: BTreeMap<&Role, u32> = BTreeMap::new();
        for role in members.values().chain(invitations.iter().map(|(_, it)| &it.role)) {
            let next = count(roles.len());
            roles.entry(role).or_insert(next);
        }
        let mut listed: Vec<(&u32, &Role)> = roles.iter().map(|(role, place)| (place, *role)).collect();
        listed.sort_unstable();
        let listed = listed.into_iter().map(|(_, role)| role.clone()).collect();
        let head = Head { org: self.without_people(), roles: listed };
        let head = serde_json::to_vec(&head).expect("a state is plain values");
        let mut bytes = vec![];
        bytes.extend(count(head.len()).to_be_bytes());
        bytes.extend(head);
        bytes.extend(count(members.len()).to_be_bytes());
        for (person, role) in members {
            bytes.extend(person.0.as_bytes());
            bytes.extend(roles[role].to_be_bytes());
        }
        bytes.extend(count(invitations.iter().count()).to_be_bytes());
        for (id, invitation) in invitations.iter() {
            let outcome = OUTCOMES.iter().position(|it| *it == invitation.outcome);
            bytes.extend(id.0.as_bytes());
            bytes.extend(invitation.person.0.as_bytes());
            bytes.extend(roles[&invitation.role].to_be_bytes());
            bytes.extend(invitation.expires_at.timestamp().to_be_bytes());
            bytes.extend(invitation.expires_at.timestamp_subsec_nanos().to_be_bytes());
            bytes.push(outcome.and_then(|place| u8::try_from(place).ok()).expect("all outcomes are listed"));
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let length = bytes.number()?;
        let Head { mut org, roles } = serde_json::from_slice(bytes.next(length)?).ok()?;
        let role = |place: usize| roles.get(place).cloned();
        let mut members = vec![];
        for _ in 0..bytes.number()? {
            members.push((PersonId(bytes.id()?), role(bytes.number()?)?));
        }
        let mut invitations = vec![];
        for _ in 0..bytes.number()? {
            let (id, person, role) =
                (InvitationId(bytes.id()?), PersonId(bytes.id()?), role(bytes.number()?)?);
            let seconds = i64::from_be_bytes(bytes.array()?);
            let expires_at = DateTime::from_timestamp(seconds, u32::from_be_bytes(bytes.array()?))?;
            let outcome = *OUTCOMES.get(usize::from(u8::from_be_bytes(bytes.array()?)))?;
            invitations.push((id, Invitation { person, role, expires_at, outcome }));
        }
        org.change(|org| {
            org.members = members.into_iter().collect();
            org.invitations = Invitations::from(invitations.into_iter().collect::<BTreeMap<_, _>>());
        });
        bytes.0.is_empty().then_some(org)
    }

    fn apart(mut before: Self, mut after: Self) -> (Self, Self) {
        if let (Some(old), Some(new)) = (before.profile_mut(), after.profile_mut()) {
            old.members.retain(|person, role| match new.members.get(person) {
                Some(same) if same == role => new.members.remove(person).is_none(),
                Some(_) | None => true,
            });
            Invitations::apart(&mut old.invitations, &mut new.invitations);
        }
        (before, after)
    }

    fn weight(&self) -> usize {
        const FOR_ITSELF: usize = 2048;
        const A_MEMBER: usize = 64;
        const AN_INVITATION: usize = 128;
        const A_DECISION: usize = 256;
        let of = |org: &Profile| {
            let permissions: usize = org.permissions.0.values().map(|of_role| of_role.len() + 1).sum();
            (org.members.len() + org.removed.len()) * A_MEMBER
                + org.invitations.len() * AN_INVITATION
                + (org.choices.len() + org.roles.len() + permissions) * A_DECISION
        };
        FOR_ITSELF + self.profile().map_or(0, of)
    }
}

impl Org {
    fn profile_mut(&mut self) -> Option<&mut Profile> {
        match self {
            Self::Unborn => None,
            Self::Active(org) | Self::Suspended(org, _) => Some(org),
            Self::Archived(before) => before.profile_mut(),
        }
    }

    fn without_people(&self) -> Self {
        match self {
            Self::Unborn => Self::Unborn,
            Self::Active(org) => Self::Active(org.without_people()),
            Self::Suspended(org, reason) => Self::Suspended(org.without_people(), reason.clone()),
            Self::Archived(before) => Self::Archived(Box::new(before.without_people())),
        }
    }
}

impl Profile {
    fn without_people(&self) -> Self {
        Self {
            name: self.name.clone(),
            slug: self.slug.clone(),
            protected: self.protected,
            reinstate_at: self.reinstate_at,
            members: BTreeMap::new(),
            removed: self.removed.clone(),
            invitations: Invitations::default(),
            choices: self.choices.clone(),
            roles: self.roles.clone(),
            permissions: self.permissions.clone(),
        }
    }
}

/// The bytes that are still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn next(&mut self, length: usize) -> Option<&'a [u8]> {
        let (next, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(next)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.next(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(self.array()?)).ok()
    }

    fn id(&mut self) -> Option<Uuid> {
        self.array().map(Uuid::from_bytes)
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("nobody has four billion of anything")
}
