//! One page of the list: searched, filtered, sorted, by keyset.
//!
//! **Invariant:** a page never counts or skips rows: it starts where the last one ended, so the last page costs what
//! the first does.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::OrgListed;
use crate::db::{Db, read};
use crate::scope::Platform;
use crate::timestamp::Timestamp;

/// What to show. Empty means everything that is not archived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A part of the name, slug, id or owner's address.
    pub text: Option<String>,
    /// Only this status; without it, all but archived.
    pub status: Option<String>,
    /// Only those that nobody owns yet.
    pub without_owner: bool,
    /// As of this position; without it, now.
    pub at: Option<i64>,
}

/// The column that a page is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Name,
    Created,
    Changed,
    Members,
}

/// Which page: the sort, its direction, and the row that it follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    pub sort: Sort,
    pub descending: bool,
    /// The sort key of the row before this page, and its id.
    pub after: Option<(String, Uuid)>,
    /// Read towards the beginning: the page *before* that row.
    pub backwards: bool,
}

/// Rows in the order asked for, and whether there are more on either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgPage {
    pub rows: Vec<OrgListed>,
    pub more_before: bool,
    pub more_after: bool,
}

impl Sort {
    fn column(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            Self::Created => "created_at",
            Self::Changed => "changed_at",
            Self::Members => "members",
        }
    }

    /// The key of a row, as text that a cursor can carry.
    pub fn key(self, row: &OrgListed) -> String {
        match self {
            Self::Name => row.name_key.clone(),
            Self::Created => row.created_at.micros().to_string(),
            Self::Changed => row.changed_at.micros().to_string(),
            Self::Members => row.members.to_string(),
        }
    }
}

/// One page of at most `limit` organisations.
pub async fn page(
    db: &Db,
    _: &Platform,
    filter: &Filter,
    order: &Order,
    limit: usize,
) -> Result<OrgPage, sqlx::Error> {
    let mut rows: Vec<OrgListed> = read!(db, |pool| {
        let mut query = QueryBuilder::new(include_str!("../sql/org_list/page.sql"));
        where_matches(&mut query, filter);
        after(&mut query, order);
        let towards = if order.descending == order.backwards { "asc" } else { "desc" };
        query.push(" order by ").push(order.sort.column()).push(" ").push(towards);
        query.push(", org_id ").push(towards).push(" limit ");
        query.push_bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        query.build_query_as().fetch_all(pool).await
    })?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    if order.backwards {
        rows.reverse();
        return Ok(OrgPage { rows, more_before: more, more_after: order.after.is_some() });
    }
    Ok(OrgPage { rows, more_before: order.after.is_some(), more_after: more })
}

/// How many organisations match, counted up to `limit`.
pub async fn count(db: &Db, _: &Platform, filter: &Filter, limit: i64) -> Result<i64, sqlx::Error> {
    read!(db, |pool| {
        let mut query = QueryBuilder::new("select count(*) from (select 1 from org_list where ");
        where_matches(&mut query, filter);
        query.push(" limit ").push_bind(limit).push(") counted");
        query.build_query_scalar().fetch_one(pool).await
    })
}

fn where_matches<'a, D>(query: &mut QueryBuilder<'a, D>, filter: &'a Filter)
where
    D: sqlx::Database,
    i64: sqlx::Encode<'a, D> + sqlx::Type<D>,
    String: sqlx::Encode<'a, D> + sqlx::Type<D>,
    &'a str: sqlx::Encode<'a, D> + sqlx::Type<D>,
{
    match filter.at {
        None => drop(query.push("valid_to is null")),
        Some(at) => {
            query.push("valid_from <= ").push_bind(at);
            query.push(" and (valid_to is null or valid_to > ").push_bind(at).push(")");
        }
    }
    match &filter.status {
        None => drop(query.push(" and status <> 'archived'")),
        Some(status) => drop(query.push(" and status = ").push_bind(status.as_str())),
    }
    if filter.without_owner {
        query.push(" and not owner_joined");
    }
    if let Some(text) = &filter.text {
        let pattern = like_pattern(text);
        query.push(" and (search like ").push_bind(pattern.clone()).push(" escape '!'");
        query.push(" or owner_id in (select person_id from people where email like ");
        query.push_bind(pattern).push(" escape '!'))");
    }
}

fn after<'a, D>(query: &mut QueryBuilder<'a, D>, order: &'a Order)
where
    D: sqlx::Database,
    i64: sqlx::Encode<'a, D> + sqlx::Type<D>,
    Uuid: sqlx::Encode<'a, D> + sqlx::Type<D>,
    Timestamp: sqlx::Encode<'a, D> + sqlx::Type<D>,
    &'a str: sqlx::Encode<'a, D> + sqlx::Type<D>,
{
    let Some((key, id)) = &order.after else { return };
    let beyond = if order.descending == order.backwards { ") > (" } else { ") < (" };
    query.push(" and (").push(order.sort.column()).push(", org_id").push(beyond);
    let number = key.parse().unwrap_or(0);
    match order.sort {
        Sort::Name => query.push_bind(key.as_str()),
        Sort::Members => query.push_bind(number),
        Sort::Created | Sort::Changed => query.push_bind(Timestamp::from_micros(number.clamp(0, YEAR_10000))),
    };
    query.push(", ").push_bind(*id).push(")");
}

/// In microseconds after 1970. A cursor is text from outside, and Postgres knows fewer years than it can say.
const YEAR_10000: i64 = 253_402_300_800_000_000;

/// Longer than anything that is searched: name, slug and id together have at most 278 characters, an address 254.
const LONGEST: usize = 300;

/// `%text%` in lower case, with the wildcards of `like` taken as they are typed. Cut where nothing can match any more,
/// since engines refuse patterns that are very long.
pub(crate) fn like_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.trim().to_lowercase().chars().take(LONGEST) {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
