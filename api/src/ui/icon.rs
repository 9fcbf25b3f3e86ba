//! Drawings of our own, 16 by 16, in the colour of the text around them.
//!
//! **Invariant:** an icon says nothing that the words beside it don't say, and screen readers skip it.

use maud::{Markup, html};

/// The mark of the portal: a doorway.
pub(super) fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 16 16" width="18" height="18" aria-hidden="true" {
            path fill="currentColor" fill-rule="evenodd" d="M2 15V7a6 6 0 0 1 12 0v8h-3.5V7a2.5 2.5 0 0 0-5 0v8z" {}
        }
    }
}

/// The mark for the browser's tab, as a data URL. The operator's has another colour than a customer's.
pub(super) fn tab(operator: bool) -> String {
    let (ground, door) = if operator { ("134e5e", "ffffff") } else { ("dfe5e8", "134e5e") };
    format!(
        "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2016%2016'%3E\
         %3Crect%20width='16'%20height='16'%20rx='3.5'%20fill='%23{ground}'/%3E\
         %3Cpath%20fill='%23{door}'%20d='M4%2012.5V8a4%204%200%200%201%208%200v4.5H9.6V8a1.6%201.6%200%200%200-3.2%200v4.5z'/%3E\
         %3C/svg%3E"
    )
}

/// A line drawing.
fn line(path: &str) -> Markup {
    html! {
        svg.icon viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" {
            path fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"
                stroke-linejoin="round" d=(path) {}
        }
    }
}

pub(super) fn reference_data() -> Markup {
    line("M2.5 3.5h4v4h-4zM9.5 3.5h4v4h-4zM2.5 10h4v3.5h-4zM9.5 10h4v3.5h-4z")
}

pub(super) fn organisations() -> Markup {
    line("M2.5 13.5v-10l6-1.5v11.5M8.5 6l5 1.5v6M1.5 13.5h13M5 6h1M5 8.5h1M5 11h1M11 10h.5")
}

pub(super) fn history() -> Markup {
    line("M2.5 8a5.5 5.5 0 1 0 1.6-3.9L2.5 5.7M2.5 2.7v3h3M8 5v3.2l2.2 1.3")
}

/// A key.
pub(super) fn superadmins() -> Markup {
    line("M5.5 13.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM7.7 8.3l5.8-5.8M10.5 5.5l2 2M12.2 3.8l1.3 1.3")
}

pub(super) fn account() -> Markup {
    line("M8 8.2a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM2.8 13.6c.6-2.2 2.6-3.4 5.2-3.4s4.6 1.2 5.2 3.4")
}

pub(super) fn switch() -> Markup {
    line("M5 6l3-3 3 3M5 10l3 3 3-3")
}

pub(super) fn search() -> Markup {
    line("M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5l3 3")
}

pub(super) fn menu() -> Markup {
    line("M2.5 4.5h11M2.5 8h11M2.5 11.5h11")
}

pub(super) fn theme() -> Markup {
    html! {
        svg.icon viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" {
            circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="1.5" {}
            path fill="currentColor" d="M8 2.5a5.5 5.5 0 0 1 0 11z" {}
        }
    }
}

pub(super) fn done() -> Markup {
    line("M3.5 8.5l3 3 6-6.5")
}

pub(super) fn left() -> Markup {
    line("M10 3.5L5.5 8l4.5 4.5")
}

pub(super) fn right() -> Markup {
    line("M6 3.5L10.5 8 6 12.5")
}

pub(super) fn info() -> Markup {
    line("M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.5v3.2M8 5.2v.1")
}

pub(super) fn warning() -> Markup {
    line("M8 2.2l6.2 11.3H1.8zM8 6.5v3.2M8 11.6v.1")
}
