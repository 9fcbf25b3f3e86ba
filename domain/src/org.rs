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
mod facet;
mod invitations;
mod lifecycle;
mod members;
mod resource_choices;
mod revert;
mod roles;
mod snapshot;
mod suspension;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::concern::concerns;
use crate::resource_type::ResourceChoice;
use crate::values::{OrgId, OrgName, PersonId, Reason, ResourceCode, RoleName, Slug};
use crate::{AnyEvent, Constraint, Decider};

pub use error::OrgError;
pub use event::OrgEvent;
pub use facet::OrgFacet;
pub use invitations::{
    Invitation, InvitationCommand, InvitationEvent, InvitationOutcome, Invitations, Invitee,
};
pub use lifecycle::{LifecycleCommand, LifecycleEvent};
pub use members::{MemberCommand, MemberEvent};
pub use resource_choices::{ChoiceCommand, ChoiceEvent};
pub use roles::{MOST_ROLES, Permission, Permissions, Role, RoleCommand, RoleEvent};
pub use suspension::{Confirmation, SECOND_THOUGHTS};

concerns! {
    /// An order to an organisation. Times are not part of what a command *is*, so a form that is sent twice is one command.
    pub enum OrgCommand {
        Lifecycle(LifecycleCommand),
        Invitation(InvitationCommand),
        Member(MemberCommand),
        Role(RoleCommand),
        Choice(ChoiceCommand),
    }
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
    /// While the organisation is suspended: the moment at which the suspension ends by itself, if it does.
    #[serde(default)]
    pub reinstate_at: Option<DateTime<Utc>>,
    pub members: BTreeMap<PersonId, Role>,
    /// Those who were removed, with what they were: a removal can be taken back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<PersonId, Role>,
    pub invitations: Invitations,
    /// The organisation's own choices: for these resource types it does not follow the policy.
    #[serde(default)]
    pub choices: BTreeMap<ResourceCode, ResourceChoice>,
    /// The roles that the organisation made itself.
    #[serde(default)]
    pub roles: BTreeSet<RoleName>,
    #[serde(default)]
    pub permissions: Permissions,
}

impl Decider for Org {
    type Id = OrgId;

    fn decide(&self, command: OrgCommand) -> Result<Vec<OrgEvent>, OrgError> {
        use InvitationCommand::WithdrawInvitation;
        use OrgCommand as C;
        match (self, command) {
            (org, C::Lifecycle(command)) => lifecycle::decide(org, command),

            (Self::Active(org), C::Invitation(command)) => invitations::decide(org, command),
            (Self::Active(org), C::Member(command)) => members::decide(org, command),
            (Self::Active(org), C::Role(command)) => roles::decide(org, command),
            (Self::Active(org), C::Choice(command)) => Ok(resource_choices::decide(org, command)),

            // An invitation can be withdrawn even while the organisation is suspended.
            (Self::Suspended(org, _), C::Invitation(command @ WithdrawInvitation { .. })) => {
                invitations::decide(org, command)
            }
            (Self::Suspended(..), _) => Err(OrgError::Suspended),
            (Self::Archived(_), _) => Err(OrgError::Archived),
            (Self::Unborn, _) => Err(OrgError::NotFound),
        }
    }

    fn any(id: OrgId, event: OrgEvent) -> AnyEvent {
        AnyEvent::Org(id, event)
    }

    fn constraints(event: &OrgEvent) -> Vec<Constraint> {
        match event {
            OrgEvent::Lifecycle(event) => event.constraints(),
            OrgEvent::Invitation(_) | OrgEvent::Member(_) | OrgEvent::Role(_) | OrgEvent::Choice(_) => vec![],
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
            removed: BTreeMap::new(),
            invitations: Invitations::default(),
            choices: BTreeMap::new(),
            roles: BTreeSet::new(),
            permissions: Permissions::default(),
        }
    }

    /// A protected organisation requires its slug to be typed, so that nobody suspends or archives it by accident.
    fn confirm(&self, typed: Option<&Slug>) -> Result<(), OrgError> {
        if self.protected && typed != Some(&self.slug) { Err(OrgError::Protected) } else { Ok(()) }
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
        match event {
            OrgEvent::Lifecycle(event) => *self = lifecycle::apply(std::mem::take(self), event),
            OrgEvent::Invitation(event) => self.change(|org| invitations::apply(org, event)),
            OrgEvent::Member(event) => self.change(|org| members::apply(org, event)),
            OrgEvent::Role(event) => self.change(|org| roles::apply(org, event)),
            OrgEvent::Choice(event) => self.change(|org| resource_choices::apply(&mut org.choices, event)),
        }
    }
}

impl Org {
    /// Says whether the person is an owner or admin of the organisation.
    pub fn is_managed_by(&self, person: PersonId) -> bool {
        match self {
            Self::Unborn => false,
            Self::Active(org) | Self::Suspended(org, _) => {
                org.members.get(&person).is_some_and(Role::manages)
            }
            Self::Archived(before) => before.is_managed_by(person),
        }
    }

    fn with(mut self, edit: impl FnOnce(&mut Profile)) -> Self {
        self.change(edit);
        self
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
