//! Finds the events that have a text among what was typed into them.
//!
//! A common text is met soon on a walk. A rare one is looked up in the index of parts, which gives blocks of events;
//! what stands behind the index is walked as well.
//!
//! **Invariant:** whichever way is taken, the answer is the same, as far as the search looked.

use sqlx::QueryBuilder;

use super::filter::HistoryFilter;
use super::parts::EVENTS;
use super::walk::{Direction, PositionSpan, WalkQuery, Walked, passes, walk};
use crate::db::{Db, Engine, read};
use crate::like::like_pattern;

/// The most blocks that one search reads, and how many of them at a time.
const MOST: usize = 320;
const AT_A_TIME: usize = 32;

/// Answers a question about a text.
pub(super) async fn search(db: &Db, question: WalkQuery<'_>) -> Result<Walked, sqlx::Error> {
    let WalkQuery { filter, span, direction, limit } = question;
    let mut found = walk(db, question).await?;
    let is_short = wanted(filter).chars().nth(2).is_none(); // for an index of three letters each
    let Some(cut) = found.cut.filter(|_| !found.is_done(limit) && !is_short) else { return Ok(found) };
    let indexed: i64 = read!(db, |pool| {
        sqlx::query_scalar(include_str!("../sql/history/indexed.sql")).fetch_one(pool).await
    })?;
    let rest = match direction {
        Direction::Down => PositionSpan { above: span.above, below: cut },
        Direction::Up => PositionSpan { above: cut, below: span.below.min(indexed + 1) },
    };
    if cut > indexed {
        return Ok(found); // an index that lags so far behind is made up for by asking on
    }
    let left = limit - found.positions.len();
    let in_blocks = blocks(db, WalkQuery { span: rest, limit: left, ..question }).await?;
    found.positions.extend(in_blocks.positions);
    found.cut = in_blocks.cut;
    if direction == Direction::Up && found.cut.is_none() && found.positions.len() < limit {
        let tail = PositionSpan { above: indexed, below: span.below };
        let left = limit - found.positions.len();
        let behind = walk(db, WalkQuery { span: tail, limit: left, ..question }).await?;
        found.positions.extend(behind.positions);
        found.cut = behind.cut;
    }
    Ok(found)
}

/// The text in the form in which it is compared: trimmed, in lower case.
fn wanted(filter: &HistoryFilter) -> String {
    filter.text.as_deref().unwrap_or_default().trim().to_lowercase()
}

async fn blocks(db: &Db, question: WalkQuery<'_>) -> Result<Walked, sqlx::Error> {
    let WalkQuery { filter, span, direction, limit } = question;
    let mut blocks = find(db, &wanted(filter), span, direction).await?;
    let more = blocks.len() > MOST;
    blocks.truncate(MOST);
    let mut found = Walked::default();
    for some in blocks.chunks(AT_A_TIME) {
        found.positions.extend(compare(db, question, some).await?);
        if found.positions.len() >= limit {
            found.positions.truncate(limit);
            return Ok(found);
        }
    }
    found.cut = blocks.last().filter(|_| more).map(|last| match direction {
        Direction::Down => last * EVENTS + 1,
        Direction::Up => (last + 1) * EVENTS,
    });
    Ok(found)
}

/// The blocks that have a text, at most one more than one search reads.
async fn find(
    db: &Db,
    text: &str,
    span: PositionSpan,
    direction: Direction,
) -> Result<Vec<i64>, sqlx::Error> {
    let (first, last) = (span.above / EVENTS, (span.below - 1) / EVENTS);
    macro_rules! ask {
        ($statement:literal, $text:expr, $pool:expr) => {{
            let found = include_str!($statement);
            sqlx::query_scalar(&format!("{found} {} limit {}", direction.order(), MOST + 1))
                .bind($text)
                .bind(first)
                .bind(last)
                .persistent(false) // planned anew each time: the best way depends on the text
                .fetch_all($pool)
                .await
        }};
    }
    match &db.0 {
        Engine::Postgres { pool, .. } => {
            ask!("../sql/history/blocks_postgres.sql", like_pattern(text), pool)
        }
        Engine::Sqlite { reader, .. } => {
            let phrase = format!("\"{}\"", text.replace('"', "\"\""));
            ask!("../sql/history/blocks_sqlite.sql", phrase, reader)
        }
    }
}

/// The events of some blocks that pass.
async fn compare(db: &Db, question: WalkQuery<'_>, blocks: &[i64]) -> Result<Vec<i64>, sqlx::Error> {
    let WalkQuery { filter, span, direction, .. } = question;
    let mut positions = read!(db, |pool| {
        // Each block has a range of its own: for one condition on all of them, the planner would read everything.
        let mut query = QueryBuilder::new("");
        for (index, block) in blocks.iter().enumerate() {
            query.push(if index == 0 { "" } else { " union all " });
            query.push("select position from history where position between ");
            query.push((span.above + 1).max(block * EVENTS + 1)).push(" and ");
            query.push((span.below - 1).min((block + 1) * EVENTS));
            passes(&mut query, filter);
        }
        query.build_query_scalar().persistent(false).fetch_all(pool).await
    })?;
    direction.sort(&mut positions);
    Ok(positions)
}
