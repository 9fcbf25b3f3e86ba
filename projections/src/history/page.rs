//! Some of the events that pass a filter, in the order of the log.
//!
//! **Invariant:** a page never counts or skips rows: it starts where the last one ended, so the last page costs what
//! the first does.

use super::filter::HistoryFilter;
use super::shown;
use super::text::search;
use super::walk::{Direction, PositionSpan, WalkQuery, Walked, walk};
use crate::db::{Db, read};
use crate::event_log::{EventLog, ReadError, Recorded};
use crate::scope::Platform;
use crate::timestamp::Timestamp;

/// The place of a page in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PagePlace {
    #[default]
    Newest,
    Before(i64),
    After(i64),
}

/// Events, newest first, and the positions of the pages on either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    pub events: Vec<Recorded>,
    /// The page with newer events is the one after this position, if there is any.
    pub newer: Option<i64>,
    /// The page with older ones is the one before this position, if there is any.
    pub older: Option<i64>,
    /// The position up to which the search looked, if it stopped before the end and the page is not full.
    pub looked_to: Option<i64>,
    /// The number of events that pass, on all pages, and whether there are more than were counted.
    pub total: (i64, bool),
}

/// The most events that are counted.
const COUNTED: usize = 500;

/// One page of at most `limit` events.
pub async fn page(
    log: &EventLog,
    platform: &Platform,
    filter: &HistoryFilter,
    place: PagePlace,
    limit: usize,
) -> Result<HistoryPage, ReadError> {
    let page = unnoted(log, filter, place, limit).await?;
    note(platform, filter, &page.events);
    Ok(page)
}

/// The positions of the events on such a page, for callers that show nothing else of them.
pub async fn positions(
    log: &EventLog,
    filter: &HistoryFilter,
    place: PagePlace,
    limit: usize,
) -> Result<Vec<i64>, ReadError> {
    Ok(unnoted(log, filter, place, limit).await?.events.iter().map(|event| event.position).collect())
}

async fn unnoted(
    log: &EventLog,
    filter: &HistoryFilter,
    place: PagePlace,
    limit: usize,
) -> Result<HistoryPage, ReadError> {
    let (db, whole) = (log.db(), span(log.db(), filter).await?);
    let down = WalkQuery { filter, span: whole, direction: Direction::Down, limit: limit + 1 };
    let counted = if filter.is_everything() {
        Walked::default()
    } else {
        find(db, WalkQuery { limit: COUNTED.max(limit) + 1, ..down }).await?
    };
    let total = if filter.is_everything() {
        (log.last_position().await?, false)
    } else {
        let more = counted.positions.len() > COUNTED || counted.cut.is_some();
        (i64::try_from(counted.positions.len().min(COUNTED)).unwrap_or(0), more)
    };
    let (walked, direction) = match place {
        PagePlace::Newest if !filter.is_everything() => (counted, Direction::Down),
        PagePlace::Newest => (find(db, down).await?, Direction::Down),
        PagePlace::Before(position) => {
            let span = PositionSpan { below: whole.below.min(position), ..whole };
            (find(db, WalkQuery { span, ..down }).await?, Direction::Down)
        }
        PagePlace::After(position) => {
            let span = PositionSpan { above: whole.above.max(position), ..whole };
            (find(db, WalkQuery { span, direction: Direction::Up, ..down }).await?, Direction::Up)
        }
    };
    let page = cut(walked, place, direction, limit);
    let mut events = log.at(&page.positions).await?;
    events.reverse();
    let Cut { newer, older, looked_to, .. } = page;
    Ok(HistoryPage { events, newer, older, looked_to, total })
}

/// Counts the events after a position that pass, up to `limit`. The organisations that they are about count as listed.
pub async fn newer(
    log: &EventLog,
    platform: &Platform,
    filter: &HistoryFilter,
    after: i64,
    limit: usize,
) -> Result<usize, sqlx::Error> {
    let positions = behind(log.db(), filter, after, limit).await?;
    note(platform, filter, &log.at(&positions).await?);
    Ok(positions.len())
}

/// Says whether any event passes. It checks a filter that somebody typed, and shows no event.
pub async fn is_any(log: &EventLog, filter: &HistoryFilter) -> Result<bool, sqlx::Error> {
    Ok(!behind(log.db(), filter, 0, 1).await?.is_empty())
}

async fn behind(db: &Db, filter: &HistoryFilter, after: i64, limit: usize) -> Result<Vec<i64>, sqlx::Error> {
    let whole = span(db, filter).await?;
    let span = PositionSpan { above: whole.above.max(after), ..whole };
    let question = WalkQuery { filter, span, direction: Direction::Down, limit };
    Ok(find(db, question).await?.positions)
}

/// The next events after a position, oldest first, and the position from which to go on, unless the end was reached.
pub async fn batch(
    log: &EventLog,
    platform: &Platform,
    filter: &HistoryFilter,
    after: i64,
    up_to: i64,
) -> Result<(Vec<Recorded>, Option<i64>), ReadError> {
    const EVENTS: usize = 500;
    let whole = span(log.db(), filter).await?;
    let span =
        PositionSpan { above: whole.above.max(after), below: whole.below.min(up_to.saturating_add(1)) };
    let walked = find(log.db(), WalkQuery { filter, span, direction: Direction::Up, limit: EVENTS }).await?;
    let full = walked.positions.len() == EVENTS;
    let next = if full { walked.positions.last().copied() } else { walked.cut };
    let events = log.at(&walked.positions).await?;
    note(platform, filter, &events);
    Ok((events, next))
}

/// Notes the read. A filter by one organisation counts as opening it, even if nothing is found; any other as a list.
fn note(platform: &Platform, filter: &HistoryFilter, events: &[Recorded]) {
    if let Some(org) = filter.org {
        platform.reads(org);
    } else {
        platform.lists([]);
        shown(platform, events);
    }
}

/// The span of positions that were recorded in the time of the filter.
async fn span(db: &Db, filter: &HistoryFilter) -> Result<PositionSpan, sqlx::Error> {
    let above = match filter.from {
        Some(from) => before(db, from).await?,
        None => 0,
    };
    let below = match filter.to {
        Some(to) => before(db, to).await? + 1,
        None => i64::MAX,
    };
    Ok(PositionSpan { above, below })
}

/// The last position that was recorded before a moment.
async fn before(db: &Db, at: Timestamp) -> Result<i64, sqlx::Error> {
    let latest = Timestamp::from_micros(at.micros() - 1);
    let last: Option<i64> = read!(db, |pool| {
        sqlx::query_scalar(include_str!("../sql/as_of/position.sql")).bind(latest).fetch_optional(pool).await
    })?;
    Ok(last.unwrap_or(0))
}

async fn find(db: &Db, question: WalkQuery<'_>) -> Result<Walked, sqlx::Error> {
    match &question.filter.text {
        Some(text) if text.chars().any(char::is_control) => Ok(Walked::default()), // nobody types these
        Some(_) => search(db, question).await,
        None => walk(db, question).await,
    }
}

/// The positions on a page, and those of the pages on either side.
struct Cut {
    positions: Vec<i64>,
    newer: Option<i64>,
    older: Option<i64>,
    looked_to: Option<i64>,
}

fn cut(walked: Walked, place: PagePlace, direction: Direction, limit: usize) -> Cut {
    let Walked { mut positions, cut } = walked;
    let more = positions.len() > limit;
    positions.truncate(limit);
    let (first, last) = (positions.first().copied(), positions.last().copied());
    let beyond = if more { last } else { cut };
    let looked_to = cut.filter(|_| !more);
    let (newer, older) = match (direction, place) {
        (Direction::Up, PagePlace::After(after)) => (beyond, Some(first.unwrap_or(after.saturating_add(1)))),
        (Direction::Down, PagePlace::Before(before)) => {
            (Some(first.unwrap_or(before.saturating_sub(1))), beyond)
        }
        (_, _) => (None, beyond),
    };
    Cut { positions, newer, older, looked_to }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_what_stands_beside_it() {
        let walked = |positions: &[i64], cut| Walked { positions: positions.to_vec(), cut };
        let page = cut(walked(&[9, 8, 7], None), PagePlace::Newest, Direction::Down, 2);
        assert_eq!((page.positions, page.newer, page.older), (vec![9, 8], None, Some(8)));
        let page = cut(walked(&[7], None), PagePlace::Before(8), Direction::Down, 2);
        assert_eq!((page.newer, page.older, page.looked_to), (Some(7), None, None));
        let page = cut(walked(&[7], Some(3)), PagePlace::Before(8), Direction::Down, 2);
        assert_eq!((page.older, page.looked_to), (Some(3), Some(3)));
        let page = cut(walked(&[8, 9], None), PagePlace::After(7), Direction::Up, 2);
        assert_eq!((page.newer, page.older), (None, Some(8)));
    }
}
