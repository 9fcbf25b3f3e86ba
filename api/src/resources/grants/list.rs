//! `/admin/superadmins`: who may see and change all organisations, who will, and who could before.
//!
//! **Invariant:** nothing is ever left out: whoever held a role, or was to, is found here, with who gave it, who took it,
//! and why.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use cqrs_es::Aggregate;
use domain::Grant;
use domain::grant::PlatformRole;
use domain::values::PersonId;
use maud::{Markup, html};
use projections::grants::{self, GrantListed};
use projections::history::{self, HistoryFilter, PagePlace, filter};
use projections::links::LinkPurpose;
use projections::people;
use uuid::Uuid;

use super::past::OPEN;
use super::past::{GrantsQuery, past, past_requests};
use super::tables;
use crate::access::Operator;
use crate::app::App;
use crate::clock;
use crate::identity::{links, session};
use crate::layout::AfterCommand;
use crate::layout::as_of::{self};
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::ui::{self, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;
pub(crate) use tables::until;

/// The number of recent changes of roles that the page shows.
const LATELY: usize = 10;

/// The number of recent changes from the server's shell that the page shows.
const SHELL: i64 = 10;

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Query(asked): Query<GrantsQuery>,
) -> Result<Response, Error> {
    if let Some(at) = as_of::read(&app, &asked.at).await? {
        return Ok(super::as_of::show(&app, &operator, &asked, at).await?.into_response());
    }
    let mut desk = ConsolePage::open(&app, &operator, AfterCommand { seen: asked.seen }).await?;
    if let Some(person) = asked.held {
        desk.also(&already(&app, &operator, person).await?);
    }
    let people = app.projector.streams_left_to_newer(Grant::TYPE).len();
    if people > 0 {
        desk.also(&left_to_newer(people));
    }
    let handed_over = session::handed_over(&app, &headers);
    if let Some((token, _)) = &handed_over {
        desk.also(&password_box(&app, token).await?);
    }
    let standing = grants::standing_superadmins(&app.db, &operator.platform).await?;
    let held = grants::held(&app.db, &operator.platform, OPEN).await?;
    let change = operator.identity.is_superadmin();
    let label = if app.settings.grant_approval { "Ask for a role" } else { "Grant a role" };
    let actions = html! {
        @if change { (ui::primary_link(label, paths::ADMIN_SUPERADMINS_NEW)) }
        (as_of::control(paths::ADMIN_SUPERADMINS, None, &[]))
    };
    let subtitle = html! { (counted(standing, &held)) ". Auditors see everything and change nothing." };
    let content = html! {
        (ui::head("Superadmins", None, Some(subtitle), ui::actions(actions)))
        @if standing == 1 { (only_one(change)) }
        (ui::card("Who holds a role now", tables::held(&app, &operator, &held).await?))
        (requests(&app, &operator, &held).await?)
        (past(&app, &operator, &asked, None).await?)
        (past_requests(&app, &operator, &asked, None).await?)
        (granted_lately(&app, &operator).await?)
        (from_the_shell(&app, &operator).await?)
    };
    let page = desk.page(Section::Superadmins, "Superadmins", &[], content);
    Ok((handed_over.map(|(_, forget)| forget), page).into_response())
}

/// "2 superadmins, and 1 for a time"
fn counted(standing: i64, held: &[GrantListed]) -> String {
    let now = clock::now();
    let is_superadmin = |grant: &&GrantListed| grant.role == PlatformRole::Superadmin.as_str();
    let others = |grant: &&GrantListed| grant.holds(now) && !grant.stands_for_good();
    let for_a_time = held.iter().filter(is_superadmin).filter(others).count();
    let standing = if standing == 1 { "1 superadmin".to_owned() } else { format!("{standing} superadmins") };
    if for_a_time == 0 { standing } else { format!("{standing}, and {for_a_time} for a time") }
}

fn only_one(change: bool) -> Markup {
    ui::note(
        Tone::Warning,
        html! {
            p { strong { "There is only one superadmin without an end date." } " If this person loses access, only somebody at the server can grant it again." }
            @if change { p { a href=(paths::ADMIN_SUPERADMINS_NEW) { "Make a second person superadmin" } "." } }
        },
    )
}

/// The notice instead of an error: the person holds the role already.
async fn already(app: &App, operator: &Operator, person: Uuid) -> Result<Markup, Error> {
    let grants = grants::latest(&app.db, &operator.platform, person).await?;
    let now = clock::now();
    let Some(grant) = grants.iter().find(|grant| grant.is_held(now)) else { return Ok(html! {}) };
    let sentence = html! { strong { (grant.called()) } " holds this role already. Nothing was changed." };
    Ok(ui::note(Tone::Info, sentence))
}

/// The link that the request before has made, if it still opens something.
async fn password_box(app: &App, token: &str) -> Result<Markup, Error> {
    let Ok(link) = links::open(app, token, LinkPurpose::Password).await else { return Ok(html! {}) };
    let Some(person) = link.person_id else { return Ok(html! {}) };
    let person = people::by_id(&app.db, PersonId(person)).await?;
    let whose = person.map_or_else(|| "the new person".to_owned(), |person| person.email);
    let label = format!("Link for {whose} to choose a password, for a day – pass it on now");
    Ok(ui::link_box(&label, &links::url(app, &paths::choose_password(token))))
}

/// The card of open requests. Empty where there are none and no approval is needed.
async fn requests(app: &App, operator: &Operator, held: &[GrantListed]) -> Result<Markup, Error> {
    let open = grants::open_requests(&app.db, &operator.platform, OPEN).await?;
    if open.is_empty() && !app.settings.grant_approval {
        return Ok(html! {});
    }
    Ok(ui::card("Requests", tables::requests(app, operator, &open, held).await?))
}

/// The card of what was done from the server's shell. Whoever has a shell there needs no role, so it is shown separately.
async fn from_the_shell(app: &App, operator: &Operator) -> Result<Markup, Error> {
    let events = history::by_shell(&app.log, &operator.platform, i64::MAX, SHELL).await?;
    let names = Names::of(app, &operator.platform, &events).await?;
    let list = if events.is_empty() {
        ui::empty("Nothing yet.", html! { "Whatever is done from the server's shell is shown here." })
    } else {
        names.timeline(&events)
    };
    let content = html! {
        p.hint { "Somebody with a shell on the server can act without a role and without an approval, to help when nobody else can. The latest such actions:" }
        (list)
    };
    Ok(ui::card_with("Break-glass", html! { a href=(paths::ADMIN_HISTORY) { "All history" } }, content))
}

/// The card of recent changes of roles, whoever made them.
async fn granted_lately(app: &App, operator: &Operator) -> Result<Markup, Error> {
    let of_roles = HistoryFilter { types: Some(filter::types(Grant::TYPE, "")), ..HistoryFilter::default() };
    let page = history::page(&app.log, &operator.platform, &of_roles, PagePlace::Newest, LATELY).await?;
    let names = Names::of(app, &operator.platform, &page.events).await?;
    let all = html! { a href={ (paths::ADMIN_HISTORY) "?kind=" (Grant::TYPE) } { "Open in History" } };
    Ok(ui::card_with("What happened to roles", all, names.timeline(&page.events)))
}

/// Warns that the roles of some people are incomplete here, since a newer version wrote about them.
fn left_to_newer(people: usize) -> Markup {
    ui::note(
        Tone::Warning,
        html! {
            p { strong { "A newer version of portal wrote about the roles of " (people) (if people == 1 { " person" } else { " people" }) "." } " This version can't read it: it shows these roles as they were before, and does not let these people use them." }
        },
    )
}
