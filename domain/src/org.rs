//! An organisation: a customer that people belong to.
//!
//! ```text
//!            Create             Suspend                 Archive
//! Unborn ─────────────► Active ────────► Suspended ────────────► Archived
//!                         ▲ ▲                │   ▲ (from Active too)  │
//!                         │ └── Reinstate ───┘   │                    │
//!                         └────────── Restore ───┴────────────────────┘
//!                                  (back to what it was)
//! ```
//!
//! **Invariant:** nothing here performs I/O, reads the clock, or makes up an id.

mod error;
mod event;
mod invitation;
mod revert;
mod role;
mod snapshot;
mod suspension;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::resource_type::{Actions, Choice};
use crate::values::{InvitationId, OrgId, OrgName, PersonId, Reason, ResourceCode, RoleName, Slug};
use crate::{Constraint, Fact, Rules};

pub use error::OrgError;
pub use event::OrgEvent;
pub use invitation::{Invitation, Invitations, Invitee, Outcome};
pub use revert::OrgFacet;
pub use role::{MOST_ROLES, Permission, Permissions, Role};
pub use suspension::{Confirmation, SECOND_THOUGHTS};

/// An order to an organisation. Times are not part of what a command *is*, so a form that is sent twice is one command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum OrgCommand {
    Create {
        name: OrgName,
        slug: Slug,
        owner: Option<Invitee>,
    },
    Rename {
        name: OrgName,
    },
    ChangeSlug {
        slug: Slug,
    },
    /// Only a protected organisation asks for the slug, and is reinstated by itself unless this is confirmed.
    Suspend {
        reason: Reason,
        confirmed: Option<Confirmation>,
    },
    /// `signed_in_at` is when the session began that this comes from.
    ConfirmSuspension {
        #[serde(skip)]
        signed_in_at: DateTime<Utc>,
    },
    Reinstate,
    /// Of the timer of a protected organisation, when its time has come.
    ReinstateOnTime {
        #[serde(skip)]
        at: DateTime<Utc>,
    },
    Archive {
        reason: Reason,
        confirmed: Option<Slug>,
    },
    Restore,
    Protect,
    Unprotect,
    Invite(Invitee),
    /// A new link, and more days for it.
    RenewInvitation {
        invitation: InvitationId,
        #[serde(skip)]
        expires_at: DateTime<Utc>,
    },
    WithdrawInvitation {
        invitation: InvitationId,
    },
    /// Whether it has a resource type, whatever the type's policy says; without a choice, the policy decides again.
    ChooseResourceType {
        code: ResourceCode,
        choice: Option<Choice>,
    },
    /// A role of its own, with what it may do from the start: usually what another one may.
    AddRole {
        role: RoleName,
        permissions: BTreeMap<ResourceCode, Actions>,
    },
    /// One that nobody has any more.
    RemoveRole {
        role: RoleName,
    },
    /// Any number of boxes of the matrix; those that are not named stay as they are.
    SetPermissions {
        granted: BTreeSet<Permission>,
        withdrawn: BTreeSet<Permission>,
    },
    /// `person` is whoever accepts; only the one who was invited can.
    AcceptInvitation {
        invitation: InvitationId,
        person: PersonId,
        #[serde(skip)]
        at: DateTime<Utc>,
    },
}

/// The situations an organisation can be in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Org {
    #[default]
    Unborn,
    Active(Profile),
    Suspended(Profile, Reason),
    /// Holds what it was, so that it can be restored whole.
    Archived(Box<Self>),
}

/// What is known of an organisation in every situation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: OrgName,
    pub slug: Slug,
    pub protected: bool,
    /// While it is suspended: when that ends by itself.
    #[serde(default)]
    pub reinstate_at: Option<DateTime<Utc>>,
    pub members: BTreeMap<PersonId, Role>,
    pub invitations: Invitations,
    /// Resource types of which it does not follow the policy.
    #[serde(default)]
    pub choices: BTreeMap<ResourceCode, Choice>,
    /// Those that it made itself.
    #[serde(default)]
    pub roles: BTreeSet<RoleName>,
    #[serde(default)]
    pub permissions: Permissions,
}

impl Rules for Org {
    type Id = OrgId;

    fn decide(&self, command: OrgCommand) -> Result<Vec<OrgEvent>, OrgError> {
        use OrgCommand as C;
        use OrgEvent as E;
        match (self, command) {
            (Self::Unborn, C::Create { name, slug, owner }) => {
                let owner = owner.map(|invitee| invitee.owning().invited());
                Ok([E::OrgCreated { name, slug }].into_iter().chain(owner).collect())
            }
            (Self::Unborn, _) => Err(OrgError::NotFound),
            (_, C::Create { .. }) => Err(OrgError::AlreadyExists),

            (Self::Active(org), C::Rename { name }) if org.name == name => Ok(vec![]),
            (Self::Active(_), C::Rename { name }) => Ok(vec![E::OrgRenamed { name }]),
            (Self::Active(org), C::ChangeSlug { slug }) if org.slug == slug => Ok(vec![]),
            (Self::Active(_), C::ChangeSlug { slug }) => Ok(vec![E::OrgSlugChanged { slug }]),
            (Self::Active(org), C::Suspend { reason, confirmed }) => org.suspend(reason, confirmed.as_ref()),
            (Self::Active(_), C::ConfirmSuspension { .. }) => Err(OrgError::NotSuspended),
            (Self::Active(org), C::Invite(invitee)) => org.invite(invitee),
            (Self::Active(org), C::ChooseResourceType { code, choice }) => Ok(org.choose(code, choice)),
            (Self::Active(org), C::AddRole { role, permissions }) => org.add_role(role, permissions),
            (Self::Active(org), C::RemoveRole { role }) => org.remove_role(role),
            (Self::Active(org), C::SetPermissions { granted, withdrawn }) => org.permit(&granted, &withdrawn),
            (Self::Active(org), C::RenewInvitation { invitation, expires_at }) => {
                org.invitations.renew(invitation, expires_at)
            }
            (Self::Active(org), C::AcceptInvitation { invitation, person, at }) => {
                org.invitations.accept(invitation, person, at)
            }

            (Self::Suspended(..), C::Suspend { .. }) => Ok(vec![]),
            (Self::Suspended(..), C::Reinstate) => Ok(vec![E::OrgReinstated {}]),
            (Self::Suspended(org, _), C::ReinstateOnTime { at }) => org.reinstate_on_time(at),
            (Self::Suspended(org, _), C::ConfirmSuspension { signed_in_at }) => {
                org.confirm_suspension(signed_in_at)
            }
            (Self::Suspended(..), C::Rename { .. } | C::ChangeSlug { .. }) => Err(OrgError::Suspended),
            (Self::Suspended(..), C::Invite(_) | C::RenewInvitation { .. } | C::AcceptInvitation { .. }) => {
                Err(OrgError::Suspended)
            }
            (Self::Suspended(..), C::ChooseResourceType { .. } | C::SetPermissions { .. }) => {
                Err(OrgError::Suspended)
            }
            (Self::Suspended(..), C::AddRole { .. } | C::RemoveRole { .. }) => Err(OrgError::Suspended),

            (Self::Active(_), C::Reinstate | C::ReinstateOnTime { .. }) => Ok(vec![]),
            (Self::Active(_) | Self::Suspended(..), C::Restore) => Ok(vec![]),
            (Self::Active(org) | Self::Suspended(org, _), C::Archive { reason, confirmed }) => {
                org.confirm(confirmed.as_ref())?;
                Ok(vec![E::OrgArchived { reason }])
            }
            (Self::Active(org) | Self::Suspended(org, _), C::Protect) if org.protected => Ok(vec![]),
            (Self::Active(_) | Self::Suspended(..), C::Protect) => Ok(vec![E::OrgProtected {}]),
            (Self::Active(org) | Self::Suspended(org, _), C::Unprotect) if !org.protected => Ok(vec![]),
            (Self::Active(_) | Self::Suspended(..), C::Unprotect) => Ok(vec![E::OrgUnprotected {}]),
            (Self::Active(org) | Self::Suspended(org, _), C::WithdrawInvitation { invitation }) => {
                org.invitations.withdraw(invitation)
            }

            (Self::Archived(_), C::Archive { .. }) => Ok(vec![]),
            (Self::Archived(before), C::Restore) => {
                Ok(vec![E::OrgRestored { suspended: before.suspension() }])
            }
            (Self::Archived(_), _) => Err(OrgError::Archived),
        }
    }

    fn fact(id: OrgId, event: OrgEvent) -> Fact {
        Fact::Org(id, event)
    }

    fn constraints(event: &OrgEvent) -> Vec<Constraint> {
        use OrgEvent as E;
        match event {
            // An old slug is never released: it goes on redirecting.
            E::OrgCreated { slug, .. } | E::OrgSlugChanged { slug } => {
                vec![Constraint::Claim { namespace: SLUGS, key: slug.to_string() }]
            }
            E::OrgRenamed { .. }
            | E::OrgSuspended { .. }
            | E::OrgReinstated {}
            | E::OrgReinstatementScheduled { .. }
            | E::OrgSuspensionConfirmed {}
            | E::OrgArchived { .. }
            | E::OrgRestored { .. }
            | E::OrgProtected {}
            | E::OrgUnprotected {}
            | E::MemberInvited { .. }
            | E::InvitationRenewed { .. }
            | E::InvitationWithdrawn { .. }
            | E::MemberJoined { .. }
            | E::ResourceTypeChosen { .. }
            | E::ResourceTypeChoiceDropped { .. }
            | E::RoleAdded { .. }
            | E::RoleRemoved { .. }
            | E::PermissionsGranted { .. }
            | E::PermissionsWithdrawn { .. } => vec![],
        }
    }
}

/// The namespace in which organisations claim their slugs.
pub const SLUGS: &str = "org.slug";

impl Profile {
    fn new(name: OrgName, slug: Slug) -> Self {
        Self {
            name,
            slug,
            protected: false,
            reinstate_at: None,
            members: BTreeMap::new(),
            invitations: Invitations::default(),
            choices: BTreeMap::new(),
            roles: BTreeSet::new(),
            permissions: Permissions::default(),
        }
    }

    /// A protected organisation wants its slug typed, so that nobody hits it by accident.
    fn confirm(&self, typed: Option<&Slug>) -> Result<(), OrgError> {
        if self.protected && typed != Some(&self.slug) { Err(OrgError::Protected) } else { Ok(()) }
    }

    fn choose(&self, code: ResourceCode, choice: Option<Choice>) -> Vec<OrgEvent> {
        match choice {
            same if self.choices.get(&code).copied() == same => vec![],
            Some(choice) => vec![OrgEvent::ResourceTypeChosen { code, choice }],
            None => vec![OrgEvent::ResourceTypeChoiceDropped { code }],
        }
    }

    fn chose(&mut self, code: ResourceCode, choice: Option<Choice>) {
        match choice {
            Some(choice) => self.choices.insert(code, choice),
            None => self.choices.remove(&code),
        };
    }

    fn invite(&self, invitee: Invitee) -> Result<Vec<OrgEvent>, OrgError> {
        if self.members.contains_key(&invitee.person) {
            return Err(OrgError::AlreadyMember);
        }
        self.know(&invitee.role)?;
        self.invitations.invite(invitee)
    }
}

impl Aggregate for Org {
    const TYPE: &'static str = "org";
    type Command = OrgCommand;
    type Event = OrgEvent;
    type Error = OrgError;
    type Services = ();

    async fn handle(&mut self, command: OrgCommand, (): &(), sink: &EventSink<Self>) -> Result<(), OrgError> {
        crate::run(self, command, sink).await
    }

    fn apply(&mut self, event: OrgEvent) {
        use OrgEvent as E;
        match event {
            E::OrgCreated { name, slug } => *self = Self::Active(Profile::new(name, slug)),
            E::OrgRenamed { name } => self.change(|org| org.name = name),
            E::OrgSlugChanged { slug } => self.change(|org| org.slug = slug),
            E::OrgSuspended { reason } => self.turn(|org| match org {
                Self::Active(profile) => Self::Suspended(profile, reason),
                org @ (Self::Unborn | Self::Suspended(..) | Self::Archived(_)) => org,
            }),
            E::OrgReinstated {} => self.turn(|org| match org {
                Self::Suspended(profile, _) => Self::Active(Profile { reinstate_at: None, ..profile }),
                org @ (Self::Unborn | Self::Active(_) | Self::Archived(_)) => org,
            }),
            E::OrgReinstatementScheduled { at } => self.change(|org| org.reinstate_at = Some(at)),
            E::OrgSuspensionConfirmed {} => self.change(|org| org.reinstate_at = None),
            E::OrgArchived { .. } => self.turn(|org| match org {
                before @ (Self::Active(_) | Self::Suspended(..)) => Self::Archived(Box::new(before)),
                org @ (Self::Unborn | Self::Archived(_)) => org,
            }),
            E::OrgRestored { .. } => self.turn(|org| match org {
                Self::Archived(before) => *before,
                org @ (Self::Unborn | Self::Active(_) | Self::Suspended(..)) => org,
            }),
            E::OrgProtected {} => self.change(|org| org.protected = true),
            E::OrgUnprotected {} => self.change(|org| org.protected = false),
            E::MemberInvited { invitation, person, role, expires_at } => self.change(|org| {
                let outcome = Outcome::Open;
                org.invitations.add(invitation, Invitation { person, role, expires_at, outcome });
            }),
            E::InvitationRenewed { invitation, expires_at } => {
                self.change(|org| org.invitations.extend(invitation, expires_at));
            }
            E::InvitationWithdrawn { invitation } => {
                self.change(|org| org.invitations.settle(invitation, Outcome::Withdrawn));
            }
            E::MemberJoined { invitation, person, role } => self.change(|org| {
                org.invitations.settle(invitation, Outcome::Accepted);
                org.members.insert(person, role);
            }),
            E::ResourceTypeChosen { code, choice } => self.change(|org| org.chose(code, Some(choice))),
            E::ResourceTypeChoiceDropped { code } => self.change(|org| org.chose(code, None)),
            E::RoleAdded { role } => self.change(|org| {
                org.roles.insert(role);
            }),
            E::RoleRemoved { role } => self.change(|org| org.drop_role(role)),
            E::PermissionsGranted { role, code, actions } => {
                self.change(|org| org.permissions.set(&role, code, &actions, true));
            }
            E::PermissionsWithdrawn { role, code, actions } => {
                self.change(|org| org.permissions.set(&role, code, &actions, false));
            }
        }
    }
}

impl Org {
    /// Whether somebody answers for it, as owner or admin.
    pub fn is_managed_by(&self, person: PersonId) -> bool {
        match self {
            Self::Unborn => false,
            Self::Active(org) | Self::Suspended(org, _) => {
                org.members.get(&person).is_some_and(Role::manages)
            }
            Self::Archived(before) => before.is_managed_by(person),
        }
    }

    fn turn(&mut self, into: impl FnOnce(Self) -> Self) {
        *self = into(std::mem::take(self));
    }

    fn change(&mut self, edit: impl FnOnce(&mut Profile)) {
        match self {
            Self::Unborn => {}
            Self::Active(profile) | Self::Suspended(profile, _) => edit(profile),
            Self::Archived(before) => before.change(edit),
        }
    }

    fn suspension(&self) -> Option<Reason> {
        match self {
            Self::Suspended(_, reason) => Some(reason.clone()),
            Self::Unborn | Self::Active(_) | Self::Archived(_) => None,
        }
    }
}
