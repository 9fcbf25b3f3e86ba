//! Time and new ids, the only place where either comes from.
//!
//! **Invariant:** within one process time goes on at its own pace, whatever somebody sets the machine's clock to: what has
//! ended stays ended, and nothing ends that has not. A clock that is put right by a few minutes is followed.

#![expect(clippy::disallowed_methods, reason = "this is the one place")]

use std::fmt::Display;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use projections::Timestamp;
use projections::timestamp::uptime;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

static STEADY: Mutex<Steady> = Mutex::new(Steady(None));

/// In minutes.
static TOLERANCE: AtomicI64 = AtomicI64::new(5);

/// By how much the machine's clock is believed to be put right.
pub fn tolerate(minutes: i64) {
    TOLERANCE.store(minutes, Ordering::Relaxed);
}

/// Now, in microseconds.
pub fn now() -> Timestamp {
    let mut steady = STEADY.lock().unwrap_or_else(PoisonError::into_inner);
    let tolerance = TimeDelta::minutes(TOLERANCE.load(Ordering::Relaxed));
    Timestamp::from(steady.at((Instant::now(), Utc::now()), tolerance, uptime))
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

/// A clock that follows the machine's as long as that says about what has passed. Where it does not, time goes on at its own
/// pace until it does again, or until portal is started again; [the log](projections::event_log::Alarm) says so meanwhile.
struct Steady(Option<Believed>);

/// The last moment at which the machine's clock was believed, by three clocks.
#[derive(Clone, Copy)]
struct Believed {
    moment: Instant,
    time: DateTime<Utc>,
    /// How long the machine has slept since it was started, as far as was asked: its clock goes on while nothing else does.
    slept: Option<TimeDelta>,
}

/// The machine's steady clock, and the one that can be set.
type Clocks = (Instant, DateTime<Utc>);

impl Steady {
    fn at(
        &mut self,
        (moment, machine): Clocks,
        tolerance: TimeDelta,
        uptime: impl Fn() -> Option<Duration>,
    ) -> DateTime<Utc> {
        // Only what changes of it counts, so that it does not matter when the steady clock began.
        let slept = || {
            let awake = TimeDelta::from_std(moment.saturating_duration_since(*FIRST)).ok()?;
            Some(TimeDelta::from_std(uptime()?).ok()? - awake)
        };
        let Some(last) = self.0 else {
            self.0 = Some(Believed { moment, time: machine, slept: slept() });
            return machine;
        };
        let passed =
            TimeDelta::from_std(moment.saturating_duration_since(last.moment)).unwrap_or(TimeDelta::MAX);
        let by_pace = last.time + passed;
        if (machine - by_pace).abs() <= tolerance {
            self.0 = Some(Believed { moment, time: machine, slept: last.slept });
            return machine;
        }
        let slept = slept();
        let asleep = slept.zip(last.slept).map_or(TimeDelta::zero(), |(now, then)| now - then);
        if (machine - by_pace - asleep).abs() <= tolerance {
            self.0 = Some(Believed { moment, time: machine, slept });
            return machine;
        }
        by_pace
    }
}

static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;

    /// What is said when so many seconds have passed and the machine says so much, and when its uptime is given in seconds.
    fn at(steady: &mut Steady, seconds: u64, machine: i64, uptime: u64) -> i64 {
        let clocks = (*FIRST + Duration::from_secs(seconds), NOON + TimeDelta::seconds(machine));
        let uptime = move || Some(Duration::from_secs(uptime));
        (steady.at(clocks, TimeDelta::minutes(5), uptime) - NOON).num_seconds()
    }

    #[test]
    fn a_clock_that_is_set_is_not_followed_until_it_is_right_again() {
        const YEAR: i64 = 365 * 86_400;
        let mut steady = Steady(None);
        let mut at = |seconds: u64, machine: i64| at(&mut steady, seconds, machine, 1000 + seconds);
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(10, 10), 10);
        assert_eq!(at(30, 30 - 3600), 30, "set back by an hour: what has ended stays ended");
        assert_eq!(at(40, YEAR), 40, "set ahead: nothing ends that has not");
        assert_eq!(at(50, 50), 50, "right again");
        assert_eq!(at(60, 180), 180, "put right by two minutes");
        assert_eq!(at(70, 70), 70, "and back, as a clock that was fast at the start");
    }

    #[test]
    fn a_machine_that_slept_has_the_time_that_it_is() {
        let mut steady = Steady(None);
        assert_eq!(at(&mut steady, 0, 0, 1000), 0);
        assert_eq!(at(&mut steady, 10, 7210, 1000 + 7210), 7210, "two hours asleep");
        assert_eq!(at(&mut steady, 20, 7220, 1000 + 7220), 7220);
        assert_eq!(at(&mut steady, 30, 14_430, 1000 + 7230), 7230, "now it was only set");
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
