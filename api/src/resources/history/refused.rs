//! `/admin/history/refused`: commands that were refused, newest first.
//!
//! **Invariant:** a refused command changed nothing, so no entry here has a position.

use std::collections::BTreeSet;

use axum::extract::State;
use maud::{Markup, html};
use projections::access_log::{self, Refused};
use projections::org_detail;

use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::resources::history::beside::OlderQuery;
use crate::resources::history::beside::beside;
use crate::ui::{self, Column};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// How many refusals are on a page.
const SHOWN: usize = 50;

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(OlderQuery { before }): Query<OlderQuery>,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
    let limit = i64::try_from(SHOWN).unwrap_or(i64::MAX);
    let refused = access_log::before(&app.db, &operator.platform, before, limit).await?;
    // The refusal of a slug names its holder, so the viewer is noted to have seen that organisation.
    let taken: BTreeSet<&str> =
        refused.iter().filter_map(|it| it.refusal.strip_suffix(" is taken")).collect();
    for slug in taken {
        org_detail::holder_shown(&app.db, &operator.platform, slug).await?;
    }
    let actors: Vec<&str> = refused.iter().map(|it| it.actor.as_str()).collect();
    let names = Names::of_actors(&app, &actors).await?;
    let last = refused.last().filter(|_| refused.len() == SHOWN).map(|last| last.entry_id);
    let content = html! {
        @if refused.is_empty() { (ui::empty("Nothing was refused.", html! { "Nobody was turned away." })) }
        @else { (table(&refused, &names)) }
        (ui::newest_first(paths::ADMIN_HISTORY_REFUSED, before.is_some(), last))
    };
    Ok(beside(
        desk,
        "Refused",
        "refused",
        "Commands that a missing right or a rule refused. None was carried out.",
        content,
    ))
}

fn table(refused: &[Refused], names: &Names) -> Markup {
    let columns = [
        Column::new("Who"),
        Column::new("Wanted"),
        Column::new("Of").wide(),
        Column::new("Why not").wide(),
        Column::new("When"),
        Column::new("From"),
    ];
    let row = |it: &Refused| {
        vec![
            html! { (names.actor_text(&it.actor)) },
            html! { (it.command) },
            target(&it.target),
            html! { (it.refusal) },
            ui::exact_time(it.at.into()),
            html! { (it.address.as_deref().unwrap_or("–")) },
        ]
    };
    ui::table("What was refused", &columns, &refused.iter().map(row).collect::<Vec<_>>())
}

/// The subject of a refused command, with a link to its history.
fn target(target: &str) -> Markup {
    let (kind, id) = target.split_once(':').unwrap_or(("", target));
    let kind = kind.replace('_', " ");
    html! { (kind) " " a href=(paths::history_about(id)) { (ui::id(id)) } }
}
