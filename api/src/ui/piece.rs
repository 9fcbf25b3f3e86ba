//! The small pieces: badges, times, positions, facts, notes, sentences.
//!
//! **Invariant:** the word carries the meaning, the colour only helps.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::Part;
use maud::{Markup, html};

use super::icon;

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Info,
    Good,
    Warning,
    Danger,
}

impl Tone {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }

    fn icon(self) -> Markup {
        match self {
            Self::Info => icon::info(),
            Self::Good => icon::done(),
            Self::Warning | Self::Danger => icon::warning(),
        }
    }
}

/// A coloured word. The stylesheet knows the usual ones; any other is neutral.
pub fn badge(status: &str) -> Markup {
    html! { span.badge data-status=(status) { (status) } }
}

/// The role of somebody in an organisation, as it is named there: custom roles have names of their own.
pub fn role(name: &str) -> Markup {
    html! { span.badge data-role=(name) { (name) } }
}

/// A moment. The script makes it relative, in the viewer's zone, with the exact time on hover.
pub fn time(at: DateTime<Utc>) -> Markup {
    let exact = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! { time datetime=(exact) title=(at.format("%Y-%m-%d %H:%M:%S UTC")) { (at.format("%Y-%m-%d %H:%M UTC")) } }
}

/// A moment to the second, for pages that are read as evidence. The script only adds the viewer's zone.
pub fn exact_time(at: DateTime<Utc>) -> Markup {
    let exact = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! { time datetime=(exact) data-exact { (at.format("%Y-%m-%d %H:%M:%S UTC")) } }
}

/// A day, for moments whose hour does not matter.
pub fn date(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.format("%Y-%m-%d")) data-exact { (at.format("%-d %b %Y")) } }
}

/// The position of an event in the log, linked to its page. Only operators see positions.
pub fn position(n: i64) -> Markup {
    html! {
        @if n > 0 { a.position href=(crate::web::paths::event(n)) { "#" (n) } }
        @else { span.position { "#" (n) } }
    }
}

/// A number of things, with a comma for every thousand: "1,234,567".
pub fn number(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::from(if n < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An id, a slug, or another text that is read letter by letter.
pub fn id(text: &str) -> Markup {
    html! { code.id { (text) } }
}

/// An id with a button that copies it.
pub fn copyable(text: &str) -> Markup {
    html! {
        span.copyable {
            code.id { (text) }
            button.copy type="button" data-copy=(text) hidden { "Copy" }
        }
    }
}

/// A command for the shell, with a button that copies it.
pub fn shell(text: &str) -> Markup {
    html! {
        div.shell {
            pre { code { (text) } }
            button.copy type="button" data-copy=(text) hidden { "Copy" }
        }
    }
}

/// One or two letters for somebody or something; `kind` is `person` (round) or `org` (square). Only a picture: the
/// name stands beside it.
pub fn monogram(name: &str, kind: &str) -> Markup {
    let words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let letters: String = words.take(2).flat_map(char::to_uppercase).collect();
    html! { span.monogram data-kind=(kind) aria-hidden="true" { (letters) } }
}

/// Tabs for the views of one thing: label, href, and true for the present one.
pub fn tabs(items: &[(&str, String, bool)]) -> Markup {
    html! {
        nav.tabs aria-label="Views" {
            ul {
                @for (label, href, current) in items {
                    li { a href=(href) aria-current=[current.then_some("page")] { (label) } }
                }
            }
        }
    }
}

/// Facts about one thing, as labels and values.
pub fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (label, value) in rows {
                div { dt { (label) } dd { (value) } }
            }
        }
    }
}

/// Facts side by side, for the few on top of a page.
pub fn facts_row(items: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts-row {
            @for (label, value) in items {
                div { dt { (label) } dd { (value) } }
            }
        }
    }
}

/// The text of an empty list: why it is empty, and what to do next.
pub fn empty(title: &str, next: Markup) -> Markup {
    html! {
        div.empty {
            p.empty-title { (title) }
            div { (next) }
        }
    }
}

/// A sentence in a frame.
pub fn note(kind: Tone, content: Markup) -> Markup {
    html! {
        div.note data-tone=(kind.word()) { (kind.icon()) div { (content) } }
    }
}

/// The button that undoes the last command, for a [`note`] with [`Tone::Good`]. It is a form that looks like a link.
pub fn undo(action: &str, command_id: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) data-once {
            (super::envelope(command_id, None))
            button.link type="submit" { "Undo" }
        }
    }
}

/// An event for people: "**Ada** suspended Acme: unpaid invoice". Names are not in the log; `name` looks them up.
pub fn sentence(actor: &str, parts: &[Part], name: &dyn Fn(&Part) -> String) -> Markup {
    html! {
        span.sentence {
            strong { (actor) } " "
            @for part in parts {
                @match part {
                    Part::Text(text) => (text),
                    Part::Org(_) | Part::Called(..) | Part::Person(_) => span.name { (name(part)) },
                    Part::ResourceType(code) => code.name { (code) },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monogram_has_at_most_two_letters() {
        let letters = monogram("Ünï & Söhne Handels GmbH", "org").into_string();
        assert!(letters.ends_with(">ÜS</span>"), "{letters}");
    }

    #[test]
    fn a_number_is_read_by_thousands() {
        let numbers = [0, 7, 999, 1000, 12_345, 1_234_567, -1000].map(number);
        assert_eq!(numbers, ["0", "7", "999", "1,000", "12,345", "1,234,567", "-1,000"]);
    }

    #[test]
    fn a_time_says_its_zone_without_the_script() {
        let html = time(DateTime::UNIX_EPOCH).into_string();
        assert!(
            html.contains(r#"datetime="1970-01-01T00:00:00Z""#) && html.contains("1970-01-01 00:00 UTC<"),
            "{html}"
        );
    }
}
