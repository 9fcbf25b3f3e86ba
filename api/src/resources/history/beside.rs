//! The tabs beside the history: lists of what is no event.

use super::bar;
use crate::layout::console::ConsolePage;
use crate::ui::{self, Section};
use crate::web::paths;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

/// Where a list of what is no event goes on.
#[derive(Deserialize)]
pub struct OlderQuery {
    /// Only what came before this one.
    pub before: Option<Uuid>,
}

/// A tab beside what happened: a list of what is no event.
pub fn beside(desk: ConsolePage<'_>, (title, tab, subtitle): (&str, &str, &str), list: Markup) -> Markup {
    let content = html! {
        (ui::head("History", None, Some(html! { (subtitle) }), html! {}))
        (bar::tabs(tab))
        (list)
    };
    desk.page(Section::History, title, &[("History", paths::ADMIN_HISTORY.to_owned())], content)
}
