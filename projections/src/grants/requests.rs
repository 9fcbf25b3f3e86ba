//! Which roles were asked for, by whom, and what became of it?
//!
//! **Invariant:** a request is never removed, whatever became of it.

use domain::grant::{End, Term};
use uuid::Uuid;

use super::Listed;
use crate::db::{Db, read};
use crate::scope::Platform;
use crate::table::{ById, Found, table};
use crate::timestamp::Timestamp;

table! {
    /// A platform role that somebody asked for, and what became of it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GrantRequest in grant_request by "request_id" {
        pub request_id: Uuid,
        /// Who is to get it.
        pub person_id: Uuid,
        /// Of the event that asked for it.
        pub position: i64,
        /// Of the person's stream, as last seen.
        pub sequence: i64,
        pub role: String,
        pub reason: String,
        pub starts_at: Option<Timestamp>,
        pub until_at: Option<Timestamp>,
        /// So long after it begins, where no moment was asked for.
        pub seconds: Option<i64>,
        pub asked_at: Timestamp,
        /// A person: only people ask.
        pub asked_by: Uuid,
        /// [`OPEN`], [`APPROVED`], [`DECLINED`] or [`WITHDRAWN`].
        pub status: String,
        pub settled_at: Option<Timestamp>,
        pub settled_by: Option<String>,
        pub settled_reason: Option<String>,
        /// Of the event that settled it.
        pub settled_position: Option<i64>,
    }
}

pub const OPEN: &str = "open";
pub const APPROVED: &str = "approved";
pub const DECLINED: &str = "declined";
pub const WITHDRAWN: &str = "withdrawn";

/// The requests that nobody has decided, the oldest first, at most `limit`.
pub async fn open_requests(
    db: &Db,
    _: &Platform,
    limit: i64,
) -> Result<Vec<Listed<GrantRequest>>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/grants/open_requests.sql")).bind(limit).fetch_all(pool).await
    })
}

/// The requests that nobody had decided at a position, the oldest first, at most `limit`. What became of them since is
/// told as well.
pub async fn open_requests_at(
    db: &Db,
    _: &Platform,
    position: i64,
    limit: i64,
) -> Result<Vec<Listed<GrantRequest>>, sqlx::Error> {
    read!(db, |pool| {
        let open = sqlx::query_as(include_str!("../sql/grants/open_requests_at.sql"));
        open.bind(position).bind(limit).fetch_all(pool).await
    })
}

/// The requests that were settled before a position, the last settled first, at most `limit`.
pub async fn settled_requests(
    db: &Db,
    _: &Platform,
    before: i64,
    limit: i64,
) -> Result<Vec<Listed<GrantRequest>>, sqlx::Error> {
    read!(db, |pool| {
        let query = sqlx::query_as(include_str!("../sql/grants/settled_requests.sql"));
        query.bind(before).bind(limit).fetch_all(pool).await
    })
}

/// One request.
pub async fn request(db: &Db, _: &Platform, id: Uuid) -> Result<Option<Listed<GrantRequest>>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/grants/request.sql")).bind(id).fetch_optional(pool).await
    })
}

impl GrantRequest {
    pub fn is_open(&self) -> bool {
        self.status == OPEN
    }

    /// Whether the end that was asked for has passed, so that nobody can approve it any more.
    pub fn lapsed(&self, now: Timestamp) -> bool {
        self.until_at.is_some_and(|until| until <= now)
    }

    /// What was asked for.
    pub fn term(&self) -> Term {
        let end = match (self.until_at, self.seconds) {
            (Some(until), _) => End::At(until.into()),
            (None, Some(seconds)) => End::AfterSeconds(seconds),
            (None, None) => End::Never,
        };
        Term { from: self.starts_at.map(Into::into), end }
    }
}

impl Found for GrantRequest {
    const BY_ID: ById = ById::Column(include_str!("../sql/grants/requests_of_people.sql"));

    fn id(&self) -> (Uuid, i64) {
        (self.person_id, self.position)
    }

    fn aggregate(&self) -> Uuid {
        self.person_id
    }
}
