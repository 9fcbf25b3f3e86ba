//! The document around every page: head, stylesheet, script, and the pieces that all frames share.
//!
//! **Invariant:** every document asks this host only, and for two files only.

use maud::{DOCTYPE, Markup, html};

use super::viewer::{OrgChoice, Viewer};
use super::{asset, icon, monogram};

/// Which frame a page stands in. It colours the mark on the browser's tab as well, so that tabs can be told apart.
#[derive(Clone, Copy)]
pub(super) enum Frame {
    Console,
    Tenant,
    Plain,
}

impl Frame {
    fn class(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Tenant => "tenant",
            Self::Plain => "plain",
        }
    }
}

/// A whole document. The script blocks the first paint, so that the chosen theme never flashes.
pub(super) fn document(frame: Frame, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · portal" }
                link rel="icon" type="image/svg+xml" href=(icon::tab(matches!(frame, Frame::Console)));
                link rel="stylesheet" href=(asset("portal.css"));
                script type="module" blocking="render" src=(asset("portal.js")) {}
            }
            body.(frame.class()) {
                a.skip href="#main" { "Skip to the content" }
                (body)
            }
        }
    }
}

/// The content of a page, below the line that says what was just done.
pub(super) fn main(notice: Option<&Markup>, content: Markup) -> Markup {
    html! {
        main #main tabindex="-1" {
            @if let Some(notice) = notice {
                div.notice role="status" { (notice) }
            }
            (content)
        }
    }
}

/// The button that turns light to dark. Without the script it would do nothing, so the script shows it.
pub(super) fn theme_switch() -> Markup {
    html! {
        button.icon-button type="button" data-theme-switch hidden title="Light or dark" {
            (icon::theme())
            span.visually-hidden { "Switch between light and dark" }
        }
    }
}

/// The menu with the name of the viewer and the button to sign out.
pub(super) fn account_menu(viewer: &Viewer<'_>) -> Markup {
    html! {
        details.menu name="menu" {
            summary title=(viewer.email) {
                (monogram(viewer.name, "person"))
                span.visually-hidden { "Account of " (viewer.name) }
            }
            div.menu-panel.end {
                p.menu-head {
                    strong { (viewer.name) }
                    span { (viewer.email) }
                }
                ul {
                    li { a href="/account" { "Your account" } }
                    li { a href="/organisations/select" { "Your organisations" } }
                    @if viewer.operator {
                        li { a href="/admin/orgs" { "Operator console" } }
                    }
                }
                form method="post" action="/logout" {
                    button type="submit" { "Sign out" }
                }
            }
        }
    }
}

/// A menu of organisations to switch to, with a link to all of them.
pub(super) fn switcher_items(organisations: &[OrgChoice], current: Option<&str>) -> Markup {
    html! {
        ul {
            @for choice in organisations {
                @let here = current == Some(choice.slug.as_str());
                li {
                    a href={ "/org/" (choice.slug) "/dashboard" } aria-current=[here.then_some("true")] {
                        (monogram(&choice.name, "org"))
                        span { (choice.name) }
                    }
                }
            }
        }
        ul { li { a href="/organisations/select" { "All organisations" } } }
    }
}
