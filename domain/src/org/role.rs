//! The roles of one organisation, and what each may do with which kinds of things.
//!
//! **Invariant:** what nobody decided about is open to owners and admins alone, and an owner can always do everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

use super::{OrgError, OrgEvent, Profile};
use crate::resource_type::{Action, Actions};
use crate::values::{ResourceCode, RoleName, ValueError};

/// What somebody is inside one organisation. Never mixed up with the platform's own roles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Owner,
    Admin,
    Member,
    /// One that the organisation made itself.
    #[serde(untagged)]
    Custom(RoleName),
}

/// One box of the matrix: this role, with things of this type, may do this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Permission {
    pub role: Role,
    pub code: ResourceCode,
    pub action: Action,
}

/// What was decided about each role: the actions in which it differs from what it may by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(pub(super) BTreeMap<Role, BTreeMap<ResourceCode, BTreeSet<Action>>>);

impl Role {
    /// Those of every organisation.
    pub const BUILT_IN: [Self; 3] = [Self::Owner, Self::Admin, Self::Member];

    pub fn as_str(&self) -> &str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Custom(name) => name.as_str(),
        }
    }

    /// As it was stored.
    pub fn stored(text: &str) -> Self {
        let json = IntoDeserializer::<serde::de::value::Error>::into_deserializer(text);
        Self::deserialize(json).expect("any text is a role")
    }

    /// Whether it answers for the organisation: for its people, and for what the roles may do.
    pub fn manages(&self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Whether it may do something that nobody decided about.
    pub fn may_by_default(&self) -> bool {
        self.manages()
    }

    /// Whether it may do something, with the actions in which it differs from what it may by default.
    pub fn may(&self, action: Action, differs: &BTreeSet<Action>) -> bool {
        self.may_by_default() != differs.contains(&action)
    }

    /// Changes in which actions it differs, when somebody decides that it may do these, or may not.
    pub fn decide(&self, differs: &mut BTreeSet<Action>, actions: &Actions, may: bool) {
        for action in actions.iter() {
            if may == self.may_by_default() {
                differs.remove(&action)
            } else {
                differs.insert(action)
            };
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let built_in = Self::BUILT_IN.into_iter().find(|role| role.as_str() == typed);
        built_in.map_or_else(|| typed.parse().map(Self::Custom), Ok)
    }
}

impl Permissions {
    /// Whether a role may do something, where the organisation has the type and it can be done with it.
    pub fn allow(&self, role: &Role, code: &ResourceCode, action: Action) -> bool {
        let differs = self.0.get(role).and_then(|of_role| of_role.get(code));
        differs.map_or(role.may_by_default(), |differs| role.may(action, differs))
    }

    pub(super) fn set(&mut self, role: &Role, code: ResourceCode, actions: &Actions, may: bool) {
        let differs = self.0.entry(role.clone()).or_default().entry(code).or_default();
        role.decide(differs, actions, may);
    }
}

/// How many roles an organisation may have of its own: all of them stand side by side on one page.
pub const MOST_ROLES: usize = 50;

impl Profile {
    /// Refuses a role that the organisation does not have.
    pub(super) fn know(&self, role: &Role) -> Result<(), OrgError> {
        match role {
            Role::Custom(name) if !self.roles.contains(name) => Err(OrgError::NoSuchRole),
            Role::Owner | Role::Admin | Role::Member | Role::Custom(_) => Ok(()),
        }
    }

    pub(super) fn add_role(
        &self,
        role: RoleName,
        permissions: BTreeMap<ResourceCode, Actions>,
    ) -> Result<Vec<OrgEvent>, OrgError> {
        if self.roles.contains(&role) {
            return Err(OrgError::RoleExists);
        }
        if self.roles.len() >= MOST_ROLES {
            return Err(OrgError::TooManyRoles);
        }
        let granted = permissions.into_iter().map(|(code, actions)| {
            let role = Role::Custom(role.clone());
            OrgEvent::PermissionsGranted { role, code, actions }
        });
        let granted: Vec<OrgEvent> = granted.collect();
        Ok([OrgEvent::RoleAdded { role }].into_iter().chain(granted).collect())
    }

    pub(super) fn remove_role(&self, role: RoleName) -> Result<Vec<OrgEvent>, OrgError> {
        let removed = Role::Custom(role.clone());
        if self.know(&removed).is_err() {
            return Ok(vec![]);
        }
        let is_held = self.members.values().any(|has| *has == removed);
        if is_held || self.invitations.open().any(|it| it.role == removed) {
            return Err(OrgError::RoleInUse);
        }
        Ok(vec![OrgEvent::RoleRemoved { role }])
    }

    pub(super) fn drop_role(&mut self, role: RoleName) {
        self.roles.remove(&role);
        self.permissions.0.remove(&Role::Custom(role));
    }

    /// One event for each role and type: what it may do now and could not, and the other way round. What is both granted
    /// and withdrawn is withdrawn.
    pub(super) fn permit(
        &self,
        granted: &BTreeSet<Permission>,
        withdrawn: &BTreeSet<Permission>,
    ) -> Result<Vec<OrgEvent>, OrgError> {
        for permission in granted.union(withdrawn) {
            self.know(&permission.role)?;
        }
        if withdrawn.iter().any(|permission| permission.role == Role::Owner) {
            return Err(OrgError::OwnerMayAll);
        }
        let granted = self.changed(&(granted - withdrawn), true).into_iter();
        let granted =
            granted.map(|(role, code, actions)| OrgEvent::PermissionsGranted { role, code, actions });
        let withdrawn = self.changed(withdrawn, false).into_iter();
        let withdrawn =
            withdrawn.map(|(role, code, actions)| OrgEvent::PermissionsWithdrawn { role, code, actions });
        Ok(granted.chain(withdrawn).collect())
    }

    /// Those that are not so already, together for each role and type.
    fn changed(&self, wanted: &BTreeSet<Permission>, allowed: bool) -> Vec<(Role, ResourceCode, Actions)> {
        let mut changed: BTreeMap<(&Role, &ResourceCode), Vec<Action>> = BTreeMap::new();
        for Permission { role, code, action } in wanted {
            if self.permissions.allow(role, code, *action) != allowed {
                changed.entry((role, code)).or_default().push(*action);
            }
        }
        let together = |((role, code), actions): ((&Role, &ResourceCode), Vec<Action>)| {
            Some((role.clone(), code.clone(), Actions::of(actions)?))
        };
        changed.into_iter().filter_map(together).collect()
    }
}
