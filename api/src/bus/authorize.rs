//! What every command needs of whoever sends it, and which of that each principal has.
//!
//! | | plain person | owner, admin | superadmin | shell | setup link | timer |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | `Superadmin` | | | ✓ | ✓ | | |
//! | `FirstSuperadmin` | | | ✓ | ✓ | ✓ | |
//! | `SuperadminAs` | | | themselves | | | |
//! | `Manager` | | of theirs | ✓ | ✓ | | |
//! | `Oneself` | themselves | themselves | themselves | ✓ | | |
//! | `Timer` | | | | ✓ | | ✓ |
//!
//! **Invariant:** a right that comes from a grant holds as long as that grant does, to the moment of the append; one that
//! comes from an organisation is read from the organisation itself, as it is when it decides.

use domain::grant::{GrantCommand, GrantError, PlatformRole, Policy, Term};
use domain::org::{ChoiceCommand, InvitationCommand, LifecycleCommand, OrgCommand, RoleCommand};
use domain::resource_type::{ResourceTypeCommand, RolloutPolicy};
use domain::values::PersonId;
use domain::{Actor, Decider, Grant, Org, ResourceType};
use projections::Timestamp;
use projections::grants::ActiveGrant;

use crate::bus::sensitive::Act;
use crate::clock;

/// What a command needs of whoever issues it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandRequirement {
    Superadmin,
    /// Superadmin; or the link that an empty portal prints, for the first one.
    FirstSuperadmin,
    /// Superadmin, and the person that the command says it is by.
    SuperadminAs(PersonId),
    /// Owner or admin of the organisation that it is sent to; or superadmin.
    Manager,
    /// Only this person, for themselves.
    Oneself(PersonId),
    /// Nobody: its time must have come.
    Timer,
}

/// How long a proof of who somebody is holds, in minutes.
pub const PROOF_MINUTES: i64 = 15;

/// Whether a proof of that moment still holds. Clocks may be some minutes apart; one far ahead proves nothing.
pub fn is_fresh(proven_at: Timestamp) -> bool {
    clock::now().signed_duration_since(*proven_at).abs() <= chrono::Duration::minutes(PROOF_MINUTES)
}

/// An aggregate whose commands can be issued: each of them says what it needs.
pub trait Authorize: Decider {
    fn right(command: &Self::Command) -> CommandRequirement;

    /// Its line in the table of what is sensitive.
    fn act(command: &Self::Command) -> Act;

    /// Whether it begins a stream, so that there is nothing to load. If there was, the append finds out.
    fn begins(command: &Self::Command) -> bool;

    /// Whether somebody answers for what it is sent to, as owner or admin.
    fn is_managed_by(&self, _: PersonId) -> bool {
        false
    }

    /// What the portal's policy has against it, if somebody in the console issues it.
    fn against(_: &Self::Command, _: &Policy) -> Option<Self::Error> {
        None
    }
}

impl Authorize for Org {
    fn right(command: &OrgCommand) -> CommandRequirement {
        use InvitationCommand as I;
        use LifecycleCommand as L;
        use OrgCommand as C;
        match command {
            C::Invitation(I::AcceptInvitation { person, .. }) => CommandRequirement::Oneself(*person),
            C::Lifecycle(L::ReinstateOnTime { .. }) => CommandRequirement::Timer,
            C::Role(
                RoleCommand::AddRole { .. }
                | RoleCommand::RemoveRole { .. }
                | RoleCommand::SetPermissions { .. },
            ) => CommandRequirement::Manager,
            C::Lifecycle(
                L::Create { .. }
                | L::Rename { .. }
                | L::ChangeSlug { .. }
                | L::Suspend { .. }
                | L::ConfirmSuspension { .. }
                | L::Reinstate
                | L::Archive { .. }
                | L::Restore
                | L::Protect
                | L::Unprotect,
            )
            | C::Invitation(I::Invite(_) | I::RenewInvitation { .. } | I::WithdrawInvitation { .. })
            | C::Choice(ChoiceCommand::ChooseResourceType { .. }) => CommandRequirement::Superadmin,
        }
    }

    fn act(command: &OrgCommand) -> Act {
        use InvitationCommand as I;
        use LifecycleCommand as L;
        use OrgCommand as C;
        match command {
            C::Lifecycle(command) => match command {
                L::Create { .. } => Act::CreateOrg,
                L::Rename { .. } => Act::RenameOrg,
                L::ChangeSlug { .. } => Act::ChangeSlug,
                L::Suspend { .. } => Act::SuspendOrg,
                L::ConfirmSuspension { .. } => Act::ConfirmSuspension,
                L::Reinstate => Act::ReinstateOrg,
                L::ReinstateOnTime { .. } => Act::TimedChange,
                L::Archive { .. } => Act::ArchiveOrg,
                L::Restore => Act::RestoreOrg,
                L::Protect => Act::ProtectOrg,
                L::Unprotect => Act::UnprotectOrg,
            },
            C::Invitation(command) => match command {
                I::Invite(_) => Act::Invite,
                I::RenewInvitation { .. } => Act::RenewInvitation,
                I::WithdrawInvitation { .. } => Act::WithdrawInvitation,
                I::AcceptInvitation { .. } => Act::AcceptInvitation,
            },
            C::Choice(ChoiceCommand::ChooseResourceType { .. }) => Act::ChooseResourceType,
            C::Role(
                RoleCommand::AddRole { .. }
                | RoleCommand::RemoveRole { .. }
                | RoleCommand::SetPermissions { .. },
            ) => Act::ManageRoles,
        }
    }

    fn begins(command: &OrgCommand) -> bool {
        matches!(command, OrgCommand::Lifecycle(LifecycleCommand::Create { .. }))
    }

    fn is_managed_by(&self, person: PersonId) -> bool {
        Self::is_managed_by(self, person)
    }
}

impl Authorize for ResourceType {
    fn right(command: &ResourceTypeCommand) -> CommandRequirement {
        use ResourceTypeCommand as C;
        match command {
            C::Define(_)
            | C::Relabel { .. }
            | C::Describe { .. }
            | C::SetActions { .. }
            | C::Spread { .. }
            | C::Deactivate { .. }
            | C::Reactivate => CommandRequirement::Superadmin,
        }
    }

    fn act(command: &ResourceTypeCommand) -> Act {
        use ResourceTypeCommand as C;
        match command {
            C::Define(definition) if definition.spread == RolloutPolicy::Everywhere => Act::DefineEverywhere,
            C::Define(_) => Act::DefineResourceType,
            C::Relabel { .. } | C::Describe { .. } => Act::DescribeResourceType,
            C::SetActions { .. } => Act::SetActions,
            C::Spread { .. } => Act::SpreadResourceType,
            C::Deactivate { .. } => Act::DeactivateResourceType,
            C::Reactivate => Act::ReactivateResourceType,
        }
    }

    fn begins(command: &ResourceTypeCommand) -> bool {
        matches!(command, ResourceTypeCommand::Define(_))
    }
}

impl Authorize for Grant {
    fn right(command: &GrantCommand) -> CommandRequirement {
        use GrantCommand as C;
        match command {
            C::Give { role: PlatformRole::Superadmin, term: Term::FOR_GOOD, .. } => {
                CommandRequirement::FirstSuperadmin
            }
            C::Give { .. } | C::Revoke { .. } | C::Decline { .. } => CommandRequirement::Superadmin,
            C::Request { by, .. } | C::Approve { by, .. } | C::Withdraw { by, .. } => {
                CommandRequirement::SuperadminAs(*by)
            }
            C::Start { .. } | C::Expire { .. } => CommandRequirement::Timer,
        }
    }

    fn act(command: &GrantCommand) -> Act {
        use GrantCommand as C;
        match command {
            C::Give { .. } => Act::GrantRole,
            C::Revoke { .. } => Act::RevokeRole,
            C::Approve { .. } => Act::ApproveRole,
            C::Request { .. } => Act::RequestRole,
            C::Decline { .. } | C::Withdraw { .. } => Act::SettleRequest,
            C::Start { .. } | C::Expire { .. } => Act::TimedChange,
        }
    }

    fn begins(_: &GrantCommand) -> bool {
        false
    }

    fn against(command: &GrantCommand, policy: &Policy) -> Option<GrantError> {
        policy.against(command)
    }
}

/// Whoever issues a command, with the right they have it by.
#[derive(Clone, Debug)]
pub enum Principal {
    Person {
        person: PersonId,
        grant: Option<ActiveGrant>,
        /// When they last proved who they are, if they are signed in.
        proven_at: Option<Timestamp>,
    },
    /// A shell on the server: whoever has it has the database too.
    Shell,
    /// The link of an empty portal.
    Setup,
    /// A time that an earlier event had set: see `jobs/timers.rs`.
    Timer,
}

impl Principal {
    pub fn actor(&self) -> Actor {
        match self {
            Self::Person { person, .. } => Actor::Person(*person),
            Self::Shell => Actor::Shell,
            Self::Setup => Actor::Setup,
            Self::Timer => Actor::Timer,
        }
    }

    /// Whether they have proven lately who they are. Whoever has the server, or its first link, is nobody to ask.
    pub fn is_proven(&self) -> bool {
        match self {
            Self::Person { proven_at, .. } => proven_at.is_some_and(is_fresh),
            Self::Shell | Self::Setup | Self::Timer => true,
        }
    }

    /// The policy as it binds them; nothing where it does not.
    pub fn bound_by(&self, policy: Policy) -> Option<Policy> {
        match self {
            Self::Person { grant, .. } => {
                let own_end = grant.as_ref().and_then(ActiveGrant::until).map(Into::into);
                Some(Policy { own_end, ..policy })
            }
            Self::Shell | Self::Setup | Self::Timer => None,
        }
    }

    /// Whether this right is had at `aggregate`, and by which grant: the one that must still stand when the events are
    /// written. (What gives a right in an organisation is among its own events, which the append sees unchanged.)
    pub fn has<A: Authorize>(
        &self,
        right: CommandRequirement,
        aggregate: &A,
    ) -> Option<Option<&ActiveGrant>> {
        let by_grant = || match self {
            Self::Person { grant: Some(grant), .. } if grant.role() == PlatformRole::Superadmin => {
                Some(Some(grant))
            }
            Self::Person { .. } | Self::Shell | Self::Setup | Self::Timer => None,
        };
        match (self, right) {
            (Self::Shell, CommandRequirement::SuperadminAs(_)) => None, // no shell is a person
            (Self::Shell, _)
            | (Self::Setup, CommandRequirement::FirstSuperadmin)
            | (Self::Timer, CommandRequirement::Timer) => Some(None),
            (Self::Person { person, .. }, CommandRequirement::Oneself(of)) => (*person == of).then_some(None),
            (Self::Person { person, .. }, CommandRequirement::Manager) => {
                by_grant().or_else(|| aggregate.is_managed_by(*person).then_some(None))
            }
            (Self::Person { .. }, CommandRequirement::Superadmin | CommandRequirement::FirstSuperadmin) => {
                by_grant()
            }
            (Self::Person { person, .. }, CommandRequirement::SuperadminAs(by)) => {
                by_grant().filter(|_| *person == by)
            }
            (Self::Person { .. }, CommandRequirement::Timer) | (Self::Setup | Self::Timer, _) => None,
        }
    }
}
