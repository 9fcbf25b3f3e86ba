//! Tells the time on a machine whose clock somebody may set.
//!
//! **Invariant:** within one process time goes on at its own pace, whatever somebody sets the machine's clock to: what has
//! ended stays ended, and nothing ends that has not. A clock that is put right by a few minutes is followed, and so is one
//! that goes on from where it was set for a quarter of an hour, as it would be after another start.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::timestamp::{Timestamp, uptime};

static STEADY: Mutex<Steady> = Mutex::new(Steady { since: None, tolerance: TimeDelta::minutes(5) });

/// Sets by how much the machine's clock may be corrected and still be believed.
pub fn tolerate(by: TimeDelta) {
    steady().tolerance = by;
}

/// The present moment.
pub fn now() -> Timestamp {
    Timestamp::from(steady().now().time())
}

/// The earliest moment that it may be now. It is for actions that can't be taken back: they must not follow a clock that
/// was put ahead, even by a little.
pub fn at_the_earliest() -> Timestamp {
    Timestamp::from(steady().now().earliest())
}

/// The difference between the machine's clock and time that went on at its own pace.
pub(crate) fn set_by() -> TimeDelta {
    let reading = steady().now();
    if reading.may_have_slept { reading.set_by.min(TimeDelta::zero()) } else { reading.set_by }
}

fn steady() -> MutexGuard<'static, Steady> {
    STEADY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A clock that follows the machine's as long as that was not set by more than the tolerance since the start. If it was,
/// time goes on at its own pace until the machine's clock is right again, or has gone on from its new time for
/// [`SETTLED`]. Meanwhile [the log](crate::event_log::Alarm) raises an alarm, by the same measure.
struct Steady {
    since: Option<Since>,
    tolerance: TimeDelta,
}

/// The clocks at the start, and what was found out since.
#[derive(Clone, Copy)]
struct Since {
    moment: Instant,
    time: DateTime<Utc>,
    /// How long ago the machine was started, including the time in which it slept; nothing if that is not known.
    uptime: Option<Duration>,
    /// How long the machine has slept since: its clock goes on meanwhile, and the steady one does not.
    asleep: TimeDelta,
    /// By how much the machine's clock had been corrected, the last time that it was believed.
    right_by: TimeDelta,
    astray: Option<Astray>,
}

/// How the machine's clock, which is not believed, goes on.
#[derive(Clone, Copy)]
struct Astray {
    /// The moment since which it is not believed.
    since: Instant,
    /// By how much it was set then.
    set_by: TimeDelta,
}

/// The result of reading the clocks once.
struct Reading {
    /// The time at the start, plus the steady clock's time since then and the time in which the machine slept.
    by_pace: DateTime<Utc>,
    right_by: TimeDelta,
    set_by: TimeDelta,
    /// True if the time in which this machine sleeps is not known.
    may_have_slept: bool,
}

/// Both clocks of the machine, read at the same moment.
struct Clocks {
    steady: Instant,
    /// The one that can be set.
    machine: DateTime<Utc>,
}

/// The clocks must differ by more than this before sleep is looked for. From one call to the next, a clock that is slewed
/// differs by less.
const SLEW: TimeDelta = TimeDelta::seconds(1);

/// A clock that was set has to go on from its new time for this long before it is believed.
const SETTLED: Duration = Duration::from_mins(15);

/// A clock that was set by more is never believed before another start, at which somebody may be asked.
const FURTHEST: TimeDelta = TimeDelta::days(31);

impl Steady {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn now(&mut self) -> Reading {
        self.at(Clocks { steady: Instant::now(), machine: Utc::now() }, uptime)
    }

    fn at(&mut self, clocks: Clocks, uptime: impl Fn() -> Option<Duration>) -> Reading {
        let Clocks { steady: moment, machine } = clocks;
        let begun = |uptime| Since {
            moment,
            time: machine,
            uptime,
            asleep: TimeDelta::zero(),
            right_by: TimeDelta::zero(),
            astray: None,
        };
        let since = self.since.get_or_insert_with(|| begun(uptime()));
        let passed = moment.saturating_duration_since(since.moment);
        let by_pace = since.time + passed;
        if (machine - by_pace - since.asleep - since.right_by).abs() > SLEW {
            let slept =
                since.uptime.zip(uptime()).map(|(then, now)| now.saturating_sub(then).saturating_sub(passed));
            since.asleep = slept.and_then(|slept| TimeDelta::from_std(slept).ok()).unwrap_or(since.asleep);
        }
        let set_by = machine - by_pace - since.asleep;
        if set_by.abs() <= self.tolerance {
            (since.right_by, since.astray) = (set_by, None);
        } else if since.is_settled(moment, set_by) {
            *since = begun(uptime());
            return since.reading(machine, TimeDelta::zero());
        }
        since.reading(by_pace, set_by)
    }
}

impl Since {
    /// Says whether the clock has gone on for long enough from the time to which it was set.
    fn is_settled(&mut self, moment: Instant, set_by: TimeDelta) -> bool {
        let goes_on = |by: TimeDelta| (set_by - by).abs() <= SLEW && set_by.abs() <= FURTHEST;
        let astray = match &mut self.astray {
            Some(astray) if goes_on(astray.set_by) => astray,
            other => other.insert(Astray { since: moment, set_by }),
        };
        moment.saturating_duration_since(astray.since) >= SETTLED
    }

    fn reading(&self, by_pace: DateTime<Utc>, set_by: TimeDelta) -> Reading {
        let (right_by, may_have_slept) = (self.right_by, self.uptime.is_none());
        Reading { by_pace: by_pace + self.asleep, right_by, set_by, may_have_slept }
    }
}

impl Reading {
    fn time(&self) -> DateTime<Utc> {
        self.by_pace + self.right_by
    }

    fn earliest(&self) -> DateTime<Utc> {
        self.by_pace + self.right_by.min(TimeDelta::zero())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const YEAR: i64 = 365 * 86_400;

    fn new() -> Steady {
        Steady { since: None, tolerance: TimeDelta::minutes(5) }
    }

    /// Reads the clocks after `awake` seconds awake and `asleep` seconds asleep, when the machine's clock says `machine`.
    fn read(steady: &mut Steady, awake: u64, asleep: u64, machine: i64) -> Reading {
        static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
        let steadily = *FIRST + Duration::from_secs(awake);
        let clocks = Clocks { steady: steadily, machine: NOON + TimeDelta::seconds(machine) };
        steady.at(clocks, move || Some(Duration::from_secs(1000 + awake + asleep)))
    }

    fn at(steady: &mut Steady, awake: u64, asleep: u64, machine: i64) -> i64 {
        (read(steady, awake, asleep, machine).time() - NOON).num_seconds()
    }

    #[test]
    fn a_clock_that_is_set_is_not_followed_until_it_is_right_again() {
        let mut steady = new();
        let mut at = |seconds: u64, machine: i64| at(&mut steady, seconds, 0, machine);
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(10, 10), 10);
        assert_eq!(at(30, 30 - 3600), 30, "set back by an hour: what has ended stays ended");
        assert_eq!(at(40, YEAR), 40, "set ahead: nothing ends that has not");
        assert_eq!(at(50, 50), 50, "right again");
        assert_eq!(at(60, 180), 180, "put right by two minutes");
        assert_eq!(at(70, 70), 70, "and back, as a clock that was fast at the start");
    }

    #[test]
    fn a_clock_that_goes_on_from_where_it_was_set_is_believed_after_a_while() {
        for hour in [3600, -3600] {
            let mut steady = new();
            let mut at = |seconds: u64, machine: i64| at(&mut steady, seconds, 0, machine);
            assert_eq!(at(0, 0), 0);
            assert_eq!(at(10, hour + 10), 10);
            assert_eq!(at(909, hour + 909), 909);
            assert_eq!(at(911, hour + 911), hour + 911);
            assert_eq!(at(920, 920), hour + 920, "and what it said before is not");
        }
        let mut steady = new();
        let mut at = |seconds: u64, machine: i64| at(&mut steady, seconds, 0, machine);
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(10, 3610), 10);
        assert_eq!(at(800, 7200), 800, "set once more: the time counts anew");
        assert_eq!(at(1000, 7400), 1000);
        assert_eq!(at(1100, 1100), 1100, "right again");
        assert_eq!(at(1200, 7600), 1200);
        assert_eq!(at(1900, 8300), 1900);
        assert_eq!(at(3000, YEAR), 3000);
        assert_eq!(at(9000, YEAR + 6000), 9000, "no year ahead, however long");
    }

    #[test]
    fn nothing_is_done_for_good_by_a_clock_that_is_a_little_ahead() {
        let mut steady = new();
        let mut earliest = |seconds: u64, machine: i64| {
            (read(&mut steady, seconds, 0, machine).earliest() - NOON).num_seconds()
        };
        assert_eq!(earliest(0, 0), 0);
        assert_eq!(earliest(10, 280), 10);
        assert_eq!(earliest(20, 20), 20);
        assert_eq!(earliest(30, -100), -100, "it was fast at the start");
    }

    #[test]
    fn a_clock_that_goes_astray_in_small_steps_is_followed_no_further_than_in_one() {
        let mut steady = new();
        let mut at = |seconds: u64, machine: i64| at(&mut steady, seconds, 0, machine);
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(10, 250), 250);
        assert_eq!(at(20, 500), 260, "by eight minutes in all");
        assert_eq!(at(30, 750), 270);
        assert_eq!(at(40, 40), 40, "right again");
    }

    #[test]
    fn a_machine_that_slept_has_the_time_that_it_is() {
        let mut steady = new();
        let mut at = |awake, asleep, machine| at(&mut steady, awake, asleep, machine);
        assert_eq!(at(0, 0, 0), 0);
        assert_eq!(at(10, 7200, 7210), 7210, "two hours asleep");
        assert_eq!(at(20, 7200, 7220), 7220);
        assert_eq!(at(30, 7400, 7430), 7430, "a nap");
        assert_eq!(at(40, 7600, 7640), 7640, "and another");
        assert_eq!(at(50, 700_000, 700_050), 700_050, "and eight days");
        assert_eq!(at(60, 700_000, 707_260), 700_060, "now it was only set");
    }

    #[test]
    fn where_nobody_counts_sleep_a_clock_ahead_may_have_slept() {
        let mut steady = new();
        let first = Instant::now();
        let mut set_by = |seconds: u64, machine: i64| {
            let steadily = first + Duration::from_secs(seconds);
            let clocks = Clocks { steady: steadily, machine: NOON + TimeDelta::seconds(machine) };
            let reading = steady.at(clocks, || None);
            (reading.may_have_slept, reading.set_by.num_seconds())
        };
        assert_eq!(set_by(0, 0), (true, 0));
        assert_eq!(set_by(60, 3660), (true, 3600));
        assert_eq!(set_by(70, -3600), (true, -3670));
    }
}
