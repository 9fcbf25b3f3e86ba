//! Time and new ids, the only place where either comes from.
//!
//! **Invariant:** within one process time never goes back, and never stands still for long: what has ended stays ended
//! when somebody sets the machine's clock back.

#![expect(clippy::disallowed_methods, reason = "this is the one place")]

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use projections::Timestamp;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

static STEADY: Mutex<Steady> = Mutex::new(Steady(None));

/// Now, in microseconds.
pub fn now() -> Timestamp {
    let mut steady = STEADY.lock().unwrap_or_else(PoisonError::into_inner);
    Timestamp::from(steady.at(Instant::now(), Utc::now()))
}

/// A moment so far from now.
pub fn after(duration: chrono::Duration) -> Timestamp {
    Timestamp::from(DateTime::<Utc>::from(now()) + duration)
}

/// An id that sorts by the time it was made (RFC 9562, version 7).
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// The id of what follows by itself from the event at `position`: the same in every process (RFC 9562, version 8).
pub fn id_of(what: &str, position: i64) -> Uuid {
    hashed(&format!("portal {what} {position}"))
}

/// The id of what one order does to one of many: an order that is sent twice does nothing twice (RFC 9562, version 8).
pub fn id_within(order: Uuid, one: impl Display) -> Uuid {
    hashed(&format!("portal {order} {one}"))
}

fn hashed(text: &str) -> Uuid {
    let hash: [u8; 32] = Sha256::digest(text).into();
    let (id, _) = hash.split_at(16);
    Builder::from_custom_bytes(id.try_into().expect("16 bytes")).into_uuid()
}

/// A clock that follows the machine's forwards only. Set back by more than it slews, that one is no longer followed:
/// time goes on at its own pace.
struct Steady(Option<(Instant, DateTime<Utc>)>);

/// How far the machine's clock may lag behind what has passed before it counts as set back.
const SLEW: Duration = Duration::from_secs(2);

impl Steady {
    fn at(&mut self, moment: Instant, machine: DateTime<Utc>) -> DateTime<Utc> {
        let now = self.0.map_or(machine, |(last_moment, last)| {
            let passed = last + moment.saturating_duration_since(last_moment);
            if passed - SLEW > machine { passed } else { last.max(machine) }
        });
        self.0 = Some((moment, now));
        now
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_clock_set_back_is_not_followed_and_one_set_forward_is() {
        let (start, noon) = (Instant::now(), DateTime::UNIX_EPOCH + TimeDelta::hours(12));
        let mut steady = Steady(None);
        let mut at = |seconds: u64, machine: i64| {
            (steady.at(start + Duration::from_secs(seconds), noon + TimeDelta::seconds(machine)) - noon)
                .num_seconds()
        };
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(10, 10), 10);
        assert_eq!(at(20, 19), 19); // it only lags
        assert_eq!(at(30, 30 - 3600), 29); // set back by an hour: ten seconds have passed
        assert_eq!(at(40, 40 - 3600), 39);
        assert_eq!(at(41, 7200), 7200); // set forward
        assert_eq!(at(42, 42), 7201);
    }

    #[test]
    fn what_follows_from_an_event_has_one_id_for_each_kind_of_thing() {
        assert_eq!(id_of("expiry", 7), id_of("expiry", 7));
        assert_ne!(id_of("expiry", 7), id_of("expiry", 8));
        assert_ne!(id_of("expiry", 7), id_of("start", 7));
        assert_eq!(id_of("expiry", 7).get_version_num(), 8);
    }

    #[test]
    fn each_of_many_has_one_id_in_each_order() {
        let (order, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(id_within(order, "acme"), id_within(order, "acme"));
        assert_ne!(id_within(order, "acme"), id_within(order, "bolt"));
        assert_ne!(id_within(order, "acme"), id_within(other, "acme"));
    }
}
