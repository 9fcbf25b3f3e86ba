//! Why an organisation refused.

use super::roles::MOST_ROLES;

/// Why a command to an organisation was refused. The text is shown to whoever gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrgError {
    #[error("there is no such organisation")]
    NotFound,
    #[error("this organisation exists already")]
    AlreadyExists,
    #[error("this organisation is suspended; reinstate it first")]
    Suspended,
    #[error("this organisation is archived; restore it first")]
    Archived,
    #[error("this organisation is protected; type its slug to confirm")]
    Protected,
    #[error("this organisation is not suspended any more")]
    NotSuspended,
    #[error("sign out and in again first: that shows that signing in still works")]
    OldSignIn,
    #[error("its time has not come yet")]
    NotYet,
    #[error("this person is a member already")]
    AlreadyMember,
    #[error("this person is no member")]
    NotMember,
    #[error(
        "an organisation always has an owner, and this is the last one; make somebody else an owner first"
    )]
    LastOwner,
    #[error("this person has an open invitation; make a new link for it instead")]
    AlreadyInvited,
    #[error("this invitation exists already; make another one")]
    InvitationExists,
    #[error("there is no such invitation")]
    NoSuchInvitation,
    #[error("this invitation was withdrawn; a new one is needed")]
    InvitationWithdrawn,
    #[error("this invitation has expired; ask for a new link")]
    InvitationExpired,
    #[error("this invitation was used; its person can sign in")]
    InvitationUsed,
    #[error("there is a role with this name already")]
    RoleExists,
    #[error("there is no such role here; perhaps it was removed")]
    NoSuchRole,
    #[error("somebody has this role or is invited with it")]
    RoleInUse,
    #[error("an organisation has at most {MOST_ROLES} roles of its own; remove one first")]
    TooManyRoles,
    #[error("an owner can always do everything")]
    OwnerMayAll,
}
