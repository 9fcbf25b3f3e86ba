//! What stands on a page: its head, cards, histories, steps, danger zones, and the picker's cards.
//!
//! **Invariant:** a page has one `h1`, from [`head`], and at most one primary action.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{badge, icon, monogram, position, time};

/// The head of a page: what this is, how it stands, a line about it, and what can be done.
pub fn head(title: &str, status: Option<Markup>, subtitle: Option<Markup>, actions: Markup) -> Markup {
    html! {
        div.head {
            div.head-text {
                h1 { (title) @if let Some(status) = status { " " (status) } }
                @if let Some(subtitle) = subtitle { p.subtitle { (subtitle) } }
            }
            (actions)
        }
    }
}

/// Buttons and links side by side.
pub fn actions(content: Markup) -> Markup {
    html! { div.actions { (content) } }
}

/// The page's main action, where it is a link.
pub fn primary_link(label: &str, href: &str) -> Markup {
    html! { a.button.primary href=(href) { (label) } }
}

/// A link that looks like a button.
pub fn button_link(label: &str, href: &str) -> Markup {
    html! { a.button href=(href) { (label) } }
}

/// A part of a page with a heading of its own.
pub fn card(title: &str, content: Markup) -> Markup {
    card_with(title, html! {}, content)
}

/// A card with something beside its heading, mostly a link to all of it.
pub fn card_with(title: &str, aside: Markup, content: Markup) -> Markup {
    html! {
        section.card {
            header.card-head { h2 { (title) } (aside) }
            div.card-body { (content) }
        }
    }
}

/// Two columns: the subject of the page, and what stands beside it. They stack where there is no room.
pub fn columns(main: Markup, beside: Markup) -> Markup {
    html! {
        div.columns { div.stack { (main) } div.stack { (beside) } }
    }
}

/// Two parts of the same kind side by side, for comparing them.
pub fn sides(left: Markup, right: Markup) -> Markup {
    html! { div.sides { div { (left) } div { (right) } } }
}

/// A number with its name, for a row of [`stats`].
pub fn stat(label: &str, value: &str, hint: Option<&str>) -> Markup {
    html! {
        div.stat {
            dt { (label) }
            dd { (value) }
            @if let Some(hint) = hint { dd.hint { (hint) } }
        }
    }
}

/// A row of numbers.
pub fn stats(items: &[Markup]) -> Markup {
    html! { dl.stats { @for item in items { (item) } } }
}

/// Events, newest first, each with its sentence, its time and, for readers who may know it, its position.
pub fn timeline(items: &[(Markup, DateTime<Utc>, Option<i64>)]) -> Markup {
    html! {
        ol.timeline {
            @for (sentence, at, event) in items {
                li {
                    div.what { (sentence) }
                    div.when { (time(*at)) @if let Some(event) = event { " " (position(*event)) } }
                }
            }
        }
    }
}

/// Progress in steps. Each has a label, the time it was done, and a remark. The first step that isn't done is the current
/// one.
pub fn steps(items: &[(&str, Option<DateTime<Utc>>, Option<String>)]) -> Markup {
    let current = items.iter().position(|(_, done, _)| done.is_none());
    html! {
        ol.steps {
            @for (index, (label, done, note)) in items.iter().enumerate() {
                li data-done[done.is_some()] aria-current=[(current == Some(index)).then_some("step")] {
                    span.step-mark { @if done.is_some() { (icon::done()) } }
                    div {
                        p.step-label {
                            (label)
                            span.visually-hidden { (if done.is_some() { " – done" } else { " – not yet" }) }
                        }
                        @if let Some(note) = note { p.hint { (note) } }
                    }
                    @if let Some(at) = done { (time(*at)) }
                }
            }
        }
    }
}

/// The dangerous actions of a page, set apart at its end. Each has a title, an explanation, the href of the page that says
/// what will happen, and the label of the link ("Suspend Acme …").
pub fn danger(items: &[(&str, &str, String, &str)]) -> Markup {
    html! {
        section.card.danger-zone {
            header.card-head { h2 { "Danger zone" } }
            ul {
                @for (title, explanation, href, label) in items {
                    li {
                        div { strong { (title) } p { (explanation) } }
                        a.button.danger-link href=(href) { (label) }
                    }
                }
            }
        }
    }
}

/// A box with a link that is shown once, to be passed on by other means.
pub fn link_box(label: &str, url: &str) -> Markup {
    html! {
        div.link-box {
            label for="link-box" { (label) }
            div {
                input #link-box type="text" readonly value=(url) data-select;
                button.button type="button" data-copy=(url) hidden { "Copy link" }
            }
            p.help { "Shown only once. Anybody who has it can use it, so send it to nobody else." }
        }
    }
}

/// An organisation in the picker.
pub struct ChoiceCard<'a> {
    pub href: &'a str,
    pub name: &'a str,
    pub slug: &'a str,
    /// The viewer's role there: "owner".
    pub role: &'a str,
    pub status: &'a str,
    /// Why it can't be opened now. The row is greyed and says so.
    pub blocked: Option<&'a str>,
    /// When the viewer last opened it.
    pub opened_at: Option<DateTime<Utc>>,
}

/// One row of [`choices`]; `beside` is what else can be done with it.
pub fn choice_card(card: &ChoiceCard<'_>, beside: Markup) -> Markup {
    let inside = html! {
        (monogram(card.name, "org"))
        span.choice-text {
            span.choice-name { (card.name) @if card.status != "active" { " " (badge(card.status)) } }
            span.choice-line {
                (card.role) " · " code.id { (card.slug) }
                @if let Some(at) = card.opened_at { " · opened " (time(at)) }
            }
            @if let Some(reason) = card.blocked { span.choice-reason { (reason) } }
        }
    };
    html! {
        @if card.blocked.is_some() { div.choice aria-disabled="true" { (inside) } }
        @else { a.choice href=(card.href) { (inside) } (beside) (icon::right()) }
    }
}

/// A list of [`choice_card`]s.
pub fn choices(cards: &[Markup]) -> Markup {
    html! { ul.choices { @for card in cards { li { (card) } } } }
}

/// The link from the picker to the operator's console, apart from the organisations.
pub fn console_card(href: &str) -> Markup {
    html! {
        section.to-desk aria-label="For operators" {
            ul.choices { li {
                a.choice href=(href) {
                    span.monogram aria-hidden="true" { (icon::mark()) }
                    span.choice-text {
                        span.choice-name { "Operator console" }
                        span.choice-line { "Every organisation, apart from the ones you belong to" }
                    }
                }
                (icon::right())
            } }
        }
    }
}
