//! The filters of the history: the fields, and the list of filters in force.
//!
//! **Invariant:** every filter in force is shown, as a link to the page without it.

use std::fmt::Display;

use maud::{Markup, html};

use super::view::HistoryQuery;
use crate::layout::console::ConsolePage;
use crate::layout::form::Errors;
use crate::ui::Section;
use crate::ui::{self, Field, FieldKind, FilterBar, More, table};
use crate::web::paths;

const KINDS: [(&str, &str); 4] = [
    ("", "anything"),
    ("org", "organisations"),
    ("grant", "roles of people"),
    ("resource_type", "resource types"),
];
const TIMES: [(&str, &str); 4] = [("", "ever"), ("today", "today"), ("7", "7 days"), ("30", "30 days")];
const ONLY: [(&str, &str); 3] =
    [("", "all"), ("reverts", "that undo others"), ("reverted", "that were undone")];

pub(super) fn bar(view: &HistoryQuery, errors: &Errors) -> Markup {
    FilterBar {
        action: paths::ADMIN_HISTORY,
        label: "Reason, name, slug or code",
        q: &view.q,
        filters: &[
            filter("kind", "About", &KINDS, &view.kind),
            filter("last", "When", &TIMES, &view.last),
            filter("only", "Events", &ONLY, &view.only),
        ],
        hidden: &[],
        more: Some(More { label: "More filters", fields: &fields(view, errors) }),
    }
    .render()
}

fn filter<'a>(
    name: &'a str,
    label: &'a str,
    options: &'a [(&'a str, &'a str)],
    chosen: &'a str,
) -> table::ListFilter<'a> {
    table::ListFilter { name, label, options, chosen }
}

fn fields<'a>(view: &'a HistoryQuery, errors: &'a Errors) -> [Field<'a>; 7] {
    let field = |name: &'static str, label: &'static str, value: &'a str, help: &'static str| {
        Field::new(name, label).value(value).help(help).error(errors.of(name)).optional().max(200)
    };
    [
        field("actor", "Who", &view.actor, "A part of an e-mail address or name; or shell, setup, timer."),
        field("event", "Type of event", &view.event, "How its name begins, like OrgS."),
        field("org", "Organisation", &view.org, "A slug, a part of a name, or an id."),
        field("about", "Id", &view.about, "Of an organisation or a person, or the code of a resource type."),
        field("correlation", "Correlation id", &view.correlation, "It is shown on the page of an event."),
        field("from", "From", &view.from, "In UTC.").kind(moment(&view.from)),
        field("to", "Until", &view.to, "In UTC.").kind(moment(&view.to)),
    ]
}

/// The kind of field for a moment. What a browser's own date field can't hold stays in a text field, as it was typed.
fn moment(typed: &str) -> FieldKind {
    let fits = typed.is_empty() || crate::layout::form::utc(typed).is_some() && typed.contains('T');
    if fits { FieldKind::Moment } else { FieldKind::Text }
}

/// The filters in force, each with the page without it.
pub(super) fn holding(view: &HistoryQuery) -> Vec<(String, HistoryQuery)> {
    let newest = view.newest();
    let chosen = |options: &[(&str, &str)], value: &str| {
        let label = options.iter().find(|(known, _)| *known == value).map(|(_, label)| *label);
        label.map_or_else(|| value.to_owned(), str::to_owned)
    };
    let days = |last: &str| if TIMES.iter().any(|(known, _)| *known == last) { "" } else { " days" };
    let all = [
        (&view.q, format!("“{}”", view.q.trim()), HistoryQuery { q: String::new(), ..newest.clone() }),
        (
            &view.kind,
            format!("about {}", chosen(&KINDS, &view.kind)),
            HistoryQuery { kind: String::new(), ..newest.clone() },
        ),
        (
            &view.last,
            format!("when: {}{}", chosen(&TIMES, &view.last), days(&view.last)),
            HistoryQuery { last: String::new(), ..newest.clone() },
        ),
        (&view.only, chosen(&ONLY, &view.only), HistoryQuery { only: String::new(), ..newest.clone() }),
        (
            &view.actor,
            format!("who: {}", view.actor),
            HistoryQuery { actor: String::new(), ..newest.clone() },
        ),
        (
            &view.event,
            format!("type: {}…", view.event),
            HistoryQuery { event: String::new(), ..newest.clone() },
        ),
        (
            &view.org,
            format!("organisation: {}", view.org),
            HistoryQuery { org: String::new(), ..newest.clone() },
        ),
        (&view.about, format!("id: {}", view.about), HistoryQuery { about: String::new(), ..newest.clone() }),
        (
            &view.correlation,
            format!("correlation: {}", view.correlation),
            HistoryQuery { correlation: String::new(), ..newest.clone() },
        ),
        (&view.from, format!("from {}", view.from), HistoryQuery { from: String::new(), ..newest.clone() }),
        (&view.to, format!("until {}", view.to), HistoryQuery { to: String::new(), ..newest.clone() }),
    ];
    all.into_iter()
        .filter(|(typed, ..)| !typed.trim().is_empty())
        .map(|(_, label, without)| (label, without))
        .collect()
}

/// Links for common times, and the filters in force.
pub(super) fn chips(view: &HistoryQuery) -> Markup {
    let holding = holding(view);
    html! {
        nav.chips aria-label="Filters" {
            @for (last, label) in &TIMES[1..] {
                @if view.last != *last {
                    a.chip href=(HistoryQuery { last: (*last).to_owned(), ..view.newest() }.url()) { (label) }
                }
            }
            @for (label, without) in &holding {
                a.chip data-set href=(without.url()) {
                    span.visually-hidden { "Take away: " }
                    (label) span aria-hidden="true" { " ×" }
                }
            }
            @if holding.len() > 1 { a.chip href=(paths::ADMIN_HISTORY) { "Clear all" } }
        }
    }
}

/// The tabs of the history: what happened, what was refused, who signed in, what was exported, and how it is proven.
pub(super) fn tabs(here: &str) -> Markup {
    let tabs = [
        ("What happened", paths::ADMIN_HISTORY, "happened"),
        ("What was refused", paths::ADMIN_HISTORY_REFUSED, "refused"),
        ("Sign-ins", paths::ADMIN_HISTORY_SIGN_INS, "sign-ins"),
        ("What was exported", paths::ADMIN_HISTORY_EXPORTS, "exported"),
        ("Proof", paths::ADMIN_HISTORY_PROOF, "proof"),
        ("Read models", paths::ADMIN_HISTORY_READ_MODELS, "read-models"),
    ];
    ui::tabs(&tabs.map(|(label, href, key)| (label, href.to_owned(), key == here)))
}

/// A link from the history of one thing to the same events on the history page, where filters and exports are.
pub fn open_in_history(id: impl Display) -> Markup {
    html! { a href=(paths::history_about(id)) { "Open in History" } }
}

pub fn document(desk: ConsolePage<'_>, view: &HistoryQuery, errors: &Errors, results: Markup) -> Markup {
    let content = html! {
        (ui::head("History", None, Some(html! { "Everything that happened, newest first." }), html! {}))
        (tabs("happened"))
        (errors.summary())
        (bar(view, errors))
        (ui::results(results))
    };
    desk.page(Section::History, "History", &[], content)
}
