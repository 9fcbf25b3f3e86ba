//! `/admin/history/sign-ins`: what happened to accounts, of everybody or of one person.

use axum::extract::State;
use domain::values::PersonId;
use maud::Markup;
use projections::account_log;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::resources::account::activity;
use crate::resources::history::beside::beside;
use crate::ui;
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// How many entries are on a page.
const SHOWN: usize = 50;

#[derive(Deserialize)]
pub struct SignInsQuery {
    person: Option<Uuid>,
    before: Option<Uuid>,
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(SignInsQuery { person, before }): Query<SignInsQuery>,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
    let limit = i64::try_from(SHOWN).unwrap_or(i64::MAX);
    let of = person.map(PersonId);
    let entries = account_log::looked_at(&app.db, &operator.platform, of, before, limit).await?;
    let people: Vec<Uuid> = entries.iter().map(|entry| entry.person_id).collect();
    let names = Names::of_people(&app, &people).await?;
    let here = person.map_or_else(|| paths::ADMIN_HISTORY_SIGN_INS.to_owned(), paths::sign_ins);
    let last = entries.last().filter(|_| entries.len() == SHOWN).map(|last| last.entry_id);
    let content = maud::html! {
        @if person.is_some() { p { a href=(paths::ADMIN_HISTORY_SIGN_INS) { "Show everybody" } } }
        (activity::table(&entries, Some(&names)))
        (ui::newest_first(&here, before.is_some(), last))
    };
    Ok(beside(
        desk,
        "Sign-ins",
        "sign-ins",
        "Who signed in, who failed to, and changes to how people sign in.",
        content,
    ))
}
