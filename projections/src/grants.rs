//! Who may act on the whole platform, from when, until when, by whom and why, and who could before?
//!
//! **Invariant:** a grant holds from its beginning to its end by the clock of whoever asks. The events that record both
//! come a moment later, and nothing waits for them.

mod fold;
mod requests;

use std::ops::Deref;

use domain::grant::PlatformRole;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

use crate::db::{Db, read, row};
use crate::scope::Platform;
use crate::table::{ById, ChangeableRow, table};
use crate::timestamp::Timestamp;

pub(crate) use fold::fold;
pub use requests::{
    APPROVED, DECLINED, GrantRequest, OPEN, WITHDRAWN, open_requests, open_requests_at, request,
    settled_requests,
};

table! {
    /// A platform role that somebody holds, held or is to hold. Never removed.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GrantRow in platform_grant by "person_id, role, position" {
        pub person_id: Uuid,
        pub role: String,
        /// Position of the event that granted it.
        pub position: i64,
        pub granted_at: Timestamp,
        pub granted_by: String,
        pub reason: String,
        /// The beginning, if it was still to come when the role was granted.
        pub starts_at: Option<Timestamp>,
        /// True if the log knows the beginning: the grant began at once, or an event recorded it.
        pub begun: bool,
        /// The first moment at which it no longer holds; none if it is for good.
        pub until_at: Option<Timestamp>,
        /// The request that this grant approved.
        pub request_id: Option<Uuid>,
        /// Sequence of the person's stream, on which a command depends that this grant allows.
        pub sequence: i64,
        /// How it ended: [`REVOKED`], [`EXPIRED`] or [`REPLACED`].
        pub ending: Option<String>,
        pub ended_at: Option<Timestamp>,
        pub ended_by: Option<String>,
        pub ended_reason: Option<String>,
        /// Position of the event that ended it.
        pub ended_position: Option<i64>,
    }
}

pub const REVOKED: &str = "revoked";
pub const EXPIRED: &str = "expired";
/// It was replaced by a grant of the same role for another term.
pub const REPLACED: &str = "replaced";

row! {
    /// A grant that has not ended in the log: what decides whether it holds.
    #[derive(Clone, Debug)]
    pub struct HeldRow {
        pub role: String,
        pub sequence: i64,
        pub starts_at: Option<Timestamp>,
        pub until_at: Option<Timestamp>,
    }
}

row! {
    /// A beginning or an end of a grant that time has brought and the log does not have yet.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DueGrantChange {
        pub person_id: Uuid,
        pub role: String,
        /// Position of the event that granted it.
        pub position: i64,
        /// True if the grant is over, false if it has begun.
        pub over: bool,
    }
}

/// A row about somebody, with their present name and address; both are missing if the person was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithPerson<T> {
    row: T,
    pub name: Option<String>,
    pub email: Option<String>,
}

pub type GrantListed = WithPerson<GrantRow>;

/// A platform role that somebody holds now. Only this module makes one, from the read model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveGrant {
    person_id: Uuid,
    role: PlatformRole,
    sequence: i64,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl From<GrantRow> for HeldRow {
    fn from(row: GrantRow) -> Self {
        let GrantRow { role, sequence, starts_at, until_at, .. } = row;
        Self { role, sequence, starts_at, until_at }
    }
}

impl Platform {
    /// Lifts the filter by organisation: the one bypass.
    pub fn of(_grant: &ActiveGrant) -> Self {
        Self::lifted()
    }
}

impl ActiveGrant {
    /// The strongest of the roles that somebody holds at `now`, among those that have not ended in the log.
    pub(crate) fn among(person_id: Uuid, held: &[HeldRow], now: Timestamp) -> Option<Self> {
        let holds = |row: &&HeldRow| holds(row.starts_at, row.until_at, now);
        let find = |role: PlatformRole| {
            Some((role, held.iter().filter(holds).find(|row| row.role == role.as_str())?))
        };
        let (role, row) = PlatformRole::ALL.into_iter().find_map(find)?;
        let (from, until) = (row.starts_at, row.until_at);
        Some(Self { person_id, role, sequence: row.sequence, from, until })
    }

    pub fn role(&self) -> PlatformRole {
        self.role
    }

    pub fn person_id(&self) -> Uuid {
        self.person_id
    }

    /// The sequence of the person's stream when this was read.
    pub fn sequence(&self) -> i64 {
        self.sequence
    }

    /// The first moment at which it holds.
    pub fn from(&self) -> Option<Timestamp> {
        self.from
    }

    /// The first moment at which it does not hold any more.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

/// Says whether `now` is within a grant, from its beginning to before its end.
fn holds(starts_at: Option<Timestamp>, until_at: Option<Timestamp>, now: Timestamp) -> bool {
    starts_at.is_none_or(|from| from <= now) && until_at.is_none_or(|until| now < until)
}

/// The strongest platform role that somebody holds at `now`.
pub async fn active(db: &Db, person_id: Uuid, now: Timestamp) -> Result<Option<ActiveGrant>, sqlx::Error> {
    let held: Vec<HeldRow> = read!(db, |pool| {
        sqlx::query_as(include_str!("sql/grants/active.sql")).bind(person_id).fetch_all(pool).await
    })?;
    Ok(ActiveGrant::among(person_id, &held, now))
}

/// Says whether anybody is superadmin at `now`, or will be.
pub async fn any_superadmin(db: &Db, now: Timestamp) -> Result<bool, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/grants/any_superadmin.sql")).bind(now).fetch_one(pool).await
    })
}

/// How many superadmins stand for good: there is always one.
pub async fn standing_superadmins(db: &Db, _: &Platform) -> Result<i64, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/grants/standing_superadmins.sql")).fetch_one(pool).await
    })
}

/// The grants that have not ended in the log, superadmins first and then the oldest, at most `limit`.
pub async fn held(db: &Db, _: &Platform, limit: i64) -> Result<Vec<GrantListed>, sqlx::Error> {
    read!(db, |pool| sqlx::query_as(include_str!("sql/grants/held.sql")).bind(limit).fetch_all(pool).await)
}

/// The grants that had not ended at a position, superadmins first and then the oldest, at most `limit`. What became of
/// them since is told as well.
pub async fn held_at(
    db: &Db,
    _: &Platform,
    position: i64,
    limit: i64,
) -> Result<Vec<GrantListed>, sqlx::Error> {
    read!(db, |pool| {
        let held = sqlx::query_as(include_str!("sql/grants/held_at.sql"));
        held.bind(position).bind(limit).fetch_all(pool).await
    })
}

/// The grants that ended before a position, the last ended first, at most `limit`.
pub async fn past(db: &Db, _: &Platform, before: i64, limit: i64) -> Result<Vec<GrantListed>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/grants/past.sql")).bind(before).bind(limit).fetch_all(pool).await
    })
}

/// The last grant of each role that somebody holds or held: at most one of each, superadmin first.
pub async fn latest(db: &Db, _: &Platform, person_id: Uuid) -> Result<Vec<GrantListed>, sqlx::Error> {
    of_oneself(db, person_id).await
}

/// Like [`latest`], for somebody who asks about themselves.
pub async fn of_oneself(db: &Db, person_id: Uuid) -> Result<Vec<GrantListed>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/grants/latest.sql")).bind(person_id).fetch_all(pool).await
    })
}

/// The beginnings and ends that have come by `now` and are not in the log yet, the oldest grant first, at most `limit`.
pub async fn due(db: &Db, now: Timestamp, limit: i64) -> Result<Vec<DueGrantChange>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/grants/due.sql")).bind(now).bind(limit).fetch_all(pool).await
    })
}

/// The moment of the next beginning or end of a grant that is not in the log yet.
pub async fn next_due(db: &Db) -> Result<Option<Timestamp>, sqlx::Error> {
    read!(db, |pool| sqlx::query_scalar(include_str!("sql/grants/next_due.sql")).fetch_one(pool).await)
}

impl GrantRow {
    /// Says whether it has not ended, in the log or by the clock. It may not have begun yet.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.until_at.is_none_or(|until| now < until)
    }

    /// Says whether it has begun and not ended.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && holds(self.starts_at, self.until_at, now)
    }

    /// Says whether it counts as a permanent grant: begun, not ended, and without an end.
    pub fn stands_for_good(&self) -> bool {
        self.ended_at.is_none() && self.begun && self.until_at.is_none()
    }
}

impl<T> WithPerson<T> {
    /// The name if there is one, else the address.
    pub fn called(&self) -> &str {
        self.name.as_deref().or(self.email.as_deref()).unwrap_or("somebody erased")
    }
}

impl<T> Deref for WithPerson<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.row
    }
}

impl<'r, R, T> FromRow<'r, R> for WithPerson<T>
where
    R: Row,
    T: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self { row: T::from_row(row)?, name: row.try_get("name")?, email: row.try_get("email")? })
    }
}

impl ChangeableRow for GrantRow {
    const BY_ID: ById = ById::Column(include_str!("sql/grants/of_people.sql"));

    fn id(&self) -> (Uuid, u128) {
        (self.person_id, u128::from(self.position.unsigned_abs()))
    }

    fn aggregate(&self) -> Uuid {
        self.person_id
    }
}
