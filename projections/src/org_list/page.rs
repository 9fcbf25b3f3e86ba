//! One page of the list: searched, filtered, sorted, by keyset.
//!
//! **Invariant:** a page never counts or skips rows: it starts where the last one ended, so the last page costs what
//! the first does.

use sqlx::{FromRow, QueryBuilder, Row};
use uuid::Uuid;

use super::search::{self, FoundOrgs, MANY, SearchTerm};
use super::{ACTIVE, ARCHIVED, OrgListed, SUSPENDED, total};
use crate::db::{Db, Lists, read};
use crate::scope::Platform;
use crate::timestamp::Timestamp;

/// What to show. Empty means everything that is not archived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrgListFilter {
    /// A part of the name, slug, id or owner's address.
    pub text: Option<String>,
    /// Only this status; without it, all but archived.
    pub status: Option<String>,
    /// Only those that nobody owns yet.
    pub without_owner: bool,
    /// As of this position; without it, now.
    pub at: Option<i64>,
}

impl OrgListFilter {
    /// The condition on a row `it`, without the searched text. These are word for word the conditions of the partial indexes, since
    /// SQLite compares them literally.
    pub(super) fn condition(&self) -> String {
        let status = match self.status.as_deref() {
            None => "it.status <> 'archived'",
            Some(ACTIVE) => "it.status = 'active'",
            Some(SUSPENDED) => "it.status = 'suspended' and it.status <> 'active'",
            Some(ARCHIVED) => "it.status = 'archived' and it.status <> 'active'",
            Some(_) => "1 = 0",
        };
        let owner = if self.without_owner { " and not it.owner_joined" } else { "" };
        format!("{status}{owner}")
    }
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

/// Names a page: the sort column, its direction, and the row after which the page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrgListOrder {
    pub sort: Sort,
    pub descending: bool,
    /// The sort key of the row before this page, and its id.
    pub after: Option<(String, Uuid)>,
    /// If set, the page is the one *before* that row.
    pub backwards: bool,
}

/// Rows in the order asked for, and whether there are more on either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgPage {
    pub rows: Vec<OrgListed>,
    pub more_before: bool,
    pub more_after: bool,
    /// How many organisations pass the filter, on all pages.
    pub total: Total,
}

/// The number of rows that pass. The matches of a common text are not all counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    Exactly(i64),
    MoreThan(i64),
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

impl OrgListOrder {
    /// Says whether rows are read in ascending order, whichever way they are shown.
    fn ascends(&self) -> bool {
        self.descending == self.backwards
    }
}

/// The rows that a query looks at.
#[derive(Clone, Copy)]
enum Among<'a> {
    All,
    These(&'a [Uuid]),
    /// All organisations whose names begin with the text.
    Beginning(&'a SearchTerm),
    /// The rows in their order, each compared with the text. The owner's address is compared too, unless the organisations
    /// whose owner's address has the text are given.
    Walk(&'a SearchTerm, Option<&'a [Uuid]>),
}

/// One page of at most `limit` organisations.
pub async fn page(
    db: &Db,
    platform: &Platform,
    filter: &OrgListFilter,
    order: &OrgListOrder,
    limit: usize,
) -> Result<OrgPage, sqlx::Error> {
    let (rows, total) = match (filter.at, SearchTerm::of(filter)) {
        (_, Some(term)) if term.is_impossible() => (vec![], Total::Exactly(0)),
        (None, Some(term)) => searched(db, filter, order, &term, limit + 1).await?,
        (None, None) => {
            let (rows, total) = rows(db, filter, order, Among::All, limit + 1).await?;
            (rows, Total::Exactly(total))
        }
        (Some(_), term) => {
            let among = term.as_ref().map_or(Among::All, |term| Among::Walk(term, None));
            let (rows, _) = rows(db, filter, order, among, limit + 1).await?;
            (rows, Total::Exactly(counted(db, filter, among).await?))
        }
    };
    let page = cut(rows, total, order, limit);
    platform.lists(page.rows.iter().map(|row| row.org_id));
    Ok(page)
}

/// Removes the extra row that only shows that there are more, and reverses a page that was read backwards.
fn cut(mut rows: Vec<OrgListed>, total: Total, order: &OrgListOrder, limit: usize) -> OrgPage {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let beyond = order.after.is_some();
    if order.backwards {
        rows.reverse();
        return OrgPage { rows, more_before: more, more_after: beyond, total };
    }
    OrgPage { rows, more_before: beyond, more_after: more, total }
}

async fn searched(
    db: &Db,
    filter: &OrgListFilter,
    order: &OrgListOrder,
    term: &SearchTerm,
    limit: usize,
) -> Result<(Vec<OrgListed>, Total), sqlx::Error> {
    let ask = |among| async move { Ok::<_, sqlx::Error>(rows(db, filter, order, among, limit).await?.0) };
    let many = Total::MoreThan(i64::try_from(MANY).unwrap_or(i64::MAX));
    Ok(match search::find(db, filter, term).await? {
        FoundOrgs::These(ids) if ids.is_empty() => (vec![], Total::Exactly(0)),
        FoundOrgs::These(ids) => {
            (ask(Among::These(&ids)).await?, Total::Exactly(i64::try_from(ids.len()).unwrap_or(i64::MAX)))
        }
        FoundOrgs::Beginning(ids) if order.sort == Sort::Name => {
            let mut rows = ask(Among::Beginning(term)).await?;
            if !ids.is_empty() {
                rows.extend(ask(Among::These(&ids)).await?);
                rows.sort_by(|one, other| (&one.name_key, one.org_id).cmp(&(&other.name_key, other.org_id)));
                rows.dedup_by_key(|row| row.org_id);
                if !order.ascends() {
                    rows.reverse();
                }
                rows.truncate(limit);
            }
            (rows, many)
        }
        FoundOrgs::Beginning(ids) => (ask(Among::Walk(term, Some(&ids))).await?, many),
        FoundOrgs::Many { owned } => (ask(Among::Walk(term, owned.as_deref())).await?, many),
    })
}

/// The first rows of a page, and the number of rows that pass the filter if no text is searched.
async fn rows(
    db: &Db,
    filter: &OrgListFilter,
    order: &OrgListOrder,
    among: Among<'_>,
    limit: usize,
) -> Result<(Vec<OrgListed>, i64), sqlx::Error> {
    let mut total = 0;
    let mut rows = vec![];
    read!(db, |pool| {
        let mut query = QueryBuilder::new(include_str!("../sql/org_list/page.sql"));
        query.push(total::expression(filter)).push(" as total from org_list it where ");
        if matches!(among, Among::Walk(..)) {
            // The subquery uses only columns of the index of names, so that only the rows that are shown are fetched.
            query.push("(org_id, valid_from) in (select org_id, valid_from from org_list it where ");
        }
        passes(&mut query, filter, among);
        after(&mut query, order);
        in_order(&mut query, order);
        query.push(" limit ").push(limit);
        if matches!(among, Among::Walk(..)) {
            query.push(")");
            in_order(&mut query, order);
        }
        let lasting = matches!(among, Among::All | Among::Beginning(_)); // others are never asked twice
        for row in query.build().persistent(lasting).fetch_all(pool).await? {
            total = row.try_get("total")?;
            rows.push(OrgListed::from_row(&row)?);
        }
    });
    Ok((rows, total))
}

async fn counted(db: &Db, filter: &OrgListFilter, among: Among<'_>) -> Result<i64, sqlx::Error> {
    read!(db, |pool| {
        let mut query = QueryBuilder::new("select count(*) from org_list it where ");
        passes(&mut query, filter, among);
        query.build_query_scalar().fetch_one(pool).await
    })
}

/// Adds the conditions: the row holds at the position or now, passes the filter, and has the text.
fn passes<'a, D>(query: &mut QueryBuilder<'a, D>, filter: &'a OrgListFilter, among: Among<'a>)
where
    D: Lists,
    i64: sqlx::Encode<'a, D> + sqlx::Type<D>,
    Uuid: sqlx::Encode<'a, D> + sqlx::Type<D>,
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
    query.push(" and ").push(filter.condition());
    match among {
        Among::All => {}
        Among::These(ids) => {
            D::push_one_of(query.push(" and org_id"), ids.iter().copied());
        }
        Among::Beginning(term) => {
            query.push(" and name_key >= ").push_bind(term.text.as_str());
            query.push(" and name_key < ").push_bind(term.end());
        }
        Among::Walk(term, owned) => {
            query.push(" and (search like ").push_bind(term.pattern.as_str()).push(" escape '!' or ");
            if let Some(ids) = owned {
                D::push_one_of(query.push("org_id"), ids.iter().copied());
            } else {
                query.push("(select email from people where person_id = owner_id) like ");
                query.push_bind(term.pattern.as_str()).push(" escape '!'");
            }
            query.push(")");
        }
    }
}

fn in_order<D: sqlx::Database>(query: &mut QueryBuilder<'_, D>, order: &OrgListOrder) {
    let towards = if order.ascends() { "asc" } else { "desc" };
    query.push(" order by ").push(order.sort.column()).push(" ").push(towards);
    query.push(", org_id ").push(towards);
}

fn after<'a, D>(query: &mut QueryBuilder<'a, D>, order: &'a OrgListOrder)
where
    D: sqlx::Database,
    i64: sqlx::Encode<'a, D> + sqlx::Type<D>,
    Uuid: sqlx::Encode<'a, D> + sqlx::Type<D>,
    Timestamp: sqlx::Encode<'a, D> + sqlx::Type<D>,
    &'a str: sqlx::Encode<'a, D> + sqlx::Type<D>,
{
    let Some((key, id)) = &order.after else { return };
    let beyond = if order.ascends() { ") > (" } else { ") < (" };
    query.push(" and (").push(order.sort.column()).push(", org_id").push(beyond);
    let number = key.parse().unwrap_or(0);
    match order.sort {
        Sort::Name => query.push_bind(key.as_str()),
        Sort::Members => query.push_bind(number),
        Sort::Created | Sort::Changed => query.push_bind(Timestamp::from_micros(number.clamp(0, YEAR_10000))),
    };
    query.push(", ").push_bind(*id).push(")");
}

/// The year 10000 in microseconds after 1970. A cursor comes from outside and may name a later year than Postgres knows.
const YEAR_10000: i64 = 253_402_300_800_000_000;
