//! Searches of the history that somebody saved: a name for what stands in the URL.
//!
//! **Invariant:** a saved search keeps the question and not its answer: `last=7` means the seven days before it is asked.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use projections::saved_searches::{self, MOST, SavedSearch};
use serde::Deserialize;
use uuid::Uuid;

use super::bar;
use super::bar::document;
use super::view::HistoryQuery;
use crate::access::Operator;
use crate::app::App;
use crate::clock;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::ui::{self, Field};
use crate::web::error::Error;
use crate::web::extract::Form;
use crate::web::paths;

#[derive(Deserialize)]
pub struct SearchForm {
    name: String,
    #[serde(default)]
    query: String,
}

/// The most characters of a name.
const LONGEST: usize = 60;

pub async fn save(
    State(app): State<App>,
    operator: Operator,
    Form(typed): Form<SearchForm>,
) -> Result<Response, Error> {
    let view: HistoryQuery = serde_html_form::from_str(&typed.query).unwrap_or_default();
    let view = view.newest();
    let name = typed.name.trim();
    let refused = async |sentence: String| {
        let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
        let errors = Errors::one("name", sentence);
        let form = html! { div.saved { (form(&view, &typed.name, errors.of("name"))) } };
        Ok(again(document(
            desk,
            &view,
            &errors,
            html! { (bar::chips(&view)) (ui::card("Your searches", form)) },
        )))
    };
    if name.is_empty() || name.chars().count() > LONGEST || name.chars().any(char::is_control) {
        return refused(format!("give the search a name of 1 to {LONGEST} characters")).await;
    }
    let search = SavedSearch { search_id: clock::new_id(), name: name.to_owned(), query: view.query() };
    if !saved_searches::save(&app.db, operator.identity.person(), &search, clock::now()).await? {
        return refused(format!("you have {MOST} saved searches; remove one first")).await;
    }
    Ok(Redirect::to(&view.url()).into_response())
}

#[derive(Deserialize)]
pub struct Removal {
    search_id: Uuid,
}

pub async fn remove(
    State(app): State<App>,
    operator: Operator,
    Form(Removal { search_id }): Form<Removal>,
) -> Result<Redirect, Error> {
    saved_searches::remove(&app.db, operator.identity.person(), search_id).await?;
    Ok(Redirect::to(paths::ADMIN_HISTORY))
}

/// The viewer's saved searches, and a form that saves the present one.
pub(super) async fn saved(app: &App, operator: &Operator, view: &HistoryQuery) -> Result<Markup, Error> {
    let searches = saved_searches::of(&app.db, operator.identity.person()).await?;
    let holds = !bar::holding(view).is_empty();
    if searches.is_empty() && !holds {
        return Ok(html! {});
    }
    Ok(ui::card(
        "Your searches",
        html! { div.saved { (list(&searches)) @if holds { (form(view, "", None)) } } },
    ))
}

fn list(searches: &[SavedSearch]) -> Markup {
    html! {
        @if !searches.is_empty() {
            ul {
                @for search in searches {
                    li {
                        a href={ (paths::ADMIN_HISTORY) "?" (search.query) } { (search.name) }
                        form.inline method="post" action=(paths::ADMIN_HISTORY_SEARCHES_REMOVAL) {
                            input type="hidden" name="search_id" value=(search.search_id);
                            button.link type="submit" { "Remove" span.visually-hidden { " " (search.name) } }
                        }
                    }
                }
            }
        }
    }
}

fn form(view: &HistoryQuery, name: &str, error: Option<&str>) -> Markup {
    html! {
        form method="post" action=(paths::ADMIN_HISTORY_SEARCHES) {
            input type="hidden" name="query" value=(view.newest().query());
            (Field::new("name", "Save this search as").value(name).error(error).max(LONGEST))
            (ui::submit_plain("Save"))
        }
    }
}
