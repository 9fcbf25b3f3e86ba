//! Answers what an organisation is now, and which slugs lead to it.

use std::collections::HashMap;

use domain::AnyEvent;
use domain::org::{InvitationEvent, LifecycleEvent, MemberEvent, OrgEvent};
use uuid::Uuid;

use crate::db::{Db, read, row, scoped};
use crate::fold::{Entry, FoldError, begun_before};
use crate::org_list::{ACTIVE, ARCHIVED, SUSPENDED};
use crate::scope::{Platform, Scope};
use crate::table::{ById, ChangeableRow, Rows, table};
use crate::timestamp::Timestamp;

table! {
    /// An organisation as it is now.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct OrgDetail in org_detail by "org_id" {
        pub org_id: Uuid,
        /// The last sequence of its stream. A form sends it back, to notice that the organisation has changed since.
        pub sequence: i64,
        pub name: String,
        pub slug: String,
        pub status: String,
        /// Why it is suspended or archived.
        pub reason: Option<String>,
        pub protected: bool,
        pub members: i64,
        pub created_at: Timestamp,
        pub created_by: String,
        /// Position of its first event.
        pub position: i64,
        pub changed_at: Timestamp,
        pub status_at: Timestamp,
        pub status_by: String,
        /// Position of the event that gave it this status.
        pub status_position: i64,
        /// While the organisation is suspended: the moment at which the suspension ends by itself, if it does.
        pub reinstate_at: Option<Timestamp>,
    }
}

table! {
    /// A slug that this organisation has or had.
    #[derive(Clone, Debug)]
    pub struct SlugRow in org_slug by "slug" {
        pub slug: String,
        pub org_id: Uuid,
        pub position: i64,
    }
}

row! {
    /// The organisation to which a slug leads, with its present name.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SlugHolder {
        pub org_id: Uuid,
        pub name: String,
        /// The present slug, which differs from the one that was asked for if that is an old one.
        pub slug: String,
        pub status: String,
        pub reason: Option<String>,
    }
}

/// One organisation.
pub async fn get(db: &Db, scope: &Scope, org_id: Uuid) -> Result<Option<OrgDetail>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        sqlx::query_as(include_str!("sql/org_detail/get.sql")).bind(org_id).fetch_optional(conn).await
    })
}

row! {
    /// A suspension whose time is over.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DueReinstatement {
        pub org_id: Uuid,
        pub status_position: i64,
    }
}

/// Suspensions that end by themselves and should have by `now`, the oldest first.
pub async fn due(db: &Db, now: Timestamp) -> Result<Vec<DueReinstatement>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/org_detail/due.sql")).bind(now).fetch_all(pool).await
    })
}

/// The holder of a slug, for operators, whose read is noted.
pub async fn holder_shown(
    db: &Db,
    platform: &Platform,
    slug: &str,
) -> Result<Option<SlugHolder>, sqlx::Error> {
    let holder = holder(db, slug).await?;
    platform.shows(holder.iter().map(|holder| holder.org_id));
    Ok(holder)
}

/// The holder of a slug. Callers tell people only what is public: whether a name is free.
pub async fn holder(db: &Db, slug: &str) -> Result<Option<SlugHolder>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/org_detail/holder.sql")).bind(slug).fetch_optional(pool).await
    })
}

/// Protected organisations that are suspended or archived, for commands on the server's shell.
pub async fn stopped(db: &Db) -> Result<Vec<SlugHolder>, sqlx::Error> {
    read!(db, |pool| sqlx::query_as(include_str!("sql/org_detail/stopped.sql")).fetch_all(pool).await)
}

/// Names of organisations in sentences for operators, whose read is noted.
pub async fn names_shown(
    db: &Db,
    platform: &Platform,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let names = names(db, ids).await?;
    platform.shows(names.keys().copied());
    Ok(names)
}

/// Names of organisations, for callers that show none of them, and for the server's shell.
pub async fn names(db: &Db, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    crate::table::names(db, include_str!("sql/org_detail/names.sql"), ids).await
}

impl OrgDetail {
    /// Says whether it is not archived. For its members, an archived organisation does not exist.
    pub(crate) fn is_there(&self) -> bool {
        self.status != ARCHIVED
    }
}

impl ChangeableRow for OrgDetail {
    const BY_ID: ById = ById::Column(include_str!("sql/org_detail/get_many.sql"));

    fn id(&self) -> (Uuid, u128) {
        (self.org_id, 0)
    }

    fn aggregate(&self) -> Uuid {
        self.org_id
    }
}

pub(crate) async fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let found: Vec<OrgDetail> = rows.find(begun_before(entries)).await?;
    let mut orgs: HashMap<Uuid, OrgDetail> = found.into_iter().map(|row| (row.org_id, row)).collect();
    let mut slugs: HashMap<String, SlugRow> = HashMap::new();
    for entry in entries {
        let AnyEvent::Org(id, event) = entry.event()? else { continue };
        let row = match (orgs.remove(&id.0), event) {
            (None, OrgEvent::Lifecycle(LifecycleEvent::OrgCreated { .. })) => OrgDetail::unborn(id.0, entry)?,
            (Some(row), _) => row,
            (None, _) => return Err(entry.poison("an organisation begins with OrgCreated")),
        };
        let row = row.after(event, entry)?;
        if let OrgEvent::Lifecycle(
            LifecycleEvent::OrgCreated { slug, .. } | LifecycleEvent::OrgSlugChanged { slug },
        ) = event
        {
            let (slug, position) = (slug.to_string(), entry.recorded.position);
            slugs.insert(slug.clone(), SlugRow { slug, org_id: id.0, position });
        }
        orgs.insert(id.0, row);
    }
    rows.put(orgs.into_values().collect());
    rows.add(slugs.into_values().collect());
    Ok(())
}

impl OrgDetail {
    fn unborn(org_id: Uuid, entry: &Entry) -> Result<Self, FoldError> {
        let (at, by) = (entry.recorded.recorded_at, entry.metadata()?.actor.to_string());
        Ok(Self {
            org_id,
            sequence: 0,
            name: String::new(),
            slug: String::new(),
            status: ACTIVE.to_owned(),
            reason: None,
            protected: false,
            members: 0,
            created_at: at,
            created_by: by.clone(),
            position: entry.recorded.position,
            changed_at: at,
            status_at: at,
            status_by: by,
            status_position: entry.recorded.position,
            reinstate_at: None,
        })
    }

    fn after(mut self, event: &OrgEvent, entry: &Entry) -> Result<Self, FoldError> {
        use InvitationEvent as I;
        use LifecycleEvent as L;
        use MemberEvent as M;
        use OrgEvent as E;
        self.sequence = entry.recorded.sequence;
        self.changed_at = entry.recorded.recorded_at;
        let by = entry.metadata()?.actor.to_string();
        let (at, position) = (entry.recorded.recorded_at, entry.recorded.position);
        let turned = |status: &str, reason: Option<&str>, org: Self| Self {
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            status_at: at,
            status_by: by,
            status_position: position,
            ..org
        };
        Ok(match event {
            E::Lifecycle(event) => match event {
                L::OrgCreated { name, slug } => {
                    Self { name: name.to_string(), slug: slug.to_string(), ..self }
                }
                L::OrgRenamed { name } => Self { name: name.to_string(), ..self },
                L::OrgSlugChanged { slug } => Self { slug: slug.to_string(), ..self },
                L::OrgSuspended { reason } => turned(SUSPENDED, Some(reason.as_str()), self),
                L::OrgReinstated {} => Self { reinstate_at: None, ..turned(ACTIVE, None, self) },
                L::OrgReinstatementScheduled { at } => Self { reinstate_at: Some((*at).into()), ..self },
                L::OrgSuspensionConfirmed {} => Self { reinstate_at: None, ..self },
                L::OrgArchived { reason } => turned(ARCHIVED, Some(reason.as_str()), self),
                L::OrgRestored { suspended: None } => turned(ACTIVE, None, self),
                L::OrgRestored { suspended: Some(reason) } => turned(SUSPENDED, Some(reason.as_str()), self),
                L::OrgProtected {} => Self { protected: true, ..self },
                L::OrgUnprotected {} => Self { protected: false, ..self },
            },
            E::Invitation(I::MemberJoined { .. }) | E::Member(M::MemberReadmitted { .. }) => {
                Self { members: self.members + 1, ..self }
            }
            E::Member(M::MemberRemoved { .. } | M::MemberLeft { .. }) => {
                Self { members: self.members - 1, ..self }
            }
            E::Invitation(
                I::MemberInvited { .. } | I::InvitationRenewed { .. } | I::InvitationWithdrawn { .. },
            )
            | E::Member(M::MemberRoleChanged { .. })
            | E::Role(_)
            | E::Choice(_) => self,
        })
    }
}

impl OrgDetail {
    /// The hash of the last event that was folded into this: it tells histories apart that have the same length.
    pub async fn last_hash(&self, db: &Db) -> Result<Vec<u8>, sqlx::Error> {
        let hash: Option<Option<Vec<u8>>> = read!(db, |pool| {
            sqlx::query_scalar(include_str!("sql/org_detail/get_hash.sql"))
                .bind(self.org_id.to_string())
                .bind(self.sequence)
                .fetch_optional(pool)
                .await
        })?;
        Ok(hash.flatten().unwrap_or_default())
    }
}
