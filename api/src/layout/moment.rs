//! A moment, as people name it: now, a position of the log, or a time.
//!
//! **Invariant:** a moment is never in the future. Position 0 is before the first event.

use std::fmt;

use chrono::{DateTime, Utc};
use projections::Timestamp;
use projections::event_log::Recorded;

use super::form;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Now,
    /// Right after the event at this position.
    Position(i64),
    Time(Timestamp),
}

/// The last position of the log, and the time now.
#[derive(Clone, Copy, Debug)]
pub struct Present {
    pub position: i64,
    pub at: Timestamp,
}

impl Moment {
    /// Reads what was typed. If it is no moment, gives a sentence for the field.
    pub fn parse(typed: &str, present: Present) -> Result<Self, String> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(Self::Now);
        }
        if let Some(number) = number(typed) {
            return position(number, present.position);
        }
        let at = DateTime::parse_from_rfc3339(typed).map(|at| at.to_utc()).ok().or_else(|| form::utc(typed));
        let at =
            at.map(Timestamp::from).ok_or("give a position like 1234, or a time like 2026-11-23 10:00")?;
        if at > present.at {
            return Err("this moment has not come yet; leave the field empty for now".to_owned());
        }
        Ok(Self::Time(at))
    }

    /// True if an event had happened by then.
    pub fn includes(self, event: &Recorded) -> bool {
        match self {
            Self::Now => true,
            Self::Position(position) => event.position <= position,
            Self::Time(at) => event.recorded_at <= at,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Now => f.write_str("now"),
            Self::Position(position) => write!(f, "at #{position}"),
            Self::Time(at) => write!(f, "at {}", DateTime::<Utc>::from(at).format("%Y-%m-%d %H:%M:%S UTC")),
        }
    }
}

/// The digits of a whole number with its sign. A `#` in front is dropped, since the console writes positions with it.
fn number(typed: &str) -> Option<&str> {
    let number = typed.strip_prefix('#').unwrap_or(typed);
    let digits = number.strip_prefix('-').unwrap_or(number);
    (!digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())).then_some(number)
}

const BEFORE_ALL: &str = "positions begin with 1; 0 is before the first event";

fn position(number: &str, last: i64) -> Result<Moment, String> {
    match number.parse::<i64>() {
        Ok(position) if (0..=last).contains(&position) => Ok(Moment::Position(position)),
        Ok(..0) => Err(BEFORE_ALL.to_owned()),
        Err(_) if number.starts_with('-') => Err(BEFORE_ALL.to_owned()),
        Ok(_) | Err(_) => Err(format!("the log is not there yet; its last position is {last}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses a moment at noon of some day, with 62 events before it.
    fn parse(typed: &str) -> Result<Moment, String> {
        let noon = DateTime::parse_from_rfc3339("2026-11-23T12:00:00Z").expect("a time").to_utc();
        Moment::parse(typed, Present { position: 62, at: noon.into() })
    }

    #[test]
    fn a_moment_is_now_or_a_position_or_a_time() {
        for (typed, told) in [
            ("", "now"),
            (" ", "now"),
            ("0", "at #0"),
            ("1", "at #1"),
            (" 62 ", "at #62"),
            ("#062", "at #62"),
            ("2026-11-23T12:00:00Z", "at 2026-11-23 12:00:00 UTC"),
            ("2026-11-23T12:59:59+01:00", "at 2026-11-23 11:59:59 UTC"),
            ("2026-11-23T10:00", "at 2026-11-23 10:00:00 UTC"),
            ("2026-11-23 10:00", "at 2026-11-23 10:00:00 UTC"),
            ("2026-11-23 10:00:07 UTC", "at 2026-11-23 10:00:07 UTC"),
            ("0001-01-01T00:00:00Z", "at 0001-01-01 00:00:00 UTC"),
        ] {
            assert_eq!(parse(typed).map(|moment| moment.to_string()), Ok(told.to_owned()), "{typed}");
        }
    }

    #[test]
    fn what_is_no_moment_is_told() {
        for (typed, sentence) in [
            ("-7", "positions begin with 1"),
            ("-99999999999999999999", "positions begin with 1"),
            ("63", "its last position is 62"),
            ("9223372036854775808", "its last position is 62"),
            ("2026-11-23T12:00:01Z", "has not come yet"),
            ("9999-12-31T23:59", "has not come yet"),
            ("9999-12-31T23:59:59-23:59", "has not come yet"),
            ("yesterday", "give a position"),
            ("1e3", "give a position"),
            ("#", "give a position"),
            ("+7", "give a position"),
            ("٧", "give a position"),
            ("2026-02-30T10:00", "give a position"),
            ("2026-11-23", "give a position"),
        ] {
            assert!(parse(typed).is_err_and(|said| said.contains(sentence)), "{typed}: {:?}", parse(typed));
        }
    }
}
