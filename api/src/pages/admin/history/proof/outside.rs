//! What stands outside this portal: witnesses who cosign each checkpoint, and copies of it.

use chrono::DateTime;
use maud::{Markup, html};

use super::{events, whole};
use crate::sealer::{Copied, Told};
use crate::ui::{self, Column, Tone};

/// What no operator may overlook: somebody outside saw another history.
pub(super) fn contradictions(witnesses: &[Told]) -> Markup {
    let told = witnesses.iter().filter_map(|told| Some((&told.name, told.failure.as_ref()?)));
    html! {
        @for (name, failure) in told.filter(|(_, failure)| failure.contradicts()) {
            (ui::note(Tone::Danger, html! {
                p { strong { "The witness " (name) " saw another history. " } "It does not cosign this one: " (failure) "." }
                p { "Keep the database as it is. The guide docs/PROOF.md says what to do, under “When sealing is refused”." }
            }))
        }
    }
}

/// Nothing where nobody is asked.
pub(super) fn witnesses(witnesses: &[Told]) -> Markup {
    let columns = [Column::new("Witness"), Column::new("Cosigned"), Column::new("When").wide()];
    let rows: Vec<Vec<Markup>> = witnesses.iter().map(row).collect();
    html! {
        @if !rows.is_empty() {
            (ui::card("Witnesses", html! {
                (ui::table("Witnesses", &columns, &rows))
                p.hint { "Each is asked to cosign every checkpoint. It cosigns only what holds everything that it saw before." }
            }))
        }
    }
}

/// Nothing where none are made.
pub(super) fn copies(copies: &[Copied]) -> Markup {
    let columns = [Column::new("Place").wide(), Column::new("Last copy"), Column::new("When").wide()];
    let row = |Copied { place, last, failure }: &Copied| {
        vec![
            html! { (place) },
            html! { @if let Some((size, _)) = last { (events(whole(*size))) } @else { "–" } },
            html! {
                @if let Some((_, at)) = last { (ui::exact_time((*at).into())) " " }
                @if let Some(why) = failure { (ui::badge("not now")) " " (why) }
                @else if last.is_none() { "none yet" }
            },
        ]
    };
    html! {
        @if !copies.is_empty() {
            (ui::card("Copies", html! {
                (ui::table("Copies of checkpoints", &columns, &copies.iter().map(row).collect::<Vec<_>>()))
                p.hint { "The last checkpoint goes there, once in a minute at most. What is there is never written over." }
            }))
        }
    }
}

fn row(told: &Told) -> Vec<Markup> {
    let Told { name, cosigned, failure } = told;
    let at = cosigned.and_then(|(_, at)| DateTime::from_timestamp(i64::try_from(at).ok()?, 0));
    vec![
        html! { (name) },
        html! { @if let Some((size, _)) = cosigned { (events(whole(*size))) } @else { "–" } },
        html! {
            @if let Some(at) = at { (ui::exact_time(at)) " " }
            @if let Some(why) = failure { (ui::badge("not now")) " " (why) }
            @else if at.is_none() { "not asked yet" }
        },
    ]
}
