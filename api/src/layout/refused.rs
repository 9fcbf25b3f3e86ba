//! Shows a refused form again, with a sentence beside a field or with what others did meanwhile.
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
    /// The events since the form was made, if they are why it was refused.
    pub since: Vec<Recorded>,
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

/// The person who reads why their form was refused.
#[derive(Clone, Copy)]
pub enum FormReader<'a> {
    Operator(&'a Operator),
    /// Somebody of the organisation. The places of events in the log, and what belongs to others, are not theirs to see.
    Member(&'a Member),
}

impl Refused {
    /// Finds out what the form is shown again with. `field` names the field where each reason can be put right; empty for
    /// the form as a whole.
    pub async fn of<E: Reason>(
        app: &App,
        reader: FormReader<'_>,
        about: About<'_>,
        refusal: SendError<E>,
        field: impl Fn(&Refusal<E>) -> &'static str,
    ) -> Result<Self, Error> {
        let refusal = refusal.answerable()?;
        let field = field(&refusal);
        Ok(match (refusal, reader) {
            (Refusal::Stale { sequence, since }, FormReader::Operator(operator)) => {
                Self::conflict(sequence, conflict_notice(app, operator, about, &since).await?, since)
            }
            (Refusal::Stale { sequence, since }, FormReader::Member(member)) => {
                let names = Names::told_in(app, &member.membership, &since).await?;
                Self::conflict(sequence, notice(about, false, &names.story(&since)), since)
            }
            (Refusal::Rule(rule), _) => Self::because(field, rule),
            (Refusal::Taken { key, holder }, FormReader::Operator(operator)) => {
                Self::because(field, slug_taken(app, operator, &key, &holder).await?)
            }
            (Refusal::LastOne, FormReader::Operator(_)) => Self::because(field, LAST),
            (Refusal::AddressTaken, FormReader::Operator(_)) => {
                Self::because(field, SendError::<E>::AddressTaken)
            }
            (Refusal::Taken { .. } | Refusal::LastOne | Refusal::AddressTaken, FormReader::Member(_)) => {
                return Err(Error::Conflict(
                    "Somebody changed this in the meantime. Open it again and look.".to_owned(),
                ));
            }
        })
    }

    fn because(field: &'static str, sentence: impl Display) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let errors = Errors::one(field, sentence);
        Self { status, errors, note: html! {}, sequence: None, since: vec![] }
    }

    fn conflict(sequence: i64, note: Markup, since: Vec<Recorded>) -> Self {
        let (status, errors) = (StatusCode::CONFLICT, Errors::default());
        Self { status, errors, note, sequence: Some(sequence), since }
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
