//! One-time links: a random handle, and what it opens.
//!
//! **Invariant:** the link carries nothing but the handle, of which only the SHA-256 is stored. What it opens stands
//! here and in the log, so an edited, cut or foreign link opens nothing.

use std::str::FromStr;

use domain::values::{InvitationId, PersonId};
use uuid::Uuid;

use crate::db::{Db, read, row, write};
use crate::scope::Platform;
use crate::timestamp::Timestamp;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Makes the first superadmin.
    FirstStart,
    /// Joins an organisation. May be opened until the invitation is settled.
    Invitation,
    /// Chooses a password.
    Password,
    /// Chooses a new password in place of the present one.
    NewPassword,
    /// Signs in without a password; only `portal demo` makes these.
    SignIn,
}

impl LinkPurpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstStart => "first-start",
            Self::Invitation => "invitation",
            Self::Password => "password",
            Self::NewPassword => "new-password",
            Self::SignIn => "sign-in",
        }
    }
}

impl FromStr for LinkPurpose {
    type Err = sqlx::Error;

    fn from_str(text: &str) -> Result<Self, sqlx::Error> {
        [Self::FirstStart, Self::Invitation, Self::Password, Self::NewPassword, Self::SignIn]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or_else(|| sqlx::Error::Decode(format!("{text:?} is no purpose of a link").into()))
    }
}

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Link {
        pub purpose: String,
        pub person_id: Option<Uuid>,
        pub org_id: Option<Uuid>,
        pub invitation_id: Option<Uuid>,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
        pub used_at: Option<Timestamp>,
    }
}

pub async fn create(db: &Db, token_hash: &[u8; 32], link: &Link) -> Result<(), sqlx::Error> {
    write!(db, |conn| {
        sqlx::query(include_str!("sql/links/create.sql"))
            .bind(token_hash.as_slice())
            .bind(&link.purpose)
            .bind(link.person_id)
            .bind(link.org_id)
            .bind(link.invitation_id)
            .bind(link.created_at)
            .bind(link.expires_at)
            .execute(conn)
            .await
            .map(drop)
    })
}

/// The link behind a handle, used or not, if it is for this purpose.
pub async fn find(db: &Db, token_hash: &[u8; 32], purpose: LinkPurpose) -> Result<Option<Link>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/links/find.sql"))
            .bind(token_hash.as_slice())
            .bind(purpose.as_str())
            .fetch_optional(pool)
            .await
    })
}

/// Uses a link up; `false` if somebody was quicker or it expired.
pub async fn use_up(db: &Db, token_hash: &[u8; 32], now: Timestamp) -> Result<bool, sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/links/use_up.sql"))
            .bind(token_hash.as_slice())
            .bind(now)
            .execute(pool)
            .await
            .map(|done| done.rows_affected() == 1)
    })
}

/// Takes back every unused link for a purpose.
pub async fn withdraw_all(db: &Db, purpose: LinkPurpose) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/links/withdraw_all.sql"))
            .bind(purpose.as_str())
            .execute(pool)
            .await
            .map(drop)
    })
}

/// Takes back every unused link of somebody for a purpose.
pub async fn withdraw(db: &Db, person: PersonId, purpose: LinkPurpose) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/links/withdraw_of_person.sql"))
            .bind(person.0)
            .bind(purpose.as_str())
            .execute(pool)
            .await
            .map(drop)
    })
}

/// Takes back every link to an invitation.
pub async fn withdraw_invitation(db: &Db, id: InvitationId) -> Result<(), sqlx::Error> {
    write!(db, |pool| {
        sqlx::query(include_str!("sql/links/withdraw_invitation.sql"))
            .bind(id.0)
            .execute(pool)
            .await
            .map(drop)
    })
}

/// The moment at which the first link into an organisation was made, so that it could be passed on.
pub async fn first_sent_at(
    db: &Db,
    platform: &Platform,
    org_id: Uuid,
) -> Result<Option<Timestamp>, sqlx::Error> {
    platform.reads(org_id);
    read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/links/first_sent_at.sql")).bind(org_id).fetch_one(pool).await
    })
}
