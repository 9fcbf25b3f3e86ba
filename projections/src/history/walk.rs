//! Walks an index in the order of positions and compares the other conditions of the filter with its rows.
//!
//! ```text
//! (index: at most BUDGET rows) ─► compare ─► at most `limit` positions
//! ```
//!
//! **Invariant:** a walk reads at most [`BUDGET`] rows, whatever it finds. One that ended there says so by its cut.

use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::filter::{HistoryFilter, Only, Source};
use crate::db::{Db, Lists, read};
use crate::like::like_pattern;

/// The most rows that one walk reads.
const BUDGET: i64 = 20_000;

/// The most rows that are counted to compare two ways.
const PROBE: i64 = 2_000;

/// The positions between two others, without these two.
#[derive(Clone, Copy, Debug)]
pub(super) struct PositionSpan {
    pub(super) above: i64,
    pub(super) below: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Down,
    Up,
}

/// Asks for the first positions in a span that pass a filter, at most `limit`.
#[derive(Clone, Copy)]
pub(super) struct WalkQuery<'a> {
    pub(super) filter: &'a HistoryFilter,
    pub(super) span: PositionSpan,
    pub(super) direction: Direction,
    pub(super) limit: usize,
}

/// What a walk found, in its direction.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) positions: Vec<i64>,
    /// The last position that it looked at, if it did not look at all.
    pub(super) cut: Option<i64>,
}

impl Direction {
    pub(super) fn order(self) -> &'static str {
        match self {
            Self::Down => "desc",
            Self::Up => "asc",
        }
    }

    pub(super) fn sort(self, positions: &mut Vec<i64>) {
        positions.sort_unstable();
        positions.dedup();
        if self == Self::Down {
            positions.reverse();
        }
    }

    /// The one of two positions that a walk in this direction meets first.
    pub(super) fn first(self, one: i64, other: i64) -> i64 {
        match self {
            Self::Down => one.max(other),
            Self::Up => one.min(other),
        }
    }

    /// Says whether a walk in this direction meets `one` after `other`.
    fn is_behind(self, one: i64, other: i64) -> bool {
        one != other && self.first(one, other) == other
    }
}

impl Walked {
    /// Says whether the search is over: everything was looked at, or enough was found.
    pub(super) fn is_done(&self, limit: usize) -> bool {
        self.cut.is_none() || self.positions.len() >= limit
    }
}

pub(super) async fn walk(db: &Db, question: WalkQuery<'_>) -> Result<Walked, sqlx::Error> {
    let WalkQuery { filter, span, direction, limit } = question;
    let way = choose(db, filter, span).await?;
    let share = BUDGET / i64::try_from(way.len().max(1)).unwrap_or(1);
    let budget = share.max(i64::try_from(limit).unwrap_or(BUDGET));
    let steps = IndexWalk { span, direction, budget };
    let mut positions = arms(db, filter, &way, steps, limit).await?;
    direction.sort(&mut positions);
    if filter.is_one_way() || positions.len() >= limit && way.len() == 1 {
        positions.truncate(limit);
        return Ok(Walked { positions, cut: None });
    }
    // Some index was read only up to the first cut, so the positions after it may be incomplete.
    let cut = cuts(db, &way, steps).await?.into_iter().reduce(|one, other| direction.first(one, other));
    positions.retain(|position| cut.is_none_or(|cut| !direction.is_behind(*position, cut)));
    let full = positions.len() >= limit;
    positions.truncate(limit);
    Ok(Walked { positions, cut: cut.filter(|_| !full) })
}

/// How an index is walked.
#[derive(Clone, Copy)]
struct IndexWalk {
    span: PositionSpan,
    direction: Direction,
    budget: i64,
}

/// The way that reads least.
async fn choose<'a>(
    db: &Db,
    filter: &'a HistoryFilter,
    span: PositionSpan,
) -> Result<Vec<Source<'a>>, sqlx::Error> {
    let mut ways = filter.ways();
    if ways.len() < 2 {
        return Ok(ways.pop().unwrap_or_else(|| vec![Source::All]));
    }
    let mut least: Option<(i64, Vec<Source<'a>>)> = None;
    for way in ways {
        let number = probe(db, &way, span).await?;
        if least.as_ref().is_none_or(|(fewest, _)| number < *fewest) {
            least = Some((number, way));
        }
        if number < PROBE {
            break;
        }
    }
    Ok(least.map_or_else(|| vec![Source::All], |(_, way)| way))
}

/// How many rows a way has, counted to [`PROBE`] in each index.
async fn probe(db: &Db, way: &[Source<'_>], span: PositionSpan) -> Result<i64, sqlx::Error> {
    let steps = IndexWalk { span, direction: Direction::Down, budget: PROBE };
    read!(db, |pool| {
        let mut query = QueryBuilder::new("select 0");
        for source in way {
            query.push(" + (select count(*) from (");
            rows(&mut query, "position", *source, steps);
            query.push(") probed)");
        }
        query.build_query_scalar().persistent(false).fetch_one(pool).await
    })
}

/// The positions from each index that pass the filter, at most `limit` of each.
async fn arms(
    db: &Db,
    filter: &HistoryFilter,
    way: &[Source<'_>],
    steps: IndexWalk,
    limit: usize,
) -> Result<Vec<i64>, sqlx::Error> {
    if way.is_empty() {
        return Ok(vec![]);
    }
    let columns = if filter.is_one_way() { "position" } else { COMPARED };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    read!(db, |pool| {
        let mut query = QueryBuilder::new("");
        for (index, source) in way.iter().enumerate() {
            query.push(if index == 0 { "" } else { " union all " });
            query.push("select position from (select position from (");
            rows(&mut query, columns, *source, steps);
            query.push(") walked where true");
            if !filter.is_one_way() {
                passes(&mut query, filter);
            }
            query.push(" limit ").push(limit).push(") arm");
        }
        query.build_query_scalar().persistent(false).fetch_all(pool).await
    })
}

/// The position at which the walk of each index stopped, for those that were not read to the end.
async fn cuts(db: &Db, way: &[Source<'_>], steps: IndexWalk) -> Result<Vec<i64>, sqlx::Error> {
    if way.is_empty() {
        return Ok(vec![]);
    }
    read!(db, |pool| {
        let mut query = QueryBuilder::new("");
        for (index, source) in way.iter().enumerate() {
            query.push(if index == 0 { "" } else { " union all " });
            query.push("select position from (select position from (");
            rows(&mut query, "position", *source, steps);
            // The last row within the budget: so this reads no more rows than the walk did.
            query.push(") walked order by position ").push(steps.direction.order());
            query.push(" limit 1 offset ").push(steps.budget - 1).push(") ended");
        }
        query.build_query_scalar().persistent(false).fetch_all(pool).await
    })
}

const COMPARED: &str = "position, event_type, actor, org_id, aggregate_id, correlation_id, reverts, words";

/// The rows of one index in a span, in their order.
fn rows<'a, D>(query: &mut QueryBuilder<'a, D>, columns: &str, source: Source<'a>, steps: IndexWalk)
where
    D: Database,
    i64: Encode<'a, D> + Type<D>,
    Uuid: Encode<'a, D> + Type<D>,
    &'a str: Encode<'a, D> + Type<D>,
{
    let IndexWalk { span, direction, budget } = steps;
    query.push("select ").push(columns).push(" from history where ");
    let mut position = "position";
    match source {
        Source::All => drop(query.push("true")),
        Source::Stream(stream) => {
            query.push("org_id is null and aggregate_id = ").push_bind(stream);
        }
        Source::Correlation(id) => drop(query.push("correlation_id = ").push_bind(id)),
        Source::Org(id) => drop(query.push("org_id = ").push_bind(id)),
        Source::Actor(actor) => drop(query.push("actor = ").push_bind(actor)),
        Source::Type(event_type) => drop(query.push("event_type = ").push_bind(event_type)),
        Source::Reverting => drop(query.push("reverts is not null")),
        Source::Reverted => {
            query.push("position in (select reverts from history where reverts is not null");
            position = "reverts";
        }
    }
    query.push(" and ").push(position).push(" > ").push_bind(span.above);
    query.push(" and ").push(position).push(" < ").push_bind(span.below);
    query.push(" order by ").push(position).push(" ").push(direction.order()).push(" limit ").push(budget);
    if source == Source::Reverted {
        query.push(") order by position ").push(direction.order());
    }
}

/// Adds the conditions of the filter that a row is compared with.
pub(super) fn passes<'a, D>(query: &mut QueryBuilder<'a, D>, filter: &'a HistoryFilter)
where
    D: Lists,
    Uuid: Encode<'a, D> + Type<D>,
    &'a str: Encode<'a, D> + Type<D>,
    String: Encode<'a, D> + Type<D>,
{
    if let Some(actors) = &filter.actors {
        D::push_one_of(query.push(" and actor"), actors.iter().cloned());
    }
    if let Some(types) = &filter.types {
        D::push_one_of(query.push(" and event_type"), types.iter().map(|it| (*it).to_owned()));
    }
    if let Some(org) = filter.org {
        query.push(" and org_id = ").push_bind(org);
    }
    if let Some(stream) = filter.stream.as_deref() {
        query.push(" and org_id is null and aggregate_id = ").push_bind(stream);
    }
    if let Some(correlation) = filter.correlation {
        query.push(" and correlation_id = ").push_bind(correlation);
    }
    match filter.only {
        None => {}
        Some(Only::Reverts) => drop(query.push(" and reverts is not null")),
        Some(Only::Reverted) => {
            query.push(" and exists (select 1 from history later where later.reverts = walked.position)");
        }
    }
    if let Some(text) = &filter.text {
        query.push(" and words like ").push_bind(like_pattern(text)).push(" escape '!'");
    }
}
