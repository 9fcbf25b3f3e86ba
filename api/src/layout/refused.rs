//! Shows a refused form of the console again, with a sentence beside a field or with what others did meanwhile.
//!
//! **Invariant:** a refused form has changed nothing, and everything that was typed is shown again.

use std::error::Error as Reason;
use std::fmt::Display;

use axum::http::StatusCode;
use maud::{Markup, html};
use projections::event_log::{LATEST, Recorded, StreamId};
use projections::org_detail;

use super::form::Errors;
use super::names::Names;
use crate::access::{Member, Operator};
use crate::app::App;
use crate::bus::{Refusal, SendError};
use crate::ui::{self, Tone};
use crate::web::error::Error;

/// Everything that a refused form is shown again with.
pub struct Refused {
    pub status: StatusCode,
    pub errors: Errors,
    pub note: Markup,
    /// The sequence that the form's subject has now, if it differs from the one that the form had seen.
    pub sequence: Option<i64>,
}

/// The subject of a form.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The subject of the form, in words that follow "somebody changed": "this organisation".
    pub what: &'a str,
    /// True if the form can be sent again as things stand now.
    pub is_open: bool,
}

impl<'a> About<'a> {
    pub fn of(what: &'a str) -> Self {
        Self { what, is_open: true }
    }
}

/// The sentence for people when the last superadmin without an end date can't be removed.
const LAST: &str = "there must always be a superadmin without an end date, and this is the last one; make somebody else \
                    superadmin for good first";

impl Refused {
    /// Finds out what the form is shown again with. `field` names the field where each reason can be put right; empty for
    /// the form as a whole.
    pub async fn in_console<E: Reason>(
        app: &App,
        operator: &Operator,
        about: About<'_>,
        refusal: SendError<E>,
        field: impl Fn(&Refusal<E>) -> &'static str,
    ) -> Result<Self, Error> {
        let refusal = refusal.answerable()?;
        let field = field(&refusal);
        Ok(match refusal {
            Refusal::Stale { sequence, since } => {
                Self::conflict(sequence, conflict_notice(app, operator, about, &since).await?)
            }
            Refusal::Rule(rule) => Self::because(field, rule),
            Refusal::Taken { key, holder } => {
                Self::because(field, slug_taken(app, operator, &key, &holder).await?)
            }
            Refusal::LastOne => Self::because(field, LAST),
            Refusal::AddressTaken => Self::because(field, SendError::<E>::AddressTaken),
        })
    }

    /// The same for a form of somebody who belongs to the organisation. The places of events in the log are not theirs to
    /// see.
    pub async fn in_org<E: Reason>(
        app: &App,
        member: &Member,
        about: About<'_>,
        refusal: SendError<E>,
        field: impl Fn(&Refusal<E>) -> &'static str,
    ) -> Result<Self, Error> {
        let refusal = refusal.answerable()?;
        let field = field(&refusal);
        match refusal {
            Refusal::Stale { sequence, since } => {
                let names = Names::told_in(app, &member.membership, &since).await?;
                Ok(Self::conflict(sequence, notice(about, false, &names.story(&since))))
            }
            Refusal::Rule(rule) => Ok(Self::because(field, rule)),
            Refusal::Taken { .. } | Refusal::LastOne | Refusal::AddressTaken => Err(Error::Conflict(
                "Somebody changed this in the meantime. Open it again and look.".to_owned(),
            )),
        }
    }

    fn because(field: &'static str, sentence: impl Display) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, errors: Errors::one(field, sentence), note: html! {}, sequence: None }
    }

    fn conflict(sequence: i64, note: Markup) -> Self {
        Self { status: StatusCode::CONFLICT, errors: Errors::default(), note, sequence: Some(sequence) }
    }
}

/// Says what others did since the page was made. Sending the form again applies it on top of that.
pub async fn conflict_notice(
    app: &App,
    operator: &Operator,
    about: About<'_>,
    since: &[Recorded],
) -> Result<Markup, Error> {
    let names = Names::of(app, &operator.platform, since).await?;
    let is_cut = i64::try_from(since.len()) == Ok(LATEST);
    Ok(notice(about, is_cut, &names.timeline(since)))
}

fn notice(About { what, is_open }: About<'_>, is_cut: bool, told: &Markup) -> Markup {
    ui::note(
        Tone::Warning,
        html! {
            p { strong { "Somebody changed " (what) " while you were here." } " Nothing of yours was done yet. This is what happened" @if is_cut { " last" } ":" }
            (told)
            @if is_open { p { "If you still want it, send it again." } }
        },
    )
}

/// Says who holds the slug that was asked for.
pub async fn slug_taken(
    app: &App,
    operator: &Operator,
    slug: &str,
    holder: &StreamId,
) -> Result<String, Error> {
    let held = org_detail::holder_shown(&app.db, &operator.platform, slug).await?;
    let name = held.map_or_else(|| holder.id.clone(), |held| format!("“{}”", held.name));
    Ok(format!("the slug {slug} belongs to {name}; slugs are never given away again"))
}
