//! The time for which a role is held: as somebody asks for it ([`Term`]), and as fixed moments ([`Period`]).
//!
//! **Invariant:** a [`Period`] made of a [`Term`] ends after it begins, and after the moment in which it was made.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::GrantError;

/// The time that somebody asks for. It says "for eight hours" and not when they are over: so a form that is sent twice is
/// one command, and an approval that takes a day shortens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The role begins not before this moment; without it, at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    pub end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Never,
    /// The first moment at which the role is no longer held.
    At(DateTime<Utc>),
    /// This many seconds after the beginning.
    AfterSeconds(i64),
}

/// When a role is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The moment at which it begins, if it has not begun yet.
    pub from: Option<DateTime<Utc>>,
    /// The first moment at which the role is no longer held; without one, it is held for good.
    pub until: Option<DateTime<Utc>>,
}

impl Term {
    pub const FOR_GOOD: Self = Self { from: None, end: End::Never };

    pub fn for_seconds(seconds: i64) -> Self {
        Self { from: None, end: End::AfterSeconds(seconds) }
    }

    pub fn until(until: DateTime<Utc>) -> Self {
        Self { from: None, end: End::At(until) }
    }

    /// The period that this term gives if the role is given at `at`.
    pub fn period(self, at: DateTime<Utc>) -> Result<Period, GrantError> {
        let from = self.from.filter(|from| *from > at);
        let begins = from.unwrap_or(at);
        let after = |seconds| begins.checked_add_signed(TimeDelta::try_seconds(seconds)?);
        let until = match self.end {
            End::Never => None,
            End::At(until) => Some(until),
            End::AfterSeconds(seconds) => Some(after(seconds).ok_or(GrantError::TooFar)?),
        };
        match until {
            Some(until) if until <= at => Err(GrantError::EndsInThePast),
            Some(until) if until <= begins => Err(GrantError::EndsBeforeItBegins),
            _ => Ok(Period { from, until }),
        }
    }
}

impl Period {
    pub(super) fn is_over(&self, at: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= at)
    }

    pub(super) fn is_to_start(&self, at: DateTime<Utc>) -> bool {
        self.from.is_some_and(|from| from <= at) && !self.is_over(at)
    }

    /// True if the period has begun and has no end.
    pub(super) fn stands_for_good(&self) -> bool {
        self.from.is_none() && self.until.is_none()
    }

    /// The period as seen at `at`: a beginning that has passed by then is dropped.
    pub(super) fn as_of(self, at: DateTime<Utc>) -> Self {
        Self { from: self.from.filter(|from| *from > at), ..self }
    }
}

/// Reads like "from 2026-05-01 09:00 UTC for 8 hours"; empty if the role begins at once and is held for good.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        from(f, self.from)?;
        match self.end {
            End::Never => Ok(()),
            End::At(at) => until(f, Some(at)),
            End::AfterSeconds(seconds) => write!(f, " for {}", length(seconds)),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        from(f, self.from)?;
        until(f, self.until)
    }
}

fn from(f: &mut fmt::Formatter<'_>, from: Option<DateTime<Utc>>) -> fmt::Result {
    from.map_or(Ok(()), |from| write!(f, " from {}", from.format(MINUTE)))
}

fn until(f: &mut fmt::Formatter<'_>, until: Option<DateTime<Utc>>) -> fmt::Result {
    until.map_or(Ok(()), |until| write!(f, " until {}", until.format(MINUTE)))
}

const MINUTE: &str = "%Y-%m-%d %H:%M UTC";

/// Writes a length in the largest unit that divides it: "8 hours", "1 day".
pub fn length(seconds: i64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| seconds % size == 0 && seconds > 0).unwrap_or((1, "second"));
    let number = seconds / size;
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}
