//! The roles of one organisation, and what each may do with which kinds of things.
//!
//! **Invariant:** what nobody decided about is open to owners and admins alone, and an owner can always do everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

use super::{OrgError, OrgEvent, OrgFacet, Profile};
use crate::concern::events;
use crate::resource_type::{Action, Actions};
use crate::sentence::{Part, text};
use crate::values::{OrgId, ResourceCode, RoleName, ValueError};

/// A person's role inside one organisation. Platform roles are a separate type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Owner,
    Admin,
    Member,
    /// A role that the organisation made itself.
    #[serde(untagged)]
    Custom(RoleName),
}

/// One cell of the permission matrix: the role may take this action with things of this type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Permission {
    pub role: Role,
    pub code: ResourceCode,
    pub action: Action,
}

/// For each role and resource type, the actions in which the role differs from its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(pub(super) BTreeMap<Role, BTreeMap<ResourceCode, BTreeSet<Action>>>);

impl Role {
    /// The roles that every organisation has.
    pub const BUILT_IN: [Self; 3] = [Self::Owner, Self::Admin, Self::Member];

    pub fn as_str(&self) -> &str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Custom(name) => name.as_str(),
        }
    }

    /// Reads a role from its stored text.
    pub fn stored(text: &str) -> Self {
        let json = IntoDeserializer::<serde::de::value::Error>::into_deserializer(text);
        Self::deserialize(json).expect("any text is a role")
    }

    /// Says whether the role manages the organisation's people and permissions.
    pub fn manages(&self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Says whether the role may take an action that nobody decided about.
    pub fn may_by_default(&self) -> bool {
        self.manages()
    }

    /// Says whether the role may take the action, given the actions in which it differs from its default.
    pub fn may(&self, action: Action, differs: &BTreeSet<Action>) -> bool {
        self.may_by_default() != differs.contains(&action)
    }

    /// Updates the actions in which the role differs from its default, after a decision that it may or may not take these.
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
    /// Says whether a role may take an action. It does not check that the organisation has the type or the type the action.
    pub fn allow(&self, role: &Role, code: &ResourceCode, action: Action) -> bool {
        let differs = self.0.get(role).and_then(|of_role| of_role.get(code));
        differs.map_or(role.may_by_default(), |differs| role.may(action, differs))
    }

    pub(super) fn set(&mut self, role: &Role, code: ResourceCode, actions: &Actions, may: bool) {
        let differs = self.0.entry(role.clone()).or_default().entry(code).or_default();
        role.decide(differs, actions, may);
    }
}

/// An order about the roles of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum RoleCommand {
    /// Adds a custom role with its first permissions, usually copied from another role.
    AddRole { role: RoleName, permissions: BTreeMap<ResourceCode, Actions> },
    /// Removes a custom role that no member has and no open invitation gives.
    RemoveRole { role: RoleName },
    /// Sets any number of cells of the permission matrix; cells that are not named stay as they are.
    SetPermissions { granted: BTreeSet<Permission>, withdrawn: BTreeSet<Permission> },
}

events! {
    /// What happened to the roles of an organisation.
    pub enum RoleEvent {
        RoleAdded { role: RoleName },
        /// Whatever was decided about the role goes with it.
        RoleRemoved { role: RoleName },
        /// The role may do this with things of the type; what is not named stays as it was.
        PermissionsGranted { role: Role, code: ResourceCode, actions: Actions },
        PermissionsWithdrawn { role: Role, code: ResourceCode, actions: Actions },
    }
}

pub(super) fn decide(org: &Profile, command: RoleCommand) -> Result<Vec<OrgEvent>, OrgError> {
    let events = match command {
        RoleCommand::AddRole { role, permissions } => org.add_role(role, permissions)?,
        RoleCommand::RemoveRole { role } => org.remove_role(role)?,
        RoleCommand::SetPermissions { granted, withdrawn } => org.permit(&granted, &withdrawn)?,
    };
    Ok(events.into_iter().map(OrgEvent::from).collect())
}

pub(super) fn apply(org: &mut Profile, event: RoleEvent) {
    use RoleEvent as E;
    match event {
        E::RoleAdded { role } => {
            org.roles.insert(role);
        }
        E::RoleRemoved { role } => {
            org.roles.remove(&role);
            org.permissions.0.remove(&Role::Custom(role));
        }
        E::PermissionsGranted { role, code, actions } => org.permissions.set(&role, code, &actions, true),
        E::PermissionsWithdrawn { role, code, actions } => org.permissions.set(&role, code, &actions, false),
    }
}

impl RoleEvent {
    pub(crate) fn sentence(&self, org: OrgId) -> Vec<Part> {
        let org = Part::Org(org);
        match self {
            Self::RoleAdded { role } => vec![text(format!("added the role {role} to ")), org],
            Self::RoleRemoved { role } => vec![text(format!("removed the role {role} from ")), org],
            Self::PermissionsGranted { role, code, actions } => {
                let code = Part::ResourceType(code.clone());
                vec![text(format!("let {role} {actions} ")), code, text(" in "), org]
            }
            Self::PermissionsWithdrawn { role, code, actions } => {
                let code = Part::ResourceType(code.clone());
                vec![text(format!("no longer let {role} {actions} ")), code, text(" in "), org]
            }
        }
    }

    pub(super) fn facet(&self) -> OrgFacet {
        match self {
            Self::RoleAdded { role } | Self::RoleRemoved { role } => OrgFacet::Role(role.clone()),
            Self::PermissionsGranted { role, code, .. } | Self::PermissionsWithdrawn { role, code, .. } => {
                OrgFacet::Permissions(role.clone(), code.clone())
            }
        }
    }
}

/// The most custom roles that an organisation may have: one page shows them all side by side.
pub const MOST_ROLES: usize = 50;

impl Profile {
    /// Refuses a role that the organisation does not have.
    pub(super) fn know(&self, role: &Role) -> Result<(), OrgError> {
        match role {
            Role::Custom(name) if !self.roles.contains(name) => Err(OrgError::NoSuchRole),
            Role::Owner | Role::Admin | Role::Member | Role::Custom(_) => Ok(()),
        }
    }

    fn add_role(
        &self,
        role: RoleName,
        permissions: BTreeMap<ResourceCode, Actions>,
    ) -> Result<Vec<RoleEvent>, OrgError> {
        if self.roles.contains(&role) {
            return Err(OrgError::RoleExists);
        }
        if self.roles.len() >= MOST_ROLES {
            return Err(OrgError::TooManyRoles);
        }
        let granted = permissions.into_iter().map(|(code, actions)| {
            let role = Role::Custom(role.clone());
            RoleEvent::PermissionsGranted { role, code, actions }
        });
        let granted: Vec<RoleEvent> = granted.collect();
        Ok([RoleEvent::RoleAdded { role }].into_iter().chain(granted).collect())
    }

    fn remove_role(&self, role: RoleName) -> Result<Vec<RoleEvent>, OrgError> {
        let removed = Role::Custom(role.clone());
        if self.know(&removed).is_err() {
            return Ok(vec![]);
        }
        let is_held = self.members.values().any(|has| *has == removed);
        if is_held || self.invitations.open().any(|it| it.role == removed) {
            return Err(OrgError::RoleInUse);
        }
        Ok(vec![RoleEvent::RoleRemoved { role }])
    }

    /// Gives one event for each role and type that gains actions, and one for each that loses some. An action that is both
    /// granted and withdrawn is withdrawn.
    fn permit(
        &self,
        granted: &BTreeSet<Permission>,
        withdrawn: &BTreeSet<Permission>,
    ) -> Result<Vec<RoleEvent>, OrgError> {
        for permission in granted.union(withdrawn) {
            self.know(&permission.role)?;
        }
        if withdrawn.iter().any(|permission| permission.role == Role::Owner) {
            return Err(OrgError::OwnerMayAll);
        }
        let granted = self.changed(&(granted - withdrawn), true).into_iter();
        let granted =
            granted.map(|(role, code, actions)| RoleEvent::PermissionsGranted { role, code, actions });
        let withdrawn = self.changed(withdrawn, false).into_iter();
        let withdrawn =
            withdrawn.map(|(role, code, actions)| RoleEvent::PermissionsWithdrawn { role, code, actions });
        Ok(granted.chain(withdrawn).collect())
    }

    /// The wanted permissions that are not yet as wanted, grouped by role and type.
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
