//! Time and new ids, the only place where either comes from.
//!
//! **Invariant:** within one process time goes on at its own pace, whatever somebody sets the machine's clock to: what has
//! ended stays ended, and nothing ends that has not. A clock that is put right by a few minutes is followed.

#![expect(clippy::disallowed_methods, reason = "this is the one place")]

use std::fmt::Display;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
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

/// A clock that follows the machine's as long as that was not set by more than is tolerated since the start. Where it was, time
/// goes on at its own pace, until the machine's is right again or portal is started again; [the
/// log](projections::event_log::Alarm) says so meanwhile, by the same measure.
struct Steady(Option<Since>);

/// How it was at the start, and what was found out since.
#[derive(Clone, Copy)]
struct Since {
    moment: Instant,
    time: DateTime<Utc>,
    /// Of the machine, with the time in which it slept; where that is known.
    uptime: Option<Duration>,
    /// How long it has slept: its clock goes on then, and the steady one does not.
    asleep: TimeDelta,
    /// By how much its clock was put right, the last time that it was believed.
    right_by: TimeDelta,
}

/// The machine's steady clock, and the one that can be set.
type Clocks = (Instant, DateTime<Utc>);

/// From how much on it is looked whether the machine slept: what a clock that is slewed differs by from call to call is
/// less.
const SLEW: TimeDelta = TimeDelta::seconds(1);

impl Steady {
    fn at(
        &mut self,
        (moment, machine): Clocks,
        tolerance: TimeDelta,
        uptime: impl Fn() -> Option<Duration>,
    ) -> DateTime<Utc> {
        let since = self.0.get_or_insert_with(|| Since {
            moment,
            time: machine,
            uptime: uptime(),
            asleep: TimeDelta::zero(),
            right_by: TimeDelta::zero(),
        });
        let passed = moment.saturating_duration_since(since.moment);
        let by_pace = since.time + passed;
        if (machine - by_pace - since.asleep - since.right_by).abs() > SLEW {
            let slept =
                since.uptime.zip(uptime()).map(|(then, now)| now.saturating_sub(then).saturating_sub(passed));
            since.asleep = slept.and_then(|slept| TimeDelta::from_std(slept).ok()).unwrap_or(since.asleep);
        }
        let right_by = machine - by_pace - since.asleep;
        if right_by.abs() <= tolerance {
            since.right_by = right_by;
        }
        by_pace + since.asleep + since.right_by
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;

    /// What is said when so many seconds have passed, of which the machine slept so many, and its clock says so much.
    fn at(steady: &mut Steady, (awake, asleep): (u64, u64), machine: i64) -> i64 {
        static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
        let clocks = (*FIRST + Duration::from_secs(awake), NOON + TimeDelta::seconds(machine));
        let uptime = move || Some(Duration::from_secs(1000 + awake + asleep));
        (steady.at(clocks, TimeDelta::minutes(5), uptime) - NOON).num_seconds()
    }

    #[test]
    fn a_clock_that_is_set_is_not_followed_until_it_is_right_again() {
        const YEAR: i64 = 365 * 86_400;
        let mut steady = Steady(None);
        let mut at = |seconds: u64, machine: i64| at(&mut steady, (seconds, 0), machine);
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(10, 10), 10);
        assert_eq!(at(30, 30 - 3600), 30, "set back by an hour: what has ended stays ended");
        assert_eq!(at(40, YEAR), 40, "set ahead: nothing ends that has not");
        assert_eq!(at(50, 50), 50, "right again");
        assert_eq!(at(60, 180), 180, "put right by two minutes");
        assert_eq!(at(70, 70), 70, "and back, as a clock that was fast at the start");
    }

    #[test]
    fn a_clock_that_goes_astray_in_small_steps_is_followed_no_further_than_in_one() {
        let mut steady = Steady(None);
        let mut at = |seconds: u64, machine: i64| at(&mut steady, (seconds, 0), machine);
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(10, 250), 250);
        assert_eq!(at(20, 500), 260, "by eight minutes in all");
        assert_eq!(at(30, 750), 270);
        assert_eq!(at(40, 40), 40, "right again");
    }

    #[test]
    fn a_machine_that_slept_has_the_time_that_it_is() {
        let mut steady = Steady(None);
        let mut at = |awake, asleep, machine| at(&mut steady, (awake, asleep), machine);
        assert_eq!(at(0, 0, 0), 0);
        assert_eq!(at(10, 7200, 7210), 7210, "two hours asleep");
        assert_eq!(at(20, 7200, 7220), 7220);
        assert_eq!(at(30, 7400, 7430), 7430, "a nap");
        assert_eq!(at(40, 7600, 7640), 7640, "and another");
        assert_eq!(at(50, 700_000, 700_050), 700_050, "and eight days");
        assert_eq!(at(60, 700_000, 707_260), 700_060, "now it was only set");
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
