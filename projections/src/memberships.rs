//! Who belongs to which organisation, in which role, and who was invited?

mod fold;
mod page;

use domain::org::Role;
use domain::values::Email;
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::db::{Db, Lists, distinct, read, row, scoped};
use crate::scope::{Platform, Scope, Tenant};
use crate::table::table;
use crate::timestamp::Timestamp;
pub(crate) use fold::fold;
pub use page::{MemberCounts, MemberKey, MemberPage, MemberPlace, MemberQuery, page};

table! {
    #[derive(Clone, Debug)]
    pub struct MembershipRow in membership by "org_id, person_id" {
        pub org_id: Uuid,
        pub person_id: Uuid,
        pub role: String,
        pub joined_at: Timestamp,
        pub position: i64,
    }
}

table! {
    /// An invitation and what became of it: open, accepted or withdrawn.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct InvitationRow in invitation by "invitation_id" {
        pub invitation_id: Uuid,
        pub org_id: Uuid,
        pub person_id: Uuid,
        pub role: String,
        pub status: String,
        pub expires_at: Timestamp,
        pub invited_at: Timestamp,
        pub invited_by: String,
        pub settled_at: Option<Timestamp>,
        pub position: i64,
    }
}

row! {
    /// One organisation that a person belongs to.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Membership {
        pub org_id: Uuid,
        pub person_id: Uuid,
        pub role: String,
        pub joined_at: Timestamp,
        pub name: String,
        pub slug: String,
        pub status: String,
        pub reason: Option<String>,
        /// Position of the event that gave the organisation its status.
        pub status_position: i64,
        /// When that status first kept somebody out.
        pub refused_at: Option<Timestamp>,
        /// When the person last opened it.
        pub opened_at: Option<Timestamp>,
    }
}

row! {
    /// An organisation that somebody belongs to, by name and role, and whether it is protected.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct MemberOrg {
        pub name: String,
        pub role: String,
        pub protected: bool,
    }
}

row! {
    /// One person that belongs to an organisation.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Member {
        pub person_id: Uuid,
        pub email: Option<String>,
        pub name: Option<String>,
        pub role: String,
        pub joined_at: Timestamp,
        pub first_sign_in_at: Option<Timestamp>,
    }
}

impl Member {
    /// The name or address of the person, as far as it is known.
    pub fn called(&self) -> &str {
        self.name.as_deref().or(self.email.as_deref()).unwrap_or("Somebody")
    }
}

row! {
    /// The role that somebody has in one organisation.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct MemberRole {
        pub person_id: Uuid,
        pub role: String,
    }
}

row! {
    /// Somebody who was invited and has not joined.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct OpenInvitation {
        pub invitation_id: Uuid,
        pub email: Option<String>,
        pub role: String,
        pub expires_at: Timestamp,
        pub invited_at: Timestamp,
        /// Position of the event that invited them.
        pub position: i64,
    }
}

row! {
    /// What a suspension would do, in numbers.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct SuspensionImpact {
        pub members: i64,
        pub sessions: i64,
        /// Members who would have no organisation left to work in.
        pub stranded: i64,
    }
}

impl Tenant {
    /// The scope of a member.
    pub fn of(membership: &Membership) -> Self {
        Self::one(membership.org_id)
    }

    /// The scope of somebody who holds an open link to an invitation: they may see what they are invited to.
    pub fn invited(invitation: &InvitationRow) -> Self {
        Self::one(invitation.org_id)
    }
}

impl Membership {
    pub fn role(&self) -> Role {
        Role::stored(&self.role)
    }
}

pub const OPEN: &str = "open";
pub const ACCEPTED: &str = "accepted";
pub const WITHDRAWN: &str = "withdrawn";

/// Organisations that somebody belongs to and that are not archived, at most `limit`, whose name or slug contains `text`;
/// the last opened first.
pub async fn of_person(
    db: &Db,
    person_id: Uuid,
    text: &str,
    limit: i64,
) -> Result<Vec<Membership>, sqlx::Error> {
    let pattern = crate::like::like_pattern(text);
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/memberships/of_person.sql"))
            .bind(person_id)
            .bind(pattern)
            .bind(limit)
            .fetch_all(pool)
            .await
    })
}

/// The membership of somebody in the organisation that has or had a slug. Nothing tells a missing organisation
/// from one that the person is not in.
pub async fn by_slug(db: &Db, person_id: Uuid, slug: &str) -> Result<Option<Membership>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/memberships/by_slug.sql"))
            .bind(person_id)
            .bind(slug)
            .fetch_optional(pool)
            .await
    })
}

/// The membership of somebody in one organisation that is not archived.
pub async fn of_person_in(db: &Db, person_id: Uuid, org_id: Uuid) -> Result<Option<Membership>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/memberships/of_person_in.sql"))
            .bind(person_id)
            .bind(org_id)
            .fetch_optional(pool)
            .await
    })
}

/// People of one organisation, owners first, at most `limit`.
pub async fn members(db: &Db, scope: &Scope, org_id: Uuid, limit: i64) -> Result<Vec<Member>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        sqlx::query_as(include_str!("sql/memberships/members.sql"))
            .bind(org_id)
            .bind(limit)
            .fetch_all(conn)
            .await
    })
}

/// One member, if the person belongs to the organisation.
pub async fn member(
    db: &Db,
    scope: &Scope,
    org_id: Uuid,
    person_id: Uuid,
) -> Result<Option<Member>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        let member = sqlx::query_as(include_str!("sql/memberships/member.sql"));
        member.bind(org_id).bind(person_id).fetch_optional(conn).await
    })
}

/// The first owner of one organisation, if they have joined.
pub async fn first_owner(db: &Db, scope: &Scope, org_id: Uuid) -> Result<Option<Member>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        let owner = sqlx::query_as(include_str!("sql/memberships/first_owner.sql"));
        owner.bind(org_id).fetch_optional(conn).await
    })
}

/// The role of a person in one organisation, if they belong to it.
pub async fn standing(
    db: &Db,
    scope: &Scope,
    org_id: Uuid,
    person_id: Uuid,
) -> Result<Option<MemberRole>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        sqlx::query_as(include_str!("sql/memberships/of_member.sql"))
            .bind(org_id)
            .bind(person_id)
            .fetch_optional(conn)
            .await
    })
}

/// The role of the person with this address in one organisation, if they belong to it.
pub async fn standing_of(
    db: &Db,
    scope: &Scope,
    org_id: Uuid,
    email: &Email,
) -> Result<Option<MemberRole>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        sqlx::query_as(include_str!("sql/memberships/of_address.sql"))
            .bind(org_id)
            .bind(email.as_str())
            .fetch_optional(conn)
            .await
    })
}

/// Open invitations of one organisation before a position, newest first, at most `limit`.
pub async fn invited(
    db: &Db,
    scope: &Scope,
    org_id: Uuid,
    before: i64,
    limit: i64,
) -> Result<Vec<OpenInvitation>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        let invited = sqlx::query_as(include_str!("sql/memberships/invited.sql"));
        invited.bind(org_id).bind(before).bind(limit).fetch_all(conn).await
    })
}

/// The open invitation of the first owner of one organisation.
pub async fn first_owner_invited(
    db: &Db,
    scope: &Scope,
    org_id: Uuid,
) -> Result<Option<OpenInvitation>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        let invited = sqlx::query_as(include_str!("sql/memberships/first_owner_invited.sql"));
        invited.bind(org_id).fetch_optional(conn).await
    })
}

/// The open invitations of somebody who has not joined: names of organisations, and roles.
pub async fn invitations_of(db: &Db, person_id: Uuid) -> Result<Vec<(String, String)>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/memberships/invitations_of_person.sql"))
            .bind(person_id)
            .fetch_all(pool)
            .await
    })
}

/// The organisations that somebody belongs to, customers first. It is for commands on the server's shell.
pub async fn places(db: &Db, person_id: Uuid, limit: i64) -> Result<Vec<MemberOrg>, sqlx::Error> {
    read!(db, |pool| {
        let places = sqlx::query_as(include_str!("sql/memberships/of_person_anywhere.sql"));
        places.bind(person_id).bind(limit).fetch_all(pool).await
    })
}

/// Notes that data of these people was shown, for every organisation that they belong to.
pub(crate) async fn look_at_those_of(
    db: &Db,
    platform: &Platform,
    people: impl Iterator<Item = Uuid>,
) -> Result<(), sqlx::Error> {
    let people = distinct(people);
    let orgs: Vec<Uuid> = if people.is_empty() {
        vec![]
    } else {
        read!(db, |pool| {
            let mut query = QueryBuilder::new(include_str!("sql/memberships/of_persons.sql"));
            Lists::push_one_of(&mut query, people);
            query.build_query_scalar().fetch_all(pool).await
        })?
    };
    platform.lists(orgs);
    Ok(())
}

/// One invitation, for whoever holds the link to it.
pub async fn invitation(db: &Db, id: Uuid) -> Result<Option<InvitationRow>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/memberships/invitation.sql")).bind(id).fetch_optional(pool).await
    })
}

/// Counts whom it would affect to suspend or archive these organisations together, each person once. It reads which other
/// organisations their members belong to.
pub async fn blast(
    db: &Db,
    platform: &Platform,
    org_ids: &[Uuid],
    now: Timestamp,
) -> Result<SuspensionImpact, sqlx::Error> {
    for org_id in org_ids {
        platform.reads(*org_id);
    }
    if org_ids.is_empty() {
        return Ok(SuspensionImpact::default());
    }
    read!(db, |pool| {
        let mut query = QueryBuilder::new(include_str!("sql/memberships/blast.sql"));
        Lists::push_one_of(&mut query, org_ids.iter().copied());
        query.push(" group by m.person_id) hit cross join (select ").push_bind(now).push(" as now) asked");
        query.build_query_as().persistent(false).fetch_one(pool).await
    })
}
