//! `/account/activity`: what happened to one's own account, and the table of it.

use axum::extract::State;
use maud::{Markup, html};
use projections::account_log::{self, AccountEntry};
use serde::Deserialize;
use uuid::Uuid;

use crate::app::App;
use crate::identity::account_log::AccountEvent;
use crate::identity::session::Identity;
use crate::layout;
use crate::layout::names::Names;
use crate::ui::{self, Column};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// Entries on a page, and on Your account.
const SHOWN: usize = 50;
const RECENT: usize = 5;

#[derive(Deserialize)]
pub struct ActivityQuery {
    before: Option<Uuid>,
}

pub async fn show(
    State(app): State<App>,
    identity: Identity,
    Query(ActivityQuery { before }): Query<ActivityQuery>,
) -> Result<Markup, Error> {
    let entries = of(&app, &identity, before, SHOWN).await?;
    let last = entries.last().filter(|_| entries.len() == SHOWN).map(|last| last.entry_id);
    let content = html! {
        h1 { "Sign-in activity" }
        p { "What happened to your account, newest first. If you do not recognise an entry, change your password and end all other sessions." }
        (table(&entries, None))
        (ui::newest_first(paths::ACCOUNT_ACTIVITY, before.is_some(), last))
        p { a href=(paths::ACCOUNT) { "Your account" } }
    };
    let choices = layout::choices(&app, &identity).await?;
    Ok(ui::plain_wide("Sign-in activity", Some(&layout::viewer(&identity, &choices)), content))
}

/// The card with the last entries, for the page Your account.
pub(super) async fn card(app: &App, identity: &Identity) -> Result<Markup, Error> {
    let entries = of(app, identity, None, RECENT).await?;
    let all = html! { a href=(paths::ACCOUNT_ACTIVITY) { "Show all" } };
    Ok(ui::card_with("Sign-in activity", all, table(&entries, None)))
}

async fn of(
    app: &App,
    identity: &Identity,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Vec<AccountEntry>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(account_log::of_person(&app.db, identity.person(), before, limit).await?)
}

/// A table of entries. With names, each row also says whose entry it is.
pub fn table(entries: &[AccountEntry], names: Option<&Names>) -> Markup {
    if entries.is_empty() {
        return ui::empty("Nothing yet.", html! { "The next sign-in is listed here." });
    }
    let mut columns = vec![Column::new("What").wide(), Column::new("From"), Column::new("When")];
    if names.is_some() {
        columns.insert(0, Column::new("Who"));
    }
    let row = |entry: &AccountEntry| {
        let who = names.map(|names| {
            html! { a href=(paths::sign_ins(entry.person_id)) { (names.person(entry.person_id)) } }
        });
        let cells = [what(entry), from(entry), ui::exact_time(entry.at.into())];
        who.into_iter().chain(cells).collect::<Vec<_>>()
    };
    ui::table("Sign-in activity", &columns, &entries.iter().map(row).collect::<Vec<_>>())
}

fn what(entry: &AccountEntry) -> Markup {
    let kind = AccountEvent::of(&entry.kind);
    let words: &str = match kind {
        Some(kind) => kind.words(),
        None => &entry.kind,
    };
    html! {
        @if kind.is_some_and(AccountEvent::is_failure) { strong { (words) } } @else { (words) }
        @if let Some(detail) = &entry.detail { span.hint { " " (detail) } }
    }
}

fn from(entry: &AccountEntry) -> Markup {
    html! {
        @if let Some(agent) = &entry.agent { span title=(agent) { (browser(Some(agent))) } " " }
        @match &entry.address {
            Some(address) => (ui::id(address)),
            None => "the server",
        }
    }
}

/// A name for the browser that sends `agent`: "Firefox on Windows". The order of the checks matters, since most browsers
/// also name others.
pub fn browser(agent: Option<&str>) -> String {
    const BROWSERS: [(&str, &str); 5] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let Some(agent) = agent else { return "Unknown browser".to_owned() };
    let named = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => agent.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_what_people_call_it() {
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15";
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0";
        assert_eq!(browser(Some(safari)), "Safari on macOS");
        assert_eq!(browser(Some(edge)), "Edge on Windows");
        assert_eq!(browser(Some("curl/8.5.0")), "curl/8.5.0");
        assert_eq!(browser(None), "Unknown browser");
    }
}
