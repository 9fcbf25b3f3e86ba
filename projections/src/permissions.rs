//! Which roles does an organisation have, and what may each do with which kinds of things?
//!
//! **Invariant:** what a role may do follows from its type, from what the organisation has, and from what was decided:
//! the same rule as in the domain, asked where it is read. Nothing is stored for a type that nobody decided about.

use std::collections::{BTreeSet, HashMap};

use domain::AnyEvent;
use domain::org::{OrgEvent, Role, RoleEvent};
use domain::resource_type::{Action, Actions};
use domain::values::{ResourceCode, RoleName};
use uuid::Uuid;

use crate::db::{Db, read, row, scoped};
use crate::fold::{Entry, FoldError};
use crate::resource_types::{self, OrgResourceType, verbs};
use crate::scope::{Platform, Scope};
use crate::table::{ById, ChangeableRow, Rows, key_of, table};
use crate::timestamp::Timestamp;

table! {
    /// A role that an organisation made itself, or made once and removed.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RoleRow in org_role by "org_id, name" {
        pub org_id: Uuid,
        pub name: String,
        pub removed: bool,
        /// Position of the first event about it.
        pub position: i64,
        pub changed_at: Timestamp,
        pub changed_by: String,
    }
}

table! {
    /// The actions in which one role differs from its default, for one type.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PermissionRow in org_permission by "org_id, role, code" {
        pub org_id: Uuid,
        pub role: String,
        pub code: String,
        /// The actions, with commas between them.
        pub differs: String,
        /// Position of the first event about it.
        pub position: i64,
        /// Position of the last event about it.
        pub changed_position: i64,
        pub changed_at: Timestamp,
        pub changed_by: String,
    }
}

row! {
    /// A role of an organisation and how many have it or are invited with it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RoleCount {
        pub role: String,
        pub members: i64,
        pub invited: i64,
    }
}

/// The permission matrix of one organisation: what each role may do with each resource type.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The built-in roles first, then the organisation's own by their names.
    pub roles: Vec<RoleCount>,
    /// The resource types that the organisation has, by their codes.
    pub types: Vec<OrgResourceType>,
    decided: HashMap<(String, String), BTreeSet<Action>>,
}

impl Matrix {
    pub async fn of(db: &Db, scope: &Scope, org_id: Uuid) -> Result<Self, sqlx::Error> {
        let roles = headcounts(db, scope, org_id).await?;
        let types = resource_types::of_org(db, scope, org_id).await?;
        let decided: Vec<(String, String, String)> = scoped!(db, scope, org_id, |conn| {
            sqlx::query_as(include_str!("sql/permissions/decided.sql")).bind(org_id).fetch_all(conn).await
        })?;
        Ok(Self::new(roles, types, decided))
    }

    /// Makes the matrix from all roles, the types that the organisation could have, and what was decided: role, code, and
    /// the actions in which the role differs from its default.
    pub(crate) fn new(
        roles: Vec<RoleCount>,
        types: Vec<OrgResourceType>,
        decided: impl IntoIterator<Item = (String, String, String)>,
    ) -> Self {
        let decided =
            decided.into_iter().map(|(role, code, differs)| ((role, code), verbs(&differs).collect()));
        let types = types.into_iter().filter(OrgResourceType::is_enabled).collect();
        Self { roles, types, decided: decided.collect() }
    }

    /// Says whether a role may take an action, which must be one of the type, with a type that the organisation has.
    pub fn allows(&self, role: &Role, held: &OrgResourceType, action: Action) -> bool {
        let decided = self.decided.get(&(role.to_string(), held.code.clone()));
        decided.map_or(role.may_by_default(), |differs| role.may(action, differs))
    }

    /// The actions that a role may take with a type that the organisation has.
    pub fn allowed(&self, role: &Role, held: &OrgResourceType) -> BTreeSet<Action> {
        held.verbs().filter(|action| self.allows(role, held, *action)).collect()
    }
}

/// Every role of one organisation, with how many have it.
pub async fn headcounts(db: &Db, scope: &Scope, org_id: Uuid) -> Result<Vec<RoleCount>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        sqlx::query_as(include_str!("sql/permissions/headcounts.sql")).bind(org_id).fetch_all(conn).await
    })
}

/// The organisations in which a role besides owner and admin may take an action with things of a type: at most `limit`, by
/// name, and how many there are.
pub async fn lent(
    db: &Db,
    platform: &Platform,
    code: &str,
    action: Action,
    limit: i64,
) -> Result<(Vec<String>, i64), sqlx::Error> {
    let rows: Vec<(Uuid, String, i64)> = read!(db, |pool| {
        sqlx::query_as(include_str!("sql/permissions/lent.sql"))
            .bind(code)
            .bind(action.as_str())
            .bind(limit)
            .fetch_all(pool)
            .await
    })?;
    platform.lists(rows.iter().map(|(org_id, ..)| *org_id));
    let number = rows.first().map_or(0, |(.., number)| *number);
    Ok((rows.into_iter().map(|(_, name, _)| name).collect(), number))
}

impl RoleCount {
    pub fn role(&self) -> Role {
        Role::stored(&self.role)
    }
}

impl ChangeableRow for RoleRow {
    const BY_ID: ById = ById::Column(include_str!("sql/permissions/roles.sql"));

    fn id(&self) -> (Uuid, u128) {
        (self.org_id, u128::from(self.position.unsigned_abs()))
    }

    fn aggregate(&self) -> Uuid {
        self.org_id
    }
}

impl ChangeableRow for PermissionRow {
    const BY_ID: ById = ById::Column(include_str!("sql/permissions/permissions.sql"));

    fn id(&self) -> (Uuid, u128) {
        (self.org_id, u128::from(self.position.unsigned_abs()))
    }

    fn aggregate(&self) -> Uuid {
        self.org_id
    }
}

pub(crate) async fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let mut told = vec![];
    for entry in entries {
        if let Some(news) = News::of(entry.event()?) {
            told.push((*entry, key_of(&entry.recorded.aggregate_id), news));
        }
    }
    let orgs: Vec<Uuid> = told.iter().map(|(_, org_id, _)| *org_id).collect();
    let roles: Vec<RoleRow> = rows.find(orgs.clone()).await?;
    let permissions: Vec<PermissionRow> = rows.find(orgs).await?;
    let mut roles: HashMap<_, _> =
        roles.into_iter().map(|row| ((row.org_id, row.name.clone()), row)).collect();
    let mut permissions: HashMap<_, _> =
        permissions.into_iter().map(|row| ((row.org_id, row.role.clone(), row.code.clone()), row)).collect();
    for (entry, org_id, news) in told {
        match news {
            News::Role(name, removed) => {
                let begun = RoleRow::new(entry, org_id, name)?;
                let row = roles.remove(&(org_id, name.to_string())).unwrap_or_else(|| begun.clone());
                roles
                    .insert((org_id, row.name.clone()), RoleRow { removed, position: row.position, ..begun });
                let of_role = |row: &&mut PermissionRow| row.org_id == org_id && row.role == name.as_str();
                for row in permissions.values_mut().filter(of_role).filter(|_| removed) {
                    row.change(entry, String::new())?;
                }
            }
            News::Permissions(role, code, actions, may) => {
                let key = (org_id, role.to_string(), code.to_string());
                let begun = PermissionRow::new(entry, org_id, &key.1, &key.2)?;
                let row = permissions.entry(key).or_insert(begun);
                let mut differs = verbs(&row.differs).collect();
                role.decide(&mut differs, actions, may);
                row.change(entry, Actions::of(differs).map_or_else(String::new, |some| some.to_string()))?;
            }
        }
    }
    rows.put(roles.into_values().collect());
    rows.put(permissions.into_values().collect());
    Ok(())
}

/// The news in an event about roles.
enum News<'a> {
    /// The role was added (true) or removed (false).
    Role(&'a RoleName, bool),
    /// The role may (true) or may not (false) take these actions with things of a type.
    Permissions(&'a Role, &'a ResourceCode, &'a Actions, bool),
}

impl<'a> News<'a> {
    fn of(fact: &'a AnyEvent) -> Option<Self> {
        use RoleEvent as E;
        let AnyEvent::Org(_, OrgEvent::Role(event)) = fact else { return None };
        Some(match event {
            E::RoleAdded { role } => Self::Role(role, false),
            E::RoleRemoved { role } => Self::Role(role, true),
            E::PermissionsGranted { role, code, actions } => Self::Permissions(role, code, actions, true),
            E::PermissionsWithdrawn { role, code, actions } => Self::Permissions(role, code, actions, false),
        })
    }
}

impl RoleRow {
    fn new(entry: &Entry, org_id: Uuid, name: &RoleName) -> Result<Self, FoldError> {
        Ok(Self {
            org_id,
            name: name.to_string(),
            removed: false,
            position: entry.recorded.position,
            changed_at: entry.recorded.recorded_at,
            changed_by: entry.metadata()?.actor.to_string(),
        })
    }
}

impl PermissionRow {
    fn new(entry: &Entry, org_id: Uuid, role: &str, code: &str) -> Result<Self, FoldError> {
        Ok(Self {
            org_id,
            role: role.to_owned(),
            code: code.to_owned(),
            differs: String::new(),
            position: entry.recorded.position,
            changed_position: entry.recorded.position,
            changed_at: entry.recorded.recorded_at,
            changed_by: entry.metadata()?.actor.to_string(),
        })
    }

    /// The row in the form that [`Matrix`] takes.
    pub(crate) fn decided(self) -> (String, String, String) {
        (self.role, self.code, self.differs)
    }

    fn change(&mut self, entry: &Entry, differs: String) -> Result<(), FoldError> {
        self.differs = differs;
        self.changed_position = entry.recorded.position;
        self.changed_at = entry.recorded.recorded_at;
        self.changed_by = entry.metadata()?.actor.to_string();
        Ok(())
    }
}
