//! Which roles were asked for, by whom, and what became of it?
//!
//! **Invariant:** a request is never removed, whatever became of it.

use domain::grant::{End, Term};
use uuid::Uuid;

use super::WithPerson;
use crate::db::{Db, read};
use crate::scope::Platform;
use crate::table::{ById, ChangeableRow, table};
use crate::timestamp::Timestamp;

table! {
    /// A platform role that somebody asked for, and what became of it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GrantRequest in grant_request by "request_id" {
        pub request_id: Uuid,
        /// The person who is to get the role.
        pub person_id: Uuid,
        /// Position of the event that made the request.
        pub position: i64,
        /// The last sequence of the person's stream that was folded.
        pub sequence: i64,
        pub role: String,
        pub reason: String,
        pub starts_at: Option<Timestamp>,
        pub until_at: Option<Timestamp>,
        /// The length in seconds, if no end was asked for as a moment.
        pub seconds: Option<i64>,
        pub asked_at: Timestamp,
        /// The person who asked: only people ask.
        pub asked_by: Uuid,
        /// [`OPEN`], [`APPROVED`], [`DECLINED`] or [`WITHDRAWN`].
        pub status: String,
        pub settled_at: Option<Timestamp>,
        pub settled_by: Option<String>,
        pub settled_reason: Option<String>,
        /// Position of the event that settled it.
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
) -> Result<Vec<WithPerson<GrantRequest>>, sqlx::Error> {
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
) -> Result<Vec<WithPerson<GrantRequest>>, sqlx::Error> {
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
) -> Result<Vec<WithPerson<GrantRequest>>, sqlx::Error> {
    read!(db, |pool| {
        let query = sqlx::query_as(include_str!("../sql/grants/settled_requests.sql"));
        query.bind(before).bind(limit).fetch_all(pool).await
    })
}

/// One request.
pub async fn request(
    db: &Db,
    _: &Platform,
    id: Uuid,
) -> Result<Option<WithPerson<GrantRequest>>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/grants/request.sql")).bind(id).fetch_optional(pool).await
    })
}

impl GrantRequest {
    pub fn is_open(&self) -> bool {
        self.status == OPEN
    }

    /// Says whether the requested end has passed, so that nobody can approve it any more.
    pub fn lapsed(&self, now: Timestamp) -> bool {
        self.until_at.is_some_and(|until| until <= now)
    }

    /// The term that was asked for.
    pub fn term(&self) -> Term {
        let end = match (self.until_at, self.seconds) {
            (Some(until), _) => End::At(until.into()),
            (None, Some(seconds)) => End::AfterSeconds(seconds),
            (None, None) => End::Never,
        };
        Term { from: self.starts_at.map(Into::into), end }
    }
}

impl ChangeableRow for GrantRequest {
    const BY_ID: ById = ById::Column(include_str!("../sql/grants/requests_of_people.sql"));

    fn id(&self) -> (Uuid, u128) {
        (self.person_id, u128::from(self.position.unsigned_abs()))
    }

    fn aggregate(&self) -> Uuid {
        self.person_id
    }
}
