//! The requirement of every command, and which requirements each principal meets.
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
//! **Invariant:** a right from a grant holds as long as that grant does, up to the moment of the append. A right inside an
//! organisation is read from the organisation itself, as it is when it decides.

use domain::grant::{GrantCommand, GrantError, GrantPolicy, PlatformRole, Term};
use domain::org::{
    ChoiceCommand, InvitationCommand, LifecycleCommand, MemberCommand, OrgCommand, RoleCommand,
};
use domain::resource_type::{ResourceTypeCommand, RolloutPolicy};
use domain::values::PersonId;
use domain::{Actor, Decider, Grant, Org, ResourceType};
use projections::Timestamp;
use projections::grants::ActiveGrant;

use crate::bus::sensitive::Act;
use crate::clock;

/// What a command requires of its issuer. A shell on the server meets every requirement but `SuperadminAs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandRequirement {
    Superadmin,
    /// The issuer is a superadmin, or follows the link that an empty portal prints for the first one.
    FirstSuperadmin,
    /// The issuer is a superadmin, and the same person that the command says it is by.
    SuperadminAs(PersonId),
    /// The issuer is an owner or admin of the organisation that the command is sent to, or a superadmin.
    Manager,
    /// The issuer is this person, acting for themselves.
    Oneself(PersonId),
    /// The issuer is the timer: an earlier event has set the time. No person has this right.
    Timer,
}

/// How long a proof of who somebody is holds, in minutes.
pub const PROOF_MINUTES: i64 = 15;

/// True while a proof from that moment still holds. Clocks may be some minutes apart; a moment far ahead proves nothing.
pub fn is_fresh(proven_at: Timestamp) -> bool {
    clock::now().signed_duration_since(*proven_at).abs() <= chrono::Duration::minutes(PROOF_MINUTES)
}

/// An aggregate whose commands can be issued: each of them says what it needs.
pub trait Authorize: Decider {
    fn right(command: &Self::Command) -> CommandRequirement;

    /// The entry for this command in the table of sensitive acts.
    fn act(command: &Self::Command) -> Act;

    /// True if the command begins a stream, so that there is nothing to load. If the stream exists after all, the append
    /// finds out.
    fn begins(command: &Self::Command) -> bool;

    /// Says whether a person who belongs to the aggregate may give this command there.
    fn lets(&self, _: PersonId, _: &Self::Command) -> bool {
        false
    }

    /// Why the portal's policy forbids this command to somebody in the console, if it does.
    fn against(_: &Self::Command, _: &GrantPolicy) -> Option<Self::Error> {
        None
    }
}

impl Authorize for Org {
    fn right(command: &OrgCommand) -> CommandRequirement {
        use InvitationCommand as I;
        use LifecycleCommand as L;
        use MemberCommand as M;
        use OrgCommand as C;
        match command {
            C::Invitation(I::AcceptInvitation { person, .. }) | C::Member(M::Leave { person }) => {
                CommandRequirement::Oneself(*person)
            }
            C::Lifecycle(L::ReinstateOnTime { .. }) => CommandRequirement::Timer,
            C::Role(
                RoleCommand::AddRole { .. }
                | RoleCommand::RemoveRole { .. }
                | RoleCommand::SetPermissions { .. },
            )
            | C::Member(M::ChangeRole { .. } | M::RemoveMember { .. } | M::ReadmitMember { .. }) => {
                CommandRequirement::Manager
            }
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
            C::Member(command) => match command {
                MemberCommand::ChangeRole { role, .. } if role.manages() => Act::PromoteMember,
                MemberCommand::ChangeRole { .. } => Act::ChangeMemberRole,
                MemberCommand::RemoveMember { .. } => Act::RemoveMember,
                MemberCommand::Leave { .. } => Act::LeaveOrg,
                MemberCommand::ReadmitMember { .. } => Act::ReadmitMember,
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

    fn lets(&self, person: PersonId, command: &OrgCommand) -> bool {
        match command {
            OrgCommand::Member(command) => self.may_manage_member(person, command),
            OrgCommand::Lifecycle(_)
            | OrgCommand::Invitation(_)
            | OrgCommand::Role(_)
            | OrgCommand::Choice(_) => self.is_managed_by(person),
        }
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

    fn against(command: &GrantCommand, policy: &GrantPolicy) -> Option<GrantError> {
        policy.against(command)
    }
}

/// The issuer of a command, with the right by which they issue it.
#[derive(Clone, Debug)]
pub enum Principal {
    Person {
        person: PersonId,
        grant: Option<ActiveGrant>,
        /// When they last proved who they are, if they are signed in.
        proven_at: Option<Timestamp>,
    },
    /// A shell on the server. Whoever has that has the database too.
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

    /// True if the principal has proven lately who they are. A shell on the server and the setup link are never asked.
    pub fn is_proven(&self) -> bool {
        match self {
            Self::Person { proven_at, .. } => proven_at.is_some_and(is_fresh),
            Self::Shell | Self::Setup | Self::Timer => true,
        }
    }

    /// The policy as it binds this principal; none where it does not bind them.
    pub fn bound_by(&self, policy: GrantPolicy) -> Option<GrantPolicy> {
        match self {
            Self::Person { grant, .. } => {
                let own_end = grant.as_ref().and_then(ActiveGrant::until).map(Into::into);
                Some(GrantPolicy { own_end, ..policy })
            }
            Self::Shell | Self::Setup | Self::Timer => None,
        }
    }

    /// Says if the principal has this right on `aggregate`, and by which grant. That grant must still stand when the events
    /// are written. (A right inside an organisation comes from the organisation's own events, which the append sees
    /// unchanged.)
    pub fn has<A: Authorize>(
        &self,
        right: CommandRequirement,
        aggregate: &A,
        command: &A::Command,
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
                by_grant().or_else(|| aggregate.lets(*person, command).then_some(None))
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
