//! Shows a refused form of the console again, with a sentence beside a field or with what others did meanwhile.
//!
//! **Invariant:** a refused form has changed nothing, and everything that was typed is shown again.

use std::error::Error as Reason;

use axum::http::StatusCode;
use maud::{Markup, html};
use projections::event_log::{LATEST, Recorded, StreamId};
use projections::org_detail;

use super::form::Errors;
use super::names::Names;
use crate::access::Operator;
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
        let because = |sentence: String| Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            errors: Errors::one(field, sentence),
            note: html! {},
            sequence: None,
        };
        Ok(match refusal {
            Refusal::Stale { sequence, since } => Self {
                status: StatusCode::CONFLICT,
                errors: Errors::default(),
                note: conflict_notice(app, operator, about, &since).await?,
                sequence: Some(sequence),
            },
            Refusal::Rule(rule) => because(rule.to_string()),
            Refusal::Taken { key, holder } => because(slug_taken(app, operator, &key, &holder).await?),
            Refusal::LastOne => because(LAST.to_owned()),
            Refusal::AddressTaken => because(SendError::<E>::AddressTaken.to_string()),
        })
    }
}

/// Says what others did since the page was made. Sending the form again applies it on top of that.
pub async fn conflict_notice(
    app: &App,
    operator: &Operator,
    About { what, is_open }: About<'_>,
    since: &[Recorded],
) -> Result<Markup, Error> {
    let names = Names::of(app, &operator.platform, since).await?;
    let cut = i64::try_from(since.len()) == Ok(LATEST);
    Ok(ui::note(
        Tone::Warning,
        html! {
            p { strong { "Somebody changed " (what) " while you were here." } " Nothing of yours was done yet. This is what happened" @if cut { " last" } ":" }
            (names.timeline(since))
            @if is_open { p { "If you still want it, send it again." } }
        },
    ))
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
