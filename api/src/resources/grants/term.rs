//! How long a role is held, as a form asks for it: one of a few lengths, for good, or until a moment.
//!
//! **Invariant:** what the policy forbids is not offered.

use chrono::{DateTime, Utc};
use domain::grant::{End, GrantPolicy, Term, length};
use maud::{Markup, html};

use crate::layout::form::{Errors, utc};
use crate::ui::{self, Field, FieldKind};

/// The value of the form for a role without an end.
const FOR_GOOD: &str = "good";
/// The value of the form if a field of its own has the end.
pub(super) const UNTIL: &str = "until";

/// The lengths that are offered, in seconds: some hours to help, some days to stand in for somebody.
const LENGTHS: [i64; 5] = [3600, 8 * 3600, DAY, 7 * DAY, 30 * DAY];

const DAY: i64 = 24 * 3600;

/// The fields of the form about the term.
#[derive(Clone, Copy, Debug)]
pub(super) struct TermForm<'a> {
    pub from: &'a str,
    pub lasting: &'a str,
    pub until: &'a str,
}

/// The term that is selected first: the longest that the policy allows.
pub(super) fn proposed(policy: GrantPolicy, now: DateTime<Utc>) -> String {
    offered(policy, now).last().map_or_else(|| UNTIL.to_owned(), |(value, _)| value.clone())
}

/// Value and label of every term on offer, except an exact end.
fn offered(policy: GrantPolicy, now: DateTime<Utc>) -> Vec<(String, String)> {
    let left = policy.own_end.map(|end| (end - now).num_seconds());
    let most = [policy.max_days.map(|days| days * DAY), left].into_iter().flatten().min();
    let fits = |seconds: &i64| most.is_none_or(|most| *seconds <= most);
    let lengths = LENGTHS.into_iter().filter(fits).map(|seconds| (seconds.to_string(), length(seconds)));
    let for_good = most.is_none().then(|| (FOR_GOOD.to_owned(), "for good".to_owned()));
    lengths.chain(for_good).collect()
}

pub(super) fn parse(typed: TermForm<'_>, errors: &mut Errors) -> Option<Term> {
    let TermForm { from, lasting, until } = typed;
    let from = if from.is_empty() { Some(None) } else { errors.parse("from", from).map(Some) };
    let end = match lasting {
        FOR_GOOD | "" => Some(End::Never),
        UNTIL => errors.parse("until", until).map(|UtcDateTime(until)| End::At(until)),
        seconds => {
            let offered = LENGTHS.into_iter().find(|offered| offered.to_string() == seconds);
            if offered.is_none() {
                errors.add("lasting", "choose one of these");
            }
            offered.map(End::AfterSeconds)
        }
    };
    Some(Term { from: from?.map(|UtcDateTime(from)| from), end: end? })
}

/// A date and a time of day as browsers send it, in UTC.
struct UtcDateTime(DateTime<Utc>);

impl std::str::FromStr for UtcDateTime {
    type Err = &'static str;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        utc(typed).map(Self).ok_or("give a date and a time, like 2030-12-31 18:00")
    }
}

pub(super) fn fields(
    policy: GrantPolicy,
    now: DateTime<Utc>,
    typed: TermForm<'_>,
    errors: &Errors,
) -> Markup {
    let until = (UNTIL.to_owned(), "until a date".to_owned());
    let options: Vec<(String, String)> = offered(policy, now).into_iter().chain([until]).collect();
    let options: Vec<(&str, &str)> =
        options.iter().map(|(value, label)| (value.as_str(), label.as_str())).collect();
    html! {
        (ui::select("lasting", "For how long", &options, typed.lasting, errors.of("lasting")))
        div.until {
            (Field::new("until", "Until (UTC)").optional().kind(FieldKind::Moment).value(typed.until).error(errors.of("until"))
                .help("Used if “until a date” is chosen: the first moment without the role, in UTC."))
        }
        details.later open[!typed.from.is_empty()] {
            summary { "Begin later than now" }
            (Field::new("from", "From (UTC)").optional().kind(FieldKind::Moment).value(typed.from).error(errors.of("from"))
                .help("In UTC. Left empty, it begins now; a length counts from the beginning."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_browsers_send_it_and_as_people_type_it() {
        for typed in ["2030-12-31T18:00", "2030-12-31T18:00:00", " 2030-12-31 18:00 "] {
            let read: UtcDateTime = typed.parse().unwrap_or_else(|_| panic!("{typed}"));
            assert_eq!(read.0.to_rfc3339(), "2030-12-31T18:00:00+00:00", "{typed}");
        }
        for typed in
            ["", "tomorrow", "2030-02-30T10:00", "12030-12-31T18:00", "1969-12-31T18:00", "2030-12-31"]
        {
            assert!(typed.parse::<UtcDateTime>().is_err(), "{typed}");
        }
    }

    #[test]
    fn what_is_too_long_is_not_offered() {
        let now = DateTime::UNIX_EPOCH;
        let values = |policy| offered(policy, now).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        let week = GrantPolicy { max_days: Some(7), ..GrantPolicy::default() };
        assert_eq!(values(week), ["1 hour", "8 hours", "1 day", "7 days"]);
        let own_end = Some(now + chrono::TimeDelta::hours(8));
        assert_eq!(values(GrantPolicy { own_end, ..week }), ["1 hour", "8 hours"]);
        assert_eq!(values(GrantPolicy { own_end: Some(now), ..week }), [""; 0]);
        assert_eq!(values(GrantPolicy::default()).last().map(String::as_str), Some("for good"));
        assert_eq!(proposed(week, now), (7 * DAY).to_string());
    }
}
