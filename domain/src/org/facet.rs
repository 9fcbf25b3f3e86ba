//! The parts of an organisation that can be decided, and undone, independently of each other.

use std::fmt;

use super::Role;
use crate::values::{InvitationId, PersonId, ResourceCode, RoleName};

/// One part of an organisation that is decided and undone on its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrgFacet {
    Name,
    Slug,
    Status,
    Protection,
    Invitation(InvitationId),
    /// What somebody is here.
    Member(PersonId),
    Choice(ResourceCode),
    Role(RoleName),
    Permissions(Role, ResourceCode),
}

impl fmt::Display for OrgFacet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("name"),
            Self::Slug => f.write_str("slug"),
            Self::Status => f.write_str("status"),
            Self::Protection => f.write_str("protection"),
            Self::Invitation(_) => f.write_str("invitation"),
            Self::Member(_) => f.write_str("membership"),
            Self::Choice(code) => write!(f, "choice of {code}"),
            Self::Role(name) => write!(f, "role {name}"),
            Self::Permissions(role, code) => write!(f, "what {role} may do with {code}"),
        }
    }
}
