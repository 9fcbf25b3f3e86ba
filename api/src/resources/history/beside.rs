//! The tabs beside the history. They list things that are no events.

use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::bar;
use crate::layout::console::ConsolePage;
use crate::ui::{self, Section};
use crate::web::paths;

/// The query of a list of things that are no events.
#[derive(Deserialize)]
pub struct OlderQuery {
    /// Show only entries before this one.
    pub before: Option<Uuid>,
}

/// A tab beside the history. It lists things that are no events.
pub fn beside(desk: ConsolePage<'_>, title: &str, tab: &str, subtitle: &str, list: Markup) -> Markup {
    let content = html! {
        (ui::head("History", None, Some(html! { (subtitle) }), html! {}))
        (bar::tabs(tab))
        (list)
    };
    desk.page(Section::History, title, &[("History", paths::ADMIN_HISTORY.to_owned())], content)
}
