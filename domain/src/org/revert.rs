//! How each facet of an organisation is restored.

use std::collections::{BTreeMap, BTreeSet};

use super::invitations::{InvitationCommand, InvitationEvent};
use super::lifecycle::LifecycleCommand;
use super::members::{self, MemberEvent};
use super::resource_choices::ChoiceCommand;
use super::roles::RoleCommand;
use super::suspension::Confirmation;
use super::{Org, OrgCommand, OrgEvent, OrgFacet, Permission, Profile, Role};
use crate::resource_type::{Action, Actions};
use crate::revert::{Irreversible, Restoration, Revertible};
use crate::values::ResourceCode;

impl Revertible for Org {
    type Facet = OrgFacet;

    fn facet(event: &OrgEvent) -> Result<OrgFacet, Irreversible> {
        match event {
            OrgEvent::Lifecycle(event) => event.facet(),
            OrgEvent::Invitation(event) => event.facet(),
            OrgEvent::Member(event) => event.facet(),
            OrgEvent::Role(event) => Ok(event.facet()),
            OrgEvent::Choice(event) => Ok(event.facet()),
        }
    }

    /// Whoever joins or leaves decides about their own membership, which nobody undoes.
    fn decides(event: &OrgEvent) -> Option<OrgFacet> {
        match event {
            OrgEvent::Invitation(InvitationEvent::MemberJoined { person, .. })
            | OrgEvent::Member(MemberEvent::MemberLeft { person }) => Some(OrgFacet::Member(*person)),
            OrgEvent::Lifecycle(_)
            | OrgEvent::Invitation(_)
            | OrgEvent::Member(_)
            | OrgEvent::Role(_)
            | OrgEvent::Choice(_) => Self::facet(event).ok(),
        }
    }

    /// A decision about a role is also one about its permissions, because they disappear with the role.
    fn overlap(one: &OrgFacet, other: &OrgFacet) -> bool {
        match (one, other) {
            (OrgFacet::Role(name), OrgFacet::Permissions(Role::Custom(of), _))
            | (OrgFacet::Permissions(Role::Custom(of), _), OrgFacet::Role(name)) => name == of,
            (one, other) => one == other,
        }
    }

    fn says(&self, facet: &OrgFacet) -> String {
        let status = || match self {
            Self::Unborn => "not there".to_owned(),
            Self::Active(_) => "active".to_owned(),
            Self::Suspended(_, reason) => format!("suspended: {reason}"),
            Self::Archived(_) => "archived".to_owned(),
        };
        let Some(org) = self.profile() else { return status() };
        match facet {
            OrgFacet::Name => org.name.to_string(),
            OrgFacet::Slug => org.slug.to_string(),
            OrgFacet::Status => status(),
            OrgFacet::Protection => if org.protected { "protected" } else { "not protected" }.to_owned(),
            OrgFacet::Invitation(id) => if org.invitations.is_open(*id) { "open" } else { "none" }.to_owned(),
            OrgFacet::Member(person) => org.members.get(person).map_or("no member", Role::as_str).to_owned(),
            OrgFacet::Choice(code) => {
                org.choices.get(code).map_or("as the policy says", |choice| choice.as_str()).to_owned()
            }
            OrgFacet::Role(name) if org.roles.contains(name) => {
                let may = org.permissions.decided(&Role::Custom(name.clone()));
                let may = may.iter().map(|(code, actions)| format!("{code}: {actions}")).collect::<Vec<_>>();
                if may.is_empty() {
                    "may do nothing".to_owned()
                } else {
                    format!("may do {}", may.join("; "))
                }
            }
            OrgFacet::Role(_) => "not there".to_owned(),
            OrgFacet::Permissions(role, code) => {
                org.allowed(role, code).map_or_else(|| "nothing".to_owned(), |actions| actions.to_string())
            }
        }
    }

    fn restore(&self, before: &Self, facets: &BTreeSet<OrgFacet>, with: &Restoration) -> Option<OrgCommand> {
        use OrgCommand as C;
        let (now, then) = (self.profile()?, before.profile()?);
        let first = facets.first()?;
        if facets.iter().any(|other| !Self::overlap(first, other)) {
            return now.permissions_as(then, facets);
        }
        match first {
            OrgFacet::Name => Some(C::Lifecycle(LifecycleCommand::Rename { name: then.name.clone() })),
            OrgFacet::Slug => Some(C::Lifecycle(LifecycleCommand::ChangeSlug { slug: then.slug.clone() })),
            OrgFacet::Status => self.status_as(before, with),
            OrgFacet::Protection => Some(if then.protected {
                C::Lifecycle(LifecycleCommand::Protect)
            } else {
                C::Lifecycle(LifecycleCommand::Unprotect)
            }),
            OrgFacet::Invitation(id) => {
                Some(C::Invitation(InvitationCommand::WithdrawInvitation { invitation: *id }))
            }
            OrgFacet::Member(person) => Some(members::restore(now, then, *person).into()),
            OrgFacet::Choice(code) => Some(C::Choice(ChoiceCommand::ChooseResourceType {
                code: code.clone(),
                choice: then.choices.get(code).copied(),
            })),
            OrgFacet::Role(name) if then.roles.contains(name) => {
                let permissions = then.permissions.decided(&Role::Custom(name.clone()));
                Some(C::Role(RoleCommand::AddRole { role: name.clone(), permissions }))
            }
            OrgFacet::Role(name) => Some(C::Role(RoleCommand::RemoveRole { role: name.clone() })),
            OrgFacet::Permissions(..) => now.permissions_as(then, facets),
        }
    }

    fn lost(event: &OrgEvent) -> Option<&'static str> {
        match event {
            OrgEvent::Lifecycle(event) => event.lost(),
            OrgEvent::Invitation(event) => event.lost(),
            OrgEvent::Member(event) => event.lost(),
            OrgEvent::Role(_) | OrgEvent::Choice(_) => None,
        }
    }
}

impl Org {
    pub(super) fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Unborn => None,
            Self::Active(org) | Self::Suspended(org, _) => Some(org),
            Self::Archived(before) => before.profile(),
        }
    }

    fn status_as(&self, before: &Self, Restoration { reason, at, .. }: &Restoration) -> Option<OrgCommand> {
        use OrgCommand as C;
        let slug = || self.profile().map(|org| org.slug.clone());
        match (self, before) {
            (Self::Suspended(..), Self::Active(_)) => Some(C::Lifecycle(LifecycleCommand::Reinstate)),
            (Self::Archived(_), Self::Active(_) | Self::Suspended(..)) => {
                Some(C::Lifecycle(LifecycleCommand::Restore))
            }
            (Self::Active(_), Self::Suspended(_, reason)) => Some(C::Lifecycle(LifecycleCommand::Suspend {
                reason: reason.clone(),
                confirmed: slug().map(|slug| Confirmation { slug, at: *at }),
            })),
            (Self::Active(_) | Self::Suspended(..), Self::Archived(_)) => {
                Some(C::Lifecycle(LifecycleCommand::Archive { reason: reason.clone(), confirmed: slug() }))
            }
            (Self::Unborn, _) | (_, Self::Unborn) => None,
            (Self::Active(_), Self::Active(_))
            | (Self::Suspended(..), Self::Suspended(..))
            | (Self::Archived(_), Self::Archived(_)) => None,
        }
    }
}

impl Profile {
    /// The actions that a role may take with things of a type; nothing if it may take none.
    fn allowed(&self, role: &Role, code: &ResourceCode) -> Option<Actions> {
        Actions::of(Action::ALL.into_iter().filter(|action| self.permissions.allow(role, code, *action)))
    }

    /// The command that sets the permissions of these facets back to those in `then`; nothing if a facet is of another kind.
    fn permissions_as(&self, then: &Self, facets: &BTreeSet<OrgFacet>) -> Option<OrgCommand> {
        let (mut granted, mut withdrawn) = (BTreeSet::new(), BTreeSet::new());
        for facet in facets {
            let OrgFacet::Permissions(role, code) = facet else { return None };
            for action in Action::ALL {
                let permission = Permission { role: role.clone(), code: code.clone(), action };
                match (self.permissions.allow(role, code, action), then.permissions.allow(role, code, action))
                {
                    (false, true) => granted.insert(permission),
                    (true, false) => withdrawn.insert(permission),
                    (false, false) | (true, true) => false,
                };
            }
        }
        Some(OrgCommand::Role(RoleCommand::SetPermissions { granted, withdrawn }))
    }
}

impl super::Permissions {
    /// The permissions that a custom role was granted, by resource type.
    fn decided(&self, role: &Role) -> BTreeMap<ResourceCode, Actions> {
        let of_role = self.0.get(role).into_iter().flatten();
        of_role
            .filter_map(|(code, actions)| Some((code.clone(), Actions::of(actions.iter().copied())?)))
            .collect()
    }
}
