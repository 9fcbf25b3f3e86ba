//! `/admin/superadmins?at=`: who held which role as of a moment, and what was asked for.
//!
//! A grant has the position of the event that gave it and of the one that ended it, so the answer is exact.
//!
//! **Invariant:** a role that ended by time is shown as ended, also before an event says so.

use cqrs_es::Aggregate;
use domain::Grant;
use domain::grant::PlatformRole;
use maud::{Markup, html};
use projections::grants::{self, GrantListed};
use projections::history::HistoryFilter;
use projections::history::filter::types;

use super::facts::{by, who};
use super::past::OPEN;
use super::past::{GrantsQuery, past, past_requests};
use super::tables::{names, requested, until};
use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::as_of::{self, AsOf, AsOfBanner};
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::ui::{self, Column, Section};
use crate::web::error::Error;
use crate::web::paths;

pub(super) async fn show(
    app: &App,
    operator: &Operator,
    asked: &GrantsQuery,
    at: AsOf,
) -> Result<Markup, Error> {
    let then = grants::held_at(&app.db, &operator.platform, at.position, OPEN).await?;
    let now = grants::held(&app.db, &operator.platform, OPEN).await?;
    let open = grants::open_requests_at(&app.db, &operator.platform, at.position, OPEN).await?;
    let of_roles = HistoryFilter { types: Some(types(Grant::TYPE, "")), ..HistoryFilter::default() };
    let moment = AsOfBanner::of(app, at, paths::ADMIN_SUPERADMINS, &of_roles).await?;
    let since: Vec<GrantListed> = now.into_iter().filter(|grant| grant.position > at.position).collect();
    let control = as_of::control(paths::ADMIN_SUPERADMINS, Some(at), &[]);
    let content = html! {
        (ui::head(TITLE, None, Some(html! { (counted(&then, at)) }), ui::actions(control)))
        (ui::card("Who held a role", held(app, &then, at).await?))
        @if !since.is_empty() { (ui::card("Held now, and not then", given(app, &since, at).await?)) }
        @if !open.is_empty() { (ui::card("Requests", requested(app, &open, Column::new("Now"), &|it| ui::badge(&it.status)).await?)) }
        (past(app, operator, asked, Some(at)).await?)
        (past_requests(app, operator, asked, Some(at)).await?)
    };
    let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
    Ok(desk.then(&moment).page(Section::Superadmins, TITLE, &[], content))
}

const TITLE: &str = "Superadmins";

/// The roles in words: "2 superadmins and 1 auditor".
fn counted(then: &[GrantListed], at: AsOf) -> String {
    let time = at.time();
    let holds = |grant: &&GrantListed| {
        grant.starts_at.is_none_or(|from| from <= time) && grant.until_at.is_none_or(|until| time < until)
    };
    let number = |role: PlatformRole| {
        let number = then.iter().filter(holds).filter(|grant| grant.role == role.as_str()).count();
        format!("{number} {}{}", role.as_str(), if number == 1 { "" } else { "s" })
    };
    format!("{} and {}.", number(PlatformRole::Superadmin), number(PlatformRole::Auditor))
}

async fn held(app: &App, then: &[GrantListed], at: AsOf) -> Result<Markup, Error> {
    if then.is_empty() {
        return Ok(ui::empty("Nobody held a role.", html! {}));
    }
    let names = names(app, then).await?;
    let columns = columns("Now");
    let row = |grant: &GrantListed| {
        let mut cells = cells(grant, &names, at);
        cells.push(became(grant, &names));
        cells
    };
    Ok(ui::table("Who held a role", &columns, &then.iter().map(row).collect::<Vec<_>>()))
}

/// The roles that were given after the moment.
async fn given(app: &App, since: &[GrantListed], at: AsOf) -> Result<Markup, Error> {
    let names = names(app, since).await?;
    let row = |grant: &GrantListed| {
        let mut cells = cells(grant, &names, at);
        cells.push(ui::position(grant.position));
        cells
    };
    let rows: Vec<_> = since.iter().map(row).collect();
    Ok(ui::table("Held now, and not then", &columns("By event"), &rows))
}

fn columns(last: &str) -> [Column<'_>; 6] {
    [
        Column::new("Who"),
        Column::new("Role"),
        Column::new("Until"),
        Column::new("Reason").wide(),
        Column::new("Granted by"),
        Column::new(last).wide(),
    ]
}

fn cells(grant: &GrantListed, names: &Names, at: AsOf) -> Vec<Markup> {
    vec![
        who(grant),
        ui::badge(&grant.role),
        until(grant, at.time()),
        html! { (grant.reason) },
        by(names, &grant.granted_by, grant.granted_at),
    ]
}

/// What happened to a grant after the moment.
fn became(grant: &GrantListed, names: &Names) -> Markup {
    let ended = grant.ended_by.as_deref().zip(grant.ended_at);
    html! {
        @match (&grant.ending, ended) {
            (Some(ending), Some((actor, at))) => {
                (ui::badge(ending)) " " (by(names, actor, at))
                @if let Some(position) = grant.ended_position { " " (ui::position(position)) }
            }
            _ => span.hint { "still held" },
        }
    }
}
