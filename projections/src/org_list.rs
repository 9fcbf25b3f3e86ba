//! Which organisations are there, now and as of any position?
//!
//! **Invariant:** the rows of one organisation are intervals that touch and never overlap. Its last row is the one
//! without `valid_to`, so "now" and "then" are the same question.

use std::collections::HashMap;

use domain::AnyEvent;
use domain::org::{InvitationEvent, LifecycleEvent, MemberEvent, OrgEvent, Role};
use uuid::Uuid;

use crate::db::{Db, Tx, row};
use crate::fold::{Entry, FoldError, begun_before};
use crate::scope::Platform;
use crate::table::{ById, ChangeableRow, Rows, by_id, key_of, table};
use crate::timestamp::Timestamp;

mod page;
pub(crate) mod parts;
mod search;
mod total;

pub use page::{OrgListFilter, OrgListOrder, OrgPage, Sort, Total, page};

use self::total::Moved;
pub(crate) use self::total::OrgTotal;

table! {
    /// The list's row of an organisation between two positions.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct OrgRow in org_list by "org_id, valid_from" {
        pub org_id: Uuid,
        pub valid_from: i64,
        pub valid_to: Option<i64>,
        pub name: String,
        pub name_key: String,
        pub slug: String,
        pub status: String,
        pub reason: Option<String>,
        pub protected: bool,
        pub members: i64,
        pub owner_id: Option<Uuid>,
        pub owner_joined: bool,
        pub owner_invitation: Option<Uuid>,
        pub created_at: Timestamp,
        pub changed_at: Timestamp,
        pub search: String,
        /// The ids of its owners with commas between them, in the order in which they became owners.
        pub owners: String,
    }
}

row! {
    /// One line of the list, with the owner's address as it is today.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct OrgListed {
        pub org_id: Uuid,
        pub name: String,
        pub name_key: String,
        pub slug: String,
        pub status: String,
        pub reason: Option<String>,
        pub protected: bool,
        pub members: i64,
        pub owner_joined: bool,
        pub owner_email: Option<String>,
        pub created_at: Timestamp,
        pub changed_at: Timestamp,
    }
}

/// Status of an organisation in read models and URLs.
pub const ACTIVE: &str = "active";
pub const SUSPENDED: &str = "suspended";
pub const ARCHIVED: &str = "archived";

/// The present rows of these organisations, archived ones included.
pub async fn now(db: &Db, platform: &Platform, ids: &[Uuid]) -> Result<HashMap<Uuid, OrgRow>, sqlx::Error> {
    platform.lists([]);
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<OrgRow> = by_id(db, ids.to_vec()).await?;
    platform.lists(rows.iter().map(|row| row.org_id));
    Ok(rows.into_iter().map(|row| (row.org_id, row)).collect())
}

/// The open row of each organisation in a batch, the rows that the batch closed, and the change of the counts.
#[derive(Default)]
struct Intervals {
    open: HashMap<Uuid, OrgRow>,
    closed: Vec<OrgRow>,
    moved: Moved,
}

// Closed rows are never looked for.
impl ChangeableRow for OrgRow {
    const BY_ID: ById = ById::Whole {
        postgres: include_str!("sql/org_list/open_postgres.sql"),
        sqlite: include_str!("sql/org_list/open_sqlite.sql"),
    };

    fn id(&self) -> (Uuid, u128) {
        (self.org_id, 0)
    }

    fn aggregate(&self) -> Uuid {
        self.org_id
    }
}

pub(crate) async fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let found: Vec<OrgRow> = rows.find(begun_before(entries)).await?;
    let mut intervals = Intervals::default();
    intervals.open.extend(found.into_iter().map(|row| (row.org_id, row)));
    for entry in entries {
        match entry.event()? {
            AnyEvent::Org(id, event) => intervals.apply(id.0, event, entry)?,
            AnyEvent::Grant(..) | AnyEvent::ResourceType(..) => {}
        }
    }
    rows.add(intervals.closed);
    rows.put(intervals.open.into_values().collect());
    intervals.moved.leave(rows);
    Ok(())
}

/// Takes an organisation, whose rows are about to go, out of the counts.
pub(crate) async fn uncount(tx: &mut Tx, aggregate_id: &str) -> Result<(), sqlx::Error> {
    let mut rows = Rows::stored(tx);
    let mut moved = Moved::default();
    for row in rows.find::<OrgRow>(vec![key_of(aggregate_id)]).await? {
        moved.leaves(&row);
    }
    moved.leave(&mut rows);
    rows.write().await
}

impl Intervals {
    fn apply(&mut self, id: Uuid, event: &OrgEvent, entry: &Entry) -> Result<(), FoldError> {
        let position = entry.recorded.position;
        let mut next = match (self.open.remove(&id), event) {
            (None, OrgEvent::Lifecycle(LifecycleEvent::OrgCreated { .. })) => {
                OrgRow::unborn(id, entry.recorded.recorded_at)
            }
            (Some(before), _) => {
                let next = before.clone();
                self.moved.leaves(&before);
                self.closed.push(OrgRow { valid_to: Some(position), ..before });
                next
            }
            (None, _) => return Err(entry.poison("an organisation begins with OrgCreated")),
        };
        next.valid_from = position;
        next.changed_at = entry.recorded.recorded_at;
        next.apply(event);
        next.search = format!("{}\n{}\n{}", next.name_key, next.slug, next.org_id);
        self.moved.enters(&next);
        self.open.insert(id, next);
        Ok(())
    }
}

impl OrgRow {
    fn unborn(org_id: Uuid, at: Timestamp) -> Self {
        Self {
            org_id,
            valid_from: 0,
            valid_to: None,
            name: String::new(),
            name_key: String::new(),
            slug: String::new(),
            status: ACTIVE.to_owned(),
            reason: None,
            protected: false,
            members: 0,
            owner_id: None,
            owner_joined: false,
            owner_invitation: None,
            created_at: at,
            changed_at: at,
            search: String::new(),
            owners: String::new(),
        }
    }

    fn apply(&mut self, event: &OrgEvent) {
        match event {
            OrgEvent::Lifecycle(event) => self.apply_lifecycle(event),
            OrgEvent::Invitation(event) => self.apply_invitation(event),
            OrgEvent::Member(event) => self.apply_member(event),
            OrgEvent::Role(_) | OrgEvent::Choice(_) => {}
        }
    }

    fn apply_lifecycle(&mut self, event: &LifecycleEvent) {
        use LifecycleEvent as E;
        match event {
            E::OrgCreated { name, slug } => {
                self.rename(name.as_str());
                slug.as_str().clone_into(&mut self.slug);
            }
            E::OrgRenamed { name } => self.rename(name.as_str()),
            E::OrgSlugChanged { slug } => slug.as_str().clone_into(&mut self.slug),
            E::OrgSuspended { reason } => self.turn(SUSPENDED, Some(reason.as_str())),
            E::OrgReinstated {} => self.turn(ACTIVE, None),
            E::OrgArchived { reason } => self.turn(ARCHIVED, Some(reason.as_str())),
            E::OrgRestored { suspended: None } => self.turn(ACTIVE, None),
            E::OrgRestored { suspended: Some(reason) } => self.turn(SUSPENDED, Some(reason.as_str())),
            E::OrgProtected {} => self.protected = true,
            E::OrgUnprotected {} => self.protected = false,
            E::OrgReinstatementScheduled { .. } | E::OrgSuspensionConfirmed {} => {}
        }
    }

    /// The owner is the first person who joined as an owner; before that, the first who is invited as one.
    fn apply_invitation(&mut self, event: &InvitationEvent) {
        use InvitationEvent as E;
        match event {
            E::MemberInvited { invitation, person, role: Role::Owner, .. } if self.owner_id.is_none() => {
                self.owner_id = Some(person.0);
                self.owner_invitation = Some(invitation.0);
            }
            E::InvitationWithdrawn { invitation } if self.owner_invitation == Some(invitation.0) => {
                self.owner_id = None;
                self.owner_invitation = None;
            }
            E::MemberJoined { person, role, .. } => {
                self.members += 1;
                self.owned_by(person.0, *role == Role::Owner);
            }
            E::MemberInvited { .. } | E::InvitationRenewed { .. } | E::InvitationWithdrawn { .. } => {}
        }
    }

    fn apply_member(&mut self, event: &MemberEvent) {
        use MemberEvent as E;
        match event {
            E::MemberRoleChanged { person, role } => self.owned_by(person.0, *role == Role::Owner),
            E::MemberRemoved { person } | E::MemberLeft { person } => {
                self.members -= 1;
                self.owned_by(person.0, false);
            }
            E::MemberReadmitted { person, role } => {
                self.members += 1;
                self.owned_by(person.0, *role == Role::Owner);
            }
        }
    }

    /// Keeps who owns it, in the order in which they came to; the first of them is shown.
    fn owned_by(&mut self, person: Uuid, is_owner: bool) {
        let before: Vec<Uuid> = self.owners.split(',').filter_map(|id| id.parse().ok()).collect();
        let mut owners: Vec<Uuid> = before.iter().copied().filter(|id| is_owner || *id != person).collect();
        if is_owner && !owners.contains(&person) {
            owners.push(person);
        }
        if owners == before {
            return;
        }
        self.owners = owners.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",");
        (self.owner_id, self.owner_joined) = (owners.first().copied(), !owners.is_empty());
        self.owner_invitation = None;
    }

    fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
        self.name_key = name.to_lowercase();
    }

    fn turn(&mut self, status: &str, reason: Option<&str>) {
        status.clone_into(&mut self.status);
        self.reason = reason.map(str::to_owned);
    }
}
