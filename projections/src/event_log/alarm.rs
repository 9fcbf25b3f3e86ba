//! What makes a process stop appending: a log that is not the one it knew, and a clock that can't be right.
//!
//! **Invariant:** an alarm about the log stays until the process ends, since everything that the process remembers may be
//! of another history. One about the clock goes as soon as the clock is right.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use metrics::gauge;
use tokio::sync::watch;

use crate::steady;
use crate::timestamp::Timestamp;

/// How far the clock may be past the last moment that the database knows, before somebody has to confirm the date. A portal
/// that serves notes the time each hour, so only one that was stopped for longer than this is asked. A month is longer than
/// any maintenance, and shorter than the error of a wrong digit in a date.
const LONGEST_REST: TimeDelta = TimeDelta::days(31);

/// The rules by which the clock is believed.
#[derive(Clone, Copy, Debug)]
pub struct ClockRules {
    /// How far two clocks, or a clock and the last event, may be apart.
    pub tolerance: TimeDelta,
    /// The date (UTC) that somebody confirmed. A long rest is accepted on that day, the day before and the day after.
    pub confirmed: Option<NaiveDate>,
}

impl Default for ClockRules {
    fn default() -> Self {
        Self { tolerance: TimeDelta::minutes(5), confirmed: None }
    }
}

/// Why this process appends nothing. Whoever reads it can act on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    #[error(
        "the history ends at #{ends}, and this process has seen it go up to #{seen}: the database was restored to an \
         earlier moment, or has lost its end. If that was meant, start portal again; docs/RECOVERY.md says more"
    )]
    LogLost { seen: i64, ends: i64 },
    #[error(
        "the history ends at #{ends}, and what is shown was made of events up to #{folded}: the database was restored in \
         part, or has lost the end of its history. If that was meant, start portal again; docs/RECOVERY.md says more"
    )]
    FoldedBeyond { folded: i64, ends: i64 },
    #[error(
        "another event than before stands at #{0}: the database was restored to an earlier moment and went on from \
         there, or was changed. If that was meant, start portal again; docs/RECOVERY.md says more"
    )]
    LogChanged(i64),
    #[error(
        "the clock of this machine and that of the database are {} apart: set both right, or raise \
         PORTAL_CLOCK_TOLERANCE_MINUTES",
        span(.0)
    )]
    ClocksApart(TimeDelta),
    #[error(
        "the clock of this machine was set {} {} while portal ran: set it right; if it is now, it is believed after a \
         quarter of an hour, or when portal is started again",
        span(.0), if .0 < &TimeDelta::zero() { "back" } else { "ahead" }
    )]
    ClockSet(TimeDelta),
    #[error(
        "event #{position} is stamped {}, which is {} later than it is now by the clock: if the clock is wrong, set it \
         right; if the event is, `portal clock accept-jump` lets time go on from here",
        moment(.at), span(.by)
    )]
    LastEventAhead { position: i64, at: Timestamp, by: TimeDelta },
    #[error(
        "the clock says {}, which is {} after the last that this database knows of: if that is right, start portal \
         with --accept-clock {}",
        moment(.clock), span(.rest), .clock.date_naive()
    )]
    LongRest { clock: Timestamp, rest: TimeDelta },
}

impl Alarm {
    fn is_about_the_log(&self) -> bool {
        matches!(self, Self::LogLost { .. } | Self::FoldedBeyond { .. } | Self::LogChanged(_))
    }

    /// Says whether the alarm means that nobody can say what time it is.
    pub fn is_about_our_clock(&self) -> bool {
        matches!(self, Self::ClocksApart(_) | Self::ClockSet(_) | Self::LongRest { .. })
    }
}

fn moment(at: &Timestamp) -> String {
    DateTime::<Utc>::from(*at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Writes a time span as "8 minutes" or "3 days".
fn span(time: &TimeDelta) -> String {
    let minutes = (time.num_seconds().abs() + 30) / 60;
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// The end of the log and the clocks, read under the lock.
#[derive(Clone, Debug)]
pub(super) struct LogStanding {
    pub(super) position: i64,
    /// The store's clock.
    pub(super) clock: Timestamp,
    /// True if that is the clock of this machine: SQLite has no other one.
    pub(super) is_our_clock: bool,
    pub(super) last_at: Option<Timestamp>,
    pub(super) last_hash: Option<Vec<u8>>,
    /// The last event that this process had seen when it asked: its position and the hash that it had.
    pub(super) seen: Seen,
    pub(super) seen_hash: Option<Vec<u8>>,
    /// The highest position in the checkpoints of the read models, whoever folded them.
    pub(super) folded: i64,
    /// The latest moment that a process noted as believed.
    pub(super) believed_at: Option<Timestamp>,
    /// The reason that somebody gave for letting time go back with the next event.
    pub(super) jump: Option<String>,
}

impl LogStanding {
    /// By how much the last event is stamped later than now.
    pub(super) fn ahead(&self) -> TimeDelta {
        self.last_at.map_or(TimeDelta::zero(), |last| *last - *self.clock)
    }
}

/// A position, and the hash of its event.
pub(super) type Seen = (i64, Vec<u8>);

/// Watches whether the log and the clock are still what this process knows of them. Shared by all clones of a log.
#[derive(Debug)]
pub(super) struct Watchman {
    rules: ClockRules,
    known: Mutex<WatchState>,
    /// How far the read models are, as far as this process knows.
    folded: Arc<watch::Sender<i64>>,
}

#[derive(Debug, Default)]
struct WatchState {
    /// The last event that this process has seen.
    last: Seen,
    /// True once the clock was found to be right: from then on it is enough that nobody sets it.
    is_clock_believed: bool,
    alarm: Option<Alarm>,
}

impl Watchman {
    pub(super) fn new(rules: ClockRules, last: Seen, folded: Arc<watch::Sender<i64>>) -> Self {
        let known = Mutex::new(WatchState { last, ..WatchState::default() });
        Self { rules, known, folded }
    }

    /// The last event that this process has seen. What stands in the log is compared with this, and not with what is
    /// known by the time that the answer is there: others of this process append meanwhile.
    pub(super) fn seen(&self) -> Seen {
        self.known().last.clone()
    }

    /// The position that the read models have reached, for [`Self::check_end`].
    pub(super) fn folded(&self) -> i64 {
        *self.folded.borrow()
    }

    /// The reason why nothing was appended at the last attempt, if that failed for one.
    pub(super) fn alarm(&self) -> Option<Alarm> {
        self.known().alarm.clone()
    }

    /// Decides whether anything may be appended, given the end of the log and the clocks.
    pub(super) fn check(&self, standing: &LogStanding) -> Result<(), Alarm> {
        let mut known = self.known();
        let found = self.find(&known, standing);
        known.is_clock_believed |= found.is_none();
        self.raise(&mut known, found)
    }

    /// Raises the alarm if the log ends before `seen`, which this process had folded before it asked.
    pub(super) fn check_end(&self, seen: i64, ends: i64) -> Result<(), Alarm> {
        let lost = (ends < seen && seen != super::NOBODY_FOLDS).then_some(Alarm::LogLost { seen, ends });
        match lost {
            Some(alarm) => self.raise(&mut self.known(), Some(alarm)),
            None => Ok(()),
        }
    }

    /// Takes note of the last event of the log.
    pub(super) fn saw(&self, position: i64, hash: Vec<u8>) {
        let mut known = self.known();
        if position > known.last.0 {
            known.last = (position, hash);
        }
    }

    fn find(&self, known: &WatchState, standing: &LogStanding) -> Option<Alarm> {
        if let Some(alarm) = known.alarm.as_ref().filter(|alarm| alarm.is_about_the_log()) {
            return Some(alarm.clone());
        }
        let (seen, hash) = &standing.seen;
        if standing.position < *seen {
            return Some(Alarm::LogLost { seen: *seen, ends: standing.position });
        }
        if *seen > 0 && standing.seen_hash.as_ref() != Some(hash) {
            return Some(Alarm::LogChanged(*seen));
        }
        if standing.position < standing.folded {
            return Some(Alarm::FoldedBeyond { folded: standing.folded, ends: standing.position });
        }
        self.clock(known, standing)
    }

    fn clock(&self, known: &WatchState, standing: &LogStanding) -> Option<Alarm> {
        let (ours, tolerance) = (Timestamp::by_our_clock(), self.rules.tolerance);
        let apart = *standing.clock - *ours;
        if !standing.is_our_clock && apart.abs() > tolerance {
            return Some(Alarm::ClocksApart(apart));
        }
        let set = steady::set_by();
        if set.abs() > tolerance {
            return Some(Alarm::ClockSet(set));
        }
        let by = standing.ahead();
        if let Some(at) = standing.last_at.filter(|_| by > tolerance && standing.jump.is_none()) {
            return Some(Alarm::LastEventAhead { position: standing.position, at, by });
        }
        let rest = *standing.clock - *standing.last_at.max(standing.believed_at)?;
        let (today, confirmed) = (standing.clock.date_naive(), self.rules.confirmed);
        let is_confirmed = confirmed.is_some_and(|date| (today - date).num_days().abs() <= 1);
        let is_long = rest > LONGEST_REST && !known.is_clock_believed && !is_confirmed;
        is_long.then_some(Alarm::LongRest { clock: standing.clock, rest })
    }

    fn raise(&self, known: &mut WatchState, found: Option<Alarm>) -> Result<(), Alarm> {
        if known.alarm != found {
            if let Some(alarm) = &found {
                tracing::error!(%alarm, "nothing is recorded");
            } else {
                tracing::info!("events are recorded again");
            }
            // The read models were folded from a history that is gone, so their position counts for nothing.
            if found.as_ref().is_some_and(Alarm::is_about_the_log)
                && *self.folded.borrow() != super::NOBODY_FOLDS
            {
                self.folded.send_replace(0);
            }
        }
        gauge!("portal_recording_stopped").set(if found.is_some() { 1.0 } else { 0.0 });
        known.alarm.clone_from(&found);
        found.map_or(Ok(()), Err)
    }

    fn known(&self) -> MutexGuard<'_, WatchState> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_words() {
        assert_eq!(span(&TimeDelta::minutes(-8)), "8 minutes");
        assert_eq!(span(&TimeDelta::hours(5)), "5 hours");
        assert_eq!(span(&TimeDelta::days(365)), "365 days");
    }
}
