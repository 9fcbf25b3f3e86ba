//! The console as of a moment: `?at=<position or time>` on its pages.
//!
//! **Invariant:** the past can only be read. A page as of a moment has nothing that changes anything, and its links keep
//! the moment, as a position, so that they always show the same.

use std::time::Duration;

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use projections::history::diff::{self, FieldChange};
use projections::history::{self, HistoryFilter, PagePlace};
use projections::{Timestamp, as_of};
use serde::Deserialize;
use serde_json::Value;

use crate::app::App;
use crate::clock;
use crate::layout::AfterCommand;
use crate::layout::changes;
use crate::layout::moment::{Moment, Present};
use crate::ui::{self, Column, Field};
use crate::web::error::Error;

/// The query of a page that can be shown as of a moment.
#[derive(Deserialize, Clone, Debug, Default)]
pub struct AsOfQuery {
    /// A position or a time; empty for now.
    #[serde(default)]
    pub at: String,
    seen: Option<i64>,
    /// In a list with pages: show only what is before this position.
    pub before: Option<i64>,
}

/// A moment of the log.
#[derive(Clone, Copy, Debug)]
pub struct AsOf {
    /// Position of the last event that had happened; 0 before the first.
    pub position: i64,
    /// When that event was recorded.
    recorded: Option<Timestamp>,
    /// The time that was asked for, if it was a time and not a position.
    asked: Option<Timestamp>,
}

/// The banner of a page as of a moment, with links to other moments.
pub struct AsOfBanner {
    pub at: AsOf,
    /// The address of the same page as of now.
    now: String,
    /// The nearest earlier and later positions at which something on the page was different.
    before: Option<i64>,
    after: Option<i64>,
}

/// How long a page waits for read models that have not caught up yet.
const WAIT: Duration = Duration::from_secs(2);

impl AsOfQuery {
    pub async fn read(&self, app: &App) -> Result<Option<AsOf>, Error> {
        read(app, &self.at).await
    }

    pub fn seen(&self) -> AfterCommand {
        AfterCommand { seen: self.seen }
    }
}

/// Reads the moment that an address asks for; none if it asks for now.
pub async fn read(app: &App, typed: &str) -> Result<Option<AsOf>, Error> {
    let present = Present { position: app.log.last_position().await?, at: clock::now() };
    let moment = Moment::parse(typed, present).map_err(|why| {
        Error::Unprocessable(format!(
            "There is no moment “{typed:.60}” to look at: {why}. Correct “at” in the address."
        ))
    })?;
    let (position, asked) = match moment {
        Moment::Now => return Ok(None),
        Moment::Position(position) => (position, None),
        Moment::Time(time) => (as_of::position(&app.log, time).await?, Some(time)),
    };
    app.projector.wait_for(position, WAIT).await.map_err(|_still_updating| Error::Unavailable)?;
    let event = app.log.at(&[position]).await?.pop();
    Ok(Some(AsOf { position, recorded: event.map(|event| event.recorded_at), asked }))
}

/// Makes a link that keeps the moment, if there is one.
pub fn link(at: Option<AsOf>, path: &str) -> String {
    let Some(AsOf { position, .. }) = at else { return path.to_owned() };
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}at={position}")
}

impl AsOf {
    pub fn link(self, path: &str) -> String {
        link(Some(self), path)
    }

    /// The time of the moment. It decides if something that ends by time had ended.
    pub fn time(self) -> Timestamp {
        self.asked.or(self.recorded).unwrap_or(Timestamp::from(DateTime::UNIX_EPOCH))
    }

    /// The position after the last event that had happened, as pages of the history count.
    pub fn end(self) -> i64 {
        self.position.saturating_add(1)
    }
}

impl AsOfBanner {
    /// Makes the banner of a page that changes with each of these events.
    pub async fn of(app: &App, at: AsOf, now: &str, events: &HistoryFilter) -> Result<Self, Error> {
        let of_page = |place, limit| history::positions(&app.log, events, place, limit);
        let until = of_page(PagePlace::Before(at.end()), 2).await?;
        let since = of_page(PagePlace::After(at.position), 1).await?;
        let before = match until.as_slice() {
            [] => None,
            [first] => Some(first - 1),
            [_, before, ..] => Some(*before),
        };
        Ok(Self { at, now: now.to_owned(), before, after: since.first().copied() })
    }

    /// Says which moment the page shows, and links to other moments.
    pub fn banner(&self) -> Markup {
        let step = |label: &str, key: &str, position: Option<i64>| {
            let there = |position| AsOf { position, ..self.at }.link(&self.now);
            html! {
                @match position {
                    Some(position) => a.button rel=(key) href=(there(position)) { (label) },
                    None => span.button data-off { (label) },
                }
            }
        };
        html! {
            section.past aria-label="As of a moment" {
                nav.past-steps aria-label="Moments" {
                    (step("← Event before", "prev", self.before))
                    (step("Event after →", "next", self.after))
                    a.button href=(self.now) { "Back to now" }
                }
                div.past-text { (self.at.told()) }
            }
        }
    }
}

impl AsOf {
    fn told(self) -> Markup {
        let time = |at: Timestamp| ui::exact_time(at.into());
        html! {
            @if let Some(recorded) = self.recorded {
                p { strong { "This is how it was at " (ui::position(self.position)) } ", " (ago(recorded)) " (" (time(recorded)) ")." }
            } @else {
                p { strong { "This is how it was before the first event" } ": there was nothing yet." }
            }
            p.hint {
                @if let (Some(asked), Some(_)) = (self.asked, self.recorded) {
                    (ui::position(self.position)) " is the last event by " (time(asked)) ". "
                }
                "Nothing can be changed here. People are shown with their names of today."
            }
        }
    }
}

/// How long ago something was, in the largest unit that says it well.
fn ago(at: Timestamp) -> String {
    in_words(clock::now().signed_duration_since(*at).num_seconds())
}

fn in_words(seconds: i64) -> String {
    const UNITS: [(&str, i64); 6] = [
        ("year", 365 * 86_400),
        ("month", 30 * 86_400),
        ("week", 7 * 86_400),
        ("day", 86_400),
        ("hour", 3600),
        ("minute", 60),
    ];
    match UNITS.into_iter().find(|(_, length)| seconds >= *length) {
        Some((unit, length)) if seconds < 2 * length => format!("1 {unit} ago"),
        Some((unit, length)) => format!("{} {unit}s ago", seconds / length),
        None => "just now".to_owned(),
    }
}

/// The field for choosing a moment, folded into the head of a page. The rest of the page's address is kept.
pub fn control(path: &str, at: Option<AsOf>, kept: &[(&str, &str)]) -> Markup {
    let typed = at.map_or_else(String::new, |at| at.position.to_string());
    let moment = Field::new("at", "Position or time").id("as-of").optional().value(&typed);
    html! {
        details.menu.to-past name="menu" {
            summary.button { "As of …" }
            form.menu-panel.end method="get" action=(path) {
                (moment.help("A position like 1234, or a time in UTC like 2026-11-23 10:00. Empty for now."))
                @for (name, value) in kept.iter().filter(|(_, value)| !value.is_empty()) {
                    input type="hidden" name=(name) value=(value);
                }
                (ui::submit_plain("Show how it was"))
            }
        }
    }
}

/// The differences between then and now, field by field.
pub async fn differences(app: &App, then: &Value, now: &Value) -> Result<Markup, Error> {
    let changes = diff::diff(then, now);
    // The permissions of a type that came or went are not listed again action by action.
    let told = |change: &FieldChange| {
        change.path.first().is_none_or(|field| field != PERMISSIONS)
            || change.before.is_some() && change.after.is_some()
    };
    let changes: Vec<FieldChange> = changes.into_iter().filter(told).collect();
    if changes.is_empty() {
        return Ok(ui::empty("Nothing differs.", html! { "It is today as it was then." }));
    }
    let columns = [Column::new("What"), Column::new("Then"), Column::new("Now")];
    let shown = &changes[..changes.len().min(DIFFERENCES)];
    let rows = changes::rows(app, shown).await?;
    Ok(html! {
        (ui::table("What differs from now", &columns, &rows))
        @if changes.len() > shown.len() {
            p.hint { "The first " (shown.len()) " of " (changes.len()) " differences." }
        }
    })
}

/// The most differences that are shown.
const DIFFERENCES: usize = 500;

/// The field of a state that says who may do what.
pub const PERMISSIONS: &str = "permissions";

/// A time as a state has it.
pub fn minute(at: Timestamp) -> Value {
    DateTime::<Utc>::from(at).format("%Y-%m-%d %H:%M UTC").to_string().into()
}

/// Why the past can't be told: some of its events are damaged, or of a newer portal.
impl From<projections::projector::FoldError> for Error {
    fn from(error: projections::projector::FoldError) -> Self {
        use projections::projector::FoldError as E;
        match error {
            E::Database(error) => error.into(),
            E::Read(error) => error.into(),
            E::Poison { position, .. } => Self::Damaged(format!(
                "The past can't be shown: event #{position} can't be read. On the server, portal verify says more."
            )),
            E::Newer { position, .. } => Self::newer(&format!("event #{position} about this")),
            E::Superseded { .. } => Self::Internal(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_said_in_the_largest_unit() {
        for (seconds, said) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7199, "1 hour ago"),
            (2 * 86_400, "2 days ago"),
            (21 * 86_400, "3 weeks ago"),
            (45 * 86_400, "1 month ago"),
            (800 * 86_400, "2 years ago"),
        ] {
            assert_eq!(in_words(seconds), said, "{seconds}");
        }
    }
}
