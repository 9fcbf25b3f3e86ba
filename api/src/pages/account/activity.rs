//! `/account/activity`: what happened to one's own account, and the table of it.

use axum::extract::State;
use maud::{Markup, html};
use projections::account_log::{self, AccountEntry};
use serde::Deserialize;
use uuid::Uuid;

use super::browser;
use crate::app::App;
use crate::identity::account_log::AccountEvent;
use crate::identity::session::Identity;
use crate::pages;
use crate::pages::names::Names;
use crate::ui::{self, Column};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// Entries on a page, and on Your account.
const SHOWN: usize = 50;
const RECENT: usize = 5;

#[derive(Deserialize)]
pub struct Before {
    before: Option<Uuid>,
}

pub async fn show(
    State(app): State<App>,
    identity: Identity,
    Query(Before { before }): Query<Before>,
) -> Result<Markup, Error> {
    let entries = of(&app, &identity, before, SHOWN).await?;
    let last = entries.last().filter(|_| entries.len() == SHOWN).map(|last| last.entry_id);
    let content = html! {
        h1 { "Sign-in activity" }
        p { "What happened to your account, newest first. If you do not know something here, change your password and end all other sessions." }
        (table(&entries, None))
        (ui::newest_first(paths::ACCOUNT_ACTIVITY, before.is_some(), last))
        p { a href=(paths::ACCOUNT) { "Your account" } }
    };
    let choices = pages::choices(&app, &identity).await?;
    Ok(ui::plain_wide("Sign-in activity", Some(&pages::viewer(&identity, &choices)), content))
}

/// The last entries, for Your account.
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

/// Entries; with names, also whose each is.
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
