//! Finds what was done together: commands of one correlation, mostly in several streams.
//!
//! **Invariant:** an event belongs to such a group if its correlation is not its own command's id. Nothing else is stored
//! about the group.

use std::collections::HashMap;

use domain::Metadata;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::batch;
use super::filter::HistoryFilter;
use crate::db::{Lists, read};
use crate::event_log::{EventLog, ReadError, Recorded};
use crate::scope::Platform;

/// The correlation of the group that an event belongs to, if it belongs to one.
pub fn whole_of(event: &Recorded) -> Option<Uuid> {
    let Metadata { command, correlation, .. } = event.metadata().ok()?;
    (correlation != command).then_some(correlation)
}

/// The events of a group, oldest first; none if the correlation does not name a group.
pub async fn events(
    log: &EventLog,
    platform: &Platform,
    correlation: Uuid,
) -> Result<Vec<Recorded>, ReadError> {
    let filter = HistoryFilter { correlation: Some(correlation), ..HistoryFilter::default() };
    let (mut events, _) = batch(log, platform, &filter, 0, log.last_position().await?).await?;
    events.retain(|event| whole_of(event).is_some());
    Ok(events)
}

/// For each group that these events belong to, the number of its commands.
pub async fn sizes(log: &EventLog, events: &[Recorded]) -> Result<HashMap<Uuid, i64>, sqlx::Error> {
    let wholes: Vec<Uuid> = events.iter().filter_map(whole_of).collect();
    if wholes.is_empty() {
        return Ok(HashMap::new());
    }
    let counted: Vec<(Uuid, i64)> = read!(log.db(), |pool| {
        let mut query = QueryBuilder::new(include_str!("../sql/history/together.sql"));
        Lists::push_one_of(&mut query, wholes);
        query.push(" group by correlation_id");
        query.build_query_as().persistent(false).fetch_all(pool).await
    })?;
    Ok(counted.into_iter().collect())
}
