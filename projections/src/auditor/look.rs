//! Looks at events in the order of their positions: each is compared with its hash, its place and the time before it.
//!
//! **Invariant:** what is missing, there twice, or can't be read hides nothing else.

use std::collections::BTreeMap;

use crate::db::Db;
use crate::event_log::{self, Recorded};
use crate::finding::{Finding, Progress};
use crate::timestamp::Timestamp;

/// The most events that are read at a time.
const BATCH: i64 = 1_000;

/// A place between two events.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AuditPlace {
    pub(crate) position: i64,
    pub(crate) before: Option<Timestamp>,
}

impl AuditPlace {
    /// The end of the next batch, on the way to a position.
    pub(crate) fn batch(self, up_to: i64) -> i64 {
        up_to.min(self.position.saturating_add(BATCH))
    }
}

/// Findings by position, so that each is reported once.
pub(crate) type Findings = BTreeMap<i64, Finding>;

/// Looks at all events up to a position.
pub(crate) async fn look_at_all(
    db: &Db,
    up_to: i64,
    progress: &impl Fn(Progress),
) -> Result<Findings, sqlx::Error> {
    let (mut place, mut findings) = (AuditPlace::default(), Findings::new());
    while place.position < up_to {
        place = look(db, place, place.batch(up_to), &mut findings, |_| ()).await?;
        progress(Progress { done: place.position, of: up_to });
    }
    Ok(findings)
}

/// Checks the events after a place, up to a position, which is a batch away at most. If they go on only behind it, those
/// between are missing, and the place that is returned is in front of the one that comes next.
pub(crate) async fn look(
    db: &Db,
    from: AuditPlace,
    up_to: i64,
    findings: &mut Findings,
    mut take: impl FnMut(&Recorded),
) -> Result<AuditPlace, sqlx::Error> {
    let wanted = up_to - from.position;
    // One more shows whether the last of them is there twice.
    let events = match event_log::following(db, from.position, wanted.saturating_add(1)).await {
        Err(why) if !crate::is_away(&why) => return look_one_by_one(db, from, up_to, findings, take).await,
        events => events?,
    };
    let mut place = from;
    for event in &events {
        if !step(event, &mut place, up_to, findings, &mut take) {
            return Ok(place);
        }
    }
    Ok(AuditPlace { position: up_to.max(place.position), ..place })
}

/// Checks the events one by one, if one of them can't be read at all: that one is reported, and the others are checked.
async fn look_one_by_one(
    db: &Db,
    from: AuditPlace,
    up_to: i64,
    findings: &mut Findings,
    mut take: impl FnMut(&Recorded),
) -> Result<AuditPlace, sqlx::Error> {
    let mut place = from;
    while place.position < up_to {
        let next = match event_log::following(db, place.position, 2).await {
            Err(why) if !crate::is_away(&why) => event_log::following(db, place.position, 1).await,
            next => next,
        };
        match next {
            Ok(events) if events.is_empty() => return Ok(AuditPlace { position: up_to, ..place }),
            Ok(events) => {
                let end = place.position + 1;
                for event in &events {
                    if !step(event, &mut place, end, findings, &mut take) {
                        break;
                    }
                }
            }
            Err(why) if !crate::is_away(&why) => {
                let position = place.position + 1;
                found(position, format!("can't be read: {why}"), findings);
                place.position = position;
            }
            Err(why) => return Err(why),
        }
    }
    Ok(place)
}

/// Checks the event that comes next. False if it stands behind the last position that is wanted.
fn step(
    event: &Recorded,
    place: &mut AuditPlace,
    up_to: i64,
    findings: &mut Findings,
    take: &mut impl FnMut(&Recorded),
) -> bool {
    let Recorded { position, .. } = *event;
    if position == place.position {
        found(position, "is there twice".to_owned(), findings);
        take(event);
        return true;
    }
    if place.position >= up_to {
        return false; // it is only looked at to see that it is another one
    }
    if position - 1 > place.position {
        found(place.position + 1, format!("is missing; the log goes on at #{position}"), findings);
        place.position = position - 1;
    }
    if position > up_to {
        return false;
    }
    compare(event, place, findings);
    take(event);
    true
}

/// Compares one event with its hash and with the time of the event before it.
fn compare(event: &Recorded, place: &mut AuditPlace, findings: &mut Findings) {
    let position = event.position;
    if !event.is_intact() {
        event_log::note_changed(event);
        found(position, "was changed: its hash is not the hash of what stands there".to_owned(), findings);
    } else if place.before.is_some_and(|before| event.recorded_at < before) && !continues(event) {
        found(position, "was recorded before the event in front of it".to_owned(), findings);
    }
    // If an event was changed, its time can't be trusted.
    *place = AuditPlace { position, before: event.is_intact().then_some(event.recorded_at).or(place.before) };
}

/// Says whether the event gives the reason why time goes back with it.
fn continues(event: &Recorded) -> bool {
    event.metadata().is_ok_and(|metadata| metadata.time_continues.is_some())
}

fn found(position: i64, what: String, findings: &mut Findings) {
    findings.insert(position, Finding::Event { position, what });
}

/// The events at positions that no reader of the log meets.
pub(crate) async fn in_front(db: &Db) -> Result<Option<Finding>, sqlx::Error> {
    let number = event_log::in_front(db).await?;
    Ok((number > 0).then(|| Finding::Wall { what: format!("{number} events stand in front of #1") }))
}
