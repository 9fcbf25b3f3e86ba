//! The witnesses who cosign each checkpoint, and the copies of it in other places.

use chrono::DateTime;
use maud::{Markup, html};

use crate::signer::{Copied, Told};
use crate::ui::{self, Column, Tone};

/// A warning that no operator may overlook: a witness saw another history.
pub(super) fn contradictions(witnesses: &[Told]) -> Markup {
    let told = witnesses.iter().filter_map(|told| Some((&told.name, told.failure.as_ref()?)));
    let told: Vec<_> = told.filter(|(_, failure)| failure.contradicts()).collect();
    html! {
        @if !told.is_empty() {
            (ui::note(Tone::Danger, html! {
                p { strong { "Witnesses saw another history. " } "They do not cosign this one:" }
                ul { @for (name, failure) in told { li { (name) ": " (failure) "." } } }
                p { "Keep the database as it is. The guide docs/PROOF.md says what to do, under “When a witness saw another history”." }
            }))
        }
    }
}

/// The table of witnesses. Empty where none is asked.
pub(super) fn witnesses(witnesses: &[Told]) -> Markup {
    let columns =
        [Column::new("Witness"), Column::new("Now"), Column::new("Cosigned"), Column::new("When").wide()];
    let rows: Vec<Vec<Markup>> = witnesses.iter().map(row).collect();
    html! {
        @if !rows.is_empty() {
            (ui::card("Witnesses", html! {
                (ui::table("Witnesses", &columns, &rows))
                p.hint { "Each witness is asked to cosign every checkpoint. It does so only if the checkpoint contains everything that it saw before." }
            }))
        }
    }
}

/// The table of copies. Empty where none is made.
pub(super) fn copies(copies: &[Copied]) -> Markup {
    let columns = [
        Column::new("Place").wide(),
        Column::new("Now"),
        Column::new("Last copy"),
        Column::new("When").wide(),
    ];
    let row = |Copied { place, last, failure }: &Copied| {
        vec![
            html! { (place) },
            state(failure.is_some(), last.is_some()),
            html! { @if let Some((size, _)) = last { (events(whole(*size))) } @else { "–" } },
            html! {
                @if let Some((_, at)) = last { div { (ui::exact_time((*at).into())) } }
                @if let Some(why) = failure { div { (why) ". It is tried again within a minute." } }
            },
        ]
    };
    html! {
        @if !copies.is_empty() {
            (ui::card("Copies", html! {
                (ui::table("Copies of checkpoints", &columns, &copies.iter().map(row).collect::<Vec<_>>()))
                p.hint { "The last checkpoint is copied there, at most once a minute. Existing copies are never overwritten." }
            }))
        }
    }
}

/// A badge that says if the last try worked.
fn state(has_failed: bool, was_done: bool) -> Markup {
    ui::badge(match (has_failed, was_done) {
        (true, _) => "failed",
        (false, true) => "done",
        (false, false) => "not yet",
    })
}

fn row(told: &Told) -> Vec<Markup> {
    let Told { name, cosigned, failure } = told;
    let at = cosigned.and_then(|(_, at)| DateTime::from_timestamp(i64::try_from(at).ok()?, 0));
    vec![
        html! { (name) },
        state(failure.is_some(), cosigned.is_some()),
        html! { @if let Some((size, _)) = cosigned { (events(whole(*size))) } @else { "–" } },
        html! {
            @if let Some(at) = at { div { (ui::exact_time(at)) } }
            @if let Some(why) = failure { div { (why) ". It is asked again within a minute." } }
        },
    ]
}

pub fn events(number: i64) -> String {
    if number == 1 { "1 event".to_owned() } else { format!("{} events", ui::number(number)) }
}

/// Turns a size into a position: the log has less than 2⁶³ events.
pub fn whole(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
