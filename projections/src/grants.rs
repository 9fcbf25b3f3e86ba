//! Who may act on the whole platform, since when, by whom, and who could before?

use std::collections::HashMap;

use domain::Fact;
use domain::grant::{GrantEvent, PlatformRole};
use uuid::Uuid;

use crate::db::{Db, read, row};
use crate::projector::{Entry, FoldError, begun_before};
use crate::scope::Platform;
use crate::table::{Found, Rows, table};
use crate::timestamp::Timestamp;

table! {
    /// A platform role that somebody holds or held. Never removed.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GrantRow in platform_grant by "person_id, role, position" {
        pub person_id: Uuid,
        pub role: String,
        /// Of the event that granted it.
        pub position: i64,
        pub granted_at: Timestamp,
        pub granted_by: String,
        pub reason: String,
        /// Of the person's stream: what a command that this grant allows depends on.
        pub sequence: i64,
        pub revoked_at: Option<Timestamp>,
        pub revoked_by: Option<String>,
        pub revoked_reason: Option<String>,
    }
}

row! {
    #[derive(Clone, Debug)]
    pub struct HeldRow {
        pub role: String,
        pub sequence: i64,
    }
}

row! {
    /// A grant with what its holder is called today; nothing of somebody erased.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GrantListed {
        pub person_id: Uuid,
        pub role: String,
        pub position: i64,
        pub granted_at: Timestamp,
        pub granted_by: String,
        pub reason: String,
        /// Of the person's stream, as last seen.
        pub sequence: i64,
        pub revoked_at: Option<Timestamp>,
        pub revoked_by: Option<String>,
        pub revoked_reason: Option<String>,
        pub name: Option<String>,
        pub email: Option<String>,
    }
}

/// A platform role that somebody holds now. Only this module makes one, from the read model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveGrant {
    person_id: Uuid,
    role: PlatformRole,
    sequence: i64,
}

impl ActiveGrant {
    /// The strongest of the roles that the read model says somebody holds.
    pub(crate) fn among(person_id: Uuid, roles: &[&str], sequence: i64) -> Option<Self> {
        let held = |role: &PlatformRole| roles.contains(&role.as_str());
        let role = [PlatformRole::Superadmin, PlatformRole::Auditor].into_iter().find(held)?;
        Some(Self { person_id, role, sequence })
    }

    pub fn role(&self) -> PlatformRole {
        self.role
    }

    pub fn person_id(&self) -> Uuid {
        self.person_id
    }

    /// Where the person's stream stood when this was read.
    pub fn sequence(&self) -> i64 {
        self.sequence
    }
}

/// The strongest platform role that somebody holds now.
pub async fn active(db: &Db, person_id: Uuid) -> Result<Option<ActiveGrant>, sqlx::Error> {
    let held: Vec<HeldRow> = read!(db, |pool| {
        sqlx::query_as(include_str!("sql/grants/active.sql")).bind(person_id).fetch_all(pool).await
    })?;
    let sequence = held.iter().map(|row| row.sequence).max().unwrap_or(0);
    let roles: Vec<&str> = held.iter().map(|row| row.role.as_str()).collect();
    Ok(ActiveGrant::among(person_id, &roles, sequence))
}

/// Whether anybody holds superadmin.
pub async fn any_superadmin(db: &Db) -> Result<bool, sqlx::Error> {
    read!(db, |pool| sqlx::query_scalar(include_str!("sql/grants/any_superadmin.sql")).fetch_one(pool).await)
}

/// How many people hold superadmin.
pub async fn superadmins(db: &Db, _: &Platform) -> Result<i64, sqlx::Error> {
    read!(db, |pool| sqlx::query_scalar(include_str!("sql/grants/superadmins.sql")).fetch_one(pool).await)
}

/// The grants that hold now, superadmins first and then the oldest, at most `limit`.
pub async fn held(db: &Db, _: &Platform, limit: i64) -> Result<Vec<GrantListed>, sqlx::Error> {
    read!(db, |pool| sqlx::query_as(include_str!("sql/grants/held.sql")).bind(limit).fetch_all(pool).await)
}

/// The grants that were revoked, of those given before a position, the last given first, at most `limit`.
pub async fn past(db: &Db, _: &Platform, before: i64, limit: i64) -> Result<Vec<GrantListed>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/grants/past.sql")).bind(before).bind(limit).fetch_all(pool).await
    })
}

/// The last grant of each role that somebody holds or held: at most one of each, superadmin first.
pub async fn latest(db: &Db, _: &Platform, person_id: Uuid) -> Result<Vec<GrantListed>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/grants/latest.sql")).bind(person_id).fetch_all(pool).await
    })
}

impl GrantListed {
    pub fn is_held(&self) -> bool {
        self.revoked_at.is_none()
    }

    /// The name where there is one, else the address.
    pub fn called(&self) -> &str {
        self.name.as_deref().or(self.email.as_deref()).unwrap_or("somebody erased")
    }
}

impl Found for GrantRow {
    const BY_ID: &'static str = include_str!("sql/grants/of_people.sql");

    fn id(&self) -> (Uuid, i64) {
        (self.person_id, self.position)
    }

    fn aggregate(&self) -> Uuid {
        self.person_id
    }
}

pub(crate) async fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let found: Vec<GrantRow> = rows.find(begun_before(entries)).await?;
    let mut grants: HashMap<(Uuid, String, i64), GrantRow> =
        found.into_iter().map(|row| ((row.person_id, row.role.clone(), row.position), row)).collect();
    for entry in entries {
        let Fact::Grant(person, event) = entry.fact()? else { continue };
        for row in grants.values_mut().filter(|row| row.person_id == person.0) {
            row.sequence = entry.recorded.sequence;
        }
        let (role, reason, granted) = match event {
            GrantEvent::SuperadminGranted { reason } => (PlatformRole::Superadmin, reason, true),
            GrantEvent::SuperadminRevoked { reason } => (PlatformRole::Superadmin, reason, false),
            GrantEvent::AuditorGranted { reason } => (PlatformRole::Auditor, reason, true),
            GrantEvent::AuditorRevoked { reason } => (PlatformRole::Auditor, reason, false),
        };
        let by = entry.metadata()?.actor.to_string();
        if granted {
            let row = GrantRow::new(entry, person.0, role, (reason.as_str(), by));
            grants.insert((row.person_id, row.role.clone(), row.position), row);
        } else {
            let active = grants.values_mut().find(|row| row.is_active(person.0, role));
            active.ok_or_else(|| entry.poison("nothing to revoke"))?.revoke(entry, (reason.as_str(), by));
        }
    }
    rows.put(grants.into_values().collect());
    Ok(())
}

impl GrantRow {
    fn new(entry: &Entry, person_id: Uuid, role: PlatformRole, (reason, by): (&str, String)) -> Self {
        Self {
            person_id,
            role: role.as_str().to_owned(),
            position: entry.recorded.position,
            granted_at: entry.recorded.recorded_at,
            granted_by: by,
            reason: reason.to_owned(),
            sequence: entry.recorded.sequence,
            revoked_at: None,
            revoked_by: None,
            revoked_reason: None,
        }
    }

    fn is_active(&self, person_id: Uuid, role: PlatformRole) -> bool {
        self.person_id == person_id && self.role == role.as_str() && self.revoked_at.is_none()
    }

    fn revoke(&mut self, entry: &Entry, (reason, by): (&str, String)) {
        self.revoked_at = Some(entry.recorded.recorded_at);
        self.revoked_by = Some(by);
        self.revoked_reason = Some(reason.to_owned());
    }
}
