//! The UI kit: everything pages are made of, as functions that return markup.
//!
//! | module | gives |
//! | --- | --- |
//! | [`frame`] | whole documents: the operator's console, a customer's frame, plain pages, errors |
//! | [`field`] | fields with their help and errors |
//! | [`form`] | choices, buttons, the summary on top, the hidden envelope |
//! | [`mod@table`] | tables, pagers, the bar of filters above them |
//! | [`page`] | what stands on a page: head, cards, timelines, steps, danger zones, the picker's cards |
//! | [`piece`] | the small ones: badges, times, positions, facts, notes, sentences |
//!
//! **Invariant:** no markup carries a `style` attribute, a script or a handler of its own, so that the strictest
//! content security policy holds; and everything works without the script.

pub mod field;
pub mod form;
pub mod frame;
mod icon;
pub mod matrix;
pub mod page;
pub mod piece;
mod shell;
pub mod table;
mod viewer;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

pub use field::{Field, FieldKind};
pub use form::{
    Pick, checkbox, envelope, error_summary, form_actions, options, passkey_button, select, submit,
    submit_danger, submit_plain,
};
pub use frame::{Console, Section, TenantPage, error_page, plain, plain_wide, plain_with};
pub use page::{
    ChoiceCard, actions, button_link, card, card_with, choice_card, choices, columns, console_card, danger,
    head, link_box, primary_link, sides, stat, stats, steps, timeline,
};
pub use piece::{
    Tone, badge, copyable, date, empty, exact_time, facts, facts_row, id, monogram, note, number, position,
    role, sentence, shell, tabs, time, undo,
};
pub use table::{Column, FilterBar, ListFilter, More, newest_first, pager, results, table, tick, ticks};
pub use viewer::{OrgChoice, Viewer};

/// The one stylesheet, as served.
pub const CSS: &str = include_str!("../assets/portal.css");
/// The one script, as served.
pub const JS: &str = include_str!("../assets/portal.js");

static CSS_VERSION: LazyLock<String> = LazyLock::new(|| version(CSS));
static JS_VERSION: LazyLock<String> = LazyLock::new(|| version(JS));

/// The URL of an asset. It has the hash of the content, so that it may be cached for ever.
pub fn asset(name: &str) -> String {
    match name {
        "portal.css" => format!("/assets/portal.css?v={}", *CSS_VERSION),
        "portal.js" => format!("/assets/portal.js?v={}", *JS_VERSION),
        other => format!("/assets/{other}"),
    }
}

/// Eight hex digits that change with the content.
fn version(content: &str) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:08x}", hasher.finish() >> 32)
}

#[cfg(test)]
mod tests {
    use maud::{Markup, PreEscaped};

    use super::*;

    #[test]
    fn an_asset_says_which_content_it_is() {
        let (path, version) =
            asset("portal.css").split_once("?v=").map(|(p, v)| (p.to_owned(), v.len())).expect("versioned");
        assert_eq!((path.as_str(), version), ("/assets/portal.css", 8));
        assert_ne!(*CSS_VERSION, *JS_VERSION);
    }

    #[test]
    fn no_frame_carries_a_style_or_a_script_of_its_own() {
        let viewer = Viewer { name: "Ada", email: "ada@example.com", operator: true, organisations: &[] };
        let (title, section) = ("Organisations", Section::Organisations);
        let console =
            Console { title, section, viewer: &viewer, crumbs: &[], position: 1, at: None, notice: None };
        let tenant = TenantPage { title, org: "Acme", slug: "acme", viewer: &viewer, notice: None };
        let pages = [
            console.render(Markup::default()),
            tenant.render(Markup::default()),
            plain_wide(title, Some(&viewer), Markup::default()),
            error_page(404, "Not found", "There is nothing here.", Some("id"), "/"),
        ];
        for page in pages.map(PreEscaped::into_string) {
            assert!(!page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick="));
            assert_eq!(page.matches("<script").count(), page.matches(" src=\"/assets/").count(), "{page}");
        }
    }

    #[test]
    fn the_script_stays_small_and_never_writes_html() {
        assert!(JS.len() <= 15_000, "the script has {} bytes", JS.len());
        assert!(!JS.contains("innerHTML"));
    }
}
