//! One page of an organisation's people: searched by name or address, owners first.
//!
//! **Invariant:** a page never skips rows: it starts where another one ended, whoever joined or left in between.

use uuid::Uuid;

use super::Member;
use crate::db::{Db, row, scoped};
use crate::like::{capitalised_pattern, like_pattern};
use crate::scope::Scope;

/// The values that people are sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberKey {
    /// 0 for owners, 1 for admins, 2 for all others.
    pub rank: u8,
    /// Empty for somebody who was erased.
    pub email: String,
    pub person_id: Uuid,
}

/// The place of a page in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MemberPlace {
    #[default]
    First,
    After(MemberKey),
    Before(MemberKey),
}

/// Which people of an organisation are asked for.
#[derive(Clone, Copy, Debug)]
pub struct MemberQuery<'a> {
    /// A part of the name or address.
    pub text: &'a str,
    pub place: &'a MemberPlace,
}

/// People in their order, and whether there are more on either side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberPage {
    pub rows: Vec<Member>,
    pub more_before: bool,
    pub more_after: bool,
    pub counts: MemberCounts,
}

row! {
    /// The number of members, and of those who were found, on all pages.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct MemberCounts {
        pub members: i64,
        pub found: i64,
    }
}

impl Member {
    pub fn key(&self) -> MemberKey {
        let rank = match self.role.as_str() {
            "owner" => 0,
            "admin" => 1,
            _ => 2,
        };
        MemberKey { rank, email: self.email.clone().unwrap_or_default(), person_id: self.person_id }
    }
}

/// One page of at most `limit` people of one organisation who are asked for.
pub async fn page(
    db: &Db,
    scope: &Scope,
    org_id: Uuid,
    query: MemberQuery<'_>,
    limit: usize,
) -> Result<MemberPage, sqlx::Error> {
    let MemberQuery { text, place } = query;
    let (pattern, capitalised) = (like_pattern(text), capitalised_pattern(text));
    let (is_before, rank, email, person_id) = match place {
        MemberPlace::First => (false, -1, "", Uuid::nil()),
        MemberPlace::After(key) => (false, i32::from(key.rank), &*key.email, key.person_id),
        MemberPlace::Before(key) => (true, i32::from(key.rank), &*key.email, key.person_id),
    };
    let asked = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let (rows, counts) = scoped!(db, scope, org_id, |conn| {
        let rows = sqlx::query_as(if is_before {
            include_str!("../sql/memberships/page_before.sql")
        } else {
            include_str!("../sql/memberships/page_after.sql")
        });
        let rows = rows.bind(org_id).bind(&pattern).bind(&capitalised);
        let rows = rows.bind(rank).bind(email).bind(person_id).bind(asked).fetch_all(&mut *conn).await?;
        let counts = sqlx::query_as(include_str!("../sql/memberships/counts.sql")).bind(org_id);
        let counts = counts.bind(&pattern).bind(&capitalised).fetch_one(&mut *conn).await?;
        Ok::<(Vec<Member>, MemberCounts), sqlx::Error>((rows, counts))
    })?;
    Ok(cut(rows, place, limit, counts))
}

/// Removes the extra row that only shows that there are more, and reverses a page that was read backwards.
fn cut(mut rows: Vec<Member>, place: &MemberPlace, limit: usize, counts: MemberCounts) -> MemberPage {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let (more_before, more_after) = match place {
        MemberPlace::First => (false, more),
        MemberPlace::After(_) => (true, more),
        MemberPlace::Before(_) => (more, true),
    };
    if matches!(place, MemberPlace::Before(_)) {
        rows.reverse();
    }
    MemberPage { rows, more_before, more_after, counts }
}
