//! Remembers the events that this process has read and found to be changed after they were written.
//!
//! **Invariant:** what is told was compared with its hash a moment ago. So an event that was put right is told no more, nor one
//! that was put in and taken out again.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use metrics::gauge;

use super::{Recorded, at};
use crate::db::Db;

/// The positions of these events.
static FOUND: Mutex<BTreeSet<i64>> = Mutex::new(BTreeSet::new());

/// The most positions to remember: if there are more, the first ones found are enough to report it.
const MOST: usize = 100;

/// Remembers an event that does not fit its hash.
pub(crate) fn note(event: &Recorded) {
    let (position, mut found) = (event.position, found());
    if found.len() < MOST && found.insert(position) {
        tracing::error!(position, "an event was changed after it was written: its hash is another");
        count(&found);
    }
}

/// The events that were found to be changed and, read again now, still are.
pub async fn changed(db: &Db) -> Result<Vec<i64>, sqlx::Error> {
    let positions: Vec<i64> = found().iter().copied().collect();
    let events = at(db, &positions).await?;
    let is_changed = |position: &i64| events.iter().any(|it| it.position == *position && !it.is_intact());
    let mut found = found();
    found.retain(|position| !positions.contains(position) || is_changed(position));
    count(&found);
    Ok(found.iter().copied().collect())
}

fn count(found: &BTreeSet<i64>) {
    gauge!("portal_changed_events").set(f64::from(u32::try_from(found.len()).unwrap_or(u32::MAX)));
}

fn found() -> MutexGuard<'static, BTreeSet<i64>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}
